/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Handing work to one thread. Pushing is one compare-and-swap on a stack; the taker takes the whole
 * stack and turns it round. The mutex is touched only by the push that finds the stack empty, since
 * only then can the taker be asleep: under load that is once a commit and not once a transaction.
 */

#include "store/engine.h"

void inbox_init(struct inbox *inbox)
{
        atomic_init(&inbox->newest, NULL);
        pthread_mutex_init(&inbox->lock, NULL);
        pthread_cond_init(&inbox->wake, NULL);
        inbox->closing = false;
}

void inbox_deinit(struct inbox *inbox)
{
        pthread_cond_destroy(&inbox->wake);
        pthread_mutex_destroy(&inbox->lock);
}

static struct item *reversed(struct item *items)
{
        struct item *out = NULL;

        while (items) {
                struct item *next = items->next;

                items->next = out;
                out = items;
                items = next;
        }
        return out;
}

void inbox_push(struct inbox *inbox, struct item *first, struct item *last)
{
        struct item *old;

        /*
         * The stack is newest first, so a chain goes in turned round: last on top, first at its
         * foot.
         */
        last->next = NULL;
        if (first != last)
                (void)reversed(first);
        old = atomic_load_explicit(&inbox->newest, memory_order_relaxed);
        do
                first->next = old;
        while (!atomic_compare_exchange_weak_explicit(&inbox->newest, &old, last,
                                                      memory_order_acq_rel,
                                                      memory_order_relaxed));
        if (old)
                return;
        pthread_mutex_lock(&inbox->lock);
        pthread_cond_signal(&inbox->wake);
        pthread_mutex_unlock(&inbox->lock);
}

static void sleep_for_more(struct inbox *inbox)
{
        pthread_mutex_lock(&inbox->lock);
        while (!atomic_load(&inbox->newest) && !inbox->closing)
                pthread_cond_wait(&inbox->wake, &inbox->lock);
        pthread_mutex_unlock(&inbox->lock);
}

struct item *inbox_take(struct inbox *inbox, bool wait)
{
        if (wait && !atomic_load_explicit(&inbox->newest, memory_order_acquire))
                sleep_for_more(inbox);
        return reversed(atomic_exchange(&inbox->newest, NULL));
}

void inbox_close(struct inbox *inbox)
{
        pthread_mutex_lock(&inbox->lock);
        inbox->closing = true;
        pthread_cond_broadcast(&inbox->wake);
        pthread_mutex_unlock(&inbox->lock);
}

bool inbox_is_closing(struct inbox *inbox)
{
        bool closing;

        pthread_mutex_lock(&inbox->lock);
        closing = inbox->closing;
        pthread_mutex_unlock(&inbox->lock);
        return closing;
}
