/* SPDX-License-Identifier: Apache-2.0 */

/* Aliases: what people type, and which action it stands for (flow/alias.h reads the formats). */
#include "base/json.h"
#include "base/text.h"
#include "catalog/build.h"
#include "catalog/form.h"
#include "flow/alias.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int put(struct catalog *catalog, struct alias *alias, const char *origin,
               struct fault *fault)
{
        const struct catalog_alias *there = table_get(&catalog->aliases, alias_ref(alias));
        struct catalog_alias *row;

        if (there) {
                fault_set(fault, 409, "alias.duplicate", "the alias '%s' is there already",
                          alias_ref(alias));
                fault_why(fault, "it comes from %s", there->origin);
                fault_try(fault, "rename one of the two");
                alias_free(alias);
                return FAULT;
        }
        row = calloc(1, sizeof *row);
        if (!row) {
                alias_free(alias);
                return -ENOMEM;
        }
        row->alias = alias;
        row->ref = alias_ref(alias);
        row->is_enabled = alias_is_enabled(alias);
        row->origin = strdup(origin);
        if (row->origin && table_put(&catalog->aliases, row->ref, row) == 0)
                return 0;
        alias_row_free(row);
        return -ENOMEM;
}

int catalog_add_alias(struct catalog *catalog, const json_t *source, const char *pack,
                      const char *origin, struct fault *fault)
{
        _json_ json_t *definition = json_deep_copy(source);
        struct alias *alias = NULL;
        int r = definition ? form_check("alias", definition, fault) : -ENOMEM;

        if (r)
                return r;
        if (!json_text_of(definition, "pack", NULL))
                json_set_text(definition, "pack", pack);
        r = alias_compile(definition, &alias, fault);
        return r ? r : put(catalog, alias, origin, fault);
}

int aliases_finish(struct catalog *catalog)
{
        int r = table_sort(&catalog->aliases);

        for (size_t i = 0; r == 0 && i < catalog->aliases.n; i++) {
                const struct catalog_alias *row = catalog->aliases.sorted[i].value;
                const char *action = alias_action(row->alias), *near;
                _fault_ struct fault fault = FAULT_INIT;

                if (catalog_action(catalog, action))
                        continue;
                fault_set(&fault, 422, "alias.unknown-action",
                          "the alias '%s' starts '%s', which nobody has", row->ref, action);
                near = table_nearest(&catalog->actions, action);
                if (near)
                        fault_try(&fault, "did you mean '%s'?", near);
                else
                        fault_try(&fault, "install the pack or plugin that has it");
                warn(catalog, row->origin, 0, &fault);
        }
        return r;
}

void alias_row_free(void *value)
{
        struct catalog_alias *row = value;

        alias_free(row->alias);
        free((char *)row->origin);
        free(row);
}
