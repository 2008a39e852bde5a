/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One table says what each keyword may hold and which check or which nodes it makes, so a new
 * keyword is a row. A handler finds the node half made; other keywords of the schema are in
 * node->source.
 */
#include "schema/compile.h"

#include <errno.h>
#include <string.h>

struct keyword {
        const char *name;
        int (*compile)(struct compiler *c, struct node *node, const struct keyword *keyword,
                       const json_t *value, const struct where *at);
        word_check *check;
        size_t member;                  /* offset in struct node, for keywords that hold schemas */
};

static void *grow(void *list, size_t n, size_t size)
{
        /* Doubling at powers of two needs no capacity beside the count. */
        return n & (n - 1) ? list : reallocarray(list, n ? n * 2 : 1, size);
}

int nodes_add(struct nodes *nodes, struct node *node)
{
        struct node **list = grow(nodes->list, nodes->n, sizeof *list);

        if (!list)
                return -ENOMEM;
        nodes->list = list;
        list[nodes->n++] = node;
        return 0;
}

static int add_word(struct node *node, const char *keyword, word_check *check,
                    const json_t *operand)
{
        struct word *words = grow(node->words, node->words_n, sizeof *words);

        if (!words)
                return -ENOMEM;
        node->words = words;
        words[node->words_n++] = (struct word){ keyword, check, operand, NULL };
        return 0;
}

static int on_number(struct compiler *c, struct node *node, const struct keyword *keyword,
                     const json_t *value, const struct where *at)
{
        if (!json_is_number(value))
                return compiler_wrong(c, at, "a number");
        if (keyword->check == check_multiple && json_number_value(value) <= 0)
                return compiler_wrong(c, at, "more than 0");
        return add_word(node, keyword->name, keyword->check, value);
}

/* Draft 4 wrote "exclusiveMinimum": true beside "minimum"; StackStorm's metadata still does. */
static int on_exclusive(struct compiler *c, struct node *node, const struct keyword *keyword,
                        const json_t *value, const struct where *at)
{
        const char *bound = keyword->check == check_above ? "minimum" : "maximum";

        if (!json_is_boolean(value))
                return on_number(c, node, keyword, value, at);
        value = json_is_true(value) ? json_object_get(node->source, bound) : NULL;
        return json_is_number(value) ? add_word(node, keyword->name, keyword->check, value) : 0;
}

static int on_count(struct compiler *c, struct node *node, const struct keyword *keyword,
                    const json_t *value, const struct where *at)
{
        if (!(type_bits_of(value) & TYPE_INTEGER) || json_number_value(value) < 0)
                return compiler_wrong(c, at, "a whole number, 0 or more");
        return add_word(node, keyword->name, keyword->check, value);
}

static int on_boolean(struct compiler *c, struct node *node, const struct keyword *keyword,
                      const json_t *value, const struct where *at)
{
        if (!json_is_boolean(value))
                return compiler_wrong(c, at, "true or false");
        return keyword->check ? add_word(node, keyword->name, keyword->check, value) : 0;
}

static int on_any(struct compiler *c, struct node *node, const struct keyword *keyword,
                  const json_t *value, const struct where *at)
{
        (void)c;
        (void)at;
        return add_word(node, keyword->name, keyword->check, value);
}

static int on_enum(struct compiler *c, struct node *node, const struct keyword *keyword,
                   const json_t *value, const struct where *at)
{
        if (!json_array_size(value))
                return compiler_wrong(c, at, "a list of at least one value");
        return add_word(node, keyword->name, keyword->check, value);
}

static int on_text(struct compiler *c, struct node *node, const struct keyword *keyword,
                   const json_t *value, const struct where *at)
{
        if (!json_is_string(value))
                return compiler_wrong(c, at, "text");
        return keyword->check ? add_word(node, keyword->name, keyword->check, value) : 0;
}

static int on_position(struct compiler *c, struct node *node, const struct keyword *keyword,
                       const json_t *value, const struct where *at)
{
        (void)node;
        (void)keyword;
        return json_is_integer(value) ? 0 : compiler_wrong(c, at, "a whole number");
}

static int compile_regex(struct compiler *c, const char *pattern, const struct where *at,
                         struct regex **ret)
{
        _text_ struct text pointer = TEXT_INIT;
        int r = regex_compile(pattern, REGEX_ECMA, ret, c->fault);

        where_pointer(at, &pointer);
        return r == FAULT ? fault_prefix(c->fault, "the schema is wrong at #%s",
                                         pointer.s ? pointer.s : "") : r;
}

static int on_pattern(struct compiler *c, struct node *node, const struct keyword *keyword,
                      const json_t *value, const struct where *at)
{
        int r = on_text(c, node, keyword, value, at);

        return r ? r : compile_regex(c, json_string_value(value), at,
                                     &node->words[node->words_n - 1].regex);
}

