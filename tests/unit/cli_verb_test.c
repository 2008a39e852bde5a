/* SPDX-License-Identifier: Apache-2.0 */

/* Verbs with a manner of their own. */

#include "cli_hub.h"

#include "base/json.h"
#include "cli/cli.h"

#define ID "692158f2c0a80a0100000001"

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
        cardboard_alone();
        return SUITE("cli/verb",
                     ONCE(rule_test_shows_the_criterion_that_fails), ONCE(an_event_is_a_cloudevent),
                     ONCE(an_instance_holds_references), ONCE(names_are_escaped_in_paths),
                     ONCE(doctor_says_what_to_do), ONCE(colour_only_where_it_is_asked_for));
}
