/* SPDX-License-Identifier: Apache-2.0 */

/* A whole server over a whole hub: what is refused, which limits there are. */

#include "rest_fixture.h"

START_TEST(every_refusal_is_a_problem)
{
        static const struct {
                struct ask ask;
                long status;
                const char *code;
        } rows[] = {
                { { .path = "/api/v1/nothing" }, 404, "route.unknown" },
                { { .method = "PATCH", .path = "/api/v1/rules" }, 405, "route.method" },
                { { .path = "/api/v1/rules?limit=many" }, 400, "query.invalid" },
                { { .path = "/api/v1/rules?a=%f" }, 400, "query.escape" },
                { { .path = "/api/v1/executions/5" }, 404, "id.invalid" },
                { { .path = "/api/v1/executions/00000000000000000000000a" }, 404,
                        "execution.unknown" },
                { { .path = "/api/v1/executions?status=fine" }, 400, "query.invalid" },
                { { .path = "/api/v1/executions?timestamp_gt=noon" }, 400, "query.invalid" },
                { { .path = "/api/v1/actions/core.nop" }, 404, "action.unknown" },
                { { .method = "POST", .path = "/v1/executions", .body = "{\"action\":" }, 400,
                        "json.syntax" },
                { { .method = "POST", .path = "/v1/executions", .body = "{\"a\":1,\"a\":2}" }, 400,
                        "json.syntax" },
                { { .method = "POST", .path = "/v1/executions", .body = "{\"action\":\"\xff\"}" },
                        400, "json.syntax" },
                { { .method = "POST", .path = "/v1/executions", .body = "{\"action\":7}" }, 422,
                        "schema.mismatch" },
                { { .method = "POST", .path = "/v1/executions", .body = "[]" }, 422,
                        "schema.mismatch" },
                { { .method = "POST", .path = "/v1/executions" }, 400, "body.missing" },
                { { .method = "POST", .path = "/v1/executions", .body = "a=b",
                        .type = "application/x-www-form-urlencoded" }, 415, "body.type" },
                { { .method = "POST", .path = "/v1/executions",
                        .body = "{\"action\":\"core.nop\"}" }, 404, "action.unknown" },
                { { .method = "POST", .path = "/v1/executions",
                        .body = "{\"action\":\"lamp.set\"}" }, 422, "schema.mismatch" },
                { { .method = "POST", .path = "/v1/webhooks/none", .body = "{}" }, 404,
                        "webhook.unknown" },
                { { .method = "POST", .path = "/v1/events", .body = "{}" }, 415, "ce.type" },
#define RULE(type, parameters)                                                                  \
        { .method = "POST", .path = "/v1/rules",                                                \
          .body = "{\"name\":\"t\",\"enabled\":true,\"trigger\":{\"type\":\"core.st2." type     \
                  "\",\"parameters\":" parameters "},\"action\":{\"ref\":\"core.noop\"}}" }
                { RULE("DateTimer", "{\"date\":\"2020-01-01T00:00:00Z\"}"), 422, "timer.never" },
                { RULE("CronTimer", "{\"year\":1970}"), 422, "timer.never" },
                { RULE("CronTimer", "{\"month\":2,\"day\":31}"), 422, "timer.never" },
                { RULE("webhook", "{\"url\":\"a//b\"}"), 422, "webhook.url" },
                { { .method = "PUT", .path = "/v1/keys/a", .body = "{}" }, 422, "schema.mismatch" },
                { { .method = "DELETE", .path = "/v1/rules/a.b" }, 404, "rule.unknown" },
                { { .method = "POST", .path = "/v1/held/drop", .body = "{}" }, 422, "held.which" },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                _reply_ struct reply reply = ask_for(&rows[i].ask);

                check_status(reply, rows[i].status);
                ck_assert_msg(text_equal(member(&reply, "code"), rows[i].code), "%s: %s",
                              rows[i].ask.path, reply.text.s);
                ck_assert_ptr_nonnull(strstr(reply.head.s, "application/problem+json"));
                ck_assert_str_ne(member(&reply, "faultstring"), "");
                ck_assert_str_ne(member(&reply, "title"), "");
        }
}
END_TEST

