/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tasks that began, in order. The newest run of a task on a route is what counts for everything
 * but a rerun, so only the newest ones are counted by status.
 */
#include "workflow/life.h"

#include <errno.h>
#include <stdio.h>

#define KEY 32

static void key_of(char key[KEY], const struct conductor *c, const struct node *node,
                   unsigned route)
{
        snprintf(key, KEY, "%zu.%u", (size_t)(node - c->workflow->nodes), route);
}

struct entry *entry_latest(const struct conductor *c, const struct node *node, unsigned route)
{
        char key[KEY];

        key_of(key, c, node, route);
        return map_get(&c->latest, key);
}

int entry_add(struct conductor *c, struct node *node, unsigned route, struct context *in,
              const struct back *prev, struct entry **ret)
{
        struct entry *entry = arena_alloc(&c->contexts.arena, sizeof *entry);
        unsigned char *next = arena_alloc(&c->contexts.arena, node->out_count + 1);
        void *old = NULL;
        char key[KEY];

        if (!entry || !next ||
            list_grow((void **)&c->entries, &c->entry_room, c->entry_count, sizeof entry))
                return -ENOMEM;
        *entry = (struct entry){ .index = (unsigned)c->entry_count, .route = route, .node = node,
                                 .in = in, .prev = *prev, .next = next };
        entry->prev.room = 0;           /* the list is shared with what was staged */
        for (size_t i = 0; i < node->out_count; i++)
                next[i] = TAKEN_NOT_SAID;
        key_of(key, c, node, route);
        if (map_put(&c->latest, key, entry, &old))
                return -ENOMEM;
        if (old)
                c->by_status[((struct entry *)old)->status]--;
        c->by_status[entry->status]++;
        c->entries[c->entry_count++] = entry;
        *ret = entry;
        return entry_mark(c, entry);
}

int entry_mark(struct conductor *c, struct entry *entry)
{
        if (entry->is_dirty || c->is_restoring)
                return 0;
        if (list_grow((void **)&c->dirty_entries, &c->dirty_entry_room, c->dirty_entry_count,
                      sizeof entry))
                return -ENOMEM;
        c->dirty_entries[c->dirty_entry_count++] = entry;
        entry->is_dirty = true;
        return 0;
}

int entry_become(struct conductor *c, struct entry *entry, enum status status)
{
        if (status == entry->status)
                return 0;
        if (entry_latest(c, entry->node, entry->route) == entry) {
                c->by_status[entry->status]--;
                c->by_status[status]++;
        }
        entry->status = status;
        return entry_mark(c, entry);
}

int entry_end(struct conductor *c, struct entry *entry, bool is_terminal)
{
        if (entry->is_terminal == is_terminal)
                return 0;
        entry->is_terminal = is_terminal;
        return entry_mark(c, entry);
}

bool life_has_active(const struct conductor *c)
{
        for (int i = 0; i < STATUS_COUNT; i++)
                if (c->by_status[i] && status_is_active((enum status)i))
                        return true;
        return false;
}

bool life_has_paused(const struct conductor *c)
{
        return c->by_status[STATUS_PAUSED] || c->by_status[STATUS_PENDING];
}

bool life_has_canceled(const struct conductor *c)
{
        return c->by_status[STATUS_CANCELING] || c->by_status[STATUS_CANCELED];
}
