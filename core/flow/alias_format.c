/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One format of an alias as one regular expression. Parameters become named groups that match as
 * little as they can, with quotes around them or without; so "{{ a }} and {{ b }}" is read as
 * StackStorm reads it, text for text. The pairs behind a command are taken off by hand first: a
 * pattern for them would try every way to cut every text.
 */
#include "flow/alias.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/regex.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define PARAMETERS_MAX 60
#define VALUE "[\"']?(?P<%s>(?:(?<=').+?(?=')|(?<=\").+?(?=\")|{.+?}|.+?))[\"']?"

struct parameter {
        char *key, *or_else;            /* or_else NULL: required, or a group of the author's */
};

struct alias_format {
        struct regex *regex;
        bool is_empty;
        struct parameter parameters[PARAMETERS_MAX];
        size_t n;
};

CLEANUP_DEFINE(struct alias_format *, alias_format_free);

static const char *skip_space(const char *s)
{
        while (isspace((unsigned char)*s))
                s++;
        return s;
}

/* ---- reading a format ---- */

/* The end of a default that began at s: what closes it stands before spaces and "}}". */
static const char *closing(const char *s, char close)
{
        for (const char *p = s; *p; p++)
                if (*p == close && text_starts_with(skip_space(p + 1), "}}"))
                        return p;
        return NULL;
}

/* One form of default: its bounds, and where the parameter ends behind "}}". */
static bool default_between(const char *s, char open, char close, bool keep, const char *bounds[3])
{
        const char *end = *s == open ? closing(s + 1, close) : NULL;

        if (!end)
                return false;
        bounds[0] = keep ? s : s + 1;
        bounds[1] = keep ? end + 1 : end;
        bounds[2] = skip_space(end + 1) + 2;
        return true;
}

static bool find_default(const char *s, const char *bounds[3])
{
        const char *end;

        s = skip_space(s);
        if (default_between(s, '"', '"', false, bounds) ||
            default_between(s, '\'', '\'', false, bounds) ||
            default_between(s, '{', '}', true, bounds))
                return true;
        end = strstr(s, "}}");
        if (!end)
                return false;
        bounds[0] = s;
        bounds[2] = end + 2;
        while (end > s && isspace((unsigned char)end[-1]))
                end--;
        bounds[1] = end;
        return true;
}

static int add_parameter(struct alias_format *format, const char *key, size_t len, char *or_else,
                         struct fault *fault)
{
        struct parameter *parameter = format->parameters + format->n;

        if (format->n == PARAMETERS_MAX) {
                free(or_else);
                return fault_set(fault, 422, "alias.format",
                                 "the format has more than %d parameters", PARAMETERS_MAX);
        }
        parameter->key = strndup(key, len);
        parameter->or_else = or_else;
        format->n += parameter->key != NULL;
        return parameter->key ? 0 : -ENOMEM;
}

/*
 * A parameter that begins with "{{" at s: where it ends, or s where it is none, and just text; NULL
 * after a failure.
 */
static const char *read_parameter(struct alias_format *format, const char *s, int *ret_r,
                                  struct fault *fault)
{
        const char *key = skip_space(s + 2), *bounds[3];
        size_t n = strcspn(key, "={} \t\r\n");
        const char *after = skip_space(key + n);
        char *or_else = NULL;

        if (!n)
                return s;
        if (text_starts_with(after, "}}"))
                bounds[2] = after + 2;
        else if (*after != '=' || !find_default(after + 1, bounds))
                return s;
        else if (!(or_else = strndup(bounds[0], (size_t)(bounds[1] - bounds[0])))) {
                *ret_r = -ENOMEM;
                return NULL;
        }
        *ret_r = add_parameter(format, key, n, or_else, fault);
        return *ret_r ? NULL : bounds[2];
}

/* A group that the author named: (?P<key>…). */
static int read_group(struct alias_format *format, const char *s, struct fault *fault)
{
        const char *end = text_starts_with(s, "(?P<") ? strchr(s + 4, '>') : NULL;

        return end ? add_parameter(format, s + 4, (size_t)(end - s - 4), NULL, fault) : 0;
}

