/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who waits for a place of a policy is called when one is free, and waiting is no attempt. The
 * clocks stand still from the first delay on: what starts then was called, and did not look again
 * by itself.
 */

#include "hub_fixture.h"

static void clock_stop(void)
{
        clock_fake(clock_real_ms());
}

static void open_gate(int n)
{
        atomic_fetch_add(&lamp_opened, n);
}

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
                          ONCE(a_delay_uses_up_no_attempt));
}
