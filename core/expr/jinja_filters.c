/* SPDX-License-Identifier: Apache-2.0 */

/* Jinja's filters on texts and numbers. */
#include "expr/dump.h"
#include "expr/function.h"
#include "expr/numbers.h"
#include "expr/python.h"
#include "expr/value.h"
#include "expr/words.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static json_t *soft_of(struct run *run, json_t *value)
{
        _text_ struct text text = TEXT_INIT;

        if (json_is_string(value) && !nature_of(&run->natures, value))
                return value;
        return run_print(run, value, false, &text) ? run_take(run, &text) : NULL;
}

/* The value's str(), for those that take anything. */
static json_t *soft(struct call *call)
{
        return soft_of(call->run, call->args[0]);
}

static json_t *cased(struct call *call, enum letters_case which)
{
        json_t *value = soft(call);

        return value ? words_case(call->run, value, which) : NULL;
}

static json_t *upper(struct call *call)
{
        return cased(call, LETTERS_UPPER);
}

static json_t *lower(struct call *call)
{
        return cased(call, LETTERS_LOWER);
}

static json_t *capitalize(struct call *call)
{
        return cased(call, LETTERS_CAPITAL);
}

/* Words are what stands between blanks, - and brackets: not as str.title(). */
static json_t *title(struct call *call)
{
        json_t *value = cased(call, LETTERS_LOWER);
        _text_ struct text text = TEXT_INIT;
        bool starts = true;

        for (const char *s = value ? json_string_value(value) : ""; *s; s += letter_size(s)) {
                if (starts)
                        letters_case(s, letter_size(s), LETTERS_UPPER, &text);
                else
                        text_add_bytes(&text, s, letter_size(s));
                starts = letter_is_space(s) || strchr("-({[<", *s);
        }
        return value ? run_take(call->run, &text) : NULL;
}

static json_t *trim(struct call *call)
{
        json_t *value = soft(call);

        return value ? words_strip(call->run, value, call->args[1], 3) : NULL;
}

static json_t *string(struct call *call)
{
        return soft(call);
}

static json_t *replace(struct call *call)
{
        json_t *value = soft(call);
        json_t *old = value ? soft_of(call->run, call->args[1]) : NULL;
        json_t *new = old ? soft_of(call->run, call->args[2]) : NULL;

        return new ? words_replace(call->run, value, old, new, call_int(call, 3, -1)) : NULL;
}

static json_t *or_default(struct call *call)
{
        bool is = run_is_undefined(call->run, call->args[0]);

        if (!is && call_flag(call, 2, false))
                is = !value_truth(call->run, call->args[0]);
        if (call->run->failure)
                return NULL;
        return !is ? call->args[0] : call->args[1] ? call->args[1] : run_text(call->run, "", 0);
}

static json_t *to_int(struct call *call)
{
        json_t *made = numbers_int(call->run, call->args[0], (int)call_int(call, 2, 10));

        if (!made && run_forgive(call->run)) {
                made = numbers_real(call->run, call->args[0]);
                if (made)
                        made = numbers_int(call->run, made, 10);
        }
        if (!made && run_forgive(call->run))
                made = call->args[1] ? call->args[1] : run_int(call->run, 0);
        return made;
}

static json_t *to_float(struct call *call)
{
        json_t *made = numbers_real(call->run, call->args[0]);

        if (!made && run_forgive(call->run))
                made = call->args[1] ? call->args[1] : run_real(call->run, 0);
        return made;
}

static json_t *absolute(struct call *call)
{
        if (!value_is_number(call->args[0]))
                return run_raise(call->run, "TypeError", "bad operand type for abs(): '%s'",
                                 python_type(&call->run->natures, call->args[0]));
        return value_real(call->args[0]) < 0 ? value_negate(call->run, call->args[0])
                : call->args[0];
}