static int add_type(struct compiler *c, struct node *node, const json_t *value,
                    const struct where *at)
{
        static const char *const names[] = {
                "null", "boolean", "integer", "number", "string", "array", "object", "any", NULL
        };
        const char *name = json_string_value(value), *nearest;
        size_t i = 0;

        while (name && names[i] && strcmp(names[i], name) != 0)
                i++;
        if (!name || !names[i]) {
                nearest = name ? text_nearest(name, names) : NULL;
                compiler_wrong(c, at, "null, boolean, integer, number, string, array or object");
                return nearest ? fault_try(c->fault, "write \"%s\" instead of \"%s\"", nearest,
                                           name)
                               : FAULT;
        }
        /* "any" is draft 3's. */
        node->types |= strcmp(name, "any") == 0 ? ~0u : 1u << i;
        return 0;
}

static int on_type(struct compiler *c, struct node *node, const struct keyword *keyword,
                   const json_t *value, const struct where *at)
{
        (void)keyword;
        if (!json_is_array(value))
                return add_type(c, node, value, at);
        if (!json_array_size(value))
                return compiler_wrong(c, at, "a type or a list of types");
        for (size_t i = 0; i < json_array_size(value); i++) {
                int r = add_type(c, node, json_array_get(value, i), at);

                if (r)
                        return r;
        }
        return 0;
}

static int add_required(struct node *node, const char *name)
{
        const char **list = grow(node->required, node->required_n, sizeof *list);

        if (!list)
                return -ENOMEM;
        node->required = list;
        list[node->required_n++] = name;
        return 0;
}

static bool is_text_list(const json_t *value)
{
        for (size_t i = 0; i < json_array_size(value); i++)
                if (!json_is_string(json_array_get(value, i)))
                        return false;
        return json_is_array(value);
}

/* As a boolean it is draft 3's word, which the parent's "properties" reads. */
static int on_required(struct compiler *c, struct node *node, const struct keyword *keyword,
                       const json_t *value, const struct where *at)
{
        int r = 0;

        (void)keyword;
        if (json_is_boolean(value))
                return 0;
        if (!is_text_list(value))
                return compiler_wrong(c, at, "a list of names (or, in a property, true or false)");
        for (size_t i = 0; i < json_array_size(value) && !r; i++)
                r = add_required(node, json_string_value(json_array_get(value, i)));
        return r;
}

static int on_properties(struct compiler *c, struct node *node, const struct keyword *keyword,
                         const json_t *value, const struct where *at)
{
        const char *name;
        json_t *source;

        (void)keyword;
        if (!json_is_object(value))
                return compiler_wrong(c, at, "an object of schemas");
        json_object_foreach((json_t *)value, name, source) {
                const struct where below = { at, name, 0 };
                struct node *property;
                int r = compiler_node(c, source, &below, &property);

                if (!r)
                        r = map_put(&node->properties, name, property, NULL);
                if (!r && json_is_true(json_object_get(source, "required")))
                        r = add_required(node, name);
                if (r)
                        return r;
        }
        return 0;
}

static int add_pattern(struct compiler *c, struct node *node, const json_t *source,
                       const struct where *at)
{
        struct pattern *list = grow(node->patterns, node->patterns_n, sizeof *list);
        int r;

        if (!list)
                return -ENOMEM;
        node->patterns = list;
        list += node->patterns_n++;
        *list = (struct pattern){ NULL, NULL };
        r = compile_regex(c, at->key, at, &list->regex);
        /* Compiling may add nodes, but never patterns to this one: list stays where it is. */
        return r ? r : compiler_node(c, source, at, &list->node);
}

static int on_patterns(struct compiler *c, struct node *node, const struct keyword *keyword,
                       const json_t *value, const struct where *at)
{
        const char *pattern;
        json_t *source;

        (void)keyword;
        if (!json_is_object(value))
                return compiler_wrong(c, at, "an object of schemas");
        json_object_foreach((json_t *)value, pattern, source) {
                const struct where below = { at, pattern, 0 };
                int r = add_pattern(c, node, source, &below);

                if (r)
                        return r;
        }
        return 0;
}

static int add_dependency(struct compiler *c, struct node *node, const json_t *value,
                          const struct where *at)
{
        struct dependency *list = grow(node->dependencies, node->dependencies_n, sizeof *list);

        if (!list)
                return -ENOMEM;
        node->dependencies = list;
        list += node->dependencies_n++;
        *list = (struct dependency){ at->key, NULL, NULL };
        if (!json_is_array(value))
                return compiler_node(c, value, at, &list->node);
        list->names = value;
        return is_text_list(value) ? 0 : compiler_wrong(c, at, "a schema or a list of names");
}

static int on_dependencies(struct compiler *c, struct node *node, const struct keyword *keyword,
                           const json_t *value, const struct where *at)
{
        const char *name;
        json_t *what;

        (void)keyword;
        if (!json_is_object(value))
                return compiler_wrong(c, at, "an object");
        json_object_foreach((json_t *)value, name, what) {
                const struct where below = { at, name, 0 };
                int r = add_dependency(c, node, what, &below);

                if (r)
                        return r;
        }
        return 0;
}

