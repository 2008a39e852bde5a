/* SPDX-License-Identifier: Apache-2.0 */

/* Lists: filters, pages, totals; enforcements, changes, keys; replay. */

#include "store_fixture.h"

#include "base/clock.h"
#include "base/text.h"

static int add_action(void *arg, const struct store_execution *e)
{
        text_add(arg, e->action);
        return 0;
}

static void lists(const struct store_execution_filter *filter, const struct store_page *page,
                  const char *want, uint64_t want_total)
{
        _text_ struct text text = TEXT_INIT;
        uint64_t total = 99;

        ck_assert_int_eq(store_list_executions(fixture, filter, page, add_action, &text, &total,
                                               NULL), 0);
        ck_assert_str_eq(text.s ? text.s : "", want);
        ck_assert_uint_eq(total, want_total);
}

static struct id put(const char *action, const struct store_execution *like, bool claimed)
{
        struct store_execution e = execution_of(action);

        e.parent = like->parent;
        e.event = like->event;
        e.rule = like->rule;
        e.instance = like->instance;
        e.status = like->status;
        e.created_ms = like->created_ms ? like->created_ms : e.created_ms;
        add_execution(&e, claimed);
        return e.id;
}

START_TEST(executions_are_filtered)
{
        struct id event = id_new(), parent = put("a", &(struct store_execution){ .event = event },
                                                 true);
        struct store_execution_filter f = { .status = -1 };
        struct store_claim claim = { parent, store_epoch(fixture), 1 };

        put("b", &(struct store_execution){ .parent = parent, .rule = "p.r" }, false);
        put("c", &(struct store_execution){ .parent = parent, .status = STORE_HELD,
                                            .instance = "i" }, false);
        lists(NULL, NULL, "cba", 3);
        lists(&(struct store_execution_filter){ .status = -1, .parent = parent }, NULL, "cb", 2);
        lists(&(struct store_execution_filter){ .status = -1, .event = event }, NULL, "a", 1);
        lists(&(struct store_execution_filter){ .status = -1, .top_level = true }, NULL, "a", 1);
        lists(&(struct store_execution_filter){ .status = -1, .action = "b" }, NULL, "b", 1);
        lists(&(struct store_execution_filter){ .status = -1, .rule = "p.r" }, NULL, "b", 1);
        lists(&(struct store_execution_filter){ .status = -1, .instance = "i" }, NULL, "c", 1);
        lists(&(struct store_execution_filter){ .status = -1, .user = "nobody" }, NULL, "", 0);
        lists(&(struct store_execution_filter){ .status = STORE_HELD }, NULL, "c", 1);
        lists(&(struct store_execution_filter){ .status = STORE_HELD, .parent = parent }, NULL, "c",
              1);
        lists(&(struct store_execution_filter){ .status = STORE_RUNNING }, NULL, "a", 1);
        f.unfinished = true;
        lists(&f, NULL, "cba", 3);
        ck_assert_int_eq(finish(&claim, "{}"), STORE_DONE);
        lists(&f, NULL, "cb", 2);
        f.event = event;
        lists(&f, NULL, "", 0);
        lists(&(struct store_execution_filter){ .status = STORE_SUCCEEDED }, NULL, "a", 1);
        lists(&(struct store_execution_filter){ .status = STORE_FAILED }, NULL, "", 0);
}
END_TEST

START_TEST(executions_are_filtered_by_the_type_of_their_event)
{
        struct store_execution_filter f = { .status = -1, .trigger = "core.st2.webhook" };
        struct store_event event = event_of("core.st2.webhook");
        struct store_txn *txn = store_txn_new();

        store_txn_event(txn, &event);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        put("a", &(struct store_execution){ .event = event.id }, false);
        put("b", &(struct store_execution){ .event = id_new() }, false);
        put("c", &(struct store_execution){ .status = STORE_HELD }, false);
        lists(&f, NULL, "a", 1);
        f.status = STORE_REQUESTED;
        lists(&f, NULL, "a", 1);
        f.trigger = "core.st2.CronTimer";
        lists(&f, NULL, "", 0);
}
END_TEST

START_TEST(pages_go_both_ways_and_stop)
{
        const char *names[] = { "a", "b", "c", "d", "e" };
        struct store_execution none = { .seq = 0 };
        struct store_page page = { .limit = 2 };
        struct id ids[5];

        for (int i = 0; i < 5; i++)
                ids[i] = put(names[i], &none, false);
        lists(NULL, &page, "ed", 5);
        page.offset = 2;
        lists(NULL, &page, "cb", 5);
        page = (struct store_page){ .limit = 2, .after_seq = get(&ids[2]).e.seq };
        lists(NULL, &page, "ba", 5);
        page.ascending = true;
        lists(NULL, &page, "de", 5);
        page.after_seq = 0;
        lists(NULL, &page, "ab", 5);
        lists(&(struct store_execution_filter){ .status = STORE_REQUESTED }, &page, "ab", 5);
}
END_TEST