static json_t *rounded(struct call *call)
{
        const char *method = call_text(call, 2) ? call_text(call, 2) : "common";
        int64_t digits = call_int(call, 1, 0);
        double scale, real;

        if (strcmp(method, "common") == 0 || !value_is_number(call->args[0]))
                return numbers_round(call->run, call->args[0], digits,
                                     json_is_real(call->args[0]));
        if (strcmp(method, "ceil") != 0 && strcmp(method, "floor") != 0)
                return run_raise(call->run, "FilterArgumentError",
                                 "method must be common, ceil or floor");
        scale = pow(10, (double)(digits > 300 ? 300 : digits));
        real = value_real(call->args[0]) * scale;
        return run_real(call->run, (*method == 'c' ? ceil(real) : floor(real)) / scale);
}

static const struct {
        char c;
        const char *entity;
} entities[] = {
        { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&#34;" }, { '\'', "&#39;" },
};

static json_t *escape(struct call *call)
{
        json_t *value = soft(call);
        _text_ struct text text = TEXT_INIT;

        for (const char *s = value ? json_string_value(value) : ""; *s; s++) {
                const char *entity = NULL;

                for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
                        if (entities[i].c == *s)
                                entity = entities[i].entity;
                text_add_bytes(&text, entity ? entity : s, entity ? strlen(entity) : 1);
        }
        return value ? run_take(call->run, &text) : NULL;
}

static json_t *safe(struct call *call)
{
        return soft(call);
}

static json_t *truncate(struct call *call)
{
        json_t *value = soft(call), *ending = call->args[3];
        const char *s = value ? json_string_value(value) : "", *end = ending && call_text(call, 3)
                ? call_text(call, 3) : "...";
        size_t len = value ? json_string_length(value) : 0, keep;
        int64_t most = call_int(call, 1, 255), leeway = call_int(call, 4, 5);
        int64_t tail = (int64_t)letters_count(end, strlen(end));
        _text_ struct text text = TEXT_INIT;

        if (!value)
                return NULL;
        if (most < tail || leeway < 0)
                return run_raise(call->run, "AssertionError", "expected length >= %lld, got %lld",
                                 (long long)tail, (long long)most);
        if ((int64_t)letters_count(s, len) <= most + leeway)
                return value;
        keep = letters_at(s, len, (size_t)(most - tail));
        if (!call_flag(call, 2, false)) {
                size_t blank = keep;

                while (blank && s[blank - 1] != ' ')
                        blank--;
                keep = blank ? blank - 1 : keep;
        }
        text_add_bytes(&text, s, keep);
        text_add(&text, end);
        return run_take(call->run, &text);
}

static json_t *wordcount(struct call *call)
{
        json_t *value = soft(call);
        int64_t words = 0;
        bool within = false;

        for (const char *s = value ? json_string_value(value) : ""; *s; s += letter_size(s)) {
                bool is = isalnum((unsigned char)*s) || *s == '_' || (unsigned char)*s >= 0x80;

                words += is && !within;
                within = is;
        }
        return value ? run_int(call->run, words) : NULL;
}

static json_t *center(struct call *call)
{
        json_t *value = soft(call);

        return value ? words_pad(call->run, value, call_int(call, 1, 80), '^', " ") : NULL;
}

/* jinja2 takes lines of text only. */
static json_t *not_lines(struct call *call)
{
        return run_raise(call->run, "AttributeError", "'%s' object has no attribute 'splitlines'",
                         python_type(&call->run->natures, call->args[0]));
}

static void add_line_indent(struct text *text, const char *indent, const char *line, size_t len,
                            bool blank_too)
{
        if (len || blank_too)
                text_add(text, indent);
        text_add_bytes(text, line, len);
}

/* indent(width, first, blank): width may be the text to put before each line. */
static json_t *indent(struct call *call)
{
        json_t *value = json_is_string(call->args[0]) ? soft(call)
                : json_is_array(call->args[0]) ? not_lines(call)
                : run_raise(call->run, "TypeError", "unsupported operand type(s) for +=: '%s' and "
                            "'str'", python_type(&call->run->natures, call->args[0]));
        const char *s = value ? json_string_value(value) : "", *by = call_text(call, 1);
        int64_t width = call_int(call, 1, 4);
        bool first = call_flag(call, 2, false), blank = call_flag(call, 3, false), again = false;
        char blanks[201];
        _text_ struct text text = TEXT_INIT;

        width = width < 0 ? 0 : width > 200 ? 200 : width;
        snprintf(blanks, sizeof blanks, "%*s", (int)width, "");
        for (; value; again = true) {
                size_t len = strcspn(s, "\n");

                if (again || first)
                        add_line_indent(&text, by ? by : blanks, s, len, blank || !again);
                else
                        text_add_bytes(&text, s, len);
                if (!s[len] || !run_afford(call->run, &text))
                        break;
                text_add(&text, "\n");
                s += len + 1;
        }
        return value && !call->run->failure ? run_take(call->run, &text) : NULL;
}

static json_t *wordwrap(struct call *call)
{
        json_t *value = json_is_string(call->args[0]) ? soft(call) : not_lines(call);
        struct wrapping wrapping = {
                .width = call_int(call, 1, 79), .breaks_words = call_flag(call, 2, true),
                .between = call_text(call, 3) ? call_text(call, 3) : "\n",
                .breaks_hyphens = call_flag(call, 4, true),
        };

        if (value && wrapping.width <= 0)
                return run_raise(call->run, "ValueError", "invalid width %lld (must be > 0)",
                                 (long long)wrapping.width);
        return value ? words_wrap(call->run, value, &wrapping) : NULL;
}

static json_t *tojson(struct call *call)
{
        struct dump_style style = { ", ", ": ", (int)call_int(call, 1, -1), true, true };
        json_t *value;
        _text_ struct text text = TEXT_INIT;

        if (style.indent > 100)
                style.indent = 100;
        if (style.indent >= 0)
                style.between = ",";
        value = dump_json(call->run, call->args[0], &style);
        /* Safe within HTML, as jinja2 has it. */
        for (const char *s = value ? json_string_value(value) : ""; *s; s++)
                if (strchr("<>&'", *s))
                        text_addf(&text, "\\u%04x", (unsigned char)*s);
                else
                        text_add_bytes(&text, s, 1);
        return value ? run_take(call->run, &text) : NULL;
}

static json_t *pprint(struct call *call)
{
        _text_ struct text text = TEXT_INIT;

        return run_print(call->run, call->args[0], true, &text) ? run_take(call->run, &text) : NULL;
}

static json_t *filesizeformat(struct call *call)
{
        static const char *const decimal[] = { "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB" };
        static const char *const binary[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB",
                                              "YiB" };
        bool is_binary = call_flag(call, 1, false);
        double base = is_binary ? 1024 : 1000, bytes, unit = base;
        json_t *value = numbers_real(call->run, call->args[0]);
        _text_ struct text text = TEXT_INIT;
        size_t i = 0;

        if (!value)
                return NULL;
        bytes = json_real_value(value);
        if (bytes == 1)
                text_add(&text, "1 Byte");
        else if (bytes < base)
                text_addf(&text, "%.0f Bytes", trunc(bytes) + 0.0);       /* not -0 */
        else {
                for (; i < 7 && bytes >= unit * base; i++)
                        unit *= base;
                text_addf(&text, "%.1f %s", bytes / unit, (is_binary ? binary : decimal)[i]);
        }
        return run_take(call->run, &text);
}

static void add_url(struct text *text, const char *s, bool keeps_slash)
{
        for (; *s; s++)
                if (isalnum((unsigned char)*s) || strchr("_.-~", *s) || (*s == '/' && keeps_slash))
                        text_add_bytes(text, s, 1);
                else if (*s == ' ' && !keeps_slash)
                        text_add(text, "+");
                else
                        text_addf(text, "%%%02X", (unsigned char)*s);
}

static json_t *urlencode(struct call *call)
{
        _text_ struct text text = TEXT_INIT;
        const char *key, *and = "";
        json_t *value;

        if (!json_is_object(call->args[0])) {
                value = soft(call);
                if (value)
                        add_url(&text, json_string_value(value), true);
                return value ? run_take(call->run, &text) : NULL;
        }
        json_object_foreach(call->args[0], key, value) {
                _text_ struct text shown = TEXT_INIT;

                if (!run_print(call->run, value, false, &shown))
                        return NULL;
                text_add(&text, and);
                add_url(&text, key, false);
                text_add(&text, "=");
                add_url(&text, shown.s ? shown.s : "", false);
                and = "&";
        }
        return run_take(call->run, &text);
}

static json_t *striptags(struct call *call)
{
        json_t *value = soft(call), *words, *word;
        _text_ struct text bare = TEXT_INIT, text = TEXT_INIT;
        bool within = false;
        size_t i;

        for (const char *s = value ? json_string_value(value) : ""; *s; s++) {
                within |= *s == '<' && strchr(s, '>');
                if (!within)
                        text_add_bytes(&bare, s, 1);
                within &= *s != '>';
        }
        value = value ? run_take(call->run, &bare) : NULL;
        words = value ? words_split(call->run, value, NULL, -1) : NULL;
        json_array_foreach(words, i, word) {
                text_add(&text, i ? " " : "");
                text_add(&text, json_string_value(word));
        }
        return words ? run_take(call->run, &text) : NULL;
}

/* "%s, %s"|format(a, b) */
static json_t *format(struct call *call)
{
        json_t *args = call->keywords ? call->keywords : run_list(call->run), *value = soft(call);

        for (size_t i = 0; !call->keywords && i < call->rest_n; i++)
                if (!run_append(call->run, args, call->rest[i]))
                        return NULL;
        if (!call->keywords)
                args = run_nature(call->run, args, NATURE_TUPLE);
        return args && value ? words_percent(call->run, value, args) : NULL;
}

static json_t *random_item(struct call *call)
{
        json_t *items = value_items(call->run, call->args[0]);
        size_t n = json_array_size(items);

        /* One draw of a lottery is no more random for being drawn elsewhere. */
        return !items ? NULL : n ? json_array_get(items, (size_t)random() % n)
                : run_undefined(call->run, NULL, "No random item, sequence was empty.");
}

const struct function jinja_filters[] = {
        { "upper", "s", upper, 0 },
        { "lower", "s", lower, 0 },
        { "capitalize", "s", capitalize, 0 },
        { "title", "s", title, 0 },
        { "trim", "value chars=", trim, 0 },
        { "string", "value", string, 0 },
        { "replace", "s old new count=", replace, 0 },
        { "default", "value default_value= boolean=", or_default, FUNCTION_UNDEFINED },
        { "d", "value default_value= boolean=", or_default, FUNCTION_UNDEFINED },
        { "int", "value default= base=", to_int, 0 },
        { "float", "value default=", to_float, 0 },
        { "abs", "x", absolute, 0 },
        { "round", "value precision= method=", rounded, 0 },
        { "escape", "s", escape, 0 },
        { "e", "s", escape, 0 },
        { "forceescape", "s", escape, 0 },
        { "safe", "value", safe, 0 },
        { "truncate", "s length= killwords= end= leeway=", truncate, 0 },
        { "wordcount", "s", wordcount, 0 },
        { "center", "value width=", center, 0 },
        { "indent", "s width= first= blank=", indent, 0 },
        { "wordwrap", "s width= break_long_words= wrapstring= break_on_hyphens=", wordwrap, 0 },
        { "tojson", "value indent=", tojson, 0 },
        { "pprint", "value", pprint, 0 },
        { "filesizeformat", "value binary=", filesizeformat, 0 },
        { "urlencode", "value", urlencode, 0 },
        { "striptags", "value", striptags, 0 },
        { "format", "value *args **named", format, 0 },
        { "random", "seq", random_item, 0 },
        { 0 },
};
