/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/query.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "rest/request.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct query parsed(char *text)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct query query;

        ck_assert_msg(query_parse(text, &query, &fault) == 0, "%s", fault.what);
        return query;
}

START_TEST(pairs_are_decoded)
{
        char text[] = "a=1&b=x+y%20z&&c=&d&a=2&e=%C3%A9";
        struct query query = parsed(text);

        ck_assert_uint_eq(query.n, 6);
        ck_assert_str_eq(query_text(&query, "a"), "2");
        ck_assert_str_eq(query_text(&query, "b"), "x y z");
        ck_assert_ptr_null(query_text(&query, "c"));
        ck_assert_ptr_null(query_text(&query, "d"));
        ck_assert_str_eq(query_text(&query, "e"), "\303\251");
        ck_assert_ptr_null(query_text(&query, "zz"));
}
END_TEST

START_TEST(what_is_broken_is_refused)
{
        static const char *const broken[] = { "a=%", "a=%1", "a=%zz", "%=1", "a=%00", "a=%ff",
                "a=%c3%28" };

        for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
                _fault_ struct fault fault = FAULT_INIT;
                _free_ char *text = strdup(broken[i]);
                struct query query;

                ck_assert_msg(query_parse(text, &query, &fault) == FAULT, "%s was taken",
                              broken[i]);
                ck_assert_int_eq(fault.status, 400);
        }
}
END_TEST

START_TEST(there_is_a_most)
{
        _fault_ struct fault fault = FAULT_INIT;
        char text[QUERY_MAX * 4 + 16] = "";
        struct query query;

        for (int i = 0; i < QUERY_MAX; i++)
                strcat(text, "a=1&");
        query = parsed(text);
        ck_assert_uint_eq(query.n, QUERY_MAX);
        *text = '\0';
        for (int i = 0; i <= QUERY_MAX; i++)
                strcat(text, "a=1&");
        ck_assert_int_eq(query_parse(text, &query, &fault), FAULT);
        ck_assert_str_eq(fault.code, "query.too-many");
}
END_TEST

START_TEST(values_have_types)
{
        char text[] = "n=5&big=99&t=True&f=0&x=maybe&at=2026-11-22T06:54:52Z";
        struct query query = parsed(text);
        _fault_ struct fault fault = FAULT_INIT;
        int64_t n = 1, at = 0;
        bool t = false, f = true, x = false;

        ck_assert_int_eq(query_int(&query, "absent", 0, 9, &n, &fault), 0);
        ck_assert_int_eq(n, 1);
        ck_assert_int_eq(query_int(&query, "n", 0, 9, &n, &fault), 0);
        ck_assert_int_eq(n, 5);
        ck_assert_int_eq(query_int(&query, "big", 0, 9, &n, &fault), FAULT);
        ck_assert_int_eq(query_bool(&query, "t", &t, &fault) + query_bool(&query, "f", &f, &fault),
                         0);
        ck_assert(t && !f);
        ck_assert_int_eq(query_bool(&query, "x", &x, &fault), FAULT);
        ck_assert_int_eq(query_time(&query, "at", &at, &fault), 0);
        ck_assert_int_eq(at, INT64_C(1795330492000));
        ck_assert_int_eq(query_time(&query, "x", &at, &fault), FAULT);
        ck_assert_ptr_nonnull(strstr(fault.what, "x=maybe"));
}
END_TEST

START_TEST(a_form_keeps_what_is_repeated)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *form = NULL;
        _free_ char *said = NULL;
        char text[] = "a=1&b=2&a=3&a=4&c";

        ck_assert_int_eq(query_form(text, &form, &fault), 0);
        said = json_compact(form);
        ck_assert_str_eq(said, "{\"a\":[\"1\",\"3\",\"4\"],\"b\":\"2\",\"c\":\"\"}");
}
END_TEST

/* What is left of an object under these attributes. */
static void check_fields(const char *query_string, const char *object, const char *wanted)
{
        _free_ char *text = strdup(query_string), *said = NULL;
        struct query query = parsed(text);
        _json_ json_t *left = fields_apply(&query, json_loads(object, 0, NULL));

        said = json_canonical(left);
        ck_assert_str_eq(said, wanted);
}

START_TEST(objects_are_thinned_out)
{
        static const char object[] = "{\"id\":\"i\",\"a\":{\"b\":1,\"c\":2},\"d\":3}";

        check_fields("", object, "{\"a\":{\"b\":1,\"c\":2},\"d\":3,\"id\":\"i\"}");
        check_fields("include_attributes=a.b,none", object, "{\"a\":{\"b\":1},\"id\":\"i\"}");
        check_fields("include_attributes=a,a.b", object, "{\"a\":{\"b\":1,\"c\":2},\"id\":\"i\"}");
        check_fields("include_attributes=d&include_attributes=a.c", object,
                     "{\"a\":{\"c\":2},\"d\":3,\"id\":\"i\"}");
        check_fields("exclude_attributes=a.b,d,id", object, "{\"a\":{\"c\":2},\"id\":\"i\"}");
        check_fields("include_attributes=", object,
                     "{\"a\":{\"b\":1,\"c\":2},\"d\":3,\"id\":\"i\"}");
}
END_TEST

START_TEST(thinning_leaves_the_original_alone)
{
        _json_ json_t *shared = json_pack("{s:{s:i, s:i}}", "a", "b", 1, "c", 2);
        char include[] = "include_attributes=a,a.b", exclude[] = "exclude_attributes=a.b";
        struct query query = parsed(include);

        json_decref(fields_apply(&query, json_copy(shared)));
        query = parsed(exclude);
        json_decref(fields_apply(&query, json_copy(shared)));
        ck_assert_uint_eq(json_object_size(json_object_get(shared, "a")), 2);
}
END_TEST

START_TEST(only_what_is_wanted_is_read)
{
        char none[] = "", include[] = "include_attributes=id,result.a",
                exclude[] = "exclude_attributes=result";
        struct query query = parsed(none);

        ck_assert(fields_want(&query, "result"));
        query = parsed(include);
        ck_assert(fields_want(&query, "result"));
        ck_assert(!fields_want(&query, "res"));
        ck_assert(!fields_want(&query, "log"));
        query = parsed(exclude);
        ck_assert(!fields_want(&query, "result"));
        ck_assert(fields_want(&query, "log"));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("rest_query");
        TCase *tcase = tcase_create("all");
        SRunner *runner;
        int failed;

        tcase_add_test(tcase, pairs_are_decoded);
        tcase_add_test(tcase, what_is_broken_is_refused);
        tcase_add_test(tcase, there_is_a_most);
        tcase_add_test(tcase, values_have_types);
        tcase_add_test(tcase, a_form_keeps_what_is_repeated);
        tcase_add_test(tcase, objects_are_thinned_out);
        tcase_add_test(tcase, thinning_leaves_the_original_alone);
        tcase_add_test(tcase, only_what_is_wanted_is_read);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
