/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who wants to hear of it. Publishing takes a read lock and calls the watchers one after the other;
 * with nobody watching it costs one relaxed load. A watcher that is freed waits until no notice is
 * under way, so it is never called after hub_watch_free() returned.
 */
#include "hub/room.h"

#include <errno.h>

struct hub_watch {
        struct list link;
        struct bus *bus;
        void (*notice)(void *arg, const struct hub_notice *notice);
        void *arg;
};

void bus_init(struct bus *bus)
{
        pthread_rwlock_init(&bus->lock, NULL);
        list_init(&bus->watches);
        atomic_init(&bus->n_watches, 0);
}

void bus_deinit(struct bus *bus)
{
        pthread_rwlock_destroy(&bus->lock);
}

struct hub_watch *hub_watch_new(struct hub *hub, void (*notice)(void *, const struct hub_notice *),
                                void *arg)
{
        struct hub_watch *watch = calloc(1, sizeof *watch);

        if (!watch)
                return NULL;
        watch->bus = &hub->bus;
        watch->notice = notice;
        watch->arg = arg;
        pthread_rwlock_wrlock(&hub->bus.lock);
        list_append(&hub->bus.watches, &watch->link);
        atomic_fetch_add(&hub->bus.n_watches, 1);
        pthread_rwlock_unlock(&hub->bus.lock);
        return watch;
}

struct hub_watch *hub_watch_free(struct hub_watch *watch)
{
        if (!watch)
                return NULL;
        pthread_rwlock_wrlock(&watch->bus->lock);
        list_unlink(&watch->link);
        atomic_fetch_sub(&watch->bus->n_watches, 1);
        pthread_rwlock_unlock(&watch->bus->lock);
        free(watch);
        return NULL;
}

void hub_announce(struct hub *hub, const struct hub_notice *notice)
{
        if (!bus_is_heard(&hub->bus))
                return;
        pthread_rwlock_rdlock(&hub->bus.lock);
        list_each(pos, &hub->bus.watches) {
                struct hub_watch *watch = list_entry(pos, struct hub_watch, link);

                watch->notice(watch->arg, notice);
        }
        pthread_rwlock_unlock(&hub->bus.lock);
}
