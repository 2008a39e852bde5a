/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The words of a Jinja template, and its text between them, with the blanks around tags taken away
 * as StackStorm's environment does: one line break after a statement, and what is before it on its
 * line; all blanks on the side of a -.
 */

#ifndef EXPR_JINJA_LEXER_H
#define EXPR_JINJA_LEXER_H

#include "base/fault.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum jinja_kind {
        JINJA_END, JINJA_DATA, JINJA_OUTPUT_BEGIN, JINJA_OUTPUT_END, JINJA_BLOCK_BEGIN,
        JINJA_BLOCK_END, JINJA_NAME, JINJA_STRING, JINJA_INTEGER, JINJA_FLOAT, JINJA_OPERATOR,
};

struct jinja_token {
        enum jinja_kind kind;
        const char *s;
        size_t len, at;
};

#define JINJA_BRACKETS_MAX 100

struct jinja_lexer {
        const char *text, *s, *end;
        enum { IN_DATA, IN_OUTPUT, IN_BLOCK } state;
        bool is_expression;             /* no tags, from the start to the end */
        bool trim_line, trim_all;       /* of the data that comes next */
        const char *data_end;           /* of data that was found already: the tag after it */
        char brackets[JINJA_BRACKETS_MAX];
        size_t open;
        struct fault *fault;
};

/* FAULT 422 expr.syntax: what is jinja2's message, detail has "at". */
int jinja_next(struct jinja_lexer *lexer, struct jinja_token *ret);
/* How messages name a token. */
const char *jinja_describe(const struct jinja_token *token, char room[80]);

#endif
