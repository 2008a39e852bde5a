/* SPDX-License-Identifier: Apache-2.0 */

/* The way of an event and of a request: match, run, finish, and what stops them. */

#include "hub_fixture.h"

static const char noop_rule[] =
        "name: noop\nenabled: true\ntrigger: {type: core.st2.webhook, parameters: {url: a}}\n"
        "criteria: {trigger.body.go: {type: equals, pattern: yes-please}}\n"
        "action: {ref: core.echo, parameters: {message: \"{{ trigger.body.say }}\"}}\n";

START_TEST(an_event_runs_what_its_rule_says)
{
        struct id id;
        struct seen seen;

        write_file("packs.d/t/rules/noop.yaml", noop_rule);
        hub_up();
        send_event("a", "{\"go\":\"yes-please\",\"say\":\"hello\"}");
        eventually((id = newest("core.echo"), !id_is_zero(&id)));
        seen = wait_end(&id);
        ck_assert_int_eq(seen.status, STORE_SUCCEEDED);
        ck_assert_str_eq(json_text_of(seen.result, "message", ""), "hello");
        json_decref(seen.result);
        json_decref(seen.params);
}
END_TEST

START_TEST(an_event_that_does_not_match_runs_nothing)
{
        struct id id;

        write_file("packs.d/t/rules/noop.yaml", noop_rule);
        hub_up();
        send_event("a", "{\"go\":\"no\"}");
        send_event("b", "{\"go\":\"yes-please\"}");
        id = newest("core.echo");
        ck_assert(id_is_zero(&id));
}
END_TEST

START_TEST(an_unknown_action_is_refused_with_the_nearest)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct hub_run request = { .action = "core.nop", .mode = "run", .user = "eva" };

        hub_up();
        ck_assert_int_eq(hub_run(hub, &request, on_ran, NULL, &fault), FAULT);
        ck_assert_int_eq(fault.status, 404);
        ck_assert_ptr_nonnull(strstr(fault.remedy, "core.noop"));
}
END_TEST

START_TEST(parameters_that_break_the_schema_are_refused)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *params = json_pack("{s:i}", "to", 5);
        struct hub_run request = {
                .action = "lamp.set", .params = params, .mode = "run", .user = "eva"
        };

        hub_up();
        ck_assert_int_eq(hub_run(hub, &request, on_ran, NULL, &fault), FAULT);
        ck_assert_int_eq(fault.status, 422);
        ck_assert_int_eq(atomic_load(&lamp_calls), 0);
}
END_TEST

START_TEST(one_key_makes_one_execution)
{
        struct hub_run request = { .action = "core.noop",
                                   .mode = "run",
                                   .user = "eva",
                                   .once = { "s", "k", NULL } };
        struct answer answers[100] = { 0 };
        int done = 0;

        hub_up();
        for (int i = 0; i < 100; i++)
                ck_assert_int_eq(hub_run(hub, &request, on_ran, &answers[i], NULL), 0);
        for (int i = 0; i < 100; i++) {
                eventually(atomic_load(&answers[i].is_there));
                done += answers[i].ran.outcome == STORE_DONE;
                ck_assert(answers[i].ran.outcome == STORE_DONE ||
                          answers[i].ran.outcome == STORE_DUPLICATE);
                ck_assert(id_equal(&answers[i].ran.id, &answers[0].ran.id));
        }
        ck_assert_int_eq(done, 1);
}
END_TEST

START_TEST(more_than_the_slots_wait_and_all_end)
{
        struct id ids[200];

        hub_up();
        for (int i = 0; i < 200; i++)
                ids[i] = run("lamp.set", i % 2 ? "{\"to\":\"on\"}" : "{\"to\":\"off\"}", "run");
        for (int i = 0; i < 200; i++)
                eventually(status_of(&ids[i]) == STORE_SUCCEEDED);
}
END_TEST

START_TEST(pause_holds_starts_and_resume_lets_them_go)
{
        struct id id;

        hub_up();
        ck_assert_int_eq(hub_pause(hub, "eva", "maintenance", NULL), 0);
        id = run("core.noop", "{}", "run");
        ck_assert_int_eq(status_of(&id), STORE_REQUESTED);
        hub_down();
        hub_up();
        ck_assert(hub_is_paused(hub));
        ck_assert_int_eq(status_of(&id), STORE_REQUESTED);
        ck_assert_int_eq(hub_resume(hub, "eva", NULL), 0);
        eventually(status_of(&id) == STORE_SUCCEEDED);
}
END_TEST

