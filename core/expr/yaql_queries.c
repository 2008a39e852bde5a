/* SPDX-License-Identifier: Apache-2.0 */

/* YAQL's queries: functions of a list that give a list. */
#include "expr/function.h"
#include "expr/sets.h"
#include "expr/value.h"

#include <string.h>

static json_t *iterator(struct call *call, json_t *made)
{
        return made ? run_nature(call->run, made, NATURE_ITERATOR) : NULL;
}

static json_t *list_of(struct call *call)
{
        return call->args[0];
}

/* What a lambda says of an item; NULL: it failed. */
static json_t *judge(struct call *call, size_t i, json_t *item, bool *ret)
{
        json_t *value = call->lazy[i] ? call_lambda(call, i, item) : item;

        *ret = value && value_truth(call->run, value);
        return call->run->failure ? NULL : value;
}

static json_t *where(struct call *call)
{
        json_t *made = run_list(call->run), *item;
        bool truth;
        size_t i;

        json_array_foreach(list_of(call), i, item)
                if (!judge(call, 1, item, &truth) ||
                    (truth && !run_append(call->run, made, item)))
                        return NULL;
        return iterator(call, made);
}

static json_t *select_items(struct call *call)
{
        json_t *made = run_list(call->run), *item;
        size_t i;

        json_array_foreach(list_of(call), i, item)
                if (!run_append(call->run, made, call_lambda(call, 1, item)))
                        return NULL;
        return iterator(call, made);
}

static json_t *select_many(struct call *call)
{
        json_t *made = run_list(call->run), *item, *inner, *value;
        size_t i, k;

        json_array_foreach(list_of(call), i, item) {
                inner = call_lambda(call, 1, item);
                if (!inner)
                        return NULL;
                if (!json_is_array(inner) && !run_append(call->run, made, inner))
                        return NULL;
                json_array_foreach(inner, k, value)
                        if (!run_append(call->run, made, value))
                                return NULL;
        }
        return iterator(call, made);
}

static json_t *part(struct call *call, size_t from, size_t to)
{
        json_t *made = run_list(call->run);
        size_t n = json_array_size(list_of(call));

        for (size_t i = from; made && i < to && i < n; i++)
                if (!run_append(call->run, made, json_array_get(list_of(call), i)))
                        return NULL;
        return made;
}

static json_t *skip(struct call *call)
{
        int64_t n = call_int(call, 1, 0);

        if (n < 0)
                return run_raise(call->run, "ValueError", "Indices for islice() must be None or an "
                                 "integer: 0 <= x <= sys.maxsize.");
        return iterator(call, part(call, (size_t)n, SIZE_MAX));
}

static json_t *limit(struct call *call)
{
        int64_t n = call_int(call, 1, 0);

        if (n < 0)
                return run_raise(call->run, "ValueError", "Stop argument for islice() must be None "
                                 "or an integer: 0 <= x <= sys.maxsize.");
        return iterator(call, part(call, 0, (size_t)n));
}

static json_t *append(struct call *call)
{
        json_t *made = part(call, 0, SIZE_MAX);

        for (size_t i = 0; i < call->rest_n; i++)
                if (!run_append(call->run, made, call->rest[i]))
                        return NULL;
        return iterator(call, made);
}

static json_t *concat(struct call *call)
{
        json_t *made = run_list(call->run);

        for (size_t i = 0; made && i < call->rest_n; i++)
                made = value_chain(call->run, made, call->rest[i]);
        return iterator(call, made);
}

#define _twins_ __attribute__((cleanup(twins_deinit)))

static json_t *distinct(struct call *call)
{
        _twins_ struct twins seen = { 0 };
        json_t *made = run_list(call->run), *item, *key;
        size_t i, number;
        int r;

        json_array_foreach(list_of(call), i, item) {
                key = call->lazy[1] ? call_lambda(call, 1, item) : item;
                r = key ? twins_add(call->run, &seen, key, &number) : -1;
                if (r < 0 || (r == 0 && !run_append(call->run, made, item)))
                        return NULL;
        }
        return iterator(call, made);
}

