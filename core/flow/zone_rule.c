/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/zone_rule.h"

#include "flow/civil.h"

#include <ctype.h>
#include <string.h>

static bool take(const char **s, char c)
{
        if (**s != c)
                return false;
        (*s)++;
        return true;
}

static bool take_number(const char **s, int min, int max, int *ret)
{
        int n = 0;

        if (!isdigit((unsigned char)**s))
                return false;
        for (; isdigit((unsigned char)**s); (*s)++) {
                n = n * 10 + (**s - '0');
                if (n > max)
                        return false;
        }
        *ret = n;
        return n >= min;
}

/* Three letters or more, or anything in <>. */
static bool take_name(const char **s)
{
        const char *start = *s;

        if (take(s, '<')) {
                while (**s && **s != '>')
                        (*s)++;
                return take(s, '>');
        }
        while (isalpha((unsigned char)**s))
                (*s)++;
        return *s - start >= 3;
}

/* [+-]h[h][:mm[:ss]] */
static bool take_time(const char **s, int hours_max, int64_t *ret)
{
        int sign = **s == '-' ? -1 : 1, hours, minutes = 0, seconds = 0;

        if (**s == '-' || **s == '+')
                (*s)++;
        if (!take_number(s, 0, hours_max, &hours))
                return false;
        if (take(s, ':') && !take_number(s, 0, 59, &minutes))
                return false;
        if (take(s, ':') && !take_number(s, 0, 59, &seconds))
                return false;
        *ret = sign * ((int64_t)hours * 3600 + minutes * 60 + seconds);
        return true;
}

static bool take_day(const char **s, struct zone_day *day)
{
        bool good;

        day->form = **s == 'M' ? 'M' : **s == 'J' ? 'J' : '0';
        if (day->form != '0')
                (*s)++;
        if (day->form == 'M')
                good = take_number(s, 1, 12, &day->month) && take(s, '.') &&
                        take_number(s, 1, 5, &day->week) && take(s, '.') &&
                        take_number(s, 0, 6, &day->day);
        else
                good = take_number(s, day->form == 'J', 365, &day->day);
        day->seconds = 7200;
        return good && (!take(s, '/') || take_time(s, 167, &day->seconds));
}

bool zone_rule_parse(const char *s, struct zone_rule *ret)
{
        struct zone_rule rule = { 0 };

        if (!take_name(&s) || !take_time(&s, 24, &rule.standard))
                return false;
        /* POSIX counts west of Greenwich. */
        rule.standard = -rule.standard;
        rule.has_summer = *s != '\0';
        if (rule.has_summer) {
                if (!take_name(&s))
                        return false;
                rule.summer = -rule.standard - 3600;
                if (*s != ',' && !take_time(&s, 24, &rule.summer))
                        return false;
                rule.summer = -rule.summer;
                if (!take(&s, ',') || !take_day(&s, &rule.start) || !take(&s, ',') ||
                    !take_day(&s, &rule.end))
                        return false;
        }
        if (*s)
                return false;
        *ret = rule;
        return true;
}

/* The day number on which the rule's day falls. */
static int64_t day_in(const struct zone_day *day, int64_t year)
{
        int64_t first, found;
        bool leap = civil_month_length(year, 2) == 29;

        if (day->form == '0')
                return civil_days(year, 1, 1) + day->day;
        /* J60 is the first of March in every year. */
        if (day->form == 'J')
                return civil_days(year, 1, 1) + day->day - 1 + (leap && day->day >= 60);
        first = civil_days(year, day->month, 1);
        /* POSIX's day 0 is Sunday, ours is Monday. */
        found = first + ((day->day + 6) % 7 - civil_weekday(first) + 7) % 7 + 7 * (day->week - 1);
        while (found >= first + civil_month_length(year, day->month))
                found -= 7;
        return found;
}

int64_t zone_rule_start(const struct zone_rule *rule, int64_t year)
{
        return day_in(&rule->start, year) * DAY_S + rule->start.seconds - rule->standard;
}

int64_t zone_rule_end(const struct zone_rule *rule, int64_t year)
{
        return day_in(&rule->end, year) * DAY_S + rule->end.seconds - rule->summer;
}
