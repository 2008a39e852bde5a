/* SPDX-License-Identifier: Apache-2.0 */

/* Moments and spans of time, in microseconds: what YAQL's datetime and timespan are. */

#ifndef EXPR_MOMENT_H
#define EXPR_MOMENT_H

#include "expr/run.h"

void moment_show(const struct nature *nature, struct text *text);       /* Python's str() */
json_t *moment_new(struct run *run, int64_t us, int offset);
json_t *span_new(struct run *run, int64_t us);
/* Two of which at least one is a moment or a span; TypeError where that means nothing. */
json_t *moment_add(struct run *run, const json_t *a, const json_t *b);
json_t *moment_subtract(struct run *run, const json_t *a, const json_t *b);
json_t *moment_scale(struct run *run, const json_t *span, double by);
json_t *moment_divide(struct run *run, const json_t *span, const json_t *by);
/* dt.year, span.hours …; NULL without a failure: it has no such property. */
json_t *moment_property(struct run *run, const json_t *value, const char *name);

#endif
