/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the suites of the store share: a store in a folder of its own, and records to put into it.
 */

#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "store/store.h"

#include "base/cleanup.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char fixture_dir[64];
static struct store *fixture;

__attribute__((unused)) static struct store_options fixture_options(void)
{
        return (struct store_options){ .state_dir = fixture_dir, .hub_name = "test",
                                       .reserve_bytes = -1 };
}

static void fixture_open(void)
{
        struct store_options options = { .state_dir = fixture_dir, .hub_name = "test",
                                         .reserve_bytes = -1 };
        _fault_ struct fault fault = FAULT_INIT;
        int r = store_open(&options, &fixture, &fault);

        ck_assert_msg(r == 0, "open: %d %s: %s", r, fault.what ? fault.what : "", fault.why ?
                      fault.why : "");
}

static void fixture_setup(void)
{
        snprintf(fixture_dir, sizeof fixture_dir, "/tmp/kn-store-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(fixture_dir));
        fixture_open();
}

static void fixture_teardown(void)
{
        char command[128];

        fixture = store_close(fixture);
        snprintf(command, sizeof command, "rm -rf '%s'", fixture_dir);
        ck_assert_int_eq(system(command), 0);
}

__attribute__((unused)) static void fixture_reopen(void)
{
        fixture = store_close(fixture);
        fixture_open();
}

__attribute__((unused)) static struct store_execution execution_of(const char *action)
{
        return (struct store_execution){ .id = id_new(), .action = action, .runner = "noop",
                                         .user = "eva",
                                         .mode = "run", .params = "{\"a\":1}", .context = "{}",
                                         .created_ms = 1000, .status = STORE_REQUESTED,
                                         .on_lost = "ask" };
}

__attribute__((unused)) static struct store_event event_of(const char *trigger)
{
        return (struct store_event){ .id = id_new(), .trigger = trigger, .source = "webhook:x",
                                     .at_ms = 1000, .payload = "{\"b\":2}" };
}

__attribute__((unused)) static enum store_outcome commit(struct store_txn *txn)
{
        return store_commit_wait(fixture, txn, NULL, NULL);
}

/* One new execution; claimed, its claim is {id, epoch, 1}. */
__attribute__((unused)) static struct store_claim add_execution(const struct store_execution *e,
                                                                bool claimed)
{
        struct store_txn *txn = store_txn_new();

        store_txn_execution(txn, e, claimed);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        return (struct store_claim){ e->id, store_epoch(fixture), 1 };
}

__attribute__((unused)) static enum store_outcome finish(const struct store_claim *claim,
                                                         const char *result)
{
        struct store_txn *txn = store_txn_new();

        store_txn_finish(txn, claim, STORE_SUCCEEDED, result, 2000);
        return commit(txn);
}

/* A copy of what a visitor saw of an execution, to look at afterwards. */
struct seen_execution {
        struct store_execution e;
        char result[256], note[64], action[64];
        unsigned n;
};

__attribute__((unused)) static int keep_execution(void *arg, const struct store_execution *e)
{
        struct seen_execution *seen = arg;

        seen->e = *e;
        snprintf(seen->result, sizeof seen->result, "%s", e->result ? e->result : "(null)");
        snprintf(seen->note, sizeof seen->note, "%s", e->note ? e->note : "(null)");
        snprintf(seen->action, sizeof seen->action, "%s", e->action);
        seen->n++;
        return 0;
}

__attribute__((unused)) static struct seen_execution get(const struct id *id)
{
        struct seen_execution seen = { .n = 0 };
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(store_get_execution(fixture, id, true, keep_execution, &seen, &fault), 0);
        return seen;
}

#endif
