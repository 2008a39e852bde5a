/* SPDX-License-Identifier: Apache-2.0 */

/* Templates: text, {{ output }} and the statements if, for, set, with, filter (and raw, in the lexer). */
#include "base/cleanup.h"
#include "base/text.h"
#include "expr/jinja.h"

#include <errno.h>
#include <string.h>

/*
 * The statements up to one of the words (a list that ends with NULL), which is not taken: the body
 * of tag.
 */
static struct node *body(struct jinja_parser *p, const char *tag, const char *const *words);

static bool end_tag(struct jinja_parser *p)
{
        if (p->r || p->token.kind != JINJA_BLOCK_END) {
                jinja_expected(p, "end of statement block");
                return false;
        }
        jinja_advance(p);
        return !p->r;
}

static bool add(struct jinja_parser *p, struct node *to, const struct node *kid)
{
        if (!to || p->r)
                return false;
        if (node_add(p->forest, to, kid, NULL) < 0)
                jinja_fail(p, -ENOMEM);
        return !p->r;
}

static struct node *one_target(struct jinja_parser *p)
{
        struct node *made;

        if (jinja_is(p, "(")) {
                jinja_advance(p);
                made = jinja_target(p);
                return jinja_expect(p, ")") ? made : NULL;
        }
        if (p->r || p->token.kind != JINJA_NAME)
                return jinja_expected(p, "name");
        made = jinja_node(p, NODE_NAME, NULL, NULL);
        if (made)
                made->name = jinja_name(p);
        jinja_advance(p);
        if (made && jinja_is(p, ".")) {
                jinja_advance(p);
                made = jinja_node(p, NODE_MEMBER, made, NULL);
                if (made)
                        made->name = jinja_name(p);
                jinja_advance(p);
        }
        return made;
}

struct node *jinja_target(struct jinja_parser *p)
{
        struct node *first = one_target(p), *tuple;

        if (!jinja_is(p, ","))
                return first;
        tuple = jinja_node(p, NODE_TUPLE, first, NULL);
        while (jinja_is(p, ",")) {
                jinja_advance(p);
                if (jinja_is_name(p, "in") || jinja_is(p, "=") || jinja_is(p, ")"))
                        break;
                add(p, tuple, one_target(p));
        }
        return p->r ? NULL : tuple;
}

static struct node *if_statement(struct jinja_parser *p)
{
        static const char *const ends[] = { "elif", "else", "endif", NULL };
        struct node *condition = jinja_tuple(p, true), *then, *otherwise = NULL, *made;

        then = end_tag(p) ? body(p, "if", ends) : NULL;
        if (jinja_is_name(p, "elif")) {
                jinja_advance(p);
                otherwise = if_statement(p);
        } else if (jinja_is_name(p, "else")) {
                jinja_advance(p);
                otherwise = end_tag(p) ? body(p, "if", ends + 2) : NULL;
                jinja_advance(p);
        } else {
                jinja_advance(p);
        }
        made = jinja_node(p, NODE_IF, condition, then);
        return add(p, made, otherwise) ? made : NULL;
}

static struct node *for_statement(struct jinja_parser *p)
{
        static const char *const ends[] = { "endfor", "else", NULL };
        static const char *const end[] = { "endfor", NULL };
        struct node *target = jinja_target(p), *list, *condition = NULL, *inner, *other = NULL;
        struct node *made;
        bool outer_uses = p->uses_loop;

        if (!jinja_is_name(p, "in"))
                return jinja_expected(p, "in");
        jinja_advance(p);
        list = jinja_tuple(p, true);
        p->uses_loop = false;
        if (jinja_is_name(p, "if")) {
                jinja_advance(p);
                condition = jinja_expression(p);
        }
        if (jinja_is_name(p, "recursive"))
                return jinja_unexpected(p);
        inner = end_tag(p) ? body(p, "for", ends) : NULL;
        if (jinja_is_name(p, "else")) {
                jinja_advance(p);
                other = end_tag(p) ? body(p, "for", end) : NULL;
        }
        jinja_advance(p);
        made = jinja_node(p, NODE_FOR, target, list);
        if (!add(p, made, condition) || !add(p, made, inner) || !add(p, made, other))
                return NULL;
        made->flags = p->uses_loop ? FOR_USES_LOOP : 0;
        p->uses_loop = outer_uses;
        return made;
}

static struct node *set_statement(struct jinja_parser *p)
{
        static const char *const ends[] = { "endset", NULL };
        struct node *target = jinja_target(p), *made, *filter = NULL;

        if (jinja_is(p, "=")) {
                jinja_advance(p);
                return jinja_node(p, NODE_SET, target, jinja_tuple(p, false));
        }
        if (jinja_is(p, "|"))
                filter = jinja_piped(p, jinja_node(p, NODE_HERE, NULL, NULL), false);
        made = end_tag(p) ? jinja_node(p, NODE_CAPTURE, target, body(p, "set", ends)) : NULL;
        jinja_advance(p);
        return add(p, made, filter) ? made : NULL;
}

static struct node *with_statement(struct jinja_parser *p)
{
        static const char *const ends[] = { "endwith", NULL };
        struct node *made = jinja_node(p, NODE_WITH, NULL, NULL);

        while (!p->r && p->token.kind != JINJA_BLOCK_END) {
                if (made->n && !jinja_expect(p, ","))
                        return NULL;
                add(p, made, one_target(p));
                if (!jinja_expect(p, "="))
                        return NULL;
                add(p, made, jinja_expression(p));
        }
        add(p, made, end_tag(p) ? body(p, "with", ends) : NULL);
        jinja_advance(p);
        return p->r ? NULL : made;
}

