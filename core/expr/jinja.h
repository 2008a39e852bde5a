/* SPDX-License-Identifier: Apache-2.0 */

/* Jinja: templates with statements, and single expressions. */

#ifndef EXPR_JINJA_H
#define EXPR_JINJA_H

#include "expr/function.h"
#include "expr/jinja_lexer.h"
#include "expr/tree.h"

struct jinja_parser {
        struct jinja_lexer lexer;
        struct jinja_token token;
        struct forest *forest;
        unsigned depth;
        int r;                          /* the first failure; all answer NULL after it */
        bool uses_loop;                 /* since the innermost loop began */
        const struct jinja_open *open;  /* the innermost statement that has a body */
};

/* A statement whose body is being read: what it is called, and the tags that end the body. */
struct jinja_open {
        const char *tag;
        const char *const *ends;
        const struct jinja_open *outer;
};

/*
 * FAULT 422 expr.syntax: what is jinja2's message, detail's "at" the byte. A template is a
 * NODE_BLOCK.
 */
int jinja_parse_template(struct forest *forest, const char *s, size_t len, const struct node **ret,
                         struct fault *fault);
/* must_end: nothing may follow (jinja2's own check of a single expression does not look). */
int jinja_parse_expression(struct forest *forest, const char *s, size_t len, bool must_end,
                           const struct node **ret, struct fault *fault);

/* For the parts of the parser: jinja.c, jinja_operand.c, jinja_operator.c, jinja_block.c. */
struct node *jinja_fail(struct jinja_parser *p, int r);
void jinja_advance(struct jinja_parser *p);
bool jinja_is(const struct jinja_parser *p, const char *operator);
bool jinja_is_name(const struct jinja_parser *p, const char *name);
bool jinja_expect(struct jinja_parser *p, const char *operator);
struct node *jinja_unexpected(struct jinja_parser *p);
struct node *jinja_expected(struct jinja_parser *p, const char *what);
struct node *jinja_refuse(struct jinja_parser *p, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));
bool jinja_add(struct jinja_parser *p, struct node *to, const struct node *kid, const char *name);
struct node *jinja_primary(struct jinja_parser *p);
struct node *jinja_postfix(struct jinja_parser *p, struct node *value);
struct node *jinja_tail(struct jinja_parser *p, struct node *value);
struct node *jinja_node(struct jinja_parser *p, enum node_kind kind, const struct node *a,
                        const struct node *b);
const char *jinja_name(struct jinja_parser *p);         /* of the present token */
struct node *jinja_expression(struct jinja_parser *p);
/* a, b: a tuple where there is a comma; no_choice: "if" ends it. */
struct node *jinja_tuple(struct jinja_parser *p, bool no_choice);
struct node *jinja_piped(struct jinja_parser *p, struct node *value, bool starts);
/* A name, or names with commas and brackets: NODE_NAME or NODE_TUPLE of them. */
struct node *jinja_target(struct jinja_parser *p);

#endif
