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

/* The file that a person knows; manifest->path is our copy of it. */
static const char *file_of(const struct manifest *manifest)
{
        return json_text_of(manifest->json, "source", manifest->path);
}

static bool has_trigger(const struct contract *contract, const char *name)
{
        for (size_t i = 0; i < contract->n_triggers; i++)
                if (text_equal(contract->triggers[i].name, name))
                        return true;
        return false;
}

static bool has_action(const struct contract *contract, const char *name)
{
        return contract_action(contract, name) != NULL;
}

/* Is it the plugin's own, or does a domain that it claims say it? */
static bool is_contracted(const struct catalog *catalog, const struct manifest *m, const char *name,
                          bool (*has)(const struct contract *, const char *))
{
        for (size_t i = 0; i < m->n_domains; i++) {
                const struct contract *contract = table_get(&catalog->contracts, m->domains[i]);

                if (contract && has(contract, name))
                        return true;
        }
        return false;
}

static int check_complete(const struct manifest *m, const struct contract *contract,
                          struct fault *fault)
{
        _text_ struct text missing = TEXT_INIT;

        for (size_t i = 0; i < contract->n_actions; i++)
                if (!contract->actions[i].is_optional &&
                    !manifest_action(m, contract->actions[i].name))
                        text_addf(&missing, "%s%s", missing.len ? ", " : "",
                                  contract->actions[i].name);
        if (!missing.len)
                return 0;
        fault_set(fault, 422, "plugin.incomplete",
                  "%s: the plugin '%s' claims the domain '%s' and lacks %s",
                  file_of(m), m->name, contract->domain, missing.s);
        return fault_try(fault, "add what is missing, or do not claim the domain");
}

static int fail_unknown(const struct catalog *catalog, const struct manifest *m, const char *domain,
                        struct fault *fault)
{
        _free_ char *names = table_names(&catalog->contracts);

        fault_set(fault, 422, "plugin.unknown-domain",
                  "%s: the plugin '%s' claims the domain '%s', which has no contract", file_of(m),
                  m->name, domain);
        return fault_try(fault, "domains with a contract: %s", names && *names ? names : "none");
}

/* A row of the plugin serves one domain: two contracts that name the same cannot both be kept. */
static int check_distinct(const struct manifest *m, const struct contract *a,
                          const struct contract *b, struct fault *fault)
{
        const char *same = NULL;

        for (size_t i = 0; !same && i < a->n_actions; i++)
                if (has_action(b, a->actions[i].name))
                        same = a->actions[i].name;
        for (size_t i = 0; !same && i < a->n_triggers; i++)
                if (has_trigger(b, a->triggers[i].name))
                        same = a->triggers[i].name;
        if (!same)
                return 0;
        fault_set(fault, 422, "plugin.ambiguous", "%s: the plugin '%s' claims the domains '%s' and "
                  "'%s', and both have a '%s'", file_of(m), m->name, a->domain, b->domain, same);
        return fault_try(fault, "make two plugins of it, one a domain");
}

static int check_claim(const struct catalog *catalog, const struct manifest *m, struct fault *fault)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < m->n_domains; i++) {
                const struct contract *contract = table_get(&catalog->contracts, m->domains[i]);

                if (!contract)
                        return fail_unknown(catalog, m, m->domains[i], fault);
                r = check_complete(m, contract, fault);
                for (size_t k = 0; r == 0 && k < i; k++)
                        r = check_distinct(m, table_get(&catalog->contracts, m->domains[k]),
                                           contract, fault);
        }
        return r;
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
        int r = 0;

        for (size_t i = 0; r == 0 && i < m->n_actions; i++)
                if (!is_contracted(catalog, m, m->actions[i].name, has_action))
                        r = put_own_action(catalog, m, &m->actions[i], fault);
        return r;
}

static int put_triggers(struct catalog *catalog, const struct manifest *m, struct fault *fault)
{
        const json_t *rows = json_object_get(m->json, "triggers");
        int r = 0;

        for (size_t i = 0; r == 0 && i < m->n_triggers; i++)
                if (!is_contracted(catalog, m, m->triggers[i].name, has_trigger))
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
                if (manifest_claims(instance->plugin, contract->domain) &&
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
