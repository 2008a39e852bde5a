/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A timer's parameters as JSON, or, where the input begins with TZif, a zone file: slots only go
 * forward, and a local time leads back to a moment that shows it or to the jump over it.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "flow/schedule.h"
#include "flow/zone.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

CLEANUP_DEFINE(struct schedule *, schedule_free);
CLEANUP_DEFINE(struct zone *, zone_free);

static void try_zone(const uint8_t *data, size_t size)
{
        _cleanup_(zone_freep) struct zone *zone = NULL;

        if (zone_parse(data, size, &zone))
                return;
        for (int64_t t = -((int64_t)1 << 33); t < (int64_t)1 << 34; t += (int64_t)1 << 28)
                if (zone_to_unix(zone, zone_to_local(zone, t)) > t)
                        abort();
}

static void try_timer(const char *type, const json_t *parameters)
{
        _cleanup_(schedule_freep) struct schedule *schedule = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        int64_t at = 1795330492482;

        if (schedule_compile(type, parameters, &schedule, &fault)) {
                if (!fault.what)
                        abort();
                return;
        }
        for (int i = 0; i < 5 && at != INT64_MAX; i++) {
                int64_t next = schedule_next(schedule, 1000, at);

                if (next <= at)
                        abort();
                at = next;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _json_ json_t *parameters = NULL;

        if (size >= 4 && memcmp(data, "TZif", 4) == 0) {
                try_zone(data, size);
                return 0;
        }
        if (json_parse((const char *)data, size, NULL, &parameters, NULL))
                return 0;
        try_timer("core.st2.CronTimer", parameters);
        try_timer("core.st2.IntervalTimer", parameters);
        try_timer("core.st2.DateTimer", parameters);
        return 0;
}
