/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_hub.h"

#include "base/json.h"
#include "cli/account.h"
#include "cli/cli.h"
#include "suite.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void has(const char *text, const char *part)
{
        ck_assert_msg(strstr(text, part) != NULL, "\"%s\" lacks \"%s\"", text, part);
}

static void lacks(const char *text, const char *part)
{
        ck_assert_msg(strstr(text, part) == NULL, "\"%s\" has \"%s\"", text, part);
}

static const char rules[] =
        "[{\"id\":\"1\",\"ref\":\"a.b\",\"enabled\":true,\"trigger\":{\"type\":\"core.st2."
        "webhook\"},"
        "\"action\":{\"ref\":\"core.noop\"},\"pack\":\"a\",\"description\":\"say, \\\"hi\\\"\"},"
        "{\"id\":\"2\",\"ref\":\"a.要\",\"enabled\":false,\"trigger\":{\"type\":\"t\"},\"action\":{"
        "\"ref\":\"x.y\"},"
        "\"pack\":\"a\",\"description\":\"no\"}]";

static const struct hub_route list_routes[] = { { "GET", "/api/v1/rules", 0, rules, NULL },
                                                { .path = NULL } };

START_TEST(each_format_is_itself)
{
        static const struct {
                const char *format, *out;
        } rows[] = {
                { "name", "a.b\na.要\n" },
                { "csv", "REF,ENABLED,TRIGGER,ACTION,DESCRIPTION,PACK\r\n"
                         "a.b,true,core.st2.webhook,core.noop,\"say, "
                         "\"\"hi\"\"\",a\r\na.要,false,t,x.y,no,a\r\n" },
                { "table",
                  "REF   ENABLED  TRIGGER           ACTION\na.b   true     core.st2.webhook  "
                  "core.noop\n"
                           "a.要  false    t                 x.y\n" },
        };
        struct cardboard *hub = cardboard_start(list_routes);

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct told told = TELL(hub, "rule", "list", "-o", rows[i].format);

                ck_assert_int_eq(told.code, 0);
                ck_assert_str_eq(told.out, rows[i].out);
                ck_assert_str_eq(told.err, "");
                told_free(&told);
        }
        cardboard_stop(hub);
}
END_TEST

START_TEST(json_is_the_answer_unchanged)
{
        struct cardboard *hub = cardboard_start(list_routes);
        struct told json = TELL(hub, "rule", "list", "-ojson"),
                lines = TELL(hub, "rule", "list", "-ojsonl");
        _json_ json_t *want = json_loads(rules, 0, NULL), *got = json_loads(json.out, 0, NULL);
        _json_ json_t *first = json_loads(lines.out, JSON_DISABLE_EOF_CHECK, NULL);

        ck_assert(json_equal(want, got));
        ck_assert(json_equal(json_array_get(want, 0), first));
        told_free(&json);
        told_free(&lines);
        cardboard_stop(hub);
}
END_TEST

START_TEST(yaml_keeps_text_text)
{
        static const struct hub_route routes[] = {
                { "GET", "/api/v1/keys/k", 0,
                  "{\"a\":\"no\",\"b\":\"12\",\"c\":3,\"d\":null,\"e\":[],\"f\":{\"g\":\"x\\ny\"},"
                  "\"h\":\"1e3\",\"i\":true}",
                  NULL },
                { .path = NULL }
        };
        struct cardboard *hub = cardboard_start(routes);
        struct told told = TELL(hub, "key", "get", "k", "-oyaml");

        ck_assert_str_eq(told.out,
                         "a: \"no\"\nb: \"12\"\nc: 3\nd: null\ne: []\nf:\n  g: |-\n    x\n    "
                         "y\nh: \"1e3\"\ni: true\n");
        told_free(&told);
        cardboard_stop(hub);
}
END_TEST

