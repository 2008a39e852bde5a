/* SPDX-License-Identifier: Apache-2.0 */

/* What an expression of a workflow sees: variables, its task, its item, its result. */

#ifndef WORKFLOW_EVALUATE_H
#define WORKFLOW_EVALUATE_H

#include "workflow/life.h"

struct scope {
        struct conductor *c;
        const struct context *vars;     /* NULL: the root, or nothing */
        bool is_bare;                   /* no variable but those of rolling */
        json_t *rolling;                /* what the same list set before; may be NULL */
        json_t *rolling_unknown;        /* names of it that are not known; may be NULL */
        const struct node *node;        /* NULL: the workflow itself */
        unsigned route;
        const struct outcome *result;   /* NULL: there is none */
        const struct items *items;      /* the result is the list of theirs; or NULL */
        const json_t *item;             /* NULL: there is none */
        bool met_unknown;               /* set: something asked for what is not known */
        json_t *loaded;                 /* set: the result, once it was asked for */
};

void scope_deinit(struct scope *scope);

#define _scope_ __attribute__((cleanup(scope_deinit)))

/*
 * expr NULL: null. FAULT as expr_eval_in(), or expr.unknown: the value depends on a result that a
 * plan does not have.
 */
int evaluate(const struct expr *expr, struct scope *scope, json_t **ret, struct fault *fault);
bool fault_is_unknown(const struct fault *fault);

/* As Python judges a value. */
bool is_truthy(const json_t *value);

/* A number that is given or rendered; FAULT with exception and message where it is none. */
int evaluate_number(const struct number *number, struct scope *scope, int64_t *ret,
                    const char *exception, const char *message, struct fault *fault);

#endif
