/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Configured instances. A secret stands in a configuration only by reference, {"secret": NAME} or
 * {"file": PATH}; so what an instance's config is checked against is the plugin's schema with
 * each secret property replaced by the shape of a reference.
 */
#include "base/json.h"
#include "base/text.h"
#include "catalog/build.h"
#include "catalog/form.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

CLEANUP_DEFINE(struct catalog_instance *, instance_free);

static bool is_secret(const json_t *schema)
{
        return json_bool_of(schema, "writeOnly", false) || json_bool_of(schema, "secret", false);
}

static json_t *reference_shape(const json_t *property)
{
        json_t *text = json_pack("{s:s, s:i}", "type", "string", "minLength", 1);
        json_t *shape = json_pack("{s:s, s:b, s:i, s:i, s:{s:O, s:o}}", "type", "object",
                                  "additionalProperties", 0, "minProperties", 1, "maxProperties", 1,
                                  "properties", "secret", text, "file", text);
        json_t *required = json_object_get(property, "required");

        if (json_is_boolean(required))
                json_object_set(shape, "required", required);
        return shape;
}

/* In place, however deep; plain values (enum, default) hold no schema that says writeOnly. */
static void refer_secrets(json_t *schema)
{
        const char *key;
        json_t *child;
        void *next;
        size_t i;

        json_object_foreach_safe(schema, next, key, child) {
                if (json_is_object(child) && is_secret(child))
                        json_object_set_new(schema, key, reference_shape(child));
                else
                        refer_secrets(child);
        }
        json_array_foreach(schema, i, child)
                refer_secrets(child);
}

static bool is_reference(const json_t *value)
{
        return json_is_object(value) && json_object_size(value) == 1 &&
               (json_object_get(value, "secret") || json_object_get(value, "file"));
}

/* A better sentence than the schema has for the one mistake that everybody makes first. */
static int check_inline(const struct schema *schema, const json_t *value, const char *path,
                        struct fault *fault)
{
        const char *key;
        json_t *child;
        int r = 0;

        if (*path && schema_is_secret(schema, path)) {
                if (is_reference(value))
                        return 0;
                fault_set(fault, 422, "instance.inline-secret",
                          "%s is a secret and stands in the open", path);
                return fault_try(fault, "store it with 'kaname key set NAME --encrypt' and write "
                                 "%s = { secret = \"NAME\" }, or { file = \"PATH\" }", path);
        }
        json_object_foreach((json_t *)value, key, child) {
                _free_ char *below = NULL;

                if (asprintf(&below, "%s%s%s", path, *path ? "." : "", key) < 0)
                        return -ENOMEM;
                r = check_inline(schema, child, below, fault);
                if (r)
                        return r;
        }
        return r;
}

static int check_config(const struct manifest *plugin, json_t *config, struct fault *fault)
{
        _json_ json_t *source = json_deep_copy(schema_source(plugin->config));
        _cleanup_(schema_unrefp) struct schema *schema = NULL;
        int r = check_inline(plugin->config, config, "", fault);

        if (r)
                return r;
        refer_secrets(source);
        r = schema_compile(source, &schema, fault);
        if (r == 0)
                r = schema_fill_defaults(schema, config);
        return r ? r : schema_check(schema, config, fault);
}

static int find_plugin(const struct catalog *catalog, const char *name, struct manifest **ret,
                       struct fault *fault)
{
        const char *near;

        *ret = table_get(&catalog->plugins, name);
        if (*ret)
                return 0;
        fault_set(fault, 422, "instance.unknown-plugin", "there is no plugin '%s'", name);
        near = table_nearest(&catalog->plugins, name);
        return near ? fault_try(fault, "did you mean '%s'?", near)
                : fault_try(fault,
                            "install the pack that has it; 'kaname plugin list' shows them all");
}

static char *copy(const char *s)
{
        return s ? strdup(s) : NULL;
}

