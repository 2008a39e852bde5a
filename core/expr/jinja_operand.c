/* SPDX-License-Identifier: Apache-2.0 */

/* Operands of Jinja's expressions: literals, names, what follows them: members, calls, filters, tests. */
#include "base/cleanup.h"
#include "expr/escape.h"
#include "expr/jinja.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const struct function *const globals[] = { jinja_globals, common_functions, NULL };
static const struct function *const methods[] = { text_methods, container_methods, NULL };

/* Filters that the world may have. */
static const char *const worldly[] = {
        "ctx", "item", "task_status", "succeeded", "failed", "completed", "result", "st2kv", "task",
        "decrypt_kv", NULL
};

static struct node *literal(struct jinja_parser *p, json_t *value)
{
        struct node *made = node_literal(p->forest, value, p->token.at);

        return made ? made : jinja_fail(p, -ENOMEM);
}

/* 'a' 'b' is 'ab'. */
static struct node *strings(struct jinja_parser *p)
{
        _text_ struct text text = TEXT_INIT;

        for (; !p->r && p->token.kind == JINJA_STRING; jinja_advance(p))
                escape_decode(p->token.s + 1, p->token.len - 2, &text);
        if (p->r)
                return NULL;
        return text.failed ? jinja_fail(p, -ENOMEM)
                : literal(p, json_stringn_nocheck(text.s, text.len));
}

/* Python's inf has no place in JSON. */
static struct node *real(struct jinja_parser *p, const char *digits)
{
        double value = strtod(digits, NULL);

        return isfinite(value) ? literal(p, json_real(value))
                : jinja_refuse(p, "the number %.60s is not finite", digits);
}

static struct node *integer(struct jinja_parser *p, const char *digits)
{
        char letter = digits[0] == '0' ? digits[1] : 0, *after;
        int base = !letter ? 10 : strchr("xX", letter) ? 16 : strchr("oO", letter) ? 8
                : strchr("bB", letter) ? 2 : 10;
        long long whole;

        errno = 0;
        whole = strtoll(digits + (base == 10 ? 0 : 2), &after, base);
        if (errno)
                return jinja_refuse(p, "the number %.60s does not fit into 64 bits", digits);
        return *after ? jinja_refuse(p, "%.60s is not a number of base %d", digits, base)
                : literal(p, json_integer(whole));
}

static struct node *number(struct jinja_parser *p)
{
        _text_ struct text digits = TEXT_INIT;
        struct node *made;

        for (size_t i = 0; i < p->token.len; i++)
                if (p->token.s[i] != '_')
                        text_add_bytes(&digits, p->token.s + i, 1);
        made = digits.failed ? jinja_fail(p, -ENOMEM)
                : p->token.kind == JINJA_FLOAT ? real(p, digits.s) : integer(p, digits.s);
        jinja_advance(p);
        return made;
}

static const struct {
        const char *name;
        json_type type;
} constants[] = {
        { "true", JSON_TRUE }, { "True", JSON_TRUE }, { "false", JSON_FALSE },
        { "False", JSON_FALSE }, { "none", JSON_NULL }, { "None", JSON_NULL },
};

static struct node *name(struct jinja_parser *p)
{
        struct node *made;

        for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
                if (jinja_is_name(p, constants[i].name)) {
                        made = literal(p, constants[i].type == JSON_TRUE ? json_true()
                                       : constants[i].type == JSON_FALSE ? json_false()
                                       : json_null());
                        jinja_advance(p);
                        return made;
                }
        p->uses_loop |= jinja_is_name(p, "loop");
        made = jinja_node(p, NODE_NAME, NULL, NULL);
        if (made)
                made->name = jinja_name(p);
        jinja_advance(p);
        return made;
}

static struct node *list(struct jinja_parser *p)
{
        struct node *made = jinja_node(p, NODE_LIST, NULL, NULL);

        jinja_advance(p);
        while (!p->r && !jinja_is(p, "]")) {
                if (made->n && !jinja_expect(p, ","))
                        return NULL;
                if (jinja_is(p, "]"))
                        break;
                jinja_add(p, made, jinja_expression(p), NULL);
        }
        return jinja_expect(p, "]") ? made : NULL;
}

static struct node *dict(struct jinja_parser *p)
{
        struct node *made = jinja_node(p, NODE_DICT, NULL, NULL);

        jinja_advance(p);
        while (!p->r && !jinja_is(p, "}")) {
                if (made->n && !jinja_expect(p, ","))
                        return NULL;
                if (jinja_is(p, "}"))
                        break;
                jinja_add(p, made, jinja_expression(p), NULL);
                if (!jinja_expect(p, ":"))
                        return NULL;
                jinja_add(p, made, jinja_expression(p), NULL);
        }
        return jinja_expect(p, "}") ? made : NULL;
}

