/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One evaluation. Every value that is made is kept until its end, so all functions hand values
 * around without counting references: they answer a borrowed value, or NULL when they failed, with
 * the reason in the run. Parts of the world's values are looked at where they are.
 */

#ifndef EXPR_RUN_H
#define EXPR_RUN_H

#include "base/fault.h"
#include "base/text.h"
#include "expr/expr.h"
#include "expr/nature.h"
#include "expr/tree.h"

#define RUN_KEPT_FIRST 48

struct binding {
        struct binding *next;
        const char *name;
        json_t *value;
};

/* Names of a loop's body or of a lambda; a frame is found before those around it. */
struct frame {
        struct frame *outer;
        struct binding *bindings;
        struct binding first[2];
        size_t used;
};

enum failure { FAILURE_NONE, FAILURE_RAISED, FAILURE_UNDEFINED, FAILURE_LIMIT, FAILURE_MEMORY };

struct run {
        const struct expr_world *world;
        struct expr_limits left;        /* what may still be used */
        const struct expr_limits *limits;
        bool is_workflow;
        struct frame *frame;
        struct natures natures;
        struct text *out;               /* of statements */
        json_t *here;
        json_t **kept;
        size_t kept_n, kept_room;
        json_t *kept_first[RUN_KEPT_FIRST];
        struct arena arena;             /* bindings beyond the first */
        enum failure failure;
        char type[64];                  /* of what was raised */
        char *message, *why, *remedy;
        char *blamed;                   /* the expression that failed, as it is written */
        const char *language;
        unsigned nesting;               /* of texts that came out of expressions */
        struct text unresolved;         /* undefined names that a workflow's text is left with */
};

void run_begin(struct run *run, const struct expr_world *world, bool is_workflow);
void run_end(struct run *run);

/* Fail, and answer NULL. The first failure is the one that is told. */
json_t *run_raise(struct run *run, const char *type, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
json_t *run_no_memory(struct run *run);
json_t *run_limit(struct run *run, const char *which);
json_t *run_too_deep(struct run *run);
/* Take up to n steps; false when there are no more. */
bool run_step(struct run *run, uint64_t n);
/*
 * The failure happened in this expression of a workflow. Expressions that came out of others fail
 * within these, and each adds its sentence.
 */
void run_blame(struct run *run, const char *text, size_t len, const char *language);
char *run_sentence(const struct run *run);      /* what upstream says of it; free() */
/* What is caught and passed over: the failure is forgotten unless it was a limit. */
bool run_forgive(struct run *run);

/* Keep a value that was just made (steals it; NULL: no memory) to the end of the run. */
json_t *run_keep(struct run *run, json_t *value);
json_t *run_text(struct run *run, const char *s, size_t len);
json_t *run_take(struct run *run, struct text *text);   /* the text is emptied */
json_t *run_int(struct run *run, int64_t n);
json_t *run_real(struct run *run, double real);
json_t *run_bool(bool truth);
json_t *run_list(struct run *run);
json_t *run_object(struct run *run);
/* Add to a list or an object that is being made; false and failed, also where value is NULL. */
bool run_append(struct run *run, json_t *list, json_t *value);
bool run_put(struct run *run, json_t *object, const json_t *key, json_t *value);
/* value, from now on of this nature. */
json_t *run_nature(struct run *run, json_t *value, enum nature_kind kind);
json_t *run_pair(struct run *run, json_t *a, json_t *b);        /* a tuple of two */
json_t *run_undefined(struct run *run, const json_t *of, const char *name);
/* What an inline if without an else gives: undefined, but empty text where it is shown. */
json_t *run_nothing(struct run *run);
bool run_is_undefined(const struct run *run, const json_t *value);
/* It is undefined, and stands for empty text: mild, or in a world where all is. */
bool run_is_empty(const struct run *run, const json_t *value);
/* Complain that value, which is undefined, was used. */
json_t *run_use_undefined(struct run *run, const json_t *value);
/* Python's str() or repr() of value into text; false and failed. */
bool run_print(struct run *run, const json_t *value, bool as_repr, struct text *text);
/* The same as it leaves YAQL: tuples have become lists; a set stays one. */
bool run_print_plain(struct run *run, const json_t *value, struct text *text);
/* More text was made: false and failed when it is too much. */
bool run_afford(struct run *run, const struct text *text);

/* A frame inside the present one, until frame_leave. */
void frame_enter(struct run *run, struct frame *frame);
void frame_leave(struct run *run, struct frame *frame);
bool frame_set(struct run *run, const char *name, json_t *value);
json_t *frame_get(const struct run *run, const char *name);     /* NULL: no such name */

/* The evaluator: evaluate.c. */
json_t *run_node(struct run *run, const struct node *node);
bool run_statement(struct run *run, const struct node *node);   /* writes to run->out */
/* Call a lambda of YAQL with up to two values. */
json_t *run_lambda(struct run *run, const struct node *node, json_t *a, json_t *b);

#endif
