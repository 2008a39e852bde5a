/* SPDX-License-Identifier: Apache-2.0 */

/* What jansson leaves to its user: limits on input, paths into values, one canonical spelling. */

#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_limits {
        size_t bytes;           /* the text */
        unsigned depth;         /* nested containers */
        const char *bytes_setting, *depth_setting;      /* named in the fault; may be NULL */
};

/*
 * Parse one JSON text: UTF-8, no duplicate members, nothing after it; any value may be the root.
 * FAULT 413 (too big), 400 (not JSON: says line and column, or too deep: names the setting).
 * limits NULL: 1 MiB, 64 deep.
 */
int json_parse(const char *s, size_t len, const struct json_limits *limits, json_t **ret,
               struct fault *fault);
/* A file's one JSON text; FAULT names the path. */
int json_parse_file(const char *path, const struct json_limits *limits, json_t **ret,
                    struct fault *fault);

/*
 * The value of a text that passed json_parse() once and was written by us since: a NUL that was let
 * in then comes out again. NULL for NULL, where the text is damaged, or out of memory.
 */
json_t *json_stored(const char *text);

/* The spelling that hashes and comparisons use: sorted keys, no spaces. NULL when out of memory. */
char *json_canonical(const json_t *value);
char *json_compact(const json_t *value);                        /* insertion order, no spaces */

/*
 * The value at "a.b.0" ("" is the root; \. is a dot in a name), borrowed; NULL where there is none.
 */
json_t *json_at(const json_t *value, const char *path);
/*
 * Put value (stolen) at path, making objects on the way; -EINVAL where a step is not an object,
 * -ENOMEM.
 */
int json_put_at(json_t **root, const char *path, json_t *value);

/*
 * Numbers by value, whatever their type: -1, 0 or 1. Both must be numbers; the booleans count as 1
 * and 0.
 */
int json_compare_numbers(const json_t *a, const json_t *b);
/*
 * Equal as values, deeply: 1 is 1.0. Python's booleans are numbers (true is 1), JSON Schema's are
 * not. Equal values have equal hashes under the same rule; the hash is for this process only.
 */
enum json_sameness { JSON_SAME_STRICT, JSON_SAME_PYTHON };
bool json_same(const json_t *a, const json_t *b, enum json_sameness rule);
uint64_t json_hash(const json_t *value, enum json_sameness rule);

/*
 * Typed members with a default; the text is borrowed from the value. One with a NUL in it is none.
 */
const char *json_text_of(const json_t *object, const char *key, const char *or_else);
int64_t json_int_of(const json_t *object, const char *key, int64_t or_else);
bool json_bool_of(const json_t *object, const char *key, bool or_else);
/* This text is in the list; NULL is in none. */
bool json_has_text(const json_t *list, const char *text);
/* Set key to text, or to null for NULL. */
void json_set_text(json_t *object, const char *key, const char *text);

#endif
