/* SPDX-License-Identifier: Apache-2.0 */

/* Python's two ways to format text: "{:>5}".format(x) and "%5s" % x, with one idea of a field. */
#include "base/cleanup.h"
#include "expr/letters.h"
#include "expr/numbers.h"
#include "expr/python.h"
#include "expr/value.h"
#include "expr/words.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define WIDTH_MAX 10000

struct field {
        char fill[5];
        char align, sign, type;         /* < > = ^; + - space; d s f … */
        bool alternate, zero, comma;
        int width, precision;           /* -1: none */
};

static const struct field field_none = { " ", 0, 0, 0, false, false, false, 0, -1 };

static int read_number(const char **s, const char *end)
{
        int n = -1;

        for (; *s < end && isdigit((unsigned char)**s); (*s)++)
                n = (n < 0 ? 0 : n) > WIDTH_MAX ? n : (n < 0 ? 0 : n) * 10 + (**s - '0');
        return n;
}

/* [[fill]align][sign][#][0][width][,][.precision][type] */
static struct field read_field(const char *s, const char *end)
{
        struct field field = field_none;
        size_t size = s < end ? letter_size(s) : 0;
        int n;

        if (size && s + size < end && s[size] && strchr("<>=^", s[size])) {
                memcpy(field.fill, s, size);
                field.fill[size] = '\0';
                s += size;
        }
        if (s < end && strchr("<>=^", *s))
                field.align = *s++;
        if (s < end && strchr("+- ", *s))
                field.sign = *s++;
        if (s < end && *s == '#')
                field.alternate = *s++;
        if (s < end && *s == '0')
                field.zero = *s++;
        n = read_number(&s, end);
        field.width = n < 0 ? 0 : n;
        if (s < end && (*s == ',' || *s == '_'))
                field.comma = *s++;
        if (s < end && *s == '.') {
                s++;
                field.precision = read_number(&s, end);
        }
        field.type = s < end ? *s : 0;
        return field;
}

static void pad(struct text *text, const struct field *field, const char *s, size_t len, bool right)
{
        size_t n = letters_count(s, len), blanks = (size_t)field->width > n
                ? (size_t)field->width - n : 0, left;
        char align = field->align ? field->align : right ? (field->zero ? '=' : '>') : '<';
        const char *fill = field->zero && !field->align && right ? "0" : field->fill;
        size_t sign = align == '=' && len && strchr("+- ", *s) ? 1 : 0;

        text_add_bytes(text, s, sign);
        left = align == '<' ? 0 : align == '^' ? blanks / 2 : blanks;
        for (size_t i = 0; i < left; i++)
                text_add(text, fill);
        text_add_bytes(text, s + sign, len - sign);
        for (size_t i = left; i < blanks; i++)
                text_add(text, fill);
}

/* 1234567 as 1,234,567: only the digits before the dot. */
static void add_commas(struct text *text, const char *digits)
{
        size_t sign = strspn(digits, "+- "), whole = strspn(digits + sign, "0123456789");

        text_add_bytes(text, digits, sign);
        for (size_t i = 0; i < whole; i++) {
                if (i && (whole - i) % 3 == 0)
                        text_add(text, ",");
                text_add_bytes(text, digits + sign + i, 1);
        }
        text_add(text, digits + sign + whole);
}

static void add_signed(struct text *text, const struct field *field, const char *digits)
{
        if (*digits != '-' && field->sign && field->sign != '-')
                text_add_bytes(text, &field->sign, 1);
        text_add(text, digits);
}

