/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A binary heap by time. Those that are due are first moved to a list, from which setting or freeing
 * one takes it out again: so a callback may do either to any timer, and one that sets itself to the
 * past waits for the next round instead of holding the loop for ever. A timerfd was not taken, since
 * it costs a system call at each change of the first entry.
 */

#include "loop/timers.h"

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
        struct list link;               /* in timers->due while it is about to fire */
        struct timers *in;
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

static void heap_place(struct timers *timers, size_t i, struct loop_timer *timer)
{
        timers->heap[i] = timer;
        timer->at_heap = i;
}

static void heap_up(struct timers *timers, size_t i, struct loop_timer *timer)
{
        for (; i && sooner(timer, timers->heap[(i - 1) / 2]); i = (i - 1) / 2)
                heap_place(timers, i, timers->heap[(i - 1) / 2]);
        heap_place(timers, i, timer);
}

static void heap_down(struct timers *timers, size_t i, struct loop_timer *timer)
{
        for (size_t child; (child = 2 * i + 1) < timers->n_heap; i = child) {
                if (child + 1 < timers->n_heap && sooner(timers->heap[child + 1], timers->heap[child]))
                        child++;
                if (!sooner(timers->heap[child], timer))
                        break;
                heap_place(timers, i, timers->heap[child]);
        }
        heap_place(timers, i, timer);
}

int timers_add(struct timers *timers, void (*fn)(void *arg), void *arg, struct loop_timer **ret)
{
        struct loop_timer *timer;

        if (timers->n == timers->room) {
                size_t room = timers->room ? timers->room * 2 : 16;
                struct loop_timer **heap = realloc(timers->heap, room * sizeof *heap);

                if (!heap)
                        return -ENOMEM;
                timers->heap = heap;
                timers->room = room;
        }
        timer = calloc(1, sizeof *timer);
        if (!timer)
                return -ENOMEM;
        *timer = (struct loop_timer){ .in = timers, .at_heap = UNSET, .fn = fn, .arg = arg };
        list_init(&timer->link);
        timers->n++;
        *ret = timer;
        return 0;
}

void loop_timer_unset(struct loop_timer *timer)
{
        struct timers *timers = timer->in;
        size_t hole = timer->at_heap;
        struct loop_timer *last;

        list_unlink(&timer->link);
        if (hole == UNSET)
                return;
        timer->at_heap = UNSET;
        last = timers->heap[--timers->n_heap];
        if (last == timer)
                return;
        if (hole && sooner(last, timers->heap[(hole - 1) / 2]))
                heap_up(timers, hole, last);
        else
                heap_down(timers, hole, last);
}

void loop_timer_set(struct loop_timer *timer, int64_t at_ms)
{
        struct timers *timers = timer->in;

        loop_timer_unset(timer);
        timer->at_ms = at_ms;
        timer->order = timers->n_set++;
        heap_up(timers, timers->n_heap++, timer);
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

void timers_fire(struct timers *timers)
{
        int64_t now_ms = timers->n_heap ? clock_mono_ms() : 0;

        while (timers->n_heap && timers->heap[0]->at_ms <= now_ms) {
                struct loop_timer *timer = timers->heap[0];

                loop_timer_unset(timer);
                list_append(&timers->due, &timer->link);
        }
        while (!list_is_empty(&timers->due)) {
                struct loop_timer *timer = list_entry(timers->due.next, struct loop_timer, link);

                list_unlink(&timer->link);
                timer->fn(timer->arg);
        }
}

int timers_wait_ms(const struct timers *timers, int timeout_ms)
{
        int64_t left_ms;

        if (!timers->n_heap)
                return timeout_ms;
        left_ms = timers->heap[0]->at_ms - clock_mono_ms();
        if (left_ms < 0)
                left_ms = 0;
        if (left_ms > WAIT_MAX_MS)
                left_ms = WAIT_MAX_MS;
        return timeout_ms < 0 || left_ms < timeout_ms ? (int)left_ms : timeout_ms;
}

void timers_init(struct timers *timers)
{
        memset(timers, 0, sizeof *timers);
        list_init(&timers->due);
}

void timers_deinit(struct timers *timers)
{
        while (timers->n_heap)
                loop_timer_free(timers->heap[0]);
        free(timers->heap);
}
