/* SPDX-License-Identifier: Apache-2.0 */

/* A plain reference, trigger.body["a-b"][0].x: what stands between {{ and }} today. */

#ifndef EXPR_REFERENCE_H
#define EXPR_REFERENCE_H

#include "base/fault.h"

struct reference;

/* s[0..len) is one reference and blanks. FAULT 422 expr.syntax: position and what was expected. */
int reference_parse(const char *s, size_t len, struct reference **ret, struct fault *fault);
struct reference *reference_free(struct reference *reference);
/* The value, borrowed from scope. FAULT 422 expr.undefined: the first step that does not exist. */
int reference_find(const struct reference *reference, const json_t *scope, const json_t **ret,
                   struct fault *fault);

#endif
