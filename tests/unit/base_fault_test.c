/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#include "suite.h"

#include <errno.h>

START_TEST(tells_in_three_sentences)
{
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(fault_set(&fault, 422, "rule.invalid", "name is %s", "missing"), FAULT);
        ck_assert_int_eq(fault_why(&fault, "it is %d", 1), FAULT);
        ck_assert_int_eq(fault_try(&fault, "add it"), FAULT);
        ck_assert_int_eq(fault_prefix(&fault, "rule %s", "a"), FAULT);
        ck_assert_int_eq(fault.status, 422);
        ck_assert_str_eq(fault.code, "rule.invalid");
        ck_assert_str_eq(fault.what, "rule a: name is missing");
        ck_assert_str_eq(fault.why, "it is 1");
        ck_assert_str_eq(fault.remedy, "add it");
}
END_TEST

START_TEST(replaces_what_was_set)
{
        _fault_ struct fault fault = FAULT_INIT;

        fault_set(&fault, 400, "a", "first");
        fault_why(&fault, "because");
        fault_detail(&fault, "n", json_integer(1));
        fault_set(&fault, 500, "b", "second");
        ck_assert_str_eq(fault.what, "second");
        ck_assert_ptr_null(fault.why);
        ck_assert_ptr_null(fault.detail);
}
END_TEST

START_TEST(may_be_set_from_its_own_words)
{
        _fault_ struct fault fault = FAULT_INIT;

        fault_set(&fault, 400, "a.code", "inner");
        fault_why(&fault, "reason");
        fault_set(&fault, 422, fault.code, "outer: %s (%s)", fault.what, fault.why);
        ck_assert_str_eq(fault.what, "outer: inner (reason)");
        ck_assert_str_eq(fault.code, "a.code");
        fault_why(&fault, "%s", fault.what);
        ck_assert_str_eq(fault.why, "outer: inner (reason)");
}
END_TEST

START_TEST(accepts_nobody_listening)
{
        ck_assert_int_eq(fault_set(NULL, 400, "a", "b"), FAULT);
        ck_assert_int_eq(fault_why(NULL, "b"), FAULT);
        ck_assert_int_eq(fault_try(NULL, "b"), FAULT);
        ck_assert_int_eq(fault_prefix(NULL, "b"), FAULT);
        ck_assert_int_eq(fault_detail(NULL, "k", json_integer(1)), FAULT);
        ck_assert_int_eq(fault_errno(NULL, -EIO, "reading"), FAULT);
}
END_TEST

START_TEST(turns_errnos_into_faults)
{
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(fault_errno(&fault, 0, "x"), 0);
        ck_assert_int_eq(fault_errno(&fault, FAULT, "x"), FAULT);
        ck_assert_int_eq(fault.status, 0);
        ck_assert_int_eq(fault_errno(&fault, -ENOSPC, "writing"), FAULT);
        ck_assert_int_eq(fault.status, 507);
        ck_assert_int_eq(fault_errno(&fault, -EDQUOT, "writing"), FAULT);
        ck_assert_int_eq(fault.status, 507);
        ck_assert_int_eq(fault_errno(&fault, -EIO, "writing"), FAULT);
        ck_assert_int_eq(fault.status, 500);
        ck_assert_ptr_nonnull(strstr(fault.what, "writing: "));
}
END_TEST

START_TEST(moves_and_copies)
{
        struct fault a = FAULT_INIT, b = FAULT_INIT, c = FAULT_INIT;

        fault_set(&a, 404, "not.found", "gone");
        fault_detail(&a, "k", json_string("v"));
        fault_copy(&b, &a);
        fault_move(&c, &a);
        ck_assert_ptr_null(a.what);
        ck_assert_str_eq(b.what, "gone");
        ck_assert_str_eq(c.what, "gone");
        ck_assert(json_equal(b.detail, c.detail));
        ck_assert_ptr_ne(b.detail, c.detail);
        fault_move(NULL, &c);
        ck_assert_ptr_null(c.what);
        fault_deinit(&b);
        fault_deinit(&b);
}
END_TEST

int main(void)
{
        return SUITE("base/fault", ONCE(tells_in_three_sentences), ONCE(replaces_what_was_set),
                     ONCE(may_be_set_from_its_own_words), ONCE(accepts_nobody_listening),
                     ONCE(turns_errnos_into_faults), ONCE(moves_and_copies));
}
