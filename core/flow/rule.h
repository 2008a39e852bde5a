/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rules: on an event of this trigger that meets these criteria, run this action with these
 * parameters. StackStorm's keys, operators and meanings (its own source is the reference): criteria
 * are ANDed, a criterion's key is a path into {trigger: payload}, text after # is ignored, the
 * first match counts, missing is null; a rule with criteria never matches an empty payload. Ours
 * beside them: groups of criteria, "any", "all" and "not" (criteria.h).
 *
 * Patterns and parameters may hold expressions. They see the event as trigger; what else they may
 * call, st2kv for one, comes with a world, of which everything but the names counts; NULL: nothing.
 */

#ifndef FLOW_RULE_H
#define FLOW_RULE_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

struct rule;
struct expr_world;

/*
 * Compile a rule's definition: name*, pack, description, enabled, type, trigger*, criteria,
 * action*, context, tags, and ours: limit_per_minute (starts, default 120; 0: none). FAULT 422 says
 * which key, what was found, and what would do (nearest operator, for one).
 */
int rule_compile(const json_t *definition, struct rule **ret, struct fault *fault);
struct rule *rule_free(struct rule *rule);              /* NULL; accepts NULL */
/* Can it still fire? FAULT 422 timer.never where all times of its timer have passed. */
int rule_check_fires(const struct rule *rule, int64_t now_ms, struct fault *fault);
const char *rule_ref(const struct rule *rule);          /* "pack.name" */
const json_t *rule_definition(const struct rule *rule);
/*
 * The ref of the trigger that this rule listens to. Rules on parametrised triggers (webhook,
 * timers) listen to one instance of the type: "core.st2.webhook?url=alerts",
 * "core.st2.IntervalTimer?" and its canonical parameters. trigger_key() makes the same text for an
 * event.
 */
const char *rule_trigger_key(const struct rule *rule);
char *trigger_key(const char *type, const json_t *parameters);
const char *rule_action(const struct rule *rule);
bool rule_is_enabled(const struct rule *rule);
bool rule_is_backstop(const struct rule *rule);
int64_t rule_limit_per_minute(const struct rule *rule);

/*
 * Does it match? FAULT: a criterion could not be judged (unlike types) and no other one decides: a
 * failed enforcement. (FAULT is 1, so the answer has a place of its own.)
 */
int rule_matches(const struct rule *rule, const struct expr_world *world, const json_t *payload,
                 bool *ret, struct fault *fault);
/*
 * The same, told in full: [{key, operator, pattern, value, matched, error?, parts?}]; parts, of a
 * group: [{matched, criteria: [as here]}]. New reference.
 */
json_t *rule_explain(const struct rule *rule, const struct expr_world *world,
                     const json_t *payload, bool *ret_matched);
/* The action's parameters for this event. FAULT 422 expr.*. */
int rule_parameters(const struct rule *rule, const struct expr_world *world,
                    const json_t *payload, json_t **ret, struct fault *fault);

#endif
