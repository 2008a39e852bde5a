/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lives of workflows: what is next, what comes out, what is written down. Where it says nothing
 * else, each step is made by a conductor restored from the records of the steps before.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "suite.h"
#include "workflow_life.h"

#include <string.h>

static const char chain_of_two[] =
        "{'version': 1.0, 'input': ['name'], 'vars': [{'greeting': 'Hello'}], 'tasks': {"
        " 'first': {'action': 'core.echo message=<% ctx().name %>', 'next': [{"
        "  'when': '<% succeeded() %>', 'publish': [{'said': '<% result() %>'}], 'do': 'second'}]},"
        " 'second': {'action': 'core.echo', 'input': {'message': '<% ctx().said %>'}}},"
        " 'output': [{'said': '<% ctx().said %>'}]}";

START_TEST(tasks_follow_and_publish)
{
        struct life life;

        life_begin(&life, chain_of_two, "{'name': 'Kaname'}");
        life_expect_next(&life, "[{'id': 'first', 'input': {'message': 'Kaname'}}]");
        life_end(&life, "first", "'one'");
        life_expect_next(&life, "[{'id': 'second', 'input': {'message': 'one'}}]");
        life_end(&life, "second", "'two'");
        life_expect(&life, STATUS_SUCCEEDED, "{'said': 'one'}");
        life_deinit(&life);
}
END_TEST

START_TEST(a_task_is_told_twice_and_ends_once)
{
        struct life life;

        life_begin(&life, chain_of_two, "{'name': 'Kaname'}");
        life_end(&life, "first", "'one'");
        life_tell(&life, "first", STATUS_SUCCEEDED, "'again'");
        life_tell(&life, "first", STATUS_FAILED, "'again'");
        life_end(&life, "second", "'two'");
        life_expect(&life, STATUS_SUCCEEDED, "{'said': 'one'}");
        life_deinit(&life);
}
END_TEST

static const char forks[] =
        "{'tasks': {'a': {'action': 'x', 'next': [{'do': ['b', 'c']}]},"
        " 'b': {'action': 'x', 'next': [{'publish': [{'v': 'b'}], 'do': 'd'}]},"
        " 'c': {'action': 'x', 'next': [{'publish': [{'w': 'c'}], 'do': 'd'}]},"
        " 'd': {%s'action': 'x', 'input': {'v': 1}}}, 'output': [{'all': '<%% ctx() %%>'}]}";

START_TEST(branches_join_and_their_variables_merge)
{
        _free_ char *definition = NULL;
        struct life life;

        ck_assert_int_gt(asprintf(&definition, forks, "'join': 'all', "), 0);
        life_begin(&life, definition, "{'v': 0}");
        life_end(&life, "a", "null");
        life_end(&life, "c", "null");
        life_expect_next(&life, "[{'id': 'b', 'input': null}]");
        life_end(&life, "b", "null");
        life_expect_next(&life, "[{'id': 'd', 'input': {'v': 1}}]");
        life_end(&life, "d", "null");
        life_expect(&life, STATUS_SUCCEEDED, "{'all': {'v': 'b', 'w': 'c'}}");
        life_deinit(&life);
}
END_TEST

START_TEST(without_a_join_each_branch_is_a_route)
{
        _free_ char *definition = NULL;
        _json_ json_t *routes = NULL;
        struct life life;

        ck_assert_int_gt(asprintf(&definition, forks, ""), 0);
        life_begin(&life, definition, "{}");
        life_end(&life, "a", "null");
        life_end(&life, "b", "null");
        life_end(&life, "c", "null");
        routes = conductor_routes(life.conductor);
        life_expect_json(routes, "[[], ['b__t0'], ['c__t0']]");
        life_end_on(&life, "d", 1, "null");
        life_end_on(&life, "d", 2, "null");
        ck_assert_int_eq(conductor_status(life.conductor), STATUS_SUCCEEDED);
        life_deinit(&life);
}
END_TEST

static const char items[] =
        "{'input': ['xs'], 'tasks': {'t': {'with': {'items': 'x in <% ctx(xs) %>',"
        " 'concurrency': 2}, 'action': 'core.echo message=<% item(x) %>', 'next': [{"
        " 'publish': [{'all': '<% result() %>'}]}]}}, 'output': [{'all': '<% ctx().all %>'}]}";

