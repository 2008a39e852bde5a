/* SPDX-License-Identifier: Apache-2.0 */

/*
 * When a timer fires: core.st2.IntervalTimer {unit, delta}, CronTimer {year … second, with
 * APScheduler's expressions: *, a-b, a-b/s, *\/s, lists, names, "last", "2nd mon"}, DateTimer
 * {date}, each with an IANA timezone. Pure: zone rules are read from the system's TZif files once,
 * no TZ environment is touched. A wall-clock time that DST skips fires at the first moment after
 * the gap; one that occurs twice fires once, at the first.
 */

#ifndef FLOW_SCHEDULE_H
#define FLOW_SCHEDULE_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

struct schedule;

/*
 * trigger_type is the ref, "core.st2.CronTimer". FAULT 422 timer.invalid names field, value and
 * what would do.
 */
int schedule_compile(const char *trigger_type, const json_t *parameters, struct schedule **ret,
                     struct fault *fault);
/* Is there any moment at all, past or to come, at which it fires (or fired)? */
bool schedule_can_fire(const struct schedule *schedule);
struct schedule *schedule_free(struct schedule *schedule);      /* NULL; accepts NULL */
/*
 * The first slot strictly after after_ms (Unix ms), or INT64_MAX for never. An interval's slots are
 * multiples of its length since the epoch start_ms, so a restart keeps the beat.
 */
int64_t schedule_next(const struct schedule *schedule, int64_t start_ms, int64_t after_ms);

#endif
