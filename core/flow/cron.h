/* SPDX-License-Identifier: Apache-2.0 */

/* A cron timer's eight fields, in APScheduler's forms and with its defaults, on local time. */

#ifndef FLOW_CRON_H
#define FLOW_CRON_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

enum cron_field { CRON_YEAR, CRON_MONTH, CRON_DAY, CRON_WEEK, CRON_WEEKDAY, CRON_HOUR, CRON_MINUTE,
                  CRON_SECOND, CRON_FIELDS };

struct cron;

/* FAULT 422 timer.invalid: the field, its value, what would do. */
int cron_compile(const json_t *parameters, struct cron **ret, struct fault *fault);
struct cron *cron_free(struct cron *cron);              /* NULL; accepts NULL */
/*
 * The first local second at or after local_s; false when there is none in the next hundred years.
 */
bool cron_next(const struct cron *cron, int64_t local_s, int64_t *ret);

#endif
