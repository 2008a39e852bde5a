/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What records look like outside: StackStorm's shapes, and ours beside them. Secrets are masked
 * here unless the caller says otherwise. All return new references.
 *
 * StackStorm names things by 24-hex ids and by refs. Ours have refs only, so an id is made from the
 * ref: the same ref has the same id for ever, and each is found by either.
 */

#ifndef REST_SHAPE_H
#define REST_SHAPE_H

#include "catalog/catalog.h"
#include "store/store.h"

#include <stdbool.h>

struct rule;

#define SHAPE_MASK "********"

/* The id that stands for a ref of this kind ("action", "rule", …). */
const char *shape_id(const char *kind, const char *ref, char text[ID_TEXT_SIZE]);
/* Does this ref go by that name, which is a ref or an id? */
bool shape_is(const char *kind, const char *ref, const char *ref_or_id);
/* The rule of that name, NULL where there is none. */
const struct rule *shape_find_rule(const struct catalog *catalog, const char *ref_or_id);
/* Its ref, for what is kept by refs; that of a rule that is gone is taken as it is. */
const char *shape_rule_ref(const struct catalog *catalog, const char *ref_or_id);

struct shape {
        const struct catalog *catalog;
        bool show_secrets;
        bool with_result;
        uint64_t result_max;            /* larger results are left out; 0: none is */
};

json_t *shape_time(int64_t ms);                                         /* null for 0 */
json_t *shape_ref(const struct id *id);                                 /* null for the zero id */
json_t *shape_execution(const struct shape *shape, const struct store_execution *execution);
json_t *shape_action(const struct catalog_action *action);
json_t *shape_trigger_type(const struct catalog_trigger *trigger);
/* A rule; view: with the descriptions of trigger and action that StackStorm's rules/views adds. */
json_t *shape_rule(const struct catalog *catalog, const struct rule *rule, bool view);
/* An instance of a trigger type: what a webhook or timer rule listens to. */
json_t *shape_trigger(const struct catalog *catalog, const char *type, const json_t *parameters);
json_t *shape_event(const struct store_event *event);
json_t *shape_enforcement(const struct store_enforcement *enforcement);
json_t *shape_change(const struct shape *shape, const struct store_change *change);
json_t *shape_key(const struct store_key *key,
                  const char *clear); /* clear: the unsealed value, or NULL */
json_t *shape_policy(const struct catalog_policy *policy);
json_t *shape_policy_type(const json_t *type);
/* What an execution asks, or asked, of a person; null for one that never did. */
json_t *shape_inquiry(const struct store_execution *execution);
json_t *shape_instance(const struct catalog_instance *instance);
json_t *shape_plugin(const struct manifest *plugin);
json_t *shape_pack(const struct catalog_pack *pack);
json_t *shape_runner(const struct catalog *catalog, const char *name);

#endif
