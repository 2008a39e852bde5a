/* SPDX-License-Identifier: Apache-2.0 */

/* The Gregorian calendar on day numbers since 1970-01-01; no zones. */

#ifndef FLOW_CIVIL_H
#define FLOW_CIVIL_H

#include <stdint.h>

#define DAY_S 86400

struct civil {
        int64_t year;
        int month, day;                 /* from 1 */
};

int64_t civil_days(int64_t year, int month, int day);
struct civil civil_of(int64_t days);
int civil_month_length(int64_t year, int month);
int civil_weekday(int64_t days);                /* 0 is Monday */
int civil_week(int64_t days);                   /* ISO 8601, 1 to 53 */
int64_t floor_div(int64_t a, int64_t b);        /* b > 0 */

#endif
