/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/value.h"

#include "base/json.h"
#include "expr/letters.h"
#include "expr/python.h"

#include <string.h>

static const struct nature *time_of(const struct run *run, const json_t *value)
{
        const struct nature *nature = nature_of(&run->natures, value);

        return nature && (nature->kind == NATURE_MOMENT || nature->kind == NATURE_SPAN) ? nature
                : NULL;
}

bool value_truth(struct run *run, const json_t *value)
{
        const struct nature *nature;

        switch (json_typeof(value)) {
        case JSON_TRUE:
                return true;
        case JSON_FALSE:
        case JSON_NULL:
                return false;
        case JSON_INTEGER:
                return json_integer_value(value) != 0;
        case JSON_REAL:
                return json_real_value(value) != 0;
        case JSON_ARRAY:
                return json_array_size(value) || nature_kind(&run->natures, value) ==
                        NATURE_ITERATOR;
        case JSON_OBJECT:
                return json_object_size(value) != 0;
        case JSON_STRING:
                break;
        }
        nature = nature_of(&run->natures, value);
        if (nature && nature->kind == NATURE_UNDEFINED) {
                if (!run_is_empty(run, value))
                        run_use_undefined(run, value);
                return false;
        }
        if (nature && nature->kind == NATURE_SPAN)
                return nature->us != 0;
        return json_string_length(value) != 0;
}

bool value_is_number(const json_t *value)
{
        return json_is_number(value) || json_is_boolean(value);
}

bool value_is_integer(const json_t *value)
{
        return json_is_integer(value) || json_is_boolean(value);
}

double value_real(const json_t *number)
{
        return json_is_boolean(number) ? json_is_true(number) : json_number_value(number);
}

int64_t value_integer(const json_t *number)
{
        return json_is_boolean(number) ? json_is_true(number) : json_integer_value(number);
}

static bool has_equal(struct run *run, const json_t *list, const json_t *value)
{
        for (size_t i = 0; i < json_array_size(list) && run_step(run, 1); i++)
                if (value_equal(run, json_array_get(list, i), value))
                        return true;
        return false;
}

static bool equal_lists(struct run *run, const json_t *a, const json_t *b)
{
        size_t n = json_array_size(a);
        bool sets = nature_kind(&run->natures, a) == NATURE_SET;

        if (n != json_array_size(b) || sets != (nature_kind(&run->natures, b) == NATURE_SET))
                return false;
        for (size_t i = 0; i < n; i++)
                if (sets ? !has_equal(run, b, json_array_get(a, i))
                    : !value_equal(run, json_array_get(a, i), json_array_get(b, i)))
                        return false;
        return true;
}

static bool equal_objects(struct run *run, const json_t *a, const json_t *b)
{
        const char *key;
        json_t *member, *other;

        if (json_object_size(a) != json_object_size(b))
                return false;
        json_object_foreach((json_t *)a, key, member) {
                other = json_object_get(b, key);
                if (!other || !value_equal(run, member, other))
                        return false;
        }
        return true;
}

static bool equal_texts(const struct run *run, const json_t *a, const json_t *b)
{
        const struct nature *ta = time_of(run, a), *tb = time_of(run, b);

        if (ta || tb)
                return ta && tb && ta->kind == tb->kind && ta->us == tb->us;
        return json_string_length(a) == json_string_length(b) &&
                memcmp(json_string_value(a), json_string_value(b), json_string_length(a)) == 0;
}

bool value_equal(struct run *run, const json_t *a, const json_t *b)
{
        if (!run_step(run, 1))
                return false;
        if (value_is_number(a) && value_is_number(b))
                return json_compare_numbers(a, b) == 0;
        if (json_typeof(a) != json_typeof(b))
                return false;
        if (json_is_string(a))
                return equal_texts(run, a, b);
        if (json_is_array(a))
                return equal_lists(run, a, b);
        if (json_is_object(a))
                return equal_objects(run, a, b);
        return true;
}

