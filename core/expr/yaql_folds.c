/* SPDX-License-Identifier: Apache-2.0 */

/* YAQL's folds: functions of a list that give one value. */
#include "expr/function.h"
#include "expr/operate.h"
#include "expr/sets.h"
#include "expr/value.h"

static json_t *nothing(struct call *call)
{
        return run_raise(call->run, "StopIteration", "%s", "");
}

/* Whether the lambda (or the item itself) holds; -1: it failed. */
static int holds(struct call *call, json_t *item)
{
        json_t *value = call->lazy[1] ? call_lambda(call, 1, item) : item;
        bool truth = value && value_truth(call->run, value);

        return call->run->failure ? -1 : truth;
}

/* The first item that holds, or does not; n where none is; n + 1 where it failed. */
static size_t find(struct call *call, bool wanted)
{
        json_t *item;
        size_t i, n = json_array_size(call->args[0]);

        json_array_foreach(call->args[0], i, item) {
                int r = run_step(call->run, 1) ? holds(call, item) : -1;

                if (r < 0)
                        return n + 1;
                if (r == wanted)
                        return i;
        }
        return n;
}

static json_t *any(struct call *call)
{
        size_t n = json_array_size(call->args[0]), i;

        if (!call->lazy[1])
                return run_bool(n > 0);
        i = find(call, true);
        return i > n ? NULL : run_bool(i < n);
}

static json_t *all(struct call *call)
{
        size_t n = json_array_size(call->args[0]), i = find(call, false);

        return i > n ? NULL : run_bool(i == n);
}

typedef json_t *step(struct call *call, json_t *total, json_t *item);

/* From the seed, or from the first item where there is none. */
static json_t *fold(struct call *call, json_t *seed, step *add)
{
        size_t n = json_array_size(call->args[0]);
        json_t *total = seed ? seed : json_array_get(call->args[0], 0);

        if (!total)
                return run_raise(call->run, "TypeError",
                                 "reduce() of empty iterable with no initial value");
        for (size_t i = seed ? 0 : 1; total && i < n; i++)
                total = add(call, total, json_array_get(call->args[0], i));
        return total;
}

static json_t *step_add(struct call *call, json_t *total, json_t *item)
{
        return (*operate_yaql("+", 1))(call->run, total, item);
}

static json_t *step_greater(struct call *call, json_t *total, json_t *item)
{
        json_t *is = (*operate_yaql(">", 1))(call->run, item, total);

        return !is ? NULL : json_is_true(is) ? item : total;
}

static json_t *step_less(struct call *call, json_t *total, json_t *item)
{
        json_t *is = (*operate_yaql(">", 1))(call->run, item, total);

        return !is ? NULL : json_is_true(is) ? total : item;
}

static json_t *step_lambda(struct call *call, json_t *total, json_t *item)
{
        return run_lambda(call->run, call->lazy[1], total, item);
}

static json_t *sum(struct call *call)
{
        return fold(call, call->args[1], step_add);
}

static json_t *max(struct call *call)
{
        return fold(call, call->args[1], step_greater);
}

static json_t *min(struct call *call)
{
        return fold(call, call->args[1], step_less);
}

static json_t *aggregate(struct call *call)
{
        return fold(call, call->args[2], step_lambda);
}

static json_t *max_of_two(struct call *call)
{
        return step_greater(call, call->args[0], call->args[1]);
}

static json_t *min_of_two(struct call *call)
{
        return step_less(call, call->args[0], call->args[1]);
}

static json_t *accumulate(struct call *call)
{
        json_t *made = run_list(call->run), *total = call->args[2], *item;
        size_t i;

        if (total && !run_append(call->run, made, total))
                return NULL;
        if (!total && !json_array_size(call->args[0]))
                return run_raise(call->run, "TypeError",
                                 "accumulate() of empty sequence with no initial value");
        json_array_foreach(call->args[0], i, item) {
                total = total ? step_lambda(call, total, item) : item;
                if (!run_append(call->run, made, total))
                        return NULL;
        }
        return made ? run_nature(call->run, made, NATURE_ITERATOR) : NULL;
}

static json_t *first(struct call *call)
{
        json_t *found = json_array_get(call->args[0], 0);

        return found ? found : call->args[1] ? call->args[1] : nothing(call);
}

static json_t *last(struct call *call)
{
        size_t n = json_array_size(call->args[0]);

        return n ? json_array_get(call->args[0], n - 1) : call->args[1] ? call->args[1]
                : nothing(call);
}

static json_t *single(struct call *call)
{
        if (json_array_size(call->args[0]) > 1)
                return run_raise(call->run, "StopIteration",
                                 "Collection contains more than one item");
        return first(call);
}

static json_t *place(struct call *call, bool is_last)
{
        int64_t found = -1;
        json_t *item;
        size_t i;

        json_array_foreach(call->args[0], i, item) {
                bool is = value_equal(call->run, item, call->args[1]);

                if (call->run->failure)
                        return NULL;
                if (is && (is_last || found < 0))
                        found = (int64_t)i;
        }
        return run_int(call->run, found);
}

