/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Regular expressions that other people wrote: PCRE2 with bounds on the pattern, on steps and on
 * memory, so that no pattern and no text can hold a thread. Compiled once, matched by many threads.
 */

#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include "base/fault.h"

#include <stddef.h>

#define REGEX_PATTERN_MAX 4096

enum regex_flags {
        REGEX_ECMA = 1 << 0,            /* JSON Schema's: ASCII classes, $ is the very end */
        REGEX_PYTHON = 1 << 1,          /* re's: Unicode classes, $ also before a last newline */
        REGEX_CASELESS = 1 << 2,
        REGEX_DOTALL = 1 << 3,
        REGEX_AT_START = 1 << 4,        /* as re.match */
        REGEX_TO_END = 1 << 5,
        REGEX_MULTILINE = 1 << 7,
        REGEX_LITERAL = 1 << 6,         /* no character of the pattern means anything but itself */
};

struct regex;

/* FAULT 422 regex.syntax: the pattern, the position, what PCRE2 expected. */
int regex_compile(const char *pattern, unsigned flags, struct regex **ret, struct fault *fault);
struct regex *regex_free(struct regex *regex);                  /* NULL; accepts NULL */
/* 1 it matches somewhere, 0 nowhere, -ELOOP past the step limit, -ENOMEM. s must be UTF-8. */
int regex_match(const struct regex *regex, const char *s, size_t len);
/*
 * The first match from byte from on. groups[2 * i] and [2 * i + 1] are where group i begins and ends
 * (the whole is group 0), both REGEX_NONE where it took no part. The number of groups in the
 * pattern, with the whole and at most n; else as regex_match().
 */
#define REGEX_NONE ((size_t)-1)
int regex_find(const struct regex *regex, const char *s, size_t len, size_t from, size_t *groups,
               size_t n);
/* The number of the group that has a name; -1: none has. */
int regex_group_named(const struct regex *regex, const char *name);

#endif
