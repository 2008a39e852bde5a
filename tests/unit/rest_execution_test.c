/* SPDX-License-Identifier: Apache-2.0 */

/* Executions over HTTP: once by key, secrets masked, planned, applied, undone. */

#include "rest_fixture.h"

struct many {
        pthread_t thread;
        char id[ID_TEXT_SIZE];
        long status;
};

static void *post_once(void *arg)
{
        struct many *many = arg;
        _reply_ struct reply reply = ask_for(&(struct ask){ .method = "POST",
                .path = "/v1/executions",
                .body = "{\"action\":\"core.noop\"}", .headers = { "Idempotency-Key: the-key" } });

        many->status = reply.status;
        snprintf(many->id, sizeof many->id, "%s", member(&reply, "id"));
        return NULL;
}

START_TEST(a_hundred_posts_of_one_key_are_one_execution)
{
        struct many many[100];
        _reply_ struct reply list = { 0 }, other = { 0 };

        curl_global_init(CURL_GLOBAL_DEFAULT);
        for (size_t i = 0; i < 100; i++)
                ck_assert_int_eq(pthread_create(&many[i].thread, NULL, post_once, &many[i]), 0);
        for (size_t i = 0; i < 100; i++) {
                pthread_join(many[i].thread, NULL);
                ck_assert_int_eq(many[i].status, 201);
                ck_assert_str_eq(many[i].id, many[0].id);
        }
        list = get("/v1/executions?action=core.noop");
        ck_assert_uint_eq(json_array_size(list.json), 1);
        other = ask_for(&(struct ask){ .method = "POST", .path = "/v1/executions",
                .body = "{\"action\":\"core.noop\" }",
                                       .headers = { "Idempotency-Key: the-key" } });
        check_status(other, 422);
        ck_assert_str_eq(member(&other, "conflict-id"), many[0].id);
}
END_TEST

START_TEST(secrets_are_masked_in_answers)
{
        static const char body[] =
                "{\"action\":\"lamp.set\",\"parameters\":{\"to\":\"on\",\"pin\":\"canary-77\"}}";
        _reply_ struct reply ran = ask_for(&(struct ask){ .method = "POST",
                .path = "/v1/executions", .body = body,
                                                          .headers = { "Prefer: wait=10" } });
        _reply_ struct reply list = get("/v1/executions"), stream = { 0 }, shown = { 0 };
        _free_ char *operator = key_with("{\"user\":\"eva\"}");

        check_status(ran, 201);
        ck_assert_str_eq(member(&ran, "parameters.pin"), "********");
        stream = ask_for(&(struct ask){ .path = "/v1/stream?events=*",
                .headers = { "Last-Event-ID: 0" }, .timeout_ms = 500 });
        ck_assert_ptr_nonnull(strstr(stream.text.s, "lamp.set"));
        ck_assert(!strstr(ran.text.s, "canary-77") && !strstr(list.text.s, "canary-77")
                  && !strstr(stream.text.s, "canary-77"));
        shown = ask_for(&(struct ask){ .path = "/v1/executions?show_secrets=true",
                .secret = operator });
        check_status(shown, 403);
}
END_TEST

START_TEST(plan_apply_undo)
{
        static const struct ask plan = {
                .method = "POST",
                .path = "/v1/executions",
                .headers = { "Prefer: wait=10" },
                .body = "{\"action\":\"lamp.set\",\"parameters\":{\"to\":\"on\"},\"mode\":\"plan\"}"
        };
        _reply_ struct reply planned = ask_for(&plan), plans = get("/v1/plans"), applied = { 0 },
                again = { 0 };
        _reply_ struct reply changes = { 0 }, undone = { 0 }, twice = { 0 };
        char path[96];

        check_status(planned, 201);
        ck_assert_str_eq(member(&planned, "result.changes.0.resource"), "lamp/1");
        ck_assert_str_eq(lamp_look(), "off");
        ck_assert_uint_eq(json_array_size(plans.json), 1);
        snprintf(path, sizeof path, "/v1/plans/%s/apply", member(&planned, "id"));
        applied = ask_for(&(struct ask){ .method = "POST", .path = path,
                .headers = { "Prefer: wait=10" } });
        check_status(applied, 201);
        ck_assert_str_eq(member(&applied, "status"), "succeeded");
        ck_assert_str_eq(lamp_look(), "on");
        again = ask_for(&(struct ask){ .method = "POST", .path = path });
        check_status(again, 409);
        changes = get("/v1/changes?resource=lamp/*&state=applied");
        ck_assert_uint_eq(json_array_size(changes.json), 1);
        ck_assert_str_eq(member(&changes, "0.before"), "off");
        snprintf(path, sizeof path, "/v1/executions/%s/undo", member(&applied, "id"));
        undone = ask_for(&(struct ask){ .method = "POST", .path = path,
                .headers = { "Prefer: wait=10" } });
        check_status(undone, 201);
        ck_assert_str_eq(lamp_look(), "off");
        twice = ask_for(&(struct ask){ .method = "POST", .path = path });
        check_status(twice, 409);
        ck_assert_str_eq(member(&twice, "code"), "undo.done");
}
END_TEST

int main(void)
{
        return SUITE_WITH("rest/execution", rest_setup, rest_teardown,
                          ONCE(a_hundred_posts_of_one_key_are_one_execution),
                          ONCE(secrets_are_masked_in_answers), ONCE(plan_apply_undo));
}
