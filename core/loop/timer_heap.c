/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A binary heap by time. Those that are due are first moved to a list, from which setting or
 * freeing one takes it out again: so a callback may do either to any timer, and one that sets
 * itself to the past waits for the next round instead of holding the loop for ever. A timerfd was
 * not taken, since it costs a system call at each change of the first entry.
 */

#include "loop/timer_heap.h"

#include "base/clock.h"
#include "loop/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The clock counts suspended time and epoll's does not: look again now and then. */
#define WAIT_MAX_MS 60000
#define UNSET SIZE_MAX

struct loop_timer {
        struct list link;               /* in due of the heap while it is about to fire */
        struct timer_heap *in;
        size_t at_heap;                 /* index, or UNSET */
        int64_t at_ms;
        uint64_t order;                 /* of setting: equal times fire in it */
        void (*fn)(void *arg);
        void *arg;
};

static bool sooner(const struct loop_timer *a, const struct loop_timer *b)
{
        return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void heap_place(struct timer_heap *heap, size_t i, struct loop_timer *timer)
{
        heap->at[i] = timer;
        timer->at_heap = i;
}

static void heap_up(struct timer_heap *heap, size_t i, struct loop_timer *timer)
{
        for (; i && sooner(timer, heap->at[(i - 1) / 2]); i = (i - 1) / 2)
                heap_place(heap, i, heap->at[(i - 1) / 2]);
        heap_place(heap, i, timer);
}

static void heap_down(struct timer_heap *heap, size_t i, struct loop_timer *timer)
{
        for (size_t child; (child = 2 * i + 1) < heap->n_heap; i = child) {
                if (child + 1 < heap->n_heap && sooner(heap->at[child + 1], heap->at[child]))
                        child++;
                if (!sooner(heap->at[child], timer))
                        break;
                heap_place(heap, i, heap->at[child]);
        }
        heap_place(heap, i, timer);
}

int timer_heap_add(struct timer_heap *heap, void (*fn)(void *arg), void *arg,
                   struct loop_timer **ret)
{
        struct loop_timer *timer;

        if (heap->n == heap->room) {
                size_t room = heap->room ? heap->room * 2 : 16;
                struct loop_timer **at = realloc(heap->at, room * sizeof *at);

                if (!at)
                        return -ENOMEM;
                heap->at = at;
                heap->room = room;
        }
        timer = calloc(1, sizeof *timer);
        if (!timer)
                return -ENOMEM;
        *timer = (struct loop_timer){ .in = heap, .at_heap = UNSET, .fn = fn, .arg = arg };
        list_init(&timer->link);
        heap->n++;
        *ret = timer;
        return 0;
}

void loop_timer_unset(struct loop_timer *timer)
{
        struct timer_heap *heap = timer->in;
        size_t hole = timer->at_heap;
        struct loop_timer *last;

        list_unlink(&timer->link);
        if (hole == UNSET)
                return;
        timer->at_heap = UNSET;
        last = heap->at[--heap->n_heap];
        if (last == timer)
                return;
        if (hole && sooner(last, heap->at[(hole - 1) / 2]))
                heap_up(heap, hole, last);
        else
                heap_down(heap, hole, last);
}

void loop_timer_set(struct loop_timer *timer, int64_t at_ms)
{
        struct timer_heap *heap = timer->in;

        loop_timer_unset(timer);
        timer->at_ms = at_ms;
        timer->order = heap->n_set++;
        heap_up(heap, heap->n_heap++, timer);
}

struct loop_timer *loop_timer_free(struct loop_timer *timer)
{
        if (!timer)
                return NULL;
        loop_timer_unset(timer);
        timer->in->n--;
        free(timer);
        return NULL;
}

void timer_heap_fire(struct timer_heap *heap)
{
        int64_t now_ms = heap->n_heap ? clock_mono_ms() : 0;

        while (heap->n_heap && heap->at[0]->at_ms <= now_ms) {
                struct loop_timer *timer = heap->at[0];

                loop_timer_unset(timer);
                list_append(&heap->due, &timer->link);
        }
        while (!list_is_empty(&heap->due)) {
                struct loop_timer *timer = list_entry(heap->due.next, struct loop_timer, link);

                list_unlink(&timer->link);
                timer->fn(timer->arg);
        }
}

int timer_heap_wait_ms(const struct timer_heap *heap, int timeout_ms)
{
        int64_t left_ms;

        if (!heap->n_heap)
                return timeout_ms;
        left_ms = heap->at[0]->at_ms - clock_mono_ms();
        if (left_ms < 0)
                left_ms = 0;
        if (left_ms > WAIT_MAX_MS)
                left_ms = WAIT_MAX_MS;
        return timeout_ms < 0 || left_ms < timeout_ms ? (int)left_ms : timeout_ms;
}

void timer_heap_init(struct timer_heap *heap)
{
        memset(heap, 0, sizeof *heap);
        list_init(&heap->due);
}

void timer_heap_deinit(struct timer_heap *heap)
{
        while (heap->n_heap)
                loop_timer_free(heap->at[0]);
        free(heap->at);
}
