/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What follows from the edges alone. The graph of a life holds only what a start task leads to; a
 * task's being a split counts every mention of it, reached or not, as StackStorm does.
 */
#include "workflow/cycles.h"
#include "workflow/spec.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int ins_make(struct workflow *workflow)
{
        for (size_t i = 0; i < workflow->node_count; i++)
                for (size_t k = 0; k < workflow->nodes[i].out_count; k++)
                        workflow->nodes[workflow->nodes[i].out[k].to].in_count++;
        for (size_t i = 0; i < workflow->node_count; i++) {
                struct node *node = &workflow->nodes[i];

                node->is_split = !node->has_barrier && node->in_count > 1 && !workflow->is_chain;
                node->in = calloc(node->in_count + 1, sizeof *node->in);
                if (!node->in)
                        return -ENOMEM;
                node->in_count = 0;
        }
        return 0;
}

static int by_name(const void *a, const void *b)
{
        return strcmp((*(struct node *const *)a)->name, (*(struct node *const *)b)->name);
}

/* A start task is one that nobody mentions. */
static int roots_find(struct workflow *workflow, const bool *is_mentioned)
{
        workflow->roots = calloc(workflow->node_count + 1, sizeof(struct node *));
        if (!workflow->roots)
                return -ENOMEM;
        for (size_t i = 0; i < workflow->node_count; i++)
                if (workflow->start ? workflow->start == &workflow->nodes[i] :
                    workflow->nodes[i].spec && !is_mentioned[i])
                        workflow->roots[workflow->root_count++] = &workflow->nodes[i];
        qsort(workflow->roots, workflow->root_count, sizeof *workflow->roots, by_name);
        return 0;
}

static int reach(struct workflow *workflow)
{
        _free_ struct node **stack = calloc(workflow->node_count + 1, sizeof *stack);
        size_t top = 0;

        if (!stack)
                return -ENOMEM;
        for (size_t i = 0; i < workflow->root_count; i++) {
                workflow->roots[i]->is_reached = true;
                stack[top++] = workflow->roots[i];
        }
        while (top) {
                struct node *node = stack[--top];

                for (size_t i = 0; i < node->out_count; i++) {
                        struct node *to = &workflow->nodes[node->out[i].to];

                        to->in[to->in_count++] = &node->out[i];
                        if (!to->is_reached)
                                stack[top++] = to;
                        to->is_reached = true;
                }
        }
        return 0;
}

static bool next_of(const void *graph, unsigned at, size_t k, unsigned *ret)
{
        const struct node *node = &((const struct workflow *)graph)->nodes[at];

        if (k >= node->out_count)
                return false;
        *ret = node->out[k].to;
        return true;
}

static int cycles_mark(struct workflow *workflow)
{
        unsigned n = (unsigned)workflow->node_count;
        _free_ unsigned *component = calloc(n + 1, sizeof *component);
        _free_ bool *is_in_cycle = calloc(n + 1, sizeof *is_in_cycle);
        int r = component && is_in_cycle ?
                cycles_find(workflow, n, next_of, component, is_in_cycle) : -ENOMEM;

        for (unsigned i = 0; r == 0 && i < n; i++)
                workflow->nodes[i].is_in_cycle = is_in_cycle[i];
        return r;
}

static int by_parent(const void *a, const void *b)
{
        unsigned x = (*(const struct edge *const *)a)->from;
        unsigned y = (*(const struct edge *const *)b)->from;

        return x < y ? -1 : x > y;
}

/* `join: all` waits for every task that leads here; two ways from one task are one. */
static void barrier_settle(struct node *node)
{
        unsigned parents = 0;

        qsort(node->in, node->in_count, sizeof *node->in, by_parent);
        for (size_t i = 0; i < node->in_count; i++)
                parents += i == 0 || node->in[i]->from != node->in[i - 1]->from;
        if (node->barrier == UINT32_MAX)
                node->barrier = parents;
        if (!node->has_barrier || !node->barrier_counts)
                node->barrier = 1;
}

int graph_tie(struct workflow *workflow)
{
        _free_ bool *is_mentioned = calloc(workflow->node_count + 1, sizeof *is_mentioned);
        int r = is_mentioned ? ins_make(workflow) : -ENOMEM;

        for (size_t i = 0; r == 0 && i < workflow->node_count; i++)
                for (size_t k = 0; k < workflow->nodes[i].out_count; k++)
                        is_mentioned[workflow->nodes[i].out[k].to] = true;
        if (r == 0)
                r = roots_find(workflow, is_mentioned);
        if (r == 0)
                r = reach(workflow);
        if (r == 0)
                r = cycles_mark(workflow);
        for (size_t i = 0; r == 0 && i < workflow->node_count; i++)
                barrier_settle(&workflow->nodes[i]);
        return r;
}
