/* SPDX-License-Identifier: Apache-2.0 */

/* YAQL's lists, dictionaries and sets. */
#include "expr/function.h"
#include "expr/sets.h"
#include "expr/value.h"

#include <string.h>

static json_t *iterator(struct call *call, json_t *made)
{
        return run_nature(call->run, made, NATURE_ITERATOR);
}

static bool is_iterator(const struct call *call, const json_t *value)
{
        return json_is_array(value) && nature_kind(&call->run->natures, value) == NATURE_ITERATOR;
}

/* An iterator is opened, also within another: natures have a depth, so this ends. */
static bool open_into(struct call *call, json_t *value, json_t *made)
{
        json_t *item;
        size_t i;

        if (!is_iterator(call, value))
                return run_append(call->run, made, value);
        json_array_foreach(value, i, item)
                if (!open_into(call, item, made))
                        return false;
        return true;
}

/* The arguments, with those that are iterators opened. */
static json_t *opened(struct call *call)
{
        json_t *made = run_list(call->run);

        for (size_t i = 0; made && i < call->rest_n; i++)
                if (!open_into(call, call->rest[i], made))
                        return NULL;
        return made;
}

static json_t *list(struct call *call)
{
        return opened(call);
}

static json_t *set(struct call *call)
{
        json_t *items = opened(call);

        return items ? sets_of(call->run, items, NULL) : NULL;
}

static json_t *to_list(struct call *call)
{
        bool is = nature_kind(&call->run->natures, call->args[0]) == NATURE_PLAIN;

        return is ? call->args[0] : value_slice(call->run, call->args[0],
                                                (const json_t *const[3]){ NULL, NULL, NULL });
}

/* Everything here can be looked at again. */
static json_t *memorize(struct call *call)
{
        return call->args[0];
}

static json_t *to_set(struct call *call)
{
        return sets_of(call->run, call->args[0], NULL);
}

static bool flatten_into(struct call *call, const json_t *list, json_t *made)
{
        json_t *item;
        size_t i;

        json_array_foreach((json_t *)list, i, item)
                if (json_is_array(item) ? !flatten_into(call, item, made)
                    : !run_append(call->run, made, item))
                        return false;
        return true;
}

static json_t *flatten(struct call *call)
{
        json_t *made = run_list(call->run);

        return made && flatten_into(call, call->args[0], made) ? iterator(call, made) : NULL;
}

static json_t *at(struct call *call)
{
        return value_item(call->run, call->args[0], call->args[1]);
}

static json_t *member_or(struct call *call)
{
        json_t *found = value_member(call->args[0], call->args[1]);

        return found ? found : call->args[2] ? call->args[2] : json_null();
}

static json_t *contains(struct call *call)
{
        bool found = value_contains(call->run, call->args[0], call->args[1]);

        return call->run->failure ? NULL : run_bool(found);
}

static json_t *length(struct call *call)
{
        size_t n;

        return value_length(call->run, call->args[0], &n) ? run_int(call->run, (int64_t)n) : NULL;
}

/* Items position … position + count - 1 (to the end for a negative count) become these. */
static json_t *exchange(struct call *call, int64_t position, int64_t count, const json_t *by)
{
        json_t *made = run_list(call->run), *item, *other;
        bool done = false;
        size_t i, k;

        json_array_foreach(call->args[0], i, item) {
                bool within = (int64_t)i >= position &&
                        (count < 0 || (int64_t)i - position < count);

                if (!within && !run_append(call->run, made, item))
                        return NULL;
                if (!within || done)
                        continue;
                done = true;
                json_array_foreach((json_t *)by, k, other)
                        if (!run_append(call->run, made, other))
                                return NULL;
        }
        return made ? iterator(call, made) : NULL;
}

static json_t *delete_at(struct call *call)
{
        return exchange(call, call_int(call, 1, 0), call_int(call, 2, 1), NULL);
}

static json_t *replace_at(struct call *call)
{
        json_t *one = run_list(call->run);

        return run_append(call->run, one, call->args[2])
                ? exchange(call, call_int(call, 1, 0), call_int(call, 3, 1), one) : NULL;
}

static json_t *replace_many(struct call *call)
{
        return exchange(call, call_int(call, 1, 0), call_int(call, 3, 1), call->args[2]);
}

static json_t *insert_all(struct call *call, int64_t position, const json_t *values)
{
        int64_t n = (int64_t)json_array_size(call->args[0]);
        json_t *made = run_list(call->run), *value;
        size_t k;

        if (position < 0)
                position = 0;
        for (int64_t i = 0; made && i <= n; i++) {
                if (i == position || (i == n && position > n))
                        json_array_foreach((json_t *)values, k, value)
                                if (!run_append(call->run, made, value))
                                        return NULL;
                if (i < n && !run_append(call->run, made, json_array_get(call->args[0], (size_t)i)))
                        return NULL;
        }
        return made;
}

