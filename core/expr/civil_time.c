/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE

#include "expr/civil_time.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct tm tm_of(int64_t us, int offset)
{
        int64_t local = us + (int64_t)offset * 1000000;
        time_t seconds = (time_t)(local / 1000000 - (local % 1000000 < 0));
        struct tm tm;

        gmtime_r(&seconds, &tm);
        return tm;
}

struct broken time_break(int64_t us, int offset)
{
        struct tm tm = tm_of(us, offset);
        int64_t rest = us % 1000000;

        return (struct broken){
                tm.tm_year + (int64_t)1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                tm.tm_sec, (int)(rest < 0 ? rest + 1000000 : rest), (tm.tm_wday + 6) % 7,
                tm.tm_yday + 1
        };
}

bool time_join(const struct broken *broken, int offset, int64_t *ret_us)
{
        struct tm tm = {
                .tm_year = (int)(broken->year - 1900), .tm_mon = broken->month - 1,
                .tm_mday = broken->day, .tm_hour = broken->hour, .tm_min = broken->minute,
                .tm_sec = broken->second,
        };
        struct tm back;
        time_t seconds;

        if (broken->year < 1 || broken->year > 9999 || broken->month < 1 || broken->month > 12 ||
            broken->day < 1 || broken->hour < 0 || broken->hour > 23 || broken->minute < 0 ||
            broken->minute > 59 || broken->second < 0 || broken->second > 59 || broken->us < 0 ||
            broken->us > 999999)
                return false;
        back = tm;
        seconds = timegm(&back);
        if (back.tm_mday != broken->day)
                return false;
        *ret_us = ((int64_t)seconds - offset) * 1000000 + broken->us;
        return true;
}

/* Exactly n digits, or from one to -n. */
static bool digits(const char **s, int n, int *ret)
{
        int most = n < 0 ? -n : n, got = 0;

        for (*ret = 0; got < most && isdigit((unsigned char)**s); got++, (*s)++)
                *ret = *ret * 10 + (**s - '0');
        return n < 0 ? got > 0 : got == n;
}

static bool skip(const char **s, char c)
{
        if (**s != c)
                return false;
        (*s)++;
        return true;
}

static void fraction(const char **s, int *ret)
{
        int scale = 100000;

        for (*ret = 0; isdigit((unsigned char)**s); (*s)++, scale /= 10)
                *ret += (**s - '0') * scale;
}

static bool offset_of(const char **s, int *ret)
{
        int sign = **s == '-' ? -1 : 1, hours, minutes = 0;

        while (**s == ' ')
                (*s)++;
        *ret = 0;
        if (skip(s, 'Z') || skip(s, 'z'))
                return true;
        if (strncmp(*s, "UTC", 3) == 0 || strncmp(*s, "GMT", 3) == 0) {
                *s += 3;
                return true;
        }
        if (**s != '+' && **s != '-')
                return true;
        sign = **s == '-' ? -1 : 1;
        (*s)++;
        if (!digits(s, 2, &hours))
                return false;
        skip(s, ':');
        if (isdigit((unsigned char)**s) && !digits(s, 2, &minutes))
                return false;
        *ret = sign * (hours * 3600 + minutes * 60);
        return hours < 24 && minutes < 60;
}

static bool time_of_day(const char **s, struct broken *broken)
{
        if (!digits(s, -2, &broken->hour) || !skip(s, ':') || !digits(s, 2, &broken->minute))
                return false;
        if (skip(s, ':')) {
                if (!digits(s, 2, &broken->second))
                        return false;
                if (skip(s, '.') || skip(s, ','))
                        fraction(s, &broken->us);
        }
        return true;
}

bool time_parse(const char *s, int64_t *ret_us, int *ret_offset)
{
        struct broken broken = { 0 };
        char between;
        int year, offset;

        while (*s == ' ')
                s++;
        if (!digits(&s, 4, &year))
                return false;
        broken.year = year;
        between = *s == '-' || *s == '/' ? *s : 0;
        if (between)
                s++;
        if (!digits(&s, between ? -2 : 2, &broken.month) || (between && !skip(&s, between)) ||
            !digits(&s, between ? -2 : 2, &broken.day))
                return false;
        if (skip(&s, 'T') || skip(&s, ' ')) {
                while (*s == ' ')
                        s++;
                if (*s && !time_of_day(&s, &broken))
                        return false;
        }
        if (!offset_of(&s, &offset) || *s || !time_join(&broken, offset, ret_us))
                return false;
        *ret_offset = offset;
        return true;
}

/* strftime knows neither %f nor our offsets: these are written here. */
static void add_own(const char *format, int64_t us, int offset, struct text *text)
{
        int64_t rest = us % 1000000 + (us % 1000000 < 0 ? 1000000 : 0);
        int absolute = offset < 0 ? -offset : offset;

        if (*format == 'f')
                text_addf(text, "%06lld", (long long)rest);
        else if (*format == 'z')
                text_addf(text, "%c%02d%02d", offset < 0 ? '-' : '+', absolute / 3600,
                          absolute / 60 % 60);
        else
                text_add(text, "UTC");
}

static void add_part(struct text *text, char which, const struct tm *tm)
{
        char room[64] = "%";
        size_t len = 2;

        room[1] = which;
        switch (which) {
#define PART(letter, format) \
        case letter: \
                len = strftime(room, sizeof room, format, tm); \
                break
        PART('Y', "%Y"); PART('m', "%m"); PART('d', "%d"); PART('H', "%H"); PART('M', "%M");
        PART('S', "%S"); PART('j', "%j"); PART('a', "%a"); PART('A', "%A"); PART('b', "%b");
        PART('B', "%B"); PART('p', "%p"); PART('I', "%I"); PART('w', "%w");
        PART('X', "%X"); PART('F', "%F"); PART('T', "%T");
        PART('e', "%e"); PART('U', "%U"); PART('W', "%W"); PART('s', "%s"); PART('%', "%%");
#undef PART
        case 'y':
                len = (size_t)snprintf(room, sizeof room, "%02d", (tm->tm_year + 1900) % 100);
                break;
        default:
                break;
        }
        text_add_bytes(text, room, len);
}

void time_format(int64_t us, int offset, const char *format, struct text *text)
{
        struct tm tm = tm_of(us, offset);

        text_add(text, "");
        for (; *format; format++) {
                if (*format != '%' || !format[1]) {
                        text_add_bytes(text, format, 1);
                } else if (strchr("fzZ", *++format)) {
                        add_own(format, us, offset, text);
                } else {
                        add_part(text, *format, &tm);
                }
        }
}

/* As the formats of strptime, with %f and %z; names of days and months are English. */
bool time_scan(const char *s, const char *format, int64_t *ret_us, int *ret_offset)
{
        struct tm tm = { .tm_mday = 1 };
        struct broken broken = { 0 };
        char one[4] = "%";
        int offset = 0;

        for (; *format; format++) {
                if (isspace((unsigned char)*format)) {
                        while (isspace((unsigned char)*s))
                                s++;
                } else if (*format != '%' || !format[1]) {
                        if (!skip(&s, *format))
                                return false;
                } else if (*++format == 'f') {
                        fraction(&s, &broken.us);
                } else if (*format == 'z') {
                        if (!offset_of(&s, &offset))
                                return false;
                } else {
                        one[1] = *format;
                        s = strptime(s, one, &tm);
                        if (!s)
                                return false;
                }
        }
        broken = (struct broken){ tm.tm_year + (int64_t)1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                                  tm.tm_min, tm.tm_sec, broken.us, 0, 0 };
        *ret_offset = offset;
        return !*s && time_join(&broken, offset, ret_us);
}
