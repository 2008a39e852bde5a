/* SPDX-License-Identifier: Apache-2.0 */

/* An action-chain: its keys, and that every name it leads on to is there. */
#include "workflow/inspect.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "expr/expr.h"
#include "workflow/spec.h"

#include <errno.h>
#include <string.h>

struct key {
        const char *name;
        unsigned types;
        bool is_needed;
};

#define OF(type) (1u << JSON_##type)

static const struct key chain_keys[] = {
        { "chain", OF(ARRAY), true }, { "default", OF(STRING) | OF(NULL), false },
        { "vars", OF(OBJECT) | OF(NULL), false }, { NULL, 0, false },
};

static const struct key task_keys[] = {
        { "name", OF(STRING), true }, { "ref", OF(STRING), true },
        { "params", OF(OBJECT) | OF(NULL), false },
        { "parameters", OF(OBJECT) | OF(NULL), false },
        { "on-success", OF(STRING) | OF(NULL), false },
        { "on-failure", OF(STRING) | OF(NULL), false },
        { "publish", OF(OBJECT) | OF(NULL), false }, { NULL, 0, false },
};

static int check_keys(const json_t *object, const struct key *keys, const char *path, json_t *list)
{
        int r = 0;

        for (; r == 0 && keys->name; keys++) {
                const json_t *value = json_object_get(object, keys->name);

                if (!value && keys->is_needed)
                        r = inspect_add(list, "syntax", path, NULL,
                                        inspect_say("'%s' is a required property", keys->name));
                else if (value && !((keys->types >> json_typeof(value)) & 1))
                        r = inspect_add(list, "syntax", path, keys->name,
                                        inspect_say("'%s' is not of the right type", keys->name));
        }
        return r;
}

static bool has_task(const json_t *chain, const char *name)
{
        const json_t *task;
        size_t i;

        json_array_foreach(chain, i, task)
                if (!strcmp(json_text_of(task, "name", ""), name))
                        return true;
        return false;
}

static int check_link(const json_t *chain, const json_t *task, const char *key, const char *path,
                      json_t *list)
{
        const char *to = json_text_of(task, key, NULL);

        if (!to || has_task(chain, to))
                return 0;
        return inspect_add(list, "semantic", path, key,
                           inspect_say("Unable to find node with name \"%s\" referenced in \"%s\" "
                                       "in task \"%s\".", to, key, json_text_of(task, "name", "")));
}

/* Templates that do not parse. */
static int check_templates(const json_t *object, const char *key, const char *path, json_t *list)
{
        const json_t *value = json_object_get(object, key);
        _fault_ struct fault fault = FAULT_INIT;
        struct expr *expr = NULL;
        int r = value ? expr_compile_for(value, EXPR_TEMPLATE, &expr, &fault) : 0;

        expr_free(expr);
        return r > 0 ? inspect_add(list, "expression", path, key, inspect_say("%s", fault.what)) : r;
}

static int check_task(const json_t *chain, size_t i, const struct workflow_catalog *catalog,
                      json_t *list)
{
        static const char *const templates[] = { "ref", "params", "parameters", "publish" };
        const json_t *task = json_array_get(chain, i);
        const char *name = json_text_of(task, "name", ""), *ref = json_text_of(task, "ref", NULL);
        _free_ char *path = inspect_say("chain[%zu]", i);
        int r = path ? check_keys(task, task_keys, path, list) : -ENOMEM;

        for (size_t k = 0; r == 0 && k < i; k++)
                if (!strcmp(json_text_of(json_array_get(chain, k), "name", ""), name))
                        r = inspect_add(list, "semantic", path, "name",
                                        inspect_say("The task \"%s\" is there twice.", name));
        if (r == 0 && command_is_reserved(name))
                r = inspect_add(list, "semantic", path, "name",
                                inspect_say("The task name \"%s\" is reserved with special "
                                            "function.", name));
        if (r == 0)
                r = check_link(chain, task, "on-success", path, list);
        if (r == 0)
                r = check_link(chain, task, "on-failure", path, list);
        for (size_t k = 0; r == 0 && k < sizeof templates / sizeof *templates; k++)
                r = check_templates(task, templates[k], path, list);
        if (r == 0 && catalog && ref && !strstr(ref, "{{") &&
            !catalog->parameters(catalog->user, ref))
                r = inspect_add(list, "content", path, "ref",
                                inspect_say("The action \"%s\" is not registered in the database.",
                                            ref));
        return r;
}

int inspect_chain(const json_t *definition, const struct workflow_catalog *catalog, json_t *list)
{
        const json_t *chain = json_object_get(definition, "chain");
        const char *first = json_text_of(definition, "default", NULL);
        int r = check_keys(definition, chain_keys, "chain", list);

        if (r == 0 && json_is_array(chain) && !json_array_size(chain))
                r = inspect_add(list, "syntax", "chain", "chain", inspect_say("[] is too short"));
        for (size_t i = 0; r == 0 && i < json_array_size(chain); i++)
                r = check_task(chain, i, catalog, list);
        if (r == 0)
                r = check_templates(definition, "vars", "vars", list);
        if (r == 0 && first && !has_task(chain, first))
                r = inspect_add(list, "semantic", "default", "default",
                                inspect_say("Unable to find node with name \"%s\" referenced in "
                                            "\"default\".", first));
        return r;
}
