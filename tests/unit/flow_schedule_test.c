/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Timers over two decades of clock changes, against the C library's own idea of each zone: it reads
 * the same files by other code.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "flow/civil.h"
#include "flow/schedule.h"
#include "flow/zone.h"

#include "suite.h"

#include <time.h>

CLEANUP_DEFINE(struct schedule *, schedule_free);
CLEANUP_DEFINE(struct zone *, zone_free);

#define Y2020 ((int64_t)1577836800)
#define Y2041 ((int64_t)2240524800)

static const char *const zones[] = {
        "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago",
        "Asia/Tokyo",       "Europe/Dublin", "Africa/Casablanca",   "Pacific/Apia",
        "Asia/Kathmandu",   "UTC",
};

static int64_t at(const char *text)
{
        int64_t ms;

        ck_assert_msg(clock_parse(text, &ms) == 0, "%s", text);
        return ms;
}

static struct schedule *timer(const char *type, const char *parameters)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *value = json_loads(parameters, 0, NULL);
        struct schedule *schedule = NULL;

        ck_assert_msg(value != NULL, "%s", parameters);
        ck_assert_msg(schedule_compile(type, value, &schedule, &fault) == 0, "%s: %s", parameters,
                      fault.what);
        return schedule;
}

static void use_zone(const char *name)
{
        setenv("TZ", name, 1);
        tzset();
}

static struct tm local(int64_t unix_s)
{
        time_t t = (time_t)unix_s;
        struct tm tm;

        localtime_r(&t, &tm);
        return tm;
}

/* ---- intervals and dates ---- */

START_TEST(intervals_keep_the_beat)
{
        _cleanup_(schedule_freep) struct schedule *s =
                timer("core.st2.IntervalTimer", "{\"unit\": \"minutes\", \"delta\": 5}");

        ck_assert_int_eq(schedule_next(s, 0, 0), 300000);
        ck_assert_int_eq(schedule_next(s, 0, 299999), 300000);
        ck_assert_int_eq(schedule_next(s, 0, 300000), 600000);
        ck_assert_int_eq(schedule_next(s, 1000, 300000), 301000);
        ck_assert_int_eq(schedule_next(s, 1000, 301000), 601000);
        ck_assert_int_eq(schedule_next(s, 5000, 0), 5000);
        /* a restart at any moment keeps it */
        for (int64_t now = 1700000000000; now < 1700000000000 + 900000; now += 77777)
                ck_assert_int_eq((schedule_next(s, 1234, now) - 1234) % 300000, 0);
}
END_TEST

static const struct {
        const char *unit;
        int64_t ms;
} units[] = {
        { "weeks", 604800000 }, { "days", 86400000 }, { "hours", 3600000 },
        { "minutes", 60000 },   { "seconds", 1000 },
};

START_TEST(intervals_know_their_units)
{
        char parameters[80];

        snprintf(parameters, sizeof parameters,
                 "{\"unit\": \"%s\", \"delta\": 3, \"timezone\": null}", units[_i].unit);
        schedule_free(timer("core.st2.IntervalTimer", parameters));
        snprintf(parameters, sizeof parameters, "{\"unit\": \"%s\", \"delta\": \"3\"}",
                 units[_i].unit);
        {
                _cleanup_(schedule_freep) struct schedule *s =
                        timer("core.st2.IntervalTimer", parameters);

                ck_assert_int_eq(schedule_next(s, 0, 0), 3 * units[_i].ms);
        }
}
END_TEST

static const struct {
        const char *parameters, *at;
} dates[] = {
        { "{\"date\": \"2026-11-22T06:54:52Z\"}", "2026-11-22T06:54:52Z" },
        { "{\"date\": \"2026-11-22T06:54:52\"}", "2026-11-22T06:54:52Z" },
        { "{\"date\": \"2026-11-22T06:54:52.250\", \"timezone\": \"Asia/Tokyo\"}",
          "2026-11-21T21:54:52.250Z" },
        { "{\"date\": \"2026-11-22 06:54:52\", \"timezone\": \"America/New_York\"}",
          "2026-11-22T11:54:52Z" },
        /* an offset says more than the zone */
        { "{\"date\": \"2026-11-22T06:54:52+09:00\", \"timezone\": \"America/New_York\"}",
          "2026-11-21T21:54:52Z" },
        { "{\"date\": \"2026-11-22T06:54:52-0500\"}", "2026-11-22T11:54:52Z" },
        /* skipped: the first moment after; twice: the first */
        { "{\"date\": \"2026-03-29T02:30:00\", \"timezone\": \"Europe/Berlin\"}",
          "2026-03-29T01:00:00Z" },
        { "{\"date\": \"2026-10-25T02:30:00\", \"timezone\": \"Europe/Berlin\"}",
          "2026-10-25T00:30:00Z" },
};

