/* SPDX-License-Identifier: Apache-2.0 */

/* Events that come in: webhooks, signatures, CloudEvents. */

#include "rest_fixture.h"

static void make_rule(const char *webhook)
{
        char body[512];
        _reply_ struct reply reply = { 0 };

        snprintf(body, sizeof body,
                 "{\"name\":\"r\",\"pack\":\"x\",\"enabled\":true,\"trigger\":{\"type\":\"core.st2."
                 "webhook\","
                 "\"parameters\":{\"url\":\"%s\"}},\"action\":{\"ref\":\"core.echo\","
                 "\"parameters\":{\"message\":"
                 "\"{{ trigger.body.msg }}\"}}}",
                 webhook);
        reply = post("/v1/rules", body);
        check_status(reply, 201);
}

START_TEST(credentials_never_reach_the_payload)
{
        _reply_ struct reply sent = { 0 }, event = { 0 };
        char path[96];

        make_rule("a/b");
        sent = ask_for(&(struct ask){ .method = "POST", .path = "/v1/webhooks/a/b/",
                .body = "{\"msg\":\"x\"}",
                .headers = { "Cookie: auth=canary-1", "x-gitHUB-event: push",
                        "Proxy-Authorization: canary-2",
                             "X-Hub-Signature-256: sha256=canary-3" } });
        check_status(sent, 202);
        snprintf(path, sizeof path, "/v1/triggerinstances/%s", member(&sent, "id"));
        event = get(path);
        check_status(event, 200);
        ck_assert_str_eq(member(&event, "payload.headers.X-Github-Event"), "push");
        ck_assert_str_eq(member(&event, "payload.body.msg"), "x");
        ck_assert_ptr_null(strstr(event.text.s, "canary"));
        ck_assert_ptr_null(strstr(event.text.s, admin));
}
END_TEST

#define HOOK "{\"msg\":\"signed\"}"


static char *signature_of(const char *secret, const char *body)
{
        char command[256], text[80] = "", *line = NULL;
        FILE *pipe;

        snprintf(command, sizeof command,
                 "printf '%%s' '%s' | openssl dgst -sha256 -hmac '%s' | sed 's/.*= //'", body,
                 secret);
        pipe = popen(command, "re");
        ck_assert_ptr_nonnull(fgets(text, sizeof text, pipe));
        pclose(pipe);
        text[strcspn(text, "\n")] = '\0';
        ck_assert_int_gt(asprintf(&line, "X-Hub-Signature-256: sha256=%s", text), 0);
        return line;
}

START_TEST(a_signature_opens_its_webhook)
{
        _free_ char *good = signature_of("s3cret", HOOK), *bad = signature_of("other", HOOK);
        struct ask ask = { .method = "POST", .path = "/v1/webhooks/git", .body = HOOK,
                .secret = "" };
        _reply_ struct reply key = { 0 };
        struct reply replies[5];

        make_rule("git");
        ask.headers[0] = good;
        replies[0] = ask_for(&ask);             /* no secret yet */
        key = ask_for(&(struct ask){ .method = "PUT", .path = "/v1/keys/webhook.git",
                                     .body = "{\"value\":\"s3cret\",\"secret\":true}" });
        check_status(key, 200);
        replies[1] = ask_for(&ask);
        ask.headers[0] = bad;
        replies[2] = ask_for(&ask);
        ask.headers[0] = NULL;
        replies[3] = ask_for(&ask);
        ask.headers[0] = bad;
        ask.secret = NULL;
        replies[4] = ask_for(&ask); /* a good credential does not excuse a wrong signature */
        check_status(replies[0], 401);
        ck_assert_str_eq(member(&replies[0], "code"), "signature.no-secret");
        check_status(replies[1], 202);
        check_status(replies[2], 401);
        ck_assert_str_eq(member(&replies[2], "code"), "signature.bad");
        check_status(replies[3], 401);
        check_status(replies[4], 401);
        for (int i = 0; i < 5; i++)
                reply_deinit(&replies[i]);
}
END_TEST

START_TEST(cloud_events_are_accepted_once)
{
        static const char one[] = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":"
                                  "\"t.x\",\"data\":1}";
        struct ask ask = { .method = "POST", .path = "/api/v1/events", .body = one,
                .type = "application/cloudevents+json" };
        _reply_ struct reply first = ask_for(&ask), second = ask_for(&ask), batch = { 0 },
                list = { 0 };

        check_status(first, 202);
        check_status(second, 202);
        ck_assert_int_eq(json_int_of(first.json, "accepted", -1), 1);
        ck_assert_int_eq(json_int_of(second.json, "duplicates", -1), 1);
        ck_assert_str_eq(member(&first, "id"), member(&second, "id"));
        ask.type = "application/cloudevents-batch+json";
        ask.body = "[{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t.x\"},"
                   "{\"specversion\":\"1.0\",\"id\":\"2\",\"source\":\"s\",\"type\":\"t.x\"}]";
        batch = ask_for(&ask);
        check_status(batch, 202);
        ck_assert_int_eq(json_int_of(batch.json, "accepted", -1), 1);
        ck_assert_str_eq(member(&batch, "events.0"), member(&first, "id"));
        list = get("/v1/events?trigger=t.x");
        ck_assert_uint_eq(json_array_size(list.json), 2);
        ck_assert_ptr_nonnull(strstr(list.head.s, "X-Total-Count: 2\r\n"));
}
END_TEST

START_TEST(the_hubs_own_triggers_are_not_for_everybody)
{
        _free_ char *key = key_with("{\"user\":\"mon\",\"role\":\"webhook\"}");
        struct ask ask = { .method = "POST",
                           .path = "/api/v1/events",
                           .secret = key,
                           .type = "application/cloudevents+json",
                           .body = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\","
                                   "\"type\":\"core.st2.webhook\"}" };
        _reply_ struct reply internal = ask_for(&ask), own = { 0 };

        check_status(internal, 403);
        ask.body = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"mon.alert\"}";
        own = ask_for(&ask);
        check_status(own, 202);
}
END_TEST

int main(void)
{
        return SUITE_WITH("rest/accept", rest_setup, rest_teardown,
                          ONCE(credentials_never_reach_the_payload),
                          ONCE(a_signature_opens_its_webhook), ONCE(cloud_events_are_accepted_once),
                          ONCE(the_hubs_own_triggers_are_not_for_everybody));
}
