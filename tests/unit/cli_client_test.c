/* SPDX-License-Identifier: Apache-2.0 */

/* How answers are shown, what failures become, and who it is that asks. */

#include "cli_hub.h"

#include "base/json.h"
#include "cli/account.h"
#include "cli/cli.h"

#include <sys/stat.h>

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

int main(void)
{
        cardboard_alone();
        return SUITE("cli/client",
                     ONCE(each_format_is_itself), ONCE(json_is_the_answer_unchanged),
                     ONCE(yaml_keeps_text_text), ONCE(problems_become_three_lines_and_an_exit_code),
                     ONCE(an_answer_that_is_none_is_said_to_be), ONCE(nobody_there_exits_69),
                     ONCE(the_socket_is_where_one_lies), ONCE(the_token_goes_along_and_never_shows),
                     ONCE(login_keeps_a_token_for_its_hub_only));
}