START_TEST(dates_come_once)
{
        _cleanup_(schedule_freep) struct schedule *s =
                timer("core.st2.DateTimer", dates[_i].parameters);
        int64_t ms = at(dates[_i].at);

        ck_assert_int_eq(schedule_next(s, 0, 0), ms);
        ck_assert_int_eq(schedule_next(s, 0, ms - 1), ms);
        ck_assert_int_eq(schedule_next(s, 0, ms), INT64_MAX);
}
END_TEST

/* ---- cron ---- */

static const struct {
        const char *parameters, *after, *next;          /* next NULL: never */
} crons[] = {
        { "{\"hour\": 8}", "2026-11-22T07:59:59Z", "2026-11-22T08:00:00Z" },
        { "{\"hour\": 8}", "2026-11-22T08:00:00Z", "2026-11-23T08:00:00Z" },
        { "{\"hour\": \"8\", \"minute\": 30}", "2026-11-22T08:00:00Z", "2026-11-22T08:30:00Z" },
        /* smaller fields start at their least, larger ones are free */
        { "{\"minute\": \"*/15\"}", "2026-11-22T08:01:00Z", "2026-11-22T08:15:00Z" },
        { "{\"minute\": \"*/15\"}", "2026-11-22T08:45:00Z", "2026-11-22T09:00:00Z" },
        { "{\"second\": \"*\"}", "2026-11-22T08:45:00.500Z", "2026-11-22T08:45:01Z" },
        { "{\"second\": \"*/20\", \"minute\": \"59\", \"hour\": 23}", "2026-12-31T23:59:40Z",
          "2027-01-01T23:59:00Z" },
        { "{\"day\": 15}", "2026-11-22T00:00:00Z", "2026-12-15T00:00:00Z" },
        { "{\"month\": 2}", "2026-11-22T00:00:00Z", "2027-02-01T00:00:00Z" },
        { "{\"month\": \"feb\", \"day\": 29}", "2026-11-22T00:00:00Z", "2028-02-29T00:00:00Z" },
        { "{\"month\": 2, \"day\": 29}", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z" },
        { "{\"month\": 2, \"day\": 30}", "2026-11-22T00:00:00Z", NULL },
        { "{\"year\": 2026}", "2025-11-22T00:00:00Z", "2026-01-01T00:00:00Z" },
        { "{\"year\": 2026}", "2026-01-01T00:00:00Z", NULL },
        { "{\"year\": \"2030-2040/5\"}", "2031-01-01T00:00:00Z", "2035-01-01T00:00:00Z" },
        { "{\"day\": \"last\"}", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z" },
        { "{\"day\": \"last\"}", "2028-02-01T00:00:00Z", "2028-02-29T00:00:00Z" },
        { "{\"day\": \"LAST\"}", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z" },
        { "{\"day\": \"2nd mon\"}", "2026-11-01T00:00:00Z", "2026-11-09T00:00:00Z" },
        { "{\"day\": \"last fri\"}", "2026-11-01T00:00:00Z", "2026-11-27T00:00:00Z" },
        { "{\"day\": \"5th sun\"}", "2026-10-01T00:00:00Z", "2026-11-29T00:00:00Z" },
        { "{\"day\": \"1st thu, 20\"}", "2026-10-02T00:00:00Z", "2026-10-20T00:00:00Z" },
        { "{\"day\": \"1,last\"}", "2026-11-02T00:00:00Z", "2026-11-30T00:00:00Z" },
        /* Monday is 0 */
        { "{\"day_of_week\": 0}", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z" },
        { "{\"day_of_week\": \"sun\"}", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z" },
        { "{\"day_of_week\": \"mon-fri\", \"hour\": 9}", "2026-11-20T09:00:00Z",
          "2026-11-23T09:00:00Z" },
        { "{\"day_of_week\": \"mon,WED\", \"hour\": 9}", "2026-11-23T09:00:00Z",
          "2026-11-25T09:00:00Z" },
        { "{\"day_of_week\": \"2,3\", \"hour\": 8, \"minute\": 0, \"second\": 0}",
          "2026-11-22T00:00:00Z", "2026-11-25T08:00:00Z" },
        { "{\"day_of_week\": \"*\", \"hour\": 1, \"minute\": 0, \"second\": 0, \"timezone\": "
          "\"UTC\"}",
          "2026-11-22T00:00:00Z", "2026-11-22T01:00:00Z" },
        { "{\"month\": \"jan-mar\"}", "2026-02-02T00:00:00Z", "2026-03-01T00:00:00Z" },
        { "{\"hour\": \"8-18/5\"}", "2026-11-22T08:00:00Z", "2026-11-22T13:00:00Z" },
        { "{\"hour\": \"20/2\"}", "2026-11-22T20:00:00Z", "2026-11-22T22:00:00Z" },
        { "{\"month\": \"*/5\"}", "2026-01-02T00:00:00Z", "2026-06-01T00:00:00Z" },
        /* ISO weeks: the first of 2027 begins on January 4 */
        { "{\"week\": 1, \"day_of_week\": \"mon\"}", "2026-11-22T00:00:00Z",
          "2027-01-04T00:00:00Z" },
        { "{\"week\": 53}", "2021-01-04T00:00:00Z", "2026-12-28T00:00:00Z" },
        { "{\"hour\": \" 8 , 9 \"}", "2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z" },
        /* zones */
        { "{\"hour\": 9, \"timezone\": \"Asia/Tokyo\"}", "2026-11-22T00:00:00Z",
          "2026-11-23T00:00:00Z" },
        { "{\"hour\": 9, \"timezone\": \"Europe/London\"}", "2026-07-01T00:00:00Z",
          "2026-07-01T08:00:00Z" },
        { "{\"hour\": 9, \"timezone\": \"US/Pacific\"}", "2026-07-01T00:00:00Z",
          "2026-07-01T16:00:00Z" },
        { "{\"hour\": 2, \"minute\": 30, \"timezone\": \"Europe/Berlin\"}", "2026-03-28T12:00:00Z",
          "2026-03-29T01:00:00Z" },
        { "{\"hour\": 2, \"minute\": 30, \"timezone\": \"Europe/Berlin\"}", "2026-03-29T01:00:00Z",
          "2026-03-30T00:30:00Z" },
        { "{\"hour\": 2, \"minute\": 30, \"timezone\": \"Europe/Berlin\"}", "2026-10-24T12:00:00Z",
          "2026-10-25T00:30:00Z" },
        { "{\"hour\": 2, \"minute\": 30, \"timezone\": \"Europe/Berlin\"}", "2026-10-25T00:30:00Z",
          "2026-10-26T01:30:00Z" },
        { "{\"minute\": \"*/20\", \"timezone\": \"Europe/Berlin\"}", "2026-10-25T00:40:00Z",
          "2026-10-25T02:00:00Z" },
};

START_TEST(crons_find_the_next)
{
        _cleanup_(schedule_freep) struct schedule *s =
                timer("core.st2.CronTimer", crons[_i].parameters);
        int64_t next = schedule_next(s, 0, at(crons[_i].after));
        char text[CLOCK_TEXT_SIZE];

        if (!crons[_i].next)
                ck_assert_int_eq(next, INT64_MAX);
        else
                ck_assert_msg(next == at(crons[_i].next), "%s after %s: %s", crons[_i].parameters,
                              crons[_i].after, clock_text(next, text));
}
END_TEST

/* One slot of a daily timer: at its time, or at the jump over it. */
static void check_slot(int64_t slot_s, int minute_of_day)
{
        struct tm now = local(slot_s), before = local(slot_s - 1);
        int shown = now.tm_hour * 60 + now.tm_min, last = before.tm_hour * 60 + before.tm_min;

        if (shown == minute_of_day && now.tm_sec == 0)
                return;
        /* a jump: the clock was before the time (or on the day before) and is behind it now */
        ck_assert_msg(now.tm_gmtoff > before.tm_gmtoff && shown > minute_of_day &&
                              (last < minute_of_day || before.tm_yday != now.tm_yday),
                      "%lld shows %02d:%02d", (long long)slot_s, now.tm_hour, now.tm_min);
}

START_TEST(daily_timers_fire_once_a_day)
{
        static const int minutes[] = { 0, 90, 150, 180 };

        use_zone(zones[_i]);
        for (size_t m = 0; m < sizeof minutes / sizeof *minutes; m++) {
                char parameters[120];
                int64_t slot = Y2020 * 1000, before = 0;
                int days = 0;

                snprintf(parameters, sizeof parameters,
                         "{\"hour\": %d, \"minute\": %d, \"timezone\": \"%s\"}", minutes[m] / 60,
                         minutes[m] % 60, zones[_i]);
                _cleanup_(schedule_freep) struct schedule *s =
                        timer("core.st2.CronTimer", parameters);
                for (;;) {
                        struct tm tm;
                        int64_t day;

                        slot = schedule_next(s, 0, slot);
                        if (slot >= Y2041 * 1000)
                                break;
                        ck_assert_int_eq(slot % 1000, 0);
                        check_slot(slot / 1000, minutes[m]);
                        tm = local(slot / 1000);
                        day = civil_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
                        ck_assert(!days || day == before + 1);
                        before = day;
                        days++;
                }
                ck_assert_int_ge(days, (Y2041 - Y2020) / 86400 - 1);
        }
}
END_TEST

START_TEST(zones_agree_with_the_library)
{
        _cleanup_(zone_freep) struct zone *zone = NULL;

        ck_assert_int_eq(zone_open(zones[_i], &zone, NULL), 0);
        use_zone(zones[_i]);
        for (int64_t t = -((int64_t)1 << 31); t < (int64_t)1 << 33; t += 345679) {
                struct tm tm = local(t);
                int64_t shown = zone_to_local(zone, t), back;

                ck_assert_msg(shown == t + tm.tm_gmtoff, "%s at %lld: %lld, %ld", zones[_i],
                              (long long)t, (long long)(shown - t), tm.tm_gmtoff);
                /* the first moment that shows the same */
                back = zone_to_unix(zone, shown);
                ck_assert(back <= t && zone_to_local(zone, back) == shown);
        }
}
END_TEST

START_TEST(zones_are_refused_with_a_way_out)
{
        static const char *const bad[] = {
                "Mars/Olympus", "../../../etc/passwd", "/etc/passwd",    "", "Europe/", "Europe",
                "a//b",         "tzdata.zi",           "Europe/Berlin\n"
        };

        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                _fault_ struct fault fault = FAULT_INIT;
                struct zone *zone = NULL;

                ck_assert_msg(zone_open(bad[i], &zone, &fault) == FAULT, "%s", bad[i]);
                ck_assert_int_eq(fault.status, 422);
                ck_assert_str_eq(fault.code, "timer.zone");
        }
}
END_TEST

START_TEST(without_tzdata_there_is_utc)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct zone *zone = NULL;

        setenv("TZDIR", "/nonexistent/zoneinfo", 1);
        ck_assert_int_eq(zone_open("UTC", &zone, &fault), 0);
        ck_assert_int_eq(zone_to_unix(zone, 12345), 12345);
        zone = zone_free(zone);
        ck_assert_int_eq(zone_open("Asia/Tokyo", &zone, &fault), FAULT);
        ck_assert_ptr_nonnull(strstr(fault.remedy, "tzdata"));
}
END_TEST

static const struct {
        const char *type, *parameters, *told;
} wrong[] = {
        { "core.st2.Timer", "{}", "not a timer" },
        { "core.st2.IntervalTimer", "{}", "unit is missing" },
        { "core.st2.IntervalTimer", "{\"unit\": \"minute\", \"delta\": 1}", "\"minutes\"" },
        { "core.st2.IntervalTimer", "{\"unit\": \"hours\"}", "delta" },
        { "core.st2.IntervalTimer", "{\"unit\": \"hours\", \"delta\": 0}", "delta" },
        { "core.st2.IntervalTimer", "{\"unit\": \"hours\", \"delta\": 1.5}", "delta" },
        { "core.st2.IntervalTimer", "{\"unit\": \"weeks\", \"delta\": 999999999999}", "delta" },
        { "core.st2.IntervalTimer", "{\"units\": \"hours\", \"delta\": 1}", "\"unit\"" },
        { "core.st2.IntervalTimer", "{\"unit\": \"hours\", \"delta\": 1, \"timezone\": 5}",
          "timezone" },
        { "core.st2.DateTimer", "{}", "date is missing" },
        { "core.st2.DateTimer", "{\"date\": \"tomorrow\"}", "\"tomorrow\"" },
        { "core.st2.DateTimer", "{\"date\": \"2026-02-30T00:00:00Z\"}", "2026-02-30" },
        { "core.st2.DateTimer", "{\"date\": \"2026-02-03T00:00:00\", \"timezone\": \"Nowhere\"}",
          "Nowhere" },
        { "core.st2.CronTimer", "{}", "at least one" },
        { "core.st2.CronTimer", "{\"hour\": 24}", "out of range" },
        { "core.st2.CronTimer", "{\"hour\": -1}", "hour \"-1\"" },
        { "core.st2.CronTimer", "{\"hour\": \"8-\"}", "after the dash" },
        { "core.st2.CronTimer", "{\"hour\": \"18-8\"}", "ends before it starts" },
        { "core.st2.CronTimer", "{\"hour\": \"*/0\"}", "step" },
        { "core.st2.CronTimer", "{\"hour\": \"8,\"}", "not a number" },
        { "core.st2.CronTimer", "{\"hour\": \"8 9\"}", "behind its end" },
        { "core.st2.CronTimer", "{\"hour\": \"\"}", "not a number" },
        { "core.st2.CronTimer", "{\"hour\": [8]}", "number or text" },
        { "core.st2.CronTimer", "{\"hours\": 8}", "\"hour\"" },
        { "core.st2.CronTimer", "{\"day_of_week\": 7}", "out of range" },
        { "core.st2.CronTimer", "{\"day_of_week\": \"monday\"}", "not a number" },
        { "core.st2.CronTimer", "{\"day\": \"6th mon\"}", "day \"6th mon\"" },
        { "core.st2.CronTimer", "{\"day\": \"2nd foo\"}", "day \"2nd foo\"" },
        { "core.st2.CronTimer", "{\"month\": \"janu\"}", "month" },
        { "core.st2.CronTimer", "{\"year\": 1969}", "out of range" },
        { "core.st2.CronTimer", "{\"second\": \"99999999999999999999\"}", "second" },
};

START_TEST(refuses_with_the_field)
{
        _json_ json_t *parameters = json_loads(wrong[_i].parameters, 0, NULL);
        _fault_ struct fault fault = FAULT_INIT;
        struct schedule *schedule = NULL;
        char all[600];

        ck_assert_ptr_nonnull(parameters);
        ck_assert_int_eq(schedule_compile(wrong[_i].type, parameters, &schedule, &fault), FAULT);
        ck_assert_ptr_null(schedule);
        ck_assert_int_eq(fault.status, 422);
        snprintf(all, sizeof all, "%s | %s", fault.what, fault.remedy ? fault.remedy : "");
        ck_assert_msg(strstr(all, wrong[_i].told), "%s: %s", wrong[_i].parameters, all);
}
END_TEST

int main(void)
{
        if (access("/usr/share/zoneinfo/Asia/Tokyo", R_OK) < 0) {
                printf("skip: tzdata absent\n");
                return SUITE_SKIPPED;
        }
        return SUITE("flow/schedule", ONCE(intervals_keep_the_beat),
                     EACH(intervals_know_their_units, units), EACH(dates_come_once, dates),
                     EACH(crons_find_the_next, crons), EACH(daily_timers_fire_once_a_day, zones),
                     EACH(zones_agree_with_the_library, zones),
                     ONCE(zones_are_refused_with_a_way_out), ONCE(without_tzdata_there_is_utc),
                     EACH(refuses_with_the_field, wrong));
}
