/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Full and broken. A full disk is a state that ends: a reserve file is given up, so that what runs
 * can still be finished, everything else is refused, and once the reserve can be made again writing
 * goes on. An I/O error is not: pages that could not be synced may be marked clean, so a second
 * fsync would lie. The store then never writes again; the daemon ends, and the next start recovers.
 */

#include "store/engine.h"

#include "base/clock.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define RETRY_MS 1000

static int reserve_fd(const struct store *store, int flags)
{
        char path[4096];

        snprintf(path, sizeof path, "%s/reserve", store->state_dir);
        return open(path, flags | O_CLOEXEC, 0600);
}

int reserve_make(struct store *store)
{
        _close_ int fd = -1;

        if (store->reserve_bytes < 0)
                return 0;
        fd = reserve_fd(store, O_WRONLY | O_CREAT);
        if (fd < 0)
                return -errno;
        return -posix_fallocate(fd, 0, store->reserve_bytes);
}

static void reserve_give_up(const struct store *store)
{
        _close_ int fd = reserve_fd(store, O_WRONLY | O_TRUNC);

        (void)fd;
}

void health_full(struct store *store)
{
        reserve_give_up(store);
        atomic_store(&store->full_retry_ms, clock_mono_ms() + RETRY_MS);
        atomic_store(&store->health, HEALTH_FULL);
}

void health_broken(struct store *store, int code, const char *doing)
{
        pthread_mutex_lock(&store->lock);
        if (!store->broken_why[0])
                snprintf(store->broken_why, sizeof store->broken_why, "%s: %s (SQLite %d)", doing,
                         sqlite3_errstr(code), code);
        pthread_mutex_unlock(&store->lock);
        atomic_store(&store->health, HEALTH_BROKEN);
}

bool health_admits(struct store *store)
{
        int health = atomic_load(&store->health);
        int64_t now_ms = clock_mono_ms(), retry_ms;

        if (health != HEALTH_FULL)
                return health == HEALTH_GOOD;
        retry_ms = atomic_load(&store->full_retry_ms);
        if (now_ms < retry_ms ||
            !atomic_compare_exchange_strong(&store->full_retry_ms, &retry_ms, now_ms + RETRY_MS))
                return false;
        if (reserve_make(store) < 0) {
                reserve_give_up(store);
                return false;
        }
        atomic_store(&store->health, HEALTH_GOOD);
        return true;
}

/* Asking is trying: a hub that tells its clients to stay away would never write again. */
int store_health(struct store *store, struct fault *fault)
{
        if (health_admits(store))
                return 0;
        switch (atomic_load(&store->health)) {
        case HEALTH_FULL:
                fault_set(fault, 507, "store.full", "the disk of the state directory %s is full",
                          store->state_dir);
                fault_why(fault,
                          "reads go on and what runs is finished, but nothing new is accepted");
                return fault_try(fault, "make room there; the hub goes on by itself");
        case HEALTH_BROKEN:
                pthread_mutex_lock(&store->lock);
                fault_set(fault, 503, "store.broken", "the store cannot write any more");
                fault_why(fault, "%s", store->broken_why);
                pthread_mutex_unlock(&store->lock);
                return fault_try(fault, "look at the disk (dmesg), then start the hub again");
        default:
                return 0;
        }
}

int store_fault_ending(struct fault *fault)
{
        fault_set(fault, 503, "store.ending", "the hub is stopping");
        return fault_try(fault, "ask again when it runs");
}

int store_outcome_fault(enum store_outcome outcome, struct fault *fault)
{
        switch (outcome) {
        case STORE_DONE:
                return 0;
        case STORE_DUPLICATE:
                return fault_set(fault, 409, "store.duplicate", "this was accepted before");
        case STORE_MISMATCH:
                fault_set(fault, 422, "store.mismatch",
                          "this key was used before with another body");
                return fault_try(fault, "use a new key for a new request");
        case STORE_STALE:
                return fault_set(fault, 409, "store.stale",
                                 "the execution is in another state by now");
        case STORE_CONFLICT:
                fault_set(fault, 409, "store.conflict", "somebody else changed it meanwhile");
                return fault_try(fault, "read it again and repeat the change");
        case STORE_FAILED_FULL:
                fault_set(fault, 507, "store.full", "there is no space left for the state");
                return fault_try(fault, "make room in the state directory and repeat");
        case STORE_FAILED_BUSY:
                fault_set(fault, 503, "store.busy", "too many writes are waiting");
                return fault_try(fault, "repeat in a moment");
        case STORE_FAILED_IO:
                break;
        }
        fault_set(fault, 503, "store.broken", "the store could not write it");
        return fault_try(fault, "see kaname status for the reason");
}
