/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/alias.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "expr/expr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct row {
        const char *display, *representation;
        struct alias_format *format;
};

struct alias {
        json_t *definition;
        char *ref;
        struct row *rows;
        size_t n;
};

CLEANUP_DEFINE(struct alias *, alias_free);
CLEANUP_DEFINE(struct expr *, expr_free);

/* ---- compiling ---- */

static int wrong(struct fault *fault, const char *key, const char *what, const char *remedy)
{
        fault_set(fault, 422, "alias.invalid", "%s: %s", key, what);
        fault_at(fault, key);
        return fault_try(fault, "%s", remedy);
}

static int add_row(struct alias *alias, const char *display, const char *representation,
                   struct fault *fault)
{
        struct row row = { display, representation, NULL }, *more;
        int r;

        if (alias->n == ALIAS_FORMATS_MAX) {
                fault_set(fault, 422, "alias.formats", "the alias has more than %d formats",
                          ALIAS_FORMATS_MAX);
                return fault_try(fault, "make two aliases of it");
        }
        r = alias_format_compile(representation, &row.format, fault);
        if (r)
                return r;
        more = realloc(alias->rows, (alias->n + 1) * sizeof *more);
        if (!more) {
                alias_format_free(row.format);
                return -ENOMEM;
        }
        alias->rows = more;
        alias->rows[alias->n++] = row;
        return 0;
}

static int add_representations(struct alias *alias, const json_t *format, struct fault *fault)
{
        const json_t *given = json_object_get(format, "representation"), *one;
        const char *display = json_text_of(format, "display", NULL);
        size_t i;
        int r = 0;

        if (json_is_string(given))
                return add_row(alias, display ? display : json_string_value(given),
                               json_string_value(given), fault);
        json_array_foreach(given, i, one) {
                const char *text = json_string_value(one);

                if (!text)
                        return wrong(fault, "representation", "it holds something that is no text",
                                     "representation: is a list of texts");
                r = add_row(alias, display ? display : text, text, fault);
                if (r)
                        return r == FAULT ? fault_at(fault, "representation") : r;
        }
        return 0;           /* a display alone is shown to people, and never matched */
}

static int add_format(struct alias *alias, const json_t *format, struct fault *fault)
{
        const char *text = json_string_value(format);

        if (text)
                return add_row(alias, text, text, fault);
        if (json_is_object(format))
                return add_representations(alias, format, fault);
        fault_set(fault, 422, "alias.invalid", "formats: an item is neither text nor an object");
        return fault_try(fault, "write texts, or display: and representation:");
}

static int add_formats(struct alias *alias, struct fault *fault)
{
        const json_t *formats = json_object_get(alias->definition, "formats"), *format;
        char index[24];
        size_t i;
        int r = 0;

        if (!json_is_array(formats))
                return wrong(fault, "formats", "there are none, or they are no list",
                             "formats: [\"restart {{ host }}\"]");
        json_array_foreach(formats, i, format) {
                r = add_format(alias, format, fault);
                if (r == FAULT) {
                        snprintf(index, sizeof index, "%zu", i);
                        fault_at(fault, index);
                        return fault_at(fault, "formats");
                }
                if (r)
                        return r;
        }
        return 0;
}

/* What is said when it was accepted and when it ended: text with expressions. */
static int check_answer(const json_t *definition, const char *key, struct fault *fault)
{
        const json_t *answer = json_object_get(definition, key);
        _cleanup_(expr_freep) struct expr *expr = NULL;
        int r;

        if (!answer || json_is_null(answer))
                return 0;
        if (!json_is_object(answer))
                return wrong(fault, key, "it is no object", "write enabled: and format:");
        r = expr_compile_for(json_object_get(answer, "format"), EXPR_TEXT, &expr, fault);
        if (r != FAULT)
                return r;
        fault_prefix(fault, "%s.format", key);
        fault_at(fault, "format");
        return fault_at(fault, key);
}

