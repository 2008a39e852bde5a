/* SPDX-License-Identifier: Apache-2.0 */

/* A whole server over a whole hub: who may what, what answers look like, what is refused. */

#include "rest_fixture.h"

#include "rest/router.h"

/* ---- role by route ---- */

struct asking {
        const char *secrets[4];         /* none, webhook, operator, admin */
        unsigned n;
};

static void plain(const char *template, char *path, size_t size)
{
        size_t n = 0;

        for (const char *s = template; *s && n + 30 < size; s++) {
                if (*s != '{') {
                        path[n++] = *s;
                        continue;
                }
                n += (size_t)snprintf(path + n, size - n, "00000000000000000000000a");
                s = strchr(s, '}');
        }
        path[n] = '\0';
}

static bool is_stream(const struct route *route)
{
        return text_starts_with(route->path, "/stream");
}

static int ask_all(void *arg, const struct route *route)
{
        static const enum auth_role roles[] = { AUTH_WEBHOOK, AUTH_WEBHOOK, AUTH_OPERATOR,
                AUTH_ADMIN };
        struct asking *asking = arg;
        char path[256];

        plain(route->path, path, sizeof path);
        for (int i = 0; i < 4; i++) {
                _reply_ struct reply reply = ask_for(&(struct ask){ .method = route->method,
                        .path = path,
                        .body = route->request ? "{}" : NULL, .secret = asking->secrets[i],
                        .timeout_ms = is_stream(route) ? 200 : 0 });
                const char *code = member(&reply, "code");
                bool refused = text_equal(code, "auth.role") || text_equal(code, "auth.missing");
                bool may = route->permission == AUTH_NONE
                        || (i && auth_permits(roles[i], route->permission));

                ck_assert_msg(reply.status != 0, "%s %s: no answer", route->method, path);
                ck_assert_msg(refused == !may, "%s %s by %d: %ld %s", route->method, path, i,
                              reply.status, code);
                if (refused)
                        ck_assert_int_eq(reply.status, i ? 403 : 401);
                asking->n++;
        }
        return 0;
}

START_TEST(every_role_on_every_route)
{
        _free_ char *hook = key_with("{\"user\":\"hook\",\"role\":\"webhook\"}");
        _free_ char *operator = key_with("{\"user\":\"eva\",\"role\":\"operator\"}");
        struct asking asking = { { "", hook, operator, admin }, 0 };

        ck_assert_int_eq(route_each(ask_all, &asking), 0);
        ck_assert_uint_gt(asking.n, 400);
}
END_TEST

START_TEST(grants_reach_as_far_as_they_say)
{
        _free_ char *key = key_with(
                "{\"user\":\"eva\",\"grants\":[{\"action\":\"lamp.set\",\"instance\":\"lamp\","
                "\"verbs\":[\"run\"]}]}");
        struct ask ask = { .method = "POST", .path = "/v1/executions", .secret = key };
        static const struct {
                const char *body;
                long status;
        } rows[] = {
                { "{\"action\":\"lamp.set\",\"parameters\":{\"to\":\"on\"}}", 201 },
                { "{\"action\":\"lamp.set\",\"parameters\":{\"to\":\"on\",\"instance\":\"lamp\"}}",
                        201 },
                { "{\"action\":\"lamp.set\",\"parameters\":{\"to\":\"on\"},\"mode\":\"plan\"}",
                        403 },
                { "{\"action\":\"lamp.set\",\"parameters\":{\"to\":\"on\"},\"user\":\"root\"}",
                        403 },
                { "{\"action\":\"lamp.fail\"}", 403 },
                { "{\"action\":\"core.local\",\"parameters\":{\"cmd\":\"id\"}}", 403 },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                _reply_ struct reply reply = { 0 };

                ask.body = rows[i].body;
                reply = ask_for(&ask);
                check_status(reply, rows[i].status);
        }
}
END_TEST

