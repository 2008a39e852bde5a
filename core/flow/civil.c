/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/civil.h"

int64_t floor_div(int64_t a, int64_t b)
{
        return a / b - (a % b < 0);
}

/* Years start in March here, so that the leap day is the last of its year; an era is 400 years. */
int64_t civil_days(int64_t year, int month, int day)
{
        int64_t y = month <= 2 ? year - 1 : year, era = floor_div(y, 400);
        int64_t of_era = y - era * 400,
                of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

        return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct civil civil_of(int64_t days)
{
        int64_t shifted = days + 719468, era = floor_div(shifted, 146097);
        int64_t of_era = shifted - era * 146097;
        int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
        int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
        int month = (int)(5 * of_year + 2) / 153;
        struct civil c = { year + era * 400, month < 10 ? month + 3 : month - 9,
                           (int)(of_year - (153 * month + 2) / 5) + 1 };

        c.year += c.month <= 2;
        return c;
}

int civil_month_length(int64_t year, int month)
{
        return (int)((month == 12 ? civil_days(year + 1, 1, 1) : civil_days(year, month + 1, 1)) -
                     civil_days(year, month, 1));
}

/* 1970-01-01 was a Thursday. */
int civil_weekday(int64_t days)
{
        return (int)(days + 3 - floor_div(days + 3, 7) * 7);
}

/* A week belongs to the year in which its Thursday lies. */
int civil_week(int64_t days)
{
        int64_t thursday = days - civil_weekday(days) + 3;

        return (int)((thursday - civil_days(civil_of(thursday).year, 1, 1)) / 7) + 1;
}