START_TEST(times_bound_a_list)
{
        int64_t now = clock_real_ms();
        struct store_page page = { .limit = 10 };

        put("a", &(struct store_execution){ .created_ms = now - 2000 }, false);
        put("b", &(struct store_execution){ .created_ms = now - 1000 }, false);
        put("c", &(struct store_execution){ .created_ms = now }, false);
        page.since_ms = now - 1000;
        lists(NULL, &page, "cb", 2);
        page.until_ms = now;
        lists(NULL, &page, "b", 1);
        page.since_ms = 0;
        lists(NULL, &page, "ba", 2);
        page.since_ms = now + 3600000;
        page.until_ms = 0;
        lists(NULL, &page, "", 0);
}
END_TEST

static int add_rule(void *arg, const struct store_enforcement *f)
{
        text_addf(arg, "%s%s", f->rule, f->failure ? "!" : "");
        return 0;
}

START_TEST(enforcements_by_rule_event_and_execution)
{
        struct store_event event = event_of("t"), other = event_of("t");
        struct store_execution e = execution_of("a");
        struct store_enforcement f = { .id = id_new(), .event = event.id, .execution = e.id,
                                       .rule = "x", .at_ms = 5 };
        struct store_txn *txn = store_txn_new();
        _text_ struct text all = TEXT_INIT, by_event = TEXT_INIT, by_rule = TEXT_INIT,
                by_execution = TEXT_INIT;
        uint64_t total;

        e.event = event.id;
        store_txn_event(txn, &event);
        store_txn_execution(txn, &e, false);
        store_txn_enforcement(txn, &f);
        f = (struct store_enforcement){ .id = id_new(), .event = other.id, .rule = "y",
                                        .failure = "no", .at_ms = 6 };
        store_txn_enforcement(txn, &f);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        store_list_enforcements(fixture, NULL, NULL, NULL, NULL, add_rule, &all, &total, NULL);
        ck_assert_str_eq(all.s, "y!x");
        ck_assert_uint_eq(total, 2);
        store_list_enforcements(fixture, NULL, &event.id, NULL, NULL, add_rule, &by_event, NULL,
                                NULL);
        ck_assert_str_eq(by_event.s, "x");
        store_list_enforcements(fixture, "y", NULL, NULL, NULL, add_rule, &by_rule, NULL, NULL);
        ck_assert_str_eq(by_rule.s, "y!");
        store_list_enforcements(fixture, NULL, NULL, &e.id, NULL, add_rule, &by_execution, NULL,
                                NULL);
        ck_assert_str_eq(by_execution.s, "x");
}
END_TEST

/* ---- traces ---- */

static void add_event(const char *trigger, const char *trace, const char *rule, struct id *ret)
{
        struct store_txn *txn = store_txn_new();
        struct store_event event = event_of(trigger);
        const struct store_enforcement f = { .id = id_new(), .event = event.id, .rule = rule };

        event.trace = trace;
        store_txn_event(txn, &event);
        if (rule)
                store_txn_enforcement(txn, &f);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        *ret = event.id;
}

static void add_root(const char *trace)
{
        struct store_execution e = execution_of("a");

        e.trace = trace;
        add_execution(&e, false);
}

static int add_trace(void *arg, const struct store_trace *trace)
{
        text_addf(arg, "%c%s ", trace->is_event ? 'v' : 'e', trace->tag ? trace->tag : "-");
        return 0;
}

static void traces(const char *tag, const char *rule, const struct store_page *page,
                   const char *want, uint64_t want_total)
{
        _text_ struct text text = TEXT_INIT;
        uint64_t total = 99;

        ck_assert_int_eq(store_list_traces(fixture, tag, rule, page, add_trace, &text, &total,
                                           NULL), 0);
        ck_assert_str_eq(text.s ? text.s : "", want);
        ck_assert_uint_eq(total, want_total);
}

