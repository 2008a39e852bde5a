/* SPDX-License-Identifier: Apache-2.0 */

/* The sensor's turns by canned looks, and Alertmanager's words made into the domain's. */

#include "suite.h"

#include <kaname/mock.h>
#include <stdbool.h>
#include <string.h>

#define API "http://am.test/api/v2"
#define STATUS "{\"uptime\":\"2020-01-01T00:00:00.000Z\",\"versionInfo\":{\"version\":\"0.25.0\"}}"
#define ALERT(starts, state)                                                                       \
        "[{\"fingerprint\":\"f1\",\"labels\":{\"alertname\":\"Down\",\"server\":\"web1\"},"        \
        "\"annotations\":{},\"startsAt\":\"" starts "\",\"status\":{\"state\":\"" state "\","      \
        "\"silencedBy\":[],\"inhibitedBy\":[]},\"generatorURL\":\"http://p.test\"}]"
#define T1 "2026-11-22T18:00:00.000Z"
#define T2 "2026-11-22T18:10:00.000Z"
#define OPEN(starts, quiet, mark)                                                                  \
        "{\"place\":{},\"open\":{\"f1\":{\"alert\":{\"fingerprint\":\"f1\",\"name\":\"Down\","     \
        "\"severity\":\"\",\"labels\":{},\"annotations\":{},\"starts_at\":\"" starts "\","         \
        "\"url\":\"\"},\"mark\":\"" mark "\",\"is_quiet\":" quiet "}}}"
#define SAME "2020-01-01T00:00:00.000Z"

static struct kn_mock *plugin(const char *config)
{
        const char *build = getenv("TOP_BUILDDIR");
        struct kn_mock *mock;
        char so[4096];

        snprintf(so, sizeof so, "%s/plugins/monitor/alertmanager.so", build ? build : ".");
        mock = kn_mock_open(so);
        ck_assert_pstr_eq(kn_mock_trouble(mock), NULL);
        ck_assert_int_eq(kn_mock_config(mock, config), KN_OK);
        return mock;
}

static bool holds(const char *text, const char *part)
{
        return text && strstr(text, part);
}

static int count(const char *text, const char *part)
{
        int n = 0;

        for (const char *p = strstr(text, part); p; p = strstr(p + 1, part))
                n++;
        return n;
}

static const struct {
        const char *stored, *alerts;
        int firing, resolved;
} looks[] = {
        { NULL, ALERT(T1, "active"), 0, 0 },                                    /* the first */
        { "{}", ALERT(T1, "active"), 1, 0 },
        { "{}", ALERT(T1, "unprocessed"), 1, 0 },
        { "{}", ALERT(T1, "suppressed"), 0, 0 },
        { OPEN(T1, "false", SAME), ALERT(T1, "active"), 0, 0 },
        { OPEN(T1, "false", SAME), ALERT(T1, "suppressed"), 0, 0 },
        { OPEN(T1, "false", SAME), "[]", 0, 1 },
        { OPEN(T1, "true", SAME), "[]", 0, 0 },                                 /* never told */
        { OPEN(T1, "true", SAME), ALERT(T1, "active"), 1, 0 },
        { OPEN(T1, "true", SAME), ALERT(T1, "suppressed"), 0, 0 },
        { OPEN(T1, "false", SAME), ALERT(T2, "active"), 1, 1 },                 /* over and again */
        { OPEN(T1, "true", SAME), ALERT(T2, "active"), 1, 0 },
        { "{\"open\":7}", ALERT(T1, "active"), 1, 0 },                          /* a broken store */
};

