/* SPDX-License-Identifier: Apache-2.0 */

/* Transactions through store.h alone, so that another engine can run this suite. */

#include "store_fixture.h"

#include <errno.h>

static int keep_event(void *arg, const struct store_event *e)
{
        ck_assert_str_eq(e->payload, "{\"b\":2}");
        ck_assert_str_eq(e->trigger, "core.st2.webhook");
        ck_assert_ptr_null(e->trace);
        *(struct store_event *)arg = *e;
        return 0;
}

START_TEST(an_event_is_read_back)
{
        struct store_event event = event_of("core.st2.webhook"), got = { 0 };
        struct store_txn *txn = store_txn_new();
        struct id none = id_new();
        _fault_ struct fault fault = FAULT_INIT;
        uint64_t seq;

        store_txn_event(txn, &event);
        ck_assert_int_eq(store_commit_wait(fixture, txn, NULL, &seq), STORE_DONE);
        ck_assert_int_eq(store_get_event(fixture, &event.id, keep_event, &got, NULL), 0);
        ck_assert_uint_eq(got.seq, seq);
        ck_assert(id_equal(&got.id, &event.id));
        ck_assert_uint_eq(store_seq(fixture), seq);
        ck_assert_int_eq(store_get_event(fixture, &none, keep_event, &got, &fault), FAULT);
        ck_assert_int_eq(fault.status, 404);
}
END_TEST

START_TEST(a_claimed_execution_runs_and_finishes_once)
{
        struct store_execution e = execution_of("dns.record.set");
        struct store_claim claim = add_execution(&e, true), other = claim;
        struct seen_execution seen = get(&e.id);

        ck_assert_int_eq(seen.e.status, STORE_RUNNING);
        ck_assert_uint_eq(seen.e.attempt, 1);
        ck_assert_uint_eq(seen.e.epoch, store_epoch(fixture));
        other.attempt = 2;
        ck_assert_int_eq(finish(&other, "{}"), STORE_STALE);
        other = claim;
        other.epoch++;
        ck_assert_int_eq(finish(&other, "{}"), STORE_STALE);
        ck_assert_int_eq(finish(&claim, "{\"ok\":true}"), STORE_DONE);
        ck_assert_int_eq(finish(&claim, "{\"ok\":false}"), STORE_STALE);
        seen = get(&e.id);
        ck_assert_int_eq(seen.e.status, STORE_SUCCEEDED);
        ck_assert_str_eq(seen.result, "{\"ok\":true}");
        ck_assert_uint_eq(seen.e.result_size, 11);
        ck_assert_int_eq(seen.e.ended_ms, 2000);
        ck_assert_uint_eq(seen.e.attempt, 1);
}
END_TEST

START_TEST(every_field_of_an_execution_survives)
{
        struct store_execution e = execution_of("a.b"), got;
        struct seen_execution seen;

        e.parent = id_new();
        e.event = id_new();
        e.plan = id_new();
        e.instance = "corp";
        e.rule = "p.r";
        e.status = STORE_DELAYED;
        e.run_at_ms = 77;
        e.timeout_ms = 88;
        e.note = "later";
        add_execution(&e, false);
        seen = get(&e.id);
        got = seen.e;
        ck_assert(id_equal(&got.parent, &e.parent) && id_equal(&got.event, &e.event) &&
                  id_equal(&got.plan, &e.plan));
        ck_assert_int_eq(got.status, STORE_DELAYED);
        ck_assert_int_eq(got.run_at_ms, 77);
        ck_assert_int_eq(got.timeout_ms, 88);
        ck_assert_int_eq(got.created_ms, 1000);
        ck_assert_uint_eq(got.attempt, 0);
        ck_assert_str_eq(seen.note, "later");
        ck_assert_str_eq(seen.action, "a.b");
        ck_assert_str_eq(seen.result, "(null)");
}
END_TEST

