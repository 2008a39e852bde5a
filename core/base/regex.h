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
        REGEX_LITERAL = 1 << 6,         /* no character of the pattern means anything but itself */
};

struct regex;

/* FAULT 422 regex.syntax: the pattern, the position, what PCRE2 expected. */
int regex_compile(const char *pattern, unsigned flags, struct regex **ret, struct fault *fault);
struct regex *regex_free(struct regex *regex);                  /* NULL; accepts NULL */
/* 1 it matches somewhere, 0 nowhere, -ELOOP past the step limit, -ENOMEM. s must be UTF-8. */
int regex_match(const struct regex *regex, const char *s, size_t len);

#endif
