/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/python.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void repr(const json_t *value, struct text *text);

/* The shortest decimal that reads back as the same number, never without a dot or an exponent. */
static void add_real(double real, struct text *text)
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

static void add_list(const json_t *list, struct text *text)
{
        text_add(text, "[");
        for (size_t i = 0; i < json_array_size(list); i++) {
                text_add(text, i ? ", " : "");
                repr(json_array_get(list, i), text);
        }
        text_add(text, "]");
}

static void add_object(const json_t *object, struct text *text)
{
        const char *key, *comma = "";
        json_t *value;

        text_add(text, "{");
        json_object_foreach((json_t *)object, key, value) {
                text_add(text, comma);
                add_quoted(key, strlen(key), text);
                text_add(text, ": ");
                repr(value, text);
                comma = ", ";
        }
        text_add(text, "}");
}

static void repr(const json_t *value, struct text *text)
{
        switch (json_typeof(value)) {
        case JSON_NULL:
                text_add(text, "None");
                break;
        case JSON_TRUE:
        case JSON_FALSE:
                text_add(text, json_is_true(value) ? "True" : "False");
                break;
        case JSON_INTEGER:
                text_addf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
                break;
        case JSON_REAL:
                add_real(json_real_value(value), text);
                break;
        case JSON_STRING:
                add_quoted(json_string_value(value), json_string_length(value), text);
                break;
        case JSON_ARRAY:
                add_list(value, text);
                break;
        case JSON_OBJECT:
                add_object(value, text);
                break;
        }
}

void python_str(const json_t *value, struct text *text)
{
        if (json_is_string(value))
                text_add_bytes(text, json_string_value(value), json_string_length(value));
        else
                repr(value, text);
}
