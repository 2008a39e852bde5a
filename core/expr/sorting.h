/* SPDX-License-Identifier: Apache-2.0 */

/* A stable sort of items by lists of keys beside them, one key for each order. */

#ifndef EXPR_SORTING_H
#define EXPR_SORTING_H

#include "expr/run.h"

/* descending: a bit for each key. nulls_first: null has an order (YAQL); else it is an error. */
json_t *sorting_sort(struct run *run, const json_t *items, const json_t *keys, uint64_t descending,
                     bool nulls_first);

#endif
