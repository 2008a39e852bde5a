/* SPDX-License-Identifier: Apache-2.0 */

/* The methods of Python's values that templates use; the first argument is the value. */
#include "expr/function.h"
#include "expr/python.h"
#include "expr/value.h"
#include "expr/words.h"

#include <string.h>

static json_t *upper(struct call *call)
{
        return words_case(call->run, call->args[0], LETTERS_UPPER);
}

static json_t *lower(struct call *call)
{
        return words_case(call->run, call->args[0], LETTERS_LOWER);
}

static json_t *capitalize(struct call *call)
{
        return words_case(call->run, call->args[0], LETTERS_CAPITAL);
}

static json_t *title(struct call *call)
{
        return words_case(call->run, call->args[0], LETTERS_TITLE);
}

static json_t *swapcase(struct call *call)
{
        return words_case(call->run, call->args[0], LETTERS_SWAP);
}

static json_t *split(struct call *call)
{
        return words_split(call->run, call->args[0], call->args[1], call_int(call, 2, -1));
}

static json_t *rsplit(struct call *call)
{
        return words_split_right(call->run, call->args[0], call->args[1], call_int(call, 2, -1));
}

static json_t *splitlines(struct call *call)
{
        const char *s = call_text(call, 0);
        bool keeps = call_flag(call, 1, false);
        json_t *made = run_list(call->run);

        while (made && *s) {
                size_t len = strcspn(s, "\r\n"), end = s[len] == '\r' && s[len + 1] == '\n' ? 2
                        : s[len] != '\0';

                if (!run_append(call->run, made, run_text(call->run, s, keeps ? len + end : len)))
                        return NULL;
                s += len + end;
        }
        return made;
}

static json_t *strip(struct call *call)
{
        return words_strip(call->run, call->args[0], call->args[1], 3);
}

static json_t *lstrip(struct call *call)
{
        return words_strip(call->run, call->args[0], call->args[1], 1);
}

static json_t *rstrip(struct call *call)
{
        return words_strip(call->run, call->args[0], call->args[1], 2);
}

static json_t *replace(struct call *call)
{
        return words_replace(call->run, call->args[0], call->args[1], call->args[2],
                             call_int(call, 3, -1));
}

static json_t *join(struct call *call)
{
        json_t *items = value_items(call->run, call->args[1]), *item;
        _text_ struct text text = TEXT_INIT;
        size_t i;

        json_array_foreach(items, i, item) {
                if (!json_is_string(item))
                        return run_raise(call->run, "TypeError", "sequence item %zu: expected str "
                                         "instance", i);
                if (i)
                        text_add(&text, call_text(call, 0));
                if (!run_step(call->run, 1) || !run_print(call->run, item, false, &text))
                        return NULL;
        }
        return items ? run_take(call->run, &text) : NULL;
}

static bool is_at(const struct call *call, const json_t *part, bool at_end)
{
        size_t len = json_string_length(call->args[0]), n = json_string_length(part);

        return json_is_string(part) && n <= len &&
                memcmp(call_text(call, 0) + (at_end ? len - n : 0), json_string_value(part), n) == 0;
}

static json_t *either(struct call *call, bool at_end)
{
        json_t *part;
        size_t i;

        if (!json_is_string(call->args[1]) && !json_is_array(call->args[1]))
                return run_raise(call->run, "TypeError", "%s first arg must be str or a tuple of "
                                 "str, not %s", at_end ? "endswith" : "startswith",
                                 python_type(&call->run->natures, call->args[1]));
        json_array_foreach(call->args[1], i, part)
                if (is_at(call, part, at_end))
                        return json_true();
        return run_bool(is_at(call, call->args[1], at_end));
}

static json_t *startswith(struct call *call)
{
        return either(call, false);
}

static json_t *endswith(struct call *call)
{
        return either(call, true);
}

static json_t *find(struct call *call)
{
        return run_int(call->run, words_find(call->args[0], call->args[1], call_int(call, 2, 0),
                                             call_int(call, 3, INT64_MAX), false));
}

static json_t *rfind(struct call *call)
{
        return run_int(call->run, words_find(call->args[0], call->args[1], call_int(call, 2, 0),
                                             call_int(call, 3, INT64_MAX), true));
}

static json_t *index_of_text(struct call *call)
{
        json_t *found = find(call);

        return found && json_integer_value(found) < 0
                ? run_raise(call->run, "ValueError", "substring not found") : found;
}

