/* SPDX-License-Identifier: Apache-2.0 */

/* Jinja's filters on lists and dictionaries. */
#include "base/cleanup.h"
#include "expr/function.h"
#include "expr/python.h"
#include "expr/sets.h"
#include "expr/sorting.h"
#include "expr/value.h"
#include "expr/words.h"

#include <string.h>

const struct function *const jinja_filter_tables[] = {
        jinja_filters, jinja_list_filters, common_functions, NULL
};
const struct function *const jinja_test_tables[] = { jinja_tests, NULL };

static json_t *items_of(struct call *call)
{
        return value_items(call->run, call->args[0]);
}

static json_t *iterator(struct call *call, json_t *made)
{
        return made && !call->run->failure ? run_nature(call->run, made, NATURE_ITERATOR) : NULL;
}

/* a.b.0 of an item: attributes as filters name them. name may be a number. */
static json_t *attribute(struct run *run, json_t *item, const json_t *name)
{
        const char *s = json_string_value(name);
        json_t *found;

        if (!s) {
                found = json_is_integer(name) ? value_item(run, item, name) : item;
                if (!found && run_forgive(run))
                        found = run_undefined(run, item, "index");
                return found;
        }
        while (item && *s) {
                size_t len = strcspn(s, ".");
                _json_ json_t *key = json_stringn(s, len);

                if (run_is_undefined(run, item))
                        return run_use_undefined(run, item);
                found = value_member(item, key);
                if (!found && json_is_array(item) && strspn(s, "0123456789") >= len)
                        found = json_array_get(item, strtoul(s, NULL, 10));
                item = found ? found : run_undefined(run, item, json_string_value(key));
                s += len + (s[len] == '.');
        }
        return item;
}

static json_t *list(struct call *call)
{
        json_t *items = items_of(call);

        return items ? value_chain(call->run, run_list(call->run), items) : NULL;
}

static json_t *first(struct call *call)
{
        json_t *items = items_of(call), *found = items ? json_array_get(items, 0) : NULL;

        return found || !items ? found
                : run_undefined(call->run, NULL, "No first item, sequence was empty.");
}

static json_t *last(struct call *call)
{
        json_t *items = items_of(call);
        size_t n = json_array_size(items);

        return !items ? NULL : n ? json_array_get(items, n - 1)
                : run_undefined(call->run, NULL, "No last item, sequence was empty.");
}

static json_t *length(struct call *call)
{
        size_t n;

        return value_length(call->run, call->args[0], &n) ? run_int(call->run, (int64_t)n) : NULL;
}

static json_t *join(struct call *call)
{
        json_t *items = items_of(call), *item, *by = call->args[1];
        _text_ struct text text = TEXT_INIT;
        size_t i;

        json_array_foreach(items, i, item) {
                if (call->args[2])
                        item = attribute(call->run, item, call->args[2]);
                if (i && by && !run_print(call->run, by, false, &text))
                        return NULL;
                if (!item || !run_step(call->run, 1) || !run_print(call->run, item, false, &text))
                        return NULL;
        }
        return items ? run_take(call->run, &text) : NULL;
}

static json_t *lower(struct run *run, json_t *value)
{
        return json_is_string(value) && !nature_of(&run->natures, value)
                ? words_case(run, value, LETTERS_LOWER) : value;
}

/* The value by which an item is sorted, grouped or told apart. */
static json_t *key_of(struct run *run, json_t *item, const json_t *name, bool cased)
{
        json_t *value = name && !json_is_null(name) ? attribute(run, item, name) : item;

        return !value || cased ? value : lower(run, value);
}

/* sort('a,b'): several attributes, one after the other. */
static json_t *sort_keys(struct call *call, const json_t *items, const json_t *names, bool cased)
{
        json_t *keys = run_list(call->run), *item, *row, *parts, *part;
        size_t i, k;

        parts = names && json_is_string(names) ? run_list(call->run) : NULL;
        for (const char *s = parts ? json_string_value(names) : ""; *s;) {
                size_t len = strcspn(s, ",");

                if (!run_append(call->run, parts, run_text(call->run, s, len)))
                        return NULL;
                s += len + (s[len] == ',');
        }
        json_array_foreach((json_t *)items, i, item) {
                row = run_list(call->run);
                if (!parts && !run_append(call->run, row, key_of(call->run, item, names, cased)))
                        return NULL;
                json_array_foreach(parts, k, part)
                        if (!run_append(call->run, row, key_of(call->run, item, part, cased)))
                                return NULL;
                if (!run_append(call->run, keys, row))
                        return NULL;
        }
        return keys;
}

