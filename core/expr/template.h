/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One text with {{ … }} in it. The value walk (expr.c) knows texts only as templates; the language
 * between the braces is behind reference.h.
 */

#ifndef EXPR_TEMPLATE_H
#define EXPR_TEMPLATE_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>

/* What one evaluation may still make: counted down by all templates of an expr. */
struct budget {
        size_t values, bytes;
};

struct template;

int template_compile(const char *s, size_t len, struct template **ret, struct fault *fault);
struct template *template_free(struct template *template);
bool template_is_constant(const struct template *template);     /* no expression in it */
int template_eval(const struct template *template, const json_t *scope, struct budget *budget,
                  json_t **ret, struct fault *fault);

#endif
