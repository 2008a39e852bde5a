/* SPDX-License-Identifier: Apache-2.0 */

/* Query strings and forms: name=value pairs, decoded in place, strict and bounded. */

#ifndef REST_QUERY_H
#define REST_QUERY_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUERY_MAX 64

struct query {
        size_t n;
        struct {
                const char *name, *value;
        } pairs[QUERY_MAX];
};

/*
 * Percent-decode s in place ("+" is a space where plus is set). FAULT 400: a broken escape, a NUL,
 * or text that is not UTF-8.
 */
int query_decode(char *s, bool plus, struct fault *fault);
/* Split and decode text in place (NULL: no pairs). FAULT 400. */
int query_parse(char *text, struct query *ret, struct fault *fault);
/* A form as an object: {"a": "1", "b": ["2", "3"]}. text is consumed. */
int query_form(char *text, json_t **ret, struct fault *fault);

/* The last one of that name; NULL if it is absent or empty. */
const char *query_text(const struct query *query, const char *name);
/*
 * Absent: *ret is untouched and 0 is returned. FAULT 400 query.invalid names it and what it must
 * be.
 */
int query_int(const struct query *query, const char *name, int64_t min, int64_t max, int64_t *ret,
              struct fault *fault);
int query_bool(const struct query *query, const char *name, bool *ret, struct fault *fault);
int query_time(const struct query *query, const char *name, int64_t *ret_ms, struct fault *fault);
/* Is item in the comma list (of all occurrences) called name? */
bool query_list_has(const struct query *query, const char *name, const char *item);

#endif