START_TEST(problems_become_three_lines_and_an_exit_code)
{
        static const struct {
                unsigned status;
                int code;
        } rows[] = { { 400, EXIT_USAGE }, { 401, EXIT_FORBIDDEN }, { 403, EXIT_FORBIDDEN },
                     { 404, EXIT_NOT_FOUND },
                     { 409, EXIT_CONFLICT }, { 422, EXIT_USAGE }, { 500, EXIT_FAILED },
                     { 503, EXIT_UNREACHABLE },
                     { 504, EXIT_TIMEOUT }, { 507, EXIT_FAILED } };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                const struct hub_route routes[] = {
                        { "GET", "/api/v1/rules", rows[i].status,
                          "{\"code\":\"dns.refused\",\"detail\":\"ns1 refused\","
                          "\"why\":\"the key may not\",\"remedy\":\"kaname key list\"}",
                          "application/problem+json" },
                        { .path = NULL } };
                struct cardboard *hub = cardboard_start(routes);
                struct told told = TELL(hub, "rule", "list");

                ck_assert_int_eq(told.code, rows[i].code);
                ck_assert_str_eq(told.err,
                                 "error: ns1 refused  [dns.refused]\n  why: the key may not\n  "
                                 "try: kaname key list\n");
                ck_assert_str_eq(told.out, "");
                told_free(&told);
                cardboard_stop(hub);
        }
}
END_TEST

START_TEST(an_answer_that_is_none_is_said_to_be)
{
        static const struct hub_route routes[] = {
                { "GET", "/api/v1/rules", 502, "<html>proxy</html>", "text/html" },
                { "GET", "/api/v1/status", 200, "<html>hello</html>", "text/html" },
                { "GET", "/api/v1/packs", 200, "{\"a\":", NULL }, { .path = NULL } };
        struct cardboard *hub = cardboard_start(routes);
        struct told a = TELL(hub, "rule", "list"), b = TELL(hub, "status"),
                c = TELL(hub, "pack", "list");

        ck_assert_int_eq(a.code, EXIT_FAILED);
        has(a.err, "status 502");
        has(a.err, "<html>proxy</html>");
        ck_assert_int_ne(b.code, 0);
        has(b.err, "is this a Kaname hub?");
        ck_assert_int_ne(c.code, 0);
        has(c.err, "the hub's answer");
        told_free(&a);
        told_free(&b);
        told_free(&c);
        cardboard_stop(hub);
}
END_TEST

START_TEST(nobody_there_exits_69)
{
        struct told told;

        unsetenv("KANAME_URL");
        setenv("KANAME_SOCKET", "/nonexistent/s", 1);
        told = TELL(NULL, "status");
        ck_assert_int_eq(told.code, EXIT_UNREACHABLE);
        has(told.err, "cannot reach the hub at /nonexistent/s  [hub.unreachable]");
        has(told.err, "  try: ");
        told_free(&told);
}
END_TEST

/* As the hub chooses: the service's folder, else the state; see add_default_socket() of conf. */
START_TEST(the_socket_is_where_one_lies)
{
        static const char *const first[] = { "/dev/null", "/nonexistent", NULL };
        static const char *const second[] = { "/nonexistent", "/dev/null", NULL };
        static const char *const none[] = { "/nonexistent/1", "/nonexistent/2", NULL };

        ck_assert_str_eq(account_socket(first), "/dev/null");
        ck_assert_str_eq(account_socket(second), "/dev/null");
        ck_assert_str_eq(account_socket(none), "/nonexistent/1");
}
END_TEST

START_TEST(the_token_goes_along_and_never_shows)
{
        struct cardboard *hub = cardboard_start(list_routes);
        struct told a, b;

        setenv("KANAME_TOKEN", "s3cret-token", 1);
        a = TELL(hub, "rule", "list");
        b = TELL(hub, "rule", "list", "--curl");
        unsetenv("KANAME_TOKEN");
        ck_assert_str_eq(cardboard_asked(hub, 0, "authorization"), "Bearer s3cret-token");
        ck_assert_uint_eq(json_array_size(cardboard_requests(hub)),
                          1);         /* --curl asks nothing */
        has(b.out, "$KANAME_TOKEN");
        lacks(a.out, "s3cret");
        lacks(b.out, "s3cret");
        told_free(&a);
        told_free(&b);
        cardboard_stop(hub);
}
END_TEST