START_TEST(a_requeued_claim_is_gone)
{
        struct store_execution e = execution_of("a.b");
        struct store_claim claim = add_execution(&e, true);
        struct store_txn *txn = store_txn_new();
        struct seen_execution seen;

        store_txn_requeue(txn, &claim, STORE_PENDING, 0, "ask");
        ck_assert_int_eq(commit(txn), STORE_DONE);
        seen = get(&e.id);
        ck_assert_int_eq(seen.e.status, STORE_PENDING);
        ck_assert_str_eq(seen.note, "ask");
        ck_assert_int_eq(finish(&claim, "{}"), STORE_STALE);
        txn = store_txn_new();
        store_txn_restate(txn, &e.id, STORE_REQUESTED, 0, NULL);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        ck_assert_int_eq(finish(&claim, "{}"), STORE_STALE);
        txn = store_txn_new();
        store_txn_settle(txn, &e.id, STORE_CANCELED, "{\"by\":1}", 5);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        ck_assert_int_eq(get(&e.id).e.status, STORE_CANCELED);
        txn = store_txn_new();
        store_txn_restate(txn, &e.id, STORE_REQUESTED, 0, NULL);
        ck_assert_int_eq(commit(txn), STORE_STALE);
}
END_TEST

START_TEST(canceling_keeps_the_claim)
{
        struct store_execution e = execution_of("a.b");
        struct store_claim claim = add_execution(&e, true);
        struct store_txn *txn = store_txn_new();

        store_txn_restate(txn, &e.id, STORE_PENDING, 0, NULL);
        ck_assert_int_eq(commit(txn), STORE_STALE);
        txn = store_txn_new();
        store_txn_settle(txn, &e.id, STORE_CANCELED, NULL, 0);
        ck_assert_int_eq(commit(txn), STORE_STALE);
        txn = store_txn_new();
        store_txn_requeue(txn, &claim, STORE_CANCELING, 0, NULL);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        ck_assert_int_eq(finish(&claim, "{}"), STORE_DONE);
}
END_TEST

START_TEST(a_refused_transaction_leaves_nothing)
{
        struct store_execution running = execution_of("a.b"), child = execution_of("a.c");
        struct store_claim claim = add_execution(&running, true);
        struct store_txn *txn = store_txn_new();
        struct store_event event = event_of("t");
        _fault_ struct fault fault = FAULT_INIT;
        struct seen_execution seen = { .n = 0 };
        uint64_t before = store_seq(fixture);

        claim.attempt = 9;
        store_txn_event(txn, &event);
        store_txn_execution(txn, &child, true);
        store_txn_once(txn, "s", "k", NULL, &event.id, INT64_MAX);
        store_txn_finish(txn, &claim, STORE_SUCCEEDED, "{}", 1);
        ck_assert_int_eq(commit(txn), STORE_STALE);
        ck_assert_uint_eq(store_seq(fixture), before);
        ck_assert_int_eq(store_get_execution(fixture, &child.id, false, keep_execution, &seen,
                                             &fault), FAULT);
        txn = store_txn_new();
        store_txn_once(txn, "s", "k", NULL, &event.id, INT64_MAX);
        ck_assert_int_eq(commit(txn), STORE_DONE);
}
END_TEST

START_TEST(an_id_that_exists_undoes_its_transaction_only)
{
        struct store_execution e = execution_of("a.b"), other = execution_of("a.c");
        struct store_txn *txns[2] = { store_txn_new(), store_txn_new() };
        struct store_counts counts;

        add_execution(&e, true);
        store_txn_once(txns[0], "s", "k", NULL, &other.id, INT64_MAX);
        store_txn_execution(txns[0], &e, false);
        store_txn_once(txns[1], "s", "k", NULL, &other.id, INT64_MAX);
        store_txn_execution(txns[1], &other, false);
        store_commit_many(fixture, txns, 1, NULL, NULL);
        ck_assert_int_eq(commit(txns[1]), STORE_DONE);
        store_count(fixture, &counts);
        ck_assert_uint_eq(counts.running, 1);
        ck_assert_uint_eq(counts.queued, 1);
        ck_assert_int_eq(get(&e.id).e.status, STORE_RUNNING);
}
END_TEST

struct order {
        enum store_outcome outcomes[8];
        int args[8];
        unsigned n;
};

static struct order order;

static void note_order(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        (void)first;
        (void)seq;
        order.outcomes[order.n] = outcome;
        order.args[order.n++] = *(int *)arg;
}

START_TEST(many_are_judged_one_by_one_and_answered_in_order)
{
        struct store_txn *txns[3] = { store_txn_new(), store_txn_new(), store_txn_new() };
        int numbers[3] = { 0, 1, 2 };
        void *args[3] = { &numbers[0], &numbers[1], &numbers[2] };
        struct id id = id_new();

        store_txn_once(txns[0], "s", "k", NULL, &id, INT64_MAX);
        store_txn_once(txns[1], "s", "k", NULL, &id, INT64_MAX);
        store_txn_once(txns[2], "s", "l", NULL, &id, INT64_MAX);
        store_commit_many(fixture, txns, 3, note_order, args);
        ck_assert_int_eq(commit(store_txn_new()), STORE_DONE);
        ck_assert_uint_eq(order.n, 3);
        ck_assert_int_eq(order.outcomes[0], STORE_DONE);
        ck_assert_int_eq(order.outcomes[1], STORE_DUPLICATE);
        ck_assert_int_eq(order.outcomes[2], STORE_DONE);
        for (int i = 0; i < 3; i++)
                ck_assert_int_eq(order.args[i], i);
}
END_TEST

