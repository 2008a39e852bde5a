/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rules wait in a table, compiled, until the catalog is whole: only then is it known which are
 * switched off from outside, and whether what they name exists.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/build.h"
#include "flow/rulebook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

CLEANUP_DEFINE(struct rule *, rule_free);

static int duplicate(const struct catalog *catalog, const char *ref, const char *origin,
                     struct fault *fault)
{
        fault_set(fault, 409, "rule.duplicate", "the rule '%s' of %s is there already", ref,
                  origin);
        fault_why(fault, "it comes from %s", catalog_rule_origin(catalog, ref));
        return fault_try(fault, "rename one of the two");
}

int catalog_add_rule(struct catalog *catalog, json_t *definition, const char *origin,
                     struct fault *fault)
{
        _cleanup_(rule_freep) struct rule *rule = NULL;
        _free_ char *from = strdup(origin);
        int r = rule_compile(definition, &rule, fault);

        if (r)
                return r;
        if (table_get(&catalog->rules, rule_ref(rule)))
                return duplicate(catalog, rule_ref(rule), origin, fault);
        r = from ? table_put(&catalog->origins, rule_ref(rule), from) : -ENOMEM;
        if (r < 0)
                return r;
        from = NULL;
        r = table_put(&catalog->rules, rule_ref(rule), rule);
        if (r == 0)
                rule = NULL;
        return r;
}

static int override_rule(struct catalog *catalog, const char *ref, bool enabled)
{
        struct rule *old = table_get(&catalog->rules, ref), *rule = NULL;
        _json_ json_t *definition = NULL;
        int r;

        if (!old)
                return -ENOENT;
        if (rule_is_enabled(old) == enabled)
                return 0;
        definition = json_copy((json_t *)rule_definition(old));
        json_object_set_new(definition, "enabled", json_boolean(enabled));
        r = rule_compile(definition, &rule, NULL);
        if (r == 0)
                r = table_put(&catalog->rules, ref, rule);
        if (r)
                return r < 0 ? r : -EINVAL;
        rule_free(old);
        return 0;
}

static int override_policy(struct catalog *catalog, const char *ref, bool enabled)
{
        struct catalog_policy *policy = table_get(&catalog->policies, ref);

        if (!policy)
                return -ENOENT;
        policy->is_enabled = enabled;
        json_object_set_new(policy->definition, "enabled", json_boolean(enabled));
        return 0;
}

/* What only has a switch of its own. */
static int override_switch(const struct table *table, const char *ref, size_t at, bool enabled)
{
        char *row = table_get(table, ref);

        if (!row)
                return -ENOENT;
        *(bool *)(row + at) = enabled;
        return 0;
}

int catalog_override_enabled(struct catalog *catalog, const char *kind, const char *ref,
                             bool enabled)
{
        struct catalog_action *action;

        if (text_equal(kind, "rule"))
                return override_rule(catalog, ref, enabled);
        if (text_equal(kind, "policy"))
                return override_policy(catalog, ref, enabled);
        if (text_equal(kind, "alias"))
                return override_switch(&catalog->aliases, ref,
                                       offsetof(struct catalog_alias, is_enabled), enabled);
        if (text_equal(kind, "sensor"))
                return override_switch(&catalog->sensors, ref,
                                       offsetof(struct catalog_sensor, is_enabled), enabled);
        if (!text_equal(kind, "action"))
                return -EINVAL;
        action = table_get(&catalog->actions, ref);
        if (!action)
                return -ENOENT;
        action->is_enabled = enabled;
        json_object_set_new((json_t *)action->metadata, "enabled", json_boolean(enabled));
        return 0;
}

static void check_action(struct catalog *catalog, const struct rule *rule)
{
        _fault_ struct fault fault = FAULT_INIT;
        const char *ref = rule_action(rule), *near;

        if (catalog_action(catalog, ref))
                return;
        fault_set(&fault, 422, "rule.unknown-action", "the rule '%s' starts '%s', which nobody has",
                  rule_ref(rule), ref);
        near = table_nearest(&catalog->actions, ref);
        if (near)
                fault_try(&fault, "did you mean '%s'?", near);
        else
                fault_try(&fault,
                          "install the pack or plugin that has it, or configure an instance of it");
        warn(catalog, catalog_rule_origin(catalog, rule_ref(rule)), 0, &fault);
}

static void check_trigger(struct catalog *catalog, const struct rule *rule)
{
        const json_t *trigger = json_object_get(rule_definition(rule), "trigger");
        const char *type = json_text_of(trigger, "type", ""), *near;
        const struct catalog_trigger *known = catalog_trigger(catalog, type);
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *none = json_object();
        const json_t *parameters = json_object_get(trigger, "parameters");

        if (known && schema_check(known->parameters, parameters ? parameters : none, &fault) == 0
            && (!rule_is_enabled(rule) || rule_check_fires(rule, clock_real_ms(), &fault) == 0))
                return;
        if (known) {
                fault_prefix(&fault, "the rule '%s': trigger.parameters", rule_ref(rule));
        } else {
                fault_set(&fault, 422, "rule.unknown-trigger",
                          "the rule '%s' waits for '%s', which nobody sends", rule_ref(rule), type);
                near = table_nearest(&catalog->triggers, type);
                if (near)
                        fault_try(&fault, "did you mean '%s'?", near);
                else
                        fault_try(&fault, "install the pack or plugin that has it");
        }
        warn(catalog, catalog_rule_origin(catalog, rule_ref(rule)), 0, &fault);
}

int rules_finish(struct catalog *catalog, struct fault *fault)
{
        int r = table_sort(&catalog->rules);

        for (size_t i = 0; r == 0 && i < catalog->rules.n; i++) {
                struct rule *rule = catalog->rules.sorted[i].value;

                check_action(catalog, rule);
                check_trigger(catalog, rule);
                r = rulebook_add(catalog->book, rule);
                if (r == 0)
                        map_remove(&catalog->rules.map, rule_ref(rule));
        }
        return r < 0 ? fault_errno(fault, r, "building the rulebook") : r;
}

void rule_entry_free(void *entry)
{
        rule_free(entry);
}