static json_t *sort(struct call *call)
{
        json_t *items = items_of(call);
        json_t *keys = items ? sort_keys(call, items, call->args[3], call_flag(call, 2, false))
                : NULL;

        return keys ? sorting_sort(call->run, items, keys, call_flag(call, 1, false)
                                   ? UINT64_MAX : 0, false) : NULL;
}

static json_t *dictsort(struct call *call)
{
        bool by_value = call_text(call, 2) && strcmp(call_text(call, 2), "value") == 0;
        json_t *items, *at, *keys;

        if (!json_is_object(call->args[0]))
                return run_raise(call->run, "AttributeError", "'%s' object has no attribute 'items'",
                                 python_type(&call->run->natures, call->args[0]));
        items = value_pairs(call->run, call->args[0]);
        at = run_int(call->run, by_value);
        keys = items && at ? sort_keys(call, items, at, call_flag(call, 1, false)) : NULL;
        return keys ? sorting_sort(call->run, items, keys, call_flag(call, 3, false)
                                   ? UINT64_MAX : 0, false) : NULL;
}

static json_t *items(struct call *call)
{
        if (run_is_undefined(call->run, call->args[0]))
                return run_list(call->run);
        return json_is_object(call->args[0]) ? value_pairs(call->run, call->args[0])
                : run_raise(call->run, "TypeError", "Can only get item pairs from a mapping.");
}

static json_t *reverse(struct call *call)
{
        json_t *items = items_of(call), *made = run_list(call->run);
        _text_ struct text text = TEXT_INIT;

        if (!items && !run_is_undefined(call->run, call->args[0]) && run_forgive(call->run))
                return run_raise(call->run, "FilterArgumentError", "argument must be iterable");
        for (size_t i = json_array_size(items); items && made && i-- > 0;)
                if (!run_append(call->run, made, json_array_get(items, i)))
                        return NULL;
        if (!items || !json_is_string(call->args[0]))
                return items ? iterator(call, made) : NULL;
        for (size_t i = 0; i < json_array_size(made); i++)
                text_add(&text, json_string_value(json_array_get(made, i)));
        return run_take(call->run, &text);
}

#define _twins_ __attribute__((cleanup(twins_deinit)))

static json_t *hashable(struct run *run, json_t *key)
{
        bool is = !json_is_object(key) &&
                (!json_is_array(key) || nature_kind(&run->natures, key) == NATURE_TUPLE);

        return is ? key : run_raise(run, "TypeError", "unhashable type: '%s'",
                                    python_type(&run->natures, key));
}

static json_t *unique(struct call *call)
{
        _twins_ struct twins seen = { 0 };
        json_t *items = items_of(call), *made = run_list(call->run), *item, *key;
        size_t i, number;
        int r;

        json_array_foreach(items, i, item) {
                key = key_of(call->run, item, call->args[2], call_flag(call, 1, false));
                key = key ? hashable(call->run, key) : NULL;
                r = key ? twins_add(call->run, &seen, key, &number) : -1;
                if (r < 0 || (r == 0 && !run_append(call->run, made, item)))
                        return NULL;
        }
        return items ? iterator(call, made) : NULL;
}

static json_t *extreme(struct call *call, int wanted)
{
        json_t *items = items_of(call), *best = NULL, *best_key = NULL, *item, *key;
        size_t i;
        int order;

        json_array_foreach(items, i, item) {
                key = key_of(call->run, item, call->args[2], call_flag(call, 1, false));
                if (!key || (best && !value_compare(call->run, key, best_key, "<", &order)))
                        return NULL;
                if (!best || order * wanted > 0) {
                        best = item;
                        best_key = key;
                }
        }
        return best || !items ? best
                : run_undefined(call->run, NULL, "No aggregated item, sequence was empty.");
}

static json_t *min(struct call *call)
{
        return extreme(call, -1);
}

