/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a plugin hears of a system that answers well, badly, or not at all. A plugin with one action
 * asks; canned replies answer.
 */

#include "suite.h"
#include "web.h"

#include <kaname/mock.h>
#include <string.h>

#define BASE "http://system.test:80/api/"

static int ask(struct kn_ctx *ctx)
{
        const struct web_site site = { "Shop", BASE, "X-Key: s3cr3t-key\n", "compare api_key" };
        _json_ json_t *body = json_loads(kn_arg_str(ctx, "body", "null"), JSON_DECODE_ANY, NULL);
        _free_ char *path = web_path("/items/%s", kn_arg_str(ctx, "item", "1"));
        _web_ struct web_call call = {
                .method = kn_arg_str(ctx, "method", "GET"), .path = path, .doing = "item 1",
                .json = json_is_null(body) ? NULL : body,
                .is_safe = kn_arg_bool(ctx, "is_safe", 0),
                .is_text = kn_arg_bool(ctx, "is_text", 0),
        };
        int r = web_call(ctx, &site, &call);

        kn_return_int(ctx, "status", call.status);
        if (call.reply) {
                _free_ char *text = json_dumps(call.reply, JSON_ENCODE_ANY | JSON_COMPACT);

                kn_return_json(ctx, "reply", text);
        }
        return r;
}

static const struct kn_action actions[] = { { .name = "ask", .summary = "Ask", .run = ask } };

static const struct kn_plugin plugin = {
        .magic = KN_MAGIC, .abi = KN_ABI_VERSION, .size = sizeof plugin,
        .name = "shop", .version = "1.0", .summary = "A shop", KN_ACTIONS(actions),
};

static struct kn_mock *shop(const char *method, int status, const char *body)
{
        struct kn_mock *mock = kn_mock_new(&plugin);

        ck_assert_pstr_eq(kn_mock_trouble(mock), NULL);
        kn_mock_reply(mock, method, BASE "items/*", status, body);
        return mock;
}

static int requests(struct kn_mock *mock)
{
        json_t *list = json_loads(kn_mock_requests(mock), 0, NULL);
        int n = (int)json_array_size(list);

        json_decref(list);
        return n;
}

static const struct {
        int status;
        const char *body;
        int code;
        const char *says;
} answers[] = {
        { 200, "{\"a\":1}", KN_OK, NULL },
        { 204, "", KN_OK, NULL },
        { 200, " \n", KN_OK, NULL },
        { 400, "{\"errors\":[\"Subject is blank\",\"Status is bad\"]}", KN_EARG,
          "Shop at " BASE " refused item 1 (400): Subject is blank, Status is bad" },
        { 401, "", KN_EAUTH, "refused item 1 (401): compare api_key" },
        { 403, "{\"message\":\"no right\"}", KN_EAUTH, "(403, no right): compare api_key" },
        { 404, "{\"detail\":\"Not found.\"}", KN_ENOENT, "does not have item 1 (404): Not found." },
        { 412, "{\"message\":\"Precondition Failed\"}", KN_ECONFLICT, "(412)" },
        { 422, "{\"name\":[\"is taken\"]}", KN_EARG, "{\"name\":[\"is taken\"]}" },
        { 500, "<!DOCTYPE html><p>sorry", KN_ETEMP, "failed at item 1 (500): with a web page" },
        { 503, "busy\nfor long", KN_ETEMP, "(503): busy" },
        { 302, "", KN_EREMOTE, "redirect (302) to somewhere else" },
        { 200, "<html><body>log in</body></html>", KN_EREMOTE, "with a web page, not with JSON" },
        { 200, "{\"a\":[1,2", KN_EREMOTE, "was it cut off" },
        { 418, "\xe8\x8c\xb6", KN_EREMOTE, "(418): \xe8\x8c\xb6" },
};

START_TEST(each_answer_is_told_as_what_it_is)
{
        struct kn_mock *mock = shop("GET", answers[_i].status, answers[_i].body);

        ck_assert_int_eq(kn_mock_run(mock, "ask", "{}"), answers[_i].code);
        if (answers[_i].says)
                ck_assert_msg(strstr(kn_mock_sentence(mock), answers[_i].says), "%s",
                              kn_mock_sentence(mock));
        if (answers[_i].code != KN_OK)
                ck_assert_ptr_null(strstr(kn_mock_sentence(mock), "s3cr3t"));
        kn_mock_free(mock);
}
END_TEST

