/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t fake_ms = -1;

static int64_t kernel_us(clockid_t which)
{
        struct timespec ts;

        clock_gettime(which, &ts);
        return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t read_us(clockid_t which)
{
        int64_t fake = atomic_load(&fake_ms);

        return fake >= 0 ? fake * 1000 : kernel_us(which);
}

int64_t clock_real_us(void)
{
        return read_us(CLOCK_REALTIME);
}

int64_t clock_real_ms(void)
{
        return clock_real_us() / 1000;
}

int64_t clock_mono_us(void)
{
        return read_us(CLOCK_BOOTTIME);
}

int64_t clock_mono_ms(void)
{
        return clock_mono_us() / 1000;
}

void clock_fake(int64_t ms)
{
        atomic_store(&fake_ms, ms);
}

void clock_fake_advance(int64_t ms)
{
        atomic_fetch_add(&fake_ms, ms);
}

const char *clock_text(int64_t real_ms, char text[CLOCK_TEXT_SIZE])
{
        int64_t ms = real_ms % 1000 < 0 ? real_ms % 1000 + 1000 : real_ms % 1000;
        time_t seconds = (time_t)((real_ms - ms) / 1000);
        struct tm tm;
        size_t n;

        gmtime_r(&seconds, &tm);
        n = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(text + n, CLOCK_TEXT_SIZE - n, ".%03d000Z", (int)ms);
        return text;
}

static int parse_unix(const char *text, int64_t *ret_ms)
{
        char *end;
        double seconds = strtod(text, &end);

        if (!*text || text[strspn(text, "+-.0123456789")] || *end ||
            !(seconds > -1e11 && seconds < 1e11))
                return -EINVAL;
        *ret_ms = (int64_t)(seconds * 1000);
        return 0;
}

static bool digits(const char **s, int n, int min, int max, int *ret)
{
        *ret = 0;
        for (; n; n--, (*s)++) {
                if (**s < '0' || **s > '9')
                        return false;
                *ret = *ret * 10 + (**s - '0');
        }
        return *ret >= min && *ret <= max;
}

static bool take(const char **s, const char *any_of)
{
        if (!**s || !strchr(any_of, **s))
                return false;
        (*s)++;
        return true;
}

/* A fraction; what is finer than milliseconds is cut off. */
static void parse_fraction(const char **s, int64_t *ms)
{
        int64_t scale = 100;

        if (!take(s, ".,"))
                return;
        for (; **s >= '0' && **s <= '9'; (*s)++, scale /= 10)
                *ms += (**s - '0') * scale;
}

/* Z, an offset with or without a colon, or nothing (UTC). */
static bool parse_offset(const char *s, int64_t *ms)
{
        int hours, minutes, sign = *s == '-' ? 60000 : -60000;

        if (!*s)
                return true;
        if (take(&s, "Zz"))
                return !*s;
        if (!take(&s, "+-") || !digits(&s, 2, 0, 23, &hours))
                return false;
        take(&s, ":");
        if (!digits(&s, 2, 0, 59, &minutes))
                return false;
        *ms += sign * (int64_t)(hours * 60 + minutes);
        return !*s;
}

static bool parse_date_time(const char **s, struct tm *tm)
{
        return digits(s, 4, 0, 9999, &tm->tm_year) && take(s, "-") &&
                digits(s, 2, 1, 12, &tm->tm_mon) && take(s, "-") &&
                digits(s, 2, 1, 31, &tm->tm_mday) && take(s, "Tt ") &&
                digits(s, 2, 0, 23, &tm->tm_hour) && take(s, ":") &&
                digits(s, 2, 0, 59, &tm->tm_min) && take(s, ":") &&
                digits(s, 2, 0, 60, &tm->tm_sec);
}

static int month_length(int year, int month)
{
        static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

        return lengths[month] + (month == 1 && leap);
}

int clock_parse(const char *text, int64_t *ret_ms)
{
        struct tm tm = { 0 };
        const char *s = text;
        int64_t ms;

        if (!parse_date_time(&s, &tm))
                return parse_unix(text, ret_ms);
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        if (tm.tm_mday > month_length(tm.tm_year + 1900, tm.tm_mon))
                return -EINVAL;
        ms = (int64_t)timegm(&tm) * 1000;
        parse_fraction(&s, &ms);
        if (!parse_offset(s, &ms))
                return -EINVAL;
        *ret_ms = ms;
        return 0;
}
