/* SPDX-License-Identifier: Apache-2.0 */

/* An intrusive doubly linked list; the head is a link of its own. Not locked. */

#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
        struct list *next, *prev;
};

#define LIST_INIT(head) { &(head), &(head) }
#define list_entry(link, type, member) ((type *)(void *)((char *)(link) - offsetof(type, member)))
#define list_each(pos, head) for (struct list *pos = (head)->next; pos != (head); pos = pos->next)
/* The body may unlink pos. */
#define list_each_safe(pos, head)                                                       \
        for (struct list *pos = (head)->next, *pos##_next = pos->next; pos != (head);   \
             pos = pos##_next, pos##_next = pos->next)

static inline void list_init(struct list *head)
{
        head->next = head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
        return head->next == head;
}

static inline void list_append(struct list *head, struct list *link)
{
        link->prev = head->prev;
        link->next = head;
        head->prev->next = link;
        head->prev = link;
}

/* The link is left pointing at itself, so unlinking twice does no harm. */
static inline void list_unlink(struct list *link)
{
        link->prev->next = link->next;
        link->next->prev = link->prev;
        list_init(link);
}

/* Move all of from to the end of to. */
static inline void list_splice(struct list *to, struct list *from)
{
        if (list_is_empty(from))
                return;
        from->next->prev = to->prev;
        to->prev->next = from->next;
        from->prev->next = to;
        to->prev = from->prev;
        list_init(from);
}

#endif
