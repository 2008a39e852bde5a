/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/waiter.h"

struct waiter *waiter_new(struct request *req, const struct id *execution, int64_t deadline_ms,
                          void (*answer)(struct request *req))
{
        struct waiter *waiter = calloc(1, sizeof *waiter);

        if (!waiter)
                return NULL;
        list_init(&waiter->link);
        waiter->req = req;
        waiter->execution = *execution;
        waiter->deadline_ms = deadline_ms;
        waiter->answer = answer;
        return waiter;
}

static int see_final(void *arg, const struct store_execution *execution)
{
        *(bool *)arg = store_status_is_final(execution->status);
        return 0;
}

bool waiter_is_final(struct store *store, const struct id *execution)
{
        _fault_ struct fault fault = FAULT_INIT;
        bool final = false;
        int r = store_get_execution(store, execution, false, see_final, &final, &fault);

        return r != 0 || final;
}

static void answer(struct waiter *waiter)
{
        list_unlink(&waiter->link);
        waiter->answer(waiter->req);
        free(waiter);
}

void waiters_check(struct list *waiters, struct store *store)
{
        list_each_safe(pos, waiters) {
                struct waiter *waiter = list_entry(pos, struct waiter, link);

                if (waiter_is_final(store, &waiter->execution))
                        answer(waiter);
        }
}

void waiters_finished(struct list *waiters, const struct id *execution)
{
        list_each_safe(pos, waiters) {
                struct waiter *waiter = list_entry(pos, struct waiter, link);

                if (id_equal(&waiter->execution, execution))
                        answer(waiter);
        }
}

void waiters_late(struct list *waiters, int64_t now_ms)
{
        list_each_safe(pos, waiters) {
                struct waiter *waiter = list_entry(pos, struct waiter, link);

                if (waiter->deadline_ms <= now_ms)
                        answer(waiter);
        }
}

int64_t waiters_next_ms(const struct list *waiters)
{
        int64_t next = INT64_MAX;

        list_each(pos, waiters) {
                const struct waiter *waiter = list_entry(pos, struct waiter, link);

                next = waiter->deadline_ms < next ? waiter->deadline_ms : next;
        }
        return next;
}