static json_t *max(struct call *call)
{
        return extreme(call, 1);
}

static json_t *sum(struct call *call)
{
        json_t *items = items_of(call), *item;
        json_t *total = call->args[2] ? call->args[2] : run_int(call->run, 0);
        bool named = call->args[1] && !json_is_null(call->args[1]);
        size_t i;

        json_array_foreach(items, i, item) {
                item = named ? attribute(call->run, item, call->args[1]) : item;
                total = item && total ? value_add(call->run, total, item) : NULL;
                if (!total)
                        return NULL;
        }
        return items ? total : NULL;
}

static json_t *groupby(struct call *call)
{
        json_t *items = items_of(call), *made = run_list(call->run), *keys, *key, *last = NULL;
        bool cased = call_flag(call, 3, false);
        json_t *group = NULL;
        size_t i;

        keys = items ? sort_keys(call, items, call->args[1], cased) : NULL;
        items = keys ? sorting_sort(call->run, items, keys, 0, false) : NULL;
        for (i = 0; i < json_array_size(items); i++) {
                json_t *item = json_array_get(items, i);

                key = attribute(call->run, item, call->args[1]);
                if (key && run_is_undefined(call->run, key) && call->args[2])
                        key = call->args[2];
                key = key && !cased ? lower(call->run, key) : key;
                if (!key)
                        return NULL;
                if (!last || !value_equal(call->run, key, last)) {
                        json_t *shown = attribute(call->run, item, call->args[1]);

                        group = run_list(call->run);
                        if (shown && run_is_undefined(call->run, shown))
                                shown = key;
                        if (!group || !shown ||
                            !run_append(call->run, made, run_pair(call->run, shown, group)))
                                return NULL;
                        last = key;
                }
                if (!run_append(call->run, group, item))
                        return NULL;
        }
        return items ? made : NULL;
}

static json_t *batch(struct call *call)
{
        json_t *items = items_of(call), *made = run_list(call->run), *row = NULL, *item;
        int64_t n = call_int(call, 1, 1);
        size_t i;

        if (n < 1)
                return run_raise(call->run, "ValueError", "a batch has at least one item");
        json_array_foreach(items, i, item) {
                if (i % (size_t)n == 0 && (!(row = run_list(call->run)) ||
                                           !run_append(call->run, made, row)))
                        return NULL;
                if (!run_append(call->run, row, item))
                        return NULL;
        }
        while (row && call->args[2] && (int64_t)json_array_size(row) < n)
                if (!run_append(call->run, row, call->args[2]))
                        return NULL;
        return items ? iterator(call, made) : NULL;
}

static json_t *slice(struct call *call)
{
        json_t *items = items_of(call), *made = run_list(call->run);
        int64_t n = call_int(call, 1, 1);
        size_t total = json_array_size(items), at = 0;

        if (n < 1)
                return run_raise(call->run, "ValueError", "there is at least one slice");
        for (int64_t k = 0; items && k < n; k++) {
                size_t len = total / (size_t)n + ((uint64_t)k < total % (size_t)n);
                json_t *row = run_list(call->run);

                if (!run_append(call->run, made, row))
                        return NULL;
                for (size_t i = 0; i < len; i++, at++)
                        if (!run_append(call->run, row, json_array_get(items, at)))
                                return NULL;
                if (call->args[2] && (uint64_t)k >= total % (size_t)n && total % (size_t)n &&
                    !run_append(call->run, row, call->args[2]))
                        return NULL;
        }
        return items ? iterator(call, made) : NULL;
}

/* What is false has no items, whatever it is; map, select and their like do not look further. */
static json_t *items_if_any(struct call *call)
{
        bool is_any = run_is_undefined(call->run, call->args[0]) ||
                value_truth(call->run, call->args[0]);

        return is_any ? items_of(call) : run_list(call->run);
}

