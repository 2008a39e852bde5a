/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A text is cut into literal pieces and expressions. Alone (blanks around it aside) an expression
 * gives its value, type and all; among other text it gives what Python's str() would, which is what
 * Jinja shows and what existing rules were written against. As with Jinja, one line break at the
 * end of a text that holds an expression is dropped: YAML's block scalars put it there.
 */
#include "expr/template.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "expr/python.h"
#include "expr/reference.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct piece {
        char *literal;                  /* or */
        struct reference *reference;
        size_t len;
};

struct template {
        struct piece *pieces;
        size_t n;
        bool alone;
};

static int too_much(struct fault *fault, const char *which)
{
        return fault_set(fault, 422, "expr.limit", "the result of the expressions has more than %s",
                         which);
}

static struct piece *add_piece(struct template *template)
{
        size_t n = template->n;
        struct piece *pieces = template->pieces;

        if (!(n & (n - 1)))
                pieces = reallocarray(pieces, n ? n * 2 : 1, sizeof *pieces);
        if (!pieces)
                return NULL;
        template->pieces = pieces;
        pieces[n] = (struct piece){ NULL, NULL, 0 };
        template->n++;
        return &pieces[n];
}

static int add_literal(struct template *template, const char *s, size_t len)
{
        struct piece *piece;

        if (!len)
                return 0;
        piece = add_piece(template);
        if (!piece)
                return -ENOMEM;
        piece->literal = malloc(len);
        if (!piece->literal)
                return -ENOMEM;
        memcpy(piece->literal, s, len);
        piece->len = len;
        return 0;
}

/* The next {{, {% or {#. */
static const char *find_opening(const char *s, const char *end)
{
        for (; s + 1 < end; s++)
                if (s[0] == '{' && (s[1] == '{' || s[1] == '%' || s[1] == '#'))
                        return s;
        return NULL;
}

/* The }} that closes: quotes inside may hold braces. */
static const char *find_closing(const char *s, const char *end)
{
        char quote = 0;

        for (; s + 1 < end; s++) {
                if (quote) {
                        if (*s == '\\')
                                s++;
                        else if (*s == quote)
                                quote = 0;
                } else if (*s == '"' || *s == '\'') {
                        quote = *s;
                } else if (s[0] == '}' && s[1] == '}') {
                        return s;
                }
        }
        return NULL;
}

static int refuse_opening(const char *s, const char *open, struct fault *fault)
{
        fault_set(fault, 422, "expr.syntax", "{%c at character %zu: %s are not supported here",
                  open[1], (size_t)(open - s) + 1, open[1] == '%' ? "statements" : "comments");
        return fault_why(fault, "only plain references such as {{ trigger.body.name }} are");
}

static int add_expression(struct template *template, const char *s, const char *open,
                          const char *end, const char **ret_after, struct fault *fault)
{
        const char *close = find_closing(open + 2, end);
        struct piece *piece;

        if (!close)
                return fault_set(fault, 422, "expr.syntax", "{{ at character %zu has no }}",
                                 (size_t)(open - s) + 1);
        piece = add_piece(template);
        if (!piece)
                return -ENOMEM;
        *ret_after = close + 2;
        return reference_parse(open + 2, (size_t)(close - open) - 2, &piece->reference, fault);
}

static int cut(struct template *template, const char *s, size_t len, struct fault *fault)
{
        const char *at = s, *end = s + len, *open;
        int r = 0;

        while (!r && (open = find_opening(at, end))) {
                if (open[1] != '{')
                        return refuse_opening(s, open, fault);
                r = add_literal(template, at, (size_t)(open - at));
                if (!r)
                        r = add_expression(template, s, open, end, &at, fault);
        }
        if (!r && template->n && end > at && end[-1] == '\n')
                end--;
        return r ? r : add_literal(template, at, (size_t)(end - at));
}

static bool is_blank(const struct piece *piece)
{
        for (size_t i = 0; i < piece->len; i++)
                if (!isspace((unsigned char)piece->literal[i]))
                        return false;
        return !piece->reference;
}

static bool is_alone(const struct template *template)
{
        size_t references = 0;

        for (size_t i = 0; i < template->n; i++) {
                if (!template->pieces[i].reference && !is_blank(&template->pieces[i]))
                        return false;
                references += template->pieces[i].reference != NULL;
        }
        return references == 1;
}

int template_compile(const char *s, size_t len, struct template **ret, struct fault *fault)
{
        struct template *template = calloc(1, sizeof *template);
        int r;

        if (!template)
                return -ENOMEM;
        r = cut(template, s, len, fault);
        if (r) {
                template_free(template);
                return r;
        }
        template->alone = is_alone(template);
        *ret = template;
        return 0;
}

struct template *template_free(struct template *template)
{
        if (!template)
                return NULL;
        for (size_t i = 0; i < template->n; i++) {
                free(template->pieces[i].literal);
                reference_free(template->pieces[i].reference);
        }
        free(template->pieces);
        free(template);
        return NULL;
}

bool template_is_constant(const struct template *template)
{
        for (size_t i = 0; i < template->n; i++)
                if (template->pieces[i].reference)
                        return false;
        return true;
}

/* Pay for a copy of value before it is made. */
static bool afford(struct budget *budget, const json_t *value)
{
        const char *key;
        json_t *member;
        size_t i, bytes = json_is_string(value) ? json_string_length(value) : 0;

        if (!budget->values || bytes > budget->bytes)
                return false;
        budget->values--;
        budget->bytes -= bytes;
        json_array_foreach((json_t *)value, i, member)
                if (!afford(budget, member))
                        return false;
        json_object_foreach((json_t *)value, key, member)
                if (!afford(budget, member))
                        return false;
        return true;
}

static int eval_alone(const struct template *template, const json_t *scope, struct budget *budget,
                      json_t **ret, struct fault *fault)
{
        const json_t *value = NULL;
        json_t *copy;

        for (size_t i = 0; i < template->n; i++) {
                const struct reference *reference = template->pieces[i].reference;
                int r = reference ? reference_find(reference, scope, &value, fault) : 0;

                if (r)
                        return r;
        }
        if (!afford(budget, value))
                return too_much(fault, "200,000 values or 4 MiB of text");
        copy = json_deep_copy(value);
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

static int add_value(const struct reference *reference, const json_t *scope, struct budget *budget,
                     struct text *text, struct fault *fault)
{
        const json_t *value;
        int r = reference_find(reference, scope, &value, fault);

        if (r)
                return r;
        if (!afford(budget, value))
                return too_much(fault, "200,000 values or 4 MiB of text");
        python_str(value, text);
        return 0;
}

int template_eval(const struct template *template, const json_t *scope, struct budget *budget,
                  json_t **ret, struct fault *fault)
{
        _text_ struct text text = TEXT_INIT;
        json_t *made;

        if (template->alone)
                return eval_alone(template, scope, budget, ret, fault);
        for (size_t i = 0; i < template->n; i++) {
                const struct piece *piece = &template->pieces[i];
                int r = piece->reference
                        ? add_value(piece->reference, scope, budget, &text, fault) : 0;

                if (r)
                        return r;
                if (piece->literal)
                        text_add_bytes(&text, piece->literal, piece->len);
        }
        if (text.failed)
                return -ENOMEM;
        made = json_stringn(text.s ? text.s : "", text.len);
        if (!made)
                return -ENOMEM;
        *ret = made;
        return 0;
}
