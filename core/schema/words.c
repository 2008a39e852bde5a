/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The assertions about one value. Messages complete the sentence "NAME: must …" for the person who
 * typed the value, and never quote the value: it may be a secret.
 */
#include "schema/node.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

unsigned type_bits_of(const json_t *value)
{
        double real;

        switch (json_typeof(value)) {
        case JSON_NULL:
                return TYPE_NULL;
        case JSON_TRUE:
        case JSON_FALSE:
                return TYPE_BOOLEAN;
        case JSON_INTEGER:
                return TYPE_INTEGER | TYPE_NUMBER;
        case JSON_REAL:
                real = json_real_value(value);
                return TYPE_NUMBER | (trunc(real) == real ? TYPE_INTEGER : 0);
        case JSON_STRING:
                return TYPE_STRING;
        case JSON_ARRAY:
                return TYPE_ARRAY;
        default:
                return TYPE_OBJECT;
        }
}

const char *type_words(unsigned types, struct text *text)
{
        static const char *const names[] = {
                "null", "true or false", "a whole number", "a number", "text", "a list", "an object"
        };

        if (types & TYPE_NUMBER)
                types &= ~(unsigned)TYPE_INTEGER;
        for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
                if (!(types & 1u << i))
                        continue;
                if (text->len)
                        text_add(text, types >> (i + 1) ? ", " : " or ");
                text_add(text, names[i]);
        }
        return text->s ? text->s : "";
}

static const char *text_of(const json_t *value)
{
        return json_string_value(value);
}

/* 'one of "a", "b"', cut after some, with the nearest one where the value is a misspelling. */
static void list_choices(const json_t *choices, const json_t *value, struct text *text)
{
        const char *candidates[65] = { NULL };
        size_t n = json_array_size(choices), texts = 0;
        const char *nearest;

        for (size_t i = 0; i < n && i < 64; i++) {
                _free_ char *choice = json_compact(json_array_get(choices, i));

                if (json_is_string(json_array_get(choices, i)))
                        candidates[texts++] = text_of(json_array_get(choices, i));
                if (i < 12)
                        text_addf(text, "%s%s", i ? ", " : "", choice ? choice : "");
        }
        if (n > 12)
                text_addf(text, ", … (%zu in all)", n);
        nearest = json_is_string(value) ? text_nearest(text_of(value), candidates) : NULL;
        if (nearest)
                text_addf(text, "; did you mean \"%s\"?", nearest);
}

bool check_enum(struct check *check, const struct word *word, const json_t *value,
                const struct where *at)
{
        _text_ struct text text = TEXT_INIT;
        size_t n = json_array_size(word->operand);

        if (!check_spend(check, n / 8))
                return false;
        for (size_t i = 0; i < n; i++)
                if (json_same(json_array_get(word->operand, i), value, JSON_SAME_STRICT))
                        return true;
        if (!check->quiet)
                list_choices(word->operand, value, &text);
        return check_fail(check, at, word->keyword, "must be one of %s", text.s ? text.s : "");
}

bool check_const(struct check *check, const struct word *word, const json_t *value,
                 const struct where *at)
{
        _free_ char *wanted = NULL;

        if (json_same(word->operand, value, JSON_SAME_STRICT))
                return true;
        wanted = check->quiet ? NULL : json_compact(word->operand);
        return check_fail(check, at, word->keyword, "must be %s", wanted ? wanted : "");
}

/* Where value is a number, compare it with the operand. */
static bool is_ordered(const struct word *word, const json_t *value, int *ret)
{
        if (!json_is_number(value))
                return false;
        *ret = json_compare_numbers(value, word->operand);
        return true;
}

static bool fail_bound(struct check *check, const struct word *word, const struct where *at,
                       const char *relation)
{
        _free_ char *bound = check->quiet ? NULL : json_compact(word->operand);

        return check_fail(check, at, word->keyword, "must be %s %s", relation, bound ? bound : "");
}

bool check_minimum(struct check *check, const struct word *word, const json_t *value,
                   const struct where *at)
{
        int order;

        return !is_ordered(word, value, &order) || order >= 0 ||
                fail_bound(check, word, at, "at least");
}

bool check_maximum(struct check *check, const struct word *word, const json_t *value,
                   const struct where *at)
{
        int order;

        return !is_ordered(word, value, &order) || order <= 0 ||
                fail_bound(check, word, at, "at most");
}

bool check_above(struct check *check, const struct word *word, const json_t *value,
                 const struct where *at)
{
        int order;

        return !is_ordered(word, value, &order) || order > 0 ||
                fail_bound(check, word, at, "more than");
}

bool check_below(struct check *check, const struct word *word, const json_t *value,
                 const struct where *at)
{
        int order;

        return !is_ordered(word, value, &order) || order < 0 ||
                fail_bound(check, word, at, "less than");
}

