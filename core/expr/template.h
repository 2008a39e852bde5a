/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One text with expressions in it. The value walk (expr.c) knows texts only as templates; what
 * stands between the braces is behind jinja.h and yaql.h.
 */

#ifndef EXPR_TEMPLATE_H
#define EXPR_TEMPLATE_H

#include "expr/expr.h"
#include "expr/run.h"

struct template;

int template_compile(const char *s, size_t len, enum expr_rules rules, struct template **ret,
                     struct fault *fault);
struct template *template_free(struct template *template);
bool template_is_constant(const struct template *template);     /* no expression in it */
/* The value, kept by the run; NULL and a failure, for template_fault to describe. */
json_t *template_eval(const struct template *template, struct run *run);
int template_fault(const struct template *template, const struct run *run, struct fault *fault);

#endif
