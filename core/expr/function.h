/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tables of functions. A row says what it is called and what it takes; several rows of one name are
 * tried in turn, and the first that fits what it was given is run. How a row says what it takes:
 *
 *      "string:s separator:s?= *others &predicate= **named"
 *
 * name:type, where ? lets null in, = may be left out, * takes what is left, & is not evaluated but
 * called (a lambda of YAQL). Types: s text, i integer, n number, c any list, q list or tuple, e set,
 * d object, t moment, p span, x regular expression, b boolean, o ordered; none: anything.
 */

#ifndef EXPR_FUNCTION_H
#define EXPR_FUNCTION_H

#include "expr/run.h"

#define PARAMS_MAX 14
#define ARGUMENTS_MAX 64

struct call {
        struct run *run;
        json_t *args[PARAMS_MAX];               /* by parameter; NULL: not given */
        const struct node *lazy[PARAMS_MAX];    /* the lambdas */
        json_t *rest[ARGUMENTS_MAX];            /* of *; for lambdas, the nodes: */
        const struct node *rest_lazy[ARGUMENTS_MAX];
        size_t rest_n;
        json_t *keywords;                       /* of **; NULL: none was given */
};

enum function_flags {
        FUNCTION_ALONE = 1,             /* YAQL: f(x) */
        FUNCTION_METHOD = 2,            /* YAQL: x.f() */
        FUNCTION_EITHER = 3,
        FUNCTION_PAIRS = 4,             /* a => b are its arguments, not their names */
        FUNCTION_UNDEFINED = 8,         /* can be asked about what is not defined */
};

struct function {
        const char *name, *params;
        json_t *(*run)(struct call *call);
        unsigned flags;
};

struct param {
        const char *name;
        size_t name_len;
        char type;
        bool nullable, optional, rest, named, lazy;
};

struct candidate {
        const struct function *function;
        size_t n;
        struct param params[];
};

/* The rows of the tables, which are ended by one without a name. */
extern const struct function common_functions[];        /* StackStorm's, in all places */
extern const struct function jinja_globals[], jinja_filters[], jinja_list_filters[], jinja_tests[];
extern const struct function text_methods[], container_methods[];
extern const struct function yaql_text[], yaql_numbers[], yaql_lists[], yaql_dicts[], yaql_sets[],
        yaql_queries[], yaql_folds[], yaql_times[], yaql_regex[], yaql_branches[], yaql_objects[],
        yaql_orders[];

/*
 * Let node->candidates be the rows of these tables (ended by NULL) that have its name and one of the
 * flags (0: any). 0 or -ENOMEM; none is no error.
 */
int function_find(struct forest *forest, struct node *node,
                  const struct function *const *tables, unsigned flags);

enum spelling { SPELLING_JINJA, SPELLING_YAQL };

/*
 * Call what node names: its candidates, or what the world has. receiver NULL: none; else it is the
 * first argument, and the node's kids from 1 are the others.
 */
json_t *function_call(struct run *run, const struct node *node, json_t *receiver);
json_t *function_call_yaql(struct run *run, const struct node *node, json_t *receiver);
/* Is it a method of what is the receiver: does a candidate take it first? */
bool function_is_of(const struct run *run, const struct node *node, const json_t *receiver);
/* Ask the world; NULL without a failure: it does not know the name. */
json_t *function_of_world(struct run *run, const char *name, const json_t *args,
                          const json_t *kwargs);

/*
 * A function of these tables by its name, for functions that take others by name (map, select); NULL
 * and failed where there is none. Then call it with values.
 */
const struct node *function_named(struct run *run, const struct function *const *tables,
                                  const char *name, const char *what);
json_t *function_apply(struct run *run, const struct node *named, json_t **args, size_t n);
extern const struct function *const jinja_filter_tables[], *const jinja_test_tables[];

/* For the functions: optional arguments with their defaults. */
int64_t call_int(const struct call *call, size_t i, int64_t or_else);
bool call_flag(struct call *call, size_t i, bool or_else);
const char *call_text(const struct call *call, size_t i);       /* NULL: no text */
json_t *call_lambda(struct call *call, size_t i, json_t *value);

#endif
