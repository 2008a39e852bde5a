/* SPDX-License-Identifier: Apache-2.0 */

/* Requests that wait for an execution to end. The lists belong to the stream's thread. */

#ifndef REST_WAITER_H
#define REST_WAITER_H

#include "base/list.h"
#include "rest/request.h"

struct waiter {
        struct list link;
        struct request *req;
        struct id execution;
        int64_t deadline_ms;
        void (*answer)(struct request *req);
};

struct waiter *waiter_new(struct request *req, const struct id *execution, int64_t deadline_ms,
                          void (*answer)(struct request *req));
/* Has it ended, by the store's word? One that is gone has. */
bool waiter_is_final(struct store *store, const struct id *execution);

/* Each answers and frees the waiters that it is about. */
void waiters_check(struct list *waiters, struct store *store);         /* whose executions ended */
void waiters_finished(struct list *waiters, const struct id *execution);
void waiters_late(struct list *waiters, int64_t now_ms);
int64_t waiters_next_ms(const struct list *waiters);                   /* INT64_MAX: none waits */

#endif
