/* SPDX-License-Identifier: Apache-2.0 */

/* YAQL's datetime and timespan. */
#include "base/clock.h"
#include "expr/civil_time.h"
#include "expr/function.h"
#include "expr/moment.h"
#include "expr/value.h"

static int offset_of(const struct call *call, size_t i)
{
        const struct nature *nature = call->args[i] ? nature_of(&call->run->natures, call->args[i])
                : NULL;

        return nature ? (int)(nature->us / 1000000) : 0;
}

static json_t *no_date(struct call *call)
{
        return run_raise(call->run, "ValueError", "this is not a date");
}

static json_t *build(struct call *call)
{
        struct broken broken = {
                call_int(call, 0, 1), (int)call_int(call, 1, 1), (int)call_int(call, 2, 1),
                (int)call_int(call, 3, 0), (int)call_int(call, 4, 0), (int)call_int(call, 5, 0),
                (int)call_int(call, 6, 0), 0, 0
        };
        int offset = offset_of(call, 7);
        int64_t us;

        return time_join(&broken, offset, &us) ? moment_new(call->run, us, offset) : no_date(call);
}

static json_t *from_timestamp(struct call *call)
{
        double seconds = value_real(call->args[0]);

        return seconds > -6.3e10 && seconds < 2.6e11
                ? moment_new(call->run, (int64_t)(seconds * 1e6), offset_of(call, 1))
                : no_date(call);
}

static json_t *from_text(struct call *call)
{
        const char *format = call_text(call, 1);
        int64_t us;
        int offset;

        if (format ? !time_scan(call_text(call, 0), format, &us, &offset)
            : !time_parse(call_text(call, 0), &us, &offset))
                return run_raise(call->run, "ParserError", "Unknown string format: %s",
                                 call_text(call, 0));
        return moment_new(call->run, us, offset);
}

static json_t *timespan(struct call *call)
{
        static const int64_t units[] = { DAY_US, 3600000000, 60000000, 1000000, 1000, 1 };
        int64_t total = 0, part;

        for (size_t i = 0; i < 6; i++)
                if (__builtin_mul_overflow(call_int(call, i, 0), units[i], &part) ||
                    __builtin_add_overflow(total, part, &total))
                        return run_raise(call->run, "OverflowError", "the timespan is too long");
        return span_new(call->run, total);
}

static json_t *now(struct call *call)
{
        return moment_new(call->run, clock_real_us(), offset_of(call, 0));
}

static json_t *no_offset(struct call *call)
{
        return span_new(call->run, 0);
}

static json_t *replace(struct call *call)
{
        struct nature nature = *nature_of(&call->run->natures, call->args[0]);
        struct broken broken = time_break(nature.us, nature.offset);
        int offset = call->args[8] ? offset_of(call, 8) : nature.offset;
        int64_t us;

        broken.year = call_int(call, 1, broken.year);
        broken.month = (int)call_int(call, 2, broken.month);
        broken.day = (int)call_int(call, 3, broken.day);
        broken.hour = (int)call_int(call, 4, broken.hour);
        broken.minute = (int)call_int(call, 5, broken.minute);
        broken.second = (int)call_int(call, 6, broken.second);
        broken.us = (int)call_int(call, 7, broken.us);
        return time_join(&broken, offset, &us) ? moment_new(call->run, us, offset) : no_date(call);
}

static json_t *format(struct call *call)
{
        struct nature nature = *nature_of(&call->run->natures, call->args[0]);
        _text_ struct text text = TEXT_INIT;

        time_format(nature.us, nature.offset, call_text(call, 1), &text);
        return run_take(call->run, &text);
}

static json_t *is_datetime(struct call *call)
{
        return run_bool(nature_kind(&call->run->natures, call->args[0]) == NATURE_MOMENT);
}

static json_t *is_timespan(struct call *call)
{
        return run_bool(nature_kind(&call->run->natures, call->args[0]) == NATURE_SPAN);
}

const struct function yaql_times[] = {
        { "datetime", "year:i month:i day:i hour:i= minute:i= second:i= microsecond:i= offset:p=",
          build, FUNCTION_ALONE },
        { "datetime", "timestamp:n offset:p=", from_timestamp, FUNCTION_ALONE },
        { "datetime", "string:s format:s?=", from_text, FUNCTION_ALONE },
        { "timespan", "days:i= hours:i= minutes:i= seconds:i= milliseconds:i= microseconds:i=",
          timespan, FUNCTION_ALONE },
        { "now", "offset:p=", now, FUNCTION_ALONE },
        { "localtz", "", no_offset, FUNCTION_ALONE },
        { "utctz", "", no_offset, FUNCTION_ALONE },
        { "replace", "dt:t year:i?= month:i?= day:i?= hour:i?= minute:i?= second:i?= "
          "microsecond:i?= offset:p?=", replace, FUNCTION_METHOD },
        { "format", "dt:t format:s", format, FUNCTION_METHOD },
        { "isDatetime", "value", is_datetime, FUNCTION_ALONE },
        { "isTimespan", "value", is_timespan, FUNCTION_ALONE },
        { 0 },
};