START_TEST(login_keeps_a_token_for_its_hub_only)
{
        static const struct hub_route routes[] = { { "GET", "/api/v1/user", 0,
                                                     "{\"username\":\"ada\"}", NULL },
                { "GET", "/api/v1/rules", 0, "[]", NULL }, { .path = NULL } };
        struct cardboard *hub = cardboard_start(routes), *other = cardboard_start(routes);
        char dir[] = "/tmp/cli_login.XXXXXX", path[64];
        struct told a, b, c, d;
        struct stat st;

        ck_assert_ptr_nonnull(mkdtemp(dir));
        setenv("XDG_CONFIG_HOME", dir, 1);
        a = cardboard_run(hub, "t0ken\n", (const char *const[]){ "login", NULL });
        ck_assert_int_eq(a.code, 0);
        has(a.err, "as ada");
        snprintf(path, sizeof path, "%s/kaname/config", dir);
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_int_eq((int)(st.st_mode & 07777), 0600);
        unsetenv("KANAME_URL");
        b = TELL(NULL, "rule", "list");         /* the file says where */
        ck_assert_int_eq(b.code, 0);
        ck_assert_str_eq(cardboard_asked(hub, 1, "authorization"), "Bearer t0ken");
        c = TELL(other, "rule", "list");
        ck_assert_int_eq(c.code, 0);
        ck_assert_str_eq(cardboard_asked(other, 0, "authorization"), "");
        ck_assert_int_eq(chmod(path, 0644), 0);
        d = TELL(hub, "rule", "list");
        ck_assert_int_eq(d.code, EXIT_FORBIDDEN);
        has(d.err, "chmod 600");
        unlink(path);
        path[strlen(path) - strlen("/config")] = '\0';
        rmdir(path);
        rmdir(dir);
        told_free(&a);
        told_free(&b);
        told_free(&c);
        told_free(&d);
        cardboard_stop(hub);
        cardboard_stop(other);
}
END_TEST

/* ---- run ---- */

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

START_TEST(rule_test_shows_the_criterion_that_fails)
{
        static const struct hub_route routes[] = {
                { "POST", "/api/v1/rules/test", 0,
                  "{\"rule\":\"a.b\",\"matched\":false,\"enabled\":true,\"action\":\"x.y\","
                  "\"criteria\":["
                  "{\"key\":\"trigger.sev\",\"operator\":\"gt\",\"pattern\":3,\"value\":2,"
                  "\"matched\":false},"
                  "{\"key\":\"trigger.h\",\"operator\":\"equals\",\"pattern\":\"w\",\"value\":"
                  "\"w\",\"matched\":true}]}",
                  NULL },
                { .path = NULL }
        };
        struct cardboard *hub = cardboard_start(routes);
        struct told told = TELL(hub, "rule", "test", "a.b", "sev:=2", "h=w");

        ck_assert_int_eq(told.code, EXIT_FAILED);
        ck_assert_str_eq(told.out,
                         "a.b does not match\n  fail  trigger.sev gt 3: found 2\n  ok    trigger.h "
                         "equals \"w\"\n");
        ck_assert_str_eq(cardboard_asked(hub, 0, "body"),
                         "{\"ref\":\"a.b\",\"payload\":{\"sev\":2,\"h\":\"w\"}}");
        told_free(&told);
        cardboard_stop(hub);
}
END_TEST

START_TEST(an_event_is_a_cloudevent)
{
        static const struct hub_route routes[] = {
                { "GET", "/api/v1/triggertypes/mon.alert", 200, "{}", NULL },
                { "POST", "/api/v1/events", 202, "{\"id\":\"" ID "\"}", NULL }, { .path = NULL }
        };
        struct cardboard *hub = cardboard_start(routes);
        struct told told = TELL(hub, "event", "send", "mon.alert", "host=web1", "sev:=3", "--id",
                                "4711", "--source", "urn:x");

        ck_assert_int_eq(told.code, 0);
        ck_assert_str_eq(told.out, ID "\n");
        ck_assert_str_eq(cardboard_asked(hub, 1, "type"), "application/cloudevents+json");
        ck_assert_str_eq(
                cardboard_asked(hub, 1, "body"),
                "{\"specversion\":\"1.0\",\"id\":\"4711\",\"source\":\"urn:x\",\"type\":\"mon."
                "alert\","
                "\"datacontenttype\":\"application/json\",\"data\":{\"host\":\"web1\",\"sev\":3}}");
        told_free(&told);
        cardboard_stop(hub);
}
END_TEST

START_TEST(an_instance_holds_references)
{
        static const struct hub_route routes[] = {
                { "GET", "/api/v1/plugins/rfc2136", 0,
                  "{\"config\":{\"properties\":{\"port\":{\"type\":\"integer\"}}}}", NULL },
                { "POST", "/api/v1/instances", 201, "{\"name\":\"corp\"}", NULL },
                { .path = NULL } };
        struct cardboard *hub = cardboard_start(routes);
        struct told told = TELL(hub, "instance", "add", "corp", "-p", "rfc2136", "--scope",
                                "example.com", "port=53",
                                "--secret", "tsig.key=corp.tsig", "--egress", "ns1:53");

        ck_assert_int_eq(told.code, 0);
        ck_assert_str_eq(cardboard_asked(hub, 1, "body"),
                         "{\"name\":\"corp\",\"plugin\":\"rfc2136\",\"scope\":\"example.com\","
                         "\"egress\":[\"ns1:53\"],\"config\":{\"port\":53,\"tsig\":{\"key\":{"
                         "\"secret\":\"corp.tsig\"}}}}");
        told_free(&told);
        cardboard_stop(hub);
}
END_TEST

