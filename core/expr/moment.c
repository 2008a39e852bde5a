/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/moment.h"

#include "base/clock.h"
#include "expr/civil_time.h"
#include "expr/value.h"

#include <math.h>
#include <string.h>

static json_t *with_nature(struct run *run, const struct nature *nature)
{
        struct nature whole = *nature;
        _text_ struct text shown = TEXT_INIT;

        moment_show(nature, &shown);
        whole.value = run_take(run, &shown);
        if (!whole.value)
                return NULL;
        return nature_set(&run->natures, &whole) < 0 ? run_no_memory(run) : (json_t *)whole.value;
}

json_t *moment_new(struct run *run, int64_t us, int offset)
{
        struct nature nature = { .kind = NATURE_MOMENT, .us = us, .offset = offset };

        if (us < TIME_LEAST || us > TIME_MOST)
                return run_raise(run, "OverflowError", "date value out of range");
        return with_nature(run, &nature);
}

json_t *span_new(struct run *run, int64_t us)
{
        struct nature nature = { .kind = NATURE_SPAN, .us = us };

        return with_nature(run, &nature);
}

static void show_span(int64_t us, struct text *text)
{
        int64_t days = us / DAY_US - (us % DAY_US < 0), rest = us - days * DAY_US;

        if (days)
                text_addf(text, "%lld day%s, ", (long long)days, days == 1 || days == -1 ? "" : "s");
        text_addf(text, "%lld:%02lld:%02lld", (long long)(rest / 3600000000),
                  (long long)(rest / 60000000 % 60), (long long)(rest / 1000000 % 60));
        if (rest % 1000000)
                text_addf(text, ".%06lld", (long long)(rest % 1000000));
}

void moment_show(const struct nature *nature, struct text *text)
{
        struct broken broken;
        int offset = nature->offset < 0 ? -nature->offset : nature->offset;

        if (nature->kind == NATURE_SPAN) {
                show_span(nature->us, text);
                return;
        }
        broken = time_break(nature->us, nature->offset);
        text_addf(text, "%04lld-%02d-%02d %02d:%02d:%02d", (long long)broken.year, broken.month,
                  broken.day, broken.hour, broken.minute, broken.second);
        if (broken.us)
                text_addf(text, ".%06d", broken.us);
        text_addf(text, "%c%02d:%02d", nature->offset < 0 ? '-' : '+', offset / 3600,
                  offset / 60 % 60);
}

static json_t *wrong(struct run *run, const char *operator)
{
        return run_raise(run, "NoMatchingFunctionException",
                         "No function \"#operator_%s\" matches supplied arguments", operator);
}

static json_t *sum(struct run *run, const struct nature *a, int64_t us)
{
        int64_t total;

        if (__builtin_add_overflow(a->us, us, &total))
                return run_raise(run, "OverflowError", "date value out of range");
        return a->kind == NATURE_MOMENT ? moment_new(run, total, a->offset) : span_new(run, total);
}

json_t *moment_add(struct run *run, const json_t *a, const json_t *b)
{
        const struct nature *na = nature_of(&run->natures, a), *nb = nature_of(&run->natures, b);
        struct nature first;
        bool a_span = na && na->kind == NATURE_SPAN, b_span = nb && nb->kind == NATURE_SPAN;

        if (!na || !nb || (!a_span && !b_span) ||
            (na->kind != NATURE_MOMENT && !a_span) || (nb->kind != NATURE_MOMENT && !b_span))
                return wrong(run, "+");
        first = a_span ? *nb : *na;
        return sum(run, &first, a_span ? na->us : nb->us);
}

json_t *moment_subtract(struct run *run, const json_t *a, const json_t *b)
{
        const struct nature *na = nature_of(&run->natures, a), *nb = nature_of(&run->natures, b);
        struct nature first;

        if (!na || !nb)
                return wrong(run, "-");
        if (na->kind == NATURE_MOMENT && nb->kind == NATURE_MOMENT)
                return span_new(run, na->us - nb->us);
        if ((na->kind != NATURE_MOMENT && na->kind != NATURE_SPAN) || nb->kind != NATURE_SPAN)
                return wrong(run, "-");
        first = *na;
        return sum(run, &first, -nb->us);
}

static json_t *span_of(struct run *run, double us)
{
        if (!(fabs(us) < 9e18))
                return run_raise(run, "OverflowError", "days=…; must have magnitude <= 999999999");
        return span_new(run, (int64_t)rint(us));
}

json_t *moment_scale(struct run *run, const json_t *span, double by)
{
        return span_of(run, (double)nature_of(&run->natures, span)->us * by);
}

json_t *moment_divide(struct run *run, const json_t *span, const json_t *by)
{
        double us = (double)nature_of(&run->natures, span)->us, divisor;
        bool is_ratio = nature_kind(&run->natures, by) == NATURE_SPAN;

        if (!is_ratio && !json_is_number(by))
                return wrong(run, "/");
        divisor = is_ratio ? (double)nature_of(&run->natures, by)->us : value_real(by);
        if (divisor == 0)
                return run_raise(run, "ZeroDivisionError", "float division by zero");
        return is_ratio ? run_real(run, us / divisor) : span_of(run, us / divisor);
}

static const struct {
        const char *name;
        double us;
} spans[] = {
        { "days", 86400e6 }, { "hours", 3600e6 }, { "minutes", 60e6 }, { "seconds", 1e6 },
        { "milliseconds", 1e3 },
};

static json_t *part(struct run *run, const struct broken *broken, const char *name)
{
        const struct {
                const char *name;
                int64_t value;
        } parts[] = {
                { "year", broken->year }, { "month", broken->month }, { "day", broken->day },
                { "hour", broken->hour }, { "minute", broken->minute },
                { "second", broken->second }, { "microsecond", broken->us },
                { "weekday", broken->weekday },
        };

        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
                if (strcmp(parts[i].name, name) == 0)
                        return run_int(run, parts[i].value);
        return NULL;
}

static json_t *property_of_moment(struct run *run, const struct nature *nature, const char *name)
{
        struct broken broken = time_break(nature->us, nature->offset);
        int64_t local = nature->us + (int64_t)nature->offset * 1000000;
        int64_t into = local % DAY_US + (local % DAY_US < 0 ? DAY_US : 0);

        if (strcmp(name, "date") == 0)
                return moment_new(run, nature->us - into, nature->offset);
        if (strcmp(name, "time") == 0)
                return span_new(run, into);
        /* Both as upstream, which takes the offset away and keeps the zone. */
        if (strcmp(name, "utc") == 0)
                return moment_new(run, nature->us - (local - nature->us), nature->offset);
        if (strcmp(name, "offset") == 0)
                return span_new(run, (int64_t)nature->offset * 1000000);
        if (strcmp(name, "timestamp") == 0)
                return run_real(run, (double)(nature->us - (local - nature->us)) / 1e6);
        return part(run, &broken, name);
}

json_t *moment_property(struct run *run, const json_t *value, const char *name)
{
        const struct nature *known = nature_of(&run->natures, value);
        struct nature nature;

        if (!known)
                return NULL;
        nature = *known;
        if (nature.kind == NATURE_MOMENT)
                return property_of_moment(run, &nature, name);
        if (nature.kind != NATURE_SPAN)
                return NULL;
        if (strcmp(name, "microseconds") == 0)
                return run_int(run, nature.us);
        for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
                if (strcmp(spans[i].name, name) == 0)
                        return run_real(run, (double)nature.us / spans[i].us);
        return NULL;
}
