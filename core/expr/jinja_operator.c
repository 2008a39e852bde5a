/* SPDX-License-Identifier: Apache-2.0 */

/* Operators of Jinja's expressions, by recursive descent as jinja2 has it. */
#include "base/cleanup.h"
#include "expr/jinja.h"
#include "expr/operate.h"

#include <errno.h>
#include <string.h>

#define DEPTH_MAX 100

static bool deeper(struct jinja_parser *p)
{
        if (p->depth >= DEPTH_MAX && !p->r)
                jinja_fail(p, fault_set(p->lexer.fault, 422, "expr.limit", "the expression is "
                                        "nested deeper than %d levels", DEPTH_MAX));
        p->depth++;
        return !p->r;
}

static struct node *unary(struct jinja_parser *p, bool with_filter)
{
        enum node_kind kind = jinja_is(p, "-") ? NODE_NEGATE : NODE_PLUS;
        struct node *made = NULL;

        if (deeper(p)) {
                if (jinja_is(p, "-") || jinja_is(p, "+")) {
                        jinja_advance(p);
                        made = jinja_node(p, kind, unary(p, false), NULL);
                } else {
                        made = jinja_primary(p);
                }
                made = jinja_postfix(p, made);
                if (with_filter)
                        made = jinja_tail(p, made);
        }
        p->depth--;
        return made;
}

/* Binary operators from the loosest to the tightest; ** is looser than a sign, as in jinja2. */
static const char *const levels[][4] = {
        { "+", "-", NULL }, { "~", NULL }, { "*", "/", "//", "%" }, { "**", NULL },
};
#define LEVELS (sizeof levels / sizeof *levels)

static bool is_at_level(const struct jinja_parser *p, size_t level)
{
        for (size_t i = 0; i < 4 && levels[level][i]; i++)
                if (jinja_is(p, levels[level][i]))
                        return true;
        return false;
}

static struct node *binary(struct jinja_parser *p, size_t level)
{
        struct node *left = level == LEVELS ? unary(p, true) : binary(p, level + 1), *right;

        while (!p->r && level < LEVELS && is_at_level(p, level)) {
                operation *const *operates = operate_jinja(p->token.s, p->token.len);

                jinja_advance(p);
                right = binary(p, level + 1);
                left = jinja_node(p, NODE_BINARY, left, right);
                if (left)
                        left->operates = operates;
        }
        return left;
}

/* The comparison that stands here; NULL: none. Its words are taken. */
static operation *const *comparison(struct jinja_parser *p)
{
        static const char *const all[] = { "==", "!=", "<=", ">=", "<", ">" };
        operation *const *found = NULL;

        for (size_t i = 0; i < 6 && !found; i++)
                if (jinja_is(p, all[i]))
                        found = operate_jinja(all[i], strlen(all[i]));
        if (jinja_is_name(p, "in"))
                found = operate_jinja("in", 2);
        if (found) {
                jinja_advance(p);
        } else if (jinja_is_name(p, "not")) {
                struct jinja_lexer ahead = p->lexer;
                struct jinja_token token;
                _fault_ struct fault none = FAULT_INIT;

                ahead.fault = &none;
                if (jinja_next(&ahead, &token) == 0 && token.kind == JINJA_NAME && token.len == 2 &&
                    memcmp(token.s, "in", 2) == 0) {
                        jinja_advance(p);
                        jinja_advance(p);
                        found = operate_jinja("not in", 6);
                }
        }
        return found;
}

/* One comparison is a binary operator; a < b < c compares each with the next. */
static struct node *compare(struct jinja_parser *p)
{
        struct node *left = binary(p, 0), *chain = NULL;
        operation *const *operates;
        operation **all;

        while (!p->r && (operates = comparison(p))) {
                if (!chain) {
                        chain = jinja_node(p, NODE_COMPARE, left, NULL);
                        all = arena_alloc(&p->forest->arena, ARGUMENTS_MAX * sizeof *all);
                        if (!chain || !all)
                                return jinja_fail(p, -ENOMEM);
                        chain->operates = all;
                }
                if (chain->n > ARGUMENTS_MAX)
                        return jinja_refuse(p, "%s", "too many comparisons in one");
                all[chain->n - 1] = *operates;
                jinja_add(p, chain, binary(p, 0), NULL);
        }
        return p->r ? NULL : chain ? chain : left;
}

static struct node *negation(struct jinja_parser *p)
{
        struct node *made = NULL;

        if (!jinja_is_name(p, "not"))
                return compare(p);
        if (deeper(p)) {
                jinja_advance(p);
                made = jinja_node(p, NODE_NOT, negation(p), NULL);
        }
        p->depth--;
        return made;
}

static struct node *conjunction(struct jinja_parser *p)
{
        struct node *left = negation(p);

        while (jinja_is_name(p, "and")) {
                jinja_advance(p);
                left = jinja_node(p, NODE_AND, left, negation(p));
        }
        return left;
}

static struct node *disjunction(struct jinja_parser *p)
{
        struct node *left = conjunction(p);

        while (jinja_is_name(p, "or")) {
                jinja_advance(p);
                left = jinja_node(p, NODE_OR, left, conjunction(p));
        }
        return left;
}

static struct node *choice(struct jinja_parser *p, bool no_choice)
{
        struct node *value = disjunction(p);

        while (!no_choice && jinja_is_name(p, "if")) {
                struct node *condition, *other = NULL;

                jinja_advance(p);
                condition = disjunction(p);
                if (jinja_is_name(p, "else")) {
                        jinja_advance(p);
                        other = jinja_expression(p);
                }
                value = jinja_node(p, NODE_CHOICE, condition, value);
                if (value)
                        jinja_add(p, value, other, NULL);
        }
        return value;
}

struct node *jinja_expression(struct jinja_parser *p)
{
        struct node *made = deeper(p) ? choice(p, false) : NULL;

        p->depth--;
        return made;
}

static bool ends_tuple(const struct jinja_parser *p)
{
        return p->r || p->token.kind == JINJA_OUTPUT_END || p->token.kind == JINJA_BLOCK_END ||
                p->token.kind == JINJA_END || jinja_is(p, ")") || jinja_is_name(p, "recursive");
}

struct node *jinja_tuple(struct jinja_parser *p, bool no_choice)
{
        struct node *first = choice(p, no_choice), *tuple;

        if (!jinja_is(p, ","))
                return first;
        tuple = jinja_node(p, NODE_TUPLE, first, NULL);
        while (jinja_is(p, ",")) {
                jinja_advance(p);
                if (ends_tuple(p))
                        break;
                jinja_add(p, tuple, choice(p, no_choice), NULL);
        }
        return p->r ? NULL : tuple;
}

int jinja_parse_expression(struct forest *forest, const char *s, size_t len, bool must_end,
                           const struct node **ret, struct fault *fault)
{
        struct jinja_parser p = { .lexer = { .text = s, .s = s, .end = s + len,
                                             .is_expression = true, .fault = fault },
                                  .forest = forest };
        const struct node *made;

        jinja_advance(&p);
        made = jinja_expression(&p);
        if (!p.r && must_end && p.token.kind != JINJA_END)
                jinja_expected(&p, "end of template");
        if (p.r)
                return p.r;
        *ret = made;
        return 0;
}
