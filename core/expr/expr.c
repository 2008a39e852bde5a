/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The walk over a value: lists and objects are copied, texts are templates, the rest is constant.
 * A part without expressions is kept as one constant, however large it is.
 */
#include "expr/expr.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "expr/python.h"
#include "expr/template.h"

#include <errno.h>
#include <string.h>

#define DEPTH_MAX 100

struct expr {
        enum expr_rules rules;
        json_t *constant;               /* or */
        struct template *template;      /* or */
        struct member {
                char *key;              /* NULL in a list */
                struct template *name;  /* of a key that is an expression; else NULL */
                struct expr *value;
        } *members;
        size_t n;
        bool is_list;
};

struct eval {
        struct run run;
        size_t bytes, values;           /* what a copy may still cost */
        bool copies;
        struct fault *fault;
};

static int compile(const json_t *value, enum expr_rules rules, unsigned depth, struct expr **ret,
                   struct fault *fault);

static int compile_text(const json_t *value, struct expr *expr, struct fault *fault)
{
        return template_compile(json_string_value(value), json_string_length(value), expr->rules,
                                &expr->template, fault);
}

/* A workflow's keys are texts like others. */
static int compile_key(const char *key, enum expr_rules rules, struct template **ret,
                       struct fault *fault)
{
        int r = rules == EXPR_WORKFLOW ? template_compile(key, strlen(key), rules, ret, fault) : 0;

        if (!r && *ret && template_is_constant(*ret))
                *ret = template_free(*ret);
        return r;
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
        r = key ? compile_key(key, expr->rules, &member->name, fault) : 0;
        if (!r)
                r = compile(value, expr->rules, depth, &member->value, fault);
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
                template_free(expr->members[i].name);
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
                if (expr->members[i].name || !expr->members[i].value->constant)
                        return false;
        return true;
}

static int compile(const json_t *value, enum expr_rules rules, unsigned depth, struct expr **ret,
                   struct fault *fault)
{
        struct expr *expr = calloc(1, sizeof *expr);
        int r = 0;

        if (!expr)
                return -ENOMEM;
        expr->rules = rules;
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

int expr_compile_for(const json_t *value, enum expr_rules rules, struct expr **ret,
                     struct fault *fault)
{
        return compile(value ? value : json_null(), rules, 0, ret, fault);
}

int expr_compile(const json_t *value, struct expr **ret, struct fault *fault)
{
        return expr_compile_for(value, EXPR_TEMPLATE, ret, fault);
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

/* Pay for a copy of value before it is made. */
static bool afford(struct eval *e, const json_t *value)
{
        const char *key;
        json_t *member;
        size_t i, bytes = json_is_string(value) ? json_string_length(value) : 0;

        if (!e->values || bytes > e->bytes)
                return false;
        e->values--;
        e->bytes -= bytes;
        json_array_foreach((json_t *)value, i, member)
                if (!afford(e, member))
                        return false;
        json_object_foreach((json_t *)value, key, member)
                if (!afford(e, member))
                        return false;
        return true;
}

static int take(struct eval *e, json_t *value, json_t **ret)
{
        if (!e->copies) {
                *ret = json_incref(value);
                return 0;
        }
        if (!afford(e, value)) {
                fault_set(e->fault, 422, "expr.limit", "the result of the expressions has more than "
                          "%zu values or %zu bytes of text (limits.expression_values, "
                          "limits.expression_bytes)", e->run.limits->values, e->run.limits->bytes);
                return fault_try(e->fault, "refer to less of it");
        }
        *ret = json_deep_copy(value);
        return *ret ? 0 : -ENOMEM;
}

static int eval_text(struct eval *e, const struct template *template, json_t **ret)
{
        json_t *value = template_eval(template, &e->run);

        return value && !e->run.failure ? take(e, value, ret)
                : template_fault(template, &e->run, e->fault);
}

static int eval(struct eval *e, const struct expr *expr, json_t **ret);

static int put(struct eval *e, const struct member *member, json_t *value, json_t *into)
{
        _json_ json_t *name = NULL;
        _text_ struct text shown = TEXT_INIT;
        int r;

        if (!member->key)
                return json_array_append(into, value) < 0 ? -ENOMEM : 0;
        if (!member->name)
                return json_object_set(into, member->key, value) < 0 ? -ENOMEM : 0;
        r = eval_text(e, member->name, &name);
        if (r)
                return r;
        python_show(&e->run.natures, name, false, e->run.limits->bytes, &shown);
        return shown.failed || json_object_set(into, shown.s ? shown.s : "", value) < 0 ? -ENOMEM
                : 0;
}

static int eval_member(struct eval *e, const struct member *member, json_t *into)
{
        _json_ json_t *value = NULL;
        int r = eval(e, member->value, &value);

        return r ? r : put(e, member, value, into);
}

static int eval(struct eval *e, const struct expr *expr, json_t **ret)
{
        _json_ json_t *made = NULL;
        int r;

        if (expr->template)
                return eval_text(e, expr->template, ret);
        if (expr->constant) {
                *ret = e->copies ? json_deep_copy(expr->constant) : json_incref(expr->constant);
                return *ret ? 0 : -ENOMEM;
        }
        made = expr->is_list ? json_array() : json_object();
        for (size_t i = 0; made && i < expr->n; i++) {
                r = eval_member(e, &expr->members[i], made);
                if (r)
                        return expr->rules == EXPR_WORKFLOW ? r
                                : locate(r, &expr->members[i], i, e->fault);
        }
        if (!made)
                return -ENOMEM;
        *ret = TAKE(made);
        return 0;
}

static int eval_all(const struct expr *expr, const struct expr_world *world, bool copies,
                    json_t **ret, struct fault *fault)
{
        struct eval e;
        json_t *made = NULL;
        int r;

        e.fault = fault;
        e.copies = copies;
        run_begin(&e.run, world, expr->rules == EXPR_WORKFLOW);
        e.bytes = e.run.limits->bytes;
        e.values = e.run.limits->values;
        r = eval(&e, expr, &made);
        run_end(&e.run);
        if (!r)
                *ret = made;
        return r;
}

int expr_eval(const struct expr *expr, const json_t *scope, json_t **ret, struct fault *fault)
{
        struct expr_world world = { .names = scope };

        return eval_all(expr, &world, true, ret, fault);
}

int expr_eval_in(const struct expr *expr, const struct expr_world *world, json_t **ret,
                 struct fault *fault)
{
        return eval_all(expr, world, false, ret, fault);
}
