/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Does Kaname do what StackStorm did? Each kind of recorded case has a row in the table of main.c: a
 * file of lines, which lines of it, who judges a line, and how many of those that can be judged must
 * agree.
 */

#ifndef CONFORMANCE_FRAME_H
#define CONFORMANCE_FRAME_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum agreement { AGREED, DIFFERED, SKIPPED };

struct outcome {
        enum agreement verdict;
        char *detail;                   /* what differs, or why it was skipped */
        size_t of, agreed;              /* a line of several steps: how many, and how many agreed */
        json_t *memory;                 /* a list that the kind's judge keeps from line to line */
};

struct kind {
        const char *name, *file;        /* below DIR/conformance */
        const char *member, *value;     /* only lines with this member; NULL: all */
        void (*judge)(const json_t *line, struct outcome *ret);
        int needed;                     /* percent of what is not skipped */
};

__attribute__((format(printf, 3, 4)))
void outcome_set(struct outcome *ret, enum agreement verdict, const char *fmt, ...);
/* DIFFERED, with both values, unless they are the same. */
void outcome_compare(struct outcome *ret, const json_t *expected, const json_t *got);

/* lives.c, rehearsals.c */
void judge_conductor(const json_t *line, struct outcome *ret);
void judge_rehearsal(const json_t *line, struct outcome *ret);
void judge_inspection(const json_t *line, struct outcome *ret);
/* packs.c: all of DIR/packs, as a kind of its own. */
bool judge_packs(const char *dir);
/* aliases.c, expressions.c, operators.c */
void judge_alias(const json_t *line, struct outcome *ret);
void judge_eval(const json_t *line, struct outcome *ret);
void judge_jinja(const json_t *line, struct outcome *ret);
void judge_operator(const json_t *line, struct outcome *ret);

#endif