static json_t *index_of(struct call *call)
{
        return place(call, false);
}

static json_t *last_index_of(struct call *call)
{
        return place(call, true);
}

static json_t *index_where(struct call *call)
{
        size_t n = json_array_size(call->args[0]), i = find(call, true);

        return i > n ? NULL : run_int(call->run, i < n ? (int64_t)i : -1);
}

static json_t *last_index_where(struct call *call)
{
        int64_t found = -1;
        json_t *item;
        size_t i;
        int r;

        json_array_foreach(call->args[0], i, item) {
                r = holds(call, item);
                if (r < 0)
                        return NULL;
                if (r)
                        found = (int64_t)i;
        }
        return run_int(call->run, found);
}

#define _twins_ __attribute__((cleanup(twins_deinit)))

/* Whether the item is to be visited: 1, 0 was seen before, -1 failed. */
static int is_new(struct call *call, struct twins *seen, bool decycle, json_t *item)
{
        size_t number;
        int r = decycle ? twins_add(call->run, seen, item, &number) : 0;

        return r < 0 ? -1 : !r;
}

static json_t *generate(struct call *call)
{
        _twins_ struct twins seen = { 0 };
        bool decycle = call_flag(call, 4, false);
        json_t *made = run_list(call->run), *item = call->args[0];

        while (item && made) {
                json_t *go = call_lambda(call, 1, item);
                int r = go && value_truth(call->run, go) ? is_new(call, &seen, decycle, item) : 0;

                if (call->run->failure || r < 0)
                        return NULL;
                if (!r)
                        return run_nature(call->run, made, NATURE_ITERATOR);
                if (!run_append(call->run, made, call->lazy[3] ? call_lambda(call, 3, item) : item))
                        return NULL;
                item = call_lambda(call, 2, item);
        }
        return NULL;
}

/* Breadth first, or (items come in front of those that wait) depth first. */
static json_t *generate_many(struct call *call)
{
        _twins_ struct twins seen = { 0 };
        bool decycle = call_flag(call, 3, false), deep = call_flag(call, 4, false);
        json_t *made = run_list(call->run), *queue = run_list(call->run), *item, *more, *next;

        if (!made || !run_append(call->run, queue, call->args[0]))
                return NULL;
        for (size_t at = 0; at < json_array_size(queue);) {
                int r;

                item = json_array_get(queue, at++);
                r = is_new(call, &seen, decycle, item);
                if (r == 0)
                        continue;
                if (r < 0 || !run_append(call->run, made, call->lazy[2]
                                         ? call_lambda(call, 2, item) : item))
                        return NULL;
                more = call_lambda(call, 1, item);
                more = more ? value_items(call->run, more) : NULL;
                if (!more)
                        return NULL;
                next = deep ? value_chain(call->run, run_list(call->run), more) : queue;
                if (!deep) {
                        queue = value_chain(call->run, queue, more);
                } else {
                        for (; next && at < json_array_size(queue); at++)
                                if (!run_append(call->run, next, json_array_get(queue, at)))
                                        return NULL;
                        queue = next;
                        at = 0;
                }
                if (!queue)
                        return NULL;
        }
        return run_nature(call->run, made, NATURE_ITERATOR);
}

const struct function yaql_folds[] = {
        { "any", "collection:c &predicate=", any, FUNCTION_EITHER },
        { "all", "collection:c &predicate=", all, FUNCTION_EITHER },
        { "sum", "collection:c initial=", sum, FUNCTION_METHOD },
        { "max", "collection:c initial=", max, FUNCTION_METHOD },
        { "min", "collection:c initial=", min, FUNCTION_METHOD },
        { "max", "a b", max_of_two, FUNCTION_ALONE },
        { "min", "a b", min_of_two, FUNCTION_ALONE },
        { "aggregate", "collection:c &selector seed=", aggregate, FUNCTION_METHOD },
        { "reduce", "collection:c &selector seed=", aggregate, FUNCTION_METHOD },
        { "accumulate", "collection:c &selector seed=", accumulate, FUNCTION_METHOD },
        { "first", "collection:c default=", first, FUNCTION_METHOD },
        { "last", "collection:c default=", last, FUNCTION_METHOD },
        { "single", "collection:c", single, FUNCTION_METHOD },
        { "indexOf", "collection:c item", index_of, FUNCTION_METHOD },
        { "lastIndexOf", "collection:c item", last_index_of, FUNCTION_METHOD },
        { "indexWhere", "collection:c &predicate", index_where, FUNCTION_METHOD },
        { "lastIndexWhere", "collection:c &predicate", last_index_where, FUNCTION_METHOD },
        { "generate", "initial &predicate &producer &selector= decycle=", generate,
          FUNCTION_ALONE },
        { "generateMany", "initial &producer &selector= decycle= depthFirst=", generate_many,
          FUNCTION_ALONE },
        { 0 },
};
