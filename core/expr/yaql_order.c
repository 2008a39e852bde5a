/* SPDX-License-Identifier: Apache-2.0 */

/* YAQL's orders: orderBy and thenBy. */
#include "expr/function.h"
#include "expr/sorting.h"

#include <string.h>

/* thenBy must know what orderBy ordered by: items and keys go along with the list. */
static json_t *ordered(struct call *call, const json_t *items, json_t *keys, uint64_t descending)
{
        json_t *made = sorting_sort(call->run, items, keys, descending, true);
        struct nature nature = { .value = made, .kind = NATURE_ORDERED, .of = items, .more = keys,
                                 .us = (int64_t)descending };

        if (!made && strcmp(call->run->type, "TypeError") == 0 && run_forgive(call->run))
                return run_raise(call->run, "NoMatchingFunctionException",
                                 "No function \"#operator_<\" matches supplied arguments");
        if (!made)
                return NULL;
        return nature_set(&call->run->natures, &nature) < 0 ? run_no_memory(call->run) : made;
}

static json_t *order_by_one(struct call *call, bool descending)
{
        json_t *keys = run_list(call->run), *item, *row;
        size_t i;

        json_array_foreach(call->args[0], i, item) {
                row = run_list(call->run);
                if (!run_append(call->run, row, call_lambda(call, 1, item)) ||
                    !run_append(call->run, keys, row))
                        return NULL;
        }
        return keys ? ordered(call, call->args[0], keys, descending) : NULL;
}

static json_t *order_by(struct call *call)
{
        return order_by_one(call, false);
}

static json_t *order_by_descending(struct call *call)
{
        return order_by_one(call, true);
}

static json_t *then_by_one(struct call *call, bool descending)
{
        struct nature known = *nature_of(&call->run->natures, call->args[0]);
        const json_t *keys = known.more;
        size_t n = json_array_size(json_array_get(keys, 0)), i;
        json_t *item;

        if (n > 60)
                return run_raise(call->run, "ValueError", "more than 60 orders");
        json_array_foreach((json_t *)known.of, i, item)
                if (!run_append(call->run, json_array_get(keys, i), call_lambda(call, 1, item)))
                        return NULL;
        return ordered(call, known.of, (json_t *)keys,
                       (uint64_t)known.us | (uint64_t)descending << n);
}

static json_t *then_by(struct call *call)
{
        return then_by_one(call, false);
}

static json_t *then_by_descending(struct call *call)
{
        return then_by_one(call, true);
}

const struct function yaql_orders[] = {
        { "orderBy", "collection:c &selector", order_by, FUNCTION_METHOD },
        { "orderByDescending", "collection:c &selector", order_by_descending, FUNCTION_METHOD },
        { "thenBy", "collection:o &selector", then_by, FUNCTION_METHOD },
        { "thenByDescending", "collection:o &selector", then_by_descending, FUNCTION_METHOD },
        { 0 },
};
