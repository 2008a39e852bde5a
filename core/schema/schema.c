/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Checking walks the value and the nodes together. What decides the cost is not the value alone:
 * alternatives multiply, and a $ref may lead back without consuming anything, so steps and depth
 * are counted and the check gives up, with a fault of its own, rather than run for long.
 */
#include "schema/schema.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "schema/node.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ERRORS_MAX 20
#define STEPS_MAX 2000000

static bool fits(struct check *check, const struct node *node, const json_t *value,
                 const struct where *at);

void where_pointer(const struct where *at, struct text *text)
{
        if (!at->up)
                return;
        where_pointer(at->up, text);
        text_add(text, "/");
        if (!at->key) {
                text_addf(text, "%zu", at->index);
                return;
        }
        for (const char *s = at->key; *s; s++)
                text_add_bytes(text, *s == '~' ? "~0" : *s == '/' ? "~1" : s,
                               *s == '~' || *s == '/' ? 2 : 1);
}

static void where_path(const struct where *at, struct text *text)
{
        if (!at->up)
                return;
        where_path(at->up, text);
        if (text->len)
                text_add(text, ".");
        if (at->key)
                text_add(text, at->key);
        else
                text_addf(text, "%zu", at->index);
}

bool check_spend(struct check *check, size_t steps)
{
        check->steps += steps;
        if (check->steps > STEPS_MAX)
                check->exhausted = true;
        return !check->exhausted;
}

static json_t *describe(const struct where *at, const char *keyword, const char *message)
{
        _text_ struct text pointer = TEXT_INIT, path = TEXT_INIT;

        where_pointer(at, &pointer);
        where_path(at, &path);
        return json_pack("{s:s, s:s, s:s, s:s}", "pointer", pointer.s ? pointer.s : "", "path",
                         path.s ? path.s : "", "message", message, "keyword", keyword);
}

bool check_fail(struct check *check, const struct where *at, const char *keyword,
                const char *fmt, ...)
{
        _free_ char *message = NULL;
        va_list ap;

        if (check->quiet)
                return false;
        if (check->mismatches++ >= ERRORS_MAX)
                return false;
        va_start(ap, fmt);
        if (vasprintf(&message, fmt, ap) < 0)
                message = NULL;
        va_end(ap);
        if (message)
                json_array_append_new(check->errors, describe(at, keyword, message));
        return false;
}

/* Does it fit, where a misfit is not yet an error? */
static bool would_fit(struct check *check, const struct node *node, const json_t *value,
                      const struct where *at)
{
        bool yes;

        check->quiet++;
        yes = fits(check, node, value, at);
        check->quiet--;
        return yes;
}

static bool fits_type(struct check *check, const struct node *node, const json_t *value,
                      const struct where *at)
{
        _text_ struct text wanted = TEXT_INIT, found = TEXT_INIT;

        if (!node->types || node->types & type_bits_of(value))
                return true;
        if (json_is_real(value) && node->types & TYPE_INTEGER)
                return check_fail(check, at, "type", "must be a whole number, not a fraction");
        return check_fail(check, at, "type", "must be %s, not %s", type_words(node->types, &wanted),
                          type_words(type_bits_of(value), &found));
}

static bool fits_words(struct check *check, const struct node *node, const json_t *value,
                       const struct where *at)
{
        bool yes = true;

        for (size_t i = 0; i < node->words_n; i++)
                if (!node->words[i].check(check, &node->words[i], value, at))
                        yes = false;
        return yes;
}

static bool has_required(struct check *check, const struct node *node, const json_t *object,
                         const struct where *at)
{
        bool yes = true;

        for (size_t i = 0; i < node->required_n; i++) {
                const struct where below = { at, node->required[i], 0 };

                if (!json_object_get(object, node->required[i]))
                        yes = check_fail(check, &below, "required", "is required");
        }
        return yes;
}

static bool fits_dependencies(struct check *check, const struct node *node, const json_t *object,
                              const struct where *at)
{
        bool yes = true;

        for (size_t i = 0; i < node->dependencies_n; i++) {
                const struct dependency *d = &node->dependencies[i];

                if (!json_object_get(object, d->key))
                        continue;
                if (d->node && !fits(check, d->node, object, at))
                        yes = false;
                for (size_t j = 0; j < json_array_size(d->names); j++) {
                        const char *name = json_string_value(json_array_get(d->names, j));
                        const struct where below = { at, name, 0 };

                        if (!json_object_get(object, name))
                                yes = check_fail(check, &below, "dependencies",
                                                 "is required together with %s", d->key);
                }
        }
        return yes;
}

