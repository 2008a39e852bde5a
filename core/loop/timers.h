/* SPDX-License-Identifier: Apache-2.0 */

/* The timers of one loop; loop.h has what others call. */

#ifndef LOOP_TIMERS_H
#define LOOP_TIMERS_H

#include "base/list.h"

#include <stdint.h>

struct loop_timer;

struct timers {
        struct list due;                /* about to fire */
        struct loop_timer **heap;
        size_t n_heap, n, room;         /* room >= n, so that setting one cannot fail */
        uint64_t n_set;
};

void timers_init(struct timers *timers);
void timers_deinit(struct timers *timers);
int timers_add(struct timers *timers, void (*fn)(void *arg), void *arg, struct loop_timer **ret);
void timers_fire(struct timers *timers);
/* How long to wait for the first one, at most timeout_ms (-1: for ever). */
int timers_wait_ms(const struct timers *timers, int timeout_ms);

#endif