static const char limited_rule[] =
        "name: limited\nenabled: true\nlimit_per_minute: 2\n"
        "trigger: {type: core.st2.webhook, parameters: {url: a}}\naction: {ref: core.noop}\n";

static unsigned count_status(enum store_status status)
{
        struct store_execution_filter filter = { .action = "core.noop", .status = (int)status };
        struct store_page page = { .limit = 100 };
        uint64_t total = 0;
        struct id ignored;

        store_list_executions(store, &filter, &page, take_first, &ignored, &total, NULL);
        return (unsigned)total;
}

START_TEST(a_rule_past_its_limit_is_held_until_a_person_decides)
{
        unsigned n = 0;
        struct id held;

        write_file("packs.d/t/rules/limited.yaml", limited_rule);
        hub_up();
        for (int i = 0; i < 5; i++)
                send_event("a", "{}");
        eventually(count_status(STORE_SUCCEEDED) == 2);
        ck_assert_uint_eq(count_status(STORE_HELD), 3);
        held = newest("core.noop");
        eventually(status_of(&held) == STORE_HELD);
        ck_assert_int_eq(hub_held_drop(hub, &held, NULL, "eva", &n, NULL), 0);
        ck_assert_int_eq(status_of(&held), STORE_CANCELED);
        ck_assert_int_eq(hub_held_release(hub, NULL, "t.limited", "eva", &n, NULL), 0);
        ck_assert_uint_eq(n, 2);
        eventually(count_status(STORE_SUCCEEDED) == 4);
}
END_TEST

START_TEST(a_running_one_and_a_waiting_one_can_be_cancelled)
{
        struct id hanging, waiting;
        _fault_ struct fault fault = FAULT_INIT;

        hub_up();
        hanging = run("lamp.hang", "{}", "run");
        eventually(atomic_load(&lamp_calls) == 1);
        ck_assert_int_eq(hub_cancel(hub, &hanging, "eva", NULL), 0);
        eventually(status_of(&hanging) == STORE_CANCELED);
        ck_assert_int_eq(hub_cancel(hub, &hanging, "eva", &fault), FAULT);
        ck_assert_int_eq(fault.status, 409);
        hub_pause(hub, "eva", NULL, NULL);
        waiting = run("core.noop", "{}", "run");
        ck_assert_int_eq(hub_cancel(hub, &waiting, "eva", NULL), 0);
        ck_assert_int_eq(status_of(&waiting), STORE_CANCELED);
}
END_TEST

START_TEST(a_failure_is_retried_as_often_as_asked)
{
        _json_ json_t *context = json_pack("{s:{s:i, s:i}}", "retry", "count", 2, "delay", 0);
        struct hub_run request = {
                .action = "lamp.fail", .mode = "run", .user = "eva", .context = context
        };
        struct answer answer = { .is_there = false };
        struct seen seen;

        hub_up();
        ck_assert_int_eq(hub_run(hub, &request, on_ran, &answer, NULL), 0);
        eventually(atomic_load(&answer.is_there));
        seen = wait_end(&answer.ran.id);
        ck_assert_int_eq(seen.status, STORE_FAILED);
        ck_assert_int_eq(atomic_load(&lamp_calls), 3);
        json_decref(seen.result);
        json_decref(seen.params);
}
END_TEST

START_TEST(a_delay_is_waited_for)
{
        struct hub_run request = {
                .action = "core.noop", .mode = "run", .user = "eva", .delay_ms = 150
        };
        struct answer answer = { .is_there = false };
        int64_t began = clock_mono_ms();

        hub_up();
        ck_assert_int_eq(hub_run(hub, &request, on_ran, &answer, NULL), 0);
        eventually(atomic_load(&answer.is_there));
        ck_assert_int_eq(status_of(&answer.ran.id), STORE_DELAYED);
        eventually(status_of(&answer.ran.id) == STORE_SUCCEEDED);
        ck_assert_int_ge(clock_mono_ms() - began, 150);
}
END_TEST