/* map(attribute='x', default=…) and map('filter', …) */
static json_t *map(struct call *call)
{
        json_t *items = items_if_any(call), *made = run_list(call->run), *value;
        json_t *name = call->keywords ? json_object_get(call->keywords, "attribute") : NULL;
        json_t *or_else = call->keywords ? json_object_get(call->keywords, "default") : NULL;
        const struct node *filter = NULL;
        size_t i;

        if (!name && (!call->rest_n || !json_is_string(call->rest[0])))
                return run_raise(call->run, "FilterArgumentError", "map requires a filter argument");
        if (!name && !(filter = function_named(call->run, jinja_filter_tables,
                                               json_string_value(call->rest[0]), "filter")))
                return NULL;
        json_array_foreach(items, i, value) {
                json_t *args[ARGUMENTS_MAX + 1];

                memcpy(args, call->rest, call->rest_n * sizeof *args);
                args[0] = value;
                value = name ? attribute(call->run, value, name)
                        : function_apply(call->run, filter, args, call->rest_n);
                if (value && or_else && run_is_undefined(call->run, value))
                        value = or_else;
                if (!run_append(call->run, made, value))
                        return NULL;
        }
        return items ? iterator(call, made) : NULL;
}

/* select('test', …), selectattr('a', 'test', …) and their opposites. */
static json_t *choose(struct call *call, bool wanted, bool by_attribute)
{
        json_t *items = items_if_any(call), *made = run_list(call->run), *value, *is;
        size_t from = by_attribute ? 1 : 0, i;
        const struct node *test = NULL;

        if (by_attribute && !call->rest_n)
                return run_raise(call->run, "FilterArgumentError",
                                 "Missing parameter for attribute name");
        if (call->rest_n > from && !json_is_string(call->rest[from]))
                return run_raise(call->run, "TypeError", "the name of a test is text");
        if (call->rest_n > from &&
            !(test = function_named(call->run, jinja_test_tables,
                                    json_string_value(call->rest[from]), "test")))
                return NULL;
        json_array_foreach(items, i, value) {
                json_t *args[ARGUMENTS_MAX + 1], *item = value;

                value = by_attribute ? attribute(call->run, value, call->rest[0]) : value;
                if (test)
                        memcpy(args, call->rest + from, (call->rest_n - from) * sizeof *args);
                args[0] = value;
                is = value && test ? function_apply(call->run, test, args, call->rest_n - from)
                        : value;
                if (!is)
                        return NULL;
                if (value_truth(call->run, is) == wanted && !call->run->failure &&
                    !run_append(call->run, made, item))
                        return NULL;
        }
        return items ? iterator(call, made) : NULL;
}

static json_t *select_items(struct call *call)
{
        return choose(call, true, false);
}

static json_t *reject(struct call *call)
{
        return choose(call, false, false);
}

static json_t *selectattr(struct call *call)
{
        return choose(call, true, true);
}

static json_t *rejectattr(struct call *call)
{
        return choose(call, false, true);
}

static json_t *attr(struct call *call)
{
        /* JSON's values have items, no attributes. */
        return run_undefined(call->run, call->args[0], call_text(call, 1)
                                             ? call_text(call, 1) : "");
}

const struct function jinja_list_filters[] = {
        { "list", "value", list, 0 },
        { "first", "seq", first, 0 },
        { "last", "seq", last, 0 },
        { "length", "object", length, 0 },
        { "count", "object", length, 0 },
        { "join", "value d= attribute=", join, 0 },
        { "sort", "value reverse= case_sensitive= attribute=", sort, 0 },
        { "dictsort", "value case_sensitive= by= reverse=", dictsort, 0 },
        { "items", "value", items, FUNCTION_UNDEFINED },
        { "reverse", "value", reverse, 0 },
        { "unique", "value case_sensitive= attribute=", unique, 0 },
        { "min", "value case_sensitive= attribute=", min, 0 },
        { "max", "value case_sensitive= attribute=", max, 0 },
        { "sum", "iterable attribute= start=", sum, 0 },
        { "groupby", "value attribute default= case_sensitive=", groupby, 0 },
        { "batch", "value linecount fill_with=", batch, 0 },
        { "slice", "value slices fill_with=", slice, 0 },
        { "map", "value *args **named", map, 0 },
        { "select", "value *args", select_items, 0 },
        { "reject", "value *args", reject, 0 },
        { "selectattr", "value *args", selectattr, 0 },
        { "rejectattr", "value *args", rejectattr, 0 },
        { "attr", "obj name", attr, 0 },
        { 0 },
};
