/* SPDX-License-Identifier: Apache-2.0 */

/* Starting, stopping, and telling how it is. */
#include "hub/room.h"

#include "flow/rulebook.h"

#include <errno.h>
#include <string.h>

static void set_defaults(struct hub_options *o)
{
        if (!o->running_max)
                o->running_max = 64;
        if (!o->default_timeout_ms)
                o->default_timeout_ms = 60000;
        if (!o->output_max)
                o->output_max = 256u << 20;
        if (!o->result_max)
                o->result_max = 64u << 20;
        if (!o->event_max)
                o->event_max = 256u << 10;
        if (!o->events_keep_ms)
                o->events_keep_ms = (int64_t)30 * 86400000;
        if (!o->executions_keep_ms)
                o->executions_keep_ms = (int64_t)90 * 86400000;
}

static struct hub *hub_new(const struct hub_options *options)
{
        struct hub *hub = calloc(1, sizeof *hub);

        if (!hub)
                return NULL;
        hub->o = *options;
        set_defaults(&hub->o);
        hub->catalog = catalog_ref(options->catalog);
        hub->started_ms = clock_real_ms();
        pthread_mutex_init(&hub->catalog_lock, NULL);
        pthread_mutex_init(&hub->running_lock, NULL);
        list_init(&hub->running);
        list_init(&hub->unfinished);
        held_init(&hub->held);
        bus_init(&hub->bus);
        sensors_init(hub);
        lives_init(hub);
        policies_init(&hub->policies);
        return hub;
}

int hub_start(const struct hub_options *options, struct hub **ret, struct fault *fault)
{
        struct hub *hub = hub_new(options);
        int r = hub ? dispatch_init(hub) : -ENOMEM;

        if (r == 0)
                r = timers_init(hub);
        if (r == 0)
                r = retention_init(hub);
        if (r == 0)
                r = held_load(hub, fault);
        if (r == 0)
                r = resolve_lost(hub, fault);
        if (r == 0)
                workflows_count(hub);
        if (r != 0) {
                hub_free(hub);
                return fault_errno(fault, r, "start the hub");
        }
        policies_wake(hub);
        timers_sync(hub);
        sensors_sync(hub);
        dispatch_wake(hub);
        dispatch_rearm(hub);
        *ret = hub;
        return 0;
}

/* The store keeps its claim: the next start finds it lost and on_lost decides. */
static void abandon(struct running *r)
{
        list_unlink(&r->link);
        if (r->runner->abandon)
                r->runner->abandon(r);
        running_unref(r);
}

struct hub *hub_free(struct hub *hub)
{
        if (!hub)
                return NULL;
        list_each_safe(pos, &hub->running)
                abandon(list_entry(pos, struct running, link));
        if (hub->timers.next)
                timers_deinit(hub);
        retention_deinit(hub);
        sensors_deinit(hub);
        dispatch_deinit(hub);
        lives_deinit(hub);
        held_deinit(&hub->held);
        policies_deinit(&hub->policies);
        bus_deinit(&hub->bus);
        catalog_unref(hub->catalog);
        pthread_mutex_destroy(&hub->catalog_lock);
        pthread_mutex_destroy(&hub->running_lock);
        free(hub);
        return NULL;
}

struct catalog *hub_catalog(struct hub *hub)
{
        struct catalog *catalog;

        pthread_mutex_lock(&hub->catalog_lock);
        catalog = catalog_ref(hub->catalog);
        pthread_mutex_unlock(&hub->catalog_lock);
        return catalog;
}

struct catalog *hub_set_catalog(struct hub *hub, struct catalog *catalog)
{
        struct catalog *before;

        pthread_mutex_lock(&hub->catalog_lock);
        before = hub->catalog;
        hub->catalog = catalog;
        pthread_mutex_unlock(&hub->catalog_lock);
        timers_sync(hub);
        sensors_sync(hub);
        return before;
}

struct store *hub_store(struct hub *hub)
{
        return hub->o.store;
}

struct loop *hub_loop(struct hub *hub)
{
        return hub->o.loop;
}

struct pool *hub_pool(struct hub *hub)
{
        return hub->o.pool;
}

struct host *hub_host(struct hub *hub)
{
        return hub->o.host;
}

const struct runner *runner_find(const struct hub *hub, const char *name)
{
        for (const struct runner *runner = hub->o.runners; runner->name; runner++)
                if (strcmp(runner->name, name) == 0)
                        return runner;
        return NULL;
}

struct seal *hub_seal(struct hub *hub)
{
        return hub->o.seal;
}

int hub_ready(struct hub *hub, struct fault *fault)
{
        return store_health(hub->o.store, fault);
}

/* ---- status ---- */

static json_t *counts_json(struct hub *hub)
{
        struct store_counts counts;

        store_count(hub->o.store, &counts);
        return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                         "queued", (json_int_t)counts.queued,
                         "delayed", (json_int_t)counts.delayed,
                         "held", (json_int_t)counts.held,
                         "running", (json_int_t)counts.running,
                         "waiting", (json_int_t)counts.waiting,
                         "pending", (json_int_t)counts.pending,
                         "db_bytes", (json_int_t)counts.db_bytes,
                         "wal_bytes", (json_int_t)counts.wal_bytes);
}

json_t *hub_status(struct hub *hub)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        _fault_ struct fault sick = FAULT_INIT;
        char since[CLOCK_TEXT_SIZE];

        store_health(hub->o.store, &sick);
        return json_pack("{s:s, s:s, s:b, s:o, s:i, s:o, s:s?, s:I, s:I, s:o, s:o, s:s}",
                         "version", PACKAGE_VERSION, "since", clock_text(hub->started_ms, since),
                         "paused", hub_is_paused(hub), "pause", hub_paused(hub),
                         "running_max", (int)hub->o.running_max, "queue", counts_json(hub),
                         "store_problem", sick.what,
                         "epoch", (json_int_t)store_epoch(hub->o.store),
                         "seq", (json_int_t)store_seq(hub->o.store),
                         "plugins", host_report(hub->o.host, catalog),
                         "sensors", hub_sensors(hub), "state_dir", hub->o.state_dir);
}
