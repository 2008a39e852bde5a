/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The criteria of a rule, and those inside a search: key, operator and pattern, all ANDed. Among
 * them, the keys "any" and "all" hold lists of such objects, and "not" holds one: groups, which may
 * hold groups.
 */

#ifndef FLOW_CRITERIA_H
#define FLOW_CRITERIA_H

#include "flow/matcher.h"
#include "flow/path.h"

#define CRITERIA_MAX 100                /* of one rule or one search */

struct criteria;
struct expr_world;

/* source is an object, or NULL for none. FAULT 422 rule.*: which criterion, what would do. */
int criteria_compile(const json_t *source, struct criteria **ret, struct fault *fault);
struct criteria *criteria_free(struct criteria *criteria);      /* NULL; accepts NULL */
size_t criteria_count(const struct criteria *criteria);

/*
 * A verdict. The world's names are {trigger, system}; its functions are those that patterns with
 * expressions may call. A criterion that does not hold decides, whether or not others can be judged, so the
 * answer depends on no order.
 */
int criteria_judge(const struct criteria *criteria, const struct expr_world *world,
                   struct fault *fault);
/* One row a criterion for rule_explain(). */
json_t *criteria_explain(const struct criteria *criteria, const struct expr_world *world);

/*
 * For an index. The i-th criterion asks whether path equals a constant, and no earlier one asks
 * about the same path: both borrowed; false for all others. The rest are those others.
 */
bool criteria_equality(const struct criteria *criteria, size_t i, const struct path **ret_path,
                       const json_t **ret_constant);
size_t criteria_count_rest(const struct criteria *criteria);
int criteria_judge_rest(const struct criteria *criteria, const struct expr_world *world,
                        struct fault *fault);

#endif
