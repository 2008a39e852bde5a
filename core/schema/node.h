/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The compiled form of a schema, shared by the files of this room: a graph of nodes (a $ref may
 * point back up) that the schema owns as a list. Nodes are immutable once compiled.
 */

#ifndef SCHEMA_NODE_H
#define SCHEMA_NODE_H

#include "base/map.h"
#include "base/regex.h"
#include "base/text.h"
#include "schema/schema.h"

#define SCHEMA_DEPTH_MAX 256            /* nested schemas, through references too */

enum type {
        TYPE_NULL = 1 << 0,
        TYPE_BOOLEAN = 1 << 1,
        TYPE_INTEGER = 1 << 2,
        TYPE_NUMBER = 1 << 3,
        TYPE_STRING = 1 << 4,
        TYPE_ARRAY = 1 << 5,
        TYPE_OBJECT = 1 << 6,
};

struct check;
struct where;
struct word;

typedef bool word_check(struct check *check, const struct word *word, const json_t *value,
                        const struct where *at);

/* One assertion about the value itself, without schemas inside. */
struct word {
        const char *keyword;
        word_check *check;
        const json_t *operand;          /* in the source */
        struct regex *regex;            /* of "pattern" */
};

struct nodes {
        struct node **list;
        size_t n;
};

struct pattern {
        struct regex *regex;
        struct node *node;
};

struct dependency {
        const char *key;
        const json_t *names;            /* these must be there too, or */
        struct node *node;              /* the whole must fit this */
};

#define MARK_SECRET 1u                  /* "secret", "writeOnly" */
#define MARK_QUERY  2u                  /* "secret_query" */

struct node {
        const json_t *source;
        bool never;
        unsigned marks;                 /* MARK_… */
        unsigned types;                 /* 0: any */
        struct node *ref;               /* the others of this node are then empty */
        struct word *words;
        size_t words_n;

        struct map properties;          /* name to struct node */
        const char **required;
        size_t required_n;
        struct pattern *patterns;
        size_t patterns_n;
        struct dependency *dependencies;
        size_t dependencies_n;
        struct node *additional, *names;

        struct nodes tuple;
        struct node *items;             /* all, or those after the tuple */
        struct node *contains;

        struct nodes all, any, one;
        struct node *not_this, *condition, *then, *otherwise;
};

struct schema {
        unsigned refs;
        json_t *source;
        struct node *root;
        struct nodes owned;
};

/* A place in a value or in a schema: a chain of stack frames, spelled out only for errors. */
struct where {
        const struct where *up;         /* NULL at the root, whose key does not count */
        const char *key;                /* NULL: the index counts */
        size_t index;
};

void where_pointer(const struct where *at, struct text *text); /* "/a~1b/0", "" at the root */

/* Compilation, by schema.c; a fault says where in the source. */
int schema_compile_nodes(struct schema *schema, struct fault *fault);
void node_free(struct node *node);

/* What the words of one value are judged with: where errors go, and how much may be done yet. */
struct check {
        json_t *errors;
        size_t mismatches, steps;
        unsigned depth, quiet;          /* quiet: how many alternatives are being tried */
        bool exhausted;
};

/* Note an error (unless quiet); false, so that a check can return it. */
bool check_fail(struct check *check, const struct where *at, const char *keyword,
                const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool check_spend(struct check *check, size_t steps);

/* The words, for compile.c's table. */
word_check check_enum, check_const, check_minimum, check_maximum, check_above, check_below,
        check_multiple, check_min_length, check_max_length, check_pattern, check_format,
        check_min_items, check_max_items, check_unique, check_min_properties,
        check_max_properties;

unsigned
type_bits_of(const json_t *value); /* an integer is a number too, and so is 1.0 an integer */
const char *type_words(unsigned types, struct text *text);
bool format_fits(const char *format, const char *s);

/* What speaks about this item of an array: of this node only, not of those that apply in place. */
const struct node *node_for_index(const struct node *node, size_t index);

#endif
