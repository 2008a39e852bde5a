/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names lie in a persistent trie over their hash, sixteen ways wide: setting one copies the path to
 * it, a handful of nodes, and leaves the old trie as it was. Nodes are taken from an arena, since
 * all contexts of a life go at once.
 */
#include "workflow/context.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 16
#define BITS 4
#define DEEPEST (32 / BITS)     /* below, names of one hash hang in a row */

struct leaf {
        struct leaf *next;
        const char *name;
        json_t *value;          /* NULL: unknown */
        unsigned hash, order;   /* of the first setting, so that a context reads as it grew */
};

struct trie {
        struct trie *way[WAYS];
        struct leaf *leaves;    /* here: of DEEPEST, or a trie of one name */
};

static unsigned hash_of(const char *name)
{
        unsigned hash = 2166136261u;

        for (; *name; name++)
                hash = (hash ^ (unsigned char)*name) * 16777619u;
        return hash;
}

static const struct leaf *leaf_find(const struct leaf *leaf, const char *name)
{
        while (leaf && strcmp(leaf->name, name))
                leaf = leaf->next;
        return leaf;
}

static const struct leaf *trie_find(const struct trie *trie, const char *name)
{
        unsigned hash = hash_of(name);

        for (unsigned depth = 0; trie && !trie->leaves && depth < DEEPEST; depth++)
                trie = trie->way[(hash >> (depth * BITS)) % WAYS];
        return trie ? leaf_find(trie->leaves, name) : NULL;
}

static struct trie *trie_copy(struct arena *arena, const struct trie *from)
{
        struct trie *copy = arena_alloc(arena, sizeof *copy);

        if (copy)
                *copy = from ? *from : (struct trie){ .leaves = NULL };
        return copy;
}

/* The row with leaf in it; one of its name before is left out. */
static struct leaf *row_put(struct arena *arena, const struct leaf *row, struct leaf *leaf)
{
        for (leaf->next = NULL; row; row = row->next) {
                struct leaf *copy;

                if (!strcmp(row->name, leaf->name))
                        continue;
                copy = arena_alloc(arena, sizeof *copy);
                if (!copy)
                        return NULL;
                *copy = *row;
                copy->next = leaf->next;
                leaf->next = copy;
        }
        return leaf;
}

static struct trie *trie_put(struct arena *arena, const struct trie *trie, unsigned depth,
                             struct leaf *leaf)
{
        struct trie *copy = trie_copy(arena, trie);
        unsigned way = depth < DEEPEST ? (leaf->hash >> (depth * BITS)) % WAYS : 0;

        if (!copy)
                return NULL;
        if (!trie || depth == DEEPEST ||
            (trie->leaves && leaf_find(trie->leaves, leaf->name))) {
                copy->leaves = row_put(arena, copy->leaves, leaf);
                return copy->leaves ? copy : NULL;
        }
        if (copy->leaves) {             /* one name becomes two: push the first one down */
                struct leaf *first = copy->leaves;
                unsigned its = (first->hash >> (depth * BITS)) % WAYS;

                copy->leaves = NULL;
                copy->way[its] = trie_copy(arena, NULL);
                if (!copy->way[its])
                        return NULL;
                copy->way[its]->leaves = first;
        }
        copy->way[way] = trie_put(arena, copy->way[way], depth + 1, leaf);
        return copy->way[way] ? copy : NULL;
}

json_t *json_merge_deep(json_t *a, json_t *b)
{
        const char *name;
        json_t *merged, *value;

        if (!json_is_object(a) || !json_is_object(b))
                return json_incref(b);
        merged = json_copy(a);
        json_object_foreach(b, name, value) {
                json_t *mine = json_object_get(a, name);

                value = mine ? json_merge_deep(mine, value) : json_incref(value);
                if (!value || json_object_set_new(merged, name, value)) {
                        json_decref(merged);
                        return NULL;
                }
        }
        return merged;
}

int contexts_init(struct contexts *contexts)
{
        *contexts = (struct contexts){ .arena = ARENA_INIT, .kept = json_array() };
        return contexts->kept ? 0 : -ENOMEM;
}

void contexts_deinit(struct contexts *contexts)
{
        free(contexts->list);
        json_decref(contexts->seen);
        json_decref(contexts->kept);
        json_decref(contexts->root);
        arena_deinit(&contexts->arena);
}

static int context_add(struct contexts *contexts, struct trie *names, bool hides,
                       struct context **ret)
{
        struct context *context = arena_alloc(&contexts->arena, sizeof *context);

        if (contexts->count == contexts->room) {
                size_t room = contexts->room ? contexts->room * 2 : 16;
                struct context **list = realloc(contexts->list, room * sizeof *list);

                if (!list)
                        return -ENOMEM;
                contexts->list = list;
                contexts->room = room;
        }
        if (!context)
                return -ENOMEM;
        *context = (struct context){ contexts->count, names, hides };
        contexts->list[contexts->count++] = context;
        *ret = context;
        return 0;
}

int contexts_root(struct contexts *contexts, json_t *root, struct context **ret)
{
        contexts->root = root;
        return root ? context_add(contexts, NULL, false, ret) : -ENOMEM;
}

