/* SPDX-License-Identifier: Apache-2.0 */

/* The queue: what is claimed, in which order, what a restart finds lost, what is counted. */

#include "store_fixture.h"

#include "base/text.h"

#include <pthread.h>

struct claims {
        pthread_mutex_t lock;
        pthread_cond_t wake;
        bool called;
        size_t n;
        struct store_execution first;
        char actions[256];
};

static void claimed(void *arg, struct store_execution *executions, size_t n)
{
        struct claims *claims = arg;

        pthread_mutex_lock(&claims->lock);
        claims->n = n;
        for (size_t i = 0; i < n; i++) {
                strncat(claims->actions, executions[i].action, 40);
                ck_assert_int_eq(executions[i].status, STORE_RUNNING);
                ck_assert_str_eq(executions[i].params, "{\"a\":1}");
        }
        if (n)
                claims->first = executions[0];
        claims->called = true;
        pthread_cond_signal(&claims->wake);
        pthread_mutex_unlock(&claims->lock);
}

static struct claims claim(size_t n, int64_t now_ms)
{
        struct claims claims = { .lock = PTHREAD_MUTEX_INITIALIZER,
                                 .wake = PTHREAD_COND_INITIALIZER };

        store_claim_due(fixture, n, now_ms, claimed, &claims);
        pthread_mutex_lock(&claims.lock);
        while (!claims.called)
                pthread_cond_wait(&claims.wake, &claims.lock);
        pthread_mutex_unlock(&claims.lock);
        return claims;
}

static struct id queue_one(const char *action, enum store_status status, int64_t created_ms,
                           int64_t run_at_ms)
{
        struct store_execution e = execution_of(action);

        e.status = status;
        e.created_ms = created_ms;
        e.run_at_ms = run_at_ms;
        add_execution(&e, false);
        return e.id;
}

START_TEST(what_is_due_is_claimed_oldest_first)
{
        queue_one("a", STORE_REQUESTED, 100, 0);
        queue_one("b", STORE_DELAYED, 10, 150);
        queue_one("c", STORE_REQUESTED, 200, 0);
        queue_one("d", STORE_DELAYED, 10, 900);
        queue_one("e", STORE_HELD, 10, 0);
        queue_one("f", STORE_PENDING, 10, 0);
        queue_one("g", STORE_DELAYED, 10, 50);
        ck_assert_str_eq(claim(2, 500).actions, "ga");
        ck_assert_str_eq(claim(9, 500).actions, "bc");
        ck_assert_uint_eq(claim(9, 500).n, 0);
        ck_assert_int_eq(store_next_due_ms(fixture), 900);
        ck_assert_str_eq(claim(9, 900).actions, "d");
        ck_assert_int_eq(store_next_due_ms(fixture), INT64_MAX);
        ck_assert_uint_eq(claim(0, 900).n, 0);
}
END_TEST

START_TEST(a_claim_can_be_finished_and_each_claim_is_an_attempt)
{
        struct id id = queue_one("a", STORE_REQUESTED, 100, 0);
        struct claims first = claim(1, 500), second;
        struct store_claim mine = { id, first.first.epoch, first.first.attempt }, next;
        struct store_txn *txn = store_txn_new();

        ck_assert_uint_eq(mine.epoch, store_epoch(fixture));
        ck_assert_uint_eq(mine.attempt, 1);
        ck_assert_int_eq(get(&id).e.started_ms, 500);
        store_txn_requeue(txn, &mine, STORE_DELAYED, 600, "again");
        ck_assert_int_eq(commit(txn), STORE_DONE);
        second = claim(1, 600);
        next = (struct store_claim){ id, second.first.epoch, second.first.attempt };
        ck_assert_uint_eq(next.attempt, 2);
        ck_assert_int_eq(finish(&mine, "{}"), STORE_STALE);
        ck_assert_int_eq(finish(&next, "{}"), STORE_DONE);
        ck_assert_uint_eq(get(&id).e.attempt, 2);
}
END_TEST

START_TEST(counts_follow_every_step)
{
        struct store_execution running = execution_of("r");
        struct store_claim mine = add_execution(&running, true);
        struct store_counts counts;
        struct store_txn *txn = store_txn_new();
        struct id held = queue_one("h", STORE_HELD, 1, 0);

        queue_one("q", STORE_REQUESTED, 700, 0);
        queue_one("q", STORE_REQUESTED, 800, 0);
        queue_one("d", STORE_DELAYED, 1, 99);
        store_count(fixture, &counts);
        ck_assert_uint_eq(counts.running, 1);
        ck_assert_uint_eq(counts.held, 1);
        ck_assert_uint_eq(counts.queued, 2);
        ck_assert_uint_eq(counts.delayed, 1);
        ck_assert_int_eq(counts.oldest_queued_ms, 700);
        ck_assert_uint_gt(counts.db_bytes + counts.wal_bytes, 4096);
        store_txn_restate(txn, &held, STORE_REQUESTED, 0, NULL);
        store_txn_finish(txn, &mine, STORE_FAILED, "{}", 1);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        claim(1, 50);
        fixture_reopen();
        store_count(fixture, &counts);
        ck_assert_uint_eq(counts.running, 1);
        ck_assert_uint_eq(counts.held, 0);
        ck_assert_uint_eq(counts.queued, 2);
        ck_assert_uint_eq(counts.delayed, 1);
        ck_assert_uint_eq(counts.pending, 0);
}
END_TEST

