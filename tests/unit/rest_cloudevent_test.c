/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/cloudevent.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <check.h>
#include <string.h>

static const char *const *headers_now;

static int each(void *arg, cloudevent_header *header, void *header_arg)
{
        for (const char *const *h = arg; *h; h += 2) {
                int r = header(header_arg, h[0], h[1]);

                if (r)
                        return r;
        }
        return 0;
}

/* The event in canonical JSON, or the fault's code. */
static char *binary(const char *const *headers, const char *type, const char *body, size_t len)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *event = NULL;

        headers_now = headers;
        if (cloudevent_binary(each, (void *)headers_now, type, body, len, &event, &fault))
                return strdup(fault.code);
        return json_canonical(event);
}

static const char *check(const char *text)
{
        static char code[48];
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *event = json_loads(text, JSON_DECODE_ANY, NULL);

        ck_assert_msg(event != NULL, "%s", text);
        cloudevent_check(event, &fault);
        snprintf(code, sizeof code, "%s", fault.code);
        return code;
}

#define CORE "\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\""

START_TEST(events_are_checked)
{
        ck_assert_str_eq(check("{" CORE "}"), "");
        ck_assert_str_eq(check("{" CORE ",\"time\":\"2026-11-22T06:54:52.5+09:00\",\"data\":[1],"
                                        "\"myext\":5,\"b\":true}"),
                         "");
        ck_assert_str_eq(check("[]"), "ce.object");
        ck_assert_str_eq(check("{\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}"), "ce.attribute");
        ck_assert_str_eq(
                check("{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}"),
                "ce.attribute");
        ck_assert_str_eq(
                check("{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"/s\",\"type\":\"t\"}"),
                "ce.attribute");
        ck_assert_str_eq(
                check("{\"specversion\":\"1.0\",\"id\":1,\"source\":\"/s\",\"type\":\"t\"}"),
                "ce.attribute");
        ck_assert_str_eq(check("{\"specversion\":\"1.0\",\"id\":\"a\\nb\",\"source\":\"/"
                               "s\",\"type\":\"t\"}"),
                         "ce.attribute");
        ck_assert_str_eq(check("{" CORE ",\"time\":\"noon\"}"), "ce.attribute");
        ck_assert_str_eq(check("{" CORE ",\"data\":1,\"data_base64\":\"AA==\"}"), "ce.attribute");
        ck_assert_str_eq(check("{" CORE ",\"MyExt\":\"x\"}"), "ce.attribute");
        ck_assert_str_eq(check("{" CORE ",\"ext\":{}}"), "ce.attribute");
}
END_TEST

START_TEST(the_key_is_source_and_id)
{
        _json_ json_t *a = json_loads("{\"source\":\"x\",\"id\":\"1\"}", 0, NULL);
        _json_ json_t *b = json_loads("{\"source\":\"x1\",\"id\":\"\"}", 0, NULL);
        _free_ char *key_a = cloudevent_key(a), *key_b = cloudevent_key(b);

        ck_assert_str_eq(key_a, "x\n1");
        ck_assert_str_ne(key_a, key_b);
}
END_TEST

static const char *const headers[] = { "Host", "h", "ce-id", "1", "Ce-Source", "/a%20b", "CE-TYPE",
        "t",
                                       "ce-specversion", "1.0", NULL };

START_TEST(binary_mode_reads_headers)
{
        _free_ char *json = binary(headers, "application/json", "{\"a\":1}", 7);
        _free_ char *text = binary(headers, "text/plain", "hi", 2);
        _free_ char *bytes = binary(headers, "image/png", "\xff\0", 2);
        _free_ char *none = binary(headers, NULL, "", 0);

        ck_assert_str_eq(
                json, "{\"data\":{\"a\":1},\"datacontenttype\":\"application/json\",\"id\":\"1\","
                      "\"source\":\"/a b\",\"specversion\":\"1.0\",\"type\":\"t\"}");
        ck_assert_ptr_nonnull(strstr(text, "\"data\":\"hi\""));
        ck_assert_ptr_nonnull(strstr(bytes, "\"data_base64\":\"/wA=\""));
        ck_assert_ptr_null(strstr(none, "data"));
}
END_TEST

START_TEST(binary_mode_refuses)
{
        static const char *const escaped[] = { "ce-id", "%zz", "ce-source", "s", "ce-type", "t",
                "ce-specversion", "1.0", NULL };
        static const char *const sly[] = { "ce-id", "1", "ce-source", "s", "ce-type", "t",
                "ce-specversion", "1.0",
                                           "ce-data", "x", NULL };
        _free_ char *a = binary(escaped, NULL, "", 0), *b = binary(sly, NULL, "", 0);
        _free_ char *c = binary(headers, "application/json", "{", 1),
                *d = binary(headers + 4, NULL, "", 0);

        ck_assert_str_eq(a, "query.escape");
        ck_assert_str_eq(b, "ce.attribute");
        ck_assert_str_eq(c, "json.syntax");
        ck_assert_str_eq(d, "ce.attribute");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("rest_cloudevent");
        TCase *tcase = tcase_create("all");
        SRunner *runner;
        int failed;

        tcase_add_test(tcase, events_are_checked);
        tcase_add_test(tcase, the_key_is_source_and_id);
        tcase_add_test(tcase, binary_mode_reads_headers);
        tcase_add_test(tcase, binary_mode_refuses);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