/* value (stolen; NULL: unknown) under name, merged with what is there. */
static int put(struct contexts *contexts, struct trie **trie, const char *name, json_t *value)
{
        const struct leaf *old = trie_find(*trie, name);
        struct leaf *leaf = arena_alloc(&contexts->arena, sizeof *leaf);
        json_t *merged = value;

        if (value && old && json_is_object(old->value) && !contexts->replaces) {
                merged = json_merge_deep(old->value, value);
                json_decref(value);
                value = merged;
        }
        if (value && json_array_append_new(contexts->kept, value))
                return -ENOMEM;
        if (!leaf)
                return -ENOMEM;
        *leaf = (struct leaf){ NULL, NULL, value, hash_of(name),
                               old ? old->order : contexts->names++ };
        leaf->name = old ? old->name : arena_text(&contexts->arena, name);
        if (leaf->name)
                *trie = trie_put(&contexts->arena, *trie, 0, leaf);
        return leaf->name && *trie ? 0 : -ENOMEM;
}

int contexts_set(struct contexts *contexts, const struct context *from, const json_t *set,
                 struct context **ret)
{
        struct trie *names = from->names;
        bool hides = from->hides;
        json_t *pair;
        size_t i;

        json_array_foreach(set, i, pair) {
                json_t *value = json_array_get(pair, 1);

                hides |= !value;
                if (put(contexts, &names, json_string_value(json_array_get(pair, 0)),
                        json_incref(value)))
                        return -ENOMEM;
        }
        return context_add(contexts, names, hides, ret);
}

struct leaves {
        const struct leaf **list;
        size_t count, room;
};

static int leaves_collect(const struct trie *trie, struct leaves *leaves)
{
        if (!trie)
                return 0;
        for (const struct leaf *leaf = trie->leaves; leaf; leaf = leaf->next) {
                if (leaves->count == leaves->room) {
                        size_t room = leaves->room ? leaves->room * 2 : 16;
                        const struct leaf **list = realloc(leaves->list, room * sizeof *list);

                        if (!list)
                                return -ENOMEM;
                        leaves->list = list;
                        leaves->room = room;
                }
                leaves->list[leaves->count++] = leaf;
        }
        for (size_t i = 0; i < WAYS; i++)
                if (leaves_collect(trie->way[i], leaves))
                        return -ENOMEM;
        return 0;
}

static int by_order(const void *a, const void *b)
{
        const struct leaf *x = *(const struct leaf *const *)a, *y = *(const struct leaf *const *)b;

        return x->order < y->order ? -1 : x->order > y->order;
}

static int leaves_sorted(const struct trie *trie, struct leaves *leaves)
{
        int r = leaves_collect(trie, leaves);

        if (r == 0 && leaves->count)
                qsort(leaves->list, leaves->count, sizeof *leaves->list, by_order);
        return r;
}

static void leaves_deinit(struct leaves *leaves)
{
        free(leaves->list);
}

int contexts_join(struct contexts *contexts, const struct context *base, const struct context *top,
                  struct context **ret)
{
        _cleanup_(leaves_deinit) struct leaves leaves = { NULL, 0, 0 };
        struct trie *names = base->names;
        int r = leaves_sorted(top->names, &leaves);

        for (size_t i = 0; r == 0 && i < leaves.count; i++)
                r = put(contexts, &names, leaves.list[i]->name, json_incref(leaves.list[i]->value));
        return r ? r : context_add(contexts, names, base->hides || top->hides, ret);
}

/* A value above the root, where the root has one (or NULL) of the same name. */
static json_t *over(const struct contexts *contexts, json_t *root, json_t *value)
{
        return root && !contexts->replaces ? json_merge_deep(root, value) : json_incref(value);
}

json_t *context_variable(const struct contexts *contexts, const struct context *context,
                    const char *name, bool *ret_unknown)
{
        const struct leaf *leaf = context ? trie_find(context->names, name) : NULL;
        json_t *root = json_object_get(contexts->root, name);

        *ret_unknown = leaf && !leaf->value;
        if (!leaf)
                return json_incref(root);
        if (!leaf->value)
                return NULL;
        return over(contexts, root, leaf->value);
}

static json_t *gather(const struct contexts *contexts, const struct context *context)
{
        _cleanup_(leaves_deinit) struct leaves leaves = { NULL, 0, 0 };
        json_t *all = json_object(), *value;
        const char *name;

        if (!all || (context && leaves_sorted(context->names, &leaves)))
                return json_decref(all), NULL;
        json_object_foreach(contexts->root, name, value)
                if (strncmp(name, "__", 2))
                        json_object_set(all, name, value);
        for (size_t i = 0; i < leaves.count; i++) {
                const struct leaf *leaf = leaves.list[i];

                value = json_object_get(contexts->root, leaf->name);
                if (!leaf->value)
                        json_object_del(all, leaf->name);
                else if (strncmp(leaf->name, "__", 2))
                        json_object_set_new(all, leaf->name,
                                            over(contexts, value, leaf->value));
        }
        return all;
}

json_t *context_all(struct contexts *contexts, const struct context *context)
{
        if (!contexts->seen || contexts->seen_of != context) {
                json_decref(contexts->seen);
                contexts->seen = gather(contexts, context);
                contexts->seen_of = context;
        }
        return json_incref(contexts->seen);
}