/* Definitions mean something only by reference, but a wrong one is better told early. */
static int on_definitions(struct compiler *c, struct node *node, const struct keyword *keyword,
                          const json_t *value, const struct where *at)
{
        const char *name;
        json_t *source;

        (void)node;
        (void)keyword;
        if (!json_is_object(value))
                return compiler_wrong(c, at, "an object of schemas");
        json_object_foreach((json_t *)value, name, source) {
                const struct where below = { at, name, 0 };
                struct node *unused;
                int r = compiler_node(c, source, &below, &unused);

                if (r)
                        return r;
        }
        return 0;
}

static int on_schema(struct compiler *c, struct node *node, const struct keyword *keyword,
                     const json_t *value, const struct where *at)
{
        return compiler_node(c, value, at,
                             (struct node **)(void *)((char *)node + keyword->member));
}

static int on_schemas(struct compiler *c, struct node *node, const struct keyword *keyword,
                      const json_t *value, const struct where *at)
{
        struct nodes *nodes = (struct nodes *)(void *)((char *)node + keyword->member);

        if (!json_array_size(value) && keyword->member != offsetof(struct node, tuple))
                return compiler_wrong(c, at, "a list of at least one schema");
        for (size_t i = 0; i < json_array_size(value); i++) {
                const struct where below = { at, NULL, i };
                struct node *made;
                int r = compiler_node(c, json_array_get(value, i), &below, &made);

                if (!r)
                        r = nodes_add(nodes, made);
                if (r)
                        return r;
        }
        return 0;
}

/* One schema for all items, or a list for the first ones. */
static int on_items(struct compiler *c, struct node *node, const struct keyword *keyword,
                    const json_t *value, const struct where *at)
{
        static const struct keyword tuple = { "items", NULL, NULL, offsetof(struct node, tuple) };

        return json_is_array(value) ? on_schemas(c, node, &tuple, value, at)
                : on_schema(c, node, keyword, value, at);
}

static int on_additional_items(struct compiler *c, struct node *node, const struct keyword *keyword,
                               const json_t *value, const struct where *at)
{
        struct node *ignored;

        return json_is_array(json_object_get(node->source, "items"))
                ? on_schema(c, node, keyword, value, at) : compiler_node(c, value, at, &ignored);
}

#define SCHEMA_IN(member) offsetof(struct node, member)

static const struct keyword keywords[] = {
        { "type", on_type, NULL, 0 },
        { "enum", on_enum, check_enum, 0 },
        { "const", on_any, check_const, 0 },
        { "minimum", on_number, check_minimum, 0 },
        { "maximum", on_number, check_maximum, 0 },
        { "exclusiveMinimum", on_exclusive, check_above, 0 },
        { "exclusiveMaximum", on_exclusive, check_below, 0 },
        { "multipleOf", on_number, check_multiple, 0 },
        { "minLength", on_count, check_min_length, 0 },
        { "maxLength", on_count, check_max_length, 0 },
        { "pattern", on_pattern, check_pattern, 0 },
        { "format", on_text, check_format, 0 },
        { "minItems", on_count, check_min_items, 0 },
        { "maxItems", on_count, check_max_items, 0 },
        { "uniqueItems", on_boolean, check_unique, 0 },
        { "minProperties", on_count, check_min_properties, 0 },
        { "maxProperties", on_count, check_max_properties, 0 },
        { "required", on_required, NULL, 0 },
        { "properties", on_properties, NULL, 0 },
        { "patternProperties", on_patterns, NULL, 0 },
        { "additionalProperties", on_schema, NULL, SCHEMA_IN(additional) },
        { "propertyNames", on_schema, NULL, SCHEMA_IN(names) },
        { "dependencies", on_dependencies, NULL, 0 },
        { "definitions", on_definitions, NULL, 0 },
        { "$defs", on_definitions, NULL, 0 },
        { "items", on_items, NULL, SCHEMA_IN(items) },
        { "additionalItems", on_additional_items, NULL, SCHEMA_IN(items) },
        { "contains", on_schema, NULL, SCHEMA_IN(contains) },
        { "allOf", on_schemas, NULL, SCHEMA_IN(all) },
        { "anyOf", on_schemas, NULL, SCHEMA_IN(any) },
        { "oneOf", on_schemas, NULL, SCHEMA_IN(one) },
        { "not", on_schema, NULL, SCHEMA_IN(not_this) },
        { "if", on_schema, NULL, SCHEMA_IN(condition) },
        { "then", on_schema, NULL, SCHEMA_IN(then) },
        { "else", on_schema, NULL, SCHEMA_IN(otherwise) },
        { "secret", on_boolean, NULL, 0 },
        { "secret_query", on_boolean, NULL, 0 },
        { "writeOnly", on_boolean, NULL, 0 },
        { "immutable", on_boolean, NULL, 0 },
        { "position", on_position, NULL, 0 },
};

int keyword_compile(struct compiler *c, struct node *node, const char *name, const json_t *value,
                    const struct where *at)
{
        for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
                if (strcmp(keywords[i].name, name) == 0)
                        return keywords[i].compile(c, node, &keywords[i], value, at);
        return 0;
}