static json_t *count_text(struct call *call)
{
        const char *s = call_text(call, 0), *sub = call_text(call, 1);
        size_t len = strlen(sub);
        int64_t n = len ? 0 : (int64_t)letters_count(s, strlen(s)) + 1;

        while (len && (s = strstr(s, sub))) {
                n++;
                s += len;
        }
        return run_int(call->run, n);
}

static json_t *padded(struct call *call, char align)
{
        return words_pad(call->run, call->args[0], call_int(call, 1, 0), align,
                         call_text(call, 2) ? call_text(call, 2) : " ");
}

static json_t *ljust(struct call *call)
{
        return padded(call, '<');
}

static json_t *rjust(struct call *call)
{
        return padded(call, '>');
}

static json_t *center(struct call *call)
{
        return padded(call, '^');
}

static json_t *zfill(struct call *call)
{
        const char *s = call_text(call, 0);
        int64_t width = call_int(call, 1, 0);
        json_t *digits, *sign;

        if (*s != '-' && *s != '+')
                return words_pad(call->run, call->args[0], width, '>', "0");
        sign = run_text(call->run, s, 1);
        digits = run_text(call->run, s + 1, strlen(s + 1));
        digits = digits ? words_pad(call->run, digits, width - 1, '>', "0") : NULL;
        return sign && digits ? value_concat(call->run, sign, digits) : NULL;
}

static json_t *is_class(struct call *call, const char *name)
{
        return run_bool(letters_are(call_text(call, 0), json_string_length(call->args[0]), name));
}

static json_t *isdigit_method(struct call *call)
{
        return is_class(call, "digit");
}

static json_t *isalpha_method(struct call *call)
{
        return is_class(call, "alpha");
}

static json_t *isalnum_method(struct call *call)
{
        return is_class(call, "alnum");
}

static json_t *isspace_method(struct call *call)
{
        return is_class(call, "space");
}

static json_t *same_as(struct call *call, enum letters_case which, enum letters_case opposite)
{
        json_t *made = words_case(call->run, call->args[0], which),
               *other = made ? words_case(call->run, call->args[0], opposite) : NULL;

        return other ? run_bool(json_equal(made, call->args[0]) &&
                                !json_equal(other, call->args[0])) : NULL;
}

static json_t *isupper_method(struct call *call)
{
        return same_as(call, LETTERS_UPPER, LETTERS_LOWER);
}

static json_t *islower_method(struct call *call)
{
        return same_as(call, LETTERS_LOWER, LETTERS_UPPER);
}

static json_t *format(struct call *call)
{
        json_t *args = run_list(call->run);

        for (size_t i = 0; i < call->rest_n; i++)
                if (!run_append(call->run, args, call->rest[i]))
                        return NULL;
        return args ? words_format(call->run, call->args[0], args, call->keywords) : NULL;
}

static json_t *part_at(struct call *call, const char *found, size_t len)
{
        const char *s = call_text(call, 0), *end = s + json_string_length(call->args[0]);
        json_t *made = run_list(call->run);

        if (!run_append(call->run, made, run_text(call->run, s, (size_t)(found - s))) ||
            !run_append(call->run, made, run_text(call->run, found, len)) ||
            !run_append(call->run, made, run_text(call->run, found + len,
                                                  (size_t)(end - found) - len)))
                return NULL;
        return run_nature(call->run, made, NATURE_TUPLE);
}

static json_t *partition(struct call *call)
{
        const char *s = call_text(call, 0), *found = strstr(s, call_text(call, 1));

        if (!*call_text(call, 1))
                return run_raise(call->run, "ValueError", "empty separator");
        return part_at(call, found ? found : s + strlen(s), found ? strlen(call_text(call, 1)) : 0);
}

static json_t *removeprefix(struct call *call)
{
        size_t n = json_string_length(call->args[1]);

        return is_at(call, call->args[1], false)
                ? run_text(call->run, call_text(call, 0) + n,
                           json_string_length(call->args[0]) - n) : call->args[0];
}

static json_t *removesuffix(struct call *call)
{
        size_t n = json_string_length(call->args[1]);

        return is_at(call, call->args[1], true)
                ? run_text(call->run, call_text(call, 0),
                           json_string_length(call->args[0]) - n) : call->args[0];
}