START_TEST(seqs_follow_the_order_of_records)
{
        struct store_event event = event_of("core.st2.webhook"), got = { 0 };
        struct store_execution e = execution_of("a.b");
        struct store_txn *txn = store_txn_new();
        uint64_t seq;

        store_txn_once(txn, "s", "k", NULL, &event.id, INT64_MAX);
        store_txn_event(txn, &event);
        store_txn_execution(txn, &e, true);
        ck_assert_int_eq(store_commit_wait(fixture, txn, NULL, &seq), STORE_DONE);
        ck_assert_int_eq(store_get_event(fixture, &event.id, keep_event, &got, NULL), 0);
        ck_assert_uint_eq(got.seq, seq);
        ck_assert_uint_eq(get(&e.id).e.seq, seq + 1);
}
END_TEST

static int keep_doc(void *arg, const struct store_doc *doc)
{
        char *body = arg;

        snprintf(body, 64, "%llu %s", (unsigned long long)doc->seq, doc->body);
        return 0;
}

static enum store_outcome put_doc(const char *name, const char *body, uint64_t expected,
                                  uint64_t *ret_seq)
{
        struct store_txn *txn = store_txn_new();

        store_txn_doc(txn, "rule", name, body, expected);
        return store_commit_wait(fixture, txn, NULL, ret_seq);
}

START_TEST(documents_have_revisions)
{
        _fault_ struct fault fault = FAULT_INIT;
        char body[64] = "", want[64];
        uint64_t first, second;

        ck_assert_int_eq(put_doc("a", "1", 0, &first), STORE_DONE);
        ck_assert_int_eq(put_doc("a", "2", 0, NULL), STORE_CONFLICT);
        ck_assert_int_eq(put_doc("a", "2", first + 1, NULL), STORE_CONFLICT);
        ck_assert_int_eq(put_doc("a", "2", first, &second), STORE_DONE);
        ck_assert_uint_gt(second, first);
        ck_assert_int_eq(put_doc("a", "3", first, NULL), STORE_CONFLICT);
        ck_assert_int_eq(put_doc("a", "3", STORE_ANY, &second), STORE_DONE);
        ck_assert_int_eq(store_get_doc(fixture, "rule", "a", keep_doc, body, NULL), 0);
        snprintf(want, sizeof want, "%llu 3", (unsigned long long)second);
        ck_assert_str_eq(body, want);
        ck_assert_int_eq(put_doc("a", NULL, second, NULL), STORE_DONE);
        ck_assert_int_eq(store_get_doc(fixture, "rule", "a", keep_doc, body, &fault), FAULT);
        ck_assert_int_eq(fault.status, 404);
        ck_assert_int_eq(put_doc("a", NULL, 1, NULL), STORE_CONFLICT);
}
END_TEST

static int append_name(void *arg, const struct store_doc *doc)
{
        strcat(arg, doc->name);
        return 0;
}

START_TEST(documents_are_listed_by_name)
{
        char names[64] = "";

        put_doc("c", "1", 0, NULL);
        put_doc("a", "1", 0, NULL);
        put_doc("b", "1", 0, NULL);
        ck_assert_int_eq(store_list_docs(fixture, "rule", append_name, names, NULL), 0);
        ck_assert_str_eq(names, "abc");
        names[0] = '\0';
        ck_assert_int_eq(store_list_docs(fixture, "pack", append_name, names, NULL), 0);
        ck_assert_str_eq(names, "");
}
END_TEST