START_TEST(a_program_runs_without_a_shell_and_its_output_is_kept)
{
        struct id id;
        struct seen seen;

        hub_up();
        id = run("core.local", "{\"argv\":[\"echo\",\"a;b $HOME\"]}", "run");
        seen = wait_end(&id);
        ck_assert_int_eq(seen.status, STORE_SUCCEEDED);
        ck_assert_str_eq(json_text_of(seen.result, "stdout", ""), "a;b $HOME\n");
        json_decref(seen.result);
        json_decref(seen.params);
        id = run("core.local", "{\"argv\":[\"/does/not/exist\"]}", "run");
        seen = wait_end(&id);
        ck_assert_int_eq(seen.status, STORE_FAILED);
        ck_assert_ptr_nonnull(strstr(json_text_of(seen.result, "error", ""), "/does/not/exist"));
        json_decref(seen.result);
        json_decref(seen.params);
}
END_TEST

START_TEST(a_program_past_its_time_is_ended_with_all_it_started)
{
        struct id id;
        struct seen seen;

        hub_up();
        id = run("core.local", "{\"cmd\":\"sleep 60 & sleep 60\",\"timeout\":1}", "run");
        seen = wait_end(&id);
        ck_assert_int_eq(seen.status, STORE_TIMEOUT);
        json_decref(seen.result);
        json_decref(seen.params);
}
END_TEST

START_TEST(a_failed_exchange_does_not_tell_what_its_url_hides)
{
        struct id id;
        struct seen seen;
        const char *error;

        hub_up();
        id = run("core.http", "{\"url\":\"http://127.0.0.1:1/canary-2?k=canary-3\"}", "run");
        seen = wait_end(&id);
        error = json_text_of(seen.result, "error", "");
        ck_assert_int_eq(seen.status, STORE_FAILED);
        ck_assert_ptr_nonnull(strstr(error, "http://127.0.0.1:1"));
        ck_assert_ptr_null(strstr(error, "canary"));
        json_decref(seen.result);
        json_decref(seen.params);
}
END_TEST

START_TEST(the_timeout_of_a_request_bounds_what_parameters_allow)
{
        _json_ json_t *pause = json_pack("{s:i}", "max_pause", 60),
                      *sleeps = json_pack("{s:s}", "cmd", "sleep 60");
        struct hub_run requests[] = {
                { .action = "core.pause",
                  .params = pause,
                  .mode = "run",
                  .user = "eva",
                  .timeout_ms = 100 },
                { .action = "core.local",
                  .params = sleeps,
                  .mode = "run",
                  .user = "eva",
                  .timeout_ms = 100 },
        };

        hub_up();
        for (int i = 0; i < 2; i++) {
                struct answer answer = { .is_there = false };

                ck_assert_int_eq(hub_run(hub, &requests[i], on_ran, &answer, NULL), 0);
                eventually(atomic_load(&answer.is_there));
                eventually(status_of(&answer.ran.id) == STORE_TIMEOUT);
        }
}
END_TEST

START_TEST(what_a_http_request_shows_its_server_is_sealed)
{
        struct id id;
        struct seen seen;
        _free_ char *text = NULL;

        hub_up();
        id = run("core.http",
                 "{\"url\":\"http://127.0.0.1:1/\",\"headers\":{\"X-Token\":\"canary-1\"},"
                 "\"cookies\":{\"a\":\"canary-2\"},\"username\":\"eva\",\"password\":\"canary-3\","
                 "\"https_proxy\":\"http://u:canary-4@p\"}", "run");
        seen = wait_end(&id);
        text = json_compact(seen.params);
        ck_assert_msg(!strstr(text, "canary") && strstr(text, "eva"), "%s", text);
        json_decref(seen.result);
        json_decref(seen.params);
}
END_TEST

START_TEST(tokens_in_a_query_are_sealed_and_the_rest_is_not)
{
        struct id id;
        struct seen seen;
        _free_ char *text = NULL;

        hub_up();
        id = run("core.http", "{\"url\":\"http://127.0.0.1:1/p?a=shown&token=canary-1\","
                 "\"params\":{\"api_key\":\"canary-2\",\"q\":\"too\"}}", "run");
        seen = wait_end(&id);
        text = json_compact(seen.params);
        ck_assert_msg(!strstr(text, "canary"), "%s", text);
        ck_assert_msg(strstr(text, "/p?a=shown&token=kn1:") && strstr(text, "\"q\":\"too\""), "%s",
                      text);
        json_decref(seen.result);
        json_decref(seen.params);
}
END_TEST

