/* SPDX-License-Identifier: Apache-2.0 */

/* One YAQL expression: what stands between <% and %>. */

#ifndef EXPR_YAQL_H
#define EXPR_YAQL_H

#include "expr/tree.h"

/* FAULT 422 expr.syntax: what is yaql's message ("Parse error: unexpected …"). */
int yaql_parse(struct forest *forest, const char *s, size_t len, const struct node **ret,
               struct fault *fault);

#endif