START_TEST(limits_name_their_setting)
{
        size_t len = (1 << 20) + 1;
        _free_ char *big = malloc(len + 1), *deep = malloc(300);
        _reply_ struct reply whole = { 0 }, pieces = { 0 }, nested = { 0 };
        struct ask ask = { .method = "POST", .path = "/v1/executions", .body = big };

        memset(big, ' ', len);
        big[len] = '\0';
        whole = ask_for(&ask);
        check_status(whole, 413);
        ck_assert_ptr_nonnull(strstr(member(&whole, "remedy"), "limits.body"));
        ask.headers[0] = "Transfer-Encoding: chunked";
        pieces = ask_for(&ask);
        check_status(pieces, 413);
        snprintf(deep, 300, "{\"action\":%.*s%.*s}", 100,
                 "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                 "[[[[[[[[[[[[[[[[[[[[[",
                 100,
                 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
                 "]]]]]]]]]]]]]]]]]]]");
        nested = post("/v1/executions", deep);
        check_status(nested, 400);
        ck_assert_str_eq(member(&nested, "code"), "json.too-deep");
}
END_TEST

START_TEST(a_slow_client_is_dropped)
{
        char buffer[64];
        int fd = raw_connect();

        raw_send(fd, "POST /api/v1/executions HTTP/1.1\r\nHost: x\r\nContent-");
        ck_assert_int_eq(recv(fd, buffer, sizeof buffer, 0), 0);
        close(fd);
}
END_TEST

/* The answer until the server closes. */
static void raw_check(int fd, const char *begin, const char *has)
{
        char text[8192];
        size_t n = 0;
        ssize_t r;

        while (n < sizeof text - 1 && (r = recv(fd, text + n, sizeof text - 1 - n, 0)) > 0)
                n += (size_t)r;
        text[n] = '\0';
        ck_assert_msg(strncmp(text, begin, strlen(begin)) == 0 && strstr(text, has), "%s", text);
        close(fd);
}

static bool reaches_health(void)
{
        _reply_ struct reply reply = get("/healthz");

        return reply.status == 200;
}

static bool is_refused(void)
{
        _reply_ struct reply reply = get("/healthz");

        if (reply.status != 503)
                return false;
        ck_assert_str_eq(member(&reply, "code"), "rest.crowded");
        ck_assert_ptr_nonnull(strstr(member(&reply, "remedy"), "limits.connections"));
        return true;
}

START_TEST(headers_have_a_limit)
{
        _free_ char *big = malloc(70000);
        _reply_ struct reply reply = { 0 }, more = { 0 };
        int fd;

        memset(big, 'a', 69999);
        memcpy(big, "X-Big: ", 7);
        big[69999] = '\0';
        more = ask_for(&(struct ask){ .path = "/healthz", .headers = { big } });
        ck_assert_msg(more.status == 431 || more.status == 413, "status %ld", more.status);
        big[20000] = '\0';
        reply = ask_for(&(struct ask){ .path = "/healthz", .headers = { big } });
        check_status(reply, 431);
        ck_assert_str_eq(member(&reply, "code"), "headers.too-big");
        ck_assert_ptr_nonnull(strstr(member(&reply, "remedy"), "limits.headers"));
        memset(big, '/', 12000);
        big[12000] = '\0';
        fd = raw_connect();
        raw_send(fd, "GET ");
        raw_send(fd, big);
        raw_send(fd, " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        raw_check(fd, "HTTP/1.1 414", "uri.too-long");
}
END_TEST

/* The library's own words, as kanamed(8) says; what is any HTTP at all gets a problem. */
static const struct {
        const char *request, *begin, *has;
} malformed[] = {
        { "GET /healthz HTTP/1.1\r\nHost: h\r\nno header\r\n\r\n", "HTTP/1.1 400", "<html>" },
        { "POST /api/v1/executions HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
          "HTTP/1.1 400", "chunked" },
        { "GET /healthz HTTP/9.1\r\nHost: h\r\n\r\n", "HTTP/1.1 505", "<html>" },
        { "POST /api/v1/executions HTTP/1.1\r\nHost: h\r\nContent-Length: many\r\n\r\n",
          "HTTP/1.1 400", "Content-Length" },
        { "BREW /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "HTTP/1.1 405",
          "application/problem+json" },
        { "GET healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "HTTP/1.1 4",
          "application/problem+json" },
        { "GET /healthz?a=%ZZ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "HTTP/1.1 400",
          "application/problem+json" },
};

START_TEST(what_is_no_http_is_refused_and_the_next_is_served)
{
        int fd = raw_connect();

        raw_send(fd, malformed[_i].request);
        raw_check(fd, malformed[_i].begin, malformed[_i].has);
        ck_assert(reaches_health());
}
END_TEST

START_TEST(an_absolute_target_is_its_path)
{
        static const char *const targets[] = { "http://h:1/healthz", "HTTP://127.0.0.1/healthz?a=b",
                                               "https://h/healthz" };

        for (size_t i = 0; i < 3; i++) {
                int fd = raw_connect();

                raw_send(fd, "GET ");
                raw_send(fd, targets[i]);
                raw_send(fd, " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
                raw_check(fd, "HTTP/1.1 200", "");
        }
}
END_TEST

START_TEST(beyond_the_limit_is_told_at_once)
{
        int fds[CONNECTIONS_MAX];

        for (int i = 0; i < CONNECTIONS_MAX; i++)
                fds[i] = raw_connect();
        /* The server's threads accept side by side: the last of these need not be the last. */
        eventually(is_refused());
        close(fds[0]);
        eventually(reaches_health());
        for (int i = 1; i < CONNECTIONS_MAX; i++)
                close(fds[i]);
}
END_TEST

START_TEST(a_request_id_comes_back)
{
        _reply_ struct reply given = ask_for(&(struct ask){ .path = "/healthz",
                .headers = { "X-Request-ID: mine-1" } });
        _reply_ struct reply made = get("/healthz");
        _reply_ struct reply bad = ask_for(&(struct ask){ .path = "/healthz",
                .headers = { "X-Request-ID: a\tb" } });

        ck_assert_ptr_nonnull(strstr(given.head.s, "X-Request-ID: mine-1\r\n"));
        ck_assert_ptr_nonnull(strstr(made.head.s, "X-Request-ID: "));
        ck_assert_ptr_null(strstr(bad.head.s, "a\tb"));
}
END_TEST

int main(void)
{
        return SUITE_WITH("rest/server", rest_setup, rest_teardown,
                          ONCE(every_refusal_is_a_problem), ONCE(limits_name_their_setting),
                          ONCE(a_slow_client_is_dropped), ONCE(headers_have_a_limit),
                          EACH(what_is_no_http_is_refused_and_the_next_is_served, malformed),
                          ONCE(an_absolute_target_is_its_path),
                          ONCE(beyond_the_limit_is_told_at_once), ONCE(a_request_id_comes_back));
}