static uint64_t mix(uint64_t h, uint64_t with)
{
        return (h ^ with) * 0x9e3779b97f4a7c15u ^ (h >> 29);
}

static uint64_t fnv(const char *s, size_t len)
{
        uint64_t h = 0xcbf29ce484222325u;

        for (size_t i = 0; i < len; i++)
                h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
        return h;
}

uint64_t value_hash(struct run *run, const json_t *value)
{
        const char *key;
        json_t *member;
        uint64_t h = json_typeof(value);
        size_t i;

        if (!run_step(run, 1))
                return 0;
        if (value_is_number(value))
                return json_hash(value, JSON_SAME_PYTHON);
        if (json_is_string(value))
                return fnv(json_string_value(value), json_string_length(value));
        json_array_foreach((json_t *)value, i, member)
                h = nature_kind(&run->natures, value) == NATURE_SET
                        ? h + value_hash(run, member) : mix(h, value_hash(run, member));
        json_object_foreach((json_t *)value, key, member)
                h += mix(fnv(key, strlen(key)), value_hash(run, member));
        return h;
}

static bool compare_texts(const struct run *run, const json_t *a, const json_t *b, int *ret)
{
        const struct nature *ta = time_of(run, a), *tb = time_of(run, b);
        size_t la = json_string_length(a), lb = json_string_length(b);

        if (ta || tb) {
                if (!ta || !tb || ta->kind != tb->kind)
                        return false;
                *ret = ta->us < tb->us ? -1 : ta->us > tb->us;
                return true;
        }
        *ret = memcmp(json_string_value(a), json_string_value(b), la < lb ? la : lb);
        *ret = *ret ? (*ret > 0) - (*ret < 0) : la < lb ? -1 : la > lb;
        return true;
}

static bool compare_lists(struct run *run, const json_t *a, const json_t *b, const char *operator,
                          int *ret)
{
        size_t na = json_array_size(a), nb = json_array_size(b);

        for (size_t i = 0; i < na && i < nb; i++) {
                json_t *x = json_array_get(a, i), *y = json_array_get(b, i);

                if (!value_equal(run, x, y))
                        return !run->failure && value_compare(run, x, y, operator, ret);
        }
        *ret = na < nb ? -1 : na > nb;
        return true;
}

bool value_compare(struct run *run, const json_t *a, const json_t *b, const char *operator,
                   int *ret)
{
        if (run_is_undefined(run, a) || run_is_undefined(run, b))
                return run_use_undefined(run, run_is_undefined(run, a) ? a : b);
        if (value_is_number(a) && value_is_number(b)) {
                *ret = json_compare_numbers(a, b);
                return true;
        }
        if (json_is_string(a) && json_is_string(b) && compare_texts(run, a, b, ret))
                return true;
        if (json_is_array(a) && json_is_array(b))
                return compare_lists(run, a, b, operator, ret);
        return run_raise(run, "TypeError", "'%s' not supported between instances of '%s' and '%s'",
                         operator, python_type(&run->natures, a), python_type(&run->natures, b));
}

static json_t *letters(struct run *run, const json_t *text)
{
        const char *s = json_string_value(text), *end = s + json_string_length(text);
        json_t *list = run_list(run);

        for (; s < end; s += letter_size(s))
                if (!run_append(run, list, run_text(run, s, letter_size(s))))
                        return NULL;
        return list;
}

static json_t *keys(struct run *run, const json_t *object)
{
        json_t *list = run_list(run), *member;
        const char *key;

        json_object_foreach((json_t *)object, key, member)
                if (!run_append(run, list, run_text(run, key, strlen(key))))
                        return NULL;
        return list;
}

json_t *value_items(struct run *run, json_t *value)
{
        if (json_is_array(value))
                return value;
        if (run_is_undefined(run, value))
                return run_is_empty(run, value) ? run_list(run)
                        : run_use_undefined(run, value);
        if (json_is_object(value))
                return keys(run, value);
        if (json_is_string(value) && !time_of(run, value))
                return letters(run, value);
        return run_raise(run, "TypeError", "'%s' object is not iterable",
                         python_type(&run->natures, value));
}

