/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The one tree of both spellings. What the spellings mean differently is a different operator or a
 * function of another table, never a question asked at run time. A tree is not changed once it is
 * parsed.
 */

#ifndef EXPR_TREE_H
#define EXPR_TREE_H

#include "base/arena.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>

enum node_kind {
        NODE_LITERAL,                   /* literal */
        NODE_NAME,                      /* name, of Jinja */
        NODE_VARIABLE,                  /* name: "1" for $ and $1, "x" for $x */
        NODE_MEMBER,                    /* kids[0].name */
        NODE_PROPERTY,                  /* the same in YAQL */
        NODE_ITEM,                      /* kids[0][kids[1]] */
        NODE_SLICE,                     /* kids[0][kids[1]:kids[2]:kids[3]], each but 0 may be NULL */
        NODE_CALL,                      /* name(arguments) */
        NODE_METHOD,                    /* kids[0].name(other kids) */
        NODE_FILTER,                    /* kids[0] | name(other kids) */
        NODE_TEST,                      /* kids[0] is name(other kids) */
        NODE_STORED,                    /* kids[0].name, and that is a key's: st2kv.system.a */
        NODE_NEGATE, NODE_PLUS, NODE_NOT,
        NODE_BINARY,                    /* operate */
        NODE_COMPARE,                   /* kids[0] operates[0] kids[1] operates[1] kids[2] … */
        NODE_AND, NODE_OR,
        NODE_CHOICE,                    /* kids[1] if kids[0] else kids[2] (may be NULL) */
        NODE_SAFE,                      /* kids[0]?.kids[1] */
        NODE_SEND,                      /* kids[0] -> kids[1] */
        NODE_LIST, NODE_TUPLE,
        NODE_DICT,                      /* key, value, key, value … */
        NODE_PAIR,                      /* kids[0] => kids[1], among arguments */
        NODE_HERE,                      /* what a ?. stands on */
        /* statements */
        NODE_BLOCK,                     /* all kids */
        NODE_TEXT,                      /* literal */
        NODE_OUTPUT,                    /* kids[0] */
        NODE_IF,                        /* condition, then, else (may be NULL) */
        NODE_FOR,                       /* target, list, condition, body, else (each may be NULL) */
        NODE_SET,                       /* target, value */
        NODE_CAPTURE,                   /* target, body: {% set x %}…{% endset %} */
        NODE_WITH,                      /* target, value, target, value …, body */
        NODE_FILTERED,                  /* filter whose kids[0] is NODE_HERE, body */
};

struct run;
struct candidate;
typedef json_t *operation(struct run *run, json_t *a, json_t *b);

struct node {
        enum node_kind kind;
        unsigned flags;
        size_t at;                      /* where it stands in its text, in bytes */
        size_t n;
        const struct node **kids;
        const char **names;             /* beside kids: keyword arguments; NULL: none has a name */
        const char *name;
        const char *key;                /* of NODE_STORED: "system.a" */
        json_t *literal;
        operation *const *operates;
        const struct candidate **candidates;    /* what name may mean */
        size_t candidates_n;
};

#define FOR_USES_LOOP 1
#define FOR_RECURSIVE 2

/* What parsing needs, and what owns the trees. */
struct forest {
        struct arena arena;
        json_t *literals;               /* a list that owns them */
};

int forest_begin(struct forest *forest);        /* 0 or -ENOMEM */
void forest_deinit(struct forest *forest);

/* All answer NULL when there is no memory. */
struct node *node_new(struct forest *forest, enum node_kind kind, size_t at);
struct node *node_literal(struct forest *forest, json_t *value, size_t at);     /* steals value */
int node_add(struct forest *forest, struct node *node, const struct node *kid, const char *name);

#endif
