/* SPDX-License-Identifier: Apache-2.0 */

/* The sensor of examples/watcher in the mock, with canned answers: also a model for authors. */

#include <check.h>
#include <kaname/mock.h>
#include <stdio.h>
#include <stdlib.h>

static struct kn_mock *mock;

static void setup(void)
{
        const char *dir = getenv("TOP_BUILDDIR");
        char path[4096];

        snprintf(path, sizeof path, "%s/examples/watcher/watcher.so", dir ? dir : ".");
        mock = kn_mock_open(path);
        ck_assert_pstr_eq(kn_mock_trouble(mock), NULL);
        ck_assert_int_eq(kn_mock_config(mock, "{\"url\": \"http://page.example/\"}"), KN_OK);
}

static void teardown(void)
{
        kn_mock_free(mock);
}

START_TEST(first_look_is_no_change)
{
        kn_mock_reply(mock, "GET", "http://page.example/", 200, "one");
        ck_assert_int_eq(kn_mock_poll(mock, "page"), KN_OK);
        ck_assert_str_eq(kn_mock_events(mock), "[]");
        ck_assert_str_ne(kn_mock_stored(mock), "{}");
        ck_assert_int_eq(kn_mock_poll(mock, "page"), KN_OK);
        ck_assert_str_eq(kn_mock_events(mock), "[]");
}
END_TEST

START_TEST(change_is_told_once)
{
        kn_mock_store(mock, "seen", "\"200-0000000000000000\"");
        kn_mock_reply(mock, "GET", "http://page.example/", 200, "two");
        ck_assert_int_eq(kn_mock_poll(mock, "page"), KN_OK);
        ck_assert_str_eq(kn_mock_events(mock),
                         "[{\"trigger\":\"changed\",\"payload\":{\"status\":200,\"length\":3},"
                         "\"id\":null,\"cursor\":null}]");
        ck_assert_int_eq(kn_mock_poll(mock, "page"), KN_OK);
        ck_assert_str_eq(kn_mock_events(mock), "[]");
}
END_TEST

START_TEST(away_backs_off_and_keeps_nothing)
{
        kn_mock_reply(mock, "GET", "*", 0, NULL);
        ck_assert_int_eq(kn_mock_poll(mock, "page"), KN_ETEMP);
        ck_assert_str_eq(kn_mock_stored(mock), "{}");
}
END_TEST

START_TEST(config_is_checked)
{
        ck_assert_int_eq(kn_mock_config(mock, "{}"), KN_OK);
        ck_assert_int_eq(kn_mock_poll(mock, "page"), KN_EARG);
        ck_assert_ptr_nonnull(strstr(kn_mock_sentence(mock), "url"));
}
END_TEST

/* An older hub: the door is not in its table. */
START_TEST(shorter_table_is_unsupported)
{
        kn_mock_doors(mock, offsetof(struct kn_host, http));
        ck_assert_int_eq(kn_mock_poll(mock, "page"), KN_EUNSUPPORTED);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("mock_watcher");
        TCase *tc = tcase_create("watcher");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, first_look_is_no_change);
        tcase_add_test(tc, change_is_told_once);
        tcase_add_test(tc, away_backs_off_and_keeps_nothing);
        tcase_add_test(tc, config_is_checked);
        tcase_add_test(tc, shorter_table_is_unsupported);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
