/* SPDX-License-Identifier: Apache-2.0 */

/* YAQL's dictionaries. */
#include "expr/function.h"
#include "expr/sets.h"
#include "expr/value.h"

#include <string.h>

static bool add_all(struct call *call, json_t *made, json_t *from)
{
        const char *key;
        json_t *value;

        json_object_foreach(from, key, value)
                if (!run_step(call->run, 1) || json_object_set(made, key, value) < 0)
                        return call->run->failure ? false : run_no_memory(call->run);
        return true;
}

static json_t *copy(struct call *call, json_t *object)
{
        json_t *made = run_object(call->run);

        return made && add_all(call, made, object) ? made : NULL;
}

static bool add_pairs(struct call *call, json_t *made)
{
        for (size_t i = 0; i < call->rest_n; i++) {
                const struct node *pair = call->rest_lazy[i];
                json_t *key;

                if (pair->kind != NODE_PAIR)
                        return run_raise(call->run, "NoMatchingFunctionException",
                                         "No function \"dict\" matches supplied arguments");
                key = run_node(call->run, pair->kids[0]);
                if (!key || !run_put(call->run, made, key, run_node(call->run, pair->kids[1])))
                        return false;
        }
        return true;
}

/* dict([[k, v], …]) */
static json_t *dict_of_items(struct call *call, json_t *items)
{
        json_t *made = run_object(call->run), *item;
        size_t i;

        json_array_foreach(items, i, item) {
                json_t *pair = value_items(call->run, item);

                if (!pair)
                        return NULL;
                if (json_array_size(pair) < 2)
                        return run_raise(call->run, "StopIteration", "%s", "");
                if (!run_put(call->run, made, json_array_get(pair, 0), json_array_get(pair, 1)))
                        return NULL;
        }
        return made;
}

static json_t *dict(struct call *call)
{
        json_t *made, *items;

        if (call->rest_n == 1 && call->rest_lazy[0]->kind != NODE_PAIR) {
                items = run_node(call->run, call->rest_lazy[0]);
                return !items ? NULL : json_is_array(items) ? dict_of_items(call, items)
                        : run_raise(call->run, "NoMatchingFunctionException",
                                    "No function \"dict\" matches supplied arguments");
        }
        made = run_object(call->run);
        return made && add_pairs(call, made) ? made : NULL;
}

static json_t *to_dict(struct call *call)
{
        json_t *made = run_object(call->run), *item, *key, *value;
        size_t i;

        json_array_foreach(call->args[0], i, item) {
                key = call_lambda(call, 1, item);
                value = key && call->lazy[2] ? call_lambda(call, 2, item) : item;
                if (!key || !run_put(call->run, made, key, value))
                        return NULL;
        }
        return made;
}

static json_t *get(struct call *call)
{
        json_t *found = value_member(call->args[0], call->args[1]);

        return found ? found : call->args[2] ? call->args[2] : json_null();
}

static json_t *set(struct call *call)
{
        json_t *made = copy(call, call->args[0]);

        return made && run_put(call->run, made, call->args[1], call->args[2]) ? made : NULL;
}

/* d.set(k, v), d.set({…}) and d.set(k => v, …) */
static json_t *set_any(struct call *call)
{
        json_t *made = copy(call, call->args[0]), *key, *value;

        if (!made)
                return NULL;
        if (!call->rest_n || call->rest_lazy[0]->kind == NODE_PAIR)
                return add_pairs(call, made) ? made : NULL;
        key = run_node(call->run, call->rest_lazy[0]);
        if (!key)
                return NULL;
        if (call->rest_n == 1 && json_is_object(key))
                return add_all(call, made, key) ? made : NULL;
        value = call->rest_n == 2 ? run_node(call->run, call->rest_lazy[1])
                : run_raise(call->run, "NoMatchingMethodException",
                            "No method \"set\" matches supplied arguments");
        call->args[1] = key;
        call->args[2] = value;
        return value ? set(call) : NULL;
}

static json_t *keys(struct call *call)
{
        json_t *made = value_items(call->run, call->args[0]);

        return made ? run_nature(call->run, made, NATURE_SET) : NULL;
}

static json_t *values(struct call *call)
{
        json_t *made = value_values(call->run, call->args[0]);

        return made ? run_nature(call->run, made, NATURE_ITERATOR) : NULL;
}

static json_t *items(struct call *call)
{
        json_t *made = value_pairs(call->run, call->args[0]);

        return made ? run_nature(call->run, made, NATURE_ITERATOR) : NULL;
}