START_TEST(names_are_escaped_in_paths)
{
        static const struct hub_route routes[] = { { "DELETE", "/api/v1/rules/../x y", 204, "",
                                                     NULL }, { .path = NULL } };
        struct cardboard *hub = cardboard_start(routes);
        struct told told = TELL(hub, "rule", "delete", "../x y", "--curl");

        has(told.out, "/api/v1/rules/..%2Fx%20y");
        told_free(&told);
        cardboard_stop(hub);
}
END_TEST

START_TEST(doctor_says_what_to_do)
{
        static const struct hub_route routes[] = {
                { "GET", "/healthz", 0, "ok", "text/plain" },
                { "GET", "/readyz", 503,
                  "{\"code\":\"store.full\",\"detail\":\"the disk is full\",\"remedy\":\"free "
                  "space\"}",
                  NULL },
                { "GET", "/api/v1/user", 0, "{\"username\":\"root\"}", NULL },
                { "GET", "/api/v1/status", 0,
                  "{\"version\":\"" PACKAGE_VERSION
                  "\",\"paused\":true,\"plugins\":[],\"queue\":{\"held\":2}}",
                  NULL },
                { .path = NULL }
        };
        struct cardboard *hub = cardboard_start(routes);
        struct told told = TELL(hub, "doctor");

        ck_assert_int_eq(told.code, EXIT_FAILED);
        has(told.out, "ok    hub: answers in ");
        has(told.out, "ok    clock: ");
        has(told.out, "fail  ready: the disk is full\n      try: free space\n");
        has(told.out, "warn  paused: ");
        has(told.out, "try: kaname held list");
        has(told.err, "1 of ");
        told_free(&told);
        cardboard_stop(hub);
}
END_TEST

START_TEST(colour_only_where_it_is_asked_for)
{
        static const struct hub_route routes[] = { { "GET", "/api/v1/executions", 0,
                "[{\"id\":\"1\",\"status\":\"failed\",\"action\":{\"ref\":\"a\"}}]", NULL },
                { .path = NULL } };
        struct cardboard *hub = cardboard_start(routes);
        struct told plain = TELL(hub, "execution", "list"),
                red = TELL(hub, "execution", "list", "--color");

        lacks(plain.out, "\033");
        has(red.out, "\033[31mfailed");
        told_free(&plain);
        told_free(&red);
        cardboard_stop(hub);
}
END_TEST

int main(void)
{
        setlocale(LC_CTYPE, "C.UTF-8");
        unsetenv("KANAME_TOKEN");
        unsetenv("KANAME_SOCKET");
        setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
        return SUITE("cli/client", ONCE(each_format_is_itself), ONCE(json_is_the_answer_unchanged),
                     ONCE(yaml_keeps_text_text), ONCE(problems_become_three_lines_and_an_exit_code),
                     ONCE(an_answer_that_is_none_is_said_to_be), ONCE(nobody_there_exits_69),
                     ONCE(the_socket_is_where_one_lies),
                     ONCE(the_token_goes_along_and_never_shows),
                     ONCE(login_keeps_a_token_for_its_hub_only),
                     ONCE(run_sends_types_follows_and_shows), ONCE(run_fails_as_the_execution_did),
                     ONCE(a_timeout_and_a_conflict_have_their_codes),
                     ONCE(async_prints_the_id_and_goes), ONCE(tail_prints_output_on_out),
                     ONCE(a_broken_stream_goes_on_without_repeating),
                     ONCE(waiting_ends_with_124_and_a_way_back),
                     ONCE(a_plan_is_a_diff_and_an_id_to_apply), ONCE(undo_takes_an_event_too),
                     ONCE(rule_test_shows_the_criterion_that_fails), ONCE(an_event_is_a_cloudevent),
                     ONCE(an_instance_holds_references), ONCE(names_are_escaped_in_paths),
                     ONCE(doctor_says_what_to_do), ONCE(colour_only_where_it_is_asked_for));
}
