/* SPDX-License-Identifier: Apache-2.0 */

/* Idempotency-Key on every POST that makes something: done once, and answered alike. */

#include "rest_fixture.h"

static struct reply post_key(const char *path, const char *body, const char *key)
{
        char header[320];
        struct ask ask = { .method = "POST", .path = path, .body = body };

        snprintf(header, sizeof header, "Idempotency-Key: %s", key);
        ask.headers[0] = header;
        ask.headers[1] = "Prefer: wait=10";
        return ask_for(&ask);
}

static unsigned count(const char *path)
{
        _reply_ struct reply list = get(path);

        return (unsigned)json_array_size(list.json);
}

/* Twice the same, with the same id and status; a third with another body is refused. */
static void check_once(const char *path, const char *body, const char *other, char *ret_id)
{
        _reply_ struct reply first = post_key(path, body, "k"), again = post_key(path, body, "k"),
                mismatch = { 0 };

        ck_assert_msg(first.status / 100 == 2, "%s: %s", path, first.text.s);
        ck_assert_msg(again.status == first.status, "%s: %ld %s", path, again.status,
                      again.text.s);
        ck_assert_str_ne(member(&first, "id"), "");
        ck_assert_str_eq(member(&again, "id"), member(&first, "id"));
        ck_assert_ptr_nonnull(strcasestr(again.head.s, "Idempotency-Replayed: true"));
        if (ret_id)
                snprintf(ret_id, ID_TEXT_SIZE, "%s", member(&first, "id"));
        mismatch = post_key(path, other, "k");
        check_status(mismatch, 422);
        ck_assert_str_eq(member(&mismatch, "code"), "idempotency.mismatch");
}

#define LAMP "\"action\":\"lamp.set\",\"parameters\":{\"to\":\"on\"}"

START_TEST(a_rerun_is_one)
{
        _reply_ struct reply ran = post_key("/v1/executions", "{\"action\":\"core.noop\"}", "r");
        char path[96];

        snprintf(path, sizeof path, "/v1/executions/%s/re_run", member(&ran, "id"));
        check_once(path, "{}", "{\"delay\":5}", NULL);
        ck_assert_uint_eq(count("/v1/executions?action=core.noop"), 2);
}
END_TEST

START_TEST(a_plan_is_applied_and_undone_once)
{
        char id[ID_TEXT_SIZE], path[96];

        check_once("/v1/executions", "{" LAMP ",\"mode\":\"plan\"}", "{" LAMP "}", id);
        snprintf(path, sizeof path, "/v1/plans/%s/apply", id);
        check_once(path, "{}", "{ }", id);
        ck_assert_str_eq(lamp_look(), "on");
        snprintf(path, sizeof path, "/v1/executions/%s/undo", id);
        check_once(path, "{}", "{\"mode\":\"plan\"}", NULL);
        ck_assert_str_eq(lamp_look(), "off");
        ck_assert_uint_eq(count("/v1/executions?action=core.undo"), 1);
}
END_TEST

START_TEST(what_an_event_changed_is_undone_once)
{
        static const char rule[] = "{\"name\":\"on\",\"pack\":\"t\",\"enabled\":true,"
                "\"trigger\":{\"type\":\"core.st2.webhook\",\"parameters\":{\"url\":\"w\"}},"
                "\"action\":{\"ref\":\"lamp.set\",\"parameters\":{\"to\":\"on\"}}}";
        char id[ID_TEXT_SIZE], path[96];

        check_once("/v1/rules", rule, "{\"name\":\"off\",\"pack\":\"t\",\"trigger\":"
                   "{\"type\":\"core.st2.webhook\",\"parameters\":{\"url\":\"w\"}},"
                   "\"action\":{\"ref\":\"core.noop\"}}", NULL);
        ck_assert_uint_eq(count("/v1/rules?pack=t"), 1);
        {
                _reply_ struct reply sent = post_key("/v1/webhooks/w", "{\"a\":1}", "e"),
                        again = post_key("/v1/webhooks/w", "{\"a\":1}", "e"), other = { 0 };

                check_status(sent, 202);
                check_status(again, 202);
                snprintf(id, sizeof id, "%s", member(&sent, "id"));
                ck_assert_str_eq(member(&again, "id"), id);
                other = post_key("/v1/webhooks/w", "{\"a\":2}", "e");
                check_status(other, 422);
        }
        eventually(strcmp(lamp_look(), "on") == 0);
        eventually(count("/v1/changes?state=applied") == 1);
        snprintf(path, sizeof path, "/v1/events/%s/undo", id);
        check_once(path, "{}", "{ }", NULL);
        snprintf(path, sizeof path, "/v1/triggerinstances/%s/re_emit", id);
        check_once(path, "{}", "{ }", NULL);
        ck_assert_uint_eq(count("/v1/events"), 2);
}
END_TEST

