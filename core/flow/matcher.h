/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One operator with its pattern, ready to judge values: StackStorm's 33 names and their meanings.
 */

#ifndef FLOW_MATCHER_H
#define FLOW_MATCHER_H

#include "base/fault.h"

#include <stdbool.h>

struct matcher;

/* What a judge returns, besides a negative errno; with VERDICT_FAULT the fault is set. */
enum verdict { VERDICT_NO, VERDICT_YES, VERDICT_FAULT };

/* The operator's name in the table's spelling (case does not count), or NULL. */
const char *operator_find(const char *name);
/* The nearest operator's name for "did you mean", or NULL. */
const char *operator_nearest(const char *name);
bool operator_needs_pattern(const char *name);
bool operator_is_search(const char *name);              /* judged by criteria.c, not here */

/* FAULT 422 rule.pattern: what this operator takes. A null pattern matches nothing (but neq). */
int matcher_compile(const char *operator, const json_t *pattern, struct matcher **ret,
                    struct fault *fault);
struct matcher *matcher_free(struct matcher *matcher);  /* NULL; accepts NULL */
/* A verdict; 422 rule.types where the two cannot be compared. A value that is missing is NULL. */
int matcher_judge(const struct matcher *matcher, const json_t *value, struct fault *fault);
/* The constant that a value must equal, or NULL where the operator is another. */
const json_t *matcher_equal_to(const struct matcher *matcher);

#endif