START_TEST(what_was_committed_survives_a_restart)
{
        struct store_execution e = execution_of("a.b"), f = execution_of("a.c");
        struct store_claim claim = add_execution(&e, true);
        uint64_t seq, epoch = store_epoch(fixture);
        struct store_counts counts;

        add_execution(&f, false);
        ck_assert_int_eq(finish(&claim, "{}"), STORE_DONE);
        seq = store_seq(fixture);
        fixture_reopen();
        ck_assert_uint_eq(store_seq(fixture), seq);
        ck_assert_uint_gt(store_epoch(fixture), epoch);
        ck_assert_int_eq(get(&e.id).e.status, STORE_SUCCEEDED);
        store_count(fixture, &counts);
        ck_assert_uint_eq(counts.queued, 1);
        ck_assert_int_eq(counts.oldest_queued_ms, 1000);
}
END_TEST

static enum store_outcome add_step(const struct id *id, uint64_t n, const char *body)
{
        struct store_txn *txn = store_txn_new();

        store_txn_step(txn, id, n, body);
        return commit(txn);
}

static int join_step(void *arg, uint64_t n, const char *body)
{
        char *text = arg;

        snprintf(text + strlen(text), 64 - strlen(text), "%u%s ", (unsigned)n, body);
        return 0;
}

START_TEST(steps_are_counted_without_a_gap)
{
        struct store_execution e = execution_of("flow"), other = execution_of("flow");
        char text[64] = "";

        add_execution(&e, true);
        add_execution(&other, true);
        ck_assert_int_eq(add_step(&e.id, 2, "[]"), STORE_CONFLICT);
        ck_assert_int_eq(add_step(&e.id, 1, "[a]"), STORE_DONE);
        ck_assert_int_eq(add_step(&e.id, 1, "[b]"), STORE_CONFLICT);
        ck_assert_int_eq(add_step(&e.id, 3, "[b]"), STORE_CONFLICT);
        ck_assert_int_eq(add_step(&other.id, 1, "[x]"), STORE_DONE);
        ck_assert_int_eq(add_step(&e.id, 2, "[b]"), STORE_DONE);
        ck_assert_int_eq(store_list_steps(fixture, &e.id, join_step, text, NULL), 0);
        ck_assert_str_eq(text, "1[a] 2[b] ");
}
END_TEST

static int no_change(void *arg, const struct store_change *change)
{
        (void)arg;
        (void)change;
        return 0;
}

START_TEST(the_tree_of_an_execution_has_what_its_children_changed)
{
        struct store_execution root = execution_of("flow"), child = execution_of("a.b"),
                               grandchild = execution_of("a.b"), undo = execution_of("core.undo");
        struct store_change_filter filter = { .execution = root.id, .tree = true, .state = -1 };
        struct store_txn *txn = store_txn_new();
        const struct store_execution *all[] = { &root, &child, &grandchild, &undo };
        uint64_t total = 0;

        child.parent = root.id;
        grandchild.parent = child.id;
        undo.parent = undo.plan = root.id;
        for (size_t i = 0; i < 4; i++) {
                struct store_change change = { .execution = all[i]->id, .attempt = 1, .n = 1,
                                               .resource = "a/b", .user = "eva" };

                store_txn_execution(txn, all[i], true);
                store_txn_change(txn, &change);
        }
        ck_assert_int_eq(commit(txn), STORE_DONE);
        ck_assert_int_eq(store_list_changes(fixture, &filter, NULL, no_change, NULL, &total, NULL),
                         0);
        ck_assert_uint_eq(total, 3);
        filter.tree = false;
        ck_assert_int_eq(store_list_changes(fixture, &filter, NULL, no_change, NULL, &total, NULL),
                         0);
        ck_assert_uint_eq(total, 1);
}
END_TEST

static Suite *suite(void)
{
        Suite *s = suite_create("store_txn");
        TCase *t = tcase_create("txn");

        tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
        tcase_add_test(t, an_event_is_read_back);
        tcase_add_test(t, a_claimed_execution_runs_and_finishes_once);
        tcase_add_test(t, every_field_of_an_execution_survives);
        tcase_add_test(t, a_requeued_claim_is_gone);
        tcase_add_test(t, canceling_keeps_the_claim);
        tcase_add_test(t, a_refused_transaction_leaves_nothing);
        tcase_add_test(t, an_id_that_exists_undoes_its_transaction_only);
        tcase_add_test(t, many_are_judged_one_by_one_and_answered_in_order);
        tcase_add_test(t, seqs_follow_the_order_of_records);
        tcase_add_test(t, documents_have_revisions);
        tcase_add_test(t, documents_are_listed_by_name);
        tcase_add_test(t, what_was_committed_survives_a_restart);
        tcase_add_test(t, steps_are_counted_without_a_gap);
        tcase_add_test(t, the_tree_of_an_execution_has_what_its_children_changed);
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