static json_t *enumerate(struct call *call)
{
        json_t *made = run_list(call->run), *item, *number, *pair;
        size_t i;

        json_array_foreach(list_of(call), i, item) {
                number = run_int(call->run, (int64_t)i + call_int(call, 1, 0));
                pair = number ? run_pair(call->run, number, item) : NULL;
                if (!run_append(call->run, made, run_nature(call->run, pair, NATURE_LIST)))
                        return NULL;
        }
        return iterator(call, made);
}

static json_t *range(struct call *call)
{
        bool two = call->args[1] != NULL;
        int64_t from = two ? call_int(call, 0, 0) : 0, to = call_int(call, two ? 1 : 0, 0);
        int64_t step = call_int(call, 2, 1);
        json_t *made = run_list(call->run);

        if (!step)
                return run_raise(call->run, "ValueError", "range() arg 3 must not be zero");
        for (int64_t i = from; made && (step > 0 ? i < to : i > to);) {
                if (!run_append(call->run, made, run_int(call->run, i)))
                        return NULL;
                if (__builtin_add_overflow(i, step, &i))
                        break;
        }
        return iterator(call, made);
}

/* What yaql forgives an aggregator that was written for its older form. */
static bool is_forgiven(struct run *run)
{
        static const char *const types[] = { "NoMatchingMethodException",
                                             "NoMatchingFunctionException", "IndexError" };

        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
                if (strcmp(run->type, types[i]) == 0)
                        return true;
        return false;
}

/* The older form: it is given [key, values], and what it gives stands for the group. */
static json_t *aggregate_old(struct call *call, json_t *group)
{
        json_t *made = call_lambda(call, 3, group);

        if (!made || (json_is_array(made) && json_array_size(made) == 2))
                return made;
        return run_raise(call->run, "NoMatchingFunctionException",
                         "the aggregator of groupBy takes neither values nor [key, values]");
}

/* The values look as the older form's pair of key and values does. */
static bool may_be_old(struct call *call, const json_t *values, const json_t *made)
{
        return json_array_size(values) == 2 && json_array_size(made) == 2 &&
                value_equal(call->run, json_array_get(made, 0), json_array_get(values, 0));
}

static json_t *aggregate_groups(struct call *call, json_t *groups)
{
        json_t *made = run_list(call->run), *group, *values, *value;
        bool may_fall_back = true, is_old = false;
        size_t i;

        json_array_foreach(groups, i, group) {
                values = json_array_get(group, 1);
                value = is_old ? NULL : call_lambda(call, 3, values);
                is_old |= !value && may_fall_back && is_forgiven(call->run) &&
                        run_forgive(call->run);
                may_fall_back &= is_old || !value || may_be_old(call, values, value);
                value = is_old ? aggregate_old(call, group)
                        : value ? run_pair(call->run, json_array_get(group, 0), value) : NULL;
                if (!value || !run_append(call->run, made, value))
                        return NULL;
        }
        return iterator(call, made);
}

static json_t *group_by(struct call *call)
{
        _twins_ struct twins seen = { 0 };
        json_t *made = run_list(call->run), *item, *key, *value, *group;
        size_t i, number;
        int r;

        json_array_foreach(list_of(call), i, item) {
                key = call_lambda(call, 1, item);
                value = key && call->lazy[2] ? call_lambda(call, 2, item) : item;
                r = key && value ? twins_add(call->run, &seen, key, &number) : -1;
                if (r < 0)
                        return NULL;
                if (r == 0 && (!(group = run_nature(call->run, run_list(call->run), NATURE_LIST)) ||
                               !run_append(call->run, made, run_pair(call->run, key, group))))
                        return NULL;
                group = json_array_get(json_array_get(made, number), 1);
                if (!run_append(call->run, group, value))
                        return NULL;
        }
        return !made || !call->lazy[3] ? iterator(call, made) : aggregate_groups(call, made);
}

