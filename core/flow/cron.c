/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A field is a list of terms, and a time fires when every field has a term for it. The search goes
 * from large to small: years, months and days that cannot be are skipped whole.
 */
#include "flow/cron.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "flow/civil.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TERMS_MAX 64
#define TEXT_MAX 512
#define YEARS_AHEAD 100

enum form { RANGE, LAST_DAY, NTH_WEEKDAY };

struct term {
        enum form form;
        int first, last, step;
        int nth, weekday;               /* 1 to 5, 6 for the last */
};

struct field {
        struct term terms[TERMS_MAX];
        size_t n;
};

struct cron {
        struct field fields[CRON_FIELDS];
};

static const char *const weekdays[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL };
static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
                                      "oct", "nov", "dec", NULL };
static const char *const positions[] = { "1st", "2nd", "3rd", "4th", "5th", "last", NULL };

static const struct {
        const char *name, *standard, *example;
        int min, max;
} specs[CRON_FIELDS] = {
        [CRON_YEAR] = { "year", "*", "2026, 2026-2030 or *", 1970, 9999 },
        [CRON_MONTH] = { "month", "1", "1, jan, 1-6 or */3", 1, 12 },
        [CRON_DAY] = { "day", "1", "1, 1-15, */2, last or 2nd mon", 1, 31 },
        [CRON_WEEK] = { "week", "*", "1, 1-10 or */2", 1, 53 },
        [CRON_WEEKDAY] = { "day_of_week", "*", "0 (Monday), mon, mon-fri or mon,wed", 0, 6 },
        [CRON_HOUR] = { "hour", "0", "8, 8-18, */2 or 8,20", 0, 23 },
        [CRON_MINUTE] = { "minute", "0", "0, */15 or 0,30", 0, 59 },
        [CRON_SECOND] = { "second", "0", "0, */15 or 0,30", 0, 59 },
};

static int wrong(enum cron_field field, const char *value, const char *what, struct fault *fault)
{
        fault_set(fault, 422, "timer.invalid", "%s \"%.80s\": %s", specs[field].name, value, what);
        return fault_try(fault, "write for instance %s", specs[field].example);
}

static bool take(const char **s, char c)
{
        if (**s != c)
                return false;
        (*s)++;
        return true;
}

static bool take_number(const char **s, int *ret)
{
        int n = 0;

        if (!isdigit((unsigned char)**s))
                return false;
        for (; isdigit((unsigned char)**s); (*s)++) {
                n = n * 10 + (**s - '0');
                if (n > 100000)
                        return false;
        }
        *ret = n;
        return true;
}

/* The place of the word at *s in names, or -1. */
static int take_word(const char **s, const char *const *names)
{
        size_t len = 0;

        while (isalnum((unsigned char)(*s)[len]))
                len++;
        for (int i = 0; names[i]; i++) {
                if (strlen(names[i]) != len || strncasecmp(*s, names[i], len) != 0)
                        continue;
                *s += len;
                return i;
        }
        return -1;
}

static bool take_value(enum cron_field field, const char **s, int *ret)
{
        int i;

        if (isdigit((unsigned char)**s))
                return take_number(s, ret);
        i = field == CRON_WEEKDAY ? take_word(s, weekdays) : field == CRON_MONTH
                ? take_word(s, months) : -1;
        *ret = i + (field == CRON_MONTH);
        return i >= 0;
}

/* "2nd mon", "last fri", "last": only days have these. */
static bool take_position(const char **s, struct term *term)
{
        const char *at = *s;
        int nth = take_word(&at, positions), weekday;

        if (nth < 0)
                return false;
        *term = (struct term){ .form = NTH_WEEKDAY, .nth = nth + 1 };
        if (nth == 5 && *at != ' ') {
                term->form = LAST_DAY;
                *s = at;
                return true;
        }
        at += strspn(at, " ");
        weekday = at > *s ? take_word(&at, weekdays) : -1;
        term->weekday = weekday;
        *s = at;
        return weekday >= 0;
}

/* * or a or a-b, then /s or nothing; "a/s" runs to the end of the field. */
static const char *take_range(enum cron_field field, const char **s, struct term *term)
{
        bool all = take(s, '*'), ranged = all;

        *term = (struct term){ .form = RANGE, .first = specs[field].min, .last = specs[field].max,
                               .step = 1 };
        if (!all && !take_value(field, s, &term->first))
                return "is not a number, a name, * or a range";
        if (!all && take(s, '-')) {
                ranged = true;
                if (!take_value(field, s, &term->last))
                        return "has no end after the dash";
        }
        if (take(s, '/')) {
                ranged = true;
                if (!take_number(s, &term->step) || !term->step)
                        return "has no step, 1 or more, after the slash";
        }
        if (!ranged)
                term->last = term->first;
        if (term->first < specs[field].min || term->last > specs[field].max)
                return "is out of range";
        return term->first > term->last ? "ends before it starts" : NULL;
}

static const char *read_term(enum cron_field field, const char **s, struct term *term)
{
        *s += strspn(*s, " ");
        if (field == CRON_DAY && isalnum((unsigned char)**s) && take_position(s, term)) {
                *s += strspn(*s, " ");
                return NULL;
        }
        return take_range(field, s, term);
}

static int read_field(struct cron *cron, enum cron_field field, const char *value,
                      struct fault *fault)
{
        struct field *f = &cron->fields[field];
        const char *s = value, *problem;