START_TEST(items_run_as_many_as_may_and_answer_in_order)
{
        struct life life;

        life_begin(&life, items, "{'xs': ['a', 'b', 'c']}");
        life_expect_next(&life, "[{'id': 't', 'inputs': [{'message': 'a'}, {'message': 'b'}]}]");
        life_item(&life, "t", 0, STATUS_RUNNING, NULL);
        life_item(&life, "t", 1, STATUS_RUNNING, NULL);
        life_expect_next(&life, "[]");
        life_item(&life, "t", 1, STATUS_SUCCEEDED, "'B'");
        life_expect_next(&life, "[{'id': 't', 'inputs': [{'message': 'c'}]}]");
        life_item(&life, "t", 2, STATUS_RUNNING, NULL);
        life_item(&life, "t", 2, STATUS_SUCCEEDED, "'C'");
        life_item(&life, "t", 0, STATUS_SUCCEEDED, "'A'");
        life_expect(&life, STATUS_SUCCEEDED, "{'all': ['A', 'B', 'C']}");
        life_deinit(&life);
}
END_TEST

START_TEST(no_items_succeed_at_once)
{
        struct life life;

        life_begin(&life, items, "{'xs': []}");
        life_expect_next(&life, "[{'id': 't', 'inputs': []}]");
        life_tell(&life, "t", STATUS_RUNNING, NULL);
        life_tell(&life, "t", STATUS_SUCCEEDED, NULL);
        life_expect(&life, STATUS_SUCCEEDED, "{'all': []}");
        life_deinit(&life);
}
END_TEST

START_TEST(a_rerun_takes_only_the_items_that_failed)
{
        struct life life;

        life_begin(&life, items, "{'xs': ['a', 'b']}");
        life_next_ignored(&life);
        life_item(&life, "t", 0, STATUS_RUNNING, NULL);
        life_item(&life, "t", 1, STATUS_RUNNING, NULL);
        life_item(&life, "t", 0, STATUS_SUCCEEDED, "'A'");
        life_item(&life, "t", 1, STATUS_FAILED, "'no'");
        ck_assert_int_eq(conductor_status(life.conductor), STATUS_FAILED);
        ck_assert_int_eq(conductor_rerun(life.conductor, NULL, NULL), 0);
        life_expect_next(&life, "[{'id': 't', 'inputs': [{'message': 'b'}]}]");
        life_item(&life, "t", 1, STATUS_RUNNING, NULL);
        life_item(&life, "t", 1, STATUS_SUCCEEDED, "'B'");
        life_expect(&life, STATUS_SUCCEEDED, "{'all': ['A', 'B']}");
        life_deinit(&life);
}
END_TEST

START_TEST(a_rerun_takes_back_that_it_was_told_to_fail)
{
        _json_ json_t *errors = NULL;
        struct life life;

        life_begin(&life, "{'tasks': {'t': {'action': 'x', 'next': [{'when': '<% failed() %>', 'do':"
                   " 'fail'}]}}}", NULL);
        life_tell(&life, "t", STATUS_RUNNING, NULL);
        life_tell(&life, "t", STATUS_FAILED, NULL);
        ck_assert_int_eq(conductor_status(life.conductor), STATUS_FAILED);
        ck_assert_int_eq(conductor_rerun(life.conductor, NULL, NULL), 0);
        errors = conductor_errors(life.conductor);
        ck_assert_uint_eq(json_array_size(errors), 0);
        life_expect_next(&life, "[{'id': 't', 'input': null}]");
        life_deinit(&life);
}
END_TEST

/* Nothing ended, so there is no context at the end: not the one of the beginning either. */
START_TEST(what_never_ran_has_no_variables_to_give)
{
        _json_ json_t *errors = NULL, *output = NULL;
        struct life life;

        life_begin(&life, "{'vars': [{'v': 1}], 'tasks': {'t': {'action': 'x', 'input': {'a':"
                   " '<% ctx().none %>'}}}, 'output': [{'o': 2}, {'p': '<% ctx().v %>'}]}", NULL);
        life_expect_next(&life, "[]");
        ck_assert_int_eq(conductor_status(life.conductor), STATUS_FAILED);
        ck_assert_int_eq(conductor_finish(life.conductor, NULL), 0);
        output = conductor_output(life.conductor);
        ck_assert_uint_eq(json_object_size(output), 1);
        ck_assert_int_eq(json_int_of(output, "o", 0), 2);
        errors = conductor_errors(life.conductor);
        ck_assert_uint_eq(json_array_size(errors), 2);
        ck_assert_ptr_nonnull(strstr(json_text_of(json_array_get(errors, 1), "message", ""),
                                     "Unable to resolve key 'v'"));
        life_deinit(&life);
}
END_TEST

