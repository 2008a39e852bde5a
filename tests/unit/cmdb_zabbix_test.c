/* SPDX-License-Identifier: Apache-2.0 */

/* Zabbix's failures, all of which come with status 200, and what is refused before anybody is asked. */

#include "suite.h"

#include <kaname/mock.h>
#include <stdbool.h>
#include <string.h>

#define URL "http://zabbix.test/api_jsonrpc.php"
#define ERROR(code, data) \
        "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":" code ",\"message\":\"m.\",\"data\":\"" data "\"},\"id\":1}"
#define RESULT(rows) "{\"jsonrpc\":\"2.0\",\"result\":" rows ",\"id\":1}"

static struct kn_mock *plugin(int status, const char *reply)
{
        const char *build = getenv("TOP_BUILDDIR");
        struct kn_mock *mock;
        char so[4096];

        snprintf(so, sizeof so, "%s/plugins/cmdb/zabbix.so", build ? build : ".");
        mock = kn_mock_open(so);
        ck_assert_pstr_eq(kn_mock_trouble(mock), NULL);
        ck_assert_int_eq(kn_mock_config(mock, "{\"url\":\"http://zabbix.test\","
                                        "\"token\":\"s3cr3t-token\",\"group\":\"g\"}"), KN_OK);
        kn_mock_reply(mock, "POST", URL, status, reply);
        return mock;
}

static bool holds(const char *text, const char *part)
{
        return text && strstr(text, part);
}

static const struct {
        int status;
        const char *body, *part;
        int code;
} answers[] = {
        { 200, ERROR("-32602", "Not authorised."), "token", KN_EAUTH },
        { 200, ERROR("-32602", "Not authorized."), "token", KN_EAUTH },
        { 200, ERROR("-32602", "Session terminated, re-login, please."), "role", KN_EAUTH },
        { 200, ERROR("-32500", "API token expired."), "expired", KN_EAUTH },
        { 200, ERROR("-32602", "No permissions to call \\\"host.get\\\"."), "role", KN_EAUTH },
        { 200, ERROR("-32602", "Host with the same name \\\"a\\\" already exists."), "exists",
          KN_ECONFLICT },
        { 200, ERROR("-32500", "No permissions to referred object or it does not exist!"), "object",
          KN_ENOENT },
        { 200, ERROR("-32602", "Invalid parameter \\\"/1/x\\\""), "Invalid parameter", KN_EARG },
        { 200, ERROR("-32300", "out of luck"), "out of luck", KN_EREMOTE },
        { 200, "{\"jsonrpc\":\"2.0\",\"id\":1}", "neither a result nor an error", KN_EREMOTE },
        { 200, "<!DOCTYPE html><html>setup</html>", "web page", KN_EREMOTE },
        { 200, "{\"jsonrpc\":\"2.0\",\"resu", "no JSON", KN_EREMOTE },
        { 301, "", "redirect", KN_EREMOTE },
        { 200, RESULT("[]"), "there is no server a", KN_ENOENT },
};

START_TEST(a_failure_is_known_by_its_words)
{
        struct kn_mock *mock = plugin(answers[_i].status, answers[_i].body);
        int code = kn_mock_run(mock, "item.get", "{\"name\":\"a\"}");

        ck_assert_msg(code == answers[_i].code, "%d: %s", code, kn_mock_sentence(mock));
        ck_assert_msg(holds(kn_mock_sentence(mock), answers[_i].part), "%s", kn_mock_sentence(mock));
        ck_assert(!holds(kn_mock_sentence(mock), "s3cr3t"));
        kn_mock_free(mock);
}
END_TEST

static const struct {
        const char *args, *part;
} refused[] = {
        { "{\"name\":\"\xe3\x82\xb5\"}", "A-labels" },
        { "{\"name\":\"a/b\"}", "letters" },
        { "{\"name\":\"a\",\"attributes\":{\"colour\":\"red\"}}", "colour" },
        { "{\"name\":\"a\",\"attributes\":{\"monitored\":\"maybe\"}}", "yes or no" },
};

START_TEST(what_cannot_be_kept_is_refused_in_the_plan)
{
        struct kn_mock *mock = plugin(200, RESULT("[]"));

        ck_assert_int_eq(kn_mock_plan(mock, "item.create", refused[_i].args), KN_EARG);
        ck_assert_msg(holds(kn_mock_sentence(mock), refused[_i].part), "%s", kn_mock_sentence(mock));
        kn_mock_free(mock);
}
END_TEST

static const struct {
        const char *status, *monitored;
} rests[] = {
        { "active", "yes" }, { "failed", "yes" }, { "offline", "yes" },
        { "planned", "no" }, { "retired", "no" },
};

START_TEST(what_is_at_rest_is_not_monitored)
{
        struct kn_mock *mock = plugin(200, RESULT("[]"));
        char args[100], wanted[60];

        snprintf(args, sizeof args, "{\"name\":\"a\",\"status\":\"%s\"}", rests[_i].status);
        snprintf(wanted, sizeof wanted, "\"monitored\":\"%s\"", rests[_i].monitored);
        ck_assert_int_eq(kn_mock_plan(mock, "item.create", args), KN_OK);
        ck_assert(holds(kn_mock_changes(mock), wanted));
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_question_is_asked_again)
{
        struct kn_mock *mock = plugin(503, "");

        ck_assert_int_eq(kn_mock_run(mock, "item.get", "{\"name\":\"a\"}"), KN_ETEMP);
        ck_assert(holds(strstr(kn_mock_requests(mock), "host.get") + 1, "host.get"));
        kn_mock_free(mock);
}
END_TEST

int main(void)
{
        return SUITE("cmdb/zabbix", EACH(a_failure_is_known_by_its_words, answers),
                     EACH(what_cannot_be_kept_is_refused_in_the_plan, refused),
                     EACH(what_is_at_rest_is_not_monitored, rests),
                     ONCE(a_question_is_asked_again));
}
