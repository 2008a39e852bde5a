/* SPDX-License-Identifier: Apache-2.0 */

/* Plan, apply, conflict, undo: the world must always be what the ledger says. */

#include "hub_fixture.h"

static const struct hub_run by_eva = { .mode = "undo", .user = "eva" };

static json_t *result_of(const struct id *id, enum store_status status)
{
        struct seen seen = wait_end(id);

        ck_assert_msg(seen.status == status, "status is %s: %s", store_status_text(seen.status),
                      json_text_of(seen.result, "error", ""));
        json_decref(seen.params);
        return seen.result;
}

static struct id ask_apply(const struct id *plan)
{
        struct answer answer = { .is_there = false };
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_msg(hub_apply(hub, plan, &by_eva, on_ran, &answer, &fault) == 0, "%s", fault.what);
        eventually(atomic_load(&answer.is_there));
        ck_assert_int_eq(answer.ran.outcome, STORE_DONE);
        return answer.ran.id;
}

static int count(void *arg, const struct store_change *change)
{
        int *n = arg;

        n[change->state]++;
        return 0;
}

static int changes(enum store_change_state state)
{
        struct store_change_filter filter = { .state = -1 };
        struct store_page page = { .limit = 100 };
        int n[5] = { 0 };

        ck_assert_int_eq(store_list_changes(store, &filter, &page, count, n, NULL, NULL), 0);
        return n[state];
}

START_TEST(a_plan_changes_nothing_and_shows_what_it_would)
{
        struct id plan;
        _json_ json_t *result = NULL;

        hub_up();
        plan = run("lamp.set", "{\"to\":\"on\"}", "plan");
        result = result_of(&plan, STORE_SUCCEEDED);
        ck_assert_str_eq(lamp_look(), "off");
        ck_assert_str_eq(json_string_value(json_at(result, "changes.0.after")), "on");
        ck_assert_int_eq(changes(STORE_PLANNED), 1);
        ck_assert_int_eq(changes(STORE_APPLIED), 0);
}
END_TEST

START_TEST(a_plan_is_applied_as_planned_and_once)
{
        struct id plan, applied;
        struct answer again = { .is_there = false };

        hub_up();
        plan = run("lamp.set", "{\"to\":\"on\"}", "plan");
        json_decref(result_of(&plan, STORE_SUCCEEDED));
        applied = ask_apply(&plan);
        json_decref(result_of(&applied, STORE_SUCCEEDED));
        ck_assert_str_eq(lamp_look(), "on");
        ck_assert_int_eq(changes(STORE_APPLIED), 1);
        ck_assert_int_eq(hub_apply(hub, &plan, &by_eva, on_ran, &again, NULL), 0);
        eventually(atomic_load(&again.is_there));
        ck_assert_int_eq(again.ran.outcome, STORE_CONFLICT);
}
END_TEST

START_TEST(a_plan_whose_world_moved_ends_as_a_conflict)
{
        struct id plan, applied;
        _json_ json_t *result = NULL;

        hub_up();
        plan = run("lamp.set", "{\"to\":\"on\"}", "plan");
        json_decref(result_of(&plan, STORE_SUCCEEDED));
        lamp_turn("broken");
        applied = ask_apply(&plan);
        result = result_of(&applied, STORE_FAILED);
        ck_assert_str_eq(lamp_look(), "broken");
        ck_assert_str_eq(json_text_of(result, "code", ""), "conflict");
        ck_assert_str_eq(json_string_value(json_at(result, "conflict.before")), "off");
        ck_assert_str_eq(json_string_value(json_at(result, "conflict.found")), "broken");
        ck_assert_str_eq(json_string_value(json_at(result, "conflict.wanted")), "on");
}
END_TEST

static struct id ask_undo(const struct id *id, bool of_event)
{
        struct answer answer = { .is_there = false };
        _fault_ struct fault fault = FAULT_INIT;
        int r = of_event ? hub_undo_event(hub, id, &by_eva, on_ran, &answer, &fault)
                : hub_undo(hub, id, &by_eva, on_ran, &answer, &fault);

        ck_assert_msg(r == 0, "%s", fault.what);
        eventually(atomic_load(&answer.is_there));
        ck_assert_int_eq(answer.ran.outcome, STORE_DONE);
        return answer.ran.id;
}