START_TEST(an_answer_shown_once_can_be_asked_for_again)
{
        _reply_ struct reply first = post_key("/v1/apikeys", "{\"user\":\"eva\"}", "k"),
                again = post_key("/v1/apikeys", "{\"user\":\"eva\"}", "k"), stored = { 0 };

        check_status(first, 201);
        check_status(again, 201);
        ck_assert_str_eq(again.text.s, first.text.s);
        ck_assert_uint_eq(count("/v1/apikeys"), 1);
        stored = get("/v1/keys?scope=all");
        ck_assert_uint_eq(json_array_size(stored.json), 0);
}
END_TEST

START_TEST(an_injected_event_is_one)
{
        static const char type[] = "{\"name\":\"rang\",\"pack\":\"door\"}",
                          bell[] = "{\"action\":\"core.inject_trigger\",\"parameters\":"
                                   "{\"trigger_name\":\"door.rang\",\"payload\":{\"n\":1}}}",
                          typo[] = "{\"action\":\"core.inject_trigger\",\"parameters\":"
                                   "{\"trigger_name\":\"door.ran\"}}",
                          own[] = "{\"action\":\"core.inject_trigger\",\"parameters\":"
                                  "{\"trigger_name\":\"core.st2.webhook\"}}";
        _reply_ struct reply made = post("/v1/triggertypes", type), rang = post_key(
                "/v1/executions", bell, "a"), wrong = post_key("/v1/executions", typo, "b"),
                hubs = post_key("/v1/executions", own, "c"), event = { 0 };
        char path[96];

        check_status(made, 201);
        check_status(rang, 201);
        ck_assert_str_eq(member(&rang, "status"), "succeeded");
        snprintf(path, sizeof path, "/v1/events/%s", member(&rang, "result.event"));
        event = get(path);
        check_status(event, 200);
        ck_assert_int_eq(json_int_of(json_at(event.json, "payload"), "n", 0), 1);
        ck_assert_str_eq(member(&wrong, "status"), "failed");
        ck_assert_ptr_nonnull(strstr(member(&wrong, "result.error"), "'door.rang'"));
        ck_assert_str_eq(member(&hubs, "result.code"), "trigger.own");
}
END_TEST

START_TEST(a_key_is_one_persons)
{
        _free_ char *operator = key_with("{\"user\":\"eva\",\"grants\":[{\"action\":\"*\","
                                         "\"instance\":\"*\",\"verbs\":[\"run\"]}]}");
        _reply_ struct reply first = post_key("/v1/executions", "{\"action\":\"core.noop\"}", "k"),
                other = ask_for(&(struct ask){ .method = "POST", .path = "/v1/executions",
                        .body = "{\"action\":\"core.noop\"}", .secret = operator,
                        .headers = { "Idempotency-Key: k" } });

        check_status(other, 201);
        ck_assert_str_ne(member(&other, "id"), member(&first, "id"));
}
END_TEST

static const char long_key[] =
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567";

START_TEST(a_refusal_uses_no_key)
{
        _reply_ struct reply refused = post_key("/v1/executions", "{\"action\":\"core.nop\"}", "k"),
                empty = post_key("/v1/executions", "{\"action\":\"core.noop\"}", long_key),
                bad = post_key("/v1/rules", "{\"name\":\"x\"}", "k"), made = { 0 };

        check_status(refused, 404);
        check_status(empty, 400);
        check_status(bad, 422);
        made = post_key("/v1/executions", "{\"action\":\"core.noop\"}", "k");
        check_status(made, 201);
}
END_TEST

struct maker {
        pthread_t thread;
        struct reply reply;
};

static void *make_key(void *arg)
{
        struct maker *maker = arg;

        maker->reply = post_key("/v1/apikeys", "{\"user\":\"ivo\"}", "many");
        return NULL;
}

START_TEST(many_at_once_make_one)
{
        struct maker makers[40];
        unsigned made = 0;

        curl_global_init(CURL_GLOBAL_DEFAULT);
        for (int i = 0; i < 40; i++)
                ck_assert_int_eq(pthread_create(&makers[i].thread, NULL, make_key, &makers[i]), 0);
        for (int i = 0; i < 40; i++) {
                pthread_join(makers[i].thread, NULL);
                made += makers[i].reply.status == 201;
                if (makers[i].reply.status == 201)
                        continue;
                check_status(makers[i].reply, 409);
                ck_assert_str_eq(member(&makers[i].reply, "code"), "idempotency.in-flight");
                ck_assert_str_ne(member(&makers[i].reply, "remedy"), "");
        }
        ck_assert_uint_ge(made, 1);
        ck_assert_uint_eq(count("/v1/apikeys"), 1);
        for (int i = 0; i < 40; i++)
                reply_deinit(&makers[i].reply);
}
END_TEST

int main(void)
{
        return SUITE_WITH("rest/once", rest_setup, rest_teardown, ONCE(a_rerun_is_one),
                          ONCE(a_plan_is_applied_and_undone_once),
                          ONCE(what_an_event_changed_is_undone_once),
                          ONCE(an_answer_shown_once_can_be_asked_for_again),
                          ONCE(an_injected_event_is_one), ONCE(a_key_is_one_persons), ONCE(a_refusal_uses_no_key),
                          ONCE(many_at_once_make_one));
}