static int add_action(void *arg, const struct store_execution *e)
{
        text_add(arg, e->action);
        return 0;
}

START_TEST(a_restart_lists_what_it_lost_and_may_end_it)
{
        struct store_execution a = execution_of("a"), b = execution_of("b"), c = execution_of("c");
        struct store_claim old = add_execution(&a, true), canceling = add_execution(&b, true);
        _text_ struct text lost = TEXT_INIT, later = TEXT_INIT;
        struct store_txn *txn = store_txn_new();

        store_txn_requeue(txn, &canceling, STORE_CANCELING, 0, NULL);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        add_execution(&c, false);
        ck_assert_int_eq(store_list_lost(fixture, add_action, &lost, NULL), 0);
        ck_assert_ptr_null(lost.s);
        fixture_reopen();
        ck_assert_int_eq(store_list_lost(fixture, add_action, &lost, NULL), 0);
        ck_assert_str_eq(lost.s, "ab");
        ck_assert_int_eq(finish(&old, "{}"), STORE_DONE);
        txn = store_txn_new();
        store_txn_requeue(txn, &canceling, STORE_PENDING, 0, "lost");
        ck_assert_int_eq(commit(txn), STORE_DONE);
        ck_assert_int_eq(store_list_lost(fixture, add_action, &later, NULL), 0);
        ck_assert_ptr_null(later.s);
}
END_TEST

static enum store_outcome wait_until(const struct store_claim *claim, enum store_status status,
                                     int64_t run_at_ms)
{
        struct store_txn *txn = store_txn_new();

        store_txn_requeue(txn, claim, status, run_at_ms, NULL);
        return commit(txn);
}

START_TEST(one_that_others_run_for_cannot_be_lost)
{
        struct store_execution e = execution_of("flow");
        struct store_claim one = add_execution(&e, true);
        struct store_counts counts;
        struct claims claims;
        char list[64] = "";

        ck_assert_int_eq(wait_until(&one, STORE_WAITING, 0), STORE_DONE);
        store_count(fixture, &counts);
        ck_assert_uint_eq(counts.waiting, 1);
        ck_assert_uint_eq(counts.running, 0);
        ck_assert_int_eq(store_next_due_ms(fixture), INT64_MAX);
        fixture_reopen();
        ck_assert_int_eq(store_list_lost(fixture, add_action, list, NULL), 0);
        ck_assert_str_eq(list, "");
        ck_assert_int_eq(finish(&one, "{}"), STORE_STALE);
        claims = claim(5, INT64_MAX);
        ck_assert_uint_eq(claims.n, 0);
        ck_assert_int_eq(get(&e.id).e.status, STORE_WAITING);
}
END_TEST

START_TEST(one_that_waits_until_a_time_is_claimed_then)
{
        struct store_execution flow = execution_of("flow"), question = execution_of("ask");
        struct store_claim first = add_execution(&flow, true);
        struct store_claim second = add_execution(&question, true);
        struct claims claims;

        ck_assert_int_eq(wait_until(&first, STORE_WAITING, 5000), STORE_DONE);
        ck_assert_int_eq(wait_until(&second, STORE_PENDING, 4000), STORE_DONE);
        ck_assert_int_eq(store_next_due_ms(fixture), 4000);
        claims = claim(5, 3999);
        ck_assert_uint_eq(claims.n, 0);
        claims = claim(5, 4000);
        ck_assert_uint_eq(claims.n, 1);
        ck_assert_int_eq(store_next_due_ms(fixture), 5000);
        claims = claim(5, 5000);
        ck_assert_uint_eq(claims.n, 1);
        ck_assert_uint_eq(get(&flow.id).e.attempt, 2);
        ck_assert_int_eq(get(&flow.id).e.status, STORE_RUNNING);
}
END_TEST

static Suite *suite(void)
{
        Suite *s = suite_create("store_queue");
        TCase *t = tcase_create("queue");

        tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
        tcase_add_test(t, what_is_due_is_claimed_oldest_first);
        tcase_add_test(t, a_claim_can_be_finished_and_each_claim_is_an_attempt);
        tcase_add_test(t, counts_follow_every_step);
        tcase_add_test(t, a_restart_lists_what_it_lost_and_may_end_it);
        tcase_add_test(t, one_that_others_run_for_cannot_be_lost);
        tcase_add_test(t, one_that_waits_until_a_time_is_claimed_then);
        suite_add_tcase(s, t);
        return s;
}

int main(void)
{
        SRunner *runner = srunner_create(suite());
        int failed;

        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
