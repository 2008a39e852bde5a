/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the rulebook sees of a rule beyond rule.h: its criteria, judged in a scope made once an
 * event.
 */

#ifndef FLOW_RULE_CRITERIA_H
#define FLOW_RULE_CRITERIA_H

#include "expr/expr.h"
#include "flow/criteria.h"
#include "flow/rule.h"

const struct criteria *rule_criteria(const struct rule *rule);
/* A verdict; the world's names are rule_scope(payload). */
int rule_judge(const struct rule *rule, const struct expr_world *world, struct fault *fault);
/* {trigger: payload}: the names that criteria and parameters can use; new reference. */
json_t *rule_scope(const json_t *payload);
/* The world of one event: the functions of world (may be NULL), and these names. */
struct expr_world rule_world(const struct expr_world *world, const json_t *names);

#endif
