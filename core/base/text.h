/* SPDX-License-Identifier: Apache-2.0 */

/* Growing text, and the few string questions that the C library leaves open. */

#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
        char *s;                /* NUL-terminated once anything was added, else NULL */
        size_t len, room;
        bool failed;            /* out of memory at some point: the content is not whole */
};

#define TEXT_INIT { NULL, 0, 0, false }

void text_add(struct text *text, const char *s);
void text_add_bytes(struct text *text, const void *bytes, size_t len);
void text_addf(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Hand the string over to the caller (never NULL unless out of memory) and start again. */
char *text_take(struct text *text);
void text_deinit(struct text *text);

#define _text_ __attribute__((cleanup(text_deinit)))

bool text_equal(const char *a, const char *b);                  /* NULL equals NULL only */
bool text_starts_with(const char *s, const char *prefix);
bool text_ends_with(const char *s, const char *suffix);
/* fnmatch-like: * and ? only, no classes; what grants and filters use. */
bool text_matches(const char *s, const char *pattern);
bool text_is_utf8(const char *s, size_t len);
/* [a-zA-Z0-9_.-]+, at most 128 bytes, no leading dot: what may become part of a path or a ref. */
bool text_is_name(const char *s);
/* Whole decimal number within the bounds; false and *ret untouched otherwise. */
bool text_to_int(const char *s, int64_t min, int64_t max, int64_t *ret);
/* The nearest of the candidates (NULL-terminated) for "did you mean", or NULL if none is near. */
const char *text_nearest(const char *s, const char *const *candidates);

#endif
