/* SPDX-License-Identifier: Apache-2.0 */

/* What the files of this room share while they build a catalog. Nobody outside includes it. */

#ifndef CATALOG_BUILD_H
#define CATALOG_BUILD_H

#include "base/cleanup.h"
#include "catalog/catalog.h"
#include "catalog/table.h"

struct catalog {
        unsigned refs;
        json_t *builtin;                /* builtin.json */
        struct table runners;           /* name → struct catalog_runner */
        struct table actions;           /* ref → struct catalog_action */
        struct table triggers;
        struct table instances;
        struct table plugins;           /* name → struct manifest */
        struct table packs;
        struct table policies;
        struct table aliases;           /* ref → struct catalog_alias */
        struct table sensors;           /* ref → struct catalog_sensor; Python's */
        struct table contracts;         /* domain → struct contract */
        struct table
                rules; /* ref → struct rule_entry, until catalog_finish() moves them into the book */
        struct table origins;           /* rule ref → a copy of its origin */
        struct rulebook *book;
        json_t *warnings;
};

CLEANUP_DEFINE(struct schema *, schema_unref);
CLEANUP_DEFINE(struct catalog *, catalog_unref);

/* ---- actions ---- */

/*
 * Put an action into the catalog. metadata (stolen) is StackStorm's shape: name, pack, description,
 * enabled, entry_point, runner_type, parameters …; what it lacks is filled in, and the texts of the
 * action point into it. What arguments must fit is made of the runner's parameters and of the
 * action's, as StackStorm does. *ret (borrowed, may be NULL) is there to be completed. FAULT 409
 * action.duplicate.
 */
int action_put_metadata(struct catalog *catalog, json_t *metadata, struct catalog_action **ret,
                        struct fault *fault);
/* A plugin's action: the schema with "instance" added. source NULL: no parameters. Takes returns. */
int action_put_schema(struct catalog *catalog, json_t *metadata, const struct schema *source,
                      struct schema *returns, struct catalog_action **ret, struct fault *fault);

/*
 * The schema of parameters as packs write them, {name: {type, required, default, …}}: those that are
 * not required may be null; others are refused.
 */
int parameters_compile(const json_t *parameters, struct schema **ret, struct fault *fault);

/* ---- triggers, rules, warnings ---- */

/*
 * definition: StackStorm's keys, or a plugin's and contract's (summary, payload). FAULT 409
 * trigger.duplicate.
 */
int trigger_put(struct catalog *catalog, const char *pack, const json_t *definition,
                const char *origin, struct fault *fault);
void trigger_free(void *trigger);
void pack_row_free(void *pack);
/* Compile and put the rules into the book; warn of what they name and nobody has. */
int rules_finish(struct catalog *catalog, struct fault *fault);
/* One entry a contract action that some instance's plugin has. */
int domains_finish(struct catalog *catalog, struct fault *fault);
/* Default instances. 0 or -ENOMEM. */
int instances_finish(struct catalog *catalog);
void instance_free(void *instance);
void rule_entry_free(void *entry);
void policy_free(void *policy);
void alias_row_free(void *row);
void sensor_row_free(void *row);
int sensor_put(struct catalog *catalog, const json_t *source, const char *pack,
               const char *origin, struct fault *fault);
/* Aliases name actions that are there (a warning, not a fault). 0 or -ENOMEM. */
int aliases_finish(struct catalog *catalog);
/* What a pack says it needs of another: one item of pack.yaml's dependencies. */
struct need {
        char name[128];
        const char *relation, *version;         /* into the item's text; version NULL: any */
        size_t relation_len;
};
/* FAULT 422 where the text names no pack. */
int need_read(const char *text, struct need *ret, struct fault *fault);
/* Does this version (NULL: it is not there) meet what that pack needs? FAULT 422. */
int need_check(const struct need *need, const char *pack, const char *version,
               struct fault *fault);
/* Warn of the dependencies of a pack that the packs of present do not meet, and of circles. */
void pack_check_needs(struct catalog *catalog, const struct catalog *present,
                      const struct catalog_pack *pack);
void packs_finish(struct catalog *catalog);
/* Bring policies and actions together. 0 or -ENOMEM. */
int policies_finish(struct catalog *catalog);

/* Keep a fault as a warning about a file; empties it. line 0: not known. */
void warn(struct catalog *catalog, const char *file, unsigned line, struct fault *fault);
/* The same, with the line read from the file; a warning for each place that the fault lists. */
void warn_in_file(struct catalog *catalog, const char *path, struct fault *fault);

#endif
