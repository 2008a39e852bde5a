/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The expression language of rules, parameters and workflows, in its two spellings: {{ Jinja }}
 * (with {% statements %}) and <% YAQL %>. Both become one tree, and one evaluator runs it over JSON
 * values. Compiled once, evaluated by many threads at once; pure and total: no input makes it loop,
 * grow without bound or call anything that its world does not offer.
 *
 * A value whose text is one expression and nothing else keeps that expression's type; an expression
 * among other text gives what Python's str() would.
 */

#ifndef EXPR_EXPR_H
#define EXPR_EXPR_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct expr;                            /* a compiled JSON value whose texts may hold expressions */

/*
 * Where a value comes from decides what its texts may hold, and how errors are worded.
 *
 * EXPR_TEMPLATE: rules, action parameters, action-chains, aliases. Jinja only, as StackStorm renders
 * it (trim_blocks, lstrip_blocks, undefined names are errors); <% is plain text.
 *
 * EXPR_WORKFLOW: Orquesta. Jinja or YAQL, not both in one text; the names are reached through
 * functions such as ctx(); keys of objects are expressions too; a text that comes out and again
 * holds an expression is evaluated again; faults say what Orquesta says (see expr_eval_in).
 *
 * EXPR_TEXT: as EXPR_TEMPLATE, but the result of a text is always text, as jinja2 renders it.
 */
enum expr_rules { EXPR_TEMPLATE, EXPR_WORKFLOW, EXPR_TEXT };

/* What one evaluation may use. A limit that is hit says its name and its setting. */
struct expr_limits {
        uint64_t steps;                 /* nodes, items and characters looked at */
        unsigned depth;                 /* nesting: of expressions, calls and texts that hold texts */
        size_t bytes;                   /* text that is made */
        size_t values;                  /* values that are made */
};

/*
 * What holds where a world says nothing: the hub's settings limits.expression_…. Once, before other
 * threads evaluate. Else 2,000,000 steps, 100 deep, 4 MiB, 200,000 values.
 */
void expr_limits_set(const struct expr_limits *limits);

#define EXPR_NOT_MINE 2

/* What an expression can see, besides itself. Nothing of it is changed. */
struct expr_world {
        /* An object: the names of Jinja. YAQL sees it as $. NULL: none (workflows). */
        const json_t *names;
        /*
         * Functions that belong to the caller: ctx, item, task, result, st2kv, decrypt_kv … Asked
         * for names that the language itself does not have. args is a list (a filter's value and a method's receiver
         * come first), kwargs an object; both are borrowed. 0 with a new reference in *ret, which
         * may be a part of the caller's data and is not copied, however large it is; or
         * EXPR_NOT_MINE; or FAULT: fault->code becomes the type that the error names
         * ("ExpressionEvaluationException", "KeyError"), fault->what its text; or a negative errno.
         * Called by any thread that evaluates. NULL: there are none.
         */
        int (*call)(void *arg, const char *function, const json_t *args, const json_t *kwargs,
                    json_t **ret, struct fault *fault);
        void *arg;
        const struct expr_limits *limits;       /* NULL: those that were set, or the default */
        bool undefined_is_empty;        /* a name that is not defined is empty text, not an error */
};

/* As expr_compile_for(…, EXPR_TEMPLATE, …). */
int expr_compile(const json_t *value, struct expr **ret, struct fault *fault);
/*
 * Compile every text in value, deeply. FAULT 422 expr.syntax: expression, position, what was
 * expected; expr.limit: nested too deep. In EXPR_WORKFLOW a text with a wrong expression compiles,
 * and fails when it is evaluated, as upstream (expr_validate finds it beforehand).
 */
int expr_compile_for(const json_t *value, enum expr_rules rules, struct expr **ret,
                     struct fault *fault);
struct expr *expr_free(struct expr *expr);              /* NULL; accepts NULL */
bool expr_is_constant(const struct expr *expr);

/*
 * A new value with every expression replaced. scope is an object whose members are the names that
 * can be used ("trigger", "system"). The result shares nothing with scope. FAULT 422:
 * expr.undefined (name and where), expr.limit (which, and its setting), expr.failed.
 */
int expr_eval(const struct expr *expr, const json_t *scope, json_t **ret, struct fault *fault);
/*
 * The same in a world. The result is made of parts of the world's values: not copied, so it must not
 * be changed. In EXPR_WORKFLOW fault->what is upstream's text ("Unable to evaluate expression '<%
 * item(y) %>'. ExpressionEvaluationException: Item does not have key \"y\".") and fault->detail has
 * "exception" ("YaqlEvaluationException"), "expression", "language" and "type" (the inner one).
 */
int expr_eval_in(const struct expr *expr, const struct expr_world *world, json_t **ret,
                 struct fault *fault);

/* A text holds an expression of Orquesta, in either spelling (deeply, for lists and objects). */
bool expr_has_expressions(const json_t *value);
/*
 * Syntax errors in the texts of value, as Orquesta's inspection lists them: [{type: "yaql",
 * expression, message}]; type is null for a text that mixes the spellings. New reference; NULL out
 * of memory.
 */
json_t *expr_validate(const json_t *value);
/*
 * The variables of the workflow's context that the texts of value refer to, as Orquesta finds them:
 * sorted, unique [[language, text, variable]]: ctx().x, ctx(x), ctx("x"). New reference; NULL out of
 * memory.
 */
json_t *expr_vars(const json_t *value);

#endif
