/* SPDX-License-Identifier: Apache-2.0 */

/* Which nodes of a graph lie on a cycle, and which cycles are one. */

#ifndef WORKFLOW_CYCLES_H
#define WORKFLOW_CYCLES_H

#include <stdbool.h>
#include <stddef.h>

/* The k-th node that at leads to; false: there are no more. */
typedef bool cycles_next(const void *graph, unsigned at, size_t k, unsigned *ret);

/*
 * Of n nodes: component[i] is the same for nodes that lead to each other, is_in_cycle[i] whether a
 * node leads back to itself. 0 or -ENOMEM.
 */
int cycles_find(const void *graph, unsigned n, cycles_next *next, unsigned *component,
                bool *is_in_cycle);

#endif
