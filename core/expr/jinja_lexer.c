/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/jinja_lexer.h"

#include "expr/letters.h"

#include <ctype.h>
#include <string.h>

static bool is_blank(char c)
{
        return isspace((unsigned char)c) != 0;
}

static bool is_word(char c)
{
        return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool starts(const struct jinja_lexer *lexer, const char *s, const char *with)
{
        size_t len = strlen(with);

        return (size_t)(lexer->end - s) >= len && memcmp(s, with, len) == 0;
}

static int fail(struct jinja_lexer *lexer, const char *at, const char *what)
{
        fault_set(lexer->fault, 422, "expr.syntax", "%s", what);
        return fault_detail(lexer->fault, "at", json_integer(at - lexer->text));
}

/* As Python shows a character, and counts them. */
static int unexpected_char(struct jinja_lexer *lexer)
{
        const char *quote = *lexer->s == '\'' ? "\"" : "'", *escape = *lexer->s == '\\' ? "\\" : "";
        char what[60];

        snprintf(what, sizeof what, "unexpected char %s%s%.*s%s at %zu", quote, escape,
                 (int)letter_size(lexer->s), lexer->s, quote,
                 letters_count(lexer->text, (size_t)(lexer->s - lexer->text)));
        return fail(lexer, lexer->s, what);
}

/* The next tag, or the end. */
static const char *find_tag(const struct jinja_lexer *lexer, const char *s)
{
        for (; s + 1 < lexer->end; s++)
                if (s[0] == '{' && (s[1] == '{' || s[1] == '%' || s[1] == '#'))
                        return s;
        return lexer->end;
}

/* {% raw %}: the text behind the tag, or NULL where this is another tag. */
static const char *raw_tag(const struct jinja_lexer *lexer, const char *s, const char *word,
                           bool *ret_trims)
{
        size_t len = strlen(word);

        if (!starts(lexer, s, "{%"))
                return NULL;
        s += 2;
        if (s < lexer->end && (*s == '-' || *s == '+'))
                s++;
        while (s < lexer->end && is_blank(*s))
                s++;
        if (!starts(lexer, s, word))
                return NULL;
        for (s += len; s < lexer->end && is_blank(*s); s++)
                ;
        *ret_trims = s < lexer->end && *s == '-';
        s += *ret_trims;
        return starts(lexer, s, "%}") ? s + 2 : NULL;
}

/* Blanks before a tag: all of them for a -, those of its line for a statement or a comment. */
static const char *strip_before(const char *from, const char *to, const char *tag, bool is_line)
{
        const char *s = to;

        if (tag[2] == '-') {
                while (s > from && is_blank(s[-1]))
                        s--;
                return s;
        }
        if (tag[1] == '{' || tag[2] == '+')
                return to;
        while (s > from && (s[-1] == ' ' || s[-1] == '\t'))
                s--;
        return (s == from && is_line) || (s > from && s[-1] == '\n') ? s : to;
}

static void strip_after(struct jinja_lexer *lexer)
{
        if (lexer->trim_all)
                while (lexer->s < lexer->end && is_blank(*lexer->s))
                        lexer->s++;
        else if (lexer->trim_line && lexer->s < lexer->end && *lexer->s == '\n')
                lexer->s++;
        lexer->trim_all = lexer->trim_line = false;
}

static int skip_comment(struct jinja_lexer *lexer, const char *tag)
{
        const char *s = tag + 2;

        while (s + 1 < lexer->end && !(s[0] == '#' && s[1] == '}'))
                s++;
        if (s + 1 >= lexer->end)
                return fail(lexer, tag, "Missing end of comment tag");
        lexer->trim_all = s[-1] == '-' && s - 1 >= tag + 2;
        lexer->trim_line = true;
        lexer->s = s + 2;
        return 0;
}

static int read_raw(struct jinja_lexer *lexer, const char *tag, const char *body, bool trims,
                    struct jinja_token *ret)
{
        const char *s = body, *after = NULL, *end;
        bool trims_after = false;

        for (; s < lexer->end && !(after = raw_tag(lexer, s, "endraw", &trims_after)); s++)
                ;
        if (!after)
                return fail(lexer, tag, "Missing end of raw directive");
        end = strip_before(body, s, s, body > lexer->text && body[-1] == '\n');
        if (trims)
                while (body < end && is_blank(*body))
                        body++;
        *ret = (struct jinja_token){ JINJA_DATA, body, (size_t)(end - body),
                                     (size_t)(body - lexer->text) };
        lexer->trim_all = trims_after;
        lexer->trim_line = true;
        lexer->s = after;
        return 0;
}

static int begin_tag(struct jinja_lexer *lexer, const char *tag, struct jinja_token *ret)
{
        bool is_output = tag[1] == '{';

        *ret = (struct jinja_token){ is_output ? JINJA_OUTPUT_BEGIN : JINJA_BLOCK_BEGIN, tag, 2,
                                     (size_t)(tag - lexer->text) };
        lexer->s = tag + 2;
        if (lexer->s < lexer->end && (*lexer->s == '-' || (*lexer->s == '+' && !is_output)))
                lexer->s++;
        lexer->state = is_output ? IN_OUTPUT : IN_BLOCK;
        return 0;
}

static int in_data(struct jinja_lexer *lexer, struct jinja_token *ret)
{
        const char *tag, *end, *body;
        bool trims = false, is_line;
        int r;

        strip_after(lexer);
        tag = find_tag(lexer, lexer->s);
        is_line = lexer->s == lexer->text || lexer->s[-1] == '\n';
        end = tag + 2 < lexer->end ? strip_before(lexer->s, tag, tag, is_line) : tag;
        if (end > lexer->s) {
                *ret = (struct jinja_token){ JINJA_DATA, lexer->s, (size_t)(end - lexer->s),
                                             (size_t)(lexer->s - lexer->text) };
                lexer->s = tag;
                return 0;
        }
        lexer->s = tag;
        if (tag == lexer->end) {
                *ret = (struct jinja_token){ JINJA_END, tag, 0, (size_t)(tag - lexer->text) };
                return 0;
        }
        if (tag[1] == '#') {
                r = skip_comment(lexer, tag);
                return r ? r : jinja_next(lexer, ret);
        }
        body = raw_tag(lexer, tag, "raw", &trims);
        return body ? read_raw(lexer, tag, body, trims, ret) : begin_tag(lexer, tag, ret);
}

/* The end of the tag that we are in, where one stands here and no bracket is open. */
static bool ends_tag(struct jinja_lexer *lexer, struct jinja_token *ret)
{
        const char *s = lexer->s, *close = lexer->state == IN_OUTPUT ? "}}" : "%}";
        bool trims = *s == '-', keeps = *s == '+' && lexer->state == IN_BLOCK;

        if (lexer->open || !starts(lexer, s + (trims || keeps), close))
                return false;
        *ret = (struct jinja_token){ lexer->state == IN_OUTPUT ? JINJA_OUTPUT_END : JINJA_BLOCK_END,
                                     s, (size_t)2 + (trims || keeps), (size_t)(s - lexer->text) };
        lexer->s += ret->len;
        lexer->trim_all = trims;
        lexer->trim_line = lexer->state == IN_BLOCK && !keeps;
        lexer->state = IN_DATA;
        return true;
}

static int read_string(struct jinja_lexer *lexer, struct jinja_token *token)
{
        const char *s = lexer->s + 1;

        for (; s < lexer->end && *s != *lexer->s; s++)
                if (*s == '\\' && s + 1 < lexer->end)
                        s++;
        if (s >= lexer->end)
                return unexpected_char(lexer);
        token->kind = JINJA_STRING;
        token->len = (size_t)(s + 1 - lexer->s);
        lexer->s = s + 1;
        return 0;
}

static const char *digits(const char *s, const char *end)
{
        while (s < end && (isdigit((unsigned char)*s) ||
                           (*s == '_' && s + 1 < end && isdigit((unsigned char)s[1]))))
                s++;
        return s;
}

static void read_number(struct jinja_lexer *lexer, struct jinja_token *token)
{
        const char *s = lexer->s, *end = lexer->end, *t;

        token->kind = JINJA_INTEGER;
        if (*s == '0' && s + 2 < end && strchr("xXoObB", s[1]) && isxdigit((unsigned char)s[2])) {
                for (s += 2; s < end && (isxdigit((unsigned char)*s) || *s == '_'); s++)
                        ;
        } else {
                s = digits(s, end);
                if (s + 1 < end && *s == '.' && isdigit((unsigned char)s[1])) {
                        token->kind = JINJA_FLOAT;
                        s = digits(s + 1, end);
                }
                t = s + 1 < end && (*s == 'e' || *s == 'E') ? s + 1 : end;
                t += t < end && (*t == '+' || *t == '-');
                if (t < end && isdigit((unsigned char)*t)) {
                        token->kind = JINJA_FLOAT;
                        s = digits(t, end);
                }
        }
        token->len = (size_t)(s - lexer->s);
        lexer->s = s;
}

static const char operators[][3] = {
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{",
        "}", ">", "<", "=", ".", ":", "|", ",", ";",
};

static int balance(struct jinja_lexer *lexer, char c, const char *at)
{
        static const char opening[] = "([{", closing[] = ")]}";
        const char *open = strchr(opening, c), *close = strchr(closing, c);
        char what[40], wanted;

        if (open && lexer->open == JINJA_BRACKETS_MAX)
                return fail(lexer, at, "brackets are nested too deep");
        if (open)
                lexer->brackets[lexer->open++] = closing[open - opening];
        if (!close)
                return 0;
        snprintf(what, sizeof what, "unexpected '%c'", c);
        if (!lexer->open)
                return fail(lexer, at, what);
        wanted = lexer->brackets[--lexer->open];
        snprintf(what, sizeof what, "unexpected '%c', expected '%c'", c, wanted);
        return wanted == c ? 0 : fail(lexer, at, what);
}

static int read_operator(struct jinja_lexer *lexer, struct jinja_token *token)
{
        for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
                if (starts(lexer, lexer->s, operators[i])) {
                        token->kind = JINJA_OPERATOR;
                        token->len = strlen(operators[i]);
                        lexer->s += token->len;
                        return token->len == 1 ? balance(lexer, *token->s, token->s) : 0;
                }
        return unexpected_char(lexer);
}

int jinja_next(struct jinja_lexer *lexer, struct jinja_token *ret)
{
        if (lexer->state == IN_DATA && !lexer->is_expression)
                return in_data(lexer, ret);
        while (lexer->s < lexer->end && is_blank(*lexer->s))
                lexer->s++;
        *ret = (struct jinja_token){ JINJA_END, lexer->s, 0, (size_t)(lexer->s - lexer->text) };
        if (lexer->s == lexer->end)
                return 0;
        if (lexer->state != IN_DATA && ends_tag(lexer, ret))
                return 0;
        if (isdigit((unsigned char)*lexer->s)) {
                read_number(lexer, ret);
                return 0;
        }
        if (is_word(*lexer->s)) {
                while (lexer->s < lexer->end && is_word(*lexer->s))
                        lexer->s++;
                ret->kind = JINJA_NAME;
                ret->len = (size_t)(lexer->s - ret->s);
                return 0;
        }
        return *lexer->s == '"' || *lexer->s == '\'' ? read_string(lexer, ret)
                : read_operator(lexer, ret);
}

static const char *const descriptions[] = {
        [JINJA_END] = "end of template", [JINJA_DATA] = "template data / text",
        [JINJA_OUTPUT_BEGIN] = "begin of print statement",
        [JINJA_OUTPUT_END] = "end of print statement",
        [JINJA_BLOCK_BEGIN] = "begin of statement block",
        [JINJA_BLOCK_END] = "end of statement block", [JINJA_STRING] = "string",
        [JINJA_INTEGER] = "integer", [JINJA_FLOAT] = "float",
};

const char *jinja_describe(const struct jinja_token *token, char room[80])
{
        if (token->kind != JINJA_NAME && token->kind != JINJA_OPERATOR)
                return descriptions[token->kind];
        snprintf(room, 80, "%.*s", (int)(token->len < 70 ? token->len : 70), token->s);
        return room;
}
