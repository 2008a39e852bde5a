/* SPDX-License-Identifier: Apache-2.0 */

/* Workflows in a whole hub: what they run, what stops them, and what a restart leaves of them. */

#include "hub_fixture.h"

#include "suite.h"

static const struct hub_run by_eva = { .mode = "undo", .user = "eva" };

static void write_workflow(const char *name, const char *text)
{
        char file[96], meta[512];

        snprintf(meta, sizeof meta,
                 "name: %s\nrunner_type: orquesta\nentry_point: workflows/%s.yaml\nenabled: true\n"
                 "parameters: {to: {type: string, default: \"on\"}, n: {type: array}}\n",
                 name, name);
        snprintf(file, sizeof file, "packs.d/t/actions/%s.yaml", name);
        write_file(file, meta);
        snprintf(file, sizeof file, "packs.d/t/actions/workflows/%s.yaml", name);
        write_file(file, text);
}

static void begin(void)
{
        setup();
        make_dir("packs.d/t/actions");
        make_dir("packs.d/t/actions/workflows");
}

static json_t *result_of(const struct id *id, enum store_status status)
{
        struct seen seen = wait_end(id);
        _free_ char *text = seen.result ? json_compact(seen.result) : NULL;

        json_decref(seen.params);
        ck_assert_msg(seen.status == status, "it is %s: %s", store_status_text(seen.status),
                      text ? text : "");
        return seen.result;
}

static int count_one(void *arg, const struct store_execution *x)
{
        (void)x;
        ++*(unsigned *)arg;
        return 0;
}

static unsigned children_of(const struct id *id)
{
        struct store_execution_filter filter = { .parent = *id, .status = -1 };
        struct store_page page = { .limit = 100000 };
        unsigned n = 0;

        store_list_executions(store, &filter, &page, count_one, &n, NULL, NULL);
        return n;
}

static const char chain[] =
        "version: 1.0\ninput: [to, n]\nvars: [{said: nothing}]\n"
        "tasks:\n"
        "  first:\n"
        "    action: core.echo message=<% ctx(to) %>\n"
        "    next: [{when: <% succeeded() %>, publish: [{said: <% result().message %>}],"
        " do: second}]\n"
        "  second:\n"
        "    action: lamp.set\n"
        "    input: {to: <% ctx(said) %>}\n"
        "    next: [{when: <% succeeded() %>, do: third}]\n"
        "  third:\n"
        "    action: core.noop\n"
        "output: [{said: <% ctx(said) %>}]\n";

START_TEST(tasks_follow_each_other_and_the_output_is_the_result)
{
        _json_ json_t *result = NULL;
        struct id id;

        write_workflow("w", chain);
        hub_up();
        id = run("t.w", "{\"to\":\"dim\"}", "run");
        result = result_of(&id, STORE_SUCCEEDED);
        ck_assert_str_eq(json_string_value(json_at(result, "output.said")), "dim");
        ck_assert_str_eq(lamp_look(), "dim");
        ck_assert_uint_eq(children_of(&id), 3);
}
END_TEST

START_TEST(what_a_workflow_changed_is_undone_with_it)
{
        _json_ json_t *result = NULL;
        struct answer answer = { .is_there = false };
        struct id id;

        write_workflow("w", chain);
        hub_up();
        id = run("t.w", "{\"to\":\"dim\"}", "run");
        result = result_of(&id, STORE_SUCCEEDED);
        ck_assert_int_eq(hub_undo(hub, &id, &by_eva, on_ran, &answer, NULL), 0);
        eventually(atomic_load(&answer.is_there));
        eventually(status_of(&answer.ran.id) == STORE_SUCCEEDED);
        ck_assert_str_eq(lamp_look(), "off");
}
END_TEST

START_TEST(what_cannot_be_undone_does_not_keep_the_rest_from_it)
{
        _json_ json_t *result = NULL, *undone = NULL;
        struct answer answer = { .is_there = false };
        _fault_ struct fault fault = FAULT_INIT;
        struct id id, bell;

        write_workflow("w", "version: 1.0\ntasks:\n"
                            "  a: {action: lamp.set to=\"dim\", next: [{do: b}]}\n"
                            "  b: {action: lamp.ring}\n");
        hub_up();
        id = run("t.w", "{}", "run");
        result = result_of(&id, STORE_SUCCEEDED);
        ck_assert_int_eq(hub_undo(hub, &id, &by_eva, on_ran, &answer, NULL), 0);
        eventually(atomic_load(&answer.is_there));
        undone = result_of(&answer.ran.id, STORE_SUCCEEDED);
        ck_assert_str_eq(lamp_look(), "off");
        ck_assert_str_eq(json_string_value(json_at(undone, "kept.0.resource")), "bell");
        bell = newest("lamp.ring");
        ck_assert_int_eq(hub_undo(hub, &bell, &by_eva, on_ran, NULL, &fault), FAULT);
        ck_assert_str_eq(fault.code, "undo.impossible");
}
END_TEST

