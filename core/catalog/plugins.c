/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Contracts and the plugins that claim them. A plugin's action that its domain's contract names is
 * reached through the domain alone (dns.record.set), so that nobody's workflow names a vendor by
 * accident; what only this vendor has stays under the plugin's own name.
 */
#include "base/json.h"
#include "base/text.h"
#include "catalog/build.h"

#include <errno.h>
#include <stdlib.h>

CLEANUP_DEFINE(struct contract *, contract_free);

int catalog_add_contract(struct catalog *catalog, const char *path, struct fault *fault)
{
        _cleanup_(contract_freep) struct contract *contract = NULL;
        _free_ char *origin = NULL;
        json_t *row;
        size_t i;
        int r = contract_load(path, &contract, fault);

        if (r)
                return r;
        if (table_get(&catalog->contracts, contract->domain)) {
                fault_set(fault, 409, "contract.duplicate",
                          "%s: the domain '%s' has a contract already",
                          path, contract->domain);
                return fault_try(fault, "keep one of the two");
        }
        json_array_foreach(json_object_get(contract->json, "triggers"), i, row) {
                r = trigger_put(catalog, contract->domain, row, path, fault);
                if (r)
                        return r;
        }
        r = table_put(&catalog->contracts, contract->domain, contract);
        if (r == 0)
                contract = NULL;
        return r;
}

static const struct contract *contract_of(const struct catalog *catalog,
                                          const struct manifest *manifest)
{
        return manifest->domain ? table_get(&catalog->contracts, manifest->domain) : NULL;
}

/* The file that a person knows; manifest->path is our copy of it. */
static const char *file_of(const struct manifest *manifest)
{
        return json_text_of(manifest->json, "source", manifest->path);
}

static int check_claim(const struct catalog *catalog, const struct manifest *m, struct fault *fault)
{
        const struct contract *contract = contract_of(catalog, m);
        _text_ struct text missing = TEXT_INIT;

        if (!m->domain)
                return 0;
        if (!contract) {
                _free_ char *names = table_names(&catalog->contracts);

                fault_set(fault, 422, "plugin.unknown-domain",
                          "%s: the plugin '%s' claims the domain '%s', "
                          "which has no contract", file_of(m), m->name, m->domain);
                return fault_try(fault, "domains with a contract: %s",
                                 names && *names ? names : "none");
        }
        for (size_t i = 0; i < contract->n_actions; i++)
                if (!contract->actions[i].is_optional &&
                    !manifest_action(m, contract->actions[i].name))
                        text_addf(&missing, "%s%s", missing.len ? ", " : "",
                                  contract->actions[i].name);
        if (!missing.len)
                return 0;
        fault_set(fault, 422, "plugin.incomplete",
                  "%s: the plugin '%s' claims the domain '%s' and lacks %s",
                  file_of(m), m->name, m->domain, missing.s);
        return fault_try(fault, "add what is missing, or do not claim the domain");
}

static int check_duplicate(const struct catalog *catalog, const struct manifest *m,
                           struct fault *fault)
{
        const struct manifest *there = catalog_plugin(catalog, m->name);

        if (!there)
                return 0;
        fault_set(fault, 409, "plugin.duplicate", "%s: the plugin '%s' is there already, from %s",
                  file_of(m), m->name, file_of(there));
        fault_why(fault, "found versions %s and %s", m->version, there->version);
        return fault_try(fault, "remove one of the two files");
}

static json_t *describe(const char *pack, const char *name, const char *summary, const char *origin)
{
        return json_pack("{s:s, s:s, s:s?, s:s, s:s}", "pack", pack, "name", name, "description",
                         summary, "runner_type", "plugin", "metadata_file", origin);
}

