/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Policies: what bounds the starts of an action. Each type is a row of builtin.json with the schema
 * of its parameters. A policy may lie in another pack than the action that it is about, so they are
 * brought together when everything is there.
 */
#include "base/json.h"
#include "base/text.h"
#include "catalog/build.h"
#include "catalog/form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const json_t *catalog_policy_types(const struct catalog *catalog)
{
        return json_object_get(catalog->builtin, "policy_types");
}

static const json_t *type_of(const struct catalog *catalog, const char *name)
{
        const json_t *row;
        size_t i;

        json_array_foreach(catalog_policy_types(catalog), i, row)
                if (text_equal(json_text_of(row, "name", ""), name))
                        return row;
        return NULL;
}

static int unknown_type(const struct catalog *catalog, const char *name, struct fault *fault)
{
        const char *names[16] = { NULL }, *near;
        const json_t *row;
        size_t i;

        json_array_foreach(catalog_policy_types(catalog), i, row)
                if (i < 15)
                        names[i] = json_text_of(row, "name", "");
        near = text_nearest(name, names);
        fault_set(fault, 422, "policy.unknown-type", "policy_type: there is no policy type '%s'",
                  name);
        return fault_try(fault, "%s '%s'?", near ? "did you mean" : "one is", near ? near
                         : names[0]);
}

/* The parameters fit the type; defaults are filled in. */
static int check_parameters(const json_t *type, json_t *parameters, struct fault *fault)
{
        _cleanup_(schema_unrefp) struct schema *schema = NULL;
        int r = form_schema(type, "schema", &schema, fault);

        if (r == 0)
                r = schema_fill_defaults(schema, parameters);
        if (r == 0)
                r = schema_check(schema, parameters, fault);
        return r == FAULT ? fault_prefix(fault, "parameters") : r;
}

static int put(struct catalog *catalog, json_t *definition, const char *origin,
               struct fault *fault)
{
        const char *ref = json_text_of(definition, "ref", "");
        const struct catalog_policy *there = table_get(&catalog->policies, ref);
        struct catalog_policy *policy;

        if (there) {
                fault_set(fault, 409, "policy.duplicate", "the policy '%s' is there already", ref);
                fault_why(fault, "it comes from %s", there->origin);
                return fault_try(fault, "rename one of the two");
        }
        policy = calloc(1, sizeof *policy);
        if (!policy)
                return -ENOMEM;
        *policy = (struct catalog_policy){
                .ref = ref, .resource = json_text_of(definition, "resource_ref", NULL),
                .type = json_text_of(definition, "policy_type", NULL),
                .parameters = json_object_get(definition, "parameters"),
                .is_enabled = json_bool_of(definition, "enabled", true),
                .origin = strdup(origin), .definition = json_incref(definition),
        };
        if (policy->origin && table_put(&catalog->policies, ref, policy) == 0)
                return 0;
        policy_free(policy);
        return -ENOMEM;
}

int catalog_add_policy(struct catalog *catalog, const json_t *source, const char *pack,
                       const char *origin, struct fault *fault)
{
        _json_ json_t *definition = json_deep_copy(source);
        const json_t *type;
        json_t *parameters;
        int r = form_check("policy", source, fault);

        if (r)
                return r;
        if (!definition)
                return -ENOMEM;
        if (!json_object_get(definition, "pack"))
                json_set_text(definition, "pack", pack);
        json_object_set_new(definition, "ref",
                            json_sprintf("%s.%s", json_text_of(definition, "pack", "default"),
                                         json_text_of(definition, "name", "")));
        type = type_of(catalog, json_text_of(definition, "policy_type", ""));
        if (!type)
                return unknown_type(catalog, json_text_of(definition, "policy_type", ""), fault);
        parameters = json_object_get(definition, "parameters");
        if (!json_is_object(parameters)) {
                parameters = json_object();
                json_object_set_new(definition, "parameters", parameters);
        }
        r = check_parameters(type, parameters, fault);
        return r ? r : put(catalog, definition, origin, fault);
}

static int attach(struct catalog_action *action, const struct catalog_policy *policy)
{
        const struct catalog_policy **more =
                realloc(action->policies, (action->n_policies + 1) * sizeof *more);

        if (!more)
                return -ENOMEM;
        action->policies = more;
        action->policies[action->n_policies++] = policy;
        return 0;
}

int policies_finish(struct catalog *catalog)
{
        int r = table_sort(&catalog->policies);

        for (size_t i = 0; r == 0 && i < catalog->policies.n; i++) {
                const struct catalog_policy *policy = catalog->policies.sorted[i].value;
                struct catalog_action *action = table_get(&catalog->actions, policy->resource);
                _fault_ struct fault fault = FAULT_INIT;

                if (action) {
                        r = policy->is_enabled ? attach(action, policy) : 0;
                        continue;
                }
                fault_set(&fault, 422, "policy.unknown-action",
                          "the policy '%s' is about the action '%s', which is not there",
                          policy->ref, policy->resource);
                fault_try(&fault, "install the pack or plugin that has it");
                warn(catalog, policy->origin, 0, &fault);
        }
        return r;
}

const struct catalog_policy *catalog_policy(const struct catalog *catalog, const char *ref)
{
        return table_get(&catalog->policies, ref);
}

struct each {
        int (*visit)(void *, const struct catalog_policy *);
        void *arg;
};

static int visit_one(void *arg, void *value)
{
        struct each *each = arg;

        return each->visit(each->arg, value);
}

int catalog_each_policy(const struct catalog *catalog,
                        int (*visit)(void *, const struct catalog_policy *), void *arg)
{
        struct each each = { visit, arg };

        return table_each(&catalog->policies, visit_one, &each);
}

void policy_free(void *value)
{
        struct catalog_policy *policy = value;

        json_decref(policy->definition);
        free((char *)policy->origin);
        free(policy);
}