static json_t *zip_to(struct call *call, size_t n, json_t *pad)
{
        json_t *made = run_list(call->run), *row, *item;

        for (size_t k = 0; made && k < n; k++) {
                row = run_list(call->run);
                for (size_t i = 0; row && i <= call->rest_n; i++) {
                        item = json_array_get(i ? call->rest[i - 1] : list_of(call), k);
                        if (!run_append(call->run, row, item ? item : pad))
                                return NULL;
                }
                if (!run_append(call->run, made, run_nature(call->run, row, NATURE_TUPLE)))
                        return NULL;
        }
        return iterator(call, made);
}

static size_t extreme(const struct call *call, bool longest)
{
        size_t n = json_array_size(call->args[0]);

        for (size_t i = 0; i < call->rest_n; i++) {
                size_t other = json_array_size(call->rest[i]);

                if (longest ? other > n : other < n)
                        n = other;
        }
        return n;
}

static json_t *zip(struct call *call)
{
        return zip_to(call, extreme(call, false), NULL);
}

static json_t *zip_longest(struct call *call)
{
        json_t *pad = call->keywords ? json_object_get(call->keywords, "default") : NULL;

        return zip_to(call, extreme(call, true), pad ? pad : json_null());
}

/* SQL's join: each pair for which the predicate holds. */
static json_t *join(struct call *call)
{
        json_t *made = run_list(call->run), *a, *b, *value;
        size_t i, k;

        json_array_foreach(call->args[0], i, a)
                json_array_foreach(call->args[1], k, b) {
                        value = run_lambda(call->run, call->lazy[2], a, b);
                        if (!value)
                                return NULL;
                        if (value_truth(call->run, value) &&
                            !run_append(call->run, made,
                                        run_lambda(call->run, call->lazy[3], a, b)))
                                return NULL;
                }
        return iterator(call, made);
}

static json_t *repeat(struct call *call)
{
        int64_t times = call_int(call, 1, -1);
        json_t *made = run_list(call->run);

        if (times < 0)
                return run_raise(call->run, "ValueError", "repeat() without an end is not "
                                 "supported: say how often");
        for (int64_t i = 0; i < times; i++)
                if (!run_append(call->run, made, call->args[0]))
                        return NULL;
        return iterator(call, made);
}

static json_t *while_do(struct call *call, bool takes)
{
        json_t *made = run_list(call->run), *item;
        bool truth = true;
        size_t i;

        json_array_foreach(list_of(call), i, item) {
                if (truth && !judge(call, 1, item, &truth))
                        return NULL;
                if (truth == takes && !run_append(call->run, made, item))
                        return NULL;
                if (takes && !truth)
                        break;
        }
        return iterator(call, made);
}

static json_t *take_while(struct call *call)
{
        return while_do(call, true);
}

static json_t *skip_while(struct call *call)
{
        return while_do(call, false);
}

static json_t *slice(struct call *call)
{
        int64_t length = call_int(call, 1, 0);
        size_t n = json_array_size(list_of(call));
        json_t *made = run_list(call->run);

        if (length < 0)
                return run_raise(call->run, "ValueError", "a length is not negative");
        for (size_t i = 0; length && i < n; i += (size_t)length)
                if (!run_append(call->run, made, part(call, i, i + (size_t)length)))
                        return NULL;
        return iterator(call, made);
}

static json_t *split_where(struct call *call)
{
        json_t *made = run_list(call->run), *item;
        size_t i, start = 0;
        bool truth;

        json_array_foreach(list_of(call), i, item) {
                if (!judge(call, 1, item, &truth) ||
                    (truth && !run_append(call->run, made, part(call, start, i))))
                        return NULL;
                if (truth)
                        start = i + 1;
        }
        if (start != json_array_size(list_of(call)) &&
            !run_append(call->run, made, part(call, start, SIZE_MAX)))
                return NULL;
        return iterator(call, made);
}

