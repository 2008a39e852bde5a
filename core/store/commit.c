/* SPDX-License-Identifier: Apache-2.0 */

/* Handing transactions to the writer, from any thread. */

#include "store/engine.h"

void store_commit(struct store *store, struct store_txn *txn, store_done *done, void *arg)
{
        store_commit_many(store, &txn, 1, done, &arg);
}

void store_commit_many(struct store *store, struct store_txn **txns, size_t n, store_done *done,
                       void *const *args)
{
        bool busy = atomic_fetch_add(&store->waiting, (uint32_t)n) + n > store->writes_max,
                large = false;

        for (size_t i = 0; i < n; i++) {
                struct store_txn *txn = txns[i];

                txn->item.kind = ITEM_TXN;
                txn->item.more = i + 1 < n;
                txn->item.next = i + 1 < n ? &txns[i + 1]->item : NULL;
                txn->done = done;
                txn->arg = args ? args[i] : NULL;
                /* Answered by the writer all the same, so that done() has one thread. */
                if (busy)
                        txn->preset = STORE_FAILED_BUSY;
                large |= txn->large && !busy;
        }
        if (n)
                inbox_push(large ? &store->filer_inbox : &store->inbox, &txns[0]->item,
                           &txns[n - 1]->item);
}

struct wait {
        pthread_mutex_t lock;
        pthread_cond_t wake;
        bool over;
        enum store_outcome outcome;
        struct id first;
        uint64_t seq;
};

static void waited(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        struct wait *wait = arg;

        pthread_mutex_lock(&wait->lock);
        wait->outcome = outcome;
        if (first)
                wait->first = *first;
        wait->seq = seq;
        wait->over = true;
        pthread_cond_signal(&wait->wake);
        pthread_mutex_unlock(&wait->lock);
}

enum store_outcome store_commit_wait(struct store *store, struct store_txn *txn,
                                     struct id *ret_first,
                                     uint64_t *ret_seq)
{
        struct wait wait = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };

        store_commit(store, txn, waited, &wait);
        pthread_mutex_lock(&wait.lock);
        while (!wait.over)
                pthread_cond_wait(&wait.wake, &wait.lock);
        pthread_mutex_unlock(&wait.lock);
        if (ret_first)
                *ret_first = wait.first;
        if (ret_seq)
                *ret_seq = wait.seq;
        return wait.outcome;
}
