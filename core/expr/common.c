/* SPDX-License-Identifier: Apache-2.0 */

/* StackStorm's own functions, which both spellings have: data, paths, time; and their table. */
#include "base/json.h"
#include "base/yaml.h"
#include "expr/dump.h"
#include "expr/function.h"
#include "expr/jsonpath.h"
#include "expr/python.h"
#include "expr/regular_functions.h"
#include "expr/value.h"
#include "expr/version.h"

#include <math.h>
#include <string.h>

#define NONE_MAGIC "%*****__%NONE%__*****%"
#define READ_BYTES ((size_t)16 << 20)

static json_t *read_json(struct run *run, const char *s, size_t len)
{
        struct json_limits limits = { READ_BYTES, run->limits->depth, NULL, "expression_depth" };
        _fault_ struct fault fault = FAULT_INIT;
        json_t *value = NULL;
        int r = json_parse(s, len, &limits, &value, &fault);

        if (r == FAULT)
                return run_raise(run, "JSONDecodeError", "%s", fault.what);
        return r ? run_no_memory(run) : run_keep(run, value);
}

/* What was just made has Python's lists, where YAQL's own and those of the context are tuples. */
static bool as_lists(struct run *run, json_t *value)
{
        const char *key;
        json_t *member;
        size_t i;

        if (json_is_array(value) && !run_nature(run, value, NATURE_LIST))
                return false;
        json_array_foreach(value, i, member)
                if (!as_lists(run, member))
                        return false;
        json_object_foreach(value, key, member)
                if (!as_lists(run, member))
                        return false;
        return run_step(run, 1);
}

static json_t *from_json_string(struct call *call)
{
        _text_ struct text text = TEXT_INIT;

        return run_print(call->run, call->args[0], false, &text)
                ? read_json(call->run, text.s ? text.s : "", text.len) : NULL;
}

static json_t *json(struct call *call)
{
        json_t *made;

        if (json_is_object(call->args[0]))
                return call->args[0];
        if (!json_is_string(call->args[0]))
                return run_raise(call->run, "TypeError", "Given object is not typeof string.");
        made = read_json(call->run, json_string_value(call->args[0]),
                         json_string_length(call->args[0]));
        return made && as_lists(call->run, made) ? made : NULL;
}

static json_t *from_yaml_string(struct call *call)
{
        _fault_ struct fault fault = FAULT_INIT;
        _text_ struct text text = TEXT_INIT;
        json_t *value = NULL;
        int r;

        if (!run_print(call->run, call->args[0], false, &text))
                return NULL;
        r = yaml_parse(text.s ? text.s : "", text.len, "the text", &yaml_default_limits, &value,
                       &fault);
        if (r == FAULT)
                return run_raise(call->run, "YAMLError", "%s", fault.what);
        return r ? run_no_memory(call->run) : run_keep(call->run, value);
}

static json_t *to_json_string(struct call *call)
{
        const json_t *separators = call->args[3];
        struct dump_style style = { ",", ": ", -1, false, true };

        if (json_array_size(separators) == 2) {
                style.between = json_string_value(json_array_get(separators, 0));
                style.colon = json_string_value(json_array_get(separators, 1));
        } else if (separators && json_is_null(separators)) {
                style.between = ", ";
        }
        if (!style.between || !style.colon)
                return run_raise(call->run, "TypeError", "separators are two texts");
        style.indent = (int)call_int(call, 1, -1);
        if (style.indent > 100)
                style.indent = 100;
        style.sorted = call_flag(call, 2, false);
        return dump_json(call->run, call->args[0], &style);
}

static const struct dump_style plain = { ", ", ": ", -1, false, true };

static json_t *to_complex(struct call *call)
{
        return dump_json(call->run, call->args[0], &plain);
}

static json_t *json_escape(struct call *call)
{
        json_t *value = dump_json(call->run, call->args[0], &plain);
        const char *s = value ? json_string_value(value) : "", *end = s + strlen(s);

        while (*s == '"')
                s++;
        while (end > s && end[-1] == '"')
                end--;
        return value ? run_text(call->run, s, (size_t)(end - s)) : NULL;
}

