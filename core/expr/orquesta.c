/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/orquesta.h"

#include <ctype.h>
#include <string.h>

bool orquesta_find(const char **at, const char *end, const char *open, struct span *ret)
{
        const char *s = *at, *t;
        char close = open[0] == '<' ? '>' : '}';

        for (; s + 3 < end; s++) {
                if (s[0] != open[0] || s[1] != open[1])
                        continue;
                for (t = s + 2; t + 1 < end && *t != '\n'; t++) {
                        if (t[0] != (open[1] == '{' ? '}' : '%') || t[1] != close)
                                continue;
                        *ret = (struct span){ s, (size_t)(t + 2 - s) };
                        *at = t + 2;
                        return true;
                }
        }
        return false;
}

static bool has(const char *s, size_t len, const char *open)
{
        struct span found;

        return orquesta_find(&s, s + len, open, &found);
}

enum orquesta_language orquesta_language(const char *s, size_t len)
{
        bool yaql = has(s, len, "<%"), jinja = has(s, len, "{{") || has(s, len, "{%");

        return yaql && jinja ? ORQUESTA_BOTH : yaql ? ORQUESTA_YAQL : jinja ? ORQUESTA_JINJA
                : ORQUESTA_NONE;
}

struct span orquesta_strip(const struct span *whole)
{
        const char *delimiters = whole->s[0] == '<' ? "<%>" : "{}";
        const char *s = whole->s, *end = s + whole->len;

        while (s < end && *s && strchr(delimiters, *s))
                s++;
        while (end > s && end[-1] && strchr(delimiters, end[-1]))
                end--;
        while (s < end && isspace((unsigned char)*s))
                s++;
        while (end > s && isspace((unsigned char)end[-1]))
                end--;
        return (struct span){ s, (size_t)(end - s) };
}