static json_t *contains_key(struct call *call)
{
        return run_bool(value_member(call->args[0], call->args[1]) != NULL);
}

static json_t *contains_value(struct call *call)
{
        json_t *all = values(call);
        bool found = all && value_contains(call->run, all, call->args[1]);

        return all && !call->run->failure ? run_bool(found) : NULL;
}

static json_t *without(struct call *call, const json_t *names)
{
        json_t *made = copy(call, call->args[0]), *name;
        size_t i;

        json_array_foreach((json_t *)names, i, name)
                if (made && json_is_string(name))
                        json_object_del(made, json_string_value(name));
        return made;
}

static json_t *delete_keys(struct call *call)
{
        json_t *names = run_list(call->run);

        for (size_t i = 0; i < call->rest_n; i++)
                if (!run_append(call->run, names, call->rest[i]))
                        return NULL;
        return names ? without(call, names) : NULL;
}

static json_t *delete_all(struct call *call)
{
        return without(call, call->args[1]);
}

/* How mergeWith joins what both have. */
struct merge {
        struct call *call;
        const struct node *lists, *others;
        int64_t levels;                 /* 0: all */
};

static json_t *merge(const struct merge *merge, json_t *a, json_t *b, int64_t levels);

static json_t *merge_lists(const struct merge *merge, json_t *a, json_t *b)
{
        struct run *run = merge->call->run;
        json_t *made = merge->lists ? NULL : sets_of(run, a, b);

        if (merge->lists)
                return run_lambda(run, merge->lists, a, b);
        return made ? run_nature(run, made, NATURE_PLAIN) : NULL;
}

static json_t *merge_values(const struct merge *merge_by, json_t *a, json_t *b, int64_t levels)
{
        struct run *run = merge_by->call->run;
        bool deeper = levels != 1 && (json_is_object(b) || json_is_array(b));

        if (deeper && json_typeof(a) != json_typeof(b))
                return run_raise(run, "TypeError", "Cannot merge values of different types");
        if (deeper && json_is_object(b))
                return merge(merge_by, a, b, levels ? levels - 1 : 0);
        if (deeper)
                return merge_lists(merge_by, a, b);
        return merge_by->others ? run_lambda(run, merge_by->others, a, b) : b;
}

static json_t *merge(const struct merge *merge, json_t *a, json_t *b, int64_t levels)
{
        json_t *made = run_object(merge->call->run), *value, *other;
        const char *key;

        if (!made || !run_step(merge->call->run, 1))
                return NULL;
        json_object_foreach(a, key, value) {
                other = json_object_get(b, key);
                value = other ? merge_values(merge, value, other, levels) : value;
                if (!value)
                        return NULL;
                if (json_object_set(made, key, value) < 0)
                        return run_no_memory(merge->call->run);
        }
        json_object_foreach(b, key, value)
                if (!json_object_get(made, key) && json_object_set(made, key, value) < 0)
                        return run_no_memory(merge->call->run);
        return made;
}

static json_t *merge_with(struct call *call)
{
        struct merge by = { call, call->lazy[2], call->lazy[3], call_int(call, 4, 0) };

        return merge(&by, call->args[0], call->args[1], by.levels);
}

const struct function yaql_dicts[] = {
        { "dict", "*&args", dict, FUNCTION_ALONE | FUNCTION_PAIRS },
        { "toDict", "collection:c &keySelector &valueSelector=", to_dict, FUNCTION_METHOD },
        { "get", "dict:d key default=", get, FUNCTION_METHOD },
        { "set", "dict:d *&args", set_any, FUNCTION_METHOD | FUNCTION_PAIRS },
        { "keys", "dict:d", keys, FUNCTION_METHOD },
        { "values", "dict:d", values, FUNCTION_METHOD },
        { "items", "dict:d", items, FUNCTION_METHOD },
        { "containsKey", "dict:d key", contains_key, FUNCTION_METHOD },
        { "containsValue", "dict:d value", contains_value, FUNCTION_METHOD },
        { "delete", "dict:d *keys", delete_keys, FUNCTION_METHOD },
        { "deleteAll", "dict:d keys:c", delete_all, FUNCTION_METHOD },
        { "mergeWith", "dict:d another:d &listMerger= &itemMerger= maxLevels:i=", merge_with,
          FUNCTION_METHOD },
        { 0 },
};
