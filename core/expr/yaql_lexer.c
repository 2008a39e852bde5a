/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/yaql_lexer.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "expr/escape.h"
#include "expr/letters.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

static bool is_word(char c)
{
        return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* yaql's table: . ?. then [] then unary + - (85, in the parser) then these. */
static const struct {
        const char *text;
        int power;
} operators[] = {
        { "?.", 100 }, { "=~", 80 }, { "!~", 80 }, { "=>", 0 }, { "->", 40 }, { ">=", 60 },
        { "<=", 60 }, { "!=", 60 }, { ".", 100 }, { "[", 90 }, { "*", 75 }, { "/", 75 },
        { "+", 70 }, { "-", 70 }, { ">", 60 }, { "<", 60 }, { "=", 60 }, { "(", 0 }, { ")", 0 },
        { "]", 0 }, { "{", 0 }, { "}", 0 }, { ",", 0 },
};

static const struct {
        const char *text;
        enum yaql_kind kind;
        int power;
} words[] = {
        { "true", YAQL_TRUE, 0 }, { "false", YAQL_FALSE, 0 }, { "null", YAQL_NULL, 0 },
        { "mod", YAQL_OPERATOR, 75 }, { "in", YAQL_OPERATOR, 60 }, { "and", YAQL_OPERATOR, 50 },
        { "or", YAQL_OPERATOR, 45 }, { "not", YAQL_OPERATOR, 0 },
};

static int illegal(struct yaql_lexer *lexer, const char *at)
{
        return fault_set(lexer->fault, 422, "expr.syntax",
                         "Lexical error: illegal character '%.*s' at position %zu",
                         (int)letter_size(at), at, (size_t)(at - lexer->text));
}

static int keep(struct yaql_lexer *lexer, json_t *value, struct yaql_token *token)
{
        token->value = value;
        return value && json_array_append_new(lexer->values, value) == 0 ? 0 : -ENOMEM;
}

static int read_number(struct yaql_lexer *lexer, struct yaql_token *token)
{
        const char *s = lexer->s;
        double real;
        json_int_t whole;

        while (s < lexer->end && isdigit((unsigned char)*s))
                s++;
        if (s + 1 < lexer->end && *s == '.' && isdigit((unsigned char)s[1]))
                while (++s < lexer->end && isdigit((unsigned char)*s))
                        ;
        if (s < lexer->end && is_word(*s))
                return illegal(lexer, lexer->s);
        token->kind = YAQL_NUMBER;
        token->len = (size_t)(s - lexer->s);
        lexer->s = s;
        if (memchr(token->s, '.', token->len)) {
                real = strtod(token->s, NULL);
                return isfinite(real) ? keep(lexer, json_real(real), token)
                        : fault_set(lexer->fault, 422, "expr.syntax",
                                    "the number at position %zu is not finite", token->at);
        }
        errno = 0;
        whole = strtoll(token->s, NULL, 10);
        return errno ? fault_set(lexer->fault, 422, "expr.syntax",
                                 "the number at position %zu does not fit into 64 bits", token->at)
                : keep(lexer, json_integer(whole), token);
}

static int read_string(struct yaql_lexer *lexer, struct yaql_token *token)
{
        _text_ struct text text = TEXT_INIT;
        const char quote = *lexer->s, *s = lexer->s + 1;

        for (; s < lexer->end && *s != quote; s++)
                if (*s == '\\' && s + 1 < lexer->end)
                        s++;
        if (s >= lexer->end)
                return illegal(lexer, lexer->s);
        if (quote == '`')
                text_add_bytes(&text, lexer->s + 1, (size_t)(s - lexer->s) - 1);
        else
                escape_decode(lexer->s + 1, (size_t)(s - lexer->s) - 1, &text);
        token->kind = YAQL_STRING;
        lexer->s = s + 1;
        token->len = (size_t)(lexer->s - token->s);
        if (text.failed)
                return -ENOMEM;
        return keep(lexer, json_stringn_nocheck(text.s ? text.s : "", text.len), token);
}

static int read_word(struct yaql_lexer *lexer, struct yaql_token *token)
{
        const char *s = lexer->s;

        while (s < lexer->end && is_word(*s))
                s++;
        token->kind = YAQL_WORD;
        token->len = (size_t)(s - token->s);
        lexer->s = s;
        if (s < lexer->end && *s == '(') {
                token->kind = YAQL_FUNCTION;
                lexer->s++;
                return 0;
        }
        if (token->len > 1 && token->s[0] == '_' && token->s[1] == '_')
                return illegal(lexer, token->s);
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
                if (strlen(words[i].text) == token->len &&
                    memcmp(words[i].text, token->s, token->len) == 0) {
                        token->kind = words[i].kind;
                        token->power = words[i].power;
                }
        return 0;
}

static int read_operator(struct yaql_lexer *lexer, struct yaql_token *token)
{
        for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
                size_t len = strlen(operators[i].text);

                if ((size_t)(lexer->end - lexer->s) >= len &&
                    memcmp(lexer->s, operators[i].text, len) == 0) {
                        token->kind = YAQL_OPERATOR;
                        token->power = operators[i].power;
                        token->len = len;
                        lexer->s += len;
                        return 0;
                }
        }
        return illegal(lexer, lexer->s);
}

static int read_dollar(struct yaql_lexer *lexer, struct yaql_token *token)
{
        lexer->s++;
        while (lexer->s < lexer->end && is_word(*lexer->s))
                lexer->s++;
        token->kind = YAQL_DOLLAR;
        token->len = (size_t)(lexer->s - token->s);
        return 0;
}

int yaql_next(struct yaql_lexer *lexer, struct yaql_token *ret)
{
        while (lexer->s < lexer->end && strchr(" \t\r\n", *lexer->s) && *lexer->s)
                lexer->s++;
        *ret = (struct yaql_token){ .s = lexer->s, .at = (size_t)(lexer->s - lexer->text) };
        if (lexer->s == lexer->end)
                return 0;
        if (*lexer->s == '$')
                return read_dollar(lexer, ret);
        if (isdigit((unsigned char)*lexer->s))
                return read_number(lexer, ret);
        if (is_word(*lexer->s))
                return read_word(lexer, ret);
        if (*lexer->s == '"' || *lexer->s == '\'' || *lexer->s == '`')
                return read_string(lexer, ret);
        return read_operator(lexer, ret);
}