/* Fractions have no exact spelling in binary: 0.07 counts as a multiple of 0.01. */
static bool is_multiple(const json_t *value, const json_t *of)
{
        double quotient;

        if (json_is_integer(value) && json_is_integer(of))
                return json_integer_value(of) == -1 ||
                        json_integer_value(value) % json_integer_value(of) == 0;
        quotient = json_number_value(value) / json_number_value(of);
        return isfinite(quotient) &&
                fabs(quotient - nearbyint(quotient)) <= 1e-9 * fmax(1, fabs(quotient));
}

bool check_multiple(struct check *check, const struct word *word, const json_t *value,
                    const struct where *at)
{
        return !json_is_number(value) || is_multiple(value, word->operand) ||
                fail_bound(check, word, at, "a multiple of");
}

/* JSON Schema counts characters, not bytes. */
static size_t length_of(const json_t *value)
{
        const char *s = text_of(value);
        size_t n = 0;

        for (size_t i = 0; i < json_string_length(value); i++)
                n += ((unsigned char)s[i] & 0xc0) != 0x80;
        return n;
}

static const char *plural(const json_t *count)
{
        return json_number_value(count) == 1 ? "" : "s";
}

/* The bounds of sizes: which (-1 at least, 1 at most), and what is counted. */
static bool check_size(struct check *check, const struct word *word, const struct where *at,
                       size_t size, int which)
{
        double bound = json_number_value(word->operand);
        bool fits = which < 0 ? (double)size >= bound : (double)size <= bound;
        const char *noun = strstr(word->keyword, "Length") ? "character"
                : strstr(word->keyword, "Items") ? "item" : "member";

        return fits || check_fail(check, at, word->keyword, "must have at %s %.0f %s%s",
                                  which < 0 ? "least" : "most", bound, noun, plural(word->operand));
}

bool check_min_length(struct check *check, const struct word *word, const json_t *value,
                      const struct where *at)
{
        return !json_is_string(value) || check_size(check, word, at, length_of(value), -1);
}

bool check_max_length(struct check *check, const struct word *word, const json_t *value,
                      const struct where *at)
{
        return !json_is_string(value) || check_size(check, word, at, length_of(value), 1);
}

bool check_min_items(struct check *check, const struct word *word, const json_t *value,
                     const struct where *at)
{
        return !json_is_array(value) || check_size(check, word, at, json_array_size(value), -1);
}

bool check_max_items(struct check *check, const struct word *word, const json_t *value,
                     const struct where *at)
{
        return !json_is_array(value) || check_size(check, word, at, json_array_size(value), 1);
}

bool check_min_properties(struct check *check, const struct word *word, const json_t *value,
                          const struct where *at)
{
        return !json_is_object(value) || check_size(check, word, at, json_object_size(value), -1);
}

bool check_max_properties(struct check *check, const struct word *word, const json_t *value,
                          const struct where *at)
{
        return !json_is_object(value) || check_size(check, word, at, json_object_size(value), 1);
}

bool check_pattern(struct check *check, const struct word *word, const json_t *value,
                   const struct where *at)
{
        int r;

        if (!json_is_string(value))
                return true;
        r = regex_match(word->regex, text_of(value), json_string_length(value));
        if (r < 0)
                return check_fail(check, at, word->keyword,
                                  "could not be compared with the pattern "
                                  "%s within the step limit",
                                  text_of(word->operand));
        return r || check_fail(check, at, word->keyword, "must match the pattern %s",
                               text_of(word->operand));
}

bool check_format(struct check *check, const struct word *word, const json_t *value,
                  const struct where *at)
{
        const char *format = text_of(word->operand);

        if (!json_is_string(value))
                return true;
        return (strlen(text_of(value)) == json_string_length(value) &&
                format_fits(format, text_of(value))) ||
                check_fail(check, at, word->keyword, "must have the form of %s \"%s\"",
                           strchr("aeiou", format[0]) ? "an" : "a", format);
}

struct hashed {
        uint64_t hash;
        const json_t *value;
};

static int by_hash(const void *a, const void *b)
{
        const struct hashed *x = a, *y = b;

        return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* Do two of these, sorted by hash, hold the same value? Only neighbours with one hash can. */
static bool has_twins(struct check *check, const struct hashed *items, size_t n)
{
        for (size_t i = 0; i < n; i++)
                for (size_t j = i + 1; j < n && items[j].hash == items[i].hash; j++)
                        if (!check_spend(check, 1) ||
                            json_same(items[i].value, items[j].value, JSON_SAME_STRICT))
                                return true;
        return false;
}

bool check_unique(struct check *check, const struct word *word, const json_t *value,
                  const struct where *at)
{
        size_t n = json_array_size(value);
        _free_ struct hashed *items = NULL;

        if (!json_is_true(word->operand) || n < 2)
                return true;
        items = calloc(n, sizeof *items);
        if (!items)
                return check_fail(check, at, word->keyword, "could not be compared: out of memory");
        for (size_t i = 0; i < n; i++) {
                items[i].value = json_array_get(value, i);
                items[i].hash = json_hash(items[i].value, JSON_SAME_STRICT);
        }
        qsort(items, n, sizeof *items, by_hash);
        return !has_twins(check, items, n) ||
                check_fail(check, at, word->keyword, "must not hold the same item twice");
}