static struct node *filter_statement(struct jinja_parser *p)
{
        static const char *const ends[] = { "endfilter", NULL };
        struct node *filter = jinja_piped(p, jinja_node(p, NODE_HERE, NULL, NULL), true);
        struct node *inner = end_tag(p) ? body(p, "filter", ends) : NULL;

        jinja_advance(p);
        return jinja_node(p, NODE_FILTERED, filter, inner);
}

static const struct {
        const char *name;
        struct node *(*parse)(struct jinja_parser *p);
} statements[] = {
        { "if", if_statement }, { "for", for_statement }, { "set", set_statement },
        { "with", with_statement }, { "filter", filter_statement },
};

/* Does a statement around the innermost one, or that one, end with this tag? */
static bool is_awaited(const struct jinja_parser *p, const char *name)
{
        for (const struct jinja_open *open = p->open; name && open; open = open->outer)
                for (const char *const *e = open->ends; *e; e++)
                        if (strcmp(*e, name) == 0)
                                return true;
        return false;
}

/* jinja2's sentence: what it found (the template's end where there is no name), and what it misses. */
static struct node *misplaced(struct jinja_parser *p, const char *name)
{
        _text_ struct text what = TEXT_INIT;
        const char *separator = "";

        if (p->r)
                return NULL;
        if (name)
                text_addf(&what, "Encountered unknown tag '%s'.", name);
        else
                text_add(&what, "Unexpected end of template.");
        text_add(&what, !p->open ? "" : is_awaited(p, name)
                 ? " You probably made a nesting mistake. Jinja is expecting this tag, but "
                   "currently looking for " : " Jinja was looking for the following tags: ");
        for (const char *const *e = p->open ? p->open->ends : NULL; e && *e; e++) {
                text_addf(&what, "%s'%s'", separator, *e);
                separator = " or ";
        }
        if (p->open)
                text_addf(&what, ". The innermost block that needs to be closed is '%s'.",
                          p->open->tag);
        return what.failed ? jinja_fail(p, -ENOMEM) : jinja_refuse(p, "%s", what.s);
}

static struct node *unknown_tag(struct jinja_parser *p)
{
        char room[80];

        if (p->r)
                return NULL;
        if (p->token.kind != JINJA_NAME)
                return jinja_fail(p, fault_set(p->lexer.fault, 422, "expr.syntax",
                                               "tag name expected"));
        return misplaced(p, jinja_describe(&p->token, room));
}

/* The present token is the first word of a tag. */
static struct node *statement(struct jinja_parser *p)
{
        for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
                if (jinja_is_name(p, statements[i].name)) {
                        struct node *made;

                        jinja_advance(p);
                        made = statements[i].parse(p);
                        return end_tag(p) ? made : NULL;
                }
        return unknown_tag(p);
}

static struct node *output(struct jinja_parser *p)
{
        struct node *value;

        jinja_advance(p);
        value = jinja_tuple(p, false);
        if (!p->r && p->token.kind != JINJA_OUTPUT_END)
                return jinja_expected(p, "end of print statement");
        jinja_advance(p);
        return jinja_node(p, NODE_OUTPUT, value, NULL);
}

static struct node *text(struct jinja_parser *p)
{
        struct node *made = jinja_node(p, NODE_TEXT, NULL, NULL);
        json_t *value = json_stringn_nocheck(p->token.s, p->token.len);

        if (!made || !value || json_array_append_new(p->forest->literals, value) < 0)
                return jinja_fail(p, -ENOMEM);
        made->literal = value;
        jinja_advance(p);
        return made;
}

static struct node *piece(struct jinja_parser *p)
{
        switch (p->token.kind) {
        case JINJA_DATA:
                return text(p);
        case JINJA_OUTPUT_BEGIN:
                return output(p);
        default:
                return jinja_unexpected(p);
        }
}

static bool is_one_of(const struct jinja_parser *p, const char *const *words)
{
        for (; *words; words++)
                if (jinja_is_name(p, *words))
                        return true;
        return false;
}

static struct node *body(struct jinja_parser *p, const char *tag, const char *const *words)
{
        struct node *block = jinja_node(p, NODE_BLOCK, NULL, NULL), *made;
        const struct jinja_open open = { tag, words, p->open };

        if (tag)
                p->open = &open;
        if (++p->depth > 100)
                return jinja_fail(p, fault_set(p->lexer.fault, 422, "expr.limit",
                                               "statements are nested deeper than 100 levels"));
        while (!p->r && p->token.kind != JINJA_END) {
                if (p->token.kind == JINJA_BLOCK_BEGIN) {
                        jinja_advance(p);
                        if (is_one_of(p, words)) {
                                p->depth--;
                                p->open = open.outer;
                                return block;
                        }
                        made = statement(p);
                } else {
                        made = piece(p);
                }
                if (!add(p, block, made))
                        return NULL;
        }
        p->depth--;
        made = tag ? misplaced(p, NULL) : p->r ? NULL : block;
        p->open = open.outer;
        return made;
}

int jinja_parse_template(struct forest *forest, const char *s, size_t len, const struct node **ret,
                         struct fault *fault)
{
        static const char *const none[] = { NULL };
        struct jinja_parser p = { .lexer = { .text = s, .s = s, .end = s + len, .fault = fault },
                                  .forest = forest };
        const struct node *made;

        /* jinja2 drops one line break at the end: YAML's block scalars put it there. */
        if (len && s[len - 1] == '\n')
                p.lexer.end--;
        jinja_advance(&p);
        made = body(&p, NULL, none);
        if (p.r)
                return p.r;
        *ret = made;
        return 0;
}
