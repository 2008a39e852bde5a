/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A schema's source into nodes. Nodes are remembered by the address of their source: a $ref finds
 * the node that is there already, also when it points up, so that compilation ends on any source.
 */
#include "schema/compile.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int hex(char c)
{
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One step of a JSON pointer in a URI fragment; the place after it, or NULL for a bad escape. */
static const char *read_step(const char *s, struct text *step)
{
        for (; *s && *s != '/'; s++) {
                char c = *s;

                if (c == '%') {
                        if (hex(s[1]) < 0 || hex(s[2]) < 0)
                                return NULL;
                        c = (char)(hex(s[1]) * 16 + hex(s[2]));
                        s += 2;
                } else if (c == '~') {
                        if (s[1] != '0' && s[1] != '1')
                                return NULL;
                        c = *++s == '0' ? '~' : '/';
                }
                text_add_bytes(step, &c, 1);
        }
        return s;
}

/* What "#/a/0/b" points to, or NULL. */
static const json_t *follow(const json_t *source, const char *pointer)
{
        while (source && *pointer) {
                _text_ struct text step = TEXT_INIT;
                int64_t index;

                pointer = read_step(pointer + 1, &step);
                if (!pointer)
                        return NULL;
                text_add(&step, "");
                if (json_is_object(source))
                        source = json_object_get(source, step.s ? step.s : "");
                else if (json_is_array(source) && step.s &&
                         text_to_int(step.s, 0, INT32_MAX, &index))
                        source = json_array_get(source, (size_t)index);
                else
                        source = NULL;
        }
        return source;
}

static int compile_reference(struct compiler *c, struct node *node, const json_t *reference,
                             const struct where *at)
{
        const struct where below = { at, "$ref", 0 };
        const char *pointer = json_string_value(reference);
        const json_t *target;

        if (!pointer || pointer[0] != '#' || (pointer[1] && pointer[1] != '/'))
                return compiler_wrong(c, &below,
                                      "a local reference such as \"#/definitions/name\"");
        target = follow(c->schema->source, pointer + 1);
        if (!target)
                return compiler_wrong(c, &below, "the place of a schema that exists");
        return compiler_node(c, target, &below, &node->ref);
}

static int compile_keywords(struct compiler *c, struct node *node, const struct where *at)
{
        const char *name;
        json_t *value;

        json_object_foreach((json_t *)node->source, name, value) {
                const struct where below = { at, name, 0 };
                int r = keyword_compile(c, node, name, value, &below);

                if (r)
                        return r;
        }
        if (json_is_true(json_object_get(node->source, "secret")) ||
            json_is_true(json_object_get(node->source, "writeOnly")))
                node->marks |= MARK_SECRET;
        if (json_is_true(json_object_get(node->source, "secret_query")))
                node->marks |= MARK_QUERY;
        return 0;
}

static int fill(struct compiler *c, struct node *node, const struct where *at)
{
        const json_t *reference = json_object_get(node->source, "$ref");

        if (json_is_boolean(node->source)) {
                node->never = json_is_false(node->source);
                return 0;
        }
        if (!json_is_object(node->source))
                return compiler_wrong(c, at, "a schema: an object, true or false");
        return reference ? compile_reference(c, node, reference, at)
                         : compile_keywords(c, node, at);
}

static int make(struct compiler *c, const json_t *source, const char *address, struct node **ret)
{
        struct node *node = calloc(1, sizeof *node);

        if (!node || nodes_add(&c->schema->owned, node) < 0) {
                free(node);
                return -ENOMEM;
        }
        node->source = source;
        *ret = node;
        return map_put(&c->known, address, node, NULL);
}

int compiler_node(struct compiler *c, const json_t *source, const struct where *at,
                  struct node **ret)
{
        struct node *node;
        char address[32];
        int r;

        snprintf(address, sizeof address, "%p", (const void *)source);
        node = map_get(&c->known, address);
        if (node) {
                *ret = node;
                return 0;
        }
        r = make(c, source, address, &node);
        if (r)
                return r;
        if (++c->depth > SCHEMA_DEPTH_MAX)
                return fault_set(c->fault, 422, "schema.limit", "the schema is nested deeper than "
                                 "%d levels", SCHEMA_DEPTH_MAX);
        r = fill(c, node, at);
        c->depth--;
        if (!r)
                *ret = node;
        return r;
}

int compiler_wrong(struct compiler *c, const struct where *at, const char *wanted)
{
        _text_ struct text pointer = TEXT_INIT;

        where_pointer(at, &pointer);
        return fault_set(c->fault, 422, "schema.invalid",
                         "the schema is wrong at #%s: %s must be %s", pointer.s ? pointer.s : "",
                         at->key ? at->key : "it", wanted);
}

int schema_compile_nodes(struct schema *schema, struct fault *fault)
{
        const struct where root = { NULL, NULL, 0 };
        struct compiler c = { schema, MAP_INIT, fault, 0 };
        int r = compiler_node(&c, schema->source, &root, &schema->root);

        map_deinit(&c.known, NULL);
        return r;
}

void node_free(struct node *node)
{
        for (size_t i = 0; i < node->words_n; i++)
                regex_free(node->words[i].regex);
        for (size_t i = 0; i < node->patterns_n; i++)
                regex_free(node->patterns[i].regex);
        map_deinit(&node->properties, NULL);
        free(node->words);
        free(node->required);
        free(node->patterns);
        free(node->dependencies);
        free(node->tuple.list);
        free(node->all.list);
        free(node->any.list);
        free(node->one.list);
        free(node);
}
