/* SPDX-License-Identifier: Apache-2.0 */

/* The published examples of both schemes, and what an attacker would try. */

#include "rest/signature.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define GITHUB_SECRET "It's a Secret to Everybody"
#define GITHUB_SIGNATURE "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define BODY "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define SENT INT64_C(1614265330)

static const struct signature standard = { NULL, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
        SIGNATURE };

/* The code of the refusal, or "" where it was good. */
static const char *judge(struct signature signature, const char *secret, const char *body,
                         int64_t now)
{
        static char code[48];
        _fault_ struct fault fault = FAULT_INIT;
        int r = signature_check(&signature, secret, body, strlen(body), now, &fault);

        ck_assert_int_eq(r, fault.status ? FAULT : 0);
        if (r)
                ck_assert_int_eq(fault.status, 401);
        snprintf(code, sizeof code, "%s", fault.code);
        return code;
}

START_TEST(github_example)
{
        struct signature signature = { .github = GITHUB_SIGNATURE };

        ck_assert_str_eq(judge(signature, GITHUB_SECRET, "Hello, World!", 0), "");
        ck_assert_str_eq(judge(signature, GITHUB_SECRET, "Hello, World?", 0), "signature.bad");
        ck_assert_str_eq(judge(signature, "another", "Hello, World!", 0), "signature.bad");
}
END_TEST

START_TEST(github_refuses_what_is_no_signature)
{
        static const char *const wrong[] = {
                "",
                "sha256=",
                "sha1=757107ea",
                "sha256=75",
                GITHUB_SIGNATURE "00",
                "sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        };

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                struct signature signature = { .github = wrong[i] };

                ck_assert_str_eq(judge(signature, GITHUB_SECRET, "Hello, World!", 0),
                                 "signature.bad");
        }
}
END_TEST

START_TEST(standard_example)
{
        ck_assert_str_eq(judge(standard, SECRET, BODY, SENT), "");
        ck_assert_str_eq(judge(standard, SECRET, BODY, SENT + SIGNATURE_TOLERANCE_S), "");
        ck_assert_str_eq(judge(standard, SECRET, BODY " ", SENT), "signature.bad");
        ck_assert_str_eq(judge(standard, "whsec_AAAA", BODY, SENT), "signature.bad");
}
END_TEST

START_TEST(standard_refuses_replays)
{
        struct signature moved = standard;

        ck_assert_str_eq(judge(standard, SECRET, BODY, SENT + SIGNATURE_TOLERANCE_S + 1),
                         "signature.old");
        ck_assert_str_eq(judge(standard, SECRET, BODY, SENT - SIGNATURE_TOLERANCE_S - 1),
                         "signature.old");
        moved.timestamp = "1614265331";
        ck_assert_str_eq(judge(moved, SECRET, BODY, SENT), "signature.bad");
        moved = standard;
        moved.id = "msg_other";
        ck_assert_str_eq(judge(moved, SECRET, BODY, SENT), "signature.bad");
        moved.id = NULL;
        ck_assert_str_eq(judge(moved, SECRET, BODY, SENT), "signature.missing");
        moved = standard;
        moved.timestamp = "yesterday";
        ck_assert_str_eq(judge(moved, SECRET, BODY, SENT), "signature.missing");
}
END_TEST

START_TEST(standard_takes_one_of_several)
{
        struct signature both = standard;

        both.standard = "v1,AAAA v2,g0hM9SsE " SIGNATURE;
        ck_assert_str_eq(judge(both, SECRET, BODY, SENT), "");
        both.standard = "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,";
        ck_assert_str_eq(judge(both, SECRET, BODY, SENT), "signature.bad");
}
END_TEST

START_TEST(nothing_is_not_enough)
{
        ck_assert_str_eq(judge((struct signature){ NULL, NULL, NULL, NULL }, SECRET, BODY, SENT),
                         "signature.missing");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("rest_signature");
        TCase *tcase = tcase_create("all");
        SRunner *runner;
        int failed;

        tcase_add_test(tcase, github_example);
        tcase_add_test(tcase, github_refuses_what_is_no_signature);
        tcase_add_test(tcase, standard_example);
        tcase_add_test(tcase, standard_refuses_replays);
        tcase_add_test(tcase, standard_takes_one_of_several);
        tcase_add_test(tcase, nothing_is_not_enough);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
