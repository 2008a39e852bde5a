/* SPDX-License-Identifier: Apache-2.0 */
#include "host/public.h"

#include "base/text.h"

#include <stdio.h>

/* "a.b.0", with dots in names escaped as json_at() reads them. */
static size_t path_push(struct text *path, const char *name)
{
        size_t before = path->len;

        if (before)
                text_add(path, ".");
        for (; *name; name++) {
                if (*name == '.' || *name == '\\')
                        text_add(path, "\\");
                text_add_bytes(path, name, 1);
        }
        return before;
}

static void path_pop(struct text *path, size_t before)
{
        path->len = before;
        if (path->s)
                path->s[before] = '\0';
}

static void strip(const struct schema *schema, json_t *value, struct text *path)
{
        const char *key;
        json_t *member;
        void *next;
        char number[24];
        size_t i, before;

        json_object_foreach_safe(value, next, key, member) {
                before = path_push(path, key);
                if (path->s && schema_is_secret(schema, path->s))
                        json_object_del(value, key);
                else
                        strip(schema, member, path);
                path_pop(path, before);
        }
        json_array_foreach(value, i, member) {
                snprintf(number, sizeof number, "%zu", i);
                before = path_push(path, number);
                strip(schema, member, path);
                path_pop(path, before);
        }
}

json_t *public_config(const struct schema *schema, const json_t *config)
{
        _text_ struct text path = TEXT_INIT;
        json_t *copy = json_is_object(config) ? json_deep_copy(config) : json_object();

        if (copy && schema)
                strip(schema, copy, &path);
        return copy;
}