json_t *value_values(struct run *run, json_t *object)
{
        json_t *made = run_list(run), *value;
        const char *key;

        json_object_foreach(object, key, value)
                if (!run_append(run, made, value))
                        return NULL;
        return made;
}

json_t *value_pairs(struct run *run, json_t *object)
{
        json_t *made = run_list(run), *value;
        const char *key;

        json_object_foreach(object, key, value) {
                json_t *name = run_text(run, key, strlen(key));

                if (!name || !run_append(run, made, run_pair(run, name, value)))
                        return NULL;
        }
        return made;
}

bool value_length(struct run *run, const json_t *value, size_t *ret)
{
        if (json_is_array(value))
                *ret = json_array_size(value);
        else if (json_is_object(value))
                *ret = json_object_size(value);
        else if (run_is_undefined(run, value) && !run->world->undefined_is_empty)
                return run_use_undefined(run, value);
        else if (json_is_string(value))
                *ret = letters_count(json_string_value(value), json_string_length(value));
        else
                return run_raise(run, "TypeError", "object of type '%s' has no len()",
                                 python_type(&run->natures, value));
        return true;
}

bool value_contains(struct run *run, json_t *container, json_t *item)
{
        if (run_is_undefined(run, container) && !run->world->undefined_is_empty)
                return run_use_undefined(run, container);
        if (json_is_array(container))
                return has_equal(run, container, item);
        if (json_is_object(container))
                return value_member(container, item) != NULL;
        if (!json_is_string(container))
                return run_raise(run, "TypeError", "argument of type '%s' is not iterable",
                                 python_type(&run->natures, container));
        if (!json_is_string(item))
                return run_raise(run, "TypeError", "'in <string>' requires string as left operand, "
                                 "not %s", python_type(&run->natures, item));
        return !json_string_length(item) ||
                memmem(json_string_value(container), json_string_length(container),
                       json_string_value(item), json_string_length(item));
}

json_t *value_member(const json_t *object, const json_t *name)
{
        char digits[32];

        if (json_is_string(name))
                return json_object_getn(object, json_string_value(name), json_string_length(name));
        if (!json_is_integer(name))
                return NULL;
        snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(name));
        return json_object_get(object, digits);
}

/* Where Python's index i of n items is, or n. */
static size_t place(int64_t i, size_t n)
{
        if (i < 0)
                i += (int64_t)n;
        return i < 0 || (uint64_t)i >= n ? n : (size_t)i;
}

static json_t *letter(struct run *run, const json_t *text, int64_t i)
{
        const char *s = json_string_value(text);
        size_t len = json_string_length(text), n = letters_count(s, len), at = place(i, n);

        if (at == n)
                return run_raise(run, "IndexError", "string index out of range");
        s += letters_at(s, len, at);
        return run_text(run, s, letter_size(s));
}

json_t *value_item(struct run *run, json_t *value, const json_t *key)
{
        _text_ struct text shown = TEXT_INIT;
        json_t *found = NULL;

        if (json_is_object(value)) {
                found = value_member(value, key);
                if (found)
                        return found;
                python_show(&run->natures, key, false, 1000, &shown);
                return run_raise(run, "KeyError", "%s", shown.s ? shown.s : "");
        }
        if (run_is_undefined(run, value))
                return run_use_undefined(run, value);
        if (!value_is_integer(key) || !(json_is_array(value) || json_is_string(value)))
                return run_raise(run, "TypeError", "%s indices must be integers or slices, not %s",
                                 python_type(&run->natures, value),
                                 python_type(&run->natures, key));
        if (json_is_string(value))
                return letter(run, value, value_integer(key));
        found = json_array_get(value, place(value_integer(key), json_array_size(value)));
        return found ? found : run_raise(run, "IndexError", "%s index out of range",
                                         nature_kind(&run->natures, value) == NATURE_TUPLE
                                         ? "tuple" : "list");
}
