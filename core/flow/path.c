/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/path.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct cursor {
        const char *key, *s;
        struct path *path;
        struct fault *fault;
};

static int unexpected(const struct cursor *c, const char *wanted)
{
        return fault_set(c->fault, 422, "rule.key", "the key \"%.200s\": expected %s at character "
                         "%zu", c->key, wanted, (size_t)(c->s - c->key) + 1);
}

static bool is_word(char ch)
{
        return isalnum((unsigned char)ch) || strchr("_-@$", ch) || (ch & 0x80);
}

static int add_step(struct cursor *c, const char *s, size_t len, bool quoted)
{
        struct step *step = &c->path->steps[c->path->n];

        if (c->path->n == PATH_STEPS_MAX)
                return fault_set(c->fault, 422, "rule.key", "the key \"%.200s\" has more than %d "
                                 "steps", c->key, PATH_STEPS_MAX);
        step->name = strndup(s, len);
        if (!step->name)
                return -ENOMEM;
        c->path->n++;
        step->is_any = !quoted && len == 1 && *s == '*';
        step->is_index = !quoted && text_to_int(step->name, INT32_MIN, INT32_MAX, &step->index);
        c->path->has_any |= step->is_any;
        return 0;
}

static int read_quoted(struct cursor *c)
{
        _text_ struct text name = TEXT_INIT;
        char quote = *c->s++;

        for (; *c->s && *c->s != quote; c->s++) {
                if (*c->s == '\\' && c->s[1])
                        c->s++;
                text_add_bytes(&name, c->s, 1);
        }
        if (!*c->s)
                return unexpected(c, "a closing quote");
        c->s++;
        return add_step(c, name.s ? name.s : "", name.len, true);
}

static int read_name(struct cursor *c, const char *wanted)
{
        const char *start = c->s;

        if (*c->s == '"' || *c->s == '\'')
                return read_quoted(c);
        if (*c->s == '*')
                c->s++;
        else
                while (*c->s && *c->s != '#' && is_word(*c->s))
                        c->s++;
        return c->s > start ? add_step(c, start, (size_t)(c->s - start), false)
                : unexpected(c, wanted);
}

static int read_bracket(struct cursor *c)
{
        int r;

        c->s++;
        r = read_name(c, "a number, a name or *");
        if (r)
                return r;
        if (*c->s != ']')
                return unexpected(c, "]");
        c->s++;
        return 0;
}

static int read_steps(struct cursor *c)
{
        int r = read_name(c, "a name such as trigger");

        while (!r && *c->s && *c->s != '#') {
                if (*c->s == '[') {
                        r = read_bracket(c);
                } else if (*c->s == '.') {
                        c->s++;
                        r = read_name(c, "a name (.., filters and slices are not supported)");
                } else {
                        r = unexpected(c, "a dot, a bracket or the end");
                }
        }
        return r;
}

static size_t size_of(size_t steps)
{
        return sizeof(struct path) + steps * sizeof(struct step);
}

int path_parse(const char *key, struct path **ret, struct fault *fault)
{
        struct path *path = calloc(1, size_of(PATH_STEPS_MAX)), *fitting;
        struct cursor c = { key, key, path, fault };
        int r;

        if (!path)
                return -ENOMEM;
        r = read_steps(&c);
        if (r) {
                path_free(path);
                return r;
        }
        /* A hub may hold a hundred thousand rules: keep no room for steps that are not there. */
        fitting = realloc(path, size_of(path->n));
        *ret = fitting ? fitting : path;
        return 0;
}

struct path *path_free(struct path *path)
{
        if (!path)
                return NULL;
        for (size_t i = 0; i < path->n; i++)
                free(path->steps[i].name);
        free(path);
        return NULL;
}

const json_t *step_take(const struct step *step, const json_t *value)
{
        int64_t index = step->index;

        if (json_is_object(value))
                return json_object_get(value, step->name);
        if (!json_is_array(value) || !step->is_index)
                return NULL;
        if (index < 0)
                index += (int64_t)json_array_size(value);
        return index < 0 ? NULL : json_array_get(value, (size_t)index);
}

static const json_t *find(const struct path *path, size_t at, const json_t *value);

/* The first member or item in which the rest of the path leads somewhere. */
static const json_t *find_in_any(const struct path *path, size_t at, const json_t *value)
{
        const json_t *found = NULL;
        const char *key;
        json_t *member;

        for (size_t i = 0; i < json_array_size(value) && !found; i++)
                found = find(path, at, json_array_get(value, i));
        json_object_foreach((json_t *)value, key, member) {
                found = find(path, at, member);
                if (found)
                        break;
        }
        return found;
}

static const json_t *find(const struct path *path, size_t at, const json_t *value)
{
        for (; value && at < path->n; at++) {
                if (path->steps[at].is_any)
                        return find_in_any(path, at + 1, value);
                value = step_take(&path->steps[at], value);
        }
        return value;
}

const json_t *path_find(const struct path *path, const json_t *scope)
{
        return find(path, 0, scope);
}

bool path_equal(const struct path *a, const struct path *b)
{
        if (a->n != b->n)
                return false;
        for (size_t i = 0; i < a->n; i++)
                if (strcmp(a->steps[i].name, b->steps[i].name) != 0 ||
                    a->steps[i].is_any != b->steps[i].is_any ||
                    a->steps[i].is_index != b->steps[i].is_index)
                        return false;
        return true;
}
