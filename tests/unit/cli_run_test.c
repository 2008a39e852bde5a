/* SPDX-License-Identifier: Apache-2.0 */

/* An action is run, followed, planned, undone from the command line. */

#include "cli_hub.h"

#include "base/json.h"
#include "cli/cli.h"

#define ID "692158f2c0a80a0100000001"
#define OUTPUT(type, text)                                                                         \
        "id: 1\nevent: st2.execution.output__create\ndata: {\"output_type\":\"" type               \
        "\",\"data\":\"" text "\"}\n\n"
#define RUN_ROUTES(status, result)                                                                 \
        { "GET", "/api/v1/actions/views/parameters/dns.record.set", 0,                             \
          "{\"parameters\":{\"ttl\":{\"type\":\"integer\"},\"values\":{\"type\":\"array\"}}}",     \
          NULL },                                                                                  \
                { "POST", "/api/v1/executions", 201,                                               \
                  "{\"id\":\"" ID "\",\"status\":\"requested\"}", NULL },                          \
                { "GET", "/stream/v1/executions/" ID "/output", 0,                                 \
                  OUTPUT("stdout", "one\\n") "\n" OUTPUT("stderr", "two\\n")                       \
                          OUTPUT("progress", "0.5 half") "event: EOF\ndata: ''\n\n",               \
                  "text/event-stream" },                                                           \
                { "GET", "/api/v1/executions/" ID, 0,                                              \
                  "{\"id\":\"" ID "\",\"status\":\"running\"}", NULL },                            \
                { "GET", "/api/v1/executions/" ID, 0,                                              \
                  "{\"id\":\"" ID "\",\"status\":\"" status "\",\"elapsed_seconds\":0.25,"         \
                  "\"action\":{\"ref\":\"dns.record.set\"},\"result\":" result "}",                \
                  NULL },                                                                          \
                { "GET", "/api/v1/changes", 0,                                                     \
                  "[{\"resource\":\"dns/example.com/www/A\",\"state\":\"applied\","                \
                  "\"before\":{\"ttl\":60,\"values\":[\"192.0.2.1\"]},\"after\":{\"ttl\":300,"     \
                  "\"values\":[\"192.0.2.1\"]}}]",                                                 \
                  NULL },                                                                          \
        {                                                                                          \
                .path = NULL                                                                       \
        }

START_TEST(run_sends_types_follows_and_shows)
{
        static const struct hub_route routes[] = { RUN_ROUTES("succeeded",
                "{\"fqdn\":\"www.example.com\"}") };
        struct cardboard *hub = cardboard_start(routes);
        struct told told = TELL(hub, "run", "dns.record.set", "zone=example.com", "ttl=300",
                                "values=192.0.2.1,192.0.2.2",
                                "--timeout", "30s");
        _json_ json_t *body = json_loads(cardboard_asked(hub, 1, "body"), 0, NULL);
        _json_ json_t *want = json_loads(
                "{\"action\":\"dns.record.set\",\"mode\":\"run\",\"timeout_ms\":30000,"
                "\"parameters\":"
                "{\"zone\":\"example.com\",\"ttl\":300,\"values\":[\"192.0.2.1\",\"192.0.2.2\"]}}",
                0, NULL);

        ck_assert_int_eq(told.code, 0);
        ck_assert(json_equal(body, want));
        ck_assert_uint_eq(strlen(cardboard_asked(hub, 1, "once")), 24);
        ck_assert_str_eq(told.err, "one\ntwo\nsucceeded " ID " in 0.25 s\n");
        has(told.out, "fqdn      www.example.com\n");
        has(told.out, "~ dns/example.com/www/A  applied\n    ttl: 60 → 300\n");
        lacks(told.out, "values");
        told_free(&told);
        cardboard_stop(hub);
}
END_TEST