static json_t *to_yaml_string(struct call *call)
{
        int64_t indent = call_int(call, 1, 2);

        return dump_yaml(call->run, call->args[0], indent >= 2 && indent < 10 ? (int)indent : 2);
}

static json_t *jsonpath_query(struct call *call)
{
        json_t *found;

        if (!json_is_string(call->args[1]))
                return run_raise(call->run, "TypeError", "a JSONPath is text");
        found = jsonpath_find(call->run, call->args[0], call_text(call, 1));
        return found && !json_array_size(found) ? json_null() : found;
}

static json_t *use_none(struct call *call)
{
        return json_is_null(call->args[0]) ? run_text(call->run, NONE_MAGIC, strlen(NONE_MAGIC))
                : call->args[0];
}

static bool path_of(struct call *call, const char **ret_s, const char **ret_slash)
{
        *ret_s = call_text(call, 0);
        if (!*ret_s)
                return run_raise(call->run, "TypeError", "expected str, bytes or os.PathLike "
                                 "object, not %s", python_type(&call->run->natures,
                                                               call->args[0]));
        *ret_slash = strrchr(*ret_s, '/');
        return true;
}

static json_t *basename_function(struct call *call)
{
        const char *s, *slash;

        if (!path_of(call, &s, &slash))
                return NULL;
        s = slash ? slash + 1 : s;
        return run_text(call->run, s, strlen(s));
}

static json_t *dirname_function(struct call *call)
{
        const char *s, *slash, *end;

        if (!path_of(call, &s, &slash))
                return NULL;
        end = slash ? slash : s;
        while (end > s && end[-1] == '/')
                end--;
        /* Slashes alone stay. */
        return run_text(call->run, s, slash && end == s ? (size_t)(slash - s) + 1
                        : (size_t)(end - s));
}

/* 1y2d3h4m5s without leading zeros; days are those of a month, as upstream counts them. */
static json_t *human_time(struct run *run, int64_t seconds)
{
        int64_t days = seconds / 86400, years = days * 400 / 146097, month;
        static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        static const char units[] = "ydhms";
        int64_t parts[5];
        _text_ struct text text = TEXT_INIT;

        while (years && years * 365 + years / 4 - years / 100 + years / 400 > days)
                years--;
        while ((years + 1) * 365 + (years + 1) / 4 - (years + 1) / 100 + (years + 1) / 400 <= days)
                years++;
        days -= years * 365 + years / 4 - years / 100 + years / 400;
        for (month = 0; month < 12; month++) {
                int64_t year = years + 1;
                int leap = month == 1 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);

                if (days < lengths[month] + leap)
                        break;
                days -= lengths[month] + leap;
        }
        parts[0] = years;
        parts[1] = days;
        parts[2] = seconds / 3600 % 24;
        parts[3] = seconds / 60 % 60;
        parts[4] = seconds % 60;
        for (int i = 0; i < 5; i++)
                if (text.len || parts[i])
                        text_addf(&text, "%lld%c", (long long)parts[i], units[i]);
        if (!text.len)
                text_add(&text, "0s");
        return run_take(run, &text);
}

static json_t *to_human_time_from_seconds(struct call *call)
{
        json_t *value = call->args[0];
        _text_ struct text text = TEXT_INIT;
        double seconds;

        if (!value_is_number(value))
                return run_raise(call->run, "AssertionError", "%s", "");
        seconds = value_real(value);
        if (seconds > 2e11)
                return run_raise(call->run, "OverflowError", "date value out of range");
        if (seconds >= 1 || seconds == 0)
                return human_time(call->run, (int64_t)rint(seconds));
        if (!run_print(call->run, value, false, &text))
                return NULL;
        text_add(&text, "\u03bcs");
        return run_take(call->run, &text);
}

