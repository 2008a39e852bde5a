/* SPDX-License-Identifier: Apache-2.0 */

/* Regular expressions as values and functions, by base/regex and its limits. */

#ifndef EXPR_REGULAR_H
#define EXPR_REGULAR_H

#include "base/regex.h"
#include "expr/run.h"

/* 1 pattern (text or a regex of YAQL) is found in text, 0 it is not or the run failed. */
int regular_search(struct run *run, const json_t *pattern, const json_t *text);
json_t *regular_new(struct run *run, const char *pattern, size_t len, unsigned flags);

#define REGULAR_GROUPS 32

/* Matches of a pattern in a text, one after the other, as re.finditer. */
struct matches {
        struct run *run;
        struct regex *regex;
        const char *s;
        size_t len, at, n;
        size_t groups[2 * REGULAR_GROUPS];
};

/* False and the run failed: ValueError for a pattern that is none. */
bool matches_begin(struct matches *matches, struct run *run, const json_t *pattern,
                   const json_t *text, unsigned flags);
bool matches_next(struct matches *matches);     /* false: no more, or the run failed */
void matches_end(struct matches *matches);
/* What a group matched; null where it took no part. */
json_t *matches_group(struct matches *matches, size_t group);
/* A replacement of re.sub, with \1 and \g<name>, into text. */
bool matches_expand(struct matches *matches, const char *s, size_t len, struct text *text);

#endif
