/* SPDX-License-Identifier: Apache-2.0 */

/* The functions on regular expressions: StackStorm's regex_… and YAQL's regex(). */
#include "expr/function.h"
#include "expr/regular.h"
#include "expr/regular_functions.h"
#include "expr/value.h"

#include <ctype.h>
#include <string.h>

#define _matches_ __attribute__((cleanup(matches_end)))

/* StackStorm's take anything, by its str(). */
static json_t *shown(struct call *call, size_t i)
{
        _text_ struct text text = TEXT_INIT;

        if (json_is_string(call->args[i]))
                return call->args[i];
        return run_print(call->run, call->args[i], false, &text) ? run_take(call->run, &text) : NULL;
}

static bool begin(struct call *call, struct matches *matches, size_t ignorecase, unsigned flags)
{
        json_t *value = shown(call, 0);

        *matches = (struct matches){ 0 };
        if (!value)
                return false;
        if (call_flag(call, ignorecase, false))
                flags |= REGEX_CASELESS;
        return matches_begin(matches, call->run, call->args[1], value, flags);
}

static json_t *found(struct call *call, unsigned flags)
{
        _matches_ struct matches matches;
        bool is = begin(call, &matches, 2, flags) && matches_next(&matches);

        return call->run->failure ? NULL : run_bool(is);
}

json_t *regex_match_function(struct call *call)
{
        return found(call, REGEX_AT_START);
}

json_t *regex_search_function(struct call *call)
{
        return found(call, 0);
}

static json_t *substitute(struct call *call, struct matches *matches, const json_t *by,
                          int64_t count)
{
        _text_ struct text text = TEXT_INIT;
        size_t at = 0;

        for (int64_t i = 0; (count <= 0 || i < count) && matches_next(matches); i++) {
                text_add_bytes(&text, matches->s + at, matches->groups[0] - at);
                if (!matches_expand(matches, json_string_value(by), json_string_length(by), &text))
                        return NULL;
                at = matches->groups[1];
        }
        if (call->run->failure)
                return NULL;
        text_add_bytes(&text, matches->s + at, matches->len - at);
        return run_take(call->run, &text);
}

json_t *regex_replace_function(struct call *call)
{
        _matches_ struct matches matches;

        if (!begin(call, &matches, 3, 0))
                return NULL;
        if (!json_is_string(call->args[2]))
                return run_raise(call->run, "TypeError", "decoding to str: need a bytes-like object");
        return substitute(call, &matches, call->args[2], 0);
}

/* As an item of re.findall: the one group, or a tuple of all. */
static json_t *item_of(struct matches *matches)
{
        json_t *made, *group;

        if (matches->n <= 2)
                return matches_group(matches, matches->n - 1);
        made = run_list(matches->run);
        for (size_t i = 1; i < matches->n; i++) {
                group = matches_group(matches, i);
                if (group && json_is_null(group))
                        group = run_text(matches->run, "", 0);
                if (!run_append(matches->run, made, group))
                        return NULL;
        }
        return run_nature(matches->run, made, NATURE_TUPLE);
}

json_t *regex_substring_function(struct call *call)
{
        _matches_ struct matches matches;
        json_t *all = run_list(call->run), *index;

        if (!all || !begin(call, &matches, 3, 0))
                return NULL;
        while (matches_next(&matches))
                if (!run_append(call->run, all, item_of(&matches)))
                        return NULL;
        index = run_int(call->run, call_int(call, 2, 0));
        return index && !call->run->failure ? value_item(call->run, all, index) : NULL;
}

static json_t *regex(struct call *call)
{
        unsigned flags = (call_flag(call, 1, false) ? REGEX_CASELESS : 0) |
                (call_flag(call, 2, false) ? REGEX_MULTILINE : 0) |
                (call_flag(call, 3, false) ? REGEX_DOTALL : 0);

        return regular_new(call->run, call_text(call, 0), json_string_length(call->args[0]), flags);
}

/* x.matches(text), and text.matches(pattern). */
static json_t *matches_either(struct call *call)
{
        bool first = nature_kind(&call->run->natures, call->args[0]) == NATURE_REGEX;
        int r = regular_search(call->run, call->args[first ? 0 : 1], call->args[first ? 1 : 0]);

        return call->run->failure ? NULL : run_bool(r);
}

static bool begin_yaql(struct call *call, struct matches *matches)
{
        bool first = nature_kind(&call->run->natures, call->args[0]) == NATURE_REGEX;

        *matches = (struct matches){ 0 };
        return matches_begin(matches, call->run, call->args[first ? 0 : 1],
                             call->args[first ? 1 : 0], 0);
}

static bool publish_group(struct matches *matches, size_t group, const char *name)
{
        json_t *value = matches_group(matches, group), *made;
        size_t from = matches->groups[2 * group], to = matches->groups[2 * group + 1];
        bool is = from != REGEX_NONE;

        made = value ? run_keep(matches->run, json_pack("{s:O, s:I, s:I}", "value", value, "start",
                                                        is ? (json_int_t)from : -1, "end",
                                                        is ? (json_int_t)to : -1)) : NULL;
        return made && frame_set(matches->run, name, made);
}

