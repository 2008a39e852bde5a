/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/schedule.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "flow/cron.h"
#include "flow/zone.h"

#include <errno.h>
#include <string.h>

/* A hundred years: beyond is a mistake, and sums of it stay far from the end of 64 bits. */
#define LENGTH_MAX_S ((int64_t)36525 * 86400)
/* Two clock changes cannot hide more wall-clock times than these from a timer. */
#define TRIES_MAX (2 * 26 * 3600)

enum kind { INTERVAL, CRON, DATE };

struct schedule {
        enum kind kind;
        int64_t length_ms;
        int64_t at_ms;
        struct cron *cron;
        struct zone *zone;
};

static const char *const units[] = { "weeks", "days", "hours", "minutes", "seconds", NULL };
static const int64_t unit_s[] = { 7 * 86400, 86400, 3600, 60, 1 };

static int refuse_key(const char *type, const char *key, const char *const *known,
                      struct fault *fault)
{
        const char *nearest = text_nearest(key, known);

        fault_set(fault, 422, "timer.invalid", "%s has no parameter \"%.80s\"", type, key);
        return nearest ? fault_try(fault, "did you mean \"%s\"?", nearest)
                : fault_try(fault, "it has %s, %s, …", known[0], known[1]);
}

static int check_keys(const char *type, const json_t *parameters, const char *const *known,
                      struct fault *fault)
{
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)parameters, key, value) {
                size_t i = 0;

                while (known[i] && strcmp(known[i], key) != 0)
                        i++;
                if (!known[i])
                        return refuse_key(type, key, known, fault);
        }
        return 0;
}

static int read_unit(const json_t *parameters, int64_t *ret_s, struct fault *fault)
{
        const char *unit = json_text_of(parameters, "unit", NULL), *nearest;

        for (size_t i = 0; unit && units[i]; i++) {
                if (strcmp(unit, units[i]) == 0) {
                        *ret_s = unit_s[i];
                        return 0;
                }
        }
        nearest = unit ? text_nearest(unit, units) : NULL;
        fault_set(fault, 422, "timer.invalid", unit ? "unit \"%.80s\" is not known"
                  : "unit is missing", unit);
        return nearest ? fault_try(fault, "did you mean \"%s\"?", nearest)
                : fault_try(fault, "write weeks, days, hours, minutes or seconds");
}

static int compile_interval(struct schedule *schedule, const json_t *parameters,
                            struct fault *fault)
{
        const json_t *delta = json_object_get(parameters, "delta");
        int64_t n = 0, length_s = 0;
        int r = read_unit(parameters, &length_s, fault);

        if (r)
                return r;
        if (json_is_integer(delta))
                n = json_integer_value(delta);
        else
                text_to_int(json_string_value(delta), 1, LENGTH_MAX_S, &n);
        if (n < 1 || n > LENGTH_MAX_S / length_s)
                return fault_set(fault, 422, "timer.invalid", "delta must be a whole number from 1 "
                                 "to %lld", (long long)(LENGTH_MAX_S / length_s));
        schedule->length_ms = n * length_s * 1000;
        return 0;
}

/* Does the text say by itself how far from UTC it is? */
static bool has_offset(const char *s)
{
        const char *time = strpbrk(s, "Tt ");

        return !time || strpbrk(time + 1, "Zz+-");
}

static int compile_date(struct schedule *schedule, const json_t *parameters, struct fault *fault)
{
        const char *date = json_text_of(parameters, "date", NULL);
        int64_t ms, s;

        if (!date || clock_parse(date, &ms) < 0) {
                fault_set(fault, 422, "timer.invalid", date ? "date \"%.80s\" is not a time"
                          : "date is missing", date);
                return fault_try(fault, "write for instance 2026-12-31T23:30:00+09:00");
        }
        schedule->at_ms = ms;
        if (has_offset(date))
                return 0;
        s = ms / 1000 - (ms % 1000 < 0);
        schedule->at_ms = zone_to_unix(schedule->zone, s) * 1000 + (ms - s * 1000);
        return 0;
}

