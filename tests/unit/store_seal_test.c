/* SPDX-License-Identifier: Apache-2.0 */
#include "store/seal.h"

#include "base/cleanup.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

CLEANUP_DEFINE(struct seal *, seal_close);

static char dir[64], key_path[96];

static void setup(void)
{
        snprintf(dir, sizeof dir, "/tmp/kn-seal-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        snprintf(key_path, sizeof key_path, "%s/master.key", dir);
}

static void teardown(void)
{
        unlink(key_path);
        rmdir(dir);
}

static struct seal *opened(void)
{
        struct seal *seal = NULL;

        ck_assert_int_eq(seal_open(dir, &seal, NULL), 0);
        return seal;
}

START_TEST(a_secret_comes_back_after_a_restart)
{
        _cleanup_(seal_closep) struct seal *seal = opened();
        _free_ char *sealed = NULL, *again = NULL, *plain = NULL;
        struct stat st;

        ck_assert_int_eq(seal_text(seal, "system//pw", "hunter2 \xe2\x82\xac", &sealed, NULL), 0);
        ck_assert_int_eq(strncmp(sealed, "kn1:", 4), 0);
        ck_assert_ptr_null(strstr(sealed, "hunter2"));
        ck_assert_int_eq(seal_text(seal, "system//pw", "hunter2 \xe2\x82\xac", &again, NULL), 0);
        ck_assert_str_ne(sealed, again);
        ck_assert_int_eq(stat(key_path, &st), 0);
        ck_assert_int_eq(st.st_mode & 0777, 0600);
        seal = seal_close(seal);
        seal = opened();
        ck_assert_int_eq(seal_unseal(seal, "system//pw", sealed, &plain, NULL), 0);
        ck_assert_str_eq(plain, "hunter2 \xe2\x82\xac");
}
END_TEST

START_TEST(an_empty_secret_is_one_too)
{
        _cleanup_(seal_closep) struct seal *seal = opened();
        _free_ char *sealed = NULL, *plain = NULL;

        ck_assert_int_eq(seal_text(seal, "n", "", &sealed, NULL), 0);
        ck_assert_int_eq(seal_unseal(seal, "n", sealed, &plain, NULL), 0);
        ck_assert_str_eq(plain, "");
}
END_TEST

static void refuses(const struct seal *seal, const char *name, const char *sealed)
{
        _fault_ struct fault fault = FAULT_INIT;
        char *plain = NULL;

        ck_assert_int_eq(seal_unseal(seal, name, sealed, &plain, &fault), FAULT);
        ck_assert_ptr_null(plain);
        ck_assert_int_eq(fault.status, 422);
        ck_assert_str_eq(fault.code, "seal.broken");
        ck_assert_ptr_nonnull(fault.remedy);
}

START_TEST(another_name_key_or_form_is_refused)
{
        _cleanup_(seal_closep) struct seal *seal = opened();
        _free_ char *sealed = NULL;
        char *digit;

        ck_assert_int_eq(seal_text(seal, "a", "secret", &sealed, NULL), 0);
        refuses(seal, "b", sealed);
        refuses(seal, "a", "");
        refuses(seal, "a", "kn1:");
        refuses(seal, "a", "kn1:AAAA");
        refuses(seal, "a", "kn1:!!!!");
        refuses(seal, "a", "plain");
        digit = &sealed[strlen(sealed) / 2];
        *digit = *digit == 'A' ? 'B' : 'A';
        refuses(seal, "a", sealed);
        *digit = 'C';
        seal = seal_close(seal);
        unlink(key_path);
        seal = opened();
        refuses(seal, "a", sealed);
}
END_TEST

static void refuses_key(const char *why)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct seal *seal = NULL;

        ck_assert_int_eq(seal_open(dir, &seal, &fault), FAULT);
        ck_assert_int_eq(fault.status, 500);
        ck_assert_ptr_nonnull(strstr(fault.what, key_path));
        ck_assert_ptr_nonnull(strstr(fault.why, why));
}

START_TEST(a_key_that_others_read_or_of_wrong_length_is_refused)
{
        seal_close(opened());
        chmod(key_path, 0640);
        refuses_key("others");
        chmod(key_path, 0600);
        ck_assert_int_eq(truncate(key_path, 31), 0);
        refuses_key("32 bytes");
        ck_assert_int_eq(truncate(key_path, 0), 0);
        refuses_key("32 bytes");
}
END_TEST

static Suite *suite(void)
{
        Suite *s = suite_create("store_seal");
        TCase *t = tcase_create("seal");

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, a_secret_comes_back_after_a_restart);
        tcase_add_test(t, an_empty_secret_is_one_too);
        tcase_add_test(t, another_name_key_or_form_is_refused);
        tcase_add_test(t, a_key_that_others_read_or_of_wrong_length_is_refused);
        suite_add_tcase(s, t);
        return s;
}

int main(void)
{
        SRunner *runner = srunner_create(suite());
        int failed;

        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
