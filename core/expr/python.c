/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/python.h"

#include "expr/moment.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The shortest decimal that reads back as the same number, never without a dot or an exponent. */
void python_real(double real, struct text *text)
{
        char digits[40];
        bool small = fabs(real) < 1e16 && (fabs(real) >= 1e-4 || real == 0);

        if (small && trunc(real) == real) {
                text_addf(text, "%.1f", real);
                return;
        }
        for (int precision = 1; precision <= 17; precision++) {
                snprintf(digits, sizeof digits, "%.*g", precision, real);
                if (strtod(digits, NULL) == real)
                        break;
        }
        /* %g changes to an exponent by its precision, Python by the size of the number. */
        if (small && strchr(digits, 'e'))
                snprintf(digits, sizeof digits, "%.1f", real);
        text_add(text, digits);
}

static void add_quoted(const char *s, size_t len, struct text *text)
{
        char quote = memchr(s, '\'', len) && !memchr(s, '"', len) ? '"' : '\'';

        text_add_bytes(text, &quote, 1);
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)s[i];

                if (c == (unsigned char)quote || c == '\\')
                        text_addf(text, "\\%c", c);
                else if (c == '\n' || c == '\r' || c == '\t')
                        text_add(text, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
                else if (c < ' ' || c == 0x7f)
                        text_addf(text, "\\x%02x", c);
                else
                        text_add_bytes(text, s + i, 1);
        }
        text_add_bytes(text, &quote, 1);
}

/* By hand: it is what templates show most, and printf is slow at it. */
static void add_integer(json_int_t n, struct text *text)
{
        char digits[24], *s = digits + sizeof digits;
        uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

        do
                *--s = (char)('0' + rest % 10);
        while (rest /= 10);
        if (n < 0)
                *--s = '-';
        text_add_bytes(text, s, (size_t)(digits + sizeof digits - s));
}

/* What is shown, to where, and how far. */
struct show {
        const struct natures *natures;
        struct text *text;
        size_t max;
};

static void repr(const struct show *show, const json_t *value);

static void add_items(const struct show *show, const json_t *list, const char *open,
                      const char *close)
{
        text_add(show->text, open);
        for (size_t i = 0; i < json_array_size(list) && show->text->len <= show->max; i++) {
                text_add(show->text, i ? ", " : "");
                repr(show, json_array_get(list, i));
        }
        text_add(show->text, close);
}

static void add_list(const struct show *show, const json_t *list, enum nature_kind kind)
{
        bool one = json_array_size(list) == 1;

        if (show->natures && show->natures->lists_are_tuples && kind == NATURE_PLAIN)
                kind = NATURE_TUPLE;
        if (kind == NATURE_TUPLE)
                add_items(show, list, "(", one ? ",)" : ")");
        else if (kind == NATURE_SET && !json_array_size(list))
                text_add(show->text, "set()");
        else if (kind == NATURE_SET)
                add_items(show, list, "{", "}");
        else
                add_items(show, list, "[", "]");
}

static void add_object(const struct show *show, const json_t *object)
{
        const char *key, *comma = "";
        json_t *value;

        text_add(show->text, "{");
        json_object_foreach((json_t *)object, key, value) {
                text_add(show->text, comma);
                add_quoted(key, strlen(key), show->text);
                text_add(show->text, ": ");
                repr(show, value);
                comma = ", ";
                if (show->text->len > show->max)
                        break;
        }
        text_add(show->text, "}");
}

static void repr(const struct show *show, const json_t *value)
{
        switch (json_typeof(value)) {
        case JSON_NULL:
                text_add(show->text, "None");
                break;
        case JSON_TRUE:
        case JSON_FALSE:
                text_add(show->text, json_is_true(value) ? "True" : "False");
                break;
        case JSON_INTEGER:
                add_integer(json_integer_value(value), show->text);
                break;
        case JSON_REAL:
                python_real(json_real_value(value), show->text);
                break;
        case JSON_STRING:
                if (nature_kind(show->natures, value) == NATURE_UNDEFINED) {
                        text_add(show->text, "Undefined");
                        break;
                }
                add_quoted(json_string_value(value), json_string_length(value), show->text);
                break;
        case JSON_ARRAY:
                add_list(show, value, nature_kind(show->natures, value));
                break;
        case JSON_OBJECT:
                add_object(show, value);
                break;
        }
}

void python_show(const struct natures *natures, const json_t *value, bool as_repr, size_t max,
                 struct text *text)
{
        struct show show = { natures, text, max };
        const struct nature *nature = nature_of(natures, value);

        if (nature && (nature->kind == NATURE_MOMENT || nature->kind == NATURE_SPAN))
                moment_show(nature, text);
        else if (json_is_string(value) && !as_repr)
                text_add_bytes(text, json_string_value(value), json_string_length(value));
        else
                repr(&show, value);
}

void python_str(const json_t *value, struct text *text)
{
        python_show(NULL, value, false, SIZE_MAX, text);
}

static const char *const types[] = {
        [JSON_OBJECT] = "dict", [JSON_ARRAY] = "list", [JSON_STRING] = "str",
        [JSON_INTEGER] = "int", [JSON_REAL] = "float", [JSON_TRUE] = "bool",
        [JSON_FALSE] = "bool", [JSON_NULL] = "NoneType",
};

static const char *const natural_types[] = {
        [NATURE_TUPLE] = "tuple", [NATURE_SET] = "set", [NATURE_ITERATOR] = "generator",
        [NATURE_MOMENT] = "datetime.datetime", [NATURE_SPAN] = "datetime.timedelta",
        [NATURE_REGEX] = "re.Pattern", [NATURE_UNDEFINED] = "Undefined", [NATURE_KINDS] = NULL,
};

const char *python_type(const struct natures *natures, const json_t *value)
{
        const char *natural = natural_types[nature_kind(natures, value)];

        return natural ? natural : types[json_typeof(value)];
}

static const char *const objects[] = {
        [JSON_OBJECT] = "dict object", [JSON_ARRAY] = "list object", [JSON_STRING] = "str object",
        [JSON_INTEGER] = "int object", [JSON_REAL] = "float object", [JSON_TRUE] = "bool object",
        [JSON_FALSE] = "bool object", [JSON_NULL] = "None",
};

const char *python_object(const struct natures *natures, const json_t *value)
{
        return nature_kind(natures, value) == NATURE_TUPLE ? "tuple object"
                : objects[json_typeof(value)];
}

static const char *const kinds[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list", [JSON_STRING] = "text",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false", [JSON_NULL] = "null",
};

const char *python_kind(const json_t *value)
{
        return kinds[json_typeof(value)];
}