static void add_pattern(struct text *pattern, const char *spaces, size_t len,
                        const struct parameter *parameter)
{
        if (parameter->or_else)
                text_add(pattern, "(?:");
        text_add_bytes(pattern, spaces, len);
        text_addf(pattern, VALUE, parameter->key);
        if (parameter->or_else)
                text_add(pattern, ")?");
}

static int translate(struct alias_format *format, const char *s, struct text *pattern,
                     struct fault *fault)
{
        int r = 0;

        text_add(pattern, "^\\s*");
        while (r == 0 && *s) {
                const char *at = skip_space(s), *end = at;

                if (text_starts_with(at, "{{"))
                        end = read_parameter(format, at, &r, fault);
                if (r == 0 && end > at) {
                        add_pattern(pattern, s, (size_t)(at - s),
                                    format->parameters + format->n - 1);
                        s = end;
                        continue;
                }
                if (r == 0)
                        r = read_group(format, at, fault);
                text_add_bytes(pattern, s, (size_t)(at - s) + (*at != '\0'));
                s = at + (*at != '\0');
        }
        text_add(pattern, "\\s*$");
        return r ? r : pattern->failed ? -ENOMEM : 0;
}

int alias_format_compile(const char *s, struct alias_format **ret, struct fault *fault)
{
        _cleanup_(alias_format_freep) struct alias_format *format = calloc(1, sizeof *format);
        _text_ struct text pattern = TEXT_INIT;
        int r = format ? translate(format, s, &pattern, fault) : -ENOMEM;

        if (r == 0) {
                format->is_empty = !*s;
                r = regex_compile(pattern.s, REGEX_PYTHON | REGEX_DOTALL, &format->regex, fault);
        }
        if (r == FAULT && fault) {
                snprintf(fault->code, sizeof fault->code, "alias.format");
                fault_prefix(fault, "the format \"%.200s\"", s);
                fault_try(fault, "a parameter is written {{ name }} or {{ name = default }}, each "
                          "name once; what is special in a regular expression needs a \\");
        }
        if (r == 0)
                *ret = TAKE(format);
        return r;
}

struct alias_format *alias_format_free(struct alias_format *format)
{
        if (!format)
                return NULL;
        for (size_t i = 0; i < format->n; i++) {
                free(format->parameters[i].key);
                free(format->parameters[i].or_else);
        }
        regex_free(format->regex);
        free(format);
        return NULL;
}

/* ---- pairs behind a command ---- */

struct pair {
        size_t key, key_end, value, value_end, end;     /* value without its quotes */
};

/* pairs[i].end: of a pair that begins at byte i and is followed by pairs or nothing; 0: none. */
struct pairs {
        const char *s;
        size_t n;
        struct pair *at;
};

/* Nothing but pairs from here? Those further right are known. */
static bool goes_on(const struct pairs *pairs, size_t i)
{
        size_t next = (size_t)(skip_space(pairs->s + i) - pairs->s);

        return next == pairs->n || (next > i && pairs->at[next].end);
}

static bool try_end(struct pairs *pairs, struct pair *pair, size_t value, size_t value_end,
                    size_t end)
{
        if (!goes_on(pairs, end))
                return false;
        pair->value = value;
        pair->value_end = value_end;
        pair->end = end;
        return true;
}

static bool read_value(struct pairs *pairs, struct pair *pair, size_t i)
{
        const char *s = pairs->s;
        char close = s[i] == '{' ? '}' : s[i];
        size_t word = i + strcspn(s + i, " \t\r\n\v\f");

        if ((s[i] == '"' || s[i] == '\'') && s[i + 1] == s[i] &&
            try_end(pairs, pair, i + 1, i + 1, i + 2))
                return true;
        for (size_t j = i + 2; (s[i] == '"' || s[i] == '\'' || s[i] == '{') && j < pairs->n; j++)
                if (s[j] == close && (close == '}' ? try_end(pairs, pair, i, j + 1, j + 1)
                                      : try_end(pairs, pair, i + 1, j, j + 1)))
                        return true;
        return word > i && try_end(pairs, pair, i, word, word);
}

