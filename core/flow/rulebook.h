/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All rules of one moment, indexed so that an event's cost does not grow with rules that cannot
 * match: first by trigger key; then, for rules with equality criteria on constants, by the paths
 * and values of all of these together. Immutable once built; shared by all accepting threads by
 * reference.
 */

#ifndef FLOW_RULEBOOK_H
#define FLOW_RULEBOOK_H

#include "flow/rule.h"

struct rulebook;

struct rulebook *rulebook_new(void); /* empty; to be filled by one thread */
/* Takes the rule when it returns 0; -EEXIST for the same ref. */
int rulebook_add(struct rulebook *book, struct rule *rule);
struct rulebook *rulebook_ref(struct rulebook *book);           /* from here on it is immutable */
struct rulebook *rulebook_unref(struct rulebook *book);         /* NULL; accepts NULL */
const struct rule *rulebook_find(const struct rulebook *book, const char *ref);
/* Does an enabled rule listen to this trigger key? */
bool rulebook_has(const struct rulebook *book, const char *trigger_key);
/* Every rule in the order of refs; the visitor returns 0 to go on. */
int rulebook_each(const struct rulebook *book, int (*visit)(void *arg, const struct rule *rule),
                  void *arg);

/*
 * Visit, in the order of refs, the enabled rules that match: standard ones, else backstops. fault
 * is NULL for those; it is set for a rule whose criteria could not be judged, which is visited too.
 * world: as in rule.h. 0, -ENOMEM, or what the visitor returned to stop.
 */
typedef int rulebook_hit(void *arg, const struct rule *rule, const struct fault *fault);
int rulebook_match(const struct rulebook *book, const char *trigger_key,
                   const struct expr_world *world, const json_t *payload, rulebook_hit *hit,
                   void *arg);

#endif
