/* SPDX-License-Identifier: Apache-2.0 */

/* What the three parts of the parser share: the present token, and how they fail, with jinja2's words. */
#include "expr/jinja.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

struct node *jinja_fail(struct jinja_parser *p, int r)
{
        if (!p->r)
                p->r = r;
        return NULL;
}

void jinja_advance(struct jinja_parser *p)
{
        int r = p->r ? 0 : jinja_next(&p->lexer, &p->token);

        if (r)
                jinja_fail(p, r);
}

static bool is_text(const struct jinja_parser *p, enum jinja_kind kind, const char *text)
{
        return !p->r && p->token.kind == kind && strlen(text) == p->token.len &&
                memcmp(p->token.s, text, p->token.len) == 0;
}

bool jinja_is(const struct jinja_parser *p, const char *operator)
{
        return is_text(p, JINJA_OPERATOR, operator);
}

bool jinja_is_name(const struct jinja_parser *p, const char *name)
{
        return is_text(p, JINJA_NAME, name);
}

static struct node *fault_here(struct jinja_parser *p)
{
        return jinja_fail(p, fault_detail(p->lexer.fault, "at",
                                          json_integer((json_int_t)p->token.at)));
}

struct node *jinja_unexpected(struct jinja_parser *p)
{
        char room[80];

        if (p->r)
                return NULL;
        fault_set(p->lexer.fault, 422, "expr.syntax", "unexpected '%s'",
                  jinja_describe(&p->token, room));
        return fault_here(p);
}

struct node *jinja_expected(struct jinja_parser *p, const char *what)
{
        char room[80];

        if (p->r)
                return NULL;
        if (p->token.kind == JINJA_END)
                fault_set(p->lexer.fault, 422, "expr.syntax",
                          "unexpected end of template, expected '%s'.", what);
        else
                fault_set(p->lexer.fault, 422, "expr.syntax", "expected token '%s', got '%s'", what,
                          jinja_describe(&p->token, room));
        return fault_here(p);
}

struct node *jinja_refuse(struct jinja_parser *p, const char *fmt, ...)
{
        _free_ char *what = NULL;
        va_list args;

        if (p->r)
                return NULL;
        va_start(args, fmt);
        if (vasprintf(&what, fmt, args) < 0)
                what = NULL;
        va_end(args);
        if (!what)
                return jinja_fail(p, -ENOMEM);
        fault_set(p->lexer.fault, 422, "expr.syntax", "%s", what);
        return fault_here(p);
}

bool jinja_expect(struct jinja_parser *p, const char *operator)
{
        if (!jinja_is(p, operator)) {
                jinja_expected(p, operator);
                return false;
        }
        jinja_advance(p);
        return !p->r;
}

struct node *jinja_node(struct jinja_parser *p, enum node_kind kind, const struct node *a,
                        const struct node *b)
{
        struct node *made = p->r ? NULL : node_new(p->forest, kind, p->token.at);

        if (!made || (a && node_add(p->forest, made, a, NULL) < 0) ||
            (b && node_add(p->forest, made, b, NULL) < 0))
                return jinja_fail(p, -ENOMEM);
        return made;
}

const char *jinja_name(struct jinja_parser *p)
{
        const char *name = arena_bytes(&p->forest->arena, p->token.s, p->token.len);

        if (!name)
                jinja_fail(p, -ENOMEM);
        return name;
}

bool jinja_add(struct jinja_parser *p, struct node *to, const struct node *kid, const char *name)
{
        if (!p->r && node_add(p->forest, to, kid, name) < 0)
                jinja_fail(p, -ENOMEM);
        return !p->r;
}
