/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Steps separated by dots or in brackets, as Jinja writes them. A number is an index in a list (a
 * negative one counts from the end) and a name in an object. Whatever else Jinja could do inside of
 * the braces is refused by name when the rule is loaded, not found out when it fires.
 */
#include "expr/reference.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#define STEPS_MAX 64

struct step {
        char *name;
        int64_t index;
        bool is_index;
};

struct reference {
        char *text;
        size_t n;
        struct step steps[];
};

struct cursor {
        const char *start, *s, *end;
        struct fault *fault;
};

static int unexpected(const struct cursor *c, const char *wanted)
{
        int len = (int)(c->end - c->start);

        return fault_set(c->fault, 422, "expr.syntax", "{{%.*s}}: expected %s at character %zu",
                         len > 200 ? 200 : len, c->start, wanted, (size_t)(c->s - c->start) + 3);
}

/* Jinja that is known, but not spoken yet. */
static int unsupported(const struct cursor *c)
{
        int len = (int)(c->end - c->start);
        const char *what = *c->s == '|'                                            ? "a filter"
                           : *c->s == '('                                          ? "a call"
                           : isdigit((unsigned char)*c->s) || strchr("\"'", *c->s) ? "a literal"
                                                                                   : "an operator";

        fault_set(c->fault, 422, "expr.syntax", "{{%.*s}}: %s, at character %zu, is not supported "
                  "here", len > 200 ? 200 : len, c->start, what, (size_t)(c->s - c->start) + 3);
        fault_why(c->fault, "only plain references such as {{ trigger.body.name }} are");
        return *c->s == '-'
                ? fault_try(c->fault, "a name with a dash is written in brackets: trigger[\"a-b\"]")
                : FAULT;
}

static void skip_blanks(struct cursor *c)
{
        while (c->s < c->end && isspace((unsigned char)*c->s))
                c->s++;
}

static bool is_word(char ch)
{
        return isalnum((unsigned char)ch) || ch == '_' || (ch & 0x80);
}

static struct step *add_step(const struct cursor *c, struct reference *reference)
{
        if (reference->n < STEPS_MAX)
                return &reference->steps[reference->n++];
        fault_set(c->fault, 422, "expr.limit", "a reference has more than %d steps", STEPS_MAX);
        return NULL;
}

static int add_name(const struct cursor *c, struct reference *reference, const char *s, size_t len)
{
        struct step *step = add_step(c, reference);

        if (!step)
                return FAULT;
        step->name = strndup(s, len);
        if (!step->name)
                return -ENOMEM;
        step->is_index = text_to_int(step->name, INT32_MIN, INT32_MAX, &step->index);
        return 0;
}

static int read_word(struct cursor *c, struct reference *reference, const char *wanted)
{
        const char *start = c->s;

        while (c->s < c->end && is_word(*c->s))
                c->s++;
        return c->s > start ? add_name(c, reference, start, (size_t)(c->s - start))
                : unexpected(c, wanted);
}

/* A quoted name; a backslash keeps the next character as it is. */
static int read_quoted(struct cursor *c, struct reference *reference)
{
        _text_ struct text name = TEXT_INIT;
        char quote = *c->s++;
        int r;

        for (; c->s < c->end && *c->s != quote; c->s++) {
                if (*c->s == '\\' && c->s + 1 < c->end)
                        c->s++;
                text_add_bytes(&name, c->s, 1);
        }
        if (c->s == c->end)
                return unexpected(c, quote == '"' ? "a closing \"" : "a closing '");
        c->s++;
        r = add_name(c, reference, name.s ? name.s : "", name.len);
        if (!r)
                reference->steps[reference->n - 1].is_index = false;
        return r;
}

