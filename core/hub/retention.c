/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is too old goes. A round waits for the disk, so it runs on the pool; the store takes it in
 * slices between two commits, so nobody else waits for it. The first one comes a minute after the
 * start: a hub that is started again and again has better things to do then.
 */
#include "hub/room.h"

#define FIRST_MS 60000
#define EVERY_MS 3600000

static void run_round(void *arg)
{
        struct hub *hub = arg;
        _fault_ struct fault fault = FAULT_INIT;
        int64_t now = clock_real_ms();
        int r = store_expire(hub->o.store, now - hub->o.events_keep_ms,
                             now - hub->o.executions_keep_ms, &fault);

        fault_errno(&fault, r, "delete what is too old");
        /* A hub that stops cuts a round short; the next start makes up for it. */
        if (r != 0 && !atomic_load(&hub->dispatch.is_draining))
                log_warning("what is too old was not deleted: %s, retrying in an hour", fault.what);
}

static void beat(void *arg)
{
        struct hub *hub = arg;

        (void)pool_run(hub->o.pool, run_round, hub);
        loop_timer_set(hub->retention, clock_mono_ms() + EVERY_MS);
}

int retention_init(struct hub *hub)
{
        int r = loop_timer_new(hub->o.loop, beat, hub, &hub->retention);

        if (r == 0)
                loop_timer_set(hub->retention, clock_mono_ms() + FIRST_MS);
        return r;
}

void retention_deinit(struct hub *hub)
{
        hub->retention = loop_timer_free(hub->retention);
}