START_TEST(traces_begin_with_events_and_with_requests)
{
        struct store_execution part = execution_of("b");
        struct store_page page = { .limit = 2 };
        struct id id;

        add_event("t", "x", "p.r", &id);
        add_root("x");
        part.event = id;
        add_execution(&part, false);
        add_event("t", NULL, "p.r", &id);
        add_root(NULL);
        part = execution_of("c");
        part.parent = id;
        add_execution(&part, false);
        add_event("t", "y", "p.s", &id);
        traces(NULL, NULL, NULL, "vy e- v- ex vx ", 5);
        traces(NULL, NULL, &page, "vy e- ", 5);
        page.offset = 3;
        traces(NULL, NULL, &page, "ex vx ", 5);
        page.ascending = true;
        traces(NULL, NULL, &page, "e- vy ", 5);
        traces("x", NULL, NULL, "ex vx ", 2);
        traces("z", NULL, NULL, "", 0);
        traces(NULL, "p.r", NULL, "v- vx ", 2);
        traces("x", "p.r", NULL, "vx ", 1);
        traces("y", "p.r", NULL, "", 0);
}
END_TEST

START_TEST(a_tag_is_found_however_long_ago)
{
        struct id id;

        add_event("t", "long ago", NULL, &id);
        add_root("long ago");
        for (int i = 0; i < 30; i++) {
                struct store_txn *txn = store_txn_new();

                for (int k = 0; k < 200; k++) {
                        struct store_event event = event_of("t");

                        store_txn_event(txn, &event);
                }
                ck_assert_int_eq(commit(txn), STORE_DONE);
        }
        traces("long ago", NULL, NULL, "elong ago vlong ago ", 2);
        traces(NULL, NULL, &(struct store_page){ .limit = 2, .offset = 6000 },
               "elong ago vlong ago ", 6002);
}
END_TEST

static int add_payload(void *arg, const struct store_event *event)
{
        text_add(arg, event->payload);
        return 0;
}

START_TEST(events_by_trigger)
{
        const char *triggers[] = { "t", "u", "t" }, *payloads[] = { "1", "2", "3" };
        _text_ struct text text = TEXT_INIT;
        uint64_t total;

        for (int i = 0; i < 3; i++) {
                struct store_txn *txn = store_txn_new();
                struct store_event event = event_of(triggers[i]);

                event.payload = payloads[i];
                store_txn_event(txn, &event);
                ck_assert_int_eq(commit(txn), STORE_DONE);
        }
        ck_assert_int_eq(store_list_events(fixture, "t", NULL, add_payload, &text, &total, NULL),
                         0);
        ck_assert_str_eq(text.s, "31");
        ck_assert_uint_eq(total, 2);
}
END_TEST

static int add_change(void *arg, const struct store_change *c)
{
        text_addf(arg, "%s:%u:%s:%s%s ", c->resource, c->n, store_change_state_text(c->state),
                  c->observed ? c->observed : "-", id_is_zero(&c->undone_by) ? "" : ":undone");
        return 0;
}

static void changes(const struct store_change_filter *filter, const char *want)
{
        _text_ struct text text = TEXT_INIT;
        uint64_t total;

        ck_assert_int_eq(store_list_changes(fixture, filter, NULL, add_change, &text, &total, NULL),
                         0);
        ck_assert_str_eq(text.s ? text.s : "", want);
}

static uint64_t intend(const struct id *execution, uint32_t n, const char *resource,
                       enum store_change_state state)
{
        struct store_change c = { .execution = *execution, .attempt = 1, .n = n, .state = state,
                                  .plugin = "p", .instance = "i", .resource = resource,
                                  .before = "1",
                                  .after = "2", .user = "eva", .at_ms = 5 };
        struct store_txn *txn = store_txn_new();
        uint64_t seq;

        store_txn_change(txn, &c);
        ck_assert_int_eq(store_commit_wait(fixture, txn, NULL, &seq), STORE_DONE);
        return seq;
}

static enum store_outcome close_change(const struct id *execution, uint32_t n,
                                       enum store_change_state state)
{
        struct store_txn *txn = store_txn_new();

        store_txn_change_close(txn, execution, 1, n, state, "seen", 6);
        return commit(txn);
}

