/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/catalog.h"

#include "base/json.h"
#include "base/text.h"
#include "catalog/build.h"
#include "catalog/form.h"
#include "flow/rulebook.h"
#include "workflow/workflow.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char builtin_text[] =
#include "catalog/builtin.inc"
        ;

static int add_runner(struct catalog *catalog, const json_t *row)
{
        struct catalog_runner *runner = calloc(1, sizeof *runner);
        int r;

        if (!runner)
                return -ENOMEM;
        runner->name = json_text_of(row, "name", NULL);
        runner->summary = json_text_of(row, "description", NULL);
        runner->is_here = json_bool_of(row, "enabled", true);
        runner->parameters = json_object_get(row, "runner_parameters");
        runner->constraint = json_object_get(row, "constraint");
        r = table_put(&catalog->runners, runner->name, runner);
        if (r < 0)
                free(runner);
        return r;
}

static int add_trigger(struct catalog *catalog, const json_t *row, struct fault *fault)
{
        return catalog_add_trigger(catalog, row, "core", "built in", fault);
}

static int add_builtin(struct catalog *catalog, struct fault *fault)
{
        json_t *row;
        size_t i;
        int r = 0;

        json_array_foreach(json_object_get(catalog->builtin, "runners"), i, row)
                if (r == 0)
                        r = add_runner(catalog, row);
        json_array_foreach(json_object_get(catalog->builtin, "actions"), i, row) {
                json_object_set_new(row, "pack", json_string("core"));
                if (r == 0)
                        r = action_put_metadata(catalog, json_deep_copy(row), NULL, fault);
        }
        json_array_foreach(json_object_get(catalog->builtin, "triggers"), i, row)
                if (r == 0)
                        r = add_trigger(catalog, row, fault);
        return r;
}

struct catalog *catalog_new(void)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = calloc(1, sizeof *catalog);
        _fault_ struct fault fault = FAULT_INIT;
        int r;

        if (!catalog)
                return NULL;
        catalog->refs = 1;
        catalog->builtin = form_parse(builtin_text);
        catalog->warnings = json_array();
        catalog->book = rulebook_new();
        if (!catalog->builtin || !catalog->warnings || !catalog->book)
                return NULL;
        r = add_builtin(catalog, &fault);
        assert(r <= 0);         /* what is built in is right, or a test would have said so */
        return r < 0 ? NULL : TAKE(catalog);
}

int catalog_finish(struct catalog *catalog, struct fault *fault)
{
        struct table *tables[] = { &catalog->runners, &catalog->actions, &catalog->triggers,
                                   &catalog->instances, &catalog->plugins, &catalog->packs,
                                   &catalog->sensors };
        int r = instances_finish(catalog);

        if (r == 0)
                r = domains_finish(catalog, fault);
        if (r == 0)
                r = rules_finish(catalog, fault);
        if (r == 0)
                r = policies_finish(catalog);
        if (r == 0)
                r = aliases_finish(catalog);
        for (size_t i = 0; r == 0 && i < sizeof tables / sizeof *tables; i++)
                r = table_sort(tables[i]);
        if (r == 0)
                packs_finish(catalog);
        return r;
}

void warn(struct catalog *catalog, const char *file, unsigned line, struct fault *fault)
{
        json_t *warning = json_object();

        json_set_text(warning, "file", file);
        if (line)
                json_object_set_new(warning, "line", json_integer(line));
        json_set_text(warning, "code", fault->code);
        json_set_text(warning, "what", fault->what);
        if (fault->why)
                json_set_text(warning, "why", fault->why);
        if (fault->remedy)
                json_set_text(warning, "try", fault->remedy);
        json_array_append_new(catalog->warnings, warning);
        fault_deinit(fault);
}

struct catalog *catalog_ref(struct catalog *catalog)
{
        __atomic_add_fetch(&catalog->refs, 1, __ATOMIC_RELAXED);
        return catalog;
}

bool catalog_is_shared(const struct catalog *catalog)
{
        return __atomic_load_n(&catalog->refs, __ATOMIC_ACQUIRE) > 1;
}

static void free_action(void *value)
{
        struct catalog_action *action = value;

        workflow_unref(action->workflow);
        free(action->policies);
        schema_unref(action->params);
        schema_unref(action->returns);
        json_decref((json_t *)action->metadata);
        free(action);
}

static void free_contract(void *value)
{
        contract_free(value);
}

static void free_plugin(void *value)
{
        manifest_unref(value);
}