        if (strlen(value) > TEXT_MAX)
                return wrong(field, value, "is longer than 512 characters", fault);
        do {
                if (f->n == TERMS_MAX)
                        return wrong(field, value, "has more than 64 parts", fault);
                problem = read_term(field, &s, &f->terms[f->n++]);
                s += problem ? 0 : strspn(s, " ");
        } while (!problem && take(&s, ','));
        if (!problem && *s)
                problem = "has something behind its end";
        return problem ? wrong(field, value, problem, fault) : 0;
}

static int read_parameter(struct cron *cron, enum cron_field field, const json_t *value,
                          struct fault *fault)
{
        char number[24];

        if (json_is_string(value))
                return read_field(cron, field, json_string_value(value), fault);
        if (!json_is_integer(value)) {
                fault_set(fault, 422, "timer.invalid", "%s must be a number or text",
                          specs[field].name);
                return fault_try(fault, "write for instance %s", specs[field].example);
        }
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return read_field(cron, field, number, fault);
}

/* The smallest field that was given, or -1. */
static int smallest_given(const json_t *parameters)
{
        int smallest = -1;

        for (int i = 0; i < CRON_FIELDS; i++) {
                const json_t *value = json_object_get(parameters, specs[i].name);

                if (value && !json_is_null(value))
                        smallest = i;
        }
        return smallest;
}

/* Fields larger than the smallest given one are free, smaller ones are at their start. */
static int read_fields(struct cron *cron, const json_t *parameters, struct fault *fault)
{
        int smallest = smallest_given(parameters), r = 0;

        if (smallest < 0) {
                fault_set(fault, 422, "timer.invalid", "a cron timer needs at least one of year, "
                          "month, day, week, day_of_week, hour, minute, second");
                return fault_try(fault, "for every second, say so: second: \"*\"");
        }
        for (int i = 0; i < CRON_FIELDS && !r; i++) {
                const json_t *value = json_object_get(parameters, specs[i].name);

                if (value && !json_is_null(value))
                        r = read_parameter(cron, (enum cron_field)i, value, fault);
                else
                        r = read_field(cron, (enum cron_field)i, i < smallest ? "*"
                                       : specs[i].standard, fault);
        }
        return r;
}

int cron_compile(const json_t *parameters, struct cron **ret, struct fault *fault)
{
        struct cron *cron = calloc(1, sizeof *cron);
        int r = cron ? read_fields(cron, parameters, fault) : -ENOMEM;

        if (r) {
                cron_free(cron);
                return r;
        }
        *ret = cron;
        return 0;
}

struct cron *cron_free(struct cron *cron)
{
        free(cron);
        return NULL;
}

static bool has(const struct field *field, int64_t value)
{
        for (size_t i = 0; i < field->n; i++) {
                const struct term *t = &field->terms[i];

                if (t->form == RANGE && value >= t->first && value <= t->last &&
                    (value - t->first) % t->step == 0)
                        return true;
        }
        return false;
}

/* The day of the month on which the term falls, or 0 when this month has none. */
static int special_day(const struct term *term, int64_t first, int length)
{
        int day = 1 + (term->weekday - civil_weekday(first) + 7) % 7;

        if (term->form == LAST_DAY)
                return length;
        day += term->nth < 6 ? (term->nth - 1) * 7 : (length - day) / 7 * 7;
        return day <= length ? day : 0;
}

static bool has_day(const struct field *field, struct civil date, int64_t days)
{
        int length = civil_month_length(date.year, date.month);

        for (size_t i = 0; i < field->n; i++)
                if (field->terms[i].form != RANGE &&
                    special_day(&field->terms[i], days - date.day + 1, length) == date.day)
                        return true;
        return has(field, date.day);
}

static bool is_day(const struct cron *cron, struct civil date, int64_t days)
{
        return has_day(&cron->fields[CRON_DAY], date, days) &&
                has(&cron->fields[CRON_WEEK], civil_week(days)) &&
                has(&cron->fields[CRON_WEEKDAY], civil_weekday(days));
}

/* The first matching second of a day at or after second; -1 when the day has none left. */
static int second_of_day(const struct cron *cron, int second)
{
        int hour = second / 3600, minute = second / 60 % 60;

        for (second %= 60; hour < 24; hour++, minute = second = 0) {
                if (!has(&cron->fields[CRON_HOUR], hour))
                        continue;
                for (; minute < 60; minute++, second = 0) {
                        if (!has(&cron->fields[CRON_MINUTE], minute))
                                continue;
                        for (; second < 60; second++)
                                if (has(&cron->fields[CRON_SECOND], second))
                                        return hour * 3600 + minute * 60 + second;
                }
        }
        return -1;
}

bool cron_next(const struct cron *cron, int64_t local_s, int64_t *ret)
{
        int64_t days = floor_div(local_s, DAY_S), second = local_s - days * DAY_S;
        int64_t end = civil_of(days).year + YEARS_AHEAD;

        for (;; second = 0) {
                struct civil date = civil_of(days);

                if (date.year > end)
                        return false;
                if (!has(&cron->fields[CRON_YEAR], date.year)) {
                        days = civil_days(date.year + 1, 1, 1);
                } else if (!has(&cron->fields[CRON_MONTH], date.month)) {
                        days += civil_month_length(date.year, date.month) - date.day + 1;
                } else {
                        int found = is_day(cron, date, days)
                                ? second_of_day(cron, (int)second) : -1;

                        if (found >= 0) {
                                *ret = days * DAY_S + found;
                                return true;
                        }
                        days++;
                }
        }
}