START_TEST(each_turn_is_told_once)
{
        struct kn_mock *mock = plugin("{\"url\":\"http://am.test\"}");

        kn_mock_reply(mock, "GET", API "/status", 200, STATUS);
        kn_mock_reply(mock, "GET", API "/alerts", 200, looks[_i].alerts);
        if (looks[_i].stored)
                kn_mock_store(mock, "alerts", looks[_i].stored);
        for (int again = 0; again < 2; again++) {
                ck_assert_int_eq(kn_mock_poll(mock, "alert.watch"), KN_OK);
                ck_assert_int_eq(count(kn_mock_events(mock), "\"status\":\"firing\""),
                                 again ? 0 : looks[_i].firing);
                ck_assert_int_eq(count(kn_mock_events(mock), "\"status\":\"resolved\""),
                                 again ? 0 : looks[_i].resolved);
        }
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_look_that_fails_forgets_nothing)
{
        struct kn_mock *mock = plugin("{\"url\":\"http://am.test\"}");

        kn_mock_store(mock, "alerts", OPEN(T1, "false", SAME));
        kn_mock_reply(mock, "GET", API "/status", 200, STATUS);
        kn_mock_reply(mock, "GET", API "/alerts", 200, "{\"status\":\"error\"}");
        ck_assert_int_eq(kn_mock_poll(mock, "alert.watch"), KN_EREMOTE);
        ck_assert_str_eq(kn_mock_events(mock), "[]");
        ck_assert(holds(kn_mock_stored(mock), "\"f1\""));
        kn_mock_free(mock);
}
END_TEST

static const struct {
        const char *comment, *name, *text;
} comments[] = {
        { "[s1] why", "s1", "why" },
        { "[s1]", "s1", "" },
        { "[s1] [s2] x", "s1", "[s2] x" },
        { "why", "", "why" },
        { "[s1]why", "", "[s1]why" },
        { "[] why", "", "[] why" },
        { "[s1", "", "[s1" },
        { "", "", "" },
};

START_TEST(a_name_stands_at_the_head_of_the_comment)
{
        struct kn_mock *mock = plugin("{\"url\":\"http://am.test\"}");
        char reply[600], name[80], text[80];

        snprintf(reply, sizeof reply, "[{\"id\":\"i\",\"status\":{\"state\":\"active\"},\"comment\":"
                 "\"%s\",\"startsAt\":\"" T1 "\",\"endsAt\":\"" T2 "\",\"matchers\":[{\"name\":\"a\","
                 "\"value\":\"b\",\"isRegex\":false,\"isEqual\":true},{\"name\":\"c\",\"value\":\"d\","
                 "\"isRegex\":true,\"isEqual\":true}]}]", comments[_i].comment);
        snprintf(name, sizeof name, "\"name\":\"%s\"", comments[_i].name);
        snprintf(text, sizeof text, "\"comment\":\"%s\"", comments[_i].text);
        kn_mock_reply(mock, "GET", API "/silences", 200, reply);
        ck_assert_int_eq(kn_mock_run(mock, "silence.list", "{}"), KN_OK);
        ck_assert_msg(holds(kn_mock_result(mock), name), "%s", kn_mock_result(mock));
        ck_assert_msg(holds(kn_mock_result(mock), text), "%s", kn_mock_result(mock));
        ck_assert(holds(kn_mock_result(mock), "\"labels\":{\"a\":\"b\"}"));
        kn_mock_free(mock);
}
END_TEST

/* 200 for a silence that is not there afterwards. */
START_TEST(a_success_that_made_nothing_is_none)
{
        struct kn_mock *mock = plugin("{\"url\":\"http://am.test\",\"token\":\"s3cr3t\"}");

        kn_mock_reply(mock, "GET", API "/silences", 200, "[]");
        kn_mock_reply(mock, "POST", API "/silences", 200, "{\"silenceID\":\"x\"}");
        ck_assert_int_eq(kn_mock_run(mock, "silence.create", "{\"name\":\"s\",\"labels\":"
                                     "{\"a\":\"b\"},\"duration_s\":600,\"comment\":\"\"}"),
                         KN_EREMOTE);
        ck_assert(holds(kn_mock_changes(mock), "\"state\":\"failed\""));
        ck_assert(!holds(kn_mock_sentence(mock), "s3cr3t"));
        kn_mock_free(mock);
}
END_TEST

int main(void)
{
        return SUITE("monitor/alertmanager", EACH(each_turn_is_told_once, looks),
                     ONCE(a_look_that_fails_forgets_nothing),
                     EACH(a_name_stands_at_the_head_of_the_comment, comments),
                     ONCE(a_success_that_made_nothing_is_none));
}
