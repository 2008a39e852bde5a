/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A tree whose nodes are steps of paths; a group hangs at the node of one of its paths, the one
 * with the fewest groups yet, so that a path which all groups share does not collect them all. An
 * event walks the tree and its own payload together, over the members of whichever has fewer, and
 * meets only groups that hang at values it has.
 */
#include "flow/aisle.h"

#include "base/cleanup.h"
#include "base/map.h"
#include "base/text.h"
#include "flow/rule_criteria.h"

#include <errno.h>
#include <string.h>

struct equality {
        const struct path *path;
        const json_t *constant;
        char *name;                     /* the path's steps, spelled one way */
};

struct equalities {
        struct equality list[CRITERIA_MAX];
        size_t n;
};

struct node {
        struct step step;               /* its name is the key in the parent */
        struct map children;
        struct group **groups;
        size_t n;
};

struct aisle {
        struct node root;
        struct map groups;              /* the paths' names to struct group, owned */
};

static void *grow(void *list, size_t n, size_t size)
{
        return n & (n - 1) ? list : reallocarray(list, n ? n * 2 : 1, size);
}

static void free_node(void *p)
{
        struct node *node = p;

        map_deinit(&node->children, free_node);
        free(node->step.name);
        free(node->groups);
        free(node);
}

static void free_group(void *p)
{
        group_free(p);
}

struct aisle *aisle_new(void)
{
        return calloc(1, sizeof(struct aisle));
}

struct aisle *aisle_free(struct aisle *aisle)
{
        if (!aisle)
                return NULL;
        map_deinit(&aisle->groups, free_group);
        map_deinit(&aisle->root.children, free_node);
        free(aisle->root.groups);
        free(aisle);
        return NULL;
}

/* Unambiguous: a name's length stands before it, and quoted numbers differ from indices. */
static char *spell(const struct path *path)
{
        struct text text = TEXT_INIT;

        for (size_t i = 0; i < path->n; i++)
                text_addf(&text, "%c%zu:%s", path->steps[i].is_index ? '#' : '.',
                          strlen(path->steps[i].name), path->steps[i].name);
        return text_take(&text);
}

static int by_name(const void *a, const void *b)
{
        const struct equality *x = a, *y = b;

        return strcmp(x->name, y->name);
}

/* The rule's equality criteria in the order of their paths' names. */
static int collect(const struct rule *rule, struct equalities *e)
{
        const struct criteria *criteria = rule_criteria(rule);

        for (size_t i = 0; i < criteria_count(criteria); i++) {
                struct equality *next = &e->list[e->n];

                if (!criteria_equality(criteria, i, &next->path, &next->constant))
                        continue;
                next->name = spell(next->path);
                if (!next->name)
                        return -ENOMEM;
                e->n++;
        }
        qsort(e->list, e->n, sizeof *e->list, by_name);
        return 0;
}

static void equalities_deinit(struct equalities *e)
{
        for (size_t i = 0; i < e->n; i++)
                free(e->list[i].name);
}

static struct node *child_of(struct node *node, const struct step *step)
{
        struct node *child = map_get(&node->children, step->name);

        if (child) {
                /* ["0"] and [0] share a node, which then has to look into lists, too. */
                child->step.is_index |= step->is_index;
                child->step.index = step->index;
                return child;
        }
        child = calloc(1, sizeof *child);
        if (!child)
                return NULL;
        child->step = *step;
        child->step.name = strdup(step->name);
        if (!child->step.name || map_put(&node->children, step->name, child, NULL) < 0) {
                free_node(child);
                return NULL;
        }
        return child;
}

static struct node *node_at(struct aisle *aisle, const struct path *path)
{
        struct node *node = &aisle->root;

        for (size_t i = 0; i < path->n && node; i++)
                node = child_of(node, &path->steps[i]);
        return node;
}

static int hang(struct aisle *aisle, const struct equalities *e, struct group *group)
{
        struct node *best = NULL;
        struct group **groups;

        for (size_t i = 0; i < e->n; i++) {
                struct node *node = node_at(aisle, e->list[i].path);

                if (!node)
                        return -ENOMEM;
                if (!best || node->n < best->n)
                        best = node;
        }
        groups = grow(best->groups, best->n, sizeof *groups);
        if (!groups)
                return -ENOMEM;
        best->groups = groups;
        groups[best->n++] = group;
        return 0;
}

static struct group *new_group(struct aisle *aisle, const struct equalities *e, const char *name)
{
        const struct path *paths[CRITERIA_MAX];
        struct group *group;

        for (size_t i = 0; i < e->n; i++)
                paths[i] = e->list[i].path;
        group = group_new(paths, e->n);
        if (!group || map_put(&aisle->groups, name, group, NULL) < 0)
                return group_free(group);
        if (hang(aisle, e, group) < 0) {
                map_remove(&aisle->groups, name);
                return group_free(group);
        }
        return group;
}

static struct group *find_group(struct aisle *aisle, const struct equalities *e)
{
        _text_ struct text name = TEXT_INIT;
        struct group *group;

        for (size_t i = 0; i < e->n; i++)
                text_addf(&name, "%s|", e->list[i].name);
        if (name.failed)
                return NULL;
        group = map_get(&aisle->groups, name.s);
        return group ? group : new_group(aisle, e, name.s);
}

static int add(struct aisle *aisle, const struct equalities *e, const struct rule *rule)
{
        struct group *group = find_group(aisle, e);
        const json_t *constants[CRITERIA_MAX];

        for (size_t i = 0; i < e->n; i++)
                constants[i] = e->list[i].constant;
        return group ? group_add(group, constants, rule) : -ENOMEM;
}

int aisle_add(struct aisle *aisle, const struct rule *rule)
{
        struct equalities e = { .n = 0 };
        int r = collect(rule, &e);

        if (!r)
                r = e.n ? add(aisle, &e, rule) : AISLE_NO_EQUALITY;
        equalities_deinit(&e);
        return r;
}

struct walk {
        const json_t *scope;
        group_visitor *visit;
        void *arg;
};

static int walk_node(const struct walk *walk, const struct node *node, const json_t *value);

static int walk_children(const struct walk *walk, const struct node *node, const json_t *value)
{
        void *child;
        int r = 0;

        for (size_t i = 0; !r && map_next(&node->children, &i, NULL, &child);) {
                const json_t *below = step_take(&((struct node *)child)->step, value);

                if (below)
                        r = walk_node(walk, child, below);
        }
        return r;
}

static int walk_members(const struct walk *walk, const struct node *node, const json_t *object)
{
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)object, key, value) {
                const struct node *child = map_get(&node->children, key);
                int r = child ? walk_node(walk, child, value) : 0;

                if (r)
                        return r;
        }
        return 0;
}

static int walk_node(const struct walk *walk, const struct node *node, const json_t *value)
{
        int r = 0;

        for (size_t i = 0; i < node->n && !r; i++)
                r = group_visit(node->groups[i], walk->scope, walk->visit, walk->arg);
        if (r || !node->children.used)
                return r;
        return json_is_object(value) && json_object_size(value) < node->children.used
                ? walk_members(walk, node, value) : walk_children(walk, node, value);
}

int aisle_walk(const struct aisle *aisle, const json_t *scope, group_visitor *visit, void *arg)
{
        const struct walk walk = { scope, visit, arg };

        return walk_node(&walk, &aisle->root, scope);
}