START_TEST(a_retry_waits_and_gives_up_in_the_end)
{
        struct life life;

        life_begin(&life, "{'tasks': {'t': {'action': 'x', 'retry': {'count': 1, 'delay': 5}}}}",
                   NULL);
        life_tell(&life, "t", STATUS_RUNNING, NULL);
        life_tell(&life, "t", STATUS_FAILED, "'no'");
        ck_assert_int_eq(conductor_status(life.conductor), STATUS_RUNNING);
        life_expect_next(&life, "[{'id': 't', 'delay': 5, 'input': null}]");
        life_tell(&life, "t", STATUS_RUNNING, NULL);
        life_tell(&life, "t", STATUS_FAILED, "'no'");
        life_expect_next(&life, "[]");
        ck_assert_int_eq(conductor_status(life.conductor), STATUS_FAILED);
        life_deinit(&life);
}
END_TEST

START_TEST(timeouts_are_told_not_kept)
{
        struct life life;

        life_begin(&life, "{'timeout': '<% ctx().s %>', 'input': ['s'], 'tasks': {'t': {"
                   "'action': 'x', 'timeout': 7}}}", "{'s': 60}");
        ck_assert_int_eq(conductor_timeout(life.conductor), 60);
        life_expect_next(&life, "[{'id': 't', 'timeout': 7, 'input': null}]");
        life_tell(&life, "t", STATUS_RUNNING, NULL);
        life_tell(&life, "t", STATUS_EXPIRED, NULL);
        ck_assert_int_eq(conductor_status(life.conductor), STATUS_FAILED);
        life_deinit(&life);
}
END_TEST

START_TEST(a_pause_waits_for_what_runs)
{
        struct life life;

        life_begin(&life, chain_of_two, "{'name': 'Kaname'}");
        life_tell(&life, "first", STATUS_RUNNING, NULL);
        ck_assert_int_eq(conductor_request(life.conductor, STATUS_PAUSING, NULL), 0);
        ck_assert_int_eq(conductor_status(life.conductor), STATUS_PAUSING);
        life_tell(&life, "first", STATUS_SUCCEEDED, "1");
        ck_assert_int_eq(conductor_status(life.conductor), STATUS_PAUSED);
        life_expect_next(&life, "[]");
        ck_assert_int_eq(conductor_request(life.conductor, STATUS_RESUMING, NULL), 0);
        life_expect_next(&life, "[{'id': 'second', 'input': {'message': 1}}]");
        ck_assert_int_eq(conductor_request(life.conductor, STATUS_CANCELING, NULL), 0);
        ck_assert_int_eq(conductor_status(life.conductor), STATUS_CANCELED);
        ck_assert_int_eq(conductor_request(life.conductor, STATUS_RUNNING, NULL), FAULT);
        life_deinit(&life);
}
END_TEST

/* A megabyte stands once, where the reference leads; what is written names it. */
START_TEST(a_large_result_is_referred_to)
{
        _json_ json_t *reference = json_pack("{s:s}", "execution", "e1"), *delta = NULL;
        _free_ char *text = NULL;
        struct conductor_event event = { .status = STATUS_SUCCEEDED, .item = -1,
                                         .reference = reference };
        struct life life;

        life_begin(&life, chain_of_two, "{'name': 'Kaname'}");
        life_tell(&life, "first", STATUS_RUNNING, NULL);
        ck_assert_int_eq(conductor_update(life.conductor, "first", 0, &event, NULL), 0);
        delta = conductor_take_delta(life.conductor);
        text = json_dumps(delta, 0);
        ck_assert_uint_lt(strlen(text), 2000);
        ck_assert_ptr_nonnull(strstr(text, "\"e1\""));
        json_array_extend(life.records, delta);
        life_restore(&life);
        life.is_whole = true;
        life_tell(&life, "second", STATUS_RUNNING, NULL);
        life_tell(&life, "second", STATUS_SUCCEEDED, NULL);
        ck_assert_int_eq(conductor_finish(life.conductor, NULL), 0);
        {
                _json_ json_t *output = conductor_output(life.conductor);

                ck_assert_uint_eq(json_string_length(json_object_get(output, "said")), LARGE);
        }
        ck_assert_uint_eq(life.loads, 2);       /* once for the publishing, once to restore */
        life_deinit(&life);
}
END_TEST

