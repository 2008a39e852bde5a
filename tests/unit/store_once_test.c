/* SPDX-License-Identifier: Apache-2.0 */

/* once(): accepted once for a while, over restarts and over the merging of the log. */

#include "store_fixture.h"

#include "base/clock.h"

static enum store_outcome once(const char *scope, const char *key, const uint8_t *hash,
                               const struct id *id,
                               int64_t expires_ms, struct id *ret_first)
{
        struct store_txn *txn = store_txn_new();

        store_txn_once(txn, scope, key, hash, id, expires_ms);
        return store_commit_wait(fixture, txn, ret_first, NULL);
}

START_TEST(the_second_hears_of_the_first)
{
        struct id a = id_new(), b = id_new(), first;
        uint8_t one[32] = { 1 }, two[32] = { 2 };

        for (int i = 0; i < 2; i++) {
                ck_assert_int_eq(once("s", "k", one, &b, INT64_MAX, &first), i ? STORE_DUPLICATE :
                                 STORE_DONE);
                if (i == 0)
                        a = b;
                ck_assert(id_equal(&first, &a));
                b = id_new();
        }
        ck_assert_int_eq(once("s", "k", two, &b, INT64_MAX, &first), STORE_MISMATCH);
        ck_assert(id_equal(&first, &a));
        ck_assert_int_eq(once("s", "k", NULL, &b, INT64_MAX, &first), STORE_DUPLICATE);
        ck_assert_int_eq(once("t", "k", two, &b, INT64_MAX, &first), STORE_DONE);
        ck_assert_int_eq(once("sk", "", two, &b, INT64_MAX, &first), STORE_DONE);
        fixture_reopen();
        ck_assert_int_eq(once("s", "k", one, &b, INT64_MAX, &first), STORE_DUPLICATE);
        ck_assert(id_equal(&first, &a));
}
END_TEST

START_TEST(an_expired_key_is_new_again)
{
        struct id a = id_new(), b = id_new(), first;

        clock_fake(1000);
        ck_assert_int_eq(once("s", "k", NULL, &a, 2000, &first), STORE_DONE);
        clock_fake(1999);
        ck_assert_int_eq(once("s", "k", NULL, &b, 9000, &first), STORE_DUPLICATE);
        clock_fake(2000);
        ck_assert_int_eq(once("s", "k", NULL, &b, 9000, &first), STORE_DONE);
        ck_assert_int_eq(once("s", "k", NULL, &a, 9000, &first), STORE_DUPLICATE);
        ck_assert(id_equal(&first, &b));
        clock_fake(-1);
}
END_TEST

static struct id numbered(unsigned n)
{
        struct id id = { { 1 } };

        memcpy(id.b + 8, &n, sizeof n);
        return id;
}

static void fill(unsigned from, unsigned to)
{
        struct store_txn *txn = store_txn_new();
        char key[32];

        for (unsigned n = from; n < to; n++) {
                struct id id = numbered(n);

                snprintf(key, sizeof key, "key-%u", n);
                /* Every tenth has gone by the time of the merge. */
                store_txn_once(txn, "s", key, NULL, &id, n % 10 ? INT64_MAX : 5000);
                if (n % 4096 == 4095) {
                        ck_assert_int_eq(commit(txn), STORE_DONE);
                        txn = store_txn_new();
                }
        }
        ck_assert_int_eq(commit(txn), STORE_DONE);
}

static void expect(unsigned n, enum store_outcome want)
{
        struct id first, want_id = numbered(n), other = id_new();
        char key[32];

        snprintf(key, sizeof key, "key-%u", n);
        ck_assert_int_eq(once("s", key, NULL, &other, INT64_MAX, &first), want);
        ck_assert(id_equal(&first, want == STORE_DONE ? &other : &want_id));
}

START_TEST(a_merged_log_still_knows_every_key)
{
        clock_fake(1000);
        fill(0, 70000);
        clock_fake(6000);
        for (unsigned n = 1; n < 70000; n += 997)
                expect(n, n % 10 ? STORE_DUPLICATE : STORE_DONE);
        fixture_reopen();
        for (unsigned n = 2; n < 70000; n += 1999)
                expect(n, n % 10 ? STORE_DUPLICATE : STORE_DONE);
        fill(100000, 166000);
        for (unsigned n = 3; n < 70000; n += 4999)
                expect(n, n % 10 ? STORE_DUPLICATE : STORE_DONE);
        expect(99999, STORE_DONE);
        expect(165999, STORE_DUPLICATE);
        ck_assert_int_eq(store_expire(fixture, 0, 0, NULL), 0);
        expect(60001, STORE_DUPLICATE);
        clock_fake(-1);
}
END_TEST

static Suite *suite(void)
{
        Suite *s = suite_create("store_once");
        TCase *t = tcase_create("once");

        tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
        tcase_set_timeout(t, 60);
        tcase_add_test(t, the_second_hears_of_the_first);
        tcase_add_test(t, an_expired_key_is_new_again);
        tcase_add_test(t, a_merged_log_still_knows_every_key);
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
