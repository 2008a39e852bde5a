/* SPDX-License-Identifier: Apache-2.0 */

/* What Orquesta's inspection asks of expressions: are they there, are they right, what do they read. */
#include "base/cleanup.h"
#include "base/text.h"
#include "expr/expr.h"
#include "expr/jinja.h"
#include "expr/orquesta.h"
#include "expr/yaql.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* Calls visit for every text of value, keys included; stops where it answers other than 0. */
static int each_text(const json_t *value, int (*visit)(const char *s, size_t len, void *arg),
                     void *arg)
{
        const char *key;
        json_t *member;
        size_t i;
        int r = 0;

        if (json_is_string(value))
                return visit(json_string_value(value), json_string_length(value), arg);
        json_array_foreach((json_t *)value, i, member)
                if ((r = each_text(member, visit, arg)))
                        return r;
        json_object_foreach((json_t *)value, key, member) {
                r = visit(key, strlen(key), arg);
                if (!r)
                        r = each_text(member, visit, arg);
                if (r)
                        return r;
        }
        return 0;
}

static int has(const char *s, size_t len, void *arg)
{
        (void)arg;
        return orquesta_language(s, len) != ORQUESTA_NONE;
}

bool expr_has_expressions(const json_t *value)
{
        return each_text(value, has, NULL) != 0;
}

static int add_error(json_t *errors, const char *language, const struct span *text,
                     const char *message)
{
        json_t *error = json_pack("{s:s?, s:s%, s:s}", "type", language, "expression", text->s,
                                  text->len, "message", message);

        return error && json_array_append_new(errors, error) == 0 ? 0 : -ENOMEM;
}

static int parse(const struct span *text, bool is_yaql, bool is_template, struct fault *fault)
{
        const struct node *tree;
        struct forest forest;
        int r = forest_begin(&forest);

        if (!r && is_template)
                r = jinja_parse_template(&forest, text->s, text->len, &tree, fault);
        else if (!r && is_yaql)
                r = yaql_parse(&forest, text->s, text->len, &tree, fault);
        else if (!r)
                r = jinja_parse_expression(&forest, text->s, text->len, false, &tree, fault);
        forest_deinit(&forest);
        return r;
}

static int check_one(const struct span *whole, bool is_yaql, bool is_template, json_t *errors)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct span inner = is_template ? *whole : orquesta_strip(whole);
        int r = parse(&inner, is_yaql, is_template, &fault);

        return r == FAULT ? add_error(errors, is_yaql ? "yaql" : "jinja", whole, fault.what) : r;
}

static bool is_known(const json_t *errors, const struct span *text)
{
        const char *expression;
        json_t *error;
        size_t i;

        json_array_foreach(errors, i, error) {
                expression = json_string_value(json_object_get(error, "expression"));
                if (strlen(expression) == text->len && memcmp(expression, text->s, text->len) == 0)
                        return true;
        }
        return false;
}

static int check(const char *s, size_t len, void *arg)
{
        enum orquesta_language language = orquesta_language(s, len);
        struct span whole = { s, len }, found;
        const char *at = s;
        _json_ json_t *errors = json_array();
        int r = errors ? 0 : -ENOMEM;

        if (r || language == ORQUESTA_NONE)
                return r;
        if (language == ORQUESTA_BOTH)
                return add_error(arg, NULL, &whole,
                                 "Expression with multiple types is not supported.");
        if (language == ORQUESTA_JINJA)
                r = check_one(&whole, false, true, errors);
        while (!r && orquesta_find(&at, s + len, language == ORQUESTA_YAQL ? "<%" : "{{", &found))
                if (language == ORQUESTA_YAQL || !is_known(errors, &found))
                        r = check_one(&found, language == ORQUESTA_YAQL, false, errors);
        return r ? r : json_array_extend(arg, errors) < 0 ? -ENOMEM : 0;
}

json_t *expr_validate(const json_t *value)
{
        _json_ json_t *errors = json_array();

        return errors && each_text(value, check, errors) == 0 ? TAKE(errors) : NULL;
}

static bool is_reference(char c)
{
        return c && (isalnum((unsigned char)c) || strchr("][_'\".()", c));
}

static bool is_word(char c)
{
        return isalnum((unsigned char)c) || c == '_';
}

static bool is_name(char c)
{
        return is_word(c) || c == '-';
}

static size_t name_length(const char *s, const char *end)
{
        size_t n = 0;

        while (s + n < end && is_name(s[n]))
                n++;
        return n;
}

