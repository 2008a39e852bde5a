/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "suite.h"

START_TEST(both_clocks_can_be_faked)
{
        clock_fake(1234);
        ck_assert_int_eq(clock_real_ms(), 1234);
        ck_assert_int_eq(clock_mono_us(), 1234000);
        clock_fake_advance(766);
        ck_assert_int_eq(clock_real_us(), 2000000);
        ck_assert_int_eq(clock_mono_ms(), 2000);
        clock_fake(-1);
        ck_assert_int_gt(clock_real_ms(), 1700000000000);
}
END_TEST

START_TEST(real_clocks_go_on)
{
        int64_t real = clock_real_us(), mono = clock_mono_us();

        ck_assert_int_ge(clock_real_us(), real);
        ck_assert_int_ge(clock_mono_us(), mono);
}
END_TEST

START_TEST(writes_the_known_form)
{
        char text[CLOCK_TEXT_SIZE];

        ck_assert_str_eq(clock_text(0, text), "1970-01-01T00:00:00.000000Z");
        ck_assert_str_eq(clock_text(1795330492482, text), "2026-11-22T06:54:52.482000Z");
        ck_assert_str_eq(clock_text(-1, text), "1969-12-31T23:59:59.999000Z");
        ck_assert_str_eq(clock_text(-1000, text), "1969-12-31T23:59:59.000000Z");
}
END_TEST

static const struct {
        const char *text;
        int64_t ms;
} good[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-11-22T06:54:52.482000Z", 1795330492482 },
        { "2026-11-22t06:54:52z", 1795330492000 },
        { "2026-11-22 06:54:52", 1795330492000 },
        { "2026-11-22T15:54:52+09:00", 1795330492000 },
        { "2026-11-22T15:54:52+0900", 1795330492000 },
        { "2026-11-22T01:24:52-05:30", 1795330492000 },
        { "2026-11-22T06:54:52,5Z", 1795330492500 },
        { "2026-11-22T06:54:52.1234567Z", 1795330492123 },
        { "2024-02-29T00:00:00Z", 1709164800000 },
        { "1795330492", 1795330492000 },
        { "1795330492.25", 1795330492250 },
        { "-1", -1000 },
        { "2016-12-31T23:59:60Z", 1483228800000 },
};

START_TEST(reads_times)
{
        int64_t ms = 0;

        ck_assert_msg(clock_parse(good[_i].text, &ms) == 0, "%s", good[_i].text);
        ck_assert_msg(ms == good[_i].ms, "%s: %lld", good[_i].text, (long long)ms);
}
END_TEST

static const char *const bad[] = {
        "", "now", "2026-11-22", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-11-22T24:00:00Z", "2026-11-22T06:60:00Z", "2026-11-22T06:54:61Z",
        "2026-11-22T06:54:52X", "2026-11-22T06:54:52x0900", "2026-11-22T06:54:52+99:00",
        "2026-11-22T06:54:52+09:00Z", "2026-11-22T06:54:52Z ", "2026-11-22x06:54:52Z",
        "2026-11-22T 6:54:52Z", "2026-+1-22T06:54:52Z", "nan", "inf", "1e300", "12 34", "0x10",
};

START_TEST(refuses_other_texts)
{
        int64_t ms = 42;

        ck_assert_msg(clock_parse(bad[_i], &ms) < 0, "%s", bad[_i]);
        ck_assert_int_eq(ms, 42);
}
END_TEST

START_TEST(reads_what_it_writes)
{
        char text[CLOCK_TEXT_SIZE];
        int64_t back;

        for (int64_t ms = -100000000000; ms < 5000000000000; ms += 77777777777) {
                ck_assert_int_eq(clock_parse(clock_text(ms, text), &back), 0);
                ck_assert_int_eq(back, ms);
        }
}
END_TEST

int main(void)
{
        return SUITE("base/clock", ONCE(both_clocks_can_be_faked), ONCE(real_clocks_go_on),
                     ONCE(writes_the_known_form), EACH(reads_times, good),
                     EACH(refuses_other_texts, bad), ONCE(reads_what_it_writes));
}
