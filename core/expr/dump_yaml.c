/* SPDX-License-Identifier: Apache-2.0 */

/* Block style, keys sorted, each scalar plain where YAML reads it back as the same text. */
#include "base/cleanup.h"
#include "expr/dump.h"
#include "expr/letters.h"

#include <ctype.h>
#include <string.h>

struct yaml {
        struct run *run;
        struct text *text;
        int indent;
};

static bool add(struct yaml *yaml, const json_t *value, int depth, bool in_list);

/* What YAML 1.1 would read as something else than text. */
static bool is_word_of_yaml(const char *s)
{
        static const char *const words[] = { "", "~", "null", "true", "false", "yes", "no", "on",
                                             "off", "y", "n", "=", "<<", ".nan", ".inf", "-.inf",
                                             "+.inf", NULL };

        for (const char *const *w = words; *w; w++)
                if (strcasecmp(*w, s) == 0 && !(strlen(s) == 1 && isalpha((unsigned char)*s)))
                        return true;
        return false;
}

static bool looks_like_number(const char *s)
{
        bool digit = false;

        s += *s == '-' || *s == '+';
        if (s[0] == '0' && (s[1] == 'x' || s[1] == 'b'))
                return true;
        if (strpbrk(s, "eE") && !strchr(s, '.'))
                return false;
        if (!isdigit((unsigned char)*s) && *s != '.')
                return false;
        for (; *s; s++) {
                digit |= isdigit((unsigned char)*s) != 0;
                if (!isdigit((unsigned char)*s) && !strchr("._:eE+-Tt Zz", *s))
                        return false;
        }
        return digit;
}

static bool has_special(const char *s, size_t len)
{
        if (strchr("-?:,[]{}#&*!|>'\"%@`", *s) &&
            !(strchr("-?:", *s) && s[1] && !isspace((unsigned char)s[1])))
                return true;
        if (isspace((unsigned char)*s) || isspace((unsigned char)s[len - 1]) || s[len - 1] == ':')
                return true;
        return strstr(s, ": ") || strstr(s, " #") || strncmp(s, "---", 3) == 0 ||
                strncmp(s, "...", 3) == 0;
}

static bool has_control(const char *s, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if (((unsigned char)s[i] < ' ' && s[i] != '\n') || s[i] == 0x7f)
                        return true;
        return false;
}

static void add_double(struct text *text, const char *s, size_t len)
{
        static const char known[] = "\"\"\\\\\nn\tt\rr\bb\aa\ff\vv\033e";

        text_add(text, "\"");
        for (size_t i = 0; i < len; i++) {
                const char *k = NULL;

                for (const char *p = known; *p && !k; p += 2)
                        k = *p == s[i] ? p : NULL;
                if (k)
                        text_addf(text, "\\%c", k[1]);
                else if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
                        text_addf(text, "\\x%02X", (unsigned char)s[i]);
                else
                        text_add_bytes(text, s + i, 1);
        }
        text_add(text, "\"");
}

/* PyYAML breaks lines at the first blank behind column 80. */
static bool is_wide(const struct text *text)
{
        size_t from = text->len;

        while (from && text->s[from - 1] != '\n')
                from--;
        return letters_count(text->s + from, text->len - from) > 80;
}

/* The one blank at s[i], which the line may be broken at. */
static bool is_break(const struct text *text, const char *s, size_t len, size_t i)
{
        return s[i] == ' ' && i && i + 1 < len && s[i - 1] != ' ' && s[i + 1] != ' ' &&
                is_wide(text);
}

static void add_plain(struct text *text, const char *s, size_t len, int depth)
{
        for (size_t i = 0; i < len; i++)
                if (is_break(text, s, len, i))
                        text_addf(text, "\n%*s", depth, "");
                else
                        text_add_bytes(text, s + i, 1);
}

/* A line break in quotes is written as an empty line and the indentation. */
static void add_single(struct text *text, const char *s, size_t len, int depth)
{
        text_add(text, "'");
        for (size_t i = 0; i < len; i++) {
                if (s[i] == '\'')
                        text_add(text, "''");
                else if (is_break(text, s, len, i))
                        text_addf(text, "\n%*s", depth, "");
                else if (s[i] == '\n')
                        text_addf(text, "\n%s%*s", i && s[i - 1] == '\n' ? "" : "\n",
                                  i + 1 < len && s[i + 1] == '\n' ? 0 : depth, "");
                else
                        text_add_bytes(text, s + i, 1);
        }
        text_add(text, "'");
}

static void add_text(struct yaml *yaml, const char *s, size_t len, int depth)
{
        if (has_control(s, len))
                add_double(yaml->text, s, len);
        else if (!len || is_word_of_yaml(s) || looks_like_number(s) || has_special(s, len) ||
                 memchr(s, '\n', len))
                add_single(yaml->text, s, len, depth + 2);
        else
                add_plain(yaml->text, s, len, depth + 2);
}

static void add_indent(struct yaml *yaml, int depth)
{
        text_addf(yaml->text, "%*s", depth, "");
}

static bool is_container(const json_t *value)
{
        return json_object_size(value) || json_array_size(value);
}

static bool add_object(struct yaml *yaml, const json_t *object, int depth, bool in_list)
{
        _free_ const char **keys = dump_keys(object, true);

        if (!keys)
                return run_no_memory(yaml->run);
        for (size_t i = 0; keys[i]; i++) {
                json_t *value = json_object_get(object, keys[i]);
                bool nested = is_container(value);

                if (i || !in_list)
                        add_indent(yaml, depth);
                add_text(yaml, keys[i], strlen(keys[i]), depth);
                text_add(yaml->text, nested ? ":\n" : ": ");
                if (!add(yaml, value, json_is_object(value) ? depth + yaml->indent : depth, false))
                        return false;
        }
        return true;
}

static bool add_list(struct yaml *yaml, const json_t *list, int depth, bool in_list)
{
        size_t i;
        json_t *item;

        json_array_foreach((json_t *)list, i, item) {
                if (i || !in_list)
                        add_indent(yaml, depth);
                text_addf(yaml->text, "-%*s", is_container(item) ? yaml->indent - 1 : 1, "");
                if (!add(yaml, item, is_container(item) ? depth + yaml->indent : depth, true))
                        return false;
        }
        return true;
}

static bool add(struct yaml *yaml, const json_t *value, int depth, bool in_list)
{
        if (!run_step(yaml->run, 1) || !run_afford(yaml->run, yaml->text))
                return false;
        if (run_is_undefined(yaml->run, value))
                return run_use_undefined(yaml->run, value);
        if (json_is_object(value) && json_object_size(value))
                return add_object(yaml, value, depth, in_list);
        if (json_is_array(value) && json_array_size(value))
                return add_list(yaml, value, depth, in_list);
        if (json_is_string(value))
                add_text(yaml, json_string_value(value), json_string_length(value), depth);
        else if (json_is_null(value) || json_is_boolean(value))
                text_add(yaml->text, json_is_null(value) ? "null" : json_is_true(value) ? "true"
                         : "false");
        else if (!run_print(yaml->run, value, false, yaml->text))
                return false;
        text_add(yaml->text, "\n");
        return true;
}

json_t *dump_yaml(struct run *run, const json_t *value, int indent)
{
        _text_ struct text text = TEXT_INIT;
        struct yaml yaml = { run, &text, indent };

        return add(&yaml, value, 0, true) ? run_take(run, &text) : NULL;
}
