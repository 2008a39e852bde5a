/* SPDX-License-Identifier: Apache-2.0 */

/* Step by step: each takes the list of what was found so far and gives the next one. */
#include "expr/jsonpath.h"

#include "expr/value.h"

#include <ctype.h>
#include <string.h>

struct path {
        struct run *run;
        const char *all, *s;
};

static json_t *wrong(struct path *path)
{
        return run_raise(path->run, "JsonPathParserError", "Parse error at character %zu of \"%s\"",
                         (size_t)(path->s - path->all) + 1, path->all);
}

static void blanks(struct path *path)
{
        while (isspace((unsigned char)*path->s))
                path->s++;
}

static bool is_name(char c)
{
        return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '@' ||
                (unsigned char)c >= 0x80;
}

/* A name, plain or quoted; NULL and failed, or NULL with *ret_any for *. */
static json_t *name(struct path *path, bool *ret_any)
{
        const char *from = path->s, quote = *from;

        *ret_any = *from == '*';
        if (*ret_any) {
                path->s++;
                return NULL;
        }
        if (quote == '\'' || quote == '"') {
                from = ++path->s;
                while (*path->s && *path->s != quote)
                        path->s++;
                if (!*path->s)
                        return wrong(path);
                return run_text(path->run, from, (size_t)(path->s++ - from));
        }
        while (is_name(*path->s))
                path->s++;
        return path->s > from ? run_text(path->run, from, (size_t)(path->s - from)) : wrong(path);
}

static bool take(struct path *path, json_t *value, const json_t *key, bool any, json_t *made)
{
        const char *k;
        json_t *member;

        if (!any) {
                member = json_object_get(value, json_string_value(key));
                return !member || run_append(path->run, made, member);
        }
        json_object_foreach(value, k, member)
                if (!run_append(path->run, made, member))
                        return false;
        return true;
}

static json_t *fields(struct path *path, json_t *found)
{
        json_t *made = run_list(path->run), *value, *key;
        bool any;
        size_t i;

        key = name(path, &any);
        if (!made || (!key && !any))
                return NULL;
        json_array_foreach(found, i, value)
                if (!take(path, value, key, any, made))
                        return NULL;
        return made;
}

static bool number(struct path *path, int64_t *ret)
{
        char *after;

        if (!isdigit((unsigned char)*path->s) && *path->s != '-')
                return false;
        *ret = strtoll(path->s, &after, 10);
        path->s = after;
        return true;
}

static json_t *indexed(struct path *path, json_t *found, int64_t from, int64_t to, bool is_slice)
{
        json_t *made = run_list(path->run), *value;
        size_t i;

        json_array_foreach(found, i, value) {
                int64_t n = (int64_t)json_array_size(value);
                int64_t a = from < 0 ? from + n : from, b = to < 0 ? to + n : to > n ? n : to;

                if (!is_slice)
                        b = a >= 0 && a < n ? a + 1 : a;
                for (int64_t k = a < 0 ? 0 : a; k < b; k++)
                        if (!run_append(path->run, made, json_array_get(value, (size_t)k)))
                                return NULL;
        }
        return made;
}

/* [*] [0] [1:3] ['name'] */
static json_t *bracket(struct path *path, json_t *found)
{
        int64_t from = 0, to = INT64_MAX;
        bool is_slice = false;
        json_t *made;

        path->s++;
        blanks(path);
        if (*path->s == '*') {
                path->s++;
                made = indexed(path, found, 0, INT64_MAX, true);
        } else if (isdigit((unsigned char)*path->s) || *path->s == '-' || *path->s == ':') {
                number(path, &from);
                is_slice = *path->s == ':';
                if (is_slice) {
                        path->s++;
                        number(path, &to);
                }
                made = indexed(path, found, from, to, is_slice);
        } else {
                made = fields(path, found);
        }
        blanks(path);
        if (made && *path->s != ']')
                return wrong(path);
        path->s++;
        return made;
}

/* Each value and all within it, the outer first. */
static bool descend(struct path *path, json_t *value, json_t *made, unsigned depth)
{
        const char *key;
        json_t *member;
        size_t i;

        if (depth > path->run->limits->depth)
                return run_too_deep(path->run);
        if (!run_append(path->run, made, value))
                return false;
        json_array_foreach(value, i, member)
                if (!descend(path, member, made, depth + 1))
                        return false;
        json_object_foreach(value, key, member)
                if (!descend(path, member, made, depth + 1))
                        return false;
        return true;
}

static json_t *descendants(struct path *path, json_t *found)
{
        json_t *made = run_list(path->run), *value;
        size_t i;

        json_array_foreach(found, i, value)
                if (!descend(path, value, made, 0))
                        return NULL;
        return made;
}

static json_t *steps(struct path *path, json_t *found)
{
        blanks(path);
        if (*path->s == '$')
                path->s++;
        else if (*path->s != '[')
                found = fields(path, found);
        for (blanks(path); found && *path->s && *path->s != '|'; blanks(path)) {
                if (*path->s == '[') {
                        found = bracket(path, found);
                } else if (path->s[0] == '.' && path->s[1] == '.') {
                        path->s += 2;
                        found = descendants(path, found);
                        found = found && *path->s != '[' ? fields(path, found) : found;
                } else if (path->s[0] == '.') {
                        path->s++;
                        found = *path->s == '[' ? found : fields(path, found);
                } else {
                        return wrong(path);
                }
        }
        return found;
}

json_t *jsonpath_find(struct run *run, json_t *value, const char *text)
{
        struct path path = { run, text, text };
        json_t *made = run_list(run), *root = run_list(run);

        if (!run_append(run, root, value))
                return NULL;
        for (;;) {
                json_t *found = steps(&path, root);

                made = found && made ? value_chain(run, made, found) : NULL;
                if (!made || *path.s != '|')
                        return made;
                path.s++;
        }
}
