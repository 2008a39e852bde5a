/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the rulebook sees of a rule beyond rule.h: its criteria, judged in a scope made once an
 * event.
 */

#ifndef FLOW_RULE_CRITERIA_H
#define FLOW_RULE_CRITERIA_H

#include "flow/criteria.h"
#include "flow/rule.h"

const struct criteria *rule_criteria(const struct rule *rule);
/* A verdict; scope is rule_scope(payload). */
int rule_judge(const struct rule *rule, const json_t *scope, struct fault *fault);
/* {trigger: payload, system: {}}: the names that criteria and parameters can use; new reference. */
json_t *rule_scope(const json_t *payload);

#endif
