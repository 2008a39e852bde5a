/* SPDX-License-Identifier: Apache-2.0 */

/* The words of YAQL. */

#ifndef EXPR_YAQL_LEXER_H
#define EXPR_YAQL_LEXER_H

#include "base/fault.h"

#include <stddef.h>

enum yaql_kind {
        YAQL_END, YAQL_STRING, YAQL_NUMBER, YAQL_WORD, YAQL_FUNCTION /* name( */, YAQL_DOLLAR,
        YAQL_OPERATOR, YAQL_TRUE, YAQL_FALSE, YAQL_NULL,
};

struct yaql_token {
        enum yaql_kind kind;
        const char *s;
        size_t len, at;
        json_t *value;                  /* of strings and numbers; the lexer's */
        int power;                      /* of binary operators: higher binds tighter */
};

struct yaql_lexer {
        const char *text, *s, *end;
        json_t *values;                 /* owns those of the tokens */
        struct fault *fault;
};

/* FAULT 422 expr.syntax with yaql's text, or -ENOMEM. */
int yaql_next(struct yaql_lexer *lexer, struct yaql_token *ret);

#endif
