/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "suite.h"

START_TEST(grows)
{
        _text_ struct text text = TEXT_INIT;
        char *taken;

        ck_assert_ptr_null(text.s);
        for (int i = 0; i < 1000; i++)
                text_addf(&text, "%d,", i % 10);
        ck_assert_uint_eq(text.len, 2000);
        ck_assert_uint_eq(strlen(text.s), 2000);
        text_add_bytes(&text, "a\0b", 3);
        ck_assert_uint_eq(text.len, 2003);
        ck_assert_mem_eq(text.s + 2000, "a\0b", 4);
        taken = text_take(&text);
        ck_assert_ptr_null(text.s);
        ck_assert_uint_eq(text.len, 0);
        free(taken);
        taken = text_take(&text);
        ck_assert_str_eq(taken, "");
        free(taken);
}
END_TEST

START_TEST(compares)
{
        ck_assert(text_equal("a", "a") && !text_equal("a", "b") && !text_equal("a", NULL));
        ck_assert(text_equal(NULL, NULL));
        ck_assert(text_starts_with("abc", "ab") && text_starts_with("abc", "") &&
                  !text_starts_with("a", "ab"));
        ck_assert(text_ends_with("abc", "bc") && text_ends_with("abc", "") &&
                  !text_ends_with("c", "bc"));
}
END_TEST

START_TEST(matches_stars)
{
        ck_assert(text_matches("", "") && text_matches("", "*") && !text_matches("", "?"));
        ck_assert(text_matches("dns.record.set", "dns.*") &&
                  text_matches("dns.record.set", "*.set"));
        ck_assert(text_matches("dns.record.set", "d*r*t") &&
                  !text_matches("dns.record.set", "d*x*t"));
        ck_assert(text_matches("a[b]", "a[b]") && !text_matches("ab", "a[b]"));
        ck_assert(text_matches("abc", "a?c") && !text_matches("ac", "a?c"));
        ck_assert(text_matches("aXbXb", "*Xb") && text_matches("***", "*"));
}
END_TEST

START_TEST(matching_stays_cheap)
{
        char s[20001], pattern[201];

        memset(s, 'a', sizeof s - 1);
        s[sizeof s - 1] = '\0';
        for (size_t i = 0; i < 200; i++)
                pattern[i] = i % 2 ? 'a' : '*';
        pattern[199] = 'b';
        pattern[200] = '\0';
        ck_assert(!text_matches(s, pattern));
}
END_TEST

START_TEST(knows_utf8)
{
        static const char *const good[] = {
                "", "abc", "é", "日本語", "\xf0\x9f\x98\x80", "\x7f", "\xf4\x8f\xbf\xbf"
        };
        static const char *const bad[] = { "\x80",
                                           "\xc0\x80",
                                           "\xc3",
                                           "\xe0\x80\x80",
                                           "\xed\xa0\x80",
                                           "\xf0\x80\x80\x80",
                                           "\xf4\x90\x80\x80",
                                           "\xf5\x80\x80\x80",
                                           "a\xff",
                                           "\xe6\x97" };

        for (size_t i = 0; i < sizeof good / sizeof *good; i++)
                ck_assert_msg(text_is_utf8(good[i], strlen(good[i])), "%zu", i);
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                ck_assert_msg(!text_is_utf8(bad[i], strlen(bad[i])), "%zu", i);
        ck_assert(text_is_utf8("a\0b", 3));
}
END_TEST

START_TEST(knows_names)
{
        char longest[130];

        memset(longest, 'a', sizeof longest);
        longest[128] = '\0';
        ck_assert(text_is_name("a") && text_is_name("core.st2_x-9") && text_is_name(longest));
        longest[128] = 'a';
        longest[129] = '\0';
        ck_assert(!text_is_name(longest) && !text_is_name("") && !text_is_name(".a") &&
                  !text_is_name(".."));
        ck_assert(!text_is_name("a/b") && !text_is_name("a b") && !text_is_name("\xc3\xa9") &&
                  !text_is_name("a\n"));
}
END_TEST

START_TEST(reads_numbers_within_bounds)
{
        int64_t n = 7;

        ck_assert(text_to_int("42", 0, 100, &n) && n == 42);
        ck_assert(text_to_int("-5", -5, 5, &n) && n == -5);
        ck_assert(text_to_int("9223372036854775807", 0, INT64_MAX, &n) && n == INT64_MAX);
        n = 7;
        ck_assert(!text_to_int("101", 0, 100, &n) && !text_to_int("-1", 0, 100, &n));
        ck_assert(!text_to_int("", 0, 9, &n) && !text_to_int("-", -9, 9, &n) &&
                  !text_to_int(NULL, 0, 9, &n));
        ck_assert(!text_to_int("1x", 0, 9, &n) && !text_to_int(" 1", 0, 9, &n) &&
                  !text_to_int("+1", 0, 9, &n));
        ck_assert(!text_to_int("0x1", 0, 9, &n) &&
                  !text_to_int("9223372036854775808", 0, INT64_MAX, &n));
        ck_assert_int_eq(n, 7);
}
END_TEST

START_TEST(finds_the_nearest)
{
        static const char *const words[] = { "equals", "exists", "contains", "regex", NULL };

        ck_assert_str_eq(text_nearest("equal", words), "equals");
        ck_assert_str_eq(text_nearest("contians", words), "contains");
        ck_assert_str_eq(text_nearest("exist", words), "exists");
        ck_assert_ptr_null(text_nearest("banana", words));
        ck_assert_ptr_null(text_nearest("equals", (const char *const[]){ NULL }));
}
END_TEST

int main(void)
{
        return SUITE("base/text", ONCE(grows), ONCE(compares), ONCE(matches_stars),
                     ONCE(matching_stays_cheap), ONCE(knows_utf8), ONCE(knows_names),
                     ONCE(reads_numbers_within_bounds), ONCE(finds_the_nearest));
}