static int compile_parameters(struct schedule *schedule, const char *type, const json_t *parameters,
                              struct fault *fault)
{
        static const char *const interval[] = { "unit", "delta", "timezone", NULL };
        static const char *const date[] = { "date", "timezone", NULL };
        static const char *const cron[] = { "year", "month", "day", "week", "day_of_week", "hour",
                                            "minute", "second", "timezone", NULL };
        const json_t *zone = json_object_get(parameters, "timezone");
        int r = check_keys(type, parameters, schedule->kind == INTERVAL ? interval
                           : schedule->kind == DATE ? date : cron, fault);

        if (r)
                return r;
        if (zone && !json_is_null(zone) && !json_is_string(zone))
                return fault_set(fault, 422, "timer.invalid", "timezone must be text such as "
                                 "Asia/Tokyo");
        r = zone_open(json_is_string(zone) ? json_string_value(zone) : "UTC", &schedule->zone,
                      fault);
        if (r)
                return r;
        return schedule->kind == INTERVAL ? compile_interval(schedule, parameters, fault)
                : schedule->kind == DATE ? compile_date(schedule, parameters, fault)
                : cron_compile(parameters, &schedule->cron, fault);
}

int schedule_compile(const char *trigger_type, const json_t *parameters, struct schedule **ret,
                     struct fault *fault)
{
        static const char *const types[] = { [INTERVAL] = "core.st2.IntervalTimer",
                                             [CRON] = "core.st2.CronTimer",
                                             [DATE] = "core.st2.DateTimer", NULL };
        struct schedule *schedule;
        int kind = 0, r;

        while (types[kind] && strcmp(types[kind], trigger_type) != 0)
                kind++;
        if (!types[kind]) {
                fault_set(fault, 422, "timer.invalid", "\"%.80s\" is not a timer", trigger_type);
                return fault_try(fault, "use %s, %s or %s", types[0], types[1], types[2]);
        }
        schedule = calloc(1, sizeof *schedule);
        if (!schedule)
                return -ENOMEM;
        schedule->kind = (enum kind)kind;
        r = compile_parameters(schedule, trigger_type, parameters, fault);
        if (r) {
                schedule_free(schedule);
                return r;
        }
        *ret = schedule;
        return 0;
}

struct schedule *schedule_free(struct schedule *schedule)
{
        if (!schedule)
                return NULL;
        cron_free(schedule->cron);
        zone_free(schedule->zone);
        free(schedule);
        return NULL;
}

static int64_t next_interval(const struct schedule *schedule, int64_t start_ms, int64_t after_ms)
{
        int64_t passed = after_ms - start_ms;

        if (passed < 0)
                return start_ms;
        return start_ms + (passed / schedule->length_ms + 1) * schedule->length_ms;
}

/*
 * Wall-clock times map to moments in order, though not one to one: all that a gap skips are the
 * moment of the jump, and those of a repeated hour are in its first round. So the candidates are
 * tried from what the clocks show at after_ms, until one lies behind it.
 */
static int64_t next_cron(const struct schedule *schedule, int64_t after_ms)
{
        int64_t after_s = after_ms / 1000 - (after_ms % 1000 < 0);
        int64_t local = zone_to_local(schedule->zone, after_s), at;

        for (int i = 0; i < TRIES_MAX; i++) {
                if (!cron_next(schedule->cron, local, &local))
                        return INT64_MAX;
                at = zone_to_unix(schedule->zone, local);
                if (at > after_s)
                        return at * 1000;
                local++;
        }
        return INT64_MAX;
}

/*
 * From the first year of cron's calendar on: leap days and weekdays come round within 28 years, and
 * cron_next() looks a hundred years ahead.
 */
bool schedule_can_fire(const struct schedule *schedule)
{
        const int64_t century_s = (int64_t)36525 * 86400;
        int64_t local;

        return schedule->kind != CRON || cron_next(schedule->cron, 0, &local)
                || cron_next(schedule->cron, century_s, &local);
}

int64_t schedule_next(const struct schedule *schedule, int64_t start_ms, int64_t after_ms)
{
        switch (schedule->kind) {
        case INTERVAL:
                return next_interval(schedule, start_ms, after_ms);
        case DATE:
                return schedule->at_ms > after_ms ? schedule->at_ms : INT64_MAX;
        default:
                return next_cron(schedule, after_ms);
        }
}
