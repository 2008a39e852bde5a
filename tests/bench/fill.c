/* SPDX-License-Identifier: Apache-2.0 */

/* fill STATE_DIR N done|queued: a store with N executions, through the store's own interface. */

#include "base/clock.h"
#include "store/store.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_long committed;

static void done(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        (void)arg;
        (void)first;
        (void)seq;
        if (outcome != STORE_DONE)
                exit(1);
        atomic_fetch_add(&committed, 1);
}

static void add(struct store *store, bool queued)
{
        struct store_execution x = { .id = id_new(),
                                     .action = "core.noop",
                                     .runner = "noop",
                                     .user = "fill",
                                     .mode = "run",
                                     .params = "{}",
                                     .context = "{}",
                                     .created_ms = clock_real_ms(),
                                     .on_lost = "retry",
                                     .status = queued ? STORE_REQUESTED : STORE_RUNNING };
        struct store_claim claim = { x.id, store_epoch(store), 1 };
        struct store_txn *txn = store_txn_new();

        store_txn_execution(txn, &x, !queued);
        store_commit(store, txn, done, NULL);
        if (queued)
                return;
        txn = store_txn_new();
        store_txn_finish(txn, &claim, STORE_SUCCEEDED, "{}", clock_real_ms());
        store_commit(store, txn, done, NULL);
}

int main(int argc, char **argv)
{
        struct store_options options = { .state_dir = argv[1],
                                         .hub_name = "hub",
                                         .reserve_bytes = -1 };
        struct fault fault = FAULT_INIT;
        struct store *store;
        long n, each;
        bool queued;

        if (argc != 4)
                return 2;
        n = atol(argv[2]);
        queued = strcmp(argv[3], "queued") == 0;
        each = queued ? 1 : 2;
        if (store_open(&options, &store, &fault) != 0) {
                fprintf(stderr, "fill: %s\n", fault.what);
                return 1;
        }
        for (long i = 0; i < n; i++) {
                add(store, queued);
                while ((i + 1) * each - atomic_load(&committed) > 4096)
                        ;
        }
        store_close(store);
        return atomic_load(&committed) == n * each ? 0 : 1;
}
