/* SPDX-License-Identifier: Apache-2.0 */

/* POSIX's TZ rules, "CET-1CEST,M3.5.0,M10.5.0/3": the footer of a TZif file. */

#ifndef FLOW_ZONE_RULE_H
#define FLOW_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct zone_day {
        char form;                      /* 'M' month.week.day, 'J' 1 to 365, '0' 0 to 365 */
        int month, week, day;
        int64_t seconds;                /* after local midnight; may be negative or days */
};

struct zone_rule {
        int64_t standard, summer;       /* seconds east of UTC */
        bool has_summer;
        struct zone_day start, end;     /* of summer */
};

bool zone_rule_parse(const char *s, struct zone_rule *ret);
/* The moments at which summer starts and ends in a year. */
int64_t zone_rule_start(const struct zone_rule *rule, int64_t year);
int64_t zone_rule_end(const struct zone_rule *rule, int64_t year);

#endif
