/* SPDX-License-Identifier: Apache-2.0 */

/* The table holds together, and StackStorm's spellings of a path lead to the right row. */

#include "rest/router.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "rest/openapi.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static const struct route *find(const char *method, const char *path, const char **param)
{
        static char copy[256];
        const struct route *route = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        snprintf(copy, sizeof copy, "%s", path);
        return route_find(method, copy, &route, param, &fault) == 0 ? route : NULL;
}

static const char *path_of(const char *method, const char *path)
{
        const char *param[ROUTE_PARAMS_MAX] = { NULL };
        const struct route *route = find(method, path, param);

        return route ? route->path : "none";
}

START_TEST(one_path_has_many_spellings)
{
        static const char *const executions[] = { "/api/v1/executions", "/v1/executions",
                "/executions", "/executions/",
                                                  "/api/v1/executions/", "/api/executions",
                                                  "/v1/actionexecutions",
                                                  "/actionexecutions/" };
        static const char *const tokens[] = { "/auth/v1/tokens", "/auth/tokens", "/v1/tokens",
                "/tokens", "/tokens/" };
        static const char *const streams[] = { "/stream/v1/stream", "/v1/stream", "/stream" };

        for (size_t i = 0; i < sizeof executions / sizeof *executions; i++)
                ck_assert_str_eq(path_of("GET", executions[i]), "/api/v1/executions");
        for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
                ck_assert_str_eq(path_of("POST", tokens[i]), "/auth/v1/tokens");
        for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
                ck_assert_str_eq(path_of("GET", streams[i]), "/stream/v1/stream");
        ck_assert_str_eq(path_of("GET", "/v1/executions/5/output"),
                         "/api/v1/executions/{id}/output");
        ck_assert_str_eq(path_of("GET", "/stream/v1/executions/5/output"),
                         "/stream/v1/executions/{id}/output");
        ck_assert_str_eq(path_of("GET", "/healthz"), "/healthz");
        ck_assert_str_eq(path_of("HEAD", "/healthz"), "/healthz");
        ck_assert_str_eq(path_of("GET", "/api/v1/"), "/api/v1/");
        ck_assert_str_eq(path_of("GET", "/api/v1"), "/api/v1/");
        ck_assert_str_eq(path_of("GET", "/api/v1/healthz"), "none");
        ck_assert_str_eq(path_of("GET", "//executions"), "none");
        ck_assert_str_eq(path_of("GET", ""), "none");
        ck_assert_str_eq(path_of("GET", "*"), "none");
}
END_TEST

START_TEST(parameters_are_taken_and_decoded)
{
        const char *param[ROUTE_PARAMS_MAX] = { NULL };
        const struct route *route = find("GET", "/v1/executions/a%20b/attribute/x.y", param);

        ck_assert_ptr_nonnull(route);
        ck_assert_str_eq(param[0], "a b");
        ck_assert_str_eq(param[1], "x.y");
        ck_assert_int_eq(route_param(route, "id"), 0);
        ck_assert_int_eq(route_param(route, "attribute"), 1);
        ck_assert_int_eq(route_param(route, "ref"), -1);
        route = find("POST", "/api/v1/webhooks/a/b%2Fc/d/", param);
        ck_assert_ptr_nonnull(route);
        ck_assert_str_eq(param[0], "a/b/c/d");
        ck_assert_ptr_null(find("GET", "/v1/executions//output", param));
        ck_assert_ptr_null(find("GET", "/v1/actions/%00", param));
        ck_assert_ptr_null(find("GET", "/v1/actions/%f", param));
}
END_TEST

START_TEST(a_literal_wins_over_a_parameter)
{
        ck_assert_str_eq(path_of("GET", "/rules/views"), "/api/v1/rules/views");
        ck_assert_str_eq(path_of("GET", "/rules/p.r"), "/api/v1/rules/{ref}");
        ck_assert_str_eq(path_of("POST", "/webhooks/st2"), "/api/v1/webhooks/st2");
        ck_assert_str_eq(path_of("POST", "/webhooks/st2/x"), "/api/v1/webhooks/{url...}");
        ck_assert_str_eq(path_of("GET", "/actions/views/overview"),
                         "/api/v1/actions/views/overview");
}
END_TEST

START_TEST(what_is_not_there_is_told)
{
        char unknown[] = "/api/v1/exections/5", wrong[] = "/v1/rules", allow[64];
        const char *param[ROUTE_PARAMS_MAX];
        const struct route *route;
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(route_find("GET", unknown, &route, param, &fault), FAULT);
        ck_assert_int_eq(fault.status, 404);
        ck_assert_ptr_nonnull(strstr(fault.remedy, "/api/v1/executions"));
        ck_assert_int_eq(route_find("DELETE", wrong, &route, param, &fault), FAULT);
        ck_assert_int_eq(fault.status, 405);
        ck_assert_str_eq(json_text_of(fault.detail, "allow", ""), "GET, POST");
        ck_assert(route_allowed("/api/v1/events", allow, sizeof allow));
        ck_assert_str_eq(allow, "POST, GET");
        ck_assert(!route_allowed("/api/v1/evnts", allow, sizeof allow));
}
END_TEST