/* $1 is the match, $2 its first group, and so on. */
static json_t *select_match(struct call *call, struct matches *matches, const struct node *selector)
{
        static const char *const names[] = { "1", "2", "3", "4", "5", "6", "7", "8", "9", "10" };
        struct frame frame;
        json_t *made = NULL;
        bool ok = true;

        if (!selector)
                return matches_group(matches, 0);
        frame_enter(call->run, &frame);
        for (size_t i = 0; ok && i < matches->n && i < sizeof names / sizeof *names; i++)
                ok = publish_group(matches, i, names[i]);
        if (ok)
                made = run_node(call->run, selector);
        frame_leave(call->run, &frame);
        return made;
}

static json_t *search(struct call *call)
{
        _matches_ struct matches matches;

        if (begin_yaql(call, &matches) && matches_next(&matches))
                return select_match(call, &matches, call->lazy[2]);
        return call->run->failure ? NULL : json_null();
}

static json_t *search_all(struct call *call)
{
        _matches_ struct matches matches;
        json_t *made = run_list(call->run);

        if (!made || !begin_yaql(call, &matches))
                return NULL;
        while (matches_next(&matches))
                if (!run_append(call->run, made, select_match(call, &matches, call->lazy[2])))
                        return NULL;
        return call->run->failure ? NULL : run_nature(call->run, made, NATURE_ITERATOR);
}

static json_t *split(struct call *call)
{
        _matches_ struct matches matches;
        json_t *made = run_list(call->run);
        int64_t most = call_int(call, 2, 0);
        size_t at = 0;

        if (!made || !begin_yaql(call, &matches))
                return NULL;
        for (int64_t i = 0; (most <= 0 || i < most) && matches_next(&matches); i++) {
                if (!run_append(call->run, made, run_text(call->run, matches.s + at,
                                                          matches.groups[0] - at)))
                        return NULL;
                for (size_t g = 1; g < matches.n; g++)
                        if (!run_append(call->run, made, matches_group(&matches, g)))
                                return NULL;
                at = matches.groups[1];
        }
        if (call->run->failure || !run_append(call->run, made, run_text(call->run, matches.s + at,
                                                                        matches.len - at)))
                return NULL;
        return run_nature(call->run, made, NATURE_LIST);
}

static json_t *replace(struct call *call)
{
        _matches_ struct matches matches;

        return begin_yaql(call, &matches)
                ? substitute(call, &matches, call->args[2], call_int(call, 3, 0)) : NULL;
}

static json_t *replace_by(struct call *call)
{
        _matches_ struct matches matches;
        _text_ struct text text = TEXT_INIT;
        int64_t count = call_int(call, 3, 0);
        size_t at = 0;

        if (!begin_yaql(call, &matches))
                return NULL;
        for (int64_t i = 0; (count <= 0 || i < count) && matches_next(&matches); i++) {
                json_t *by;

                text_add_bytes(&text, matches.s + at, matches.groups[0] - at);
                by = select_match(call, &matches, call->lazy[2]);
                if (!by || !run_print(call->run, by, false, &text))
                        return NULL;
                at = matches.groups[1];
        }
        if (call->run->failure)
                return NULL;
        text_add_bytes(&text, matches.s + at, matches.len - at);
        return run_take(call->run, &text);
}

static json_t *escape_regex(struct call *call)
{
        _text_ struct text text = TEXT_INIT;

        for (const char *s = call_text(call, 0); *s; s++) {
                if (strchr("()[]{}?*+-|^$\\.&~# \t\n\r\v\f", *s))
                        text_add(&text, "\\");
                text_add_bytes(&text, s, 1);
        }
        return run_take(call->run, &text);
}

static json_t *is_regex(struct call *call)
{
        return run_bool(nature_kind(&call->run->natures, call->args[0]) == NATURE_REGEX);
}

const struct function yaql_regex[] = {
        { "regex", "pattern:s ignoreCase= multiLine= dotAll=", regex, FUNCTION_ALONE },
        { "matches", "regexp:x string:s", matches_either, FUNCTION_METHOD },
        { "matches", "string:s regexp:s", matches_either, FUNCTION_METHOD },
        { "search", "regexp:x string:s &selector=", search, FUNCTION_METHOD },
        { "searchAll", "regexp:x string:s &selector=", search_all, FUNCTION_METHOD },
        { "split", "regexp:x string:s maxSplit:i=", split, FUNCTION_METHOD },
        { "split", "string:s regexp:x maxSplit:i=", split, FUNCTION_METHOD },
        { "replace", "regexp:x string:s repl:s count:i=", replace, FUNCTION_METHOD },
        { "replace", "string:s regexp:x repl:s count:i=", replace, FUNCTION_METHOD },
        { "replaceBy", "regexp:x string:s &repl count:i=", replace_by, FUNCTION_METHOD },
        { "replaceBy", "string:s regexp:x &repl count:i=", replace_by, FUNCTION_METHOD },
        { "escapeRegex", "string:s", escape_regex, FUNCTION_ALONE },
        { "isRegex", "value", is_regex, FUNCTION_ALONE },
        { 0 },
};