START_TEST(run_fails_as_the_execution_did)
{
        static const struct hub_route routes[] = { RUN_ROUTES("failed",
                "{\"error\":\"ns1 refused\",\"code\":\"dns.refused\"}") };
        struct cardboard *hub = cardboard_start(routes);
        struct told told = TELL(hub, "run", "dns.record.set"),
                json = TELL(hub, "run", "dns.record.set", "-q", "-ojson");

        ck_assert_int_eq(told.code, EXIT_FAILED);
        has(told.err, "error: ns1 refused  [dns.refused]\n");
        has(told.err, "  run: " ID);
        ck_assert_int_eq(json.code, EXIT_FAILED);
        has(json.out, "\"status\": \"failed\"");
        ck_assert_str_eq(json.err,
                         "error: ns1 refused  [dns.refused]\n  run: " ID "  (kaname execution tail "
                                                                         "" ID ")\n");
        told_free(&told);
        told_free(&json);
        cardboard_stop(hub);
}
END_TEST

START_TEST(a_timeout_and_a_conflict_have_their_codes)
{
        static const struct hub_route late[] = { RUN_ROUTES("timeout", "{}") };
        static const struct hub_route clash[] = { RUN_ROUTES("failed",
                "{\"error\":\"changed behind it\",\"code\":\"conflict\","
                "\"conflict\":{\"resource\":\"r/x\",\"before\":1,\"found\":null,\"wanted\":2}}") };
        struct cardboard *a = cardboard_start(late), *b = cardboard_start(clash);
        struct told slow = TELL(a, "run", "dns.record.set"),
                foreign = TELL(b, "run", "dns.record.set");

        ck_assert_int_eq(slow.code, EXIT_TIMEOUT);
        ck_assert_int_eq(foreign.code, EXIT_CONFLICT);
        has(foreign.err, "  why: r/x\n       before: 1\n       found:  (none)\n       wanted: 2\n");
        told_free(&slow);
        told_free(&foreign);
        cardboard_stop(a);
        cardboard_stop(b);
}
END_TEST

START_TEST(async_prints_the_id_and_goes)
{
        static const struct hub_route routes[] = { RUN_ROUTES("failed", "null") };
        struct cardboard *hub = cardboard_start(routes);
        struct told told = TELL(hub, "run", "dns.record.set", "-a");

        ck_assert_int_eq(told.code, 0);
        ck_assert_str_eq(told.out, ID "\n");
        /* The second asks whether the hub is paused, since it has not started at once. */
        ck_assert_uint_eq(json_array_size(cardboard_requests(hub)), 2);
        ck_assert_str_eq(cardboard_asked(hub, 1, "path"), "/api/v1/status");
        told_free(&told);
        cardboard_stop(hub);
}
END_TEST

START_TEST(tail_prints_output_on_out)
{
        static const struct hub_route routes[] = { RUN_ROUTES("succeeded", "null") };
        struct cardboard *hub = cardboard_start(routes);
        struct told both = TELL(hub, "execution", "tail", ID),
                one = TELL(hub, "execution", "tail", ID, "--type", "stderr");

        ck_assert_str_eq(both.out, "one\n");
        ck_assert_str_eq(both.err, "two\n");
        ck_assert_str_eq(one.out, "");
        ck_assert_str_eq(one.err, "two\n");
        told_free(&both);
        told_free(&one);
        cardboard_stop(hub);
}
END_TEST

START_TEST(a_broken_stream_goes_on_without_repeating)
{
        static const struct hub_route routes[] = {
                { "GET", "/stream/v1/executions/" ID "/output", 0, OUTPUT("stdout", "one\\n"),
                  "text/event-stream" },
                { "GET", "/stream/v1/executions/" ID "/output", 0,
                  OUTPUT("stdout", "one\\n") OUTPUT("stdout", "two\\n")
                  "event: EOF\r\ndata: ''\r\n\r\n", "text/event-stream" },
                { "GET", "/api/v1/executions/" ID, 0,
                  "{\"id\":\"" ID "\",\"status\":\"succeeded\"}", NULL },
                { .path = NULL } };
        struct cardboard *hub = cardboard_start(routes);
        struct told told = TELL(hub, "execution", "tail", ID);

        ck_assert_int_eq(told.code, 0);
        ck_assert_str_eq(told.out, "one\ntwo\n");
        told_free(&told);
        cardboard_stop(hub);
}
END_TEST

