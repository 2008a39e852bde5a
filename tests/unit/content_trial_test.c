/* SPDX-License-Identifier: Apache-2.0 */

/* What a rule would do: with one event, and with all that were stored. */
#include "hub_fixture.h"

static json_t *rule_of(const char *message)
{
        return json_pack("{s:s, s:s, s:b, s:{s:s, s:{s:s}}, s:{s:{s:s, s:i}}, s:{s:s, s:{s:s}}}",
                         "name", "r", "pack", "x", "enabled", 1, "trigger", "type",
                         "core.st2.webhook", "parameters", "url", "door", "criteria",
                         "trigger.body.level", "type", "gt", "pattern", 3, "action", "ref",
                         "core.echo", "parameters", "message", message);
}

static json_t *payload_of(int level)
{
        return json_pack("{s:{}, s:{s:i, s:s}}", "headers", "body", "level", level, "who", "eva");
}

START_TEST(a_test_tells_what_holds_and_starts_nothing)
{
        _json_ json_t *rule = rule_of("{{ trigger.body.who }}"), *high = payload_of(5),
                      *low = payload_of(1), *yes = NULL, *no = NULL;
        const struct id none = { { 0 } };
        struct id started;

        hub_up();
        ck_assert_int_eq(content_rule_test(content, NULL, rule, high, &yes, NULL), 0);
        ck_assert(json_bool_of(yes, "matched", false));
        ck_assert_str_eq(json_string_value(json_at(yes, "parameters.message")), "eva");
        ck_assert_int_eq(content_rule_test(content, NULL, rule, low, &no, NULL), 0);
        ck_assert(!json_bool_of(no, "matched", true));
        ck_assert_int_eq(json_integer_value(json_at(no, "criteria.0.value")), 1);
        ck_assert(json_is_null(json_object_get(no, "parameters")));
        started = newest("core.echo");
        ck_assert_mem_eq(&started, &none, sizeof none);
}
END_TEST

START_TEST(a_rule_that_is_not_there_is_told)
{
        _json_ json_t *payload = payload_of(5), *answer = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        hub_up();
        ck_assert_int_eq(content_rule_test(content, "x.r", NULL, payload, &answer, &fault), FAULT);
        ck_assert_str_eq(fault.code, "rule.unknown");
        ck_assert_ptr_null(answer);
}
END_TEST

static long long count_of(const json_t *replay, const char *name)
{
        return (long long)json_int_of(replay, name, -1);
}

/* Other webhooks are looked at, since they are of the type, and do not count. */
START_TEST(a_replay_counts_all_and_shows_some)
{
        _json_ json_t *rule = rule_of("{{ trigger.body.who }}"), *some = NULL, *all = NULL;

        hub_up();
        for (int i = 0; i < 6; i++) {
                char body[64];

                snprintf(body, sizeof body, "{\"level\":%d,\"who\":\"n%d\"}", i, i);
                send_event("door", body);
        }
        send_event("window", "{\"level\":9,\"who\":\"x\"}");
        ck_assert_int_eq(content_rule_replay(content, NULL, rule, 0, 1, &some, NULL), 0);
        ck_assert_int_eq(count_of(some, "matched"), 2);
        ck_assert_uint_eq(json_array_size(json_object_get(some, "executions")), 1);
        ck_assert(json_bool_of(some, "truncated", false));
        ck_assert_int_eq(content_rule_replay(content, NULL, rule, 0, 10, &all, NULL), 0);
        ck_assert_int_eq(count_of(all, "events"), 7);
        ck_assert_int_eq(count_of(all, "failed"), 0);
        ck_assert(!json_bool_of(all, "truncated", true));
        ck_assert_str_eq(json_string_value(json_at(all, "executions.1.parameters.message")), "n5");
}
END_TEST

START_TEST(what_could_not_be_made_is_counted_with_its_reason)
{
        _json_ json_t *rule = rule_of("{{ trigger.body.absent.deep }}"), *replay = NULL;
        const char *error;

        hub_up();
        send_event("door", "{\"level\":4}");
        ck_assert_int_eq(content_rule_replay(content, NULL, rule, 0, 10, &replay, NULL), 0);
        ck_assert_int_eq(count_of(replay, "matched"), 1);
        ck_assert_int_eq(count_of(replay, "failed"), 1);
        error = json_string_value(json_at(replay, "executions.0.error"));
        ck_assert_ptr_nonnull(error);
        ck_assert_int_gt(strlen(error), 0);
}
END_TEST

int main(void)
{
        return SUITE_WITH("content/trial", setup, teardown,
                          ONCE(a_test_tells_what_holds_and_starts_nothing),
                          ONCE(a_rule_that_is_not_there_is_told),
                          ONCE(a_replay_counts_all_and_shows_some),
                          ONCE(what_could_not_be_made_is_counted_with_its_reason));
}