static bool add_integer(struct run *run, const struct field *field, int64_t n, struct text *text)
{
        char room[80];
        unsigned long long size = n < 0 ? 0ull - (unsigned long long)n : (unsigned long long)n;
        int at = sizeof room - 1;
        unsigned base = field->type == 'x' || field->type == 'X' ? 16 : field->type == 'o' ? 8
                : field->type == 'b' ? 2 : 10;

        room[at] = '\0';
        do
                room[--at] = (field->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[size %
                                                                                          base];
        while (size /= base);
        if (field->alternate && base != 10) {
                room[--at] = field->type;
                room[--at] = '0';
        }
        if (n < 0)
                room[--at] = '-';
        add_signed(text, field, room + at);
        return run->failure == FAILURE_NONE;
}

static bool add_real(struct run *run, const struct field *field, double real, struct text *text)
{
        char room[420];
        int precision = field->precision < 0 ? 6 : field->precision;

        if (precision > 60)
                return run_raise(run, "ValueError", "precision too big");
        switch (field->type) {
        case 'e':
                snprintf(room, sizeof room, "%.*e", precision, real);
                break;
        case 'g':
                snprintf(room, sizeof room, "%.*g", precision ? precision : 1, real);
                break;
        case '%':
                snprintf(room, sizeof room, "%.*f%%", precision, real * 100);
                break;
        case 0:
                if (field->precision < 0) {
                        _text_ struct text shown = TEXT_INIT;

                        python_real(real, &shown);
                        snprintf(room, sizeof room, "%s", shown.s ? shown.s : "");
                } else {
                        snprintf(room, sizeof room, "%.*g", precision ? precision : 1, real);
                }
                break;
        default:
                snprintf(room, sizeof room, "%.*f", precision, real);
        }
        add_signed(text, field, room);
        return true;
}

static bool add_number(struct run *run, const struct field *field, const json_t *value,
                       struct text *text)
{
        _text_ struct text digits = TEXT_INIT, commas = TEXT_INIT;
        bool whole = value_is_integer(value) && (!field->type || strchr("dxXobcn", field->type));

        if (!whole && strchr("dxXobc", field->type ? field->type : 'f'))
                return run_raise(run, "ValueError", "Unknown format code '%c' for object of type "
                                 "'%s'", field->type, python_type(&run->natures, value));
        if (!(whole ? add_integer(run, field, value_integer(value), &digits)
              : add_real(run, field, value_real(value), &digits)))
                return false;
        if (field->comma)
                add_commas(&commas, digits.s);
        pad(text, field, field->comma ? commas.s : digits.s, field->comma ? commas.len : digits.len,
            true);
        return true;
}

static bool add_field(struct run *run, const struct field *field, const json_t *value, bool as_repr,
                      struct text *text)
{
        bool is_number = value_is_number(value) && !as_repr &&
                !(json_is_boolean(value) && !field->type) && field->type != 's';
        _text_ struct text shown = TEXT_INIT;
        size_t len;

        if (field->width > WIDTH_MAX)
                return run_raise(run, "ValueError", "a field is wider than %d", WIDTH_MAX);
        if (is_number)
                return add_number(run, field, value, text) && run_afford(run, text);
        if (field->type && field->type != 's')
                return run_raise(run, "ValueError", "Unknown format code '%c' for object of type "
                                 "'%s'", field->type, python_type(&run->natures, value));
        if (!run_print(run, value, as_repr, &shown))
                return false;
        len = field->precision >= 0 ? letters_at(shown.s ? shown.s : "", shown.len,
                                                 (size_t)field->precision) : shown.len;
        pad(text, field, shown.s ? shown.s : "", len, false);
        return run_afford(run, text);
}

struct format {
        struct run *run;
        json_t *args, *named;
        size_t next;
};

/* The value that "0.a[b]" names. */
static json_t *find(struct format *format, const char *s, const char *end)
{
        size_t len = strcspn(s, ".["), step;
        json_t *value;

        if (s + len > end)
                len = (size_t)(end - s);
        if (!len || isdigit((unsigned char)*s)) {
                size_t i = len ? strtoul(s, NULL, 10) : format->next++;

                value = json_array_get(format->args, i);
                if (!value)
                        return run_raise(format->run, "IndexError", "Replacement index %zu out of "
                                         "range for positional args tuple", i);
        } else {
                value = format->named ? json_object_getn(format->named, s, len) : NULL;
                if (!value)
                        return run_raise(format->run, "KeyError", "%.*s", (int)len, s);
        }
        for (s += len; value && s < end; s += step) {
                bool bracket = *s++ == '[';
                json_t *key;

                step = bracket ? strcspn(s, "]") : strcspn(s, ".[");
                if (s + step > end)
                        step = (size_t)(end - s);
                key = bracket && isdigit((unsigned char)*s) && json_is_array(value)
                        ? run_int(format->run, strtol(s, NULL, 10))
                        : run_text(format->run, s, step);
                value = key ? value_item(format->run, value, key) : NULL;
                step += bracket;
        }
        return value;
}

/* What stands between { and }: name[!conversion][:field]. */
static bool replace(struct format *format, const char *s, const char *end, struct text *text)
{
        const char *colon = memchr(s, ':', (size_t)(end - s)), *name_end = colon ? colon : end;
        struct field field = colon ? read_field(colon + 1, end) : field_none;
        bool as_repr = false;
        json_t *value;

        if (name_end - s >= 2 && name_end[-2] == '!') {
                as_repr = name_end[-1] == 'r';
                name_end -= 2;
        }
        value = find(format, s, name_end);
        return value && add_field(format->run, &field, value, as_repr, text);
}

json_t *words_format(struct run *run, const json_t *source, json_t *args, json_t *named)
{
        struct format format = { run, args, named, 0 };
        const char *s = json_string_value(source), *end = s + json_string_length(source), *close;
        _text_ struct text text = TEXT_INIT;

        for (; s < end; s++) {
                if ((*s == '{' || *s == '}') && s[1] == *s) {
                        text_add_bytes(&text, s++, 1);
                } else if (*s == '{') {
                        close = memchr(s, '}', (size_t)(end - s));
                        if (!close)
                                return run_raise(run, "ValueError",
                                                 "expected '}' before end of string");
                        if (!replace(&format, s + 1, close, &text))
                                return NULL;
                        s = close;
                } else if (*s == '}') {
                        return run_raise(run, "ValueError",
                                         "Single '}' encountered in format string");
                } else {
                        text_add_bytes(&text, s, 1);
                }
        }
        return run_take(run, &text);
}

/* %[(name)][flags][width][.precision]type */
static const char *read_percent(const char *s, const char *end, struct field *field,
                                const char **ret_name, size_t *ret_len)
{
        *field = field_none;
        *ret_name = NULL;
        *ret_len = 0;
        if (s < end && *s == '(') {
                *ret_name = s + 1;
                *ret_len = strcspn(s + 1, ")");
                s += *ret_len + 2;
        }
        for (; s < end && strchr("-+ #0", *s); s++) {
                field->zero |= *s == '0';
                field->alternate |= *s == '#';
                if (*s == '-')
                        field->align = '<';
                else if (*s == '+' || *s == ' ')
                        field->sign = *s;
        }
        field->width = read_number(&s, end);
        field->width = field->width < 0 ? 0 : field->width;
        if (s < end && *s == '.') {
                s++;
                field->precision = read_number(&s, end);
                field->precision = field->precision < 0 ? 0 : field->precision;
        }
        field->type = s < end ? *s : 0;
        return s;
}

static json_t *percent_value(struct format *format, const char *name, size_t len)
{
        json_t *value;

        if (name) {
                value = json_object_getn(format->args, name, len);
                return value ? value : run_raise(format->run, "KeyError", "%.*s", (int)len, name);
        }
        if (json_is_array(format->args) &&
            nature_kind(&format->run->natures, format->args) == NATURE_TUPLE)
                value = json_array_get(format->args, format->next);
        else
                value = format->next ? NULL : format->args;
        format->next++;
        return value ? value : run_raise(format->run, "TypeError",
                                         "not enough arguments for format string");
}

static bool percent_field(struct format *format, struct field *field, json_t *value,
                          struct text *text)
{
        bool as_repr = field->type == 'r', number = strchr("dixXofFeEgGu", field->type) != NULL;

        if (number && !value_is_number(value))
                return run_raise(format->run, "TypeError", "%%%c format: a real number is required, "
                                 "not %s", field->type, python_type(&format->run->natures, value));
        if (strchr("diu", field->type)) {
                value = numbers_int(format->run, value, 10);
                field->type = 'd';
        } else if (!number) {
                field->type = 's';
                if (!field->align)
                        field->align = '>';
        }
        return value && add_field(format->run, field, value, as_repr, text);
}

json_t *words_percent(struct run *run, const json_t *source, json_t *args)
{
        struct format format = { run, args, NULL, 0 };
        const char *s = json_string_value(source), *end = s + json_string_length(source), *name;
        _text_ struct text text = TEXT_INIT;
        size_t len;

        for (; s < end; s++) {
                struct field field;
                json_t *value;

                if (*s != '%') {
                        text_add_bytes(&text, s, 1);
                        continue;
                }
                s = read_percent(s + 1, end, &field, &name, &len);
                if (field.type == '%') {
                        text_add(&text, "%");
                        continue;
                }
                if (!field.type || !strchr("dixXofFeEgGusrc", field.type))
                        return run_raise(run, "ValueError", "unsupported format character");
                value = percent_value(&format, name, len);
                if (!value || !percent_field(&format, &field, value, &text))
                        return NULL;
        }
        return run_take(run, &text);
}

json_t *value_modulo_or_format(struct run *run, json_t *a, json_t *b)
{
        if (run_is_undefined(run, a) || run_is_undefined(run, b))
                return run_use_undefined(run, run_is_undefined(run, a) ? a : b);
        return json_is_string(a) && !nature_of(&run->natures, a) ? words_percent(run, a, b)
                : value_modulo(run, a, b);
}