START_TEST(the_ledger_from_intent_to_undo)
{
        struct store_execution e = execution_of("a"), by = execution_of("u");
        struct store_claim claim = add_execution(&e, true);
        uint64_t first = intend(&e.id, 1, "dns/z/a", STORE_INTENT);
        struct store_txn *txn;

        intend(&e.id, 2, "dns/z/b", STORE_INTENT);
        intend(&e.id, 3, "dns/y/b", STORE_PLANNED);
        changes(NULL, "dns/y/b:3:planned:- dns/z/b:2:intent:- dns/z/a:1:intent:- ");
        ck_assert_int_eq(close_change(&e.id, 1, STORE_APPLIED), STORE_DONE);
        ck_assert_int_eq(close_change(&e.id, 1, STORE_REFUSED), STORE_CONFLICT);
        ck_assert_int_eq(close_change(&e.id, 3, STORE_APPLIED), STORE_CONFLICT);
        ck_assert_int_eq(close_change(&e.id, 9, STORE_APPLIED), STORE_CONFLICT);
        ck_assert_int_eq(finish(&claim, "{}"), STORE_DONE);
        changes(&(struct store_change_filter){ .state = STORE_UNKNOWN }, "dns/z/b:2:unknown:- ");
        ck_assert_int_eq(close_change(&e.id, 2, STORE_REFUSED), STORE_DONE);
        changes(&(struct store_change_filter){ .state = STORE_UNKNOWN }, "");
        for (int i = 0; i < 2; i++) {
                txn = store_txn_new();
                store_txn_change_undone(txn, first, &by.id);
                ck_assert_int_eq(commit(txn), i == 0 ? STORE_DONE : STORE_CONFLICT);
        }
        changes(&(struct store_change_filter){ .state = -1, .resource = "dns/z/*" },
                "dns/z/b:2:refused:seen dns/z/a:1:applied:seen:undone ");
        changes(&(struct store_change_filter){ .state = -1, .resource = "dns/z/a" },
                "dns/z/a:1:applied:seen:undone ");
        changes(&(struct store_change_filter){ .state = STORE_APPLIED, .execution = e.id },
                "dns/z/a:1:applied:seen:undone ");
        changes(&(struct store_change_filter){ .state = -1, .execution = by.id }, "");
}
END_TEST

START_TEST(a_requeue_leaves_its_intents_unknown)
{
        struct store_execution e = execution_of("a");
        struct store_claim claim = add_execution(&e, true);
        struct store_txn *txn = store_txn_new();

        intend(&e.id, 1, "r", STORE_INTENT);
        store_txn_requeue(txn, &claim, STORE_CANCELING, 0, NULL);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        changes(NULL, "r:1:intent:- ");
        txn = store_txn_new();
        store_txn_requeue(txn, &claim, STORE_REQUESTED, 0, NULL);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        changes(NULL, "r:1:unknown:- ");
}
END_TEST

static int add_key(void *arg, const struct store_key *key)
{
        text_addf(arg, "%s=%s%s ", key->name, key->value, key->secret ? "!" : "");
        return 0;
}

static enum store_outcome put_key(const char *owner, const char *name, const char *value,
                                  int64_t expires_ms, uint64_t expected)
{
        struct store_key key = { .scope = owner[0] ? "user" : "system", .owner = owner,
                                 .name = name, .value = value,
                                 .secret = name[0] == 's', .expires_ms = expires_ms };
        struct store_txn *txn = store_txn_new();

        store_txn_key(txn, &key, expected);
        return commit(txn);
}

START_TEST(keys_have_scopes_prefixes_and_an_end)
{
        _text_ struct text system = TEXT_INIT, prefixed = TEXT_INIT, later = TEXT_INIT,
                one = TEXT_INIT;
        _fault_ struct fault fault = FAULT_INIT;
        uint64_t total;

        clock_fake(1000);
        ck_assert_int_eq(put_key("", "b", "2", 0, 0), STORE_DONE);
        ck_assert_int_eq(put_key("", "ab", "1", 2000, STORE_ANY), STORE_DONE);
        ck_assert_int_eq(put_key("", "s", "x", 0, STORE_ANY), STORE_DONE);
        ck_assert_int_eq(put_key("eva", "mine", "3", 0, STORE_ANY), STORE_DONE);
        ck_assert_int_eq(put_key("", "b", "9", 0, 0), STORE_CONFLICT);
        store_list_keys(fixture, "system", NULL, NULL, NULL, add_key, &system, &total, NULL);
        ck_assert_str_eq(system.s, "ab=1 b=2 s=x! ");
        ck_assert_uint_eq(total, 3);
        store_list_keys(fixture, NULL, NULL, "a", NULL, add_key, &prefixed, NULL, NULL);
        ck_assert_str_eq(prefixed.s, "ab=1 ");
        ck_assert_int_eq(store_get_key(fixture, "user", "eva", "mine", add_key, &one, NULL), 0);
        ck_assert_str_eq(one.s, "mine=3 ");
        clock_fake(2000);
        ck_assert_int_eq(store_get_key(fixture, "system", "", "ab", add_key, &one, &fault), FAULT);
        ck_assert_int_eq(fault.status, 404);
        ck_assert_int_eq(put_key("", "ab", "new", 0, 0), STORE_DONE);
        ck_assert_int_eq(put_key("", "b", NULL, 0, STORE_ANY), STORE_DONE);
        store_list_keys(fixture, "system", NULL, NULL, NULL, add_key, &later, NULL, NULL);
        ck_assert_str_eq(later.s, "ab=new s=x! ");
        clock_fake(-1);
}
END_TEST

