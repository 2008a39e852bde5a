/* SPDX-License-Identifier: Apache-2.0 */

/* The smallest plugin in the mock: the whole way from a built object to what a person would see. */

#include <check.h>
#include <kaname/mock.h>
#include <stdio.h>
#include <stdlib.h>

static struct kn_mock *open_hello(void)
{
        const char *dir = getenv("TOP_BUILDDIR");
        struct kn_mock *mock;
        char path[4096];

        snprintf(path, sizeof path, "%s/examples/hello/hello.so", dir ? dir : ".");
        mock = kn_mock_open(path);
        ck_assert_ptr_nonnull(mock);
        ck_assert_pstr_eq(kn_mock_trouble(mock), NULL);
        return mock;
}

START_TEST(greets_by_name)
{
        struct kn_mock *mock = open_hello();

        ck_assert_int_eq(kn_mock_run(mock, "greet", "{\"name\": \"Ada\"}"), KN_OK);
        ck_assert_str_eq(kn_mock_result(mock), "{\"greeting\":\"Ada\"}");
        ck_assert_pstr_eq(kn_mock_sentence(mock), NULL);
        kn_mock_free(mock);
}
END_TEST

START_TEST(greets_the_world)
{
        struct kn_mock *mock = open_hello();

        ck_assert_int_eq(kn_mock_plan(mock, "greet", NULL), KN_OK);
        ck_assert_str_eq(kn_mock_result(mock), "{\"greeting\":\"world\"}");
        ck_assert_str_eq(kn_mock_changes(mock), "[]");
        kn_mock_free(mock);
}
END_TEST

START_TEST(says_what_is_unknown)
{
        struct kn_mock *mock = open_hello();

        ck_assert_int_eq(kn_mock_run(mock, "wave", "{}"), KN_EARG);
        ck_assert_str_eq(kn_mock_sentence(mock), "the plugin has no action 'wave'");
        kn_mock_free(mock);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("mock_hello");
        TCase *tc = tcase_create("hello");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_test(tc, greets_by_name);
        tcase_add_test(tc, greets_the_world);
        tcase_add_test(tc, says_what_is_unknown);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