/* Of an iterator's items none has a place that is counted from the end. */
static json_t *insert(struct call *call)
{
        int64_t position = call_int(call, 1, 0), n = (int64_t)json_array_size(call->args[0]);
        json_t *one = run_list(call->run), *made;
        bool comes = is_iterator(call, call->args[0]);

        if (!comes || position >= 0)
                if (!run_append(call->run, one, call->args[2]))
                        return NULL;
        made = insert_all(call, position < 0 ? position + n : position, one);
        return made && comes ? iterator(call, made) : made;
}

static json_t *insert_many(struct call *call)
{
        return insert_all(call, call_int(call, 1, 0), call->args[2]);
}

static json_t *is_list(struct call *call)
{
        enum nature_kind kind = nature_kind(&call->run->natures, call->args[0]);

        return run_bool(json_is_array(call->args[0]) && kind != NATURE_SET &&
                        kind != NATURE_ITERATOR && kind != NATURE_ORDERED);
}

static json_t *is_dict(struct call *call)
{
        return run_bool(json_is_object(call->args[0]));
}

static json_t *is_set(struct call *call)
{
        return run_bool(nature_kind(&call->run->natures, call->args[0]) == NATURE_SET);
}

static json_t *is_iterable(struct call *call)
{
        return run_bool(json_is_array(call->args[0]));
}

const struct function yaql_lists[] = {
        { "list", "*args", list, FUNCTION_ALONE },
        { "set", "*args", set, FUNCTION_ALONE },
        { "toList", "collection:c", to_list, FUNCTION_METHOD },
        { "toSet", "collection:c", to_set, FUNCTION_METHOD },
        { "memorize", "collection:c", memorize, FUNCTION_METHOD },
        { "flatten", "collection:c", flatten, FUNCTION_METHOD },
        { "#indexer", "dict:d key", at, FUNCTION_METHOD },
        { "#indexer", "dict:d key default", member_or, FUNCTION_METHOD },
        { "#indexer", "list:q index:i", at, FUNCTION_METHOD },
        { "contains", "collection:c value", contains, FUNCTION_METHOD },
        { "len", "sequence:c", length, FUNCTION_EITHER },
        { "len", "dict:d", length, FUNCTION_EITHER },
        { "len", "string:s", length, FUNCTION_EITHER },
        { "count", "collection:c", length, FUNCTION_METHOD },
        { "delete", "collection:c position:i count:i=", delete_at, FUNCTION_METHOD },
        { "replace", "collection:c position:i value count:i=", replace_at, FUNCTION_METHOD },
        { "replaceMany", "collection:c position:i values:c count:i=", replace_many,
          FUNCTION_METHOD },
        { "insert", "collection:c position:i value", insert, FUNCTION_METHOD },
        { "insertMany", "collection:c position:i values:c", insert_many, FUNCTION_METHOD },
        { "isList", "arg", is_list, FUNCTION_ALONE },
        { "isDict", "arg", is_dict, FUNCTION_ALONE },
        { "isSet", "arg", is_set, FUNCTION_ALONE },
        { "isIterable", "value", is_iterable, FUNCTION_ALONE },
        { 0 },
};

static json_t *both(struct call *call)
{
        return sets_of(call->run, call->args[0], call->args[1]);
}

static json_t *difference(struct call *call)
{
        return sets_without(call->run, call->args[0], call->args[1]);
}

static json_t *intersect(struct call *call)
{
        json_t *rest = sets_without(call->run, call->args[0], call->args[1]);

        return rest ? sets_without(call->run, call->args[0], rest) : NULL;
}

static json_t *symmetric_difference(struct call *call)
{
        json_t *a = sets_without(call->run, call->args[0], call->args[1]);
        json_t *b = a ? sets_without(call->run, call->args[1], call->args[0]) : NULL;

        return b ? sets_of(call->run, a, b) : NULL;
}

static json_t *rest_as_set(struct call *call)
{
        json_t *made = run_list(call->run);

        for (size_t i = 0; i < call->rest_n; i++)
                if (!run_append(call->run, made, call->rest[i]))
                        return NULL;
        return made ? sets_of(call->run, made, NULL) : NULL;
}

static json_t *set_add(struct call *call)
{
        json_t *more = rest_as_set(call);

        return more ? sets_of(call->run, call->args[0], more) : NULL;
}

static json_t *set_remove(struct call *call)
{
        json_t *less = rest_as_set(call);

        return less ? sets_without(call->run, call->args[0], less) : NULL;
}

const struct function yaql_sets[] = {
        { "union", "left:e right:e", both, FUNCTION_METHOD },
        { "intersect", "left:e right:e", intersect, FUNCTION_METHOD },
        { "difference", "left:e right:e", difference, FUNCTION_METHOD },
        { "symmetricDifference", "left:e right:e", symmetric_difference, FUNCTION_METHOD },
        { "add", "set:e *values", set_add, FUNCTION_METHOD },
        { "remove", "set:e *values", set_remove, FUNCTION_METHOD },
        { 0 },
};
