/* SPDX-License-Identifier: Apache-2.0 */

/* YAQL's functions of text. */
#include "expr/function.h"
#include "expr/value.h"
#include "expr/words.h"

#include <string.h>

static json_t *to_upper(struct call *call)
{
        return words_case(call->run, call->args[0], LETTERS_UPPER);
}

static json_t *to_lower(struct call *call)
{
        return words_case(call->run, call->args[0], LETTERS_LOWER);
}

static json_t *split(struct call *call)
{
        return run_nature(call->run, words_split(call->run, call->args[0], call->args[1],
                                                 call_int(call, 2, -1)), NATURE_LIST);
}

static json_t *right_split(struct call *call)
{
        return run_nature(call->run, words_split_right(call->run, call->args[0], call->args[1],
                                                       call_int(call, 2, -1)), NATURE_LIST);
}

/* YAQL's str(): JSON's words, and lists as the tuples that they are there. */
static bool show(struct run *run, const json_t *value, struct text *text)
{
        bool outer = run->natures.lists_are_tuples, ok;

        if (json_is_null(value) || json_is_boolean(value)) {
                text_add(text, json_is_null(value) ? "null" : json_is_true(value) ? "true"
                         : "false");
                return true;
        }
        run->natures.lists_are_tuples = true;
        if (!run->natures.used && json_is_array(value))
                run_nature(run, run_list(run), NATURE_LIST);
        ok = run_print(run, value, false, text);
        run->natures.lists_are_tuples = outer;
        return ok;
}

static json_t *str(struct call *call)
{
        _text_ struct text text = TEXT_INIT;

        return show(call->run, call->args[0], &text) ? run_take(call->run, &text) : NULL;
}

static json_t *joined(struct call *call, const json_t *list, const json_t *separator)
{
        _text_ struct text text = TEXT_INIT;
        json_t *item;
        size_t i;

        json_array_foreach((json_t *)list, i, item) {
                if (i)
                        text_add_bytes(&text, json_string_value(separator),
                                       json_string_length(separator));
                if (!run_step(call->run, 1) || !show(call->run, item, &text))
                        return NULL;
        }
        return run_take(call->run, &text);
}

static json_t *join(struct call *call)
{
        bool first = json_is_array(call->args[0]);

        return joined(call, call->args[first ? 0 : 1], call->args[first ? 1 : 0]);
}

static json_t *concat(struct call *call)
{
        _text_ struct text text = TEXT_INIT;

        for (size_t i = 0; i < call->rest_n; i++)
                text_add_bytes(&text, json_string_value(call->rest[i]),
                               json_string_length(call->rest[i]));
        return run_take(call->run, &text);
}

static json_t *trim(struct call *call)
{
        return words_strip(call->run, call->args[0], call->args[1], 3);
}

static json_t *trim_left(struct call *call)
{
        return words_strip(call->run, call->args[0], call->args[1], 1);
}

static json_t *trim_right(struct call *call)
{
        return words_strip(call->run, call->args[0], call->args[1], 2);
}

static json_t *norm(struct call *call)
{
        json_t *made = json_is_null(call->args[0]) ? call->args[0] : trim(call);

        return made && json_is_string(made) && !json_string_length(made) ? json_null() : made;
}

static json_t *is_empty(struct call *call)
{
        json_t *made;

        if (json_is_null(call->args[0]))
                return json_true();
        made = call_flag(call, 1, true)
                ? words_strip(call->run, call->args[0], call->args[2], 3) : call->args[0];
        return made ? run_bool(!json_string_length(made)) : NULL;
}

static json_t *replace(struct call *call)
{
        return words_replace(call->run, call->args[0], call->args[1], call->args[2],
                             call_int(call, 3, -1));
}

static json_t *replace_each(struct call *call)
{
        json_t *made = call->args[0], *value;
        const char *key;

        json_object_foreach(call->args[1], key, value) {
                _text_ struct text by = TEXT_INIT;
                json_t *old = run_text(call->run, key, strlen(key)), *new;

                if (!old || !show(call->run, value, &by) || !(new = run_take(call->run, &by)))
                        return NULL;
                made = words_replace(call->run, made, old, new, call_int(call, 2, -1));
                if (!made)
                        return NULL;
        }
        return made;
}

static json_t *format(struct call *call)
{
        json_t *args = run_list(call->run);

        for (size_t i = 0; i < call->rest_n; i++)
                if (!run_append(call->run, args, call->rest[i]))
                        return NULL;
        return args ? words_format(call->run, call->args[0], args, call->keywords) : NULL;
}