START_TEST(a_plan_of_a_workflow_is_applied_as_planned)
{
        _json_ json_t *plan = NULL, *result = NULL;
        struct answer answer = { .is_there = false };
        struct id id;

        write_workflow("w", chain);
        hub_up();
        id = run("t.w", "{\"to\":\"dim\"}", "plan");
        plan = result_of(&id, STORE_SUCCEEDED);
        ck_assert_str_eq(lamp_look(), "off");
        ck_assert(json_is_false(json_object_get(plan, "partial")));
        ck_assert_str_eq(json_string_value(json_at(plan, "changes.0.after")), "dim");
        ck_assert_int_eq(hub_apply(hub, &id, &by_eva, on_ran, &answer, NULL), 0);
        eventually(atomic_load(&answer.is_there));
        result = result_of(&answer.ran.id, STORE_SUCCEEDED);
        ck_assert_str_eq(lamp_look(), "dim");
}
END_TEST

START_TEST(a_world_that_changed_behind_the_plan_is_a_conflict)
{
        _json_ json_t *plan = NULL, *result = NULL;
        struct answer answer = { .is_there = false };
        struct id id;

        write_workflow("w", chain);
        hub_up();
        id = run("t.w", "{\"to\":\"dim\"}", "plan");
        plan = result_of(&id, STORE_SUCCEEDED);
        lamp_turn("red");
        ck_assert_int_eq(hub_apply(hub, &id, &by_eva, on_ran, &answer, NULL), 0);
        eventually(atomic_load(&answer.is_there));
        result = result_of(&answer.ran.id, STORE_FAILED);
        ck_assert_str_eq(lamp_look(), "red");
}
END_TEST

START_TEST(a_plan_says_what_it_cannot_know)
{
        _json_ json_t *plan = NULL;
        struct id id;

        write_workflow("w",
                       "version: 1.0\nvars: [{x: 1}]\ntasks:\n"
                       "  first: {action: core.local cmd=\"date\", next: [{publish: [{x: <% "
                       "result().stdout %>}], do: second}]}\n"
                       "  second: {action: lamp.set, input: {to: <% ctx(x) %>}}\n");
        hub_up();
        id = run("t.w", "{}", "plan");
        plan = result_of(&id, STORE_SUCCEEDED);
        ck_assert(json_is_true(json_object_get(plan, "partial")));
        ck_assert_str_eq(json_text_of(json_at(plan, "steps.0"), "task_id", ""), "first");
        ck_assert_ptr_nonnull(json_at(plan, "steps.0.unknown"));
        ck_assert_ptr_nonnull(json_at(plan, "steps.1.unknown"));
        ck_assert_str_eq(lamp_look(), "off");
}
END_TEST

START_TEST(what_could_not_be_planned_is_run_only_where_that_is_said)
{
        _json_ json_t *plan = NULL, *result = NULL;
        struct hub_run partly = { .mode = "run", .user = "eva", .partial = true };
        struct answer answer = { .is_there = false };
        _fault_ struct fault fault = FAULT_INIT;
        struct id id;

        write_workflow("w", "version: 1.0\ntasks:\n"
                            "  a: {action: lamp.set to=\"dim\", next: [{do: b}]}\n"
                            "  b: {action: core.local cmd=\"true\"}\n");
        hub_up();
        id = run("t.w", "{}", "plan");
        plan = result_of(&id, STORE_SUCCEEDED);
        ck_assert_int_eq(hub_apply(hub, &id, &by_eva, on_ran, NULL, &fault), FAULT);
        ck_assert_str_eq(fault.code, "plan.partial");
        ck_assert_int_eq(hub_apply(hub, &id, &partly, on_ran, &answer, NULL), 0);
        eventually(atomic_load(&answer.is_there));
        result = result_of(&answer.ran.id, STORE_SUCCEEDED);
        ck_assert_str_eq(lamp_look(), "dim");
        ck_assert_uint_eq(children_of(&answer.ran.id), 2);
}
END_TEST

START_TEST(every_item_is_run_and_results_keep_their_order)
{
        _json_ json_t *result = NULL, *n = json_array(), *params = json_pack("{s:O}", "n", n);
        _free_ char *text = NULL;
        struct id id;

        for (int i = 0; i < 200; i++)
                json_array_append_new(n, json_integer(i));
        write_workflow("w",
                       "version: 1.0\ninput: [to, n]\ntasks:\n"
                       "  all:\n    with: {items: <% ctx(n) %>, concurrency: 7}\n"
                       "    action: core.echo message=<% str(item()) %>\n"
                       "    next: [{publish: [{out: <% result().select($.message) %>}]}]\n"
                       "output: [{out: <% ctx(out) %>}]\n");
        hub_up();
        text = json_compact(params);
        id = run("t.w", text, "run");
        result = result_of(&id, STORE_SUCCEEDED);
        ck_assert_uint_eq(json_array_size(json_at(result, "output.out")), 200);
        ck_assert_str_eq(json_string_value(json_at(result, "output.out.150")), "150");
        ck_assert_uint_eq(children_of(&id), 200);
}
END_TEST

