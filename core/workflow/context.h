/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The variables that a task sees. A context is the root (inputs, vars, what the life was begun
 * with) and, above it, what transitions published on the way. Contexts are never changed: one is
 * made from another by setting names, or by laying one over another where branches join, and
 * shares what it did not change. So a context costs what it changes, however many tasks came before
 * it.
 *
 * Objects of the same name are merged, deeply, as StackStorm does.
 */

#ifndef WORKFLOW_CONTEXT_H
#define WORKFLOW_CONTEXT_H

#include "base/arena.h"

#include <jansson.h>
#include <stdbool.h>

struct context {
        unsigned id;                    /* in contexts.list */
        struct trie *names;             /* what lies above the root */
        bool hides;                     /* there are names whose values are unknown */
};

struct contexts {
        struct arena arena;             /* the tries */
        json_t *kept;                   /* a list: holds the values that tries borrow */
        json_t *root;                   /* an object; NULL until contexts_root */
        struct context **list;
        unsigned count;
        size_t room;
        unsigned names;                 /* so far, for their order */
        bool replaces;                  /* a chain's: objects are replaced, not merged */
        const struct context *seen_of;  /* the context that was last asked for as a whole */
        json_t *seen;
};

int contexts_init(struct contexts *contexts);
void contexts_deinit(struct contexts *contexts);
/* The first context: root (stolen) alone. 0 or -ENOMEM, as all here. */
int contexts_root(struct contexts *contexts, json_t *root, struct context **ret);
/*
 * from, with the names of set (a list of [name, value]; [name] alone: a value that is unknown) over
 * it.
 */
int contexts_set(struct contexts *contexts, const struct context *from, const json_t *set,
                 struct context **ret);
/* base, and over it what lies above the root in top. */
int contexts_join(struct contexts *contexts, const struct context *base, const struct context *top,
                  struct context **ret);

/* The value of a name, new reference; NULL: there is none, or (ret_unknown) it is not known. */
json_t *context_variable(const struct contexts *contexts, const struct context *context,
                    const char *name, bool *ret_unknown);
/* All that is known, but not names that begin with __: new reference. */
json_t *context_all(struct contexts *contexts, const struct context *context);

/* A new value: b's members over a's, deeply; b where they are not both objects. */
json_t *json_merge_deep(json_t *a, json_t *b);

#endif