static const char planned[] =
        "{'vars': [{'host': 'h'}], 'tasks': {'a': {'action': 'x', 'next': [{"
        "  'when': '<% succeeded() %>', 'publish': [{'id': '<% result().id %>'}], 'do': ['b', 'c']},"
        "  {'when': '<% result().more %>', 'do': 'd'}]},"
        " 'b': {'action': 'x', 'input': {'id': '<% ctx().id %>'}},"
        " 'c': {'action': 'x', 'input': {'host': '<% ctx().host %>'}},"
        " 'd': {'action': 'x'}}}";

START_TEST(a_plan_goes_as_far_as_is_known)
{
        _json_ json_t *next = NULL, *log = NULL;
        struct life life;

        life_begin(&life, planned, NULL);
        life_tell(&life, "a", STATUS_RUNNING, NULL);
        life_unknown(&life, "a");
        ck_assert_int_eq(conductor_next_tasks(life.conductor, &next, NULL), 0);
        ck_assert_uint_eq(json_array_size(next), 2);
        ck_assert_ptr_nonnull(json_text_of(json_array_get(next, 0), "unknown", NULL));
        ck_assert_uint_eq(json_array_size(json_object_get(json_array_get(next, 0), "actions")), 0);
        ck_assert_ptr_null(json_object_get(json_array_get(next, 1), "unknown"));
        log = conductor_log(life.conductor);
        ck_assert_uint_eq(json_array_size(log), 1);
        ck_assert_str_eq(json_text_of(json_array_get(log, 0), "task_transition_id", ""), "d__t0");
        life_tell(&life, "b", STATUS_RUNNING, NULL);
        life_unknown(&life, "b");
        life_tell(&life, "c", STATUS_RUNNING, NULL);
        life_unknown(&life, "c");
        ck_assert_int_eq(conductor_status(life.conductor), STATUS_SUCCEEDED);
        life_deinit(&life);
}
END_TEST

static const struct {
        const char *definition, *input, *named;
        struct workflow_limits limits;
} limits[] = {
        { "{'tasks': {'a': {'action': 'x', 'next': [{'do': 'b'}]}, 'b': {'action': 'x'}}}", NULL,
          "limits.workflow_tasks", { 1, 100, 100, 100, 10 } },
        { "{'tasks': {'a': {'action': 'x', 'next': [{'do': 'b'}]}, 'b': {'action': 'x',"
          " 'next': [{'do': 'b'}]}}}", NULL, "limits.workflow_starts", { 10, 5, 100, 100, 10 } },
        { "{'input': ['xs'], 'tasks': {'a': {'with': '<% ctx(xs) %>', 'action': 'x'}}}",
          "{'xs': [1, 2, 3]}", "limits.workflow_items", { 10, 100, 2, 100, 10 } },
        { "{'tasks': {'a': {'action': 'x', 'next': [{'do': ['b', 'c']}]}, 'b': {'action': 'x',"
          " 'next': [{'do': 'd'}]}, 'c': {'action': 'x', 'next': [{'do': 'd'}]},"
          " 'd': {'action': 'x'}}}", NULL, "limits.workflow_routes", { 10, 100, 100, 2, 10 } },
        { "{'tasks': {'a': {'action': 'x'}}}", NULL, "limits.workflow_depth", { 10, 100, 100, 100, 0 } },
};

START_TEST(a_limit_names_its_setting)
{
        _free_ char *said = life_until_refused(limits[_i].definition, limits[_i].input,
                                               &limits[_i].limits);

        ck_assert_msg(said && strstr(said, limits[_i].named), "%s not in: %s", limits[_i].named,
                      said ? said : "nothing");
}
END_TEST

static const char action_chain[] =
        "{'vars': {'greeting': 'Hello'}, 'default': 'one', 'chain': ["
        " {'name': 'one', 'ref': 'core.local', 'parameters': {'cmd': '{{ greeting }} {{ who }}'},"
        "  'publish': {'out': '{{ one.stdout }}'}, 'on-success': 'two', 'on-failure': 'three'},"
        " {'name': 'two', 'ref': 'core.local', 'params': {'cmd': '{{ out }}'}},"
        " {'name': 'three', 'ref': 'core.local', 'params': {'cmd': '{{ __results.one.stdout }}'}}]}";

