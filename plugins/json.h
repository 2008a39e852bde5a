/* SPDX-License-Identifier: Apache-2.0 */

/* Things that nearly every plugin asks of JSON. */

#ifndef PLUGINS_JSON_H
#define PLUGINS_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

/* NULL equals NULL. */
static inline bool json_same(const json_t *a, const json_t *b)
{
        return a && b ? json_equal(a, b) : a == b;
}

/* A new reference; null for NULL. */
static inline json_t *json_or_null(json_t *value)
{
        return value ? json_incref(value) : json_null();
}

/* The text of a member, or else or_else where there is none. */
static inline const char *json_member(const json_t *object, const char *name, const char *or_else)
{
        const char *text = json_string_value(json_object_get(object, name));

        return text ? text : or_else;
}

/* This text is in the list. */
static inline bool json_has_text(const json_t *list, const char *text)
{
        const json_t *one;
        size_t i;

        json_array_foreach(list, i, one)
                if (json_is_string(one) && strcmp(json_string_value(one), text) == 0)
                        return true;
        return false;
}

#endif
