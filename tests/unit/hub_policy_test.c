/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who waits for a place of a policy is called when one is free, and waiting is no attempt. The
 * clocks stand still from the first delay on: what starts then was called, and did not look again
 * by itself.
 */

#include "hub_fixture.h"

static void policies_up(void)
{
        make_dir("packs.d/t/policies");
        write_file("packs.d/t/policies/one.yaml",
                   "name: one\npolicy_type: action.concurrency\nresource_ref: lamp.gate\n"
                   "parameters: {threshold: 1, action: delay}\n");
        hub_up();
}

static void clock_stop(void)
{
        clock_fake(clock_real_ms());
}

static void open_gate(int n)
{
        atomic_fetch_add(&lamp_opened, n);
}

/* One that runs, and two that wait. */
static void three(const char *params, struct id ids[3])
{
        ids[0] = run("lamp.gate", params, "run");
        eventually(atomic_load(&lamp_calls) == 1);
        clock_stop();
        for (int i = 1; i < 3; i++) {
                ids[i] = run("lamp.gate", "{}", "run");
                eventually(status_of(&ids[i]) == STORE_DELAYED);
        }
}

static void follows(const struct id *id)
{
        eventually(status_of(id) == STORE_RUNNING);
        open_gate(1);
        eventually(status_of(id) == STORE_SUCCEEDED);
}

static const struct {
        const char *params;
        bool is_canceled;
        enum store_status status;
} ends[] = {
        { "{}", false, STORE_SUCCEEDED },
        { "{\"code\":-3}", false, STORE_FAILED },
        { "{\"code\":-7}", false, STORE_TIMEOUT },
        { "{}", true, STORE_CANCELED },
};

START_TEST(any_end_calls_the_next)
{
        struct id ids[3];

        policies_up();
        three(ends[_i].params, ids);
        if (ends[_i].is_canceled)
                ck_assert_int_eq(hub_cancel(hub, &ids[0], "eva", NULL), 0);
        else
                open_gate(1);
        eventually(status_of(&ids[0]) == ends[_i].status);
        follows(&ids[1]);
        follows(&ids[2]);
}
END_TEST

START_TEST(a_call_to_one_that_is_gone_is_handed_on)
{
        struct id ids[3];

        policies_up();
        three("{}", ids);
        ck_assert_int_eq(hub_cancel(hub, &ids[1], "eva", NULL), 0);
        eventually(status_of(&ids[1]) == STORE_CANCELED);
        open_gate(1);
        follows(&ids[2]);
}
END_TEST

/* Many ends beside many delays: none is missed between the verdict and its commit. */
START_TEST(nobody_is_forgotten)
{
        struct id ids[60];

        policies_up();
        clock_stop();
        open_gate(60);
        for (int i = 0; i < 60; i++)
                ids[i] = run("lamp.gate", "{}", "run");
        for (int i = 0; i < 60; i++)
                eventually(status_of(&ids[i]) == STORE_SUCCEEDED);
}
END_TEST

START_TEST(what_a_hub_left_waiting_is_called_by_the_next)
{
        struct id ids[3];

        policies_up();
        three("{}", ids);
        ck_assert_int_eq(hub_pause(hub, "eva", NULL, NULL), 0);
        open_gate(1);
        eventually(status_of(&ids[0]) == STORE_SUCCEEDED);
        clock_fake(-1);
        hub_down();
        clock_stop();
        hub_up();
        ck_assert_int_eq(hub_resume(hub, "eva", NULL), 0);
        open_gate(2);
        for (int i = 1; i < 3; i++)
                eventually(status_of(&ids[i]) == STORE_SUCCEEDED);
}
END_TEST

static int take_claims(void *arg, const struct store_execution *execution)
{
        *(unsigned *)arg = execution->status == STORE_DELAYED ? execution->attempt : 0;
        return 0;
}

/* How often it was claimed and sent back. */
static unsigned delays_of(const struct id *id)
{
        unsigned n = 0;

        ck_assert_int_eq(store_get_execution(store, id, false, take_claims, &n, NULL), 0);
        return n;
}

/* A loop sleeps by the kernel's clock; woken, it asks ours. */
static void look_at_the_clock(void *arg)
{
        (void)arg;
}

START_TEST(a_delay_uses_up_no_attempt)
{
        struct id first, last;

        make_dir("packs.d/t/policies");
        write_file("packs.d/t/policies/again.yaml",
                   "name: again\npolicy_type: action.retry\nresource_ref: lamp.gate\n"
                   "parameters: {retry_on: failure, max_retry_count: 1, delay: 0}\n");
        write_file("packs.d/t/policies/one.yaml",
                   "name: one\npolicy_type: action.concurrency\nresource_ref: lamp.gate\n"
                   "parameters: {threshold: 1, action: delay}\n");
        hub_up();
        first = run("lamp.gate", "{}", "run");
        eventually(atomic_load(&lamp_calls) == 1);
        clock_stop();
        last = run("lamp.gate", "{\"code\":-3}", "run");
        for (unsigned n = 1; n < 4; n++) {
                eventually(delays_of(&last) == n);
                clock_fake_advance(6000);       /* it looks again, and waits again */
                loop_post(loop, look_at_the_clock, NULL);
        }
        open_gate(3);
        eventually(status_of(&first) == STORE_SUCCEEDED);
        eventually(status_of(&last) == STORE_FAILED);
        ck_assert_int_eq(atomic_load(&lamp_calls), 3);
}
END_TEST

static void clock_goes_on(void)
{
        clock_fake(-1);
        open_gate(1000);
        teardown();
}

int main(void)
{
        return SUITE_WITH("hub/policy", setup, clock_goes_on,
                          EACH(any_end_calls_the_next, ends),
                          ONCE(a_call_to_one_that_is_gone_is_handed_on),
                          ONCE(nobody_is_forgotten),
                          ONCE(what_a_hub_left_waiting_is_called_by_the_next),
                          ONCE(a_delay_uses_up_no_attempt));
}
