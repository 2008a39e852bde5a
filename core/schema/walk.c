/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a schema says about a value besides whether it fits: which defaults to put in, which texts
 * stand for another type, what is secret. All of them visit, for each value, every node that
 * applies to it: through references, the alternatives, and the members' schemas.
 */
#include "schema/schema.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/secret.h"
#include "schema/node.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define STEPS_MAX 4000000

/* How much may still be done: references and alternatives could multiply without end. */
struct walk {
        size_t steps;
        unsigned depth;
        json_t *value;                  /* of the visit at hand */
        const char *path;
        unsigned marks;                 /* that are looked for */
        bool failed;
};

typedef int node_visit(void *arg, const struct node *node);

/*
 * Visit the schemas that speak about this member of an object: of this node only, not of those that
 * apply in place.
 */
static int node_each_for_key(const struct node *node, const char *key, node_visit *visit, void *arg)
{
        const struct node *named = map_get(&node->properties, key);
        bool known = named != NULL;
        int r = named ? visit(arg, named) : 0;

        for (size_t i = 0; i < node->patterns_n && !r; i++) {
                if (regex_match(node->patterns[i].regex, key, strlen(key)) != 1)
                        continue;
                known = true;
                r = visit(arg, node->patterns[i].node);
        }
        return !r && !known && node->additional ? visit(arg, node->additional) : r;
}

const struct node *node_for_index(const struct node *node, size_t index)
{
        return index < node->tuple.n ? node->tuple.list[index] : node->items;
}

static int each_of(const struct nodes *nodes, node_visit *visit, void *arg)
{
        int r = 0;

        for (size_t i = 0; i < nodes->n && !r; i++)
                r = visit(arg, nodes->list[i]);
        return r;
}

/*
 * The nodes that speak about the same value as this one; alternatives only where they are asked
 * for.
 */
static int each_in_place(const struct node *node, bool alternatives, node_visit *visit, void *arg)
{
        int r = node->ref ? visit(arg, node->ref) : 0;

        if (!r)
                r = each_of(&node->all, visit, arg);
        if (!r && alternatives)
                r = each_of(&node->any, visit, arg);
        if (!r && alternatives)
                r = each_of(&node->one, visit, arg);
        if (!r && alternatives && node->then)
                r = visit(arg, node->then);
        if (!r && alternatives && node->otherwise)
                r = visit(arg, node->otherwise);
        for (size_t i = 0; alternatives && i < node->dependencies_n && !r; i++)
                if (node->dependencies[i].node)
                        r = visit(arg, node->dependencies[i].node);
        return r;
}

static bool may_enter(struct walk *walk)
{
        return walk->depth < SCHEMA_DEPTH_MAX && walk->steps++ < STEPS_MAX;
}

/* Visit with another value (or path) at hand, one level further down. */
static int descend(struct walk *walk, json_t *value, const struct node *node, node_visit *visit)
{
        json_t *outer = walk->value;
        int r;

        walk->value = value;
        walk->depth++;
        r = visit(walk, node);
        walk->depth--;
        walk->value = outer;
        return r;
}

static int fill(void *arg, const struct node *node);

static void fill_absent(struct walk *walk, const struct node *node)
{
        const char *key;
        void *property;

        for (size_t i = 0; map_next(&node->properties, &i, &key, &property);) {
                const struct node *of = property;
                json_t *standard = json_object_get(of->source, "default");

                if (!standard || json_object_get(walk->value, key))
                        continue;
                if (json_object_set_new(walk->value, key, json_deep_copy(standard)) < 0)
                        walk->failed = true;
        }
}

static void fill_members(struct walk *walk, const struct node *node)
{
        const char *key;
        void *property;

        for (size_t i = 0; map_next(&node->properties, &i, &key, &property);) {
                json_t *value = json_object_get(walk->value, key);

                if (json_is_object(value) || json_is_array(value))
                        descend(walk, value, property, fill);
        }
}

static void fill_items(struct walk *walk, const struct node *node)
{
        for (size_t i = 0; i < json_array_size(walk->value); i++) {
                const struct node *item = node_for_index(node, i);
                json_t *value = json_array_get(walk->value, i);

                if (item && (json_is_object(value) || json_is_array(value)))
                        descend(walk, value, item, fill);
        }
}