struct catalog *catalog_unref(struct catalog *catalog)
{
        if (!catalog || __atomic_sub_fetch(&catalog->refs, 1, __ATOMIC_ACQ_REL) > 0)
                return NULL;
        rulebook_unref(catalog->book);
        table_deinit(&catalog->rules, rule_entry_free);
        table_deinit(&catalog->origins, free);
        table_deinit(&catalog->actions, free_action);
        table_deinit(&catalog->triggers, trigger_free);
        table_deinit(&catalog->instances, instance_free);
        table_deinit(&catalog->packs, pack_row_free);
        table_deinit(&catalog->policies, policy_free);
        table_deinit(&catalog->aliases, alias_row_free);
        table_deinit(&catalog->sensors, sensor_row_free);
        table_deinit(&catalog->contracts, free_contract);
        table_deinit(&catalog->plugins, free_plugin);
        table_deinit(&catalog->runners, free);
        json_decref(catalog->warnings);
        json_decref(catalog->builtin);
        free(catalog);
        return NULL;
}

/* ---- reading ---- */

const struct rulebook *catalog_rules(const struct catalog *catalog)
{
        return catalog->book;
}

const char *catalog_rule_origin(const struct catalog *catalog, const char *ref)
{
        return table_get(&catalog->origins, ref);
}

const struct catalog_action *catalog_action(const struct catalog *catalog, const char *ref)
{
        return table_get(&catalog->actions, ref);
}

const struct catalog_action *catalog_action_of(const struct catalog *catalog, const char *instance,
                                               const char *name)
{
        const struct catalog_instance *at = catalog_instance(catalog, instance);
        const struct catalog_action *found = NULL;
        char ref[256];

        for (size_t i = 0; at && !found && i <= at->plugin->n_domains; i++) {
                bool is_own = i == at->plugin->n_domains;

                snprintf(ref, sizeof ref, "%s.%s", is_own ? at->plugin->name
                         : at->plugin->domains[i], name);
                found = catalog_action(catalog, ref);
        }
        return found;
}

const struct catalog_trigger *catalog_trigger(const struct catalog *catalog, const char *ref)
{
        return table_get(&catalog->triggers, ref);
}

const char *catalog_nearest_trigger(const struct catalog *catalog, const char *ref)
{
        return table_nearest(&catalog->triggers, ref);
}

const struct catalog_instance *catalog_instance(const struct catalog *catalog, const char *name)
{
        return table_get(&catalog->instances, name);
}

const struct catalog_pack *catalog_pack(const struct catalog *catalog, const char *name)
{
        return table_get(&catalog->packs, name);
}

const struct catalog_alias *catalog_alias(const struct catalog *catalog, const char *ref)
{
        return table_get(&catalog->aliases, ref);
}

const struct manifest *catalog_plugin(const struct catalog *catalog, const char *name)
{
        return table_get(&catalog->plugins, name);
}

const struct catalog_runner *catalog_runner(const struct catalog *catalog, const char *name)
{
        return table_get(&catalog->runners, name);
}

const json_t *catalog_warnings(const struct catalog *catalog)
{
        return catalog->warnings;
}

/* One table_each() for all kinds: this turns its untyped visits into typed ones. */
#define CATALOG_EACH(noun, type, table)                                                 \
        struct noun##_visit {                                                           \
                int (*visit)(void *, const struct type *);                              \
                void *arg;                                                              \
        };                                                                              \
        static int visit_##noun(void *arg, void *value)                                 \
        {                                                                               \
                struct noun##_visit *v = arg;                                           \
                                                                                        \
                return v->visit(v->arg, value);                                         \
        }                                                                               \
        int catalog_each_##noun(const struct catalog *catalog,                          \
                                int (*visit)(void *, const struct type *), void *arg)   \
        {                                                                               \
                struct noun##_visit v = { visit, arg };                                 \
                                                                                        \
                return table_each(&catalog->table, visit_##noun, &v);                   \
        }

CATALOG_EACH(action, catalog_action, actions)
CATALOG_EACH(alias, catalog_alias, aliases)
CATALOG_EACH(sensor, catalog_sensor, sensors)
CATALOG_EACH(trigger, catalog_trigger, triggers)
CATALOG_EACH(instance, catalog_instance, instances)
CATALOG_EACH(pack, catalog_pack, packs)
CATALOG_EACH(plugin, manifest, plugins)
CATALOG_EACH(runner, catalog_runner, runners)