struct log {
        struct text text;
        uint64_t last;
};

static void log_seq(struct log *log, uint64_t seq, const char *what)
{
        ck_assert_uint_gt(seq, log->last);
        log->last = seq;
        text_addf(&log->text, "%s ", what);
}

static int log_event(void *arg, const struct store_event *e)
{
        log_seq(arg, e->seq, "event");
        return 0;
}

static int log_created(void *arg, const struct store_execution *e)
{
        log_seq(arg, e->seq, "created");
        return 0;
}

static int log_finished(void *arg, const struct store_execution *e)
{
        ck_assert_str_eq(e->result, "{\"r\":1}");
        log_seq(arg, e->seq, store_status_text(e->status));
        return 0;
}

static int log_enforcement(void *arg, const struct store_enforcement *f)
{
        log_seq(arg, f->seq, "enforcement");
        return 0;
}

START_TEST(replay_merges_in_commit_order)
{
        struct log log = { TEXT_INIT, 0 };
        struct store_replay replay = { log_event, log_created, log_finished, log_enforcement,
                                       &log };
        struct store_event event = event_of("t");
        struct store_execution e = execution_of("a"), later = execution_of("b");
        struct store_enforcement f = { .id = id_new(), .event = event.id, .execution = e.id,
                                       .rule = "x" };
        struct store_claim claim = { e.id, store_epoch(fixture), 1 };
        struct store_txn *txn = store_txn_new();

        store_txn_event(txn, &event);
        store_txn_execution(txn, &e, true);
        store_txn_enforcement(txn, &f);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        add_execution(&later, false);
        ck_assert_int_eq(finish(&claim, "{\"r\":1}"), STORE_DONE);
        ck_assert_int_eq(store_replay(fixture, 0, 3, &replay, NULL), 0);
        ck_assert_str_eq(log.text.s, "event created enforcement ");
        ck_assert_int_eq(store_replay(fixture, log.last, 100, &replay, NULL), 0);
        ck_assert_str_eq(log.text.s, "event created enforcement created succeeded ");
        ck_assert_uint_eq(log.last, store_seq(fixture));
        replay.created = NULL;
        log.last = 0;
        ck_assert_int_eq(store_replay(fixture, 0, 100, &replay, NULL), 0);
        ck_assert_str_eq(
                log.text.s,
                "event created enforcement created succeeded event enforcement succeeded ");
        text_deinit(&log.text);
}
END_TEST

static int ask_again(void *arg, const struct store_execution *e)
{
        unsigned *depth = arg;

        if (++*depth < 12)
                ck_assert_int_eq(store_get_execution(fixture, &e->id, false, ask_again, arg, NULL),
                                 0);
        return 0;
}

START_TEST(a_visitor_may_ask_further)
{
        struct store_execution e = execution_of("a");
        unsigned depth = 0;

        add_execution(&e, false);
        ck_assert_int_eq(store_get_execution(fixture, &e.id, false, ask_again, &depth, NULL), 0);
        ck_assert_uint_eq(depth, 12);
}
END_TEST

static Suite *suite(void)
{
        Suite *s = suite_create("store_list");
        TCase *t = tcase_create("list");

        tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
        tcase_add_test(t, executions_are_filtered);
        tcase_add_test(t, executions_are_filtered_by_the_type_of_their_event);
        tcase_add_test(t, pages_go_both_ways_and_stop);
        tcase_add_test(t, times_bound_a_list);
        tcase_add_test(t, enforcements_by_rule_event_and_execution);
        tcase_add_test(t, events_by_trigger);
        tcase_add_test(t, traces_begin_with_events_and_with_requests);
        tcase_add_test(t, a_tag_is_found_however_long_ago);
        tcase_add_test(t, the_ledger_from_intent_to_undo);
        tcase_add_test(t, a_requeue_leaves_its_intents_unknown);
        tcase_add_test(t, keys_have_scopes_prefixes_and_an_end);
        tcase_add_test(t, replay_merges_in_commit_order);
        tcase_add_test(t, a_visitor_may_ask_further);
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
