/* SPDX-License-Identifier: Apache-2.0 */
#include "base/regex.h"

#include "suite.h"

#include <errno.h>

static const struct {
        const char *pattern, *s;
        unsigned flags;
        int matches;
} rows[] = {
        { "b+", "abbc", REGEX_PYTHON, 1 },
        { "^b", "abbc", REGEX_PYTHON, 0 },
        { "c$", "abc\n", REGEX_PYTHON, 1 },
        { "c$", "abc\n", REGEX_ECMA, 0 },
        { "c\\Z", "abc\n", REGEX_PYTHON, 0 },
        { "c\\Z", "abc", REGEX_PYTHON, 1 },
        { "^\\d+$", "٣", REGEX_PYTHON, 1 },
        { "^\\d+$", "٣", REGEX_ECMA, 0 },
        { "\\u00e9", "é", REGEX_ECMA, 1 },
        { "^.$", "日", REGEX_ECMA, 1 },
        { "a.c", "a\nc", REGEX_PYTHON, 0 },
        { "a.c", "a\nc", REGEX_PYTHON | REGEX_DOTALL, 1 },
        { "ABC", "xabcx", REGEX_PYTHON | REGEX_CASELESS, 1 },
        { "ABC", "xabcx", REGEX_PYTHON, 0 },
        { "b", "ab", REGEX_PYTHON | REGEX_AT_START, 0 },
        { "a", "ab", REGEX_PYTHON | REGEX_AT_START, 1 },
        { "a", "ab", REGEX_PYTHON | REGEX_TO_END, 0 },
        { "b", "ab", REGEX_PYTHON | REGEX_TO_END, 1 },
        { "a.b*", "a.b*", REGEX_LITERAL, 1 },
        { "a.b*", "aXb", REGEX_LITERAL, 0 },
        { "ÄÖ", "xäöx", REGEX_LITERAL | REGEX_CASELESS, 1 },
        { "", "x", REGEX_LITERAL, 1 },
        { "(?P<n>a)(?P=n)", "aa", REGEX_PYTHON, 1 },
        { "a{2,}?", "aaa", REGEX_PYTHON, 1 },
};

START_TEST(matches_as_its_language_says)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct regex *regex = NULL;

        ck_assert_msg(regex_compile(rows[_i].pattern, rows[_i].flags, &regex, &fault) == 0, "%s",
                      fault.what);
        ck_assert_msg(regex_match(regex, rows[_i].s, strlen(rows[_i].s)) == rows[_i].matches,
                      "%s on %s", rows[_i].pattern, rows[_i].s);
        regex_free(regex);
}
END_TEST

START_TEST(says_where_a_pattern_is_wrong)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct regex *regex = NULL;

        ck_assert_int_eq(regex_compile("ab(c", REGEX_PYTHON, &regex, &fault), FAULT);
        ck_assert_ptr_null(regex);
        ck_assert_ptr_nonnull(strstr(fault.what, "\"ab(c\""));
        ck_assert_ptr_nonnull(strstr(fault.what, "character 5"));
        ck_assert_int_eq(regex_compile("\\C", REGEX_PYTHON, &regex, &fault), FAULT);
        ck_assert_int_eq(regex_compile("\xff", REGEX_PYTHON, &regex, &fault), FAULT);
}
END_TEST

START_TEST(limits_the_pattern)
{
        char pattern[REGEX_PATTERN_MAX + 2];
        _fault_ struct fault fault = FAULT_INIT;
        struct regex *regex = NULL;

        memset(pattern, 'a', sizeof pattern);
        pattern[REGEX_PATTERN_MAX + 1] = '\0';
        ck_assert_int_eq(regex_compile(pattern, REGEX_PYTHON, &regex, &fault), FAULT);
        ck_assert_ptr_nonnull(strstr(fault.what, "4096"));
        pattern[REGEX_PATTERN_MAX] = '\0';
        ck_assert_int_eq(regex_compile(pattern, REGEX_PYTHON, &regex, &fault), 0);
        regex_free(regex);
}
END_TEST

/* What would take the age of the universe is given up on. */
START_TEST(limits_the_steps)
{
        static const char text[] =
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
        struct regex *regex = NULL;

        ck_assert_int_eq(regex_compile("(a+)+$", REGEX_PYTHON, &regex, NULL), 0);
        ck_assert_int_eq(regex_match(regex, text, sizeof text - 1), -ELOOP);
        ck_assert_int_eq(regex_match(regex, text, sizeof text - 2), 1);
        regex_free(regex);
}
END_TEST

START_TEST(bytes_that_are_not_utf8_do_not_match)
{
        struct regex *regex = NULL;

        ck_assert_int_eq(regex_compile("a", REGEX_PYTHON, &regex, NULL), 0);
        ck_assert_int_eq(regex_match(regex, "a\xff", 2), 0);
        ck_assert_int_eq(regex_match(regex, "\0a", 2), 1);
        regex_free(regex);
}
END_TEST

int main(void)
{
        return SUITE("base/regex", EACH(matches_as_its_language_says, rows),
                     ONCE(says_where_a_pattern_is_wrong), ONCE(limits_the_pattern),
                     ONCE(limits_the_steps), ONCE(bytes_that_are_not_utf8_do_not_match));
}
