/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/sorting.h"

#include "expr/value.h"

#include <string.h>

/* Items and the keys by which they are ordered; keys of the first selector count most. */
struct sorting {
        struct run *run;
        const json_t *keys;             /* for each item, a list of keys, one for each selector */
        uint64_t descending;
        bool nulls_first;
        size_t *order, *room;
};

static int key_order(struct sorting *sorting, const json_t *a, const json_t *b)
{
        int order = 0;

        if (sorting->nulls_first && (json_is_null(a) || json_is_null(b)))
                return (json_is_null(b) ? 1 : 0) - (json_is_null(a) ? 1 : 0);
        value_compare(sorting->run, a, b, "<", &order);
        return order;
}

static int compare_rows(struct sorting *sorting, size_t x, size_t y)
{
        const json_t *a = json_array_get(sorting->keys, x), *b = json_array_get(sorting->keys, y);
        int order = 0;

        for (size_t i = 0; !order && i < json_array_size(a); i++) {
                order = key_order(sorting, json_array_get(a, i), json_array_get(b, i));
                if (sorting->descending >> (i < 63 ? i : 63) & 1)
                        order = -order;
        }
        return order;
}

/* A merge sort: stable, as Python's, and it stops when a comparison failed. */
static void merge_sort(struct sorting *sorting, size_t from, size_t to)
{
        size_t middle = from + (to - from) / 2, a = from, b = middle, *order = sorting->order;

        if (to - from < 2 || sorting->run->failure)
                return;
        merge_sort(sorting, from, middle);
        merge_sort(sorting, middle, to);
        for (size_t i = from; i < to; i++) {
                bool left = b == to || (a < middle && compare_rows(sorting, order[a], order[b]) <= 0);

                sorting->room[i] = left ? order[a++] : order[b++];
        }
        memcpy(order + from, sorting->room + from, (to - from) * sizeof *order);
        run_step(sorting->run, to - from);
}

json_t *sorting_sort(struct run *run, const json_t *items, const json_t *keys, uint64_t descending,
                     bool nulls_first)
{
        size_t n = json_array_size(items);
        struct sorting sorting = { run, keys, descending, nulls_first,
                                   calloc(n + 1, sizeof(size_t)), calloc(n + 1, sizeof(size_t)) };
        json_t *made = run_list(run);

        for (size_t i = 0; sorting.order && i < n; i++)
                sorting.order[i] = i;
        if (sorting.order && sorting.room)
                merge_sort(&sorting, 0, n);
        else
                run_no_memory(run);
        for (size_t i = 0; made && !run->failure && i < n; i++)
                run_append(run, made, json_array_get(items, sorting.order[i]));
        free(sorting.order);
        free(sorting.room);
        return run->failure ? NULL : made;
}
