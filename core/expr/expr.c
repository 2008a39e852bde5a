/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The walk over a value: lists and objects are copied, texts are templates, the rest is constant.
 * A part without expressions is kept as one constant, however large it is.
 */
#include "expr/expr.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "expr/template.h"

#include <errno.h>
#include <string.h>

#define DEPTH_MAX 100
#define RESULT_VALUES 200000
#define RESULT_BYTES ((size_t)4 << 20)

struct expr {
        json_t *constant;               /* or */
        struct template *template;      /* or */
        struct member {
                char *key;              /* NULL in a list */
                struct expr *value;
        } *members;
        size_t n;
        bool is_list;
};

struct eval {
        const json_t *scope;
        struct budget budget;
        struct fault *fault;
};

static int compile(const json_t *value, unsigned depth, struct expr **ret, struct fault *fault);

static int compile_text(const json_t *value, struct expr *expr, struct fault *fault)
{
        return template_compile(json_string_value(value), json_string_length(value),
                                &expr->template, fault);
}

/* Faults from within get the way to them: "body.name: …". */
static int locate(int r, const struct member *member, size_t i, struct fault *fault)
{
        if (r != FAULT)
                return r;
        return member->key ? fault_prefix(fault, "%s", member->key) : fault_prefix(fault, "%zu", i);
}

static int compile_member(struct expr *expr, const char *key, const json_t *value, unsigned depth,
                          struct fault *fault)
{
        struct member *member = &expr->members[expr->n];
        int r;

        member->key = key ? strdup(key) : NULL;
        if (key && !member->key)
                return -ENOMEM;
        r = compile(value, depth, &member->value, fault);
        return locate(r, member, expr->n++, fault);
}

static int compile_members(const json_t *value, unsigned depth, struct expr *expr,
                           struct fault *fault)
{
        const char *key;
        json_t *member;
        size_t i;
        int r = 0;

        expr->is_list = json_is_array(value);
        expr->members = calloc(json_array_size(value) + json_object_size(value) + 1,
                               sizeof *expr->members);
        if (!expr->members)
                return -ENOMEM;
        json_array_foreach((json_t *)value, i, member)
                if ((r = compile_member(expr, NULL, member, depth, fault)))
                        return r;
        json_object_foreach((json_t *)value, key, member)
                if ((r = compile_member(expr, key, member, depth, fault)))
                        return r;
        return 0;
}

static void drop_parts(struct expr *expr)
{
        template_free(expr->template);
        for (size_t i = 0; i < expr->n; i++) {
                free(expr->members[i].key);
                expr_free(expr->members[i].value);
        }
        free(expr->members);
        expr->template = NULL;
        expr->members = NULL;
        expr->n = 0;
}

static bool has_only_constants(const struct expr *expr)
{
        if (expr->template)
                return template_is_constant(expr->template);
        for (size_t i = 0; i < expr->n; i++)
                if (!expr->members[i].value->constant)
                        return false;
        return true;
}

static int compile(const json_t *value, unsigned depth, struct expr **ret, struct fault *fault)
{
        struct expr *expr = calloc(1, sizeof *expr);
        int r = 0;

        if (!expr)
                return -ENOMEM;
        if (depth > DEPTH_MAX)
                r = fault_set(fault, 422, "expr.limit", "nested deeper than %d levels", DEPTH_MAX);
        else if (json_is_string(value))
                r = compile_text(value, expr, fault);
        else if (json_is_array(value) || json_is_object(value))
                r = compile_members(value, depth + 1, expr, fault);
        if (!r && has_only_constants(expr)) {
                drop_parts(expr);
                expr->constant = json_deep_copy(value);
                r = expr->constant ? 0 : -ENOMEM;
        }
        if (r) {
                expr_free(expr);
                return r;
        }
        *ret = expr;
        return 0;
}

int expr_compile(const json_t *value, struct expr **ret, struct fault *fault)
{
        _json_ json_t *none = value ? NULL : json_null();

        return compile(value ? value : none, 0, ret, fault);
}

struct expr *expr_free(struct expr *expr)
{
        if (!expr)
                return NULL;
        drop_parts(expr);
        json_decref(expr->constant);
        free(expr);
        return NULL;
}

bool expr_is_constant(const struct expr *expr)
{
        return expr->constant != NULL;
}

static int eval(struct eval *e, const struct expr *expr, json_t **ret);

static int eval_member(struct eval *e, const struct member *member, json_t *into)
{
        json_t *value = NULL;
        int r = eval(e, member->value, &value);

        if (r)
                return r;
        r = member->key ? json_object_set_new(into, member->key, value)
                : json_array_append_new(into, value);
        return r < 0 ? -ENOMEM : 0;
}

static int eval(struct eval *e, const struct expr *expr, json_t **ret)
{
        _json_ json_t *made = NULL;
        int r;

        if (expr->template)
                return template_eval(expr->template, e->scope, &e->budget, ret, e->fault);
        if (expr->constant) {
                *ret = json_deep_copy(expr->constant);
                return *ret ? 0 : -ENOMEM;
        }
        made = expr->is_list ? json_array() : json_object();
        for (size_t i = 0; i < expr->n; i++) {
                r = eval_member(e, &expr->members[i], made);
                if (r)
                        return locate(r, &expr->members[i], i, e->fault);
        }
        *ret = TAKE(made);
        return 0;
}

int expr_eval(const struct expr *expr, const json_t *scope, json_t **ret, struct fault *fault)
{
        struct eval e = { scope, { RESULT_VALUES, RESULT_BYTES }, fault };

        return eval(&e, expr, ret);
}