/* A member that no schema allows: most often a misspelling. */
static bool fail_unknown(struct check *check, const struct node *parent, const struct where *at)
{
        const char *candidates[65] = { NULL }, *nearest;
        size_t i = 0, n = 0;

        while (n < 64 && map_next(&parent->properties, &i, &candidates[n], NULL))
                n++;
        candidates[n] = NULL;
        nearest = text_nearest(at->key, candidates);
        if (nearest)
                return check_fail(check, at, "additionalProperties",
                                  "is not known here; did you mean \"%s\"?", nearest);
        return check_fail(check, at, "additionalProperties", "is not known here");
}

static bool fits_member(struct check *check, const struct node *node, const json_t *value,
                        const struct where *at)
{
        const struct node *named = map_get(&node->properties, at->key);
        bool known = named != NULL, yes = !named || fits(check, named, value, at);

        for (size_t i = 0; i < node->patterns_n; i++) {
                int r = regex_match(node->patterns[i].regex, at->key, strlen(at->key));

                if (r < 0)
                        check->exhausted = true;
                if (r != 1)
                        continue;
                known = true;
                if (!fits(check, node->patterns[i].node, value, at))
                        yes = false;
        }
        if (known || !node->additional)
                return yes;
        return node->additional->never ? fail_unknown(check, node, at)
                : fits(check, node->additional, value, at);
}

static bool fits_object(struct check *check, const struct node *node, const json_t *object,
                        const struct where *at)
{
        bool yes = has_required(check, node, object, at);
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)object, key, value) {
                const struct where below = { at, key, 0 };
                _json_ json_t *name = node->names ? json_string(key) : NULL;

                if (!fits_member(check, node, value, &below))
                        yes = false;
                if (name && !fits(check, node->names, name, &below))
                        yes = false;
        }
        return fits_dependencies(check, node, object, at) && yes;
}

static bool contains_fitting(struct check *check, const struct node *node, const json_t *array,
                             const struct where *at)
{
        for (size_t i = 0; i < json_array_size(array); i++) {
                const struct where below = { at, NULL, i };

                if (would_fit(check, node, json_array_get(array, i), &below))
                        return true;
        }
        return check_fail(check, at, "contains", "must hold at least one item of the wanted form");
}

static bool fits_array(struct check *check, const struct node *node, const json_t *array,
                       const struct where *at)
{
        bool yes = true;

        for (size_t i = 0; i < json_array_size(array); i++) {
                const struct node *item = node_for_index(node, i);
                const struct where below = { at, NULL, i };

                if (item && !fits(check, item, json_array_get(array, i), &below))
                        yes = false;
        }
        return (!node->contains || contains_fitting(check, node->contains, array, at)) && yes;
}

static size_t count_fitting(struct check *check, const struct nodes *nodes, const json_t *value,
                            const struct where *at, size_t enough)
{
        size_t n = 0;

        for (size_t i = 0; i < nodes->n && n < enough; i++)
                n += would_fit(check, nodes->list[i], value, at);
        return n;
}

static bool fits_alternatives(struct check *check, const struct node *node, const json_t *value,
                              const struct where *at)
{
        bool yes = true;
        size_t n;

        for (size_t i = 0; i < node->all.n; i++)
                if (!fits(check, node->all.list[i], value, at))
                        yes = false;
        if (node->any.n && !count_fitting(check, &node->any, value, at, 1))
                yes = check_fail(check, at, "anyOf", "must have one of the %zu allowed forms",
                                 node->any.n);
        if (node->one.n) {
                n = count_fitting(check, &node->one, value, at, 2);
                if (n != 1)
                        yes = check_fail(check, at, "oneOf", n ? "must have only one of the %zu "
                                         "allowed forms, not several" : "must have one of the %zu "
                                         "allowed forms", node->one.n);
        }
        if (node->not_this && would_fit(check, node->not_this, value, at))
                yes = check_fail(check, at, "not", "has a form that is excluded");
        return yes;
}

static bool fits_condition(struct check *check, const struct node *node, const json_t *value,
                           const struct where *at)
{
        const struct node *branch;

        if (!node->condition || (!node->then && !node->otherwise))
                return true;
        branch = would_fit(check, node->condition, value, at) ? node->then : node->otherwise;
        return !branch || fits(check, branch, value, at);
}

