/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A parser by binding powers, as yaql's operator table orders them. The words that it does not
 * expect are named as yaql names them, since Orquesta's inspection shows that text.
 */
#include "expr/yaql.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "expr/function.h"
#include "expr/operate.h"
#include "expr/python.h"
#include "expr/yaql_lexer.h"

#include <errno.h>
#include <string.h>

#define DEPTH_MAX 100

struct parser {
        struct yaql_lexer lexer;
        struct yaql_token token;
        struct forest *forest;
        unsigned depth;
        int r;                          /* the first failure; all answer NULL after it */
};

static const struct function *const yaql_tables[] = {
        yaql_queries, yaql_folds, yaql_lists, yaql_dicts, yaql_sets, yaql_text, yaql_numbers,
        yaql_times, yaql_regex, yaql_branches, yaql_objects, yaql_orders,
        common_functions, NULL
};

static struct node *expression(struct parser *p, int power);

static struct node *fail(struct parser *p, int r)
{
        if (!p->r)
                p->r = r;
        return NULL;
}

static void next(struct parser *p)
{
        int r = p->r ? 0 : yaql_next(&p->lexer, &p->token);

        if (r)
                fail(p, r);
}

static bool is_operator(const struct parser *p, const char *text)
{
        return !p->r && p->token.kind == YAQL_OPERATOR && strlen(text) == p->token.len &&
                memcmp(p->token.s, text, p->token.len) == 0;
}

static struct node *unexpected(struct parser *p)
{
        const struct yaql_token *t = &p->token;
        _text_ struct text value = TEXT_INIT;

        if (p->r)
                return NULL;
        if (t->kind == YAQL_END)
                return fail(p, fault_set(p->lexer.fault, 422, "expr.syntax",
                                         "Parse error: unexpected end of statement"));
        if (t->value)
                python_show(NULL, t->value, false, 1000, &value);
        else if (t->kind >= YAQL_TRUE)
                text_add(&value, t->kind == YAQL_TRUE ? "True" : t->kind == YAQL_FALSE ? "False"
                         : "None");
        else
                text_add_bytes(&value, t->s, t->len);
        return fail(p, fault_set(p->lexer.fault, 422, "expr.syntax", "Parse error: unexpected '%s' "
                                 "at position %zu of expression '%.*s'", value.s ? value.s : "",
                                 t->at, (int)(p->lexer.end - p->lexer.text), p->lexer.text));
}

static bool expect(struct parser *p, const char *operator)
{
        if (!is_operator(p, operator)) {
                unexpected(p);
                return false;
        }
        next(p);
        return !p->r;
}

static struct node *node(struct parser *p, enum node_kind kind, const struct node *a,
                         const struct node *b)
{
        struct node *made = p->r ? NULL : node_new(p->forest, kind, p->token.at);

        if (!made || (a && node_add(p->forest, made, a, NULL) < 0) ||
            (b && node_add(p->forest, made, b, NULL) < 0))
                return fail(p, -ENOMEM);
        return made;
}

static struct node *literal(struct parser *p, json_t *value)
{
        struct node *made = node_literal(p->forest, json_incref(value), p->token.at);

        if (!made)
                return fail(p, -ENOMEM);
        next(p);
        return made;
}

static const char *name_of(struct parser *p, const struct yaql_token *token, size_t skip)
{
        const char *name = arena_bytes(&p->forest->arena, token->s + skip, token->len - skip);

        if (!name)
                fail(p, -ENOMEM);
        return name;
}

/* a => b: a word before the arrow is a name, unless the function takes pairs. */
static struct node *pair(struct parser *p, struct node *key, const char *word)
{
        struct node *made;

        next(p);
        made = node(p, NODE_PAIR, key, expression(p, 0));
        if (made)
                made->name = word;
        return made;
}

