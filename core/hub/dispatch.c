/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What may start, and when. A slot is the right to have one execution running. Where a slot is free
 * and nobody waits, the accepting thread takes it and the execution is inserted already claimed:
 * one commit. Otherwise it waits in the store, and whoever gives a slot back claims what is due, as
 * many at a time as there are free slots: memory never holds more than what runs.
 *
 * has_backlog says that the store may hold something due. It is lowered only by a claim that
 * brought less than it asked for, and only if nothing was added meanwhile (backlog_round).
 */
#include "hub/room.h"

static void claim_more(struct hub *hub);

/*
 * An execution that cannot be run any more (its action is gone) must end, not come back for ever.
 */
static void end_unrunnable(struct hub *hub, const struct store_execution *record,
                           const struct fault *fault)
{
        struct running *r = running_of(hub, record);

        if (!r)
                return;
        atomic_store(&r->is_over, true);
        running_set_end(r, STORE_FAILED,
                        json_pack("{s:s*, s:s, s:s*}", "error", fault->what, "code", fault->code,
                                  "remedy", fault->remedy));
        ending_commit(r);
}

static void start_claimed(struct hub *hub, const struct store_execution *record)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct running *r = NULL;
        int failed = running_load(hub, record, &r, &fault);

        if (!failed) {
                running_start(r);
                return;
        }
        fault_errno(&fault, failed, "load execution");
        end_unrunnable(hub, record, &fault);
        dispatch_release(hub);
}

static void claimed(void *arg, struct store_execution *records, size_t n)
{
        struct hub *hub = arg;
        struct dispatch *d = &hub->dispatch;

        for (size_t i = 0; i < n; i++)
                start_claimed(hub, &records[i]);
        atomic_fetch_add(&d->slots, d->asked - (int)n);
        if ((int)n < d->asked && d->asked_round == atomic_load(&d->backlog_round))
                atomic_store(&d->has_backlog, false);
        atomic_store(&d->is_claiming, false);
        claim_more(hub);
}

static bool is_stopped(const struct dispatch *d)
{
        return atomic_load(&d->is_paused) || atomic_load(&d->is_draining);
}

/* Take all free slots for a claim; 0 if there are none. */
static int take_slots(struct dispatch *d)
{
        int slots = atomic_load(&d->slots);

        while (slots > 0 && !atomic_compare_exchange_weak(&d->slots, &slots, 0))
                ;
        return slots > 0 ? slots : 0;
}

static void claim_more(struct hub *hub)
{
        struct dispatch *d = &hub->dispatch;
        bool idle = false;

        if (!atomic_load(&d->has_backlog) || is_stopped(d) || atomic_load(&d->slots) <= 0)
                return;
        if (!atomic_compare_exchange_strong(&d->is_claiming, &idle, true))
                return;
        d->asked_round = atomic_load(&d->backlog_round);
        d->asked = take_slots(d);
        if (!d->asked) {
                atomic_store(&d->is_claiming, false);
                return;
        }
        store_claim_due(hub->o.store, (size_t)d->asked, clock_real_ms(), claimed, hub);
}

bool dispatch_reserve(struct hub *hub)
{
        struct dispatch *d = &hub->dispatch;
        int slots = atomic_load(&d->slots);

        if (is_stopped(d) || atomic_load(&d->has_backlog))
                return false;
        while (slots > 0)
                if (atomic_compare_exchange_weak(&d->slots, &slots, slots - 1))
                        return true;
        return false;
}

void dispatch_release(struct hub *hub)
{
        atomic_fetch_add(&hub->dispatch.slots, 1);
        claim_more(hub);
}

void dispatch_wake(struct hub *hub)
{
        atomic_fetch_add(&hub->dispatch.backlog_round, 1);
        atomic_store(&hub->dispatch.has_backlog, true);
        claim_more(hub);
}

static void arm(void *arg)
{
        struct hub *hub = arg;
        int64_t due = store_next_due_ms(hub->o.store), now = clock_real_ms();

        if (due == INT64_MAX)
                loop_timer_unset(hub->dispatch.due);
        else
                loop_timer_set(hub->dispatch.due, clock_mono_ms() + (due > now ? due - now : 0));
}

static void fall_due(void *arg)
{
        struct hub *hub = arg;
        int64_t due = store_next_due_ms(hub->o.store);

        if (due <= clock_real_ms())
                dispatch_wake(hub);
        /* What is due now leaves the table only once it is claimed; look again soon. */
        if (due != INT64_MAX)
                loop_timer_set(hub->dispatch.due, clock_mono_ms() +
                               (due > clock_real_ms() ? due - clock_real_ms() : 100));
}

void dispatch_rearm(struct hub *hub)
{
        loop_post(hub->o.loop, arm, hub);
}

/* ---- the slow beat: drains, and results that a full disk refused ---- */

/*
 * What still runs at the end of the wait is found as lost by the next start and judged by on_lost.
 */
static void drain_beat(struct hub *hub)
{
        struct dispatch *d = &hub->dispatch;
        void (*drained)(void *) = d->drained;

        if (!drained)
                return;
        if (atomic_load(&hub->n_running) && clock_mono_ms() < d->drain_until_ms)
                return;
        d->drained = NULL;
        drained(d->drained_arg);
}

static void tick(void *arg)
{
        struct hub *hub = arg;

        running_flush(hub);
        drain_beat(hub);
        loop_timer_set(hub->dispatch.tick, clock_mono_ms() + (hub->dispatch.drained ? 20 : 500));
}

void hub_drain(struct hub *hub, int64_t wait_ms, void (*drained)(void *arg), void *arg)
{
        struct dispatch *d = &hub->dispatch;

        atomic_store(&d->is_draining, true);
        d->drained = drained;
        d->drained_arg = arg;
        d->drain_until_ms = clock_mono_ms() + wait_ms;
        sensors_stop(hub);
        loop_timer_set(d->tick, clock_mono_ms());
}

int dispatch_init(struct hub *hub)
{
        struct dispatch *d = &hub->dispatch;
        int r;

        atomic_init(&d->slots, (int)hub->o.running_max);
        r = loop_timer_new(hub->o.loop, fall_due, hub, &d->due);
        if (r == 0)
                r = loop_timer_new(hub->o.loop, tick, hub, &d->tick);
        if (r == 0)
                loop_timer_set(d->tick, clock_mono_ms() + 500);
        return r;
}

void dispatch_deinit(struct hub *hub)
{
        hub->dispatch.due = loop_timer_free(hub->dispatch.due);
        hub->dispatch.tick = loop_timer_free(hub->dispatch.tick);
}
