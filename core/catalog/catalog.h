/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What exists at one moment: plugins, domains, configured instances, actions by ref, trigger types,
 * packs, and the rules of all of them. A catalog is built by one thread, checked as a whole, and
 * from then on immutable and shared by reference: a reload builds the next one and swaps it in, or
 * changes nothing. Running executions keep the catalog that they started with.
 *
 * Actions and their refs:
 *   core.noop, core.local, core.http, …       built in: a runner with a schema
 *   DOMAIN.OBJECT.VERB   (dns.record.set)     one entry a contract action that some instance's plugin has
 *   PLUGIN.NAME          (hello.greet)        a plugin's own actions: every action of a plugin without
 *                                             a domain, and those of one with a domain that its
 *                                             contract does not name
 *   PACK.NAME                                 YAML metadata of a pack over a built-in runner
 */

#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "catalog/contract.h"
#include "catalog/manifest.h"

enum catalog_home { HOME_AUTO, HOME_CORE, HOME_HOST };

struct catalog_instance {
        const char *name;
        const char *scope;              /* NULL: none */
        const char
                *origin; /* the file that defines it, "api", or "plugin NAME" for a default one */
        enum catalog_home home;
        struct manifest *plugin;
        json_t *config; /* checked and filled; secrets as {"secret": NAME} or {"file": PATH} */
        json_t *egress; /* array of "host:port", "*.example.com:443", "unix:/path"; null: derived */
};

/* What bounds the starts of an action. */
struct catalog_policy {
        const char *ref, *resource, *type;      /* resource: the action's ref */
        const char *origin;
        const json_t *parameters;       /* checked and filled */
        bool is_enabled;
        json_t *definition;             /* as StackStorm shows it */
};

struct catalog_action {
        const char *ref, *pack, *name, *summary;
        const char *runner;             /* "plugin", "noop", "local-shell-cmd", … */
        struct schema *params, *returns;
        bool is_idempotent, is_readonly, is_enabled;
        bool has_computed;              /* some default is an expression */
        int64_t timeout_ms;
        const char *entry_point;        /* may be NULL */
        struct workflow *workflow;      /* of orquesta and action-chain; else NULL */
        const struct catalog_policy **policies; /* enabled ones, in the order of their refs */
        size_t n_policies;
        const json_t *metadata;         /* as StackStorm shows it: parameters, tags, notify … */
        const struct contract *contract;        /* NULL unless a domain's action */
        const struct manifest
                *plugin; /* of a plugin's own action; NULL for domain and built-in ones */
        const char *plugin_action;      /* the name inside the plugin */
};

struct catalog_trigger {
        const char *ref, *pack, *name, *summary;
        const char *origin;             /* "built in", "plugin NAME", a file, "api" */
        struct schema *parameters, *payload;
};

/* What an action runs on. Those of StackStorm that are not here yet are known by name. */
struct catalog_runner {
        const char *name, *summary;
        bool is_here;
        const json_t *parameters;       /* StackStorm's runner_parameters */
        const json_t *constraint;       /* schema words between parameters, or NULL */
};

struct catalog_pack {
        const char *name, *version;
        const char *dir;                /* where its active version lies */
        json_t *metadata;               /* pack.yaml */
        json_t *config_schema;          /* config.schema.yaml: {name: {type, …}}; NULL: none */
        struct schema *config;          /* compiled from it; NULL: none */
};

/* What people type, and the action that it stands for. */
struct catalog_alias {
        const char *ref;
        const char *origin;             /* a file, or "api" */
        bool is_enabled;
        struct alias *alias;            /* flow/alias.h */
};

/* A sensor in Python, which is shown and does not run; those of plugins are in their manifests. */
struct catalog_sensor {
        const char *ref, *pack;
        const char *origin;
        bool is_enabled;
        json_t *definition;             /* as its file has it, with ref, name and pack */
};

struct alias;
struct rulebook;
struct workflow;
struct catalog;

/*
 * ---- building: one thread; every add FAULTs with the file, what was wanted, what was found ----
 */

struct catalog *catalog_new(void); /* holds the core.* actions and core.st2.* trigger types */
int catalog_add_contract(struct catalog *catalog, const char *path, struct fault *fault);
/* Takes a reference. FAULT 409 plugin.duplicate names both files. */
int catalog_add_plugin(struct catalog *catalog, struct manifest *manifest, struct fault *fault);
/* definition: {name, plugin, home?, scope?, config?, egress?}. A plugin whose config needs nothing
 * gets a default instance of its own name from catalog_finish(). */
int catalog_add_instance(struct catalog *catalog, const json_t *definition, const char *origin,
                         struct fault *fault);
/*
 * A pack's folder: pack.yaml, rules, actions, (plugins are added by the caller, who describes
 * them).
 */
int catalog_add_pack(struct catalog *catalog, const char *dir, struct fault *fault);
/*
 * Is every file of this pack's folder right, and are the packs that it needs in present (NULL: not
 * asked)? FAULT 422 pack.invalid, detail "problems" as in catalog_warnings(): all of them.
 */
int catalog_check_pack(const char *dir, const struct catalog *present, struct fault *fault);
/*
 * A rule from REST or a file; definition is borrowed, origin as for instances. FAULT 422, 409
 * rule.duplicate.
 */
int catalog_add_rule(struct catalog *catalog, json_t *definition, const char *origin,
                     struct fault *fault);
/*
 * A trigger type: {name, pack?, description?, parameters_schema?, payload_schema?}; pack: where it
 * names none.
 */
int catalog_add_trigger(struct catalog *catalog, const json_t *definition, const char *pack,
                        const char *origin, struct fault *fault);
