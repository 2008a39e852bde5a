/* SPDX-License-Identifier: Apache-2.0 */

/*
 * jansson compares by type first, so 1 and 1.0 differ; both languages that Kaname speaks, JSON
 * Schema's and Python's, compare numbers by value. An index over values needs a hash that agrees
 * with the comparison, so the two stand side by side here.
 */
#include "base/json.h"

#include <math.h>
#include <string.h>

static int64_t whole_of(const json_t *value)
{
        return json_is_integer(value) ? json_integer_value(value) : json_is_true(value);
}

/*
 * Beyond 2^53 a conversion to double would make unequal numbers equal, so the double is taken
 * apart.
 */
static int compare_whole_with_real(int64_t whole, double real)
{
        int64_t cut;

        if (real >= 0x1p63)
                return -1;
        if (real < -0x1p63)
                return 1;
        cut = (int64_t)real;
        if (whole != cut)
                return whole < cut ? -1 : 1;
        return real > (double)cut ? -1 : real < (double)cut;
}

int json_compare_numbers(const json_t *a, const json_t *b)
{
        double x, y;

        if (!json_is_real(a) && !json_is_real(b))
                return whole_of(a) < whole_of(b) ? -1 : whole_of(a) > whole_of(b);
        if (!json_is_real(a))
                return compare_whole_with_real(whole_of(a), json_real_value(b));
        if (!json_is_real(b))
                return -compare_whole_with_real(whole_of(b), json_real_value(a));
        x = json_real_value(a);
        y = json_real_value(b);
        return x < y ? -1 : x > y;
}

static bool is_number(const json_t *value, enum json_sameness rule)
{
        return json_is_number(value) || (rule == JSON_SAME_PYTHON && json_is_boolean(value));
}

static bool same_texts(const json_t *a, const json_t *b)
{
        return json_string_length(a) == json_string_length(b) &&
                memcmp(json_string_value(a), json_string_value(b), json_string_length(a)) == 0;
}

static bool same_arrays(const json_t *a, const json_t *b, enum json_sameness rule)
{
        if (json_array_size(a) != json_array_size(b))
                return false;
        for (size_t i = 0; i < json_array_size(a); i++)
                if (!json_same(json_array_get(a, i), json_array_get(b, i), rule))
                        return false;
        return true;
}

static bool same_objects(const json_t *a, const json_t *b, enum json_sameness rule)
{
        const char *key;
        json_t *value;

        if (json_object_size(a) != json_object_size(b))
                return false;
        json_object_foreach((json_t *)a, key, value) {
                const json_t *other = json_object_get(b, key);

                if (!other || !json_same(value, other, rule))
                        return false;
        }
        return true;
}

bool json_same(const json_t *a, const json_t *b, enum json_sameness rule)
{
        if (is_number(a, rule) && is_number(b, rule))
                return json_compare_numbers(a, b) == 0;
        if (json_typeof(a) != json_typeof(b))
                return false;
        switch (json_typeof(a)) {
        case JSON_STRING:
                return same_texts(a, b);
        case JSON_ARRAY:
                return same_arrays(a, b, rule);
        case JSON_OBJECT:
                return same_objects(a, b, rule);
        default:
                return true;
        }
}

static uint64_t stir(uint64_t h)
{
        h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
        h = (h ^ h >> 27) * 0x94d049bb133111ebu;
        return h ^ h >> 31;
}

static uint64_t hash_chars(const char *s, size_t len)
{
        uint64_t h = 0xcbf29ce484222325u;

        for (size_t i = 0; i < len; i++)
                h = (h ^ (uint8_t)s[i]) * 0x100000001b3u;
        return stir(h);
}

/* A whole number hashes alike in both of its types. */
static uint64_t hash_number(const json_t *value)
{
        double real = json_is_real(value) ? json_real_value(value) : 0;
        uint64_t bits;

        if (!json_is_real(value))
                return stir((uint64_t)whole_of(value) + 1);
        if (real >= -0x1p63 && real < 0x1p63 && trunc(real) == real)
                return stir((uint64_t)(int64_t)real + 1);
        memcpy(&bits, &real, sizeof bits);
        return stir(bits);
}

static uint64_t hash_array(const json_t *array, enum json_sameness rule)
{
        uint64_t h = json_array_size(array) + 3;

        for (size_t i = 0; i < json_array_size(array); i++)
                h = stir(h + json_hash(json_array_get(array, i), rule));
        return h;
}

/* A sum, so that the order of members does not count. */
static uint64_t hash_object(const json_t *object, enum json_sameness rule)
{
        uint64_t h = json_object_size(object) + 5;
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)object, key, value)
                h += stir(hash_chars(key, strlen(key)) + 2 * json_hash(value, rule));
        return stir(h);
}

uint64_t json_hash(const json_t *value, enum json_sameness rule)
{
        if (is_number(value, rule))
                return hash_number(value);
        switch (json_typeof(value)) {
        case JSON_STRING:
                return hash_chars(json_string_value(value), json_string_length(value));
        case JSON_ARRAY:
                return hash_array(value, rule);
        case JSON_OBJECT:
                return hash_object(value, rule);
        default:
                return stir(0xabcdef01u + (uint64_t)json_typeof(value));
        }
}