static struct node *bracketed(struct jinja_parser *p)
{
        struct node *made;

        jinja_advance(p);
        if (jinja_is(p, ")"))
                made = jinja_node(p, NODE_TUPLE, NULL, NULL);
        else
                made = jinja_tuple(p, false);
        return jinja_expect(p, ")") ? made : NULL;
}

struct node *jinja_primary(struct jinja_parser *p)
{
        if (p->r)
                return NULL;
        switch (p->token.kind) {
        case JINJA_NAME:
                return name(p);
        case JINJA_STRING:
                return strings(p);
        case JINJA_INTEGER:
        case JINJA_FLOAT:
                return number(p);
        default:
                break;
        }
        return jinja_is(p, "(") ? bracketed(p) : jinja_is(p, "[") ? list(p)
                : jinja_is(p, "{") ? dict(p) : jinja_unexpected(p);
}

/* st2kv.system.a.b is one key, however many dots it has; system.a is its older spelling. */
static const char *key_of(struct jinja_parser *p, const struct node *of, const char *step)
{
        _text_ struct text key = TEXT_INIT;
        const char *made;

        if (of->kind == NODE_NAME && strcmp(of->name, "st2kv") == 0)
                return step;
        if (of->kind != NODE_STORED && (of->kind != NODE_NAME || strcmp(of->name, "system") != 0))
                return NULL;
        text_addf(&key, "%s.%s", of->kind == NODE_STORED ? of->key : of->name, step);
        made = key.failed ? NULL : arena_text(&p->forest->arena, key.s);
        if (!made)
                jinja_fail(p, -ENOMEM);
        return made;
}

static struct node *member(struct jinja_parser *p, struct node *of)
{
        const char *key;
        struct node *made;

        jinja_advance(p);
        if (p->token.kind == JINJA_INTEGER) {
                made = number(p);
                return jinja_node(p, NODE_ITEM, of, made);
        }
        if (p->token.kind != JINJA_NAME)
                return jinja_expected(p, "name");
        made = jinja_node(p, NODE_MEMBER, of, NULL);
        if (made)
                made->name = jinja_name(p);
        key = made && made->name ? key_of(p, of, made->name) : NULL;
        if (key) {
                made->kind = NODE_STORED;
                made->key = key;
        }
        jinja_advance(p);
        return made;
}

/* Up to three parts between colons; each may be missing. */
static struct node *subscript(struct jinja_parser *p, struct node *of)
{
        struct node *made, *parts[3] = { NULL };
        size_t n = 0;
        bool is_slice = false;

        jinja_advance(p);
        if (jinja_is(p, "]"))
                return jinja_refuse(p, "%s", "Expected subscript expression");
        for (; !p->r && !jinja_is(p, "]") && n < 3; n++) {
                if (!jinja_is(p, ":"))
                        parts[n] = jinja_expression(p);
                if (!jinja_is(p, ":"))
                        break;
                is_slice = true;
                jinja_advance(p);
        }
        if (!jinja_is(p, "]"))          /* another index might follow here, if we had them */
                return jinja_expected(p, ",");
        jinja_advance(p);
        if (!is_slice)
                return jinja_node(p, NODE_ITEM, of, parts[0]);
        made = jinja_node(p, NODE_SLICE, of, NULL);
        for (size_t i = 0; made && i < 3; i++)
                jinja_add(p, made, parts[i], NULL);
        return made;
}

static bool arguments(struct jinja_parser *p, struct node *call)
{
        bool first = true;

        jinja_advance(p);
        for (; !p->r && !jinja_is(p, ")"); first = false) {
                const char *keyword = NULL;
                struct node *value;

                if (!first && !jinja_expect(p, ","))
                        return false;
                if (jinja_is(p, ")"))
                        break;
                if (jinja_is(p, "*") || jinja_is(p, "**"))
                        return jinja_refuse(p, "%s", "* and ** in arguments are not supported");
                value = jinja_expression(p);
                if (value && value->kind == NODE_NAME && jinja_is(p, "=")) {
                        keyword = value->name;
                        jinja_advance(p);
                        value = jinja_expression(p);
                }
                if (call->n >= ARGUMENTS_MAX)
                        return jinja_refuse(p, "%s", "a function has more than 64 arguments");
                if (!jinja_add(p, call, value, keyword))
                        return false;
        }
        return jinja_expect(p, ")");
}