static bool fits_whole(struct check *check, const struct node *node, const json_t *value,
                       const struct where *at)
{
        bool yes = fits_type(check, node, value, at) && fits_words(check, node, value, at);

        if (json_is_object(value) && !fits_object(check, node, value, at))
                yes = false;
        if (json_is_array(value) && !fits_array(check, node, value, at))
                yes = false;
        if (!fits_alternatives(check, node, value, at))
                yes = false;
        return fits_condition(check, node, value, at) && yes;
}

static bool fits(struct check *check, const struct node *node, const json_t *value,
                 const struct where *at)
{
        bool yes;

        if (check->depth >= SCHEMA_DEPTH_MAX)
                check->exhausted = true;
        if (!check_spend(check, 1))
                return false;
        if (node->never)
                return check_fail(check, at, "false", "is not allowed here");
        check->depth++;
        yes = node->ref ? fits(check, node->ref, value, at) : fits_whole(check, node, value, at);
        check->depth--;
        return yes;
}

static const char *error_text(const json_t *error, struct text *text)
{
        const char *path = json_text_of(error, "path", "");

        text_addf(text, "%s%s%s", path, *path ? ": " : "", json_text_of(error, "message", ""));
        return text->s ? text->s : "";
}

/* The first mismatch is what is wrong, the next few are why; all are in the detail. */
static int mismatch(const struct check *check, struct fault *fault)
{
        _text_ struct text first = TEXT_INIT, others = TEXT_INIT;
        size_t n = json_array_size(check->errors);

        fault_set(fault, 422, "schema.mismatch", "%s",
                  error_text(json_array_get(check->errors, 0), &first));
        for (size_t i = 1; i < n && i < 4; i++) {
                text_add(&others, i > 1 ? "; " : "");
                error_text(json_array_get(check->errors, i), &others);
        }
        if (check->mismatches > 4)
                text_addf(&others, "; and %zu more", check->mismatches - 4);
        if (others.s)
                fault_why(fault, "%s", others.s);
        return fault_detail(fault, "errors", json_incref(check->errors));
}

/* Our rule for the root alone: "properties" without "type" means an object. */
static bool fits_as_root(struct check *check, const struct node *node, const json_t *value,
                         const struct where *at)
{
        if (node->properties.used && !node->types && !json_is_object(value))
                return check_fail(check, at, "type", "must be an object");
        return fits(check, node, value, at);
}

int schema_check(const struct schema *schema, const json_t *value, struct fault *fault)
{
        _json_ json_t *errors = json_array();
        struct check check = { .errors = errors };
        const struct where root = { NULL, NULL, 0 };
        bool yes;

        if (!schema || !schema->root)
                return 0;
        yes = fits_as_root(&check, schema->root, value, &root);
        if (check.exhausted) {
                fault_set(fault, 422, "schema.limit", "the value could not be checked within %d "
                          "steps and %d levels of the schema", STEPS_MAX, SCHEMA_DEPTH_MAX);
                return fault_try(fault, "send a smaller value, or simplify the schema");
        }
        return yes ? 0 : mismatch(&check, fault);
}

int schema_compile(const json_t *source, struct schema **ret, struct fault *fault)
{
        struct schema *schema = calloc(1, sizeof *schema);
        int r;

        if (!schema)
                return -ENOMEM;
        schema->refs = 1;
        schema->source = json_incref((json_t *)source);
        r = source ? schema_compile_nodes(schema, fault) : 0;
        if (r) {
                schema_unref(schema);
                return r;
        }
        *ret = schema;
        return 0;
}

struct schema *schema_ref(const struct schema *schema)
{
        struct schema *mine = (struct schema *)schema;

        if (mine)
                __atomic_add_fetch(&mine->refs, 1, __ATOMIC_RELAXED);
        return mine;
}

struct schema *schema_unref(struct schema *schema)
{
        if (!schema || __atomic_sub_fetch(&schema->refs, 1, __ATOMIC_ACQ_REL))
                return NULL;
        for (size_t i = 0; i < schema->owned.n; i++)
                node_free(schema->owned.list[i]);
        free(schema->owned.list);
        json_decref(schema->source);
        free(schema);
        return NULL;
}

const json_t *schema_source(const struct schema *schema)
{
        return schema ? schema->source : NULL;
}