static bool argument(struct parser *p, struct node *call, bool *named)
{
        const char *word = p->token.kind == YAQL_WORD ? name_of(p, &p->token, 0) : NULL;
        struct node *value = expression(p, 0);

        if (is_operator(p, "=>")) {
                value = pair(p, value, word && value && value->kind == NODE_LITERAL ? word : NULL);
                *named = true;
        } else if (*named) {
                unexpected(p);
        }
        if (!p->r && call->n >= ARGUMENTS_MAX && call->kind != NODE_LIST)
                fail(p, fault_set(p->lexer.fault, 422, "expr.limit",
                                  "a function has more than %d arguments", ARGUMENTS_MAX));
        if (!p->r && node_add(p->forest, call, value, NULL) < 0)
                fail(p, -ENOMEM);
        return !p->r;
}

static struct node *arguments(struct parser *p, struct node *call, const char *close)
{
        bool named = false;

        if (!call || p->r)
                return NULL;
        while (!is_operator(p, close)) {
                if (!argument(p, call, &named))
                        return NULL;
                if (!is_operator(p, ","))
                        break;
                next(p);
                if (is_operator(p, close))
                        return unexpected(p);
        }
        return expect(p, close) ? call : NULL;
}

static struct node *function(struct parser *p, struct node *receiver)
{
        struct node *call = node(p, receiver ? NODE_METHOD : NODE_CALL, receiver, NULL);

        if (!call)
                return NULL;
        call->flags = SPELLING_YAQL;
        call->name = name_of(p, &p->token, 0);
        if (p->r || function_find(p->forest, call, yaql_tables,
                                  receiver ? FUNCTION_METHOD : FUNCTION_ALONE) < 0)
                return fail(p, -ENOMEM);
        next(p);
        return arguments(p, call, ")");
}

static struct node *variable(struct parser *p)
{
        struct node *made = node(p, NODE_VARIABLE, NULL, NULL);

        if (!made)
                return NULL;
        made->name = p->token.len > 1 ? name_of(p, &p->token, 1) : "1";
        next(p);
        return made;
}

/* Pairs become keys and values beside each other, as Jinja's literals have them. */
static struct node *map(struct parser *p)
{
        struct node *pairs = node(p, NODE_LIST, NULL, NULL), *made = node(p, NODE_DICT, NULL, NULL);

        next(p);
        pairs = arguments(p, pairs, "}");
        for (size_t i = 0; pairs && i < pairs->n; i++) {
                const struct node *kid = pairs->kids[i];

                if (kid->kind != NODE_PAIR)
                        return fail(p, fault_set(p->lexer.fault, 422, "expr.syntax",
                                                 "a dictionary holds pairs: key => value"));
                if (node_add(p->forest, made, kid->kids[0], NULL) < 0 ||
                    node_add(p->forest, made, kid->kids[1], NULL) < 0)
                        return fail(p, -ENOMEM);
        }
        return pairs ? made : NULL;
}

static struct node *prefixed(struct parser *p)
{
        enum node_kind kind = is_operator(p, "not") ? NODE_NOT : is_operator(p, "-") ? NODE_NEGATE
                : NODE_PLUS;
        struct node *made;

        next(p);
        made = node(p, kind, expression(p, kind == NODE_NOT ? 55 : 85), NULL);
        if (made)
                made->flags = SPELLING_YAQL;
        return made;
}

static struct node *bracketed(struct parser *p)
{
        struct node *inner;

        next(p);
        inner = expression(p, 0);
        return expect(p, ")") ? inner : NULL;
}

static struct node *operand_of_operator(struct parser *p)
{
        if (is_operator(p, "("))
                return bracketed(p);
        if (is_operator(p, "[")) {
                struct node *list = node(p, NODE_LIST, NULL, NULL);

                next(p);
                return arguments(p, list, "]");
        }
        if (is_operator(p, "{"))
                return map(p);
        if (is_operator(p, "not") || is_operator(p, "-") || is_operator(p, "+"))
                return prefixed(p);
        return unexpected(p);
}

