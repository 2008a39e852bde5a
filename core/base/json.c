/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct json_limits default_limits = { 1 << 20, 64, "limits.body", "limits.depth" };

/*
 * jansson's own depth limit is fixed when it is built (2,048) and its parser recurses, so the
 * nesting is counted before it sees the text. Brackets inside strings do not count.
 */
static unsigned nesting(const char *s, size_t len)
{
        unsigned depth = 0, deepest = 0;
        bool in_string = false;

        for (size_t i = 0; i < len; i++) {
                if (in_string) {
                        if (s[i] == '\\')
                                i++;
                        else if (s[i] == '"')
                                in_string = false;
                } else if (s[i] == '"') {
                        in_string = true;
                } else if (s[i] == '[' || s[i] == '{') {
                        if (++depth > deepest)
                                deepest = depth;
                } else if ((s[i] == ']' || s[i] == '}') && depth) {
                        depth--;
                }
        }
        return deepest;
}

static int too_big(const struct json_limits *limits, size_t len, struct fault *fault)
{
        fault_set(fault, 413, "json.too-big", "%zu bytes of JSON are more than the limit of %zu",
                  len, limits->bytes);
        return limits->bytes_setting
                       ? fault_try(fault, "send less at a time, or raise %s", limits->bytes_setting)
                       : FAULT;
}

static int too_deep(const struct json_limits *limits, struct fault *fault)
{
        fault_set(fault, 400, "json.too-deep", "the JSON is nested deeper than %u levels",
                  limits->depth);
        return limits->depth_setting
                ? fault_try(fault, "flatten it, or raise %s", limits->depth_setting) : FAULT;
}

int json_parse(const char *s, size_t len, const struct json_limits *limits, json_t **ret,
               struct fault *fault)
{
        json_error_t error;
        json_t *value;

        if (!limits)
                limits = &default_limits;
        if (len > limits->bytes)
                return too_big(limits, len, fault);
        if (nesting(s, len) > limits->depth)
                return too_deep(limits, fault);
        value = json_loadb(s, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL,
                           &error);
        if (!value) {
                /* The line and column tell where; the text there may be a secret. */
                char *near = strstr(error.text, " near '");

                if (near)
                        *near = '\0';
                return fault_set(fault, 400, "json.syntax", "not JSON: %s (line %d, column %d)",
                                 error.text, error.line, error.column);
        }
        *ret = value;
        return 0;
}

json_t *json_stored(const char *text)
{
        return text ? json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
}

int json_parse_file(const char *path, const struct json_limits *limits, json_t **ret,
                    struct fault *fault)
{
        _free_ char *text = NULL;
        size_t len;
        int r = file_read(path, (limits ? limits : &default_limits)->bytes, &text, &len,
                          fault);

        if (r)
                return r;
        r = json_parse(text, len, limits, ret, fault);
        return r == FAULT ? fault_prefix(fault, "%s", path) : r;
}

char *json_canonical(const json_t *value)
{
        return json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

char *json_compact(const json_t *value)
{
        return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* The next step of a path into step[]; the rest of the path, or NULL when the step is too long. */
static const char *next_step(const char *path, char *step, size_t room)
{
        size_t n = 0;

        while (*path && *path != '.') {
                if (path[0] == '\\' && path[1])
                        path++;
                if (n + 1 >= room)
                        return NULL;
                step[n++] = *path++;
        }
        step[n] = '\0';
        return *path == '.' ? path + 1 : path;
}

json_t *json_at(const json_t *value, const char *path)
{
        char step[512];
        int64_t index;

        while (value && *path) {
                path = next_step(path, step, sizeof step);
                if (!path)
                        return NULL;
                if (json_is_object(value))
                        value = json_object_get(value, step);
                else if (json_is_array(value) && text_to_int(step, 0, INT32_MAX, &index))
                        value = json_array_get(value, (size_t)index);
                else
                        value = NULL;
        }
        return (json_t *)value;
}

int json_put_at(json_t **root, const char *path, json_t *value)
{
        char step[512];
        json_t *at, *child;

        if (!*path) {
                json_decref(*root);
                *root = value;
                return 0;
        }
        if (!*root)
                *root = json_object();
        for (at = *root;; at = child) {
                path = next_step(path, step, sizeof step);
                if (!path || !json_is_object(at)) {
                        json_decref(value);
                        return -EINVAL;
                }
                if (!*path)
                        return json_object_set_new(at, step, value) < 0 ? -ENOMEM : 0;
                child = json_object_get(at, step);
                if (!child) {
                        child = json_object();
                        json_object_set_new(at, step, child);
                }
        }
}

const char *json_text_of(const json_t *object, const char *key, const char *or_else)
{
        const json_t *value = json_object_get(object, key);

        /* Half of "a\u0000b" would be another name than the one that was sent. */
        return json_is_string(value) &&
                               strlen(json_string_value(value)) == json_string_length(value)
                       ? json_string_value(value)
                       : or_else;
}

int64_t json_int_of(const json_t *object, const char *key, int64_t or_else)
{
        const json_t *value = json_object_get(object, key);

        return json_is_integer(value) ? json_integer_value(value) : or_else;
}

bool json_bool_of(const json_t *object, const char *key, bool or_else)
{
        const json_t *value = json_object_get(object, key);

        return json_is_boolean(value) ? json_is_true(value) : or_else;
}

bool json_has_text(const json_t *list, const char *text)
{
        const json_t *one;
        size_t i;

        json_array_foreach(list, i, one)
                if (json_is_string(one) && text && strcmp(json_string_value(one), text) == 0)
                        return true;
        return false;
}

void json_set_text(json_t *object, const char *key, const char *text)
{
        json_object_set_new(object, key, text ? json_string(text) : json_null());
}
