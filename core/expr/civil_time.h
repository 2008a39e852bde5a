/* SPDX-License-Identifier: Apache-2.0 */

/* Dates and times of day in microseconds since 1970, with an offset and without zones. */

#ifndef EXPR_CIVIL_TIME_H
#define EXPR_CIVIL_TIME_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define DAY_US 86400000000
#define TIME_LEAST (-62135596800000000)         /* year 1 */
#define TIME_MOST 253402300799999999            /* year 9999 */

struct broken {
        int64_t year;
        int month, day, hour, minute, second, us, weekday, yearday;     /* Monday is 0 */
};

struct broken time_break(int64_t us, int offset);
/* False where there is no such date. */
bool time_join(const struct broken *broken, int offset, int64_t *ret_us);
/* ISO 8601 and its kin; without an offset it is UTC. */
bool time_parse(const char *s, int64_t *ret_us, int *ret_offset);
/* By a format of strftime; and read by one (strptime). */
void time_format(int64_t us, int offset, const char *format, struct text *text);
bool time_scan(const char *s, const char *format, int64_t *ret_us, int *ret_offset);

#endif