START_TEST(a_task_that_cannot_start_fails_with_the_reason)
{
        _json_ json_t *result = NULL;
        struct id id;

        write_workflow("w", "version: 1.0\ntasks: {a: {action: no.such}}\n");
        hub_up();
        id = run("t.w", "{}", "run");
        result = result_of(&id, STORE_FAILED);
        ck_assert_uint_ge(json_array_size(json_object_get(result, "errors")), 1);
}
END_TEST

START_TEST(workflows_run_workflows)
{
        _json_ json_t *result = NULL;
        struct id id;

        write_workflow("inner", chain);
        write_workflow("w",
                       "version: 1.0\ntasks:\n"
                       "  a: {action: t.inner to=\"blue\", next: [{publish: [{got: <% "
                       "result().output.said %>}]}]}\n"
                       "output: [{got: <% ctx(got) %>}]\n");
        hub_up();
        id = run("t.w", "{}", "run");
        result = result_of(&id, STORE_SUCCEEDED);
        ck_assert_str_eq(json_string_value(json_at(result, "output.got")), "blue");
        ck_assert_str_eq(lamp_look(), "blue");
}
END_TEST

static const char hanging[] =
        "version: 1.0\ntasks:\n"
        "  a: {action: core.noop, next: [{do: b}]}\n"
        "  b: {action: lamp.hang, next: [{when: <% succeeded() %>, do: c}]}\n"
        "  c: {action: core.noop}\n";

START_TEST(a_cancel_goes_down_to_what_runs)
{
        _json_ json_t *result = NULL;
        struct id id, hang = { { 0 } };

        write_workflow("inner", hanging);
        write_workflow("w", "version: 1.0\ntasks: {a: {action: t.inner}}\n");
        hub_up();
        id = run("t.w", "{}", "run");
        eventually((hang = newest("lamp.hang"), !id_is_zero(&hang)) &&
                   status_of(&hang) == STORE_RUNNING);
        ck_assert_int_eq(hub_cancel(hub, &id, "eva", NULL), 0);
        result = result_of(&id, STORE_CANCELED);
        ck_assert_int_eq(status_of(&hang), STORE_CANCELED);
}
END_TEST

START_TEST(a_paused_workflow_starts_nothing_until_it_goes_on)
{
        _json_ json_t *result = NULL;
        struct id id, first = { { 0 } };

        write_workflow("w",
                       "version: 1.0\ntasks:\n"
                       "  a: {action: lamp.hang, next: [{do: b}]}\n"
                       "  b: {action: core.echo message=\"on\"}\n");
        hub_up();
        id = run("t.w", "{}", "run");
        eventually((first = newest("lamp.hang"), !id_is_zero(&first)));
        ck_assert_int_eq(hub_pause_workflow(hub, &id, "eva", NULL), 0);
        ck_assert_int_eq(status_of(&id), STORE_PAUSING);
        ck_assert_int_eq(hub_cancel(hub, &first, "eva", NULL), 0);
        eventually(store_status_is_final(status_of(&first)));
        eventually(status_of(&id) == STORE_PAUSED || store_status_is_final(status_of(&id)));
        if (status_of(&id) == STORE_PAUSED)
                ck_assert_int_eq(hub_resume_workflow(hub, &id, "eva", NULL), 0);
        eventually(store_status_is_final(status_of(&id)));
}
END_TEST

START_TEST(a_workflow_past_its_time_is_ended_with_all_it_runs)
{
        _json_ json_t *result = NULL;
        struct id id, hang;

        write_workflow("w",
                       "version: 1.0\ntimeout: 1\ntasks:\n"
                       "  a: {action: lamp.hang}\n");
        hub_up();
        id = run("t.w", "{}", "run");
        result = result_of(&id, STORE_TIMEOUT);
        hang = newest("lamp.hang");
        eventually(store_status_is_final(status_of(&hang)));
}
END_TEST

START_TEST(a_question_that_nobody_answers_times_out)
{
        _json_ json_t *result = NULL, *asked = NULL;
        struct id id, question = { { 0 } };

        write_workflow("w", "version: 1.0\ntasks: {a: {action: core.ask, input: {ttl: 1}}}\n");
        hub_up();
        id = run("t.w", "{}", "run");
        eventually((question = newest("core.ask"), !id_is_zero(&question)) &&
                   status_of(&question) == STORE_PENDING && status_of(&id) == STORE_PAUSED);
        hub_down();
        clock_fake(clock_real_ms() + 61000);
        hub_up();
        asked = result_of(&question, STORE_TIMEOUT);
        clock_fake(-1);
        ck_assert(json_is_null(json_object_get(asked, "response")));
        result = result_of(&id, STORE_FAILED);
}
END_TEST