/* ---- the rows ---- */

struct all {
        const struct route *rows[256];
        size_t n;
        json_t *openapi;
};

static int collect(void *arg, const struct route *route)
{
        struct all *all = arg;

        all->rows[all->n++] = route;
        return all->n == 256;
}

static struct all collected(void)
{
        struct all all = { .n = 0 };

        ck_assert_int_eq(route_each(collect, &all), 0);
        return all;
}

START_TEST(every_row_is_found_by_its_own_path)
{
        struct all all = collected();

        for (size_t i = 0; i < all.n; i++) {
                const char *param[ROUTE_PARAMS_MAX] = { NULL };
                char path[256] = "";

                for (const char *s = all.rows[i]->path; *s; s++) {
                        if (*s == '{')
                                strcat(path, "xyz");
                        if (*s == '{')
                                s = strchr(s, '}');
                        else
                                strncat(path, s, 1);
                }
                ck_assert_msg(find(all.rows[i]->method, path, param) == all.rows[i],
                              "%s %s is hidden by another row",
                              all.rows[i]->method, path);
        }
        ck_assert_uint_gt(all.n, 90);
}
END_TEST

START_TEST(no_open_route_but_health_and_login)
{
        struct all all = collected();

        for (size_t i = 0; i < all.n; i++)
                if (all.rows[i]->permission == AUTH_NONE)
                        ck_assert_msg(text_equal(all.rows[i]->path, "/healthz")
                                      || text_equal(all.rows[i]->path, "/readyz")
                                      || (all.rows[i]->flags & ROUTE_BASIC), "%s is open",
                                      all.rows[i]->path);
}
END_TEST

/*
 * Whoever may only look changes nothing: reading routes are GET, but for those that try a rule, a
 * workflow's definition or an alias, and keys of one's own.
 */
START_TEST(reading_is_get)
{
        struct all all = collected();

        for (size_t i = 0; i < all.n; i++) {
                const struct route *row = all.rows[i];

                if (row->permission == AUTH_READ && !text_equal(row->method, "GET"))
                        ck_assert_msg(text_equal(row->path, "/api/v1/rules/test")
                                      || text_equal(row->path, "/api/v1/rules/replay")
                                      || text_equal(row->path, "/api/v1/workflows/inspect")
                                      || text_equal(row->path, "/api/v1/actionalias/match")
                                      || text_equal(row->path, "/api/v1/packs/index/search")
                                      || text_equal(row->path, "/api/v1/keys/{name}"),
                                      "%s %s needs only AUTH_READ", row->method, row->path);
        }
}
END_TEST

static bool has_schema(const json_t *openapi, const char *name)
{
        char bare[64];

        if (!name)
                return true;
        snprintf(bare, sizeof bare, "%s", *name == '[' ? name + 1 : name);
        bare[strcspn(bare, "]")] = '\0';
        return json_object_get(json_at(openapi, "components.schemas"), bare);
}

START_TEST(the_description_is_whole)
{
        struct all all = collected();
        _json_ json_t *openapi = openapi_new(), *empty = json_object();
        struct schemas *schemas = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_ptr_nonnull(openapi);
        for (size_t i = 0; i < all.n; i++) {
                ck_assert_msg(has_schema(openapi, all.rows[i]->request), "%s: no schema",
                              all.rows[i]->request);
                ck_assert_msg(has_schema(openapi, all.rows[i]->response), "%s: no schema",
                              all.rows[i]->response);
                ck_assert_ptr_nonnull(all.rows[i]->summary);
        }
        ck_assert_msg(schemas_new(openapi, &schemas, &fault) == 0, "%s", fault.what);
        ck_assert_int_eq(schemas_check(schemas, "ExecutionCreate", empty, &fault), FAULT);
        ck_assert_int_eq(fault.status, 422);
        schemas_free(schemas);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("rest_router");
        TCase *tcase = tcase_create("all");
        SRunner *runner;
        int failed;

        tcase_add_test(tcase, one_path_has_many_spellings);
        tcase_add_test(tcase, parameters_are_taken_and_decoded);
        tcase_add_test(tcase, a_literal_wins_over_a_parameter);
        tcase_add_test(tcase, what_is_not_there_is_told);
        tcase_add_test(tcase, every_row_is_found_by_its_own_path);
        tcase_add_test(tcase, no_open_route_but_health_and_login);
        tcase_add_test(tcase, reading_is_get);
        tcase_add_test(tcase, the_description_is_whole);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