static int put_own_action(struct catalog *catalog, const struct manifest *m,
                          const struct manifest_action *row, struct fault *fault)
{
        struct catalog_action *action;
        json_t *metadata = describe(m->name, row->name, row->summary, file_of(m));
        int r;

        if (!metadata)
                return -ENOMEM;
        json_object_set_new(metadata, "idempotent", json_boolean(row->is_idempotent));
        json_object_set_new(metadata, "readonly", json_boolean(row->is_readonly));
        json_object_set_new(metadata, "timeout_ms", json_integer(row->timeout_ms));
        r = action_put_schema(catalog, metadata, row->params,
                              row->returns ? schema_ref(row->returns) : NULL, &action, fault);
        if (r == FAULT)
                fault_prefix(fault, "%s", file_of(m));
        if (r)
                return r;
        action->plugin = m;
        action->plugin_action = row->name;
        return 0;
}

static int put_own(struct catalog *catalog, const struct manifest *m, struct fault *fault)
{
        const struct contract *contract = contract_of(catalog, m);
        int r = 0;

        for (size_t i = 0; r == 0 && i < m->n_actions; i++)
                if (!contract || !contract_action(contract, m->actions[i].name))
                        r = put_own_action(catalog, m, &m->actions[i], fault);
        return r;
}

static bool contract_has_trigger(const struct contract *contract, const char *name)
{
        for (size_t i = 0; contract && i < contract->n_triggers; i++)
                if (text_equal(contract->triggers[i].name, name))
                        return true;
        return false;
}

static int put_triggers(struct catalog *catalog, const struct manifest *m, struct fault *fault)
{
        const json_t *rows = json_object_get(m->json, "triggers");
        int r = 0;

        for (size_t i = 0; r == 0 && i < m->n_triggers; i++)
                if (!contract_has_trigger(contract_of(catalog, m), m->triggers[i].name))
                        r = trigger_put(catalog, m->name, json_array_get(rows, i), file_of(m),
                                        fault);
        return r;
}

int catalog_add_plugin(struct catalog *catalog, struct manifest *manifest, struct fault *fault)
{
        int r = check_duplicate(catalog, manifest, fault);

        if (r == 0)
                r = check_claim(catalog, manifest, fault);
        if (r == 0)
                r = table_put(&catalog->plugins, manifest->name, manifest);
        if (r)
                return r;
        manifest_ref(manifest);
        r = put_own(catalog, manifest, fault);
        return r ? r : put_triggers(catalog, manifest, fault);
}

/* ---- domains, once the instances are known ---- */

static bool is_served(const struct catalog *catalog, const struct contract *contract,
                      const char *name)
{
        const struct catalog_instance *instance;
        void *value;

        for (size_t i = 0; map_next(&catalog->instances.map, &i, NULL, &value);) {
                instance = value;
                if (text_equal(instance->plugin->domain, contract->domain) &&
                    manifest_action(instance->plugin, name))
                        return true;
        }
        return false;
}

static int put_domain_action(struct catalog *catalog, const struct contract *contract,
                             const struct contract_action *row, struct fault *fault)
{
        struct catalog_action *action;
        json_t *metadata = describe(contract->domain, row->name, row->summary,
                                    "the domain's contract");
        int r;

        if (!metadata)
                return -ENOMEM;
        json_object_set_new(metadata, "idempotent", json_boolean(row->is_idempotent));
        json_object_set_new(metadata, "readonly", json_boolean(row->is_readonly));
        json_object_set_new(metadata, "timeout_ms", json_integer(row->timeout_ms));
        r = action_put_schema(catalog, metadata, row->params, schema_ref(row->returns), &action,
                              fault);
        if (r)
                return r;
        action->contract = contract;
        action->plugin_action = row->name;
        return 0;
}

static int finish_domain(struct catalog *catalog, const struct contract *contract,
                         struct fault *fault)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < contract->n_actions; i++)
                if (is_served(catalog, contract, contract->actions[i].name))
                        r = put_domain_action(catalog, contract, &contract->actions[i], fault);
        return r;
}

int domains_finish(struct catalog *catalog, struct fault *fault)
{
        int r = table_sort(&catalog->contracts);

        for (size_t i = 0; r == 0 && i < catalog->contracts.n; i++)
                r = finish_domain(catalog, catalog->contracts.sorted[i].value, fault);
        return r;
}