static struct node *operand(struct parser *p)
{
        if (p->r)
                return NULL;
        switch (p->token.kind) {
        case YAQL_STRING:
        case YAQL_NUMBER:
                return literal(p, p->token.value);
        case YAQL_TRUE:
                return literal(p, json_true());
        case YAQL_FALSE:
                return literal(p, json_false());
        case YAQL_NULL:
                return literal(p, json_null());
        case YAQL_WORD: {
                _json_ json_t *word = json_stringn(p->token.s, p->token.len);

                return word ? literal(p, word) : fail(p, -ENOMEM);
        }
        case YAQL_FUNCTION:
                return function(p, NULL);
        case YAQL_DOLLAR:
                return variable(p);
        case YAQL_OPERATOR:
                return operand_of_operator(p);
        case YAQL_END:
                break;
        }
        return unexpected(p);
}

/* What stands behind a dot: a member, a method, or (as upstream) what fails when it is run. */
static struct node *after_dot(struct parser *p, struct node *left)
{
        struct node *made;

        if (p->token.kind == YAQL_FUNCTION)
                return function(p, left);
        if (p->token.kind != YAQL_WORD)
                return unexpected(p);
        made = node(p, NODE_PROPERTY, left, NULL);
        if (made)
                made->name = name_of(p, &p->token, 0);
        next(p);
        return made;
}

static struct node *safe(struct parser *p, struct node *left)
{
        struct node *here = node(p, NODE_HERE, NULL, NULL);

        return node(p, NODE_SAFE, left, after_dot(p, here));
}

static struct node *indexed(struct parser *p, struct node *left)
{
        struct node *made = node(p, NODE_METHOD, left, NULL);

        if (!made)
                return NULL;
        made->flags = SPELLING_YAQL;
        made->name = "#indexer";
        if (function_find(p->forest, made, yaql_tables, 0) < 0)
                return fail(p, -ENOMEM);
        return arguments(p, made, "]");
}

static struct node *binary(struct parser *p, struct node *left, const struct yaql_token *operator)
{
        bool to_right = operator->power == 40;
        struct node *right = expression(p, to_right ? 39 : operator->power), *made;

        if (operator->power == 50 || operator->power == 45 || to_right)
                return node(p, operator->power == 50 ? NODE_AND : to_right ? NODE_SEND : NODE_OR,
                            left, right);
        made = node(p, NODE_BINARY, left, right);
        if (made)
                made->operates = operate_yaql(operator->s, operator->len);
        return made;
}

static struct node *extend(struct parser *p, struct node *left)
{
        struct yaql_token operator = p->token;

        next(p);
        if (operator.s[0] == '.')
                return after_dot(p, left);
        if (operator.s[0] == '?')
                return safe(p, left);
        if (operator.s[0] == '[')
                return indexed(p, left);
        return binary(p, left, &operator);
}

static struct node *expression(struct parser *p, int power)
{
        struct node *left;

        if (p->depth >= DEPTH_MAX)
                return fail(p, fault_set(p->lexer.fault, 422, "expr.limit",
                                         "the expression is nested deeper than %d levels",
                                         DEPTH_MAX));
        p->depth++;
        left = operand(p);
        while (!p->r && p->token.kind == YAQL_OPERATOR && p->token.power > power)
                left = extend(p, left);
        p->depth--;
        return p->r ? NULL : left;
}

int yaql_parse(struct forest *forest, const char *s, size_t len, const struct node **ret,
               struct fault *fault)
{
        _json_ json_t *values = json_array();
        struct parser p = { .lexer = { s, s, s + len, values, fault }, .forest = forest };
        const struct node *made;

        if (!values)
                return -ENOMEM;
        next(&p);
        made = expression(&p, 0);
        if (!p.r && p.token.kind != YAQL_END)
                unexpected(&p);
        if (p.r)
                return p.r;
        *ret = made;
        return 0;
}