START_TEST(a_restart_in_the_middle_loses_nothing)
{
        _json_ json_t *result = NULL;
        struct id id;
        struct id last = { { 0 } };

        write_workflow("w",
                       "version: 1.0\ntasks:\n"
                       "  a: {action: core.noop, next: [{publish: [{x: kept}], do: b}]}\n"
                       "  b: {action: core.noop, delay: 1, next: [{do: c}]}\n"
                       "  c: {action: core.echo message=<% ctx(x) %>}\n"
                       "output: [{x: <% ctx(x) %>}]\n");
        hub_up();
        id = run("t.w", "{}", "run");
        eventually(children_of(&id) == 2);
        hub_down();
        hub_up();
        result = result_of(&id, STORE_SUCCEEDED);
        ck_assert_str_eq(json_string_value(json_at(result, "output.x")), "kept");
        last = newest("core.echo");
        ck_assert(!id_is_zero(&last));
        ck_assert_uint_eq(children_of(&id), 3);
}
END_TEST

START_TEST(it_is_run_again_from_the_task_that_failed)
{
        _json_ json_t *result = NULL, *again = NULL;
        _json_ json_t *tasks = json_pack("[{s:s}]", "task_id", "b");
        struct hub_run how = { .mode = "run", .user = "eva", .tasks = tasks };
        struct answer answer = { .is_there = false };
        struct id id;

        write_workflow("w",
                       "version: 1.0\ntasks:\n"
                       "  a: {action: core.noop, next: [{publish: [{x: kept}], do: b}]}\n"
                       "  b: {action: lamp.fail, next: [{when: <% succeeded() %>, do: c}]}\n"
                       "  c: {action: core.noop}\n"
                       "output: [{x: <% ctx(x) %>}]\n");
        hub_up();
        id = run("t.w", "{}", "run");
        result = result_of(&id, STORE_FAILED);
        ck_assert_int_eq(hub_rerun(hub, &id, &how, on_ran, &answer, NULL), 0);
        eventually(atomic_load(&answer.is_there));
        again = result_of(&answer.ran.id, STORE_FAILED);
        ck_assert_uint_eq(children_of(&answer.ran.id), 1);
        ck_assert_uint_eq(children_of(&id), 2);
}
END_TEST

START_TEST(a_large_result_is_kept_once_and_read_when_it_is_asked_for)
{
        _json_ json_t *result = NULL;
        struct id id;

        write_workflow("w",
                       "version: 1.0\ntasks:\n"
                       "  a: {action: core.local, input: {argv: [/bin/sh, -c, \"yes x | head -c "
                       "200000\"]},"
                       " next: [{when: <% result().stdout.len() = 200000 %>, do: b}]}\n"
                       "  b: {action: core.echo message=\"seen\", next: [{publish: [{n: <% "
                       "task(a).result.stdout.len() %>}]}]}\n"
                       "output: [{n: <% ctx(n) %>}]\n");
        hub_up();
        id = run("t.w", "{}", "run");
        result = result_of(&id, STORE_SUCCEEDED);
        ck_assert_int_eq(json_integer_value(json_at(result, "output.n")), 200000);
}
END_TEST

int main(void)
{
        return SUITE_WITH("hub/workflow", begin, teardown,
                          ONCE(tasks_follow_each_other_and_the_output_is_the_result),
                          ONCE(what_a_workflow_changed_is_undone_with_it),
                          ONCE(what_cannot_be_undone_does_not_keep_the_rest_from_it),
                          ONCE(a_plan_of_a_workflow_is_applied_as_planned),
                          ONCE(a_world_that_changed_behind_the_plan_is_a_conflict),
                          ONCE(a_plan_says_what_it_cannot_know),
                          ONCE(what_could_not_be_planned_is_run_only_where_that_is_said),
                          ONCE(every_item_is_run_and_results_keep_their_order),
                          ONCE(a_task_that_cannot_start_fails_with_the_reason),
                          ONCE(workflows_run_workflows), ONCE(a_cancel_goes_down_to_what_runs),
                          ONCE(a_paused_workflow_starts_nothing_until_it_goes_on),
                          ONCE(a_workflow_past_its_time_is_ended_with_all_it_runs),
                          ONCE(a_question_that_nobody_answers_times_out),
                     ONCE(a_restart_in_the_middle_loses_nothing),
                          ONCE(it_is_run_again_from_the_task_that_failed),
                          ONCE(a_large_result_is_kept_once_and_read_when_it_is_asked_for));
}
