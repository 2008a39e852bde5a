/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/regular.h"

#include "expr/escape.h"
#include "expr/function.h"
#include "expr/letters.h"
#include "expr/python.h"
#include "expr/value.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

bool matches_begin(struct matches *matches, struct run *run, const json_t *pattern,
                   const json_t *text, unsigned flags)
{
        const struct nature *nature = nature_of(&run->natures, pattern);
        _fault_ struct fault fault = FAULT_INIT;
        int r;

        *matches = (struct matches){ .run = run, .s = json_string_value(text),
                                     .len = json_string_length(text) };
        if (nature && nature->kind == NATURE_REGEX)
                flags |= nature->flags;
        if (!json_is_string(pattern) || strlen(json_string_value(pattern)) !=
            json_string_length(pattern))
                return run_raise(run, "TypeError", "first argument must be string or compiled "
                                 "pattern");
        r = regex_compile(json_string_value(pattern), flags | REGEX_PYTHON, &matches->regex,
                          &fault);
        if (r == FAULT)
                return run_raise(run, "error", "%s", fault.what);
        return r == 0 || run_no_memory(run);
}

bool matches_next(struct matches *matches)
{
        int r;

        if (matches->at > matches->len || !run_step(matches->run, 1))
                return false;
        r = regex_find(matches->regex, matches->s, matches->len, matches->at, matches->groups,
                       REGULAR_GROUPS);
        if (r == -ELOOP)
                run_limit(matches->run, "a regular expression takes more than 1,000,000 steps (its "
                          "limit is not a setting)");
        else if (r < 0)
                run_no_memory(matches->run);
        if (r <= 0)
                return false;
        matches->n = (size_t)r;
        matches->at = matches->groups[1];
        if (matches->groups[1] == matches->groups[0])
                matches->at += matches->at < matches->len
                        ? letter_size(matches->s + matches->at) : 1;
        return true;
}

void matches_end(struct matches *matches)
{
        regex_free(matches->regex);
}

#define _matches_ __attribute__((cleanup(matches_end)))

json_t *matches_group(struct matches *matches, size_t group)
{
        const size_t *bounds = &matches->groups[2 * group];

        if (group >= matches->n || bounds[0] == REGEX_NONE)
                return json_null();
        return run_text(matches->run, matches->s + bounds[0], bounds[1] - bounds[0]);
}

static bool add_group(struct matches *matches, int group, struct text *text)
{
        const size_t *bounds;

        if (group < 0 || (size_t)group >= matches->n)
                return run_raise(matches->run, "error", "invalid group reference");
        bounds = &matches->groups[2 * (size_t)group];
        if (bounds[0] != REGEX_NONE)
                text_add_bytes(text, matches->s + bounds[0], bounds[1] - bounds[0]);
        return true;
}

/* What stands behind a backslash: a group, or an escape. The bytes that it took, 0: it failed. */
static size_t expand_one(struct matches *matches, const char *s, const char *end,
                         struct text *text)
{
        char name[64];
        const char *close;
        size_t len;

        if (isdigit((unsigned char)*s)) {
                len = s + 1 < end && isdigit((unsigned char)s[1]) ? 2 : 1;
                snprintf(name, sizeof name, "%.*s", (int)len, s);
                return add_group(matches, atoi(name), text) ? len : 0;
        }
        close = s + 1 < end && s[0] == 'g' && s[1] == '<' ? memchr(s, '>', (size_t)(end - s)) : NULL;
        if (close) {
                len = (size_t)(close - s) - 2;
                snprintf(name, sizeof name, "%.*s", (int)len, s + 2);
                return add_group(matches, isdigit((unsigned char)*name) ? atoi(name)
                                 : regex_group_named(matches->regex, name), text) ? len + 3 : 0;
        }
        escape_decode(s - 1, 2, text);
        return 1;
}

bool matches_expand(struct matches *matches, const char *s, size_t len, struct text *text)
{
        const char *end = s + len;

        for (; s < end; s++) {
                size_t took;

                if (*s != '\\' || s + 1 == end) {
                        text_add_bytes(text, s, 1);
                        continue;
                }
                took = expand_one(matches, s + 1, end, text);
                if (!took)
                        return false;
                s += took;
        }
        return run_afford(matches->run, text);
}

int regular_search(struct run *run, const json_t *pattern, const json_t *text)
{
        _matches_ struct matches matches;

        return matches_begin(&matches, run, pattern, text, 0) && matches_next(&matches);
}

json_t *regular_new(struct run *run, const char *pattern, size_t len, unsigned flags)
{
        struct nature nature = { .kind = NATURE_REGEX, .flags = flags };
        json_t *value = run_text(run, pattern, len);

        if (!value)
                return NULL;
        nature.value = value;
        return nature_set(&run->natures, &nature) < 0 ? run_no_memory(run) : value;
}