START_TEST(undo_needs_its_own_grant)
{
        _free_ char *key = key_with(
                "{\"user\":\"eva\",\"grants\":[{\"action\":\"lamp.*\",\"verbs\":[\"run\"]}]}");
        _free_ char *other = key_with(
                "{\"user\":\"ivo\",\"grants\":[{\"action\":\"lamp.*\",\"verbs\":[\"undo\"]}]}");
        _reply_ struct reply ran = ask_for(&(struct ask){ .method = "POST",
                .path = "/v1/executions", .secret = key,
                .body = "{\"action\":\"lamp.set\",\"parameters\":{\"to\":\"on\"}}",
                .headers = { "Prefer: wait=10" } });
        _reply_ struct reply refused = { 0 }, undone = { 0 };
        char path[96];

        check_status(ran, 201);
        ck_assert_str_eq(member(&ran, "status"), "succeeded");
        snprintf(path, sizeof path, "/v1/executions/%s/undo", member(&ran, "id"));
        refused = ask_for(&(struct ask){ .method = "POST", .path = path, .secret = key });
        check_status(refused, 403);
        undone = ask_for(&(struct ask){ .method = "POST", .path = path, .secret = other,
                .headers = { "Prefer: wait=10" } });
        check_status(undone, 201);
        ck_assert_str_eq(member(&undone, "status"), "succeeded");
        ck_assert_str_eq(lamp_look(), "off");
}
END_TEST

START_TEST(credentials_come_in_many_ways)
{
        char path[256], key_header[192], token_header[192], basic[192];
        _reply_ struct reply token = { 0 }, two = { 0 };
        struct reply by[6];

        snprintf(basic, sizeof basic, "mia:%s", admin);
        token = ask_for(&(struct ask){ .method = "POST", .path = "/auth/v1/tokens", .secret = "",
                .basic = basic,
                                       .body = "{\"ttl\": 60}" });
        check_status(token, 201);
        snprintf(token_header, sizeof token_header, "X-Auth-Token: %s", member(&token, "token"));
        snprintf(key_header, sizeof key_header, "St2-Api-Key: %s", admin);
        by[0] = ask_for(&(struct ask){ .path = "/v1/user", .secret = "",
                .headers = { token_header } });
        by[1] = ask_for(&(struct ask){ .path = "/v1/user", .secret = "",
                .headers = { key_header } });
        snprintf(path, sizeof path, "/v1/user?x-auth-token=%s", member(&token, "token"));
        by[2] = ask_for(&(struct ask){ .path = path, .secret = "" });
        snprintf(path, sizeof path, "/v1/user?st2-api-key=%s", admin);
        by[3] = ask_for(&(struct ask){ .path = path, .secret = "" });
        by[4] = ask_for(&(struct ask){ .path = "/v1/user", .secret = "",
                .unix_socket = socket_path });
        by[5] = get("/v1/user");
        for (int i = 0; i < 6; i++) {
                check_status(by[i], 200);
                ck_assert_str_eq(member(&by[i], "role"), "admin");
        }
        ck_assert_str_eq(member(&by[0], "username"), "mia");
        ck_assert_str_eq(member(&by[4], "authentication.method"), "peer");
        two = ask_for(&(struct ask){ .path = "/v1/user", .headers = { token_header } });
        check_status(two, 400);
        ck_assert_str_eq(member(&two, "code"), "auth.ambiguous");
        for (int i = 0; i < 6; i++)
                reply_deinit(&by[i]);
}
END_TEST

/* ---- bad input ---- */

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

/* ---- events ---- */

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

/* ---- once, secrets ---- */

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
        return SUITE_WITH("rest/server", rest_setup, rest_teardown,
                          ONCE(every_role_on_every_route), ONCE(grants_reach_as_far_as_they_say),
                          ONCE(undo_needs_its_own_grant), ONCE(credentials_come_in_many_ways),
                          ONCE(every_refusal_is_a_problem), ONCE(limits_name_their_setting),
                          ONCE(a_slow_client_is_dropped), ONCE(headers_have_a_limit),
                          ONCE(an_absolute_target_is_its_path),
                          ONCE(beyond_the_limit_is_told_at_once),
                          ONCE(a_request_id_comes_back), ONCE(credentials_never_reach_the_payload),
                          ONCE(a_signature_opens_its_webhook),
                          ONCE(cloud_events_are_accepted_once),
                          ONCE(the_hubs_own_triggers_are_not_for_everybody),
                          ONCE(a_hundred_posts_of_one_key_are_one_execution),
                          ONCE(secrets_are_masked_in_answers), ONCE(plan_apply_undo));
}