static bool find(struct jinja_parser *p, struct node *made, const struct function *const *tables)
{
        if (!made || p->r)
                return false;
        if (function_find(p->forest, made, tables, 0) < 0)
                jinja_fail(p, -ENOMEM);
        return !p->r;
}

static struct node *call(struct jinja_parser *p, struct node *callee)
{
        bool is_method = callee->kind == NODE_MEMBER || callee->kind == NODE_STORED;
        struct node *made;

        if (callee->kind != NODE_NAME && !is_method)
                return jinja_refuse(p, "%s", "only functions and methods can be called");
        made = jinja_node(p, is_method ? NODE_METHOD : NODE_CALL,
                          is_method ? callee->kids[0] : NULL, NULL);
        if (made)
                made->name = callee->name;
        if (!find(p, made, is_method ? methods : globals))
                return NULL;
        return arguments(p, made) ? made : NULL;
}

static bool may_be_filter(const struct node *filter)
{
        for (const char *const *w = worldly; *w; w++)
                if (strcmp(*w, filter->name) == 0)
                        return true;
        return filter->candidates_n > 0;
}

/* a.b names a filter, too. */
static const char *dotted_name(struct jinja_parser *p)
{
        _text_ struct text whole = TEXT_INIT;
        const char *made;

        if (p->token.kind != JINJA_NAME) {
                jinja_expected(p, "name");
                return NULL;
        }
        text_add_bytes(&whole, p->token.s, p->token.len);
        for (jinja_advance(p); jinja_is(p, "."); jinja_advance(p)) {
                jinja_advance(p);
                text_add(&whole, ".");
                text_add_bytes(&whole, p->token.s, p->token.len);
        }
        made = p->r || whole.failed ? NULL : arena_text(&p->forest->arena, whole.s);
        if (!made)
                jinja_fail(p, -ENOMEM);
        return made;
}

struct node *jinja_piped(struct jinja_parser *p, struct node *value, bool starts)
{
        while (!p->r && (starts || jinja_is(p, "|"))) {
                struct node *filter;

                if (!starts)
                        jinja_advance(p);
                starts = false;
                filter = jinja_node(p, NODE_FILTER, value, NULL);
                if (!filter || !(filter->name = dotted_name(p)) || !find(p, filter, jinja_filter_tables))
                        return NULL;
                if (!may_be_filter(filter))
                        return jinja_refuse(p, "No filter named '%s'.", filter->name);
                if (jinja_is(p, "(") && !arguments(p, filter))
                        return NULL;
                value = filter;
        }
        return p->r ? NULL : value;
}

static bool starts_test_argument(const struct jinja_parser *p)
{
        static const char *const ends[] = { "else", "or", "and", "is", NULL };

        for (const char *const *e = ends; *e; e++)
                if (jinja_is_name(p, *e))
                        return false;
        switch (p->token.kind) {
        case JINJA_NAME:
        case JINJA_STRING:
        case JINJA_INTEGER:
        case JINJA_FLOAT:
                return true;
        default:
                return jinja_is(p, "[") || jinja_is(p, "{");
        }
}

static struct node *test(struct jinja_parser *p, struct node *value)
{
        bool negated;
        struct node *made;

        jinja_advance(p);
        negated = jinja_is_name(p, "not");
        if (negated)
                jinja_advance(p);
        made = jinja_node(p, NODE_TEST, value, NULL);
        if (!made || !(made->name = dotted_name(p)) || !find(p, made, jinja_test_tables))
                return NULL;
        if (!made->candidates_n)
                return jinja_refuse(p, "No test named '%s'.", made->name);
        if (jinja_is(p, "(")) {
                if (!arguments(p, made))
                        return NULL;
        } else if (starts_test_argument(p)) {
                jinja_add(p, made, jinja_postfix(p, jinja_primary(p)), NULL);
        }
        return negated ? jinja_node(p, NODE_NOT, made, NULL) : made;
}

struct node *jinja_postfix(struct jinja_parser *p, struct node *value)
{
        while (!p->r) {
                if (jinja_is(p, "."))
                        value = member(p, value);
                else if (jinja_is(p, "["))
                        value = subscript(p, value);
                else if (jinja_is(p, "("))
                        value = call(p, value);
                else
                        break;
        }
        return p->r ? NULL : value;
}

struct node *jinja_tail(struct jinja_parser *p, struct node *value)
{
        while (!p->r) {
                if (jinja_is(p, "|"))
                        value = jinja_piped(p, value, false);
                else if (jinja_is_name(p, "is"))
                        value = test(p, value);
                else if (jinja_is(p, "("))
                        value = call(p, value);
                else
                        break;
        }
        return p->r ? NULL : value;
}
