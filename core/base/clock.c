/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <errno.h>
#include <stdatomic.h>
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
        time_t seconds = (time_t)(real_ms / 1000);
        struct tm tm;
        size_t n;

        gmtime_r(&seconds, &tm);
        n = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(text + n, CLOCK_TEXT_SIZE - n, ".%03d000Z", (int)(real_ms % 1000));
        return text;
}

static int parse_unix(const char *text, int64_t *ret_ms)
{
        char *end;
        double seconds = strtod(text, &end);

        if (end == text || *end || !(seconds > -1e11 && seconds < 1e11))
                return -EINVAL;
        *ret_ms = (int64_t)(seconds * 1000);
        return 0;
}

/* What follows the seconds: a fraction, then Z, an offset or nothing (UTC). */
static int parse_tail(const char *s, int64_t *ms)
{
        int hours, minutes, used = 0;

        if (*s == '.' || *s == ',') {
                int64_t scale = 100;

                for (s++; *s >= '0' && *s <= '9'; s++, scale /= 10)
                        *ms += (*s - '0') * scale;
        }
        if (!*s || strcmp(s, "Z") == 0 || strcmp(s, "z") == 0)
                return 0;
        if ((*s != '+' && *s != '-') || sscanf(s + 1, "%2d:%2d%n", &hours, &minutes, &used) < 2)
                if (sscanf(s + 1, "%2d%2d%n", &hours, &minutes, &used) < 2)
                        return -EINVAL;
        if (s[1 + used] || hours > 23 || minutes > 59)
                return -EINVAL;
        *ms += (*s == '-' ? 60000 : -60000) * (int64_t)(hours * 60 + minutes);
        return 0;
}

int clock_parse(const char *text, int64_t *ret_ms)
{
        struct tm tm = { 0 };
        int used = 0;
        int64_t ms;
        char t;

        if (sscanf(text, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &t,
                   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) < 7 || !used)
                return parse_unix(text, ret_ms);
        if ((t != 'T' && t != 't' && t != ' ') || tm.tm_mon < 1 || tm.tm_mon > 12 ||
            tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
                return -EINVAL;
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        ms = (int64_t)timegm(&tm) * 1000;
        if (parse_tail(text + used, &ms) < 0)
                return -EINVAL;
        *ret_ms = ms;
        return 0;
}