/* {name, policy_type, resource_ref, parameters, enabled}; pack: where it names none. */
int catalog_add_policy(struct catalog *catalog, const json_t *definition, const char *pack,
                       const char *origin, struct fault *fault);
/* An alias (flow/alias.h); pack: where it names none. FAULT 422, 409 alias.duplicate. */
int catalog_add_alias(struct catalog *catalog, const json_t *definition, const char *pack,
                      const char *origin, struct fault *fault);
/*
 * An action from REST: StackStorm's metadata over a runner that is here. FAULT 422, 409
 * action.duplicate.
 */
int catalog_add_action(struct catalog *catalog, const json_t *definition, const char *pack,
                       const char *origin, struct fault *fault);
/*
 * What a file defines, REST may switch on and off: kind "rule", "policy",
 * "action", "alias" or "sensor"; -ENOENT. Before catalog_finish().
 */
int catalog_override_enabled(struct catalog *catalog, const char *kind, const char *ref,
                             bool enabled);
/* The checks that need everything: rules name known actions (a warning, not a fault), and so on. */
int catalog_finish(struct catalog *catalog, struct fault *fault);

/* ---- reading: any thread ---- */

struct catalog *catalog_ref(struct catalog *catalog);
struct catalog *catalog_unref(struct catalog *catalog);         /* NULL; accepts NULL */
/* Does anybody but the caller hold it? */
bool catalog_is_shared(const struct catalog *catalog);
const struct rulebook *catalog_rules(const struct catalog *catalog);
/* Where a rule comes from: a path, or "api". */
const char *catalog_rule_origin(const struct catalog *catalog, const char *ref);
const struct catalog_action *catalog_action(const struct catalog *catalog, const char *ref);
/* By the name that the plugin of an instance calls it: of a contract it serves, or its own. */
const struct catalog_action *catalog_action_of(const struct catalog *catalog, const char *instance,
                                               const char *name);
/* FAULT 404 action.unknown: what was probably meant, or that its domain has no instance. */
int catalog_no_action(const struct catalog *catalog, const char *ref, struct fault *fault);
/* FAULT 404 instance.unknown */
int catalog_no_instance(const struct catalog *catalog, const char *name, struct fault *fault);
const struct catalog_runner *catalog_runner(const struct catalog *catalog, const char *name);
const struct catalog_trigger *catalog_trigger(const struct catalog *catalog, const char *ref);
/* The name nearest to one that is not there, or NULL. */
const char *catalog_nearest_trigger(const struct catalog *catalog, const char *ref);
const struct catalog_instance *catalog_instance(const struct catalog *catalog, const char *name);
const struct catalog_pack *catalog_pack(const struct catalog *catalog, const char *name);
/*
 * The path of the file that the action's entry point names, below its pack's actions. FAULT 404
 * action.no-file: it names none, or that is not there.
 */
int catalog_entry_file(const struct catalog *catalog, const struct catalog_action *action,
                       char **ret, struct fault *fault);
const struct catalog_policy *catalog_policy(const struct catalog *catalog, const char *ref);
/* [{name, description, schema}] */
const json_t *catalog_policy_types(const struct catalog *catalog);
const struct catalog_alias *catalog_alias(const struct catalog *catalog, const char *ref);
/*
 * Does this configuration (made the declared types where nothing is lost) fit the pack's schema? A
 * value that is an expression fits everywhere. FAULT 422 config.invalid.
 */
int catalog_check_config(const struct catalog_pack *pack, json_t *values, struct fault *fault);
bool catalog_is_template(const json_t *value);         /* a text with {{ or {% in it */
bool catalog_has_template(const json_t *value);        /* one anywhere inside */
/* A pack that needs this one, or NULL. */
const char *catalog_who_needs(const struct catalog *catalog, const char *pack);
const struct manifest *catalog_plugin(const struct catalog *catalog, const char *name);
/* In the order of refs; the visitor returns 0 to go on. */
int catalog_each_action(const struct catalog *catalog,
                        int (*visit)(void *, const struct catalog_action *), void *arg);
int catalog_each_trigger(const struct catalog *catalog,
                         int (*visit)(void *, const struct catalog_trigger *), void *arg);
int catalog_each_instance(const struct catalog *catalog,
                          int (*visit)(void *, const struct catalog_instance *), void *arg);
int catalog_each_pack(const struct catalog *catalog,
                      int (*visit)(void *, const struct catalog_pack *), void *arg);
int catalog_each_plugin(const struct catalog *catalog,
                        int (*visit)(void *, const struct manifest *), void *arg);
int catalog_each_alias(const struct catalog *catalog,
                       int (*visit)(void *, const struct catalog_alias *), void *arg);
int catalog_each_sensor(const struct catalog *catalog,
                        int (*visit)(void *, const struct catalog_sensor *), void *arg);
int catalog_each_policy(const struct catalog *catalog,
                        int (*visit)(void *, const struct catalog_policy *), void *arg);
int catalog_each_runner(const struct catalog *catalog,
                        int (*visit)(void *, const struct catalog_runner *), void *arg);
/*
 * Problems that are no reason to refuse the whole: [{file, line?, code, what, why?, try?}];
 * borrowed.
 */
const json_t *catalog_warnings(const struct catalog *catalog);

/*
 * Which instance serves this action with these arguments, and by which row of its plugin:
 * args.instance by name; else, for a domain, the most specific scope; else the only one.
 * FAULT 404 (none; lists what there is), 409 instance.ambiguous (lists the equals).
 */
int catalog_serve(const struct catalog *catalog, const struct catalog_action *action,
                  const json_t *args, const struct catalog_instance **ret_instance,
                  const struct manifest_action **ret_row, struct fault *fault);

#endif