const struct function text_methods[] = {
        { "upper", "s:s", upper, 0 },
        { "lower", "s:s", lower, 0 },
        { "casefold", "s:s", lower, 0 },
        { "capitalize", "s:s", capitalize, 0 },
        { "title", "s:s", title, 0 },
        { "swapcase", "s:s", swapcase, 0 },
        { "split", "s:s sep= maxsplit=", split, 0 },
        { "rsplit", "s:s sep= maxsplit=", rsplit, 0 },
        { "splitlines", "s:s keepends=", splitlines, 0 },
        { "strip", "s:s chars=", strip, 0 },
        { "lstrip", "s:s chars=", lstrip, 0 },
        { "rstrip", "s:s chars=", rstrip, 0 },
        { "replace", "s:s old new count=", replace, 0 },
        { "join", "s:s iterable", join, 0 },
        { "startswith", "s:s prefix", startswith, 0 },
        { "endswith", "s:s suffix", endswith, 0 },
        { "find", "s:s sub:s start= end=", find, 0 },
        { "rfind", "s:s sub:s start= end=", rfind, 0 },
        { "index", "s:s sub:s start= end=", index_of_text, 0 },
        { "count", "s:s sub:s", count_text, 0 },
        { "ljust", "s:s width:i fillchar:s=", ljust, 0 },
        { "rjust", "s:s width:i fillchar:s=", rjust, 0 },
        { "center", "s:s width:i fillchar:s=", center, 0 },
        { "zfill", "s:s width:i", zfill, 0 },
        { "isdigit", "s:s", isdigit_method, 0 },
        { "isnumeric", "s:s", isdigit_method, 0 },
        { "isdecimal", "s:s", isdigit_method, 0 },
        { "isalpha", "s:s", isalpha_method, 0 },
        { "isalnum", "s:s", isalnum_method, 0 },
        { "isspace", "s:s", isspace_method, 0 },
        { "isupper", "s:s", isupper_method, 0 },
        { "islower", "s:s", islower_method, 0 },
        { "format", "s:s *args **named", format, 0 },
        { "partition", "s:s sep:s", partition, 0 },
        { "removeprefix", "s:s prefix:s", removeprefix, 0 },
        { "removesuffix", "s:s suffix:s", removesuffix, 0 },
        { 0 },
};

static json_t *get(struct call *call)
{
        json_t *found = value_member(call->args[0], call->args[1]);

        return found ? found : call->args[2] ? call->args[2] : json_null();
}

static json_t *keys(struct call *call)
{
        return value_items(call->run, call->args[0]);
}

static json_t *values(struct call *call)
{
        return value_values(call->run, call->args[0]);
}

static json_t *items(struct call *call)
{
        return value_pairs(call->run, call->args[0]);
}

static json_t *has_key(struct call *call)
{
        return run_bool(value_member(call->args[0], call->args[1]) != NULL);
}

static json_t *copy(struct call *call)
{
        return call->args[0];
}

static json_t *count(struct call *call)
{
        json_t *item;
        int64_t n = 0;
        size_t i;

        json_array_foreach(call->args[0], i, item)
                n += value_equal(call->run, item, call->args[1]);
        return call->run->failure ? NULL : run_int(call->run, n);
}

static json_t *index_of(struct call *call)
{
        json_t *item;
        size_t i;

        json_array_foreach(call->args[0], i, item)
                if (value_equal(call->run, item, call->args[1]))
                        return run_int(call->run, (int64_t)i);
        return call->run->failure ? NULL
                : run_raise(call->run, "ValueError", "the item is not in the list");
}

/* loop.cycle('odd', 'even') */
static json_t *cycle(struct call *call)
{
        int64_t at = json_integer_value(json_object_get(call->args[0], "index0"));

        return call->rest_n ? call->rest[(size_t)at % call->rest_n]
                : run_raise(call->run, "TypeError", "no items for cycling given");
}

const struct function container_methods[] = {
        { "get", "d:d key default=", get, 0 },
        { "keys", "d:d", keys, 0 },
        { "iterkeys", "d:d", keys, 0 },
        { "values", "d:d", values, 0 },
        { "itervalues", "d:d", values, 0 },
        { "items", "d:d", items, 0 },
        { "iteritems", "d:d", items, 0 },
        { "has_key", "d:d key", has_key, 0 },
        { "copy", "d:d", copy, 0 },
        { "copy", "l:c", copy, 0 },
        { "count", "l:c value", count, 0 },
        { "index", "l:c value", index_of, 0 },
        { "cycle", "loop:d *args", cycle, 0 },
        { 0 },
};