static int read_bracket(struct cursor *c, struct reference *reference)
{
        const char *start;
        int r;

        c->s++;
        skip_blanks(c);
        start = c->s;
        if (c->s < c->end && (*c->s == '"' || *c->s == '\'')) {
                r = read_quoted(c, reference);
        } else {
                if (c->s < c->end && *c->s == '-')
                        c->s++;
                while (c->s < c->end && isdigit((unsigned char)*c->s))
                        c->s++;
                r = c->s > start ? add_name(c, reference, start, (size_t)(c->s - start))
                        : unexpected(c, "a number or a quoted name");
        }
        if (r)
                return r;
        skip_blanks(c);
        if (c->s == c->end || *c->s != ']')
                return unexpected(c, "]");
        c->s++;
        return 0;
}

static int read_steps(struct cursor *c, struct reference *reference)
{
        int r;

        skip_blanks(c);
        if (c->s < c->end && (isdigit((unsigned char)*c->s) || *c->s == '"' || *c->s == '\''))
                return unsupported(c);
        r = read_word(c, reference, "a name such as trigger");
        while (!r) {
                skip_blanks(c);
                if (c->s == c->end)
                        return 0;
                if (*c->s == '[') {
                        r = read_bracket(c, reference);
                } else if (*c->s == '.') {
                        c->s++;
                        skip_blanks(c);
                        r = read_word(c, reference, "a name after the dot");
                } else {
                        return is_word(*c->s) ? unexpected(c, "a dot, a bracket or }}")
                                : unsupported(c);
                }
        }
        return r;
}

static size_t size_of(size_t steps)
{
        return sizeof(struct reference) + steps * sizeof(struct step);
}

int reference_parse(const char *s, size_t len, struct reference **ret, struct fault *fault)
{
        struct cursor c = { s, s, s + len, fault };
        struct reference *reference = calloc(1, size_of(STEPS_MAX)), *fitting;
        int r;

        if (!reference)
                return -ENOMEM;
        r = read_steps(&c, reference);
        if (!r) {
                while (len && isspace((unsigned char)*s)) {
                        s++;
                        len--;
                }
                while (len && isspace((unsigned char)s[len - 1]))
                        len--;
                reference->text = strndup(s, len);
                if (!reference->text)
                        r = -ENOMEM;
        }
        if (r) {
                reference_free(reference);
                return r;
        }
        fitting = realloc(reference, size_of(reference->n));
        *ret = fitting ? fitting : reference;
        return 0;
}

struct reference *reference_free(struct reference *reference)
{
        if (!reference)
                return NULL;
        for (size_t i = 0; i < reference->n; i++)
                free(reference->steps[i].name);
        free(reference->text);
        free(reference);
        return NULL;
}

static const json_t *take_step(const json_t *value, const struct step *step)
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

static const char *kind_of(const json_t *value)
{
        return json_is_object(value) ? "an object" : json_is_array(value) ? "a list"
                : json_is_string(value) ? "text" : json_is_number(value) ? "a number"
                : json_is_boolean(value) ? "true or false" : "null";
}

static int undefined(const struct reference *reference, size_t i, const json_t *value,
                     struct fault *fault)
{
        const char *candidates[65] = { NULL }, *nearest = NULL, *key;
        const char *name = reference->steps[i].name;
        json_t *member;
        size_t n = 0;

        fault_set(fault, 422, "expr.undefined", "{{ %s }} is not defined", reference->text);
        if (!json_is_object(value))
                return fault_why(fault, "\"%s\" is %s and has no \"%s\"",
                                 reference->steps[i - 1].name, kind_of(value), name);
        json_object_foreach((json_t *)value, key, member)
                if (n < 64)
                        candidates[n++] = key;
        nearest = text_nearest(name, candidates);
        fault_why(fault, i ? "\"%s\" has no member \"%s\"" : "%sthere is no name \"%s\" here",
                  i ? reference->steps[i - 1].name : "", name);
        return nearest ? fault_try(fault, "did you mean \"%s\"?", nearest) : FAULT;
}

int reference_find(const struct reference *reference, const json_t *scope, const json_t **ret,
                   struct fault *fault)
{
        const json_t *value = scope;

        for (size_t i = 0; i < reference->n; i++) {
                const json_t *next = take_step(value, &reference->steps[i]);

                if (!next)
                        return undefined(reference, i, value, fault);
                value = next;
        }
        *ret = value;
        return 0;
}