START_TEST(undo_restores_and_a_second_one_is_refused)
{
        struct id id, undone;
        _fault_ struct fault fault = FAULT_INIT;

        hub_up();
        id = run("lamp.set", "{\"to\":\"on\"}", "run");
        json_decref(result_of(&id, STORE_SUCCEEDED));
        undone = ask_undo(&id, false);
        json_decref(result_of(&undone, STORE_SUCCEEDED));
        ck_assert_str_eq(lamp_look(), "off");
        ck_assert_int_eq(hub_undo(hub, &id, &by_eva, on_ran, NULL, &fault), FAULT);
        ck_assert_str_eq(fault.code, "undo.done");
        ck_assert_str_eq(lamp_look(), "off");
}
END_TEST

START_TEST(undo_does_not_overwrite_what_somebody_else_did)
{
        struct id id, undone;
        _json_ json_t *result = NULL;

        hub_up();
        id = run("lamp.set", "{\"to\":\"on\"}", "run");
        json_decref(result_of(&id, STORE_SUCCEEDED));
        lamp_turn("foreign");
        undone = ask_undo(&id, false);
        result = result_of(&undone, STORE_FAILED);
        ck_assert_str_eq(lamp_look(), "foreign");
        ck_assert_str_eq(json_string_value(json_at(result, "conflict.found")), "foreign");
        lamp_turn("on");
        undone = ask_undo(&id, false);
        json_decref(result_of(&undone, STORE_SUCCEEDED));
        ck_assert_str_eq(lamp_look(), "off");
}
END_TEST

static const char first_rule[] =
        "name: first\nenabled: true\ntrigger: {type: core.st2.webhook, parameters: {url: a}}\n"
        "action: {ref: lamp.set, parameters: {to: first}}\n";
static const char second_rule[] =
        "name: second\nenabled: true\ntrigger: {type: core.st2.generic.actiontrigger}\n"
        "criteria: {trigger.parameters.to: {type: equals, pattern: first}}\n"
        "action: {ref: lamp.set, parameters: {to: second}}\n";

START_TEST(undo_of_an_event_takes_back_the_chain_last_first)
{
        struct id event, undone;
        _json_ json_t *result = NULL;

        write_file("packs.d/t/rules/first.yaml", first_rule);
        write_file("packs.d/t/rules/second.yaml", second_rule);
        hub_up();
        event = send_event("a", "{}");
        eventually(strcmp(lamp_look(), "second") == 0 && changes(STORE_APPLIED) == 2);
        undone = ask_undo(&event, true);
        result = result_of(&undone, STORE_SUCCEEDED);
        ck_assert_str_eq(lamp_look(), "off");
        ck_assert_str_eq(json_string_value(json_at(result, "undone.0.restored")), "first");
        ck_assert_str_eq(json_string_value(json_at(result, "undone.1.restored")), "off");
}
END_TEST

START_TEST(undo_can_be_planned)
{
        struct id id;
        struct answer answer = { .is_there = false };
        _json_ json_t *result = NULL;

        hub_up();
        id = run("lamp.set", "{\"to\":\"on\"}", "run");
        json_decref(result_of(&id, STORE_SUCCEEDED));
        ck_assert_int_eq(hub_undo(hub, &id, &(struct hub_run){ .mode = "plan", .user = "eva" },
                                  on_ran, &answer, NULL), 0);
        eventually(atomic_load(&answer.is_there));
        result = result_of(&answer.ran.id, STORE_SUCCEEDED);
        ck_assert_str_eq(lamp_look(), "on");
        ck_assert_str_eq(json_string_value(json_at(result, "changes.0.after")), "off");
        answer.is_there = false;
        ck_assert_int_eq(hub_undo(hub, &id, &by_eva, on_ran, &answer, NULL), 0);
        eventually(atomic_load(&answer.is_there));
        json_decref(result_of(&answer.ran.id, STORE_SUCCEEDED));
        ck_assert_str_eq(lamp_look(), "off");
}
END_TEST

int main(void)
{
        return SUITE_WITH("hub/change", setup, teardown,
                          ONCE(a_plan_changes_nothing_and_shows_what_it_would),
                          ONCE(a_plan_is_applied_as_planned_and_once),
                          ONCE(a_plan_whose_world_moved_ends_as_a_conflict),
                          ONCE(undo_restores_and_a_second_one_is_refused),
                          ONCE(undo_does_not_overwrite_what_somebody_else_did),
                          ONCE(undo_of_an_event_takes_back_the_chain_last_first),
                          ONCE(undo_can_be_planned));
}