static int fill(void *arg, const struct node *node)
{
        struct walk *walk = arg;

        if (!may_enter(walk))
                return 0;
        walk->depth++;
        each_in_place(node, false, fill, walk);
        walk->depth--;
        /* Members first: a default is whole as it is, and one that was put in is not entered. */
        if (json_is_object(walk->value)) {
                fill_members(walk, node);
                fill_absent(walk, node);
        } else {
                fill_items(walk, node);
        }
        return 0;
}

int schema_fill_defaults(const struct schema *schema, json_t *value)
{
        struct walk walk = { .value = value };

        if (schema && schema->root)
                fill(&walk, schema->root);
        return walk.failed ? -ENOMEM : 0;
}

static json_t *number_of(const char *s, unsigned types)
{
        static const struct json_limits limits = { 64, 1, NULL, NULL };
        _json_ json_t *number = NULL;

        /* JSON's own spelling decides: no hexadecimal, no blanks, no "inf". */
        if (json_parse(s, strlen(s), &limits, &number, NULL) || !json_is_number(number))
                return NULL;
        if (s[strspn(s, " \t\r\n")] != s[0] || !(types & type_bits_of(number)))
                return NULL;
        return TAKE(number);
}

static json_t *container_of_text(const char *s, unsigned types)
{
        _json_ json_t *value = NULL;

        if (*s != '{' && *s != '[')
                return NULL;
        if (json_parse(s, strlen(s), NULL, &value, NULL) || !(types & type_bits_of(value)))
                return NULL;
        return TAKE(value);
}

/* The value that a text stands for under these types, or NULL to leave it as it is. */
static json_t *value_of(const char *s, unsigned types)
{
        json_t *value = NULL;

        if (types & (TYPE_INTEGER | TYPE_NUMBER))
                value = number_of(s, types);
        if (!value && types & TYPE_BOOLEAN &&
            (strcasecmp(s, "true") == 0 || strcasecmp(s, "false") == 0))
                value = json_boolean(strcasecmp(s, "true") == 0);
        if (!value && types & (TYPE_OBJECT | TYPE_ARRAY))
                value = container_of_text(s, types);
        if (!value && types & TYPE_NULL && strcmp(s, "null") == 0)
                value = json_null();
        return value;
}

/* The types that a value may have under a node, through references; 0 for any. */
static unsigned types_of(const struct node *node)
{
        for (unsigned hops = 0; node->ref && hops < SCHEMA_DEPTH_MAX; hops++)
                node = node->ref;
        return node->types;
}

static json_t *coerced(const struct node *node, const json_t *value)
{
        unsigned types = types_of(node);

        if (!json_is_string(value) || !types || types & TYPE_STRING)
                return NULL;
        return value_of(json_string_value(value), types);
}

static int coerce(void *arg, const struct node *node);

static int coerce_member(struct walk *walk, const struct node *node, const char *key)
{
        const struct node *member = map_get(&node->properties, key);
        json_t *better;

        if (!member)
                member = node->additional;
        if (!member)
                return 0;
        better = coerced(member, json_object_get(walk->value, key));
        if (better && json_object_set_new(walk->value, key, better) < 0)
                return 0;
        return descend(walk, json_object_get(walk->value, key), member, coerce);
}

static void coerce_items(struct walk *walk, const struct node *node)
{
        for (size_t i = 0; i < json_array_size(walk->value); i++) {
                const struct node *item = node_for_index(node, i);
                json_t *better = item ? coerced(item, json_array_get(walk->value, i)) : NULL;

                if (better && json_array_set_new(walk->value, i, better) < 0)
                        return;
                if (item)
                        descend(walk, json_array_get(walk->value, i), item, coerce);
        }
}

static int coerce(void *arg, const struct node *node)
{
        struct walk *walk = arg;
        const char *key;
        json_t *value;
        void *next;

        if (!may_enter(walk))
                return 0;
        walk->depth++;
        each_in_place(node, false, coerce, walk);
        walk->depth--;
        /* Replacing the value of a key that exists does not disturb the walk. */
        json_object_foreach_safe(walk->value, next, key, value)
                coerce_member(walk, node, key);
        coerce_items(walk, node);
        return 0;
}

void schema_coerce(const struct schema *schema, json_t *value)
{
        struct walk walk = { .value = value };

        if (schema && schema->root)
                coerce(&walk, schema->root);
}

/* One node that is marked among those that apply is enough. */
static int is_marked(void *arg, const struct node *node)
{
        struct walk *walk = arg;
        int r;

        if ((node->marks & walk->marks) || !may_enter(walk))
                return (node->marks & walk->marks) != 0;
        walk->depth++;
        r = each_in_place(node, true, is_marked, walk);
        walk->depth--;
        return r;
}

