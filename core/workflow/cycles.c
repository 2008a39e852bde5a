/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tarjan's strongly connected components, on a stack of our own: a definition may be a chain of as
 * many tasks as the limit allows, and a thread's stack is not to depend on it.
 */
#include "workflow/cycles.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>

struct visit {
        unsigned order, low;            /* order 0: not seen */
        size_t next;                    /* the edge to follow now */
        bool is_open;
};

struct tarjan {
        const void *graph;
        cycles_next *next;
        struct visit *visits;
        unsigned *path, *open;
        size_t depth, opened;
        unsigned order;
        unsigned *component;
        bool *is_in_cycle;
};

static void enter(struct tarjan *t, unsigned at)
{
        t->visits[at] = (struct visit){ ++t->order, t->order, 0, true };
        t->path[t->depth++] = at;
        t->open[t->opened++] = at;
}

static bool leads_to_itself(const struct tarjan *t, unsigned at)
{
        unsigned to;

        for (size_t k = 0; t->next(t->graph, at, k, &to); k++)
                if (to == at)
                        return true;
        return false;
}

static void leave(struct tarjan *t, unsigned at)
{
        bool is_cycle = t->open[t->opened - 1] != at || leads_to_itself(t, at);
        unsigned member;

        t->depth--;
        if (t->depth && t->visits[at].low < t->visits[t->path[t->depth - 1]].low)
                t->visits[t->path[t->depth - 1]].low = t->visits[at].low;
        if (t->visits[at].low != t->visits[at].order)
                return;
        do {
                member = t->open[--t->opened];
                t->visits[member].is_open = false;
                t->is_in_cycle[member] = is_cycle;
                t->component[member] = at;
        } while (member != at);
}

static void walk(struct tarjan *t, unsigned from)
{
        enter(t, from);
        while (t->depth) {
                unsigned at = t->path[t->depth - 1], to;
                struct visit *visit = &t->visits[at];

                if (!t->next(t->graph, at, visit->next++, &to))
                        leave(t, at);
                else if (!t->visits[to].order)
                        enter(t, to);
                else if (t->visits[to].is_open && t->visits[to].order < visit->low)
                        visit->low = t->visits[to].order;
        }
}

int cycles_find(const void *graph, unsigned n, cycles_next *next, unsigned *component,
                bool *is_in_cycle)
{
        _free_ struct visit *visits = calloc(n + 1, sizeof *visits);
        _free_ unsigned *path = calloc(n + 1, sizeof *path), *open = calloc(n + 1, sizeof *open);
        struct tarjan t = { graph, next, visits, path, open, 0, 0, 0, component, is_in_cycle };

        if (!visits || !path || !open)
                return -ENOMEM;
        for (unsigned i = 0; i < n; i++)
                if (!visits[i].order)
                        walk(&t, i);
        return 0;
}
