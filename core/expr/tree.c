/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/tree.h"

#include <errno.h>
#include <string.h>

int forest_begin(struct forest *forest)
{
        forest->arena = (struct arena)ARENA_INIT;
        forest->literals = json_array();
        return forest->literals ? 0 : -ENOMEM;
}

void forest_deinit(struct forest *forest)
{
        arena_deinit(&forest->arena);
        json_decref(forest->literals);
        forest->literals = NULL;
}

struct node *node_new(struct forest *forest, enum node_kind kind, size_t at)
{
        struct node *node = arena_alloc(&forest->arena, sizeof *node);

        if (!node)
                return NULL;
        memset(node, 0, sizeof *node);
        node->kind = kind;
        node->at = at;
        return node;
}

struct node *node_literal(struct forest *forest, json_t *value, size_t at)
{
        struct node *node;

        if (!value || json_array_append_new(forest->literals, value) < 0)
                return NULL;
        node = node_new(forest, NODE_LITERAL, at);
        if (node)
                node->literal = value;
        return node;
}

/* Doubling in an arena wastes as much as it uses, which is little. */
static int grow(struct forest *forest, struct node *node)
{
        size_t room = node->n ? node->n * 2 : 4;
        const struct node **kids = arena_alloc(&forest->arena, room * sizeof *kids);
        const char **names = arena_alloc(&forest->arena, room * sizeof *names);

        if (!kids || !names)
                return -ENOMEM;
        if (node->n) {
                memcpy(kids, node->kids, node->n * sizeof *kids);
                memcpy(names, node->names, node->n * sizeof *names);
        }
        node->kids = kids;
        node->names = names;
        return 0;
}

int node_add(struct forest *forest, struct node *node, const struct node *kid, const char *name)
{
        bool is_full = !node->n || (node->n >= 4 && !(node->n & (node->n - 1)));

        if (is_full && grow(forest, node) < 0)
                return -ENOMEM;
        node->kids[node->n] = kid;
        node->names[node->n] = name;
        node->n++;
        return 0;
}