static void read_pair(struct pairs *pairs, size_t i)
{
        const char *s = pairs->s;
        struct pair pair = { .key = i, .key_end = i + strcspn(s + i, "= \t\r\n\v\f") };
        size_t equals = (size_t)(skip_space(s + pair.key_end) - s);

        if (pair.key_end > pair.key && s[equals] == '=' && read_value(pairs, &pair, equals + 1))
                pairs->at[i] = pair;
}

/* Where the pairs begin that the command ends with, from the left: as many as there are. */
static int find_pairs(const char *s, struct pairs *ret, size_t *ret_begin)
{
        struct pairs pairs = { s, strlen(s), NULL };

        if (pairs.n > ALIAS_COMMAND_MAX)
                return -E2BIG;
        pairs.at = calloc(pairs.n + 1, sizeof *pairs.at);
        if (!pairs.at)
                return -ENOMEM;
        *ret_begin = pairs.n;
        for (size_t i = pairs.n; i-- > 0;) {
                if (!isspace((unsigned char)s[i]) && (!i || isspace((unsigned char)s[i - 1])))
                        read_pair(&pairs, i);
                if (pairs.at[i].end)
                        *ret_begin = i;
        }
        *ret = pairs;
        return 0;
}

static int set(json_t *object, const char *key, size_t key_len, const char *s, size_t len)
{
        return json_object_setn_new(object, key, key_len, json_stringn(s, len)) ? -ENOMEM : 0;
}

static int add_pairs(const struct pairs *pairs, size_t i, json_t *params)
{
        int r = 0;

        while (r == 0 && i < pairs->n && pairs->at[i].end) {
                const struct pair *pair = pairs->at + i;

                r = set(params, pairs->s + pair->key, pair->key_end - pair->key,
                        pairs->s + pair->value, pair->value_end - pair->value);
                i = (size_t)(skip_space(pairs->s + pair->end) - pairs->s);
        }
        return r;
}

/* ---- matching ---- */

static int take_groups(const struct alias_format *format, const char *s, const size_t *groups,
                       size_t n, json_t *params)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < format->n; i++) {
                const struct parameter *parameter = format->parameters + i;
                int group = regex_group_named(format->regex, parameter->key);
                bool found = group >= 0 && (size_t)group < n && groups[2 * group] != REGEX_NONE;

                if (found)
                        r = set(params, parameter->key, strlen(parameter->key),
                                s + groups[2 * group], groups[2 * group + 1] - groups[2 * group]);
                else if (parameter->or_else)
                        json_set_text(params, parameter->key, parameter->or_else);
        }
        return r;
}

static bool has_value(const json_t *params)
{
        const json_t *value;
        const char *key;

        json_object_foreach((json_t *)params, key, value)
                if (*json_string_value(value))
                        return true;
        return false;
}

static int match_text(const struct alias_format *format, const char *s, json_t *params)
{
        size_t groups[2 * 4 * PARAMETERS_MAX];
        int r = regex_find(format->regex, s, strlen(s), 0, groups, 4 * PARAMETERS_MAX);

        if (r <= 0)
                return r;
        r = take_groups(format, s, groups, (size_t)r, params);
        return r ? r : 1;
}

int alias_format_match(const struct alias_format *format, const char *command, json_t **ret)
{
        _json_ json_t *params = json_object();
        _free_ struct pair *rows = NULL;
        _free_ char *s = NULL;
        struct pairs pairs;
        size_t begin;
        int r;

        command = skip_space(command);
        r = find_pairs(command, &pairs, &begin);
        if (r)
                return r;
        rows = pairs.at;
        while (begin && isspace((unsigned char)command[begin - 1]))
                begin--;
        if (!params || asprintf(&s, " %.*s ", (int)begin, command) < 0)
                return -ENOMEM;
        r = match_text(format, s, params);
        begin = (size_t)(skip_space(command + begin) - command);
        if (r > 0 && add_pairs(&pairs, begin, params) < 0)
                return -ENOMEM;
        if (r > 0 && !format->is_empty && !*command && !has_value(params))
                return 0;
        if (r > 0)
                *ret = TAKE(params);
        return r;
}
