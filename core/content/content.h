/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What people give the hub to work by: domain contracts, plugins, packs, the configuration's
 * instances, and the rules, policies, aliases … that they make at run time. All of it becomes one
 * catalog, built here and handed to the hub; whoever changes something has the next catalog built,
 * and it is swapped in whole or the reason why not is the answer.
 *
 * Everything here may be called on any thread, and blocks: a catalog is built, a commit waited for.
 *
 *   content.c  the room's life; the catalog that is in force, and the next one
 *   build.c    a catalog from everything that defines something
 *   edit.c     what people make, change and switch at run time
 *   pack.c     packs installed, rolled back, removed; plugins trusted
 *   sweep.c    versions of packs and copies of plugins that nobody needs any more
 *   config.c   configurations of packs
 *   trial.c    what a rule would do
 */

#ifndef CONTENT_CONTENT_H
#define CONTENT_CONTENT_H

#include "catalog/catalog.h"

struct content;
struct expr_world;
struct host;
struct hub;
struct loop;
struct pool;
struct seal;
struct store;

struct content_options {
        struct loop *loop;
        struct pool *pool;
        struct store *store;
        struct seal *seal;
        struct host *host;
        const char *state_dir;
        const char *copies_dir;         /* of plugins; NULL: state_dir */
        const char *host_program;
        /* NULL-terminated folders */
        const char *const *plugin_path, *const *pack_path, *const *contract_path;
        const json_t *instances;        /* definitions of the configuration, with "origin" */
};

/*
 * Build the first catalog, a new reference; what is wrong with a file is reported and the file left
 * out. Before the hub is started, which begins with that catalog.
 */
int content_open(const struct content_options *options, struct content **ret,
                 struct catalog **ret_catalog, struct fault *fault);
/*
 * What would be left out of the catalog that these options make, as content_problems() has it:
 * without the store (options->store is NULL) and what people made at run time, and with nothing
 * changed but below copies_dir.
 */
int content_check(const struct content_options *options, json_t **ret, struct fault *fault);
/* This hub works by it: it gets each new catalog, and what nobody needs any more is deleted. */
void content_serve(struct content *content, struct hub *hub);
/* After the pool; the hub is not asked any more. NULL; accepts NULL. */
struct content *content_close(struct content *content);
/* All or nothing: a fault leaves the old catalog. instances: as in the options. */
int content_reload(struct content *content, const json_t *instances, struct fault *fault);
/* The same with the instances that it has: files of packs may have changed. */
int content_rebuild(struct content *content, struct fault *fault);
/*
 * What the catalog in force had to leave out ([{kind: "instance", "plugin" …, what, code, try}]) and
 * its warnings ([{file, line, code, what, why, try}]), in one list; new.
 */
json_t *content_problems(struct content *content);

/* ---- what people make at run time ---- */

struct content_item {
        const char *kind;       /* "rule", "policy", "alias", "action", "instance", "trigger" */
        const char *ref;        /* of an instance: its name */
        const json_t *body;     /* NULL deletes */
        const char *user;
};
/* create: it must not exist. FAULT 409 KIND.from-file says which, 409 content.exists, 422. */
int content_put(struct content *content, const struct content_item *item, bool create,
                struct fault *fault);
/* Whoever defines it: a rule, policy, alias, action or sensor. body does not count. 404. */
int content_enable(struct content *content, const struct content_item *item, bool enabled,
                   struct fault *fault);

/* ---- packs and plugins ---- */

/*
 * A pack's configuration, checked against its schema: FAULT 404 pack.unknown, 422 config.invalid.
 * Secrets come out masked unless in_clear; *ret is new.
 */
int content_config_put(struct content *content, const char *pack, const json_t *values,
                       const char *user, struct fault *fault);
int content_config_get(struct content *content, const char *pack, bool in_clear, json_t **ret,
                       struct fault *fault);
/*
 * The same as the pack's actions see it (hub_options.config_context): defaults filled in, secrets
 * in the clear, expressions rendered in this world.
 */
int content_config_context(void *content, const struct expr_world *world,
                           const struct catalog *catalog, const char *pack, json_t **ret,
                           struct fault *fault);
/*
 * archive_fd, or a folder when it is -1. upgrade: it must exist already; else it must not. *ret:
 * the pack.
 */
int content_pack_install(struct content *content, int archive_fd, const char *folder, bool upgrade,
                         const char *user, json_t **ret, struct fault *fault);
int content_pack_rollback(struct content *content, const char *name, const char *user, json_t **ret,
                          struct fault *fault);
int content_pack_remove(struct content *content, const char *name, const char *user,
                        struct fault *fault);
int content_plugin_trust(struct content *content, const char *name, const char *user,
                         struct fault *fault);

/* ---- trials of rules: by ref or by definition; nothing is done ---- */

/* Would it match, and which criterion fails? */
int content_rule_test(struct content *content, const char *ref, const json_t *definition,
                      const json_t *payload, json_t **ret, struct fault *fault);
/*
 * Which executions would this rule have made of the events since then? {rule, since, events,
 * matched, failed, truncated, executions: [{event, occurred_at, action, parameters, error?}]}, at
 * most limit of them. Start limits and other rules play no part. Looks at a million events at most.
 */
int content_rule_replay(struct content *content, const char *ref, const json_t *definition,
                        int64_t since_ms, size_t limit, json_t **ret, struct fault *fault);

#endif