START_TEST(an_action_chain_goes_on_by_how_a_task_ended)
{
        struct life life;

        life_begin(&life, action_chain, "{'who': 'world'}");
        life_expect_next(&life, "[{'id': 'one', 'input': {'cmd': 'Hello world'}}]");
        life_tell(&life, "one", STATUS_RUNNING, NULL);
        if (_i) {
                life_tell(&life, "one", STATUS_FAILED, "{'stdout': 'o'}");
                life_expect_next(&life, "[{'id': 'three', 'input': {'cmd': 'o'}}]");
                life_end(&life, "three", "{}");
                life_expect(&life, STATUS_SUCCEEDED, "{'tasks': ["
                            "{'name': 'one', 'state': 'failed', 'result': {'stdout': 'o'}},"
                            "{'name': 'three', 'state': 'succeeded', 'result': {}}],"
                            " 'published': {'out': 'o'}}");
        } else {
                life_tell(&life, "one", STATUS_SUCCEEDED, "{'stdout': 'o'}");
                life_expect_next(&life, "[{'id': 'two', 'input': {'cmd': 'o'}}]");
                life_tell(&life, "two", STATUS_RUNNING, NULL);
                life_tell(&life, "two", STATUS_FAILED, "{'stdout': 'p'}");
                life_expect(&life, STATUS_FAILED, "{'tasks': ["
                            "{'name': 'one', 'state': 'succeeded', 'result': {'stdout': 'o'}},"
                            "{'name': 'two', 'state': 'failed', 'result': {'stdout': 'p'}}],"
                            " 'published': {'out': 'o'}}");
        }
        life_deinit(&life);
}
END_TEST

/* The thousandth task writes no more than the tenth. */
START_TEST(a_step_writes_what_changed_not_what_was)
{
        _free_ char *definition = life_chain_definition(1000);
        size_t tenth = 0, last = 0;
        struct life life;

        life_begin(&life, definition, NULL);
        life.is_whole = true;
        for (unsigned i = 0; i < 1000; i++) {
                char id[16];

                snprintf(id, sizeof id, "t%04u", i);
                last = life_end(&life, id, "'done'");
                if (i == 10)
                        tenth = last;
        }
        ck_assert_int_eq(conductor_status(life.conductor), STATUS_SUCCEEDED);
        ck_assert_uint_gt(tenth, 0);
        ck_assert_uint_lt(last, 2 * tenth);
        life_deinit(&life);
}
END_TEST

static const char *const broken[] = {
        "[{'task': 0}]", "[{'ctx': 5, 'on': 4, 'set': []}]", "[{}]", "[null]",
        "[{'root': [['a', {'is': 1}]]}, {'staged': 1, 'id': 'nobody', 'route': 0, 'ctx': 0}]",
        "[{'root': []}, {'root': []}]", "[{'root': []}, {'status': 'merry'}]",
        "[{'root': [['a', {'ref': 'x', 'at': []}]]}]", "[{'items': 3, 'set': []}]",
};

START_TEST(a_damaged_record_is_found)
{
        _json_ json_t *records = life_json(broken[_i]), *definition = life_json(chain_of_two);
        _fault_ struct fault fault = FAULT_INIT;
        struct conductor *conductor = NULL;
        struct workflow *workflow = NULL;
        struct conductor_setup setup = { .workflow = NULL };

        ck_assert_int_eq(workflow_compile(definition, NULL, &workflow, &fault), 0);
        setup.workflow = workflow;
        ck_assert_int_eq(conductor_restore(&setup, records, &conductor, &fault), FAULT);
        workflow_unref(workflow);
}
END_TEST

int main(void)
{
        static const int twice[2];

        return SUITE("workflow/conductor", ONCE(tasks_follow_and_publish),
                     ONCE(a_task_is_told_twice_and_ends_once),
                     ONCE(branches_join_and_their_variables_merge),
                     ONCE(without_a_join_each_branch_is_a_route),
                     ONCE(items_run_as_many_as_may_and_answer_in_order),
                     ONCE(no_items_succeed_at_once),
                     ONCE(a_rerun_takes_only_the_items_that_failed),
                     ONCE(a_rerun_takes_back_that_it_was_told_to_fail),
                     ONCE(what_never_ran_has_no_variables_to_give),
                     ONCE(a_retry_waits_and_gives_up_in_the_end),
                     ONCE(timeouts_are_told_not_kept), ONCE(a_pause_waits_for_what_runs),
                     ONCE(a_large_result_is_referred_to), ONCE(a_plan_goes_as_far_as_is_known),
                     EACH(a_limit_names_its_setting, limits),
                     EACH(an_action_chain_goes_on_by_how_a_task_ended, twice),
                     ONCE(a_step_writes_what_changed_not_what_was),
                     EACH(a_damaged_record_is_found, broken));
}
