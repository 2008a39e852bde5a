/* SPDX-License-Identifier: Apache-2.0 */

/* What both spellings do with text, with Python's meaning: split, strip, replace, find. */

#ifndef EXPR_WORDS_H
#define EXPR_WORDS_H

#include "expr/letters.h"
#include "expr/run.h"

json_t *words_case(struct run *run, const json_t *text, enum letters_case which);
/* Filled up to width characters: '<' on the right, '>' on the left, '^' on both sides. */
json_t *words_pad(struct run *run, const json_t *text, int64_t width, char align,
                  const char *fill);
/* separator NULL or null: at blanks. most < 0: all. */
json_t *words_split(struct run *run, const json_t *text, const json_t *separator, int64_t most);
json_t *words_split_right(struct run *run, const json_t *text, const json_t *separator,
                          int64_t most);
/* Of the left (1), the right (2) side, or both (3); chars NULL or null: blanks. */
json_t *words_strip(struct run *run, const json_t *text, const json_t *chars, unsigned sides);
json_t *words_replace(struct run *run, const json_t *text, const json_t *old, const json_t *by,
                      int64_t most);
/* The character where sub stands within [from, to), or -1. */
int64_t words_find(const json_t *text, const json_t *sub, int64_t from, int64_t to, bool last);
/* Lines of at most width letters, with between for the break. */
struct wrapping {
        int64_t width;
        bool breaks_words;              /* longer than a line */
        bool breaks_hyphens;            /* behind one */
        const char *between;
};
json_t *words_wrap(struct run *run, const json_t *text, const struct wrapping *how);
/* Python's str.format: {} {0} {name} {0.a} {0[k]} {:>10} {!r}. args a list, named an object. */
json_t *words_format(struct run *run, const json_t *format, json_t *args, json_t *named);
/* Python's "%s" % args. */
json_t *words_percent(struct run *run, const json_t *format, json_t *args);

#endif
