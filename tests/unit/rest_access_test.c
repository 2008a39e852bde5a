/* SPDX-License-Identifier: Apache-2.0 */

/* Who may what: roles by route, grants, and how credentials come. */

#include "rest_fixture.h"

#include "rest/router.h"

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

int main(void)
{
        return SUITE_WITH("rest/access", rest_setup, rest_teardown,
                          ONCE(every_role_on_every_route), ONCE(grants_reach_as_far_as_they_say),
                          ONCE(undo_needs_its_own_grant), ONCE(credentials_come_in_many_ways));
}