/* \bctx\(\)\.NAME\b(?!\(): the shorter names are tried where a call follows, as a pattern does. */
static size_t dotted_length(const char *s, const char *end)
{
        size_t n = name_length(s, end);

        for (; n; n--) {
                bool here = is_word(s[n - 1]), there = s + n < end && is_word(s[n]);

                if (here != there && !(s + n < end && s[n] == '('))
                        return n;
        }
        return 0;
}

/* The name that ctx( at s refers to; 0: none that can be read. */
static size_t name_at(const char *s, const char *end, const char **ret)
{
        const char quote = s < end && (*s == '"' || *s == '\'') ? *s : 0;
        size_t n;

        if (s + 1 < end && s[0] == ')' && s[1] == '.') {
                *ret = s + 2;
                return dotted_length(s + 2, end);
        }
        s += quote != 0;
        n = name_length(s, end);
        *ret = s;
        if (!n || s + n >= end || (quote && (s[n] != quote || s + n + 1 >= end)))
                return 0;
        return s[n + (quote != 0)] == ')' ? n : 0;
}

struct variables {
        json_t *list;
        const char *language;
        struct span text;
};

static int add_variable(struct variables *variables, const char *name, size_t len)
{
        json_t *row = json_pack("[s, s%, s%]", variables->language, variables->text.s,
                                variables->text.len, name, len), *other;
        size_t i;

        if (!row)
                return -ENOMEM;
        json_array_foreach(variables->list, i, other)
                if (json_equal(other, row)) {
                        json_decref(row);
                        return 0;
                }
        return json_array_append_new(variables->list, row) < 0 ? -ENOMEM : 0;
}

/*
 * Upstream first cuts out references, ctx(…)…, and then asks each pattern for its first match in
 * one: so ctx() within the brackets of another is found, too, and a second one is not.
 */
static int read_reference(struct variables *variables, const char *s, const char *end)
{
        bool known[3] = { false };      /* ctx().x, ctx(x), ctx("x") */

        for (; s + 4 <= end; s++) {
                const char *name;
                size_t n, form;

                if (memcmp(s, "ctx(", 4) != 0)
                        continue;
                n = name_at(s + 4, end, &name);
                form = s + 4 >= end || s[4] == ')' ? 0 : is_name(s[4]) ? 1 : 2;
                if (!n || known[form])
                        continue;
                if (add_variable(variables, name, n) < 0)
                        return -ENOMEM;
                known[form] = true;
        }
        return 0;
}

static int read_expression(struct variables *variables, const struct span *found)
{
        const char *s = found->s, *end = s + found->len, *from;

        while (s + 4 <= end) {
                bool starts = s == found->s || !is_word(s[-1]);

                if (!starts || memcmp(s, "ctx(", 4) != 0) {
                        s++;
                        continue;
                }
                for (from = s; s < end && is_reference(*s); s++)
                        ;
                if (read_reference(variables, from, s) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int read_text(const char *s, size_t len, void *arg)
{
        struct variables *variables = arg;
        const char *at = s;
        struct span found;
        int r = 0;

        variables->text = (struct span){ s, len };
        variables->language = "jinja";
        while (!r && orquesta_find(&at, s + len, "{{", &found))
                r = read_expression(variables, &found);
        variables->language = "yaql";
        for (at = s; !r && orquesta_find(&at, s + len, "<%", &found);)
                r = read_expression(variables, &found);
        return r;
}

static int by_name(const void *a, const void *b)
{
        const json_t *const *x = a, *const *y = b;
        int order = 0;

        static const size_t keys[] = { 2, 0, 1 };

        for (size_t i = 0; !order && i < 3; i++)
                order = strcmp(json_string_value(json_array_get(*x, keys[i])),
                               json_string_value(json_array_get(*y, keys[i])));
        return order;
}

static json_t *sorted(const json_t *list)
{
        size_t n = json_array_size(list);
        json_t **rows = calloc(n + 1, sizeof *rows), *made = json_array();

        for (size_t i = 0; rows && i < n; i++)
                rows[i] = json_array_get(list, i);
        if (rows)
                qsort(rows, n, sizeof *rows, by_name);
        for (size_t i = 0; rows && made && i < n; i++)
                if (json_array_append(made, rows[i]) < 0) {
                        json_decref(made);
                        made = NULL;
                }
        if (!rows) {
                json_decref(made);
                made = NULL;
        }
        free(rows);
        return made;
}

json_t *expr_vars(const json_t *value)
{
        _json_ json_t *list = json_array();
        struct variables variables = { .list = list };

        return list && each_text(value, read_text, &variables) == 0 ? sorted(list) : NULL;
}
