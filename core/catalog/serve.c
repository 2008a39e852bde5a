/* SPDX-License-Identifier: Apache-2.0 */

/* Which instance serves: by name, else by the most specific scope, else the only one there is. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/build.h"

#include <errno.h>

/* The best that was seen, and everybody who is as good. */
struct contest {
        const struct catalog_instance *best;
        size_t weight;
        struct text equals, all;
        unsigned n_equals;
};

static const struct manifest_action *row_of(const struct catalog_action *action,
                                            const struct catalog_instance *instance)
{
        if (action->contract ? !manifest_claims(instance->plugin, action->contract->domain)
                             : instance->plugin != action->plugin)
                return NULL;
        return manifest_action(instance->plugin, action->plugin_action);
}

static size_t weigh(const struct catalog_action *action, const struct catalog_instance *instance,
                    const char *value)
{
        return value ? contract_scope(action->contract, instance->scope, value) : 1;
}

static void list(struct text *text, const struct catalog_instance *instance)
{
        text_addf(text, "%s'%s'", text->len ? ", " : "", instance->name);
        if (instance->scope)
                text_addf(text, " (%s)", instance->scope);
}

static void enter(struct contest *contest, const struct catalog_instance *instance, size_t weight)
{
        list(&contest->all, instance);
        if (weight == 0 || weight < contest->weight)
                return;
        if (weight > contest->weight) {
                text_deinit(&contest->equals);
                contest->n_equals = 0;
                contest->best = instance;
                contest->weight = weight;
        }
        contest->n_equals++;
        list(&contest->equals, instance);
}

static const char *scope_value(const struct catalog_action *action, const json_t *args)
{
        const struct contract_action *row =
                action->contract ? contract_action(action->contract, action->plugin_action) : NULL;
        const char *parameter = row && row->scope_parameter ? row->scope_parameter
                : action->contract ? action->contract->scope_parameter : NULL;

        return parameter ? json_text_of(args, parameter, NULL) : NULL;
}

static int judge(const struct catalog_action *action, const struct contest *contest,
                 const char *value, struct fault *fault)
{
        if (contest->n_equals == 1)
                return 0;
        if (contest->n_equals > 1) {
                fault_set(fault, 409, "instance.ambiguous",
                          "%s: %u instances serve it equally well: %s",
                          action->ref, contest->n_equals, contest->equals.s);
                return fault_try(fault, "name one of them with the parameter 'instance'");
        }
        if (contest->all.len) {
                fault_set(fault, 404, "instance.none", "%s: no instance serves '%s'; there are %s",
                          action->ref, value ? value : "", contest->all.s);
                return fault_try(fault,
                                 "configure one whose scope fits, or name one with 'instance'");
        }
        fault_set(fault, 404, "instance.none", "%s: no instance is configured for it", action->ref);
        return fault_try(fault, "add one with 'kaname instance add'");
}

static int by_scope(const struct catalog *catalog, const struct catalog_action *action,
                    const json_t *args, const struct catalog_instance **ret, struct fault *fault)
{
        const char *value = scope_value(action, args);
        struct contest contest = { .equals = TEXT_INIT, .all = TEXT_INIT };
        int r;

        for (size_t i = 0; i < catalog->instances.n; i++) {
                const struct catalog_instance *instance = catalog->instances.sorted[i].value;

                if (row_of(action, instance))
                        enter(&contest, instance, weigh(action, instance, value));
        }
        r = judge(action, &contest, value, fault);
        if (r == 0)
                *ret = contest.best;
        text_deinit(&contest.equals);
        text_deinit(&contest.all);
        return r;
}

static int by_name(const struct catalog *catalog, const struct catalog_action *action,
                   const char *name, const struct catalog_instance **ret, struct fault *fault)
{
        const struct catalog_instance *instance = catalog_instance(catalog, name);

        if (instance && row_of(action, instance)) {
                *ret = instance;
                return 0;
        }
        if (instance) {
                fault_set(fault, 404, "instance.unfit",
                          "%s: the instance '%s' is a '%s', which cannot do it",
                          action->ref, name, instance->plugin->name);
                return fault_try(fault, "'kaname instance list' shows who can");
        }
        catalog_no_instance(catalog, name, fault);
        return fault_prefix(fault, "%s", action->ref);
}

int catalog_serve(const struct catalog *catalog, const struct catalog_action *action,
                  const json_t *args, const struct catalog_instance **ret_instance,
                  const struct manifest_action **ret_row, struct fault *fault)
{
        const char *name = json_text_of(args, "instance", NULL);
        const struct catalog_instance *instance = NULL;
        int r;

        if (!action->plugin_action)
                return fault_set(fault, 422, "instance.none", "%s runs on no plugin", action->ref);
        r = name ? by_name(catalog, action, name, &instance, fault)
                : by_scope(catalog, action, args, &instance, fault);
        if (r)
                return r;
        *ret_instance = instance;
        *ret_row = row_of(action, instance);
        return 0;
}
