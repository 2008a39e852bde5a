/* SPDX-License-Identifier: Apache-2.0 */

#include "workflow/params.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static bool is_word(char c)
{
        return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static size_t blanks(const char *s)
{
        return strspn(s, " \t\r\n\f\v");
}

static size_t line_of(const char *s)
{
        return strcspn(s, "\n");
}

/* [ … ]: up to the last bracket of the line. */
static size_t bracketed(const char *s)
{
        size_t end = line_of(s);

        while (end > 1 && s[end - 1] != ']')
                end--;
        return *s == '[' && end > 1 ? end + blanks(s + end) : 0;
}

static size_t quoted(const char *s)
{
        const char *end = *s == '"' || *s == '\'' ? strchr(s + 1, *s) : NULL;

        return end ? (size_t)(end - s) + 1 + blanks(end + 1) : 0;
}

static size_t number(const char *s)
{
        size_t sign = *s == '-', whole = strspn(s + sign, "0123456789"), part = 0;
        const char *rest = s + sign + whole;

        if (*rest == '.')
                part = strspn(rest + 1, "0123456789");
        if (part)
                return sign + whole + 1 + part;
        return whole ? sign + whole : 0;
}

static size_t word(const char *s)
{
        if (!strncasecmp(s, "true", 4) || !strncmp(s, "null", 4))
                return 4;
        return strncasecmp(s, "false", 5) ? 0 : 5;
}

static size_t expression(const char *s)
{
        const char *close = !strncmp(s, "<%", 2) ? "%>" : !strncmp(s, "{{", 2) ? "}}" : NULL;
        const char *end = close ? strstr(s + 2, close) : NULL;

        return end && (size_t)(end - s) <= line_of(s) ? (size_t)(end - s) + 2 : 0;
}

static size_t value_length(const char *s)
{
        size_t (*const forms[])(const char *) = { bracketed, quoted, number, word, expression };
        size_t len = 0;

        for (size_t i = 0; !len && i < sizeof forms / sizeof *forms; i++)
                len = forms[i](s);
        return len;
}

static bool holds_quoted(const char *s, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if ((s[i] == '"' || s[i] == '\'') && memchr(s + i + 1, s[i], len - i - 1))
                        return true;
        return false;
}

static void strip(const char **s, size_t *len, char quote)
{
        if (*len && **s == quote) {
                ++*s;
                --*len;
        }
        if (*len && (*s)[*len - 1] == quote)
                --*len;
}

static json_t *value_of(const char *s, size_t len)
{
        json_t *value = NULL;
        bool is_quoted;

        while (len && isspace((unsigned char)s[len - 1]))
                len--;
        is_quoted = holds_quoted(s, len);
        strip(&s, &len, '"');
        strip(&s, &len, '\'');
        if (len && is_quoted && s[0] == '{' && s[len - 1] == '}')
                is_quoted = false;
        if (!is_quoted && len == 4 && !strncasecmp(s, "true", 4))
                return json_true();
        if (!is_quoted && len == 5 && !strncasecmp(s, "false", 5))
                return json_false();
        if (len && !is_quoted)
                json_parse(s, len, NULL, &value, NULL);
        return value ? value : json_stringn(s, len);
}

json_t *params_parse(const char *s)
{
        json_t *list = json_array();

        while (list && *s) {
                size_t name = 0, len;

                while (is_word(s[name]))
                        name++;
                len = name && s[name] == '=' ? value_length(s + name + 1) : 0;
                if (len) {
                        json_t *one = json_object();
                        json_t *value = value_of(s + name + 1, len);

                        if (!one || !value || json_object_setn_new(one, s, name, value) ||
                            json_array_append_new(list, one)) {
                                json_decref(list);
                                return NULL;
                        }
                        s += name + 1 + len;
                } else {
                        s += name ? name : 1;
                }
        }
        return list;
}

json_t *params_object(const char *s)
{
        _json_ json_t *list = params_parse(s);
        json_t *object = list ? json_object() : NULL, *one;
        size_t i;

        json_array_foreach(list, i, one)
                if (json_object_update(object, one))
                        return json_decref(object), NULL;
        return object;
}
