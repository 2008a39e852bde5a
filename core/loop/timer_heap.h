/* SPDX-License-Identifier: Apache-2.0 */

/* The timers of one loop; loop.h has what others call. */

#ifndef LOOP_TIMER_HEAP_H
#define LOOP_TIMER_HEAP_H

#include "base/list.h"

#include <stdint.h>

struct loop_timer;

struct timer_heap {
        struct list due;                /* about to fire */
        struct loop_timer **at;
        size_t n_heap, n, room;         /* room >= n, so that setting one cannot fail */
        uint64_t n_set;
};

void timer_heap_init(struct timer_heap *heap);
void timer_heap_deinit(struct timer_heap *heap);
int timer_heap_add(struct timer_heap *heap, void (*fn)(void *arg), void *arg,
                   struct loop_timer **ret);
void timer_heap_fire(struct timer_heap *heap);
/* How long to wait for the first one, at most timeout_ms (-1: for ever). */
int timer_heap_wait_ms(const struct timer_heap *heap, int timeout_ms);

#endif
