/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the monitoring plugins share: the actions of the contract and the sensor, over a small
 * interface that each system implements (monitor_system_*, below).
 *
 * An alert as read is what monitor.alert tells, {"fingerprint", "name", "severity", "labels",
 * "annotations", "starts_at", "url"}, with "acknowledged" and "silenced", and for the sensor
 * "over_at" (null: it fires) and "mark" (the system's own, given back at the next look). A silence
 * as read is {"name", "id", "labels", "comment", "starts_at", "ends_at", "duration_s", "is_over"};
 * its value in the ledger {"labels", "duration_s", "comment"}. Times are RFC 3339 texts in UTC.
 * Functions return KN_OK or a KN_E with the sentence set.
 */

#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include "change.h"
#include "json.h"

/* ---- what a system implements ---- */

extern const char *const monitor_system_name;           /* "alertmanager" */

/* Append the alerts that fire now. */
int monitor_system_alerts(struct kn_ctx *ctx, json_t *rows);
/*
 * For the sensor: append all that fire now, and what began or ended since the last look as far as
 * the system tells. open: {fingerprint: {"alert", "mark"}} as last seen; place: an object that the
 * system keeps what it likes in, empty at the first look.
 */
int monitor_system_look(struct kn_ctx *ctx, const json_t *open, json_t *place, json_t *rows);

/* Whether there is such an alert, and whether it is acknowledged. */
int monitor_system_acknowledged(struct kn_ctx *ctx, const char *fingerprint, bool *ret_is_there,
                                bool *ret_is_acknowledged);
int monitor_system_acknowledge(struct kn_ctx *ctx, const char *fingerprint, bool wanted);

/* Append the silences, also those that are over where their names still stand in the way. */
int monitor_system_silences(struct kn_ctx *ctx, json_t *rows);
/* Can the system tell alerts apart by these labels? */
int monitor_system_fit(struct kn_ctx *ctx, const json_t *labels);
/* value NULL: end it. view: the one of that name as read just now, NULL: none. */
int monitor_system_silence(struct kn_ctx *ctx, const char *name, const json_t *view,
                           const json_t *value);

/* ---- what they share ---- */

void monitor_time_text(int64_t ms, char ret[32]);       /* Unix milliseconds */
int64_t monitor_time_ms(const char *text);              /* 0: no time */
int64_t monitor_now_ms(void);
bool monitor_has_labels(const json_t *alert, const json_t *labels);
/* The silence in force of that name among rows; NULL: none. Borrowed. */
const json_t *monitor_find_silence(const json_t *rows, const char *name, bool or_over);

/* ---- the rows for the plugin's tables ---- */

int monitor_alert_list(struct kn_ctx *ctx);
int monitor_acknowledge(struct kn_ctx *ctx);
int monitor_unacknowledge(struct kn_ctx *ctx);
int monitor_silence_create(struct kn_ctx *ctx);
int monitor_silence_remove(struct kn_ctx *ctx);
int monitor_silence_list(struct kn_ctx *ctx);
int monitor_watch(struct kn_ctx *ctx);

/* Summaries and schemas stand in the domain's contract. */
#define MONITOR_READS (KN_IDEMPOTENT | KN_READONLY)
#define MONITOR_ACTIONS \
        { .name = "alert.list", .run = monitor_alert_list, .flags = MONITOR_READS }, \
        { .name = "alert.acknowledge", .run = monitor_acknowledge, .flags = KN_IDEMPOTENT }, \
        { .name = "alert.unacknowledge", .run = monitor_unacknowledge, .flags = KN_IDEMPOTENT }, \
        { .name = "silence.create", .run = monitor_silence_create, .flags = KN_IDEMPOTENT }, \
        { .name = "silence.remove", .run = monitor_silence_remove, .flags = KN_IDEMPOTENT }, \
        { .name = "silence.list", .run = monitor_silence_list, .flags = MONITOR_READS }

#endif