static int check_text(const json_t *definition, const char *key, struct fault *fault)
{
        const char *text = json_text_of(definition, key, NULL);

        return text && *text ? 0 : wrong(fault, key, "it is missing or no text",
                                         "every alias has name, action_ref and formats");
}

int alias_compile(const json_t *definition, struct alias **ret, struct fault *fault)
{
        _cleanup_(alias_freep) struct alias *alias = calloc(1, sizeof *alias);
        int r = 0;

        if (!alias)
                return -ENOMEM;
        alias->definition = json_deep_copy(definition);
        if (!alias->definition ||
            asprintf(&alias->ref, "%s.%s", json_text_of(definition, "pack", "default"),
                     json_text_of(definition, "name", "")) < 0) {
                alias->ref = NULL;
                return -ENOMEM;
        }
        r = check_text(alias->definition, "name", fault);
        if (r == 0)
                r = check_text(alias->definition, "action_ref", fault);
        if (r == 0)
                r = add_formats(alias, fault);
        if (r == 0)
                r = check_answer(alias->definition, "ack", fault);
        if (r == 0)
                r = check_answer(alias->definition, "result", fault);
        if (r == 0)
                *ret = TAKE(alias);
        return r;
}

struct alias *alias_free(struct alias *alias)
{
        if (!alias)
                return NULL;
        for (size_t i = 0; i < alias->n; i++)
                alias_format_free(alias->rows[i].format);
        free(alias->rows);
        free(alias->ref);
        json_decref(alias->definition);
        free(alias);
        return NULL;
}

/* ---- reading ---- */

const char *alias_ref(const struct alias *alias)
{
        return alias->ref;
}

const char *alias_action(const struct alias *alias)
{
        return json_text_of(alias->definition, "action_ref", "");
}

bool alias_is_enabled(const struct alias *alias)
{
        return json_bool_of(alias->definition, "enabled", true);
}

const json_t *alias_definition(const struct alias *alias)
{
        return alias->definition;
}

/* Values that the author fixed win over what the command says. */
static void fix(const struct alias *alias, json_t *params)
{
        const json_t *fixed = json_object_get(alias->definition, "immutable_parameters"), *value;
        const char *key;

        json_object_foreach((json_t *)fixed, key, value)
                json_object_del(params, key);
}

static int match_row(const struct alias *alias, const struct row *row, const char *command,
                     struct alias_match *ret)
{
        json_t *params = NULL;
        int r = alias_format_match(row->format, command, &params);

        if (r <= 0)
                return r;
        fix(alias, params);
        *ret = (struct alias_match){ row->display, row->representation, params };
        return 1;
}

int alias_match(const struct alias *alias, const char *command, struct alias_match *ret)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < alias->n; i++)
                r = match_row(alias, alias->rows + i, command, ret);
        return r;
}

int alias_match_format(const struct alias *alias, const char *format, const char *command,
                       struct alias_match *ret, struct fault *fault)
{
        for (size_t i = 0; i < alias->n; i++)
                if (text_equal(alias->rows[i].representation, format) ||
                    text_equal(alias->rows[i].display, format)) {
                        int r = match_row(alias, alias->rows + i, command, ret);

                        if (r)
                                return r;
                }
        fault_set(fault, 422, "alias.no-match", "the command does not fit the format \"%.200s\" "
                  "of %s", format, alias->ref);
        return fault_try(fault, "kaname alias get %s", alias->ref);
}

/* One that has no representation is there for people only. */
int alias_each_display(const struct alias *alias, int (*visit)(void *arg, const char *display),
                       void *arg)
{
        const json_t *format;
        size_t i;
        int r = 0;

        json_array_foreach(json_object_get(alias->definition, "formats"), i, format) {
                const json_t *given = json_object_get(format, "representation");
                const char *display = json_is_string(format) ? json_string_value(format)
                        : json_text_of(format, "display", json_is_string(given)
                                       ? json_string_value(given)
                                       : json_string_value(json_array_get(given, 0)));

                if (r == 0 && display)
                        r = visit(arg, display);
        }
        return r;
}