START_TEST(waiting_ends_with_124_and_a_way_back)
{
        static const struct hub_route routes[] = {
                { "POST", "/api/v1/executions", 201, "{\"id\":\"" ID "\"}", NULL },
                { "GET", "/stream/v1/executions/" ID "/output", 0, "event: EOF\ndata: ''\n\n",
                  "text/event-stream" },
                { "GET", "/api/v1/executions/" ID, 0, "{\"id\":\"" ID "\",\"status\":\"running\"}",
                  NULL },
                { .path = NULL } };
        struct cardboard *hub = cardboard_start(routes);
        struct told told = TELL(hub, "run", "x.y", "--wait", "30ms");

        ck_assert_int_eq(told.code, EXIT_TIMEOUT);
        has(told.err, "kaname execution tail " ID);
        told_free(&told);
        cardboard_stop(hub);
}
END_TEST

START_TEST(a_plan_is_a_diff_and_an_id_to_apply)
{
        static const struct hub_route routes[] = {
                { "POST", "/api/v1/executions", 201, "{\"id\":\"" ID "\"}", NULL },
                { "GET", "/stream/v1/executions/" ID "/output", 0, "event: EOF\ndata: ''\n\n",
                  "text/event-stream" },
                { "GET", "/api/v1/executions/" ID, 0,
                  "{\"id\":\"" ID "\",\"status\":\"succeeded\",\"result\":{\"partial\":true,"
                  "\"changes\":[{\"resource\":\"r/new\",\"before\":null,\"after\":[1]},"
                  "{\"resource\":\"r/old\\u001b[31m\",\"before\":\"x\",\"after\":null}]}}", NULL },
                { .path = NULL } };
        struct cardboard *hub = cardboard_start(routes);
        struct told told = TELL(hub, "plan", "x.y");

        ck_assert_int_eq(told.code, 0);
        ck_assert_str_eq(told.out, "+ r/new\n    (none) → [1]\n- r/old [31m\n    \"x\" → (none)\n");
        has(told.err, "kaname apply " ID);
        has(told.err, "this is not all");
        has(cardboard_asked(hub, 0, "body"), "\"mode\":\"plan\"");
        told_free(&told);
        cardboard_stop(hub);
}
END_TEST

START_TEST(undo_takes_an_event_too)
{
        static const struct hub_route routes[] = {
                { "GET", "/api/v1/executions/e1", 404,
                  "{\"code\":\"execution.unknown\",\"detail\":\"none\"}", NULL },
                { "POST", "/api/v1/events/e1/undo", 201, "{\"id\":\"" ID "\"}", NULL },
                { .path = NULL } };
        struct cardboard *hub = cardboard_start(routes);
        struct told told = TELL(hub, "undo", "e1", "--async");

        ck_assert_int_eq(told.code, 0);
        ck_assert_str_eq(told.out, ID "\n");
        told_free(&told);
        cardboard_stop(hub);
}
END_TEST

int main(void)
{
        cardboard_alone();
        return SUITE("cli/run",
                     ONCE(run_sends_types_follows_and_shows), ONCE(run_fails_as_the_execution_did),
                     ONCE(a_timeout_and_a_conflict_have_their_codes),
                     ONCE(async_prints_the_id_and_goes), ONCE(tail_prints_output_on_out),
                     ONCE(a_broken_stream_goes_on_without_repeating),
                     ONCE(waiting_ends_with_124_and_a_way_back),
                     ONCE(a_plan_is_a_diff_and_an_id_to_apply), ONCE(undo_takes_an_event_too));
}