/* Rows of the items of each list, as long as the longest. */
static json_t *zip(struct call *call)
{
        json_t *made = run_list(call->run), *lists[ARGUMENTS_MAX], *row, *item, *pad = json_null();
        size_t longest = 0;

        if (call->keywords && json_object_get(call->keywords, "pad"))
                pad = json_object_get(call->keywords, "pad");
        if (call->rest_n == 1)
                return json_is_null(call->rest[0]) ? made : call->rest[0];
        for (size_t i = 0; i < call->rest_n; i++) {
                lists[i] = json_is_null(call->rest[i]) ? run_list(call->run)
                        : value_items(call->run, call->rest[i]);
                if (!lists[i])
                        return NULL;
                if (json_array_size(lists[i]) > longest)
                        longest = json_array_size(lists[i]);
        }
        for (size_t k = 0; k < longest; k++) {
                row = run_list(call->run);
                for (size_t i = 0; i < call->rest_n; i++) {
                        item = json_array_get(lists[i], k);
                        if (!run_append(call->run, row, item ? item : pad))
                                return NULL;
                }
                if (!run_append(call->run, made, run_nature(call->run, row, NATURE_TUPLE)))
                        return NULL;
        }
        return run_nature(call->run, made, NATURE_LIST);
}

#define TO_JSON "value indent= sort_keys= separators="

const struct function common_functions[] = {
        { "json", "s", json, FUNCTION_ALONE },
        { "zip", "*lists **options", zip, FUNCTION_ALONE },
        { "from_json_string", "value", from_json_string, FUNCTION_ALONE },
        { "json_parse", "value", from_json_string, FUNCTION_ALONE },
        { "from_yaml_string", "value", from_yaml_string, FUNCTION_ALONE },
        { "yaml_parse", "value", from_yaml_string, FUNCTION_ALONE },
        { "to_json_string", TO_JSON, to_json_string, FUNCTION_ALONE },
        { "json_dump", TO_JSON, to_json_string, FUNCTION_ALONE },
        { "to_yaml_string", "value indent= allow_unicode=", to_yaml_string, FUNCTION_ALONE },
        { "yaml_dump", "value indent= allow_unicode=", to_yaml_string, FUNCTION_ALONE },
        { "to_complex", "value", to_complex, FUNCTION_ALONE },
        { "json_escape", "value", json_escape, FUNCTION_ALONE },
        { "jsonpath_query", "value query", jsonpath_query, FUNCTION_ALONE },
        { "use_none", "value", use_none, FUNCTION_ALONE },
        { "basename", "path", basename_function, FUNCTION_ALONE },
        { "dirname", "path", dirname_function, FUNCTION_ALONE },
        { "to_human_time_from_seconds", "seconds", to_human_time_from_seconds, FUNCTION_ALONE },
        { "regex_match", "value pattern ignorecase=", regex_match_function, FUNCTION_ALONE },
        { "regex_search", "value pattern ignorecase=", regex_search_function, FUNCTION_ALONE },
        { "regex_replace", "value pattern replacement ignorecase=", regex_replace_function,
          FUNCTION_ALONE },
        { "regex_substring", "value pattern result_index= ignorecase=", regex_substring_function,
          FUNCTION_ALONE },
        { "version_compare", "value pattern", version_compare, FUNCTION_ALONE },
        { "version_more_than", "value pattern", version_more_than, FUNCTION_ALONE },
        { "version_less_than", "value pattern", version_less_than, FUNCTION_ALONE },
        { "version_equal", "value pattern", version_equal, FUNCTION_ALONE },
        { "version_match", "value pattern", version_match, FUNCTION_ALONE },
        { "version_bump_major", "value", version_bump_major, FUNCTION_ALONE },
        { "version_bump_minor", "value", version_bump_minor, FUNCTION_ALONE },
        { "version_bump_patch", "value", version_bump_patch, FUNCTION_ALONE },
        { "version_strip_patch", "value", version_strip_patch, FUNCTION_ALONE },
        { 0 },
};