static json_t *slice_where(struct call *call)
{
        json_t *made = run_list(call->run), *item, *value, *last = NULL;
        size_t i, start = 0;

        json_array_foreach(list_of(call), i, item) {
                value = call_lambda(call, 1, item);
                if (!value)
                        return NULL;
                if (last && !value_equal(call->run, value, last)) {
                        if (!run_append(call->run, made, part(call, start, i)))
                                return NULL;
                        start = i;
                }
                last = value;
        }
        if (start != json_array_size(list_of(call)) &&
            !run_append(call->run, made, part(call, start, SIZE_MAX)))
                return NULL;
        return iterator(call, made);
}

static json_t *split_at(struct call *call)
{
        int64_t at = call_int(call, 1, 0), n = (int64_t)json_array_size(list_of(call));
        json_t *made = run_list(call->run);

        at = at < 0 ? (at + n < 0 ? 0 : at + n) : at;
        if (!run_append(call->run, made, part(call, 0, (size_t)at)) ||
            !run_append(call->run, made, part(call, (size_t)at, SIZE_MAX)))
                return NULL;
        return run_nature(call->run, made, NATURE_LIST);
}

static json_t *reverse(struct call *call)
{
        json_t *made = run_list(call->run);

        for (size_t i = json_array_size(list_of(call)); made && i-- > 0;)
                if (!run_append(call->run, made, json_array_get(list_of(call), i)))
                        return NULL;
        return iterator(call, made);
}

static json_t *default_if_empty(struct call *call)
{
        bool is_empty = !json_array_size(list_of(call));

        return iterator(call, value_chain(call->run, call->args[is_empty], NULL));
}

#define GROUP_BY "collection:c &keySelector &valueSelector= &aggregator="

const struct function yaql_queries[] = {
        { "where", "collection:c &predicate", where, FUNCTION_METHOD },
        { "filter", "collection:c &predicate", where, FUNCTION_METHOD },
        { "select", "collection:c &selector", select_items, FUNCTION_METHOD },
        { "map", "collection:c &selector", select_items, FUNCTION_METHOD },
        { "selectMany", "collection:c &selector", select_many, FUNCTION_METHOD },
        { "skip", "collection:c count:i", skip, FUNCTION_METHOD },
        { "limit", "collection:c count:i", limit, FUNCTION_METHOD },
        { "take", "collection:c count:i", limit, FUNCTION_METHOD },
        { "append", "collection:c *args", append, FUNCTION_EITHER },
        { "concat", "*collections:c", concat, FUNCTION_EITHER },
        { "distinct", "collection:c &keySelector=", distinct, FUNCTION_EITHER },
        { "enumerate", "collection:c start:i=", enumerate, FUNCTION_EITHER },
        { "range", "stop:i", range, FUNCTION_ALONE },
        { "range", "start:i stop:i step:i=", range, FUNCTION_ALONE },
        { "groupBy", GROUP_BY, group_by, FUNCTION_METHOD },
        { "zip", "collection:c *collections:c", zip, FUNCTION_METHOD },
        { "zipLongest", "collection:c *collections:c **options", zip_longest, FUNCTION_METHOD },
        { "join", "collection1:c collection2:c &predicate &selector", join, FUNCTION_METHOD },
        { "repeat", "value times:i=", repeat, FUNCTION_METHOD },
        { "takeWhile", "collection:c &predicate", take_while, FUNCTION_METHOD },
        { "skipWhile", "collection:c &predicate", skip_while, FUNCTION_METHOD },
        { "slice", "collection:c length:i", slice, FUNCTION_METHOD },
        { "splitWhere", "collection:c &predicate", split_where, FUNCTION_METHOD },
        { "sliceWhere", "collection:c &predicate", slice_where, FUNCTION_METHOD },
        { "splitAt", "collection:c index:i", split_at, FUNCTION_METHOD },
        { "reverse", "collection:c", reverse, FUNCTION_METHOD },
        { "defaultIfEmpty", "collection:c default:c", default_if_empty, FUNCTION_METHOD },
        { 0 },
};
