/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The stage: tasks that a transition reached, until they begin. A join waits here for its other
 * branches, and a `with` task stays while its items run.
 */
#include "workflow/life.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KEY 32

static void key_of(char key[KEY], const struct conductor *c, const struct node *node,
                   unsigned route)
{
        snprintf(key, KEY, "%zu.%u", (size_t)(node - c->workflow->nodes), route);
}

struct staged *staged_find(const struct conductor *c, const struct node *node, unsigned route)
{
        char key[KEY];

        key_of(key, c, node, route);
        return map_get(&c->staged_at, key);
}

int staged_add(struct conductor *c, struct node *node, unsigned route, struct context *in,
               struct staged **ret)
{
        struct staged *staged = arena_alloc(&c->contexts.arena, sizeof *staged);
        char key[KEY];

        if (!staged)
                return -ENOMEM;
        *staged = (struct staged){ .serial = c->serials++, .route = route, .node = node, .in = in };
        key_of(key, c, node, route);
        if (map_put(&c->staged_at, key, staged, NULL))
                return -ENOMEM;
        list_append(&c->staged, &staged->link);
        *ret = staged;
        return staged_mark(c, staged);
}

int staged_mark(struct conductor *c, struct staged *staged)
{
        if (staged->is_dirty || c->is_restoring)
                return 0;
        if (list_grow((void **)&c->dirty_staged, &c->dirty_staged_room, c->dirty_staged_count,
                      sizeof staged))
                return -ENOMEM;
        c->dirty_staged[c->dirty_staged_count++] = staged;
        staged->is_dirty = true;
        return 0;
}

static bool may_begin(const struct staged *staged)
{
        return staged->is_ready && !staged->is_completed;
}

int staged_set(struct conductor *c, struct staged *staged, bool is_ready, bool is_completed)
{
        c->ready -= may_begin(staged);
        staged->is_ready = is_ready;
        staged->is_completed = is_completed;
        c->ready += may_begin(staged);
        return staged_mark(c, staged);
}

void staged_drop_items(struct staged *staged)
{
        staged->items = items_free(staged->items);
}

int staged_remove(struct conductor *c, struct staged *staged)
{
        char key[KEY];

        if (!staged || (staged->items && items_have_active(staged->items)))
                return 0;
        c->ready -= may_begin(staged);
        key_of(key, c, staged->node, staged->route);
        map_remove(&c->staged_at, key);
        list_unlink(&staged->link);
        staged->is_gone = true;
        staged_drop_items(staged);
        return staged_mark(c, staged);
}

/* The list may be shared with the entry that was made from it: it is grown in a new place. */
int back_add(struct conductor *c, struct back *back, const struct edge *edge, unsigned entry)
{
        size_t at = 0;

        while (at < back->count && strcmp(back->list[at].edge->backref, edge->backref))
                at++;
        if (at == back->room || back->room == 0) {
                size_t room = back->count < 2 ? 2 : back->count * 2;
                struct back_link *list = arena_alloc(&c->contexts.arena, room * sizeof *list);

                if (!list)
                        return -ENOMEM;
                if (back->count)
                        memcpy(list, back->list, back->count * sizeof *list);
                back->list = list;
                back->room = room;
        }
        back->list[at] = (struct back_link){ edge, entry };
        back->count += at == back->count;
        return 0;
}
