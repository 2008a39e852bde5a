/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A time zone: when its clocks show what. Read from TZif bytes (RFC 8536), the rule in the footer
 * included, which speaks for the time after the last recorded transition. UTC needs no file.
 */

#ifndef FLOW_ZONE_H
#define FLOW_ZONE_H

#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>

struct zone;

/* From TZDIR or /usr/share/zoneinfo; FAULT 422 timer.zone: unknown, unreadable, or no tzdata. */
int zone_open(const char *name, struct zone **ret, struct fault *fault);
int zone_parse(const void *bytes, size_t len, struct zone **ret);       /* 0, -EINVAL, -ENOMEM */
struct zone *zone_free(struct zone *zone);              /* NULL; accepts NULL */

/* What clocks show at a moment, and the moment at which they (first) show it; both in seconds. */
int64_t zone_to_local(const struct zone *zone, int64_t unix_s);
/* A time that is skipped is the moment of the jump. */
int64_t zone_to_unix(const struct zone *zone, int64_t local_s);

#endif