START_TEST(a_uuid_has_its_version)
{
        static const struct {
                const char *params;
                char version;
        } cases[] = { { "{}", '4' }, { "{\"uuid_type\":\"uuid1\"}", '1' } };

        hub_up();
        for (int i = 0; i < 2; i++) {
                struct id id = run("core.uuid", cases[i].params, "run");
                struct seen seen = wait_end(&id);
                const char *uuid = json_text_of(seen.result, "result", "");

                ck_assert_uint_eq(strlen(uuid), 36);
                ck_assert_int_eq(uuid[14], cases[i].version);
                ck_assert(strchr("89ab", uuid[19]) && uuid[8] == '-' && uuid[23] == '-');
                ck_assert_int_eq(json_int_of(seen.result, "exit_code", -1), 0);
                json_decref(seen.result);
                json_decref(seen.params);
        }
}
END_TEST

START_TEST(a_secret_parameter_is_sealed_and_a_rerun_has_it)
{
        struct id id, again;
        struct answer answer = { .is_there = false };
        struct seen seen;

        hub_up();
        id = run("lamp.set", "{\"to\":\"on\",\"pin\":\"canary-1234\"}", "run");
        seen = wait_end(&id);
        ck_assert_ptr_null(strstr(json_text_of(seen.params, "pin", ""), "canary"));
        json_decref(seen.result);
        json_decref(seen.params);
        ck_assert_int_eq(hub_rerun(hub, &id, &(struct hub_run){ .user = "eva" }, on_ran,
                                   &answer, NULL), 0);
        eventually(atomic_load(&answer.is_there));
        again = answer.ran.id;
        eventually(status_of(&again) == STORE_SUCCEEDED);
}
END_TEST

static void look_at_the_clock(void *arg)
{
        (void)arg;
}

/* The clock stands still from here on: what waits is bounded by the suite's timeout alone. */
static void days_later(int64_t started_ms, int days)
{
        clock_fake(started_ms + days * INT64_C(86400000));
        ck_assert_int_eq(loop_post(loop, look_at_the_clock, NULL), 0);
}

static int see_event(void *arg, const struct store_event *event)
{
        (void)arg, (void)event;
        return 0;
}

static bool has_event(const struct id *id)
{
        return store_get_event(store, id, see_event, NULL, NULL) == 0;
}

START_TEST(what_is_too_old_goes_by_itself)
{
        const int64_t started_ms = clock_real_ms();
        struct id event, ended;

        hub_up();
        event = send_event("a", "{}");
        ended = run("core.noop", "{}", "run");
        eventually(status_of(&ended) == STORE_SUCCEEDED);
        days_later(started_ms, 31);
        eventually(!has_event(&event));
        ck_assert_int_eq(status_of(&ended), STORE_SUCCEEDED);
        days_later(started_ms, 91);
        eventually((ended = newest("core.noop"), id_is_zero(&ended)));
        clock_fake(-1);
}
END_TEST

int main(void)
{
        return SUITE_WITH("hub/flow", setup, teardown, ONCE(an_event_runs_what_its_rule_says),
                          ONCE(an_event_that_does_not_match_runs_nothing),
                          ONCE(an_unknown_action_is_refused_with_the_nearest),
                          ONCE(parameters_that_break_the_schema_are_refused),
                          ONCE(one_key_makes_one_execution),
                          ONCE(more_than_the_slots_wait_and_all_end),
                          ONCE(pause_holds_starts_and_resume_lets_them_go),
                          ONCE(a_rule_past_its_limit_is_held_until_a_person_decides),
                          ONCE(a_running_one_and_a_waiting_one_can_be_cancelled),
                          ONCE(a_failure_is_retried_as_often_as_asked), ONCE(a_delay_is_waited_for),
                          ONCE(a_program_runs_without_a_shell_and_its_output_is_kept),
                          ONCE(a_program_past_its_time_is_ended_with_all_it_started),
                          ONCE(a_failed_exchange_does_not_tell_what_its_url_hides),
                          ONCE(the_timeout_of_a_request_bounds_what_parameters_allow),
                          ONCE(what_a_http_request_shows_its_server_is_sealed),
                          ONCE(tokens_in_a_query_are_sealed_and_the_rest_is_not),
                          ONCE(a_uuid_has_its_version),
                          ONCE(a_secret_parameter_is_sealed_and_a_rerun_has_it),
                          ONCE(what_is_too_old_goes_by_itself));
}