static int make(const struct catalog *catalog, const json_t *definition, const char *origin,
                struct catalog_instance **ret, struct fault *fault)
{
        _cleanup_(instance_freep) struct catalog_instance *instance = calloc(1, sizeof *instance);
        const char *home = json_text_of(definition, "home", "auto");
        const json_t *config = json_object_get(definition, "config");
        int r;

        if (!instance)
                return -ENOMEM;
        r = find_plugin(catalog, json_text_of(definition, "plugin", ""), &instance->plugin, fault);
        if (r)
                return r;
        instance->name = copy(json_text_of(definition, "name", NULL));
        instance->scope = copy(json_text_of(definition, "scope", NULL));
        instance->origin = strdup(origin);
        instance->home = text_equal(home, "core") ? HOME_CORE
                : text_equal(home, "host") ? HOME_HOST : HOME_AUTO;
        instance->egress = json_deep_copy(json_object_get(definition, "egress"));
        if (!instance->egress)
                instance->egress = json_null();
        instance->config = json_is_object(config) ? json_deep_copy(config) : json_object();
        if (!instance->name || !instance->origin || !instance->config)
                return -ENOMEM;
        r = check_config(instance->plugin, instance->config, fault);
        if (r == FAULT && (!fault || !fault->remedy))
                fault_try(fault, "compare it with man 7 kaname-%s, or with what 'kaname plugin "
                                 "inspect' shows of the plugin", instance->plugin->name);
        if (r == FAULT)
                return fault_prefix(fault, "config of a '%s'", instance->plugin->name);
        *ret = TAKE(instance);
        return r;
}

static int add(struct catalog *catalog, const json_t *definition, const char *origin,
               struct fault *fault)
{
        _cleanup_(instance_freep) struct catalog_instance *instance = NULL;
        const struct catalog_instance *there;
        int r = form_check("instance", definition, fault);

        if (r)
                return r;
        there = catalog_instance(catalog, json_text_of(definition, "name", ""));
        if (there) {
                fault_set(fault, 409, "instance.duplicate", "it is there already, from %s",
                          there->origin);
                return fault_try(fault, "give one of the two another name");
        }
        r = make(catalog, definition, origin, &instance, fault);
        if (r == 0)
                r = table_put(&catalog->instances, instance->name, instance);
        if (r == 0)
                instance = NULL;
        return r;
}

int catalog_add_instance(struct catalog *catalog, const json_t *definition, const char *origin,
                         struct fault *fault)
{
        int r = add(catalog, definition, origin, fault);

        return r == FAULT ? fault_prefix(fault, "%s: instance '%s'", origin,
                                         json_text_of(definition, "name", "?")) : r;
}

static bool has_instance(const struct catalog *catalog, const struct manifest *plugin)
{
        void *value;

        if (catalog_instance(catalog, plugin->name))
                return true;
        for (size_t i = 0; map_next(&catalog->instances.map, &i, NULL, &value);)
                if (((struct catalog_instance *)value)->plugin == plugin)
                        return true;
        return false;
}

/* A plugin whose config needs something simply has no instance yet: that is no fault. */
static int add_default(struct catalog *catalog, const struct manifest *plugin)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *definition = json_pack("{s:s, s:s}", "name", plugin->name,
                                              "plugin", plugin->name);
        _free_ char *origin = NULL;
        int r;

        if (!definition || asprintf(&origin, "plugin %s", plugin->name) < 0) {
                origin = NULL;
                return -ENOMEM;
        }
        r = add(catalog, definition, origin, &fault);
        return r == FAULT ? 0 : r;
}

int instances_finish(struct catalog *catalog)
{
        void *value;
        int r = 0;

        for (size_t i = 0; r == 0 && map_next(&catalog->plugins.map, &i, NULL, &value);)
                if (!has_instance(catalog, value))
                        r = add_default(catalog, value);
        return r;
}

void instance_free(void *value)
{
        struct catalog_instance *instance = value;

        if (!instance)
                return;
        free((char *)instance->name);
        free((char *)instance->scope);
        free((char *)instance->origin);
        json_decref(instance->config);
        json_decref(instance->egress);
        free(instance);
}