static json_t *substring(struct call *call)
{
        const char *s = call_text(call, 0);
        size_t len = json_string_length(call->args[0]), from, to;
        int64_t n = (int64_t)letters_count(s, len), start = call_int(call, 1, 0);
        int64_t length = call_int(call, 2, -1), end;

        if (length < 0)
                length = n;
        if (start < 0)
                start += n;
        if (__builtin_add_overflow(start, length, &end))
                end = n;
        /* What is before the text counts from its end, as in Python's slices. */
        start = start < 0 ? (start + n < 0 ? 0 : start + n) : start;
        end = end < 0 ? end + n : end > n ? n : end;
        if (start >= end)
                return run_text(call->run, "", 0);
        from = letters_at(s, len, (size_t)start);
        to = letters_at(s, len, (size_t)end);
        return run_text(call->run, s + from, to - from);
}

static json_t *place(struct call *call, bool last)
{
        int64_t n = (int64_t)letters_count(call_text(call, 0),
                                           json_string_length(call->args[0]));
        int64_t start = call_int(call, 2, 0), end = n, length;

        if (call->args[3]) {
                length = call_int(call, 3, 0);
                if (start < 0)
                        start += n;
                end = length < 0 ? n : start + (length > n ? n : length);
        }
        return run_int(call->run, words_find(call->args[0], call->args[1], start, end, last));
}

static json_t *index_of(struct call *call)
{
        return place(call, false);
}

static json_t *last_index_of(struct call *call)
{
        return place(call, true);
}

static json_t *to_char_array(struct call *call)
{
        return value_items(call->run, call->args[0]);
}

static json_t *characters(struct call *call)
{
        static const char *const classes[] = {
                "0123456789", "0123456789abcdefABCDEF", "abcdefghijklmnopqrstuvwxyz",
                "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                "01234567", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", " \t\n\r\v\f",
        };
        json_t *made = run_list(call->run);

        for (size_t i = 0; made && i < sizeof classes / sizeof *classes; i++) {
                const char *s = call_flag(call, i, false) ? classes[i] : "";

                for (; *s; s++) {
                        json_t *one = run_text(call->run, s, 1);

                        if (!one || (!value_contains(call->run, made, one) &&
                                     !run_append(call->run, made, one)))
                                return NULL;
                }
        }
        return made;
}

static json_t *is_string(struct call *call)
{
        return run_bool(json_is_string(call->args[0]) &&
                        !nature_of(&call->run->natures, call->args[0]));
}

static json_t *is_at(struct call *call, bool at_end)
{
        size_t len = json_string_length(call->args[0]);

        for (size_t i = 0; i < call->rest_n; i++) {
                size_t part = json_string_length(call->rest[i]);

                if (part <= len && memcmp(call_text(call, 0) + (at_end ? len - part : 0),
                                          json_string_value(call->rest[i]), part) == 0)
                        return json_true();
        }
        return json_false();
}

static json_t *starts_with(struct call *call)
{
        return is_at(call, false);
}

static json_t *ends_with(struct call *call)
{
        return is_at(call, true);
}

const struct function yaql_text[] = {
        { "toUpper", "string:s", to_upper, FUNCTION_METHOD },
        { "toLower", "string:s", to_lower, FUNCTION_METHOD },
        { "split", "string:s separator:s?= maxSplits:i=", split, FUNCTION_METHOD },
        { "rightSplit", "string:s separator:s?= maxSplits:i=", right_split, FUNCTION_METHOD },
        { "join", "sequence:c separator:s", join, FUNCTION_METHOD },
        { "join", "separator:s sequence:c", join, FUNCTION_METHOD },
        { "str", "value", str, FUNCTION_ALONE },
        { "concat", "*args:s", concat, FUNCTION_ALONE },
        { "trim", "string:s chars:s?=", trim, FUNCTION_METHOD },
        { "trimLeft", "string:s chars:s?=", trim_left, FUNCTION_METHOD },
        { "trimRight", "string:s chars:s?=", trim_right, FUNCTION_METHOD },
        { "norm", "string:s? chars:s?=", norm, FUNCTION_EITHER },
        { "isEmpty", "string:s? trim= chars:s?=", is_empty, FUNCTION_EITHER },
        { "replace", "string:s old:s new:s count:i=", replace, FUNCTION_METHOD },
        { "replace", "string:s replacements:d count:i=", replace_each, FUNCTION_METHOD },
        { "format", "string:s *args **named", format, FUNCTION_EITHER },
        { "substring", "string:s start:i length:i=", substring, FUNCTION_METHOD },
        { "indexOf", "string:s sub:s start:i= length:i=", index_of, FUNCTION_METHOD },
        { "lastIndexOf", "string:s sub:s start:i= length:i=", last_index_of, FUNCTION_METHOD },
        { "toCharArray", "string:s", to_char_array, FUNCTION_METHOD },
        { "characters", "digits= hexdigits= asciiLowercase= asciiUppercase= asciiLetters= "
          "octdigits= punctuation= whitespace=", characters, FUNCTION_ALONE },
        { "isString", "arg", is_string, FUNCTION_ALONE },
        { "startsWith", "string:s *prefixes:s", starts_with, FUNCTION_METHOD },
        { "endsWith", "string:s *suffixes:s", ends_with, FUNCTION_METHOD },
        { 0 },
};