static int mask(void *arg, const struct node *node);

/* Visits of one member: is it secret, else mask inside it. */
static int mask_member(void *arg, const struct node *node)
{
        struct walk *walk = arg;

        if (is_marked(walk, node))
                return 1;
        mask(walk, node);
        return 0;
}

static bool hides(const json_t *value)
{
        return value && !json_is_null(value);
}

/* A URL, or an object of query parameters: only what their names say is secret is hidden. */
static void mask_query(struct walk *walk, const struct node *node, const char *key)
{
        json_t *object = walk->value;
        int marked;

        walk->marks = MARK_QUERY;
        marked = node_each_for_key(node, key, is_marked, walk);
        walk->marks = MARK_SECRET;
        if (marked &&
            json_object_set_new(object, key, secret_mask(json_object_get(object, key))) < 0)
                walk->failed = true;
}

static int mask_key(struct walk *walk, const struct node *node, const char *key)
{
        json_t *object = walk->value, *value = json_object_get(object, key);
        int secret;

        if (!hides(value))
                return 0;
        walk->value = value;
        walk->depth++;
        secret = node_each_for_key(node, key, mask_member, walk);
        walk->depth--;
        walk->value = object;
        if (secret && json_object_set_new(object, key, json_string("********")) < 0)
                walk->failed = true;
        if (!secret)
                mask_query(walk, node, key);
        return 0;
}

static void mask_items(struct walk *walk, const struct node *node)
{
        for (size_t i = 0; i < json_array_size(walk->value); i++) {
                const struct node *item = node_for_index(node, i);
                json_t *value = json_array_get(walk->value, i);

                if (!item || !hides(value) || !descend(walk, value, item, mask_member))
                        continue;
                if (json_array_set_new(walk->value, i, json_string("********")) < 0)
                        walk->failed = true;
        }
}

static int mask(void *arg, const struct node *node)
{
        struct walk *walk = arg;
        const char *key;
        json_t *value;
        void *next;

        if (!may_enter(walk)) {
                walk->failed = true;
                return 0;
        }
        walk->depth++;
        each_in_place(node, true, mask, walk);
        walk->depth--;
        json_object_foreach_safe(walk->value, next, key, value)
                mask_key(walk, node, key);
        mask_items(walk, node);
        return 0;
}

/* What could not be walked to its end is not shown at all. */
json_t *schema_mask(const struct schema *schema, const json_t *value)
{
        _json_ json_t *copy = json_deep_copy(value);
        struct walk walk = { .value = copy, .marks = MARK_SECRET };

        if (schema && schema->root && mask_member(&walk, schema->root))
                return json_string("********");
        return walk.failed || !copy ? json_string("********") : TAKE(copy);
}

static int secret_at(void *arg, const struct node *node);

/* The same question one step further along the path. */
static int secret_below(struct walk *walk, const struct node *node)
{
        _text_ struct text step = TEXT_INIT;
        const char *path = walk->path, *p = path;
        const struct node *item;
        int r;

        for (; *p && *p != '.'; p++) {
                if (p[0] == '\\' && p[1])
                        p++;
                text_add_bytes(&step, p, 1);
        }
        walk->path = *p ? p + 1 : p;
        item = step.s && !step.s[strspn(step.s, "0123456789")] ? node_for_index(node, 0) : NULL;
        r = node_each_for_key(node, step.s ? step.s : "", secret_at, walk);
        if (!r && item)
                r = secret_at(walk, item);
        walk->path = path;
        return r;
}

static int secret_at(void *arg, const struct node *node)
{
        struct walk *walk = arg;
        int r;

        if ((node->marks & walk->marks) || !may_enter(walk))
                return 1;
        walk->depth++;
        r = each_in_place(node, true, secret_at, walk);
        if (!r && *walk->path)
                r = secret_below(walk, node);
        walk->depth--;
        return r;
}

bool schema_is_secret(const struct schema *schema, const char *path)
{
        struct walk walk = { .path = path, .marks = MARK_SECRET };

        return schema && schema->root && secret_at(&walk, schema->root);
}

bool schema_is_secret_query(const struct schema *schema, const char *path)
{
        struct walk walk = { .path = path, .marks = MARK_QUERY };

        return schema && schema->root && secret_at(&walk, schema->root);
}