static const struct {
        const char *args;
        int status, n;
} tries[] = {
        { "{}", 503, 3 },
        { "{}", 0, 3 },
        { "{}", 500, 3 },
        { "{}", 404, 1 },
        { "{\"method\":\"POST\",\"body\":{}}", 503, 1 },
        { "{\"method\":\"POST\",\"body\":{}}", 0, 1 },
        { "{\"method\":\"POST\",\"body\":{},\"is_safe\":true}", 503, 3 },
};

START_TEST(only_what_changes_nothing_is_asked_again)
{
        bool is_post = strstr(tries[_i].args, "POST");
        struct kn_mock *mock = shop(is_post ? "POST" : "GET", tries[_i].status, "no");

        ck_assert_int_lt(kn_mock_run(mock, "ask", tries[_i].args), 0);
        ck_assert_int_eq(requests(mock), tries[_i].n);
        kn_mock_free(mock);
}
END_TEST

START_TEST(an_unsafe_failure_is_not_worth_a_retry)
{
        struct kn_mock *mock = shop("POST", 502, "");

        ck_assert_int_eq(kn_mock_run(mock, "ask", "{\"method\":\"POST\",\"body\":{}}"), KN_EREMOTE);
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_deadline_ends_the_waiting)
{
        struct kn_mock *mock = shop("GET", 503, "busy");

        kn_mock_timeout(mock, 50);
        ck_assert_int_eq(kn_mock_run(mock, "ask", "{}"), KN_ETIMEOUT);
        ck_assert_int_eq(requests(mock), 1);
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_request_carries_credentials_and_json)
{
        struct kn_mock *mock = shop("PUT", 200, "{}");
        json_t *list, *row;

        ck_assert_int_eq(kn_mock_run(mock, "ask", "{\"method\":\"PUT\",\"body\":{\"a\":1},"
                                     "\"item\":\"a/b c\xc3\xa9?\"}"), KN_OK);
        list = json_loads(kn_mock_requests(mock), 0, NULL);
        row = json_array_get(list, 0);
        ck_assert_str_eq(json_string_value(json_object_get(row, "url")),
                         "http://system.test:80/api/items/a%2Fb%20c%C3%A9%3F");
        ck_assert_str_eq(json_string_value(json_object_get(row, "body")), "{\"a\":1}");
        ck_assert_str_eq(json_string_value(json_object_get(row, "headers")),
                         "X-Key: s3cr3t-key\nAccept: application/json\n"
                         "Content-Type: application/json\n");
        json_decref(list);
        kn_mock_free(mock);
}
END_TEST

START_TEST(text_is_taken_as_it_is)
{
        struct kn_mock *mock = shop("GET", 200, "ok");

        ck_assert_int_eq(kn_mock_run(mock, "ask", "{\"is_text\":true}"), KN_OK);
        ck_assert_str_eq(kn_mock_result(mock), "{\"status\":200}");
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_path_counts_and_escapes)
{
        _free_ char *path = web_path("/a/%lld?q=100%%&r=%s", 12LL, "'\"\n");

        ck_assert_str_eq(path, "/a/12?q=100%&r=%27%22%0A");
}
END_TEST

START_TEST(a_header_is_found_whatever_its_case)
{
        const struct web_call call = {
                .reply_headers = "HTTP/1.1 200 OK\r\nX-ETag: no\r\netag: \"34\" \r\nLast: x" };
        char value[8];

        ck_assert(web_header(&call, "ETag", value, sizeof value));
        ck_assert_str_eq(value, "\"34\"");
        ck_assert(web_header(&call, "last", value, sizeof value));
        ck_assert_str_eq(value, "x");
        ck_assert(!web_header(&call, "ETa", value, sizeof value));
        ck_assert(!web_header(&call, "ETag", value, 4));
}
END_TEST

int main(void)
{
        return SUITE("plugins/web", EACH(each_answer_is_told_as_what_it_is, answers),
                     EACH(only_what_changes_nothing_is_asked_again, tries),
                     ONCE(an_unsafe_failure_is_not_worth_a_retry),
                     ONCE(a_deadline_ends_the_waiting),
                     ONCE(a_request_carries_credentials_and_json), ONCE(text_is_taken_as_it_is),
                     ONCE(a_path_counts_and_escapes), ONCE(a_header_is_found_whatever_its_case));
}
