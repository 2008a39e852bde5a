/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Expressions in rules and parameters. For now: plain references, {{ trigger.body.alerts.0.name }}
 * and {{ trigger.body["a-b"] }}, anywhere in text or alone (then the value keeps its type). The
 * full language (Jinja and YAQL forms) takes the same three functions. Compiled once, evaluated by
 * many threads at once; pure and total: no input makes it loop, grow without bound or call
 * anything.
 */

#ifndef EXPR_EXPR_H
#define EXPR_EXPR_H

#include "base/fault.h"

#include <stdbool.h>

struct expr;                            /* a compiled JSON value whose texts may hold expressions */

/*
 * Compile every text in value, deeply. FAULT 422 expr.syntax: expression, position, what was
 * expected.
 */
int expr_compile(const json_t *value, struct expr **ret, struct fault *fault);
struct expr *expr_free(struct expr *expr);              /* NULL; accepts NULL */
bool expr_is_constant(const struct expr *expr);
/*
 * A new value with every expression replaced. scope is an object whose members are the names that
 * can be used ("trigger", "system"). FAULT 422: expr.undefined (name and where), expr.limit
 * (which).
 */
int expr_eval(const struct expr *expr, const json_t *scope, json_t **ret, struct fault *fault);

#endif
