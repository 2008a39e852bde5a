/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Worker threads for what may block: core-home plugin calls, HTTP exchanges, dials. Threads are
 * made as they are needed, up to the limit, and end after a while without work. Jobs start in the
 * order of pool_run(); beyond the limit they wait.
 */

#ifndef LOOP_POOL_H
#define LOOP_POOL_H

struct pool;

int pool_new(unsigned threads_max, struct pool **ret);          /* 0 or -errno */
/* Any thread. 0, -ENOMEM, or -ESHUTDOWN after pool_stop(). */
int pool_run(struct pool *pool, void (*fn)(void *arg), void *arg);
unsigned pool_busy(struct pool *pool);                          /* jobs running now */
/* Take no more; wait for what runs and waits. From one thread, and not from a job. */
void pool_stop(struct pool *pool);
struct pool *pool_free(struct pool *pool);                      /* stops; NULL; accepts NULL */

#endif
