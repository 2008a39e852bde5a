/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A pack's configuration against its config.schema.yaml. A value may be an expression over the
 * key-value store, {{ st2kv.system.name }}: what it will be is known when an action runs, so until
 * then its place in the schema takes any text.
 */
#include "base/json.h"
#include "base/text.h"
#include "catalog/build.h"

#include <errno.h>
#include <string.h>

bool catalog_is_template(const json_t *value)
{
        const char *s = json_string_value(value);

        return s && (strstr(s, "{{") || strstr(s, "{%"));
}

bool catalog_has_template(const json_t *value)
{
        const json_t *inner;
        const char *key;
        size_t i;

        if (json_is_string(value))
                return catalog_is_template(value);
        json_object_foreach((json_t *)value, key, inner)
                if (catalog_has_template(inner))
                        return true;
        json_array_foreach(value, i, inner)
                if (catalog_has_template(inner))
                        return true;
        return false;
}

/* Where an expression stands now, anything fits. properties is a copy of our own. */
static void relax(json_t *properties, const json_t *values)
{
        const json_t *value;
        const char *key;

        json_object_foreach((json_t *)values, key, value) {
                json_t *property = json_object_get(properties, key);

                if (property && catalog_is_template(value))
                        json_object_set_new(properties, key, json_object());
                else if (json_is_object(value))
                        relax(json_object_get(property, "properties"), value);
        }
}

int catalog_check_config(const struct catalog_pack *pack, json_t *values, struct fault *fault)
{
        _cleanup_(schema_unrefp) struct schema *schema = NULL;
        _json_ json_t *properties = json_deep_copy(pack->config_schema);
        int r;

        if (!pack->config)
                return 0;
        if (!properties)
                return -ENOMEM;
        schema_coerce(pack->config, values);
        relax(properties, values);
        r = parameters_compile(properties, &schema, fault);
        if (r == 0)
                r = schema_check(schema, values, fault);
        if (r == FAULT && fault) {
                snprintf(fault->code, sizeof fault->code, "config.invalid");
                fault_prefix(fault, "configuration of the pack '%s'", pack->name);
                fault_try(fault, "kaname pack schema %s shows what it can be", pack->name);
        }
        return r;
}
