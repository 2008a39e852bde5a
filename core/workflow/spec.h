/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A compiled definition from inside: tasks and engine commands are nodes, transitions edges, each
 * with its expressions compiled. Everything that a life asks at every step (is this a join, a
 * split, in a cycle, who leads here) is answered by a field.
 */

#ifndef WORKFLOW_SPEC_H
#define WORKFLOW_SPEC_H

#include "base/map.h"
#include "expr/expr.h"
#include "workflow/workflow.h"

#include <stdatomic.h>

/* `name: value` in order: input, vars, output, publish. */
struct variables {
        size_t count;
        struct variable {
                const char *name;
                struct expr *value;     /* NULL: null */
        } *list;
};

enum command { COMMAND_NONE, COMMAND_NOOP, COMMAND_FAIL, COMMAND_CONTINUE };
enum condition { WHEN_ALWAYS, WHEN_EXPR, WHEN_SUCCEEDED, WHEN_FAILED };

struct edge {
        unsigned from, to;
        unsigned key;                   /* its number among the edges between the same two */
        char *name, *backref;           /* "to__t0", "from__t0" */
        enum condition condition;
        struct expr *when;              /* of WHEN_EXPR */
        struct variables *publish;      /* shared by the edges of one transition; may be NULL */
};

/* A whole number of seconds or times: given as such, or to be rendered. */
struct number {
        bool is_there;
        struct expr *value;
        const json_t *source;
};

struct node {
        const char *name;
        const json_t *spec;             /* the task as it is written; NULL for a command */
        enum command command;
        bool is_reached;                /* from a start task: the graph consists of these */
        bool is_split, is_in_cycle;
        bool has_barrier, barrier_counts;       /* `join: 0` is a join that nothing waits for */
        unsigned barrier;               /* how many tasks must have come */
        struct edge *out;
        size_t out_count;
        const struct edge **in;
        size_t in_count;
        struct expr *action, *input;    /* NULL: null */
        bool has_items;
        char *items_text;               /* the expression alone, for messages */
        struct expr *items;
        char **keys;                    /* names of an item's parts, NULL at the end; may be NULL */
        struct number concurrency, delay, timeout;
        bool has_retry;
        struct expr *retry_when;        /* NULL: whenever it failed */
        struct number retry_count, retry_delay;
};

struct workflow {
        atomic_uint refs;
        json_t *definition;
        json_t *tasks;                  /* what the nodes' specs point into */
        struct workflow_limits limits;
        bool is_chain;
        struct map by_name;             /* to nodes */
        struct node *nodes;
        size_t node_count;
        struct node *start;             /* of a chain; else NULL: who is not mentioned starts */
        struct node **roots;            /* sorted by name */
        size_t root_count;
        struct variables input, vars, output;
        struct variables *publishes;    /* of all transitions, one each */
        size_t publish_count;
        struct number timeout;
};

/*
 * The transitions of a task as the language reads them: called for each name in `do` of each member
 * of `next`, in order; name is not terminated. Returns what visit returned when that is not 0.
 */
typedef int spec_visitor(void *arg, const char *name, size_t len, size_t index,
                         const json_t *transition);
int spec_each_next(const json_t *task, spec_visitor *visit, void *arg);

struct node *workflow_node(const struct workflow *workflow, const char *name);
enum command command_of(const char *name);      /* `retry` is none: it never becomes a node */
bool command_is_reserved(const char *name);     /* noop, fail, continue, retry */

/* Compile what is written; FAULT as workflow_compile. */
int spec_read(struct workflow *workflow, struct fault *fault);
void spec_deinit(struct workflow *workflow);
int chain_read(struct workflow *workflow, struct fault *fault);
/* Tie the nodes together: edges in, roots, splits, cycles, barriers. 0 or -ENOMEM. */
int graph_tie(struct workflow *workflow);

/* An expression of a workflow; *ret stays NULL for null. */
int spec_compile(const json_t *value, struct expr **ret, struct fault *fault);
int spec_compile_text(const char *s, struct expr **ret, struct fault *fault);
/* [{name: value} or name …] */
int spec_variables(const json_t *list, struct variables *ret, struct fault *fault);

/* `next` of a node: its edges, once all names are known. */
int edges_read(struct workflow *workflow, struct node *node, struct fault *fault);

/* Grow a list by one place, where it is full. 0 or -ENOMEM. */
int list_grow(void **list, size_t *room, size_t count, size_t size);

#endif
