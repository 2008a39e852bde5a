/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Alertmanager by its API v2. Three things are its own:
 *
 * - It forgets an alert that is over, and all alerts when it is restarted, until Prometheus sends
 *   them again. So what is gone is over, but what was seen before a restart is held for settle_s.
 * - A silence has an id only; the name stands at the head of its comment, "[NAME] text".
 * - It has no acknowledgement. A silence named ack.FINGERPRINT over all labels of the one alert
 *   stands for it, and ends by itself.
 */

#include "monitor/monitor.h"

#include "web.h"

#define ACK "ack."

const char *const monitor_system_name = "alertmanager";

static int call_api(struct kn_ctx *ctx, struct web_call *call)
{
        const char *token = kn_secret(ctx, "token");
        char headers[600] = "";
        struct web_site site = { .name = "Alertmanager", .base = kn_config_str(ctx, "url", ""),
                                 .headers = headers,
                                 .on_refusal = "look at the instance's token, and at what the proxy "
                                               "before Alertmanager lets it do" };

        if (token)
                snprintf(headers, sizeof headers, "Authorization: Bearer %s\n", token);
        return web_call(ctx, &site, call);
}

static int get_list(struct kn_ctx *ctx, const char *path, const char *doing, json_t **ret)
{
        _web_ struct web_call call = { .path = path, .doing = doing };
        int r = call_api(ctx, &call);

        if (r < 0)
                return r;
        if (!json_is_array(call.reply))
                return kn_fail(ctx, KN_EREMOTE, "what answers at %s gave no list to %s: is that "
                               "Alertmanager?", kn_config_str(ctx, "url", ""), doing);
        *ret = json_incref(call.reply);
        return KN_OK;
}

/* ---- silences ---- */

/* "[NAME] text"; false: it has no name of ours. */
static bool split_comment(const char *comment, char *ret_name, size_t size, const char **ret_text)
{
        const char *end = *comment == '[' ? strchr(comment, ']') : NULL;
        size_t n = end ? (size_t)(end - comment) - 1 : 0;

        *ret_name = 0;
        *ret_text = comment;
        if (n == 0 || n >= size || (end[1] && end[1] != ' '))
                return false;
        memcpy(ret_name, comment + 1, n);
        ret_name[n] = 0;
        *ret_text = end + 1 + (end[1] == ' ');
        return true;
}

/* Only equality is a label of ours; a silence with another matcher shows none of that name. */
static json_t *labels_of(const json_t *silence)
{
        json_t *labels = json_object(), *matcher;
        size_t i;

        json_array_foreach(json_object_get(silence, "matchers"), i, matcher)
                if (!json_is_true(json_object_get(matcher, "isRegex")) &&
                    !json_is_false(json_object_get(matcher, "isEqual")))
                        json_object_set(labels, json_member(matcher, "name", ""),
                                        json_object_get(matcher, "value"));
        return labels;
}

static json_t *silence_of(const json_t *silence)
{
        const char *starts_at = json_member(silence, "startsAt", ""),
                   *ends_at = json_member(silence, "endsAt", ""), *text;
        const char *state = json_member(json_object_get(silence, "status"), "state", "");
        int64_t ms = monitor_time_ms(ends_at) - monitor_time_ms(starts_at);
        char name[256];

        split_comment(json_member(silence, "comment", ""), name, sizeof name, &text);
        /* Its beginning is when it was received: the minutes that were asked for are the nearest. */
        return json_pack("{s:s, s:O, s:o, s:s, s:s, s:s, s:I, s:b}", "name", name,
                         "id", json_object_get(silence, "id"), "labels", labels_of(silence),
                         "comment", text, "starts_at", starts_at, "ends_at", ends_at,
                         "duration_s", (json_int_t)((ms + 30000) / 60000 * 60),
                         "is_over", strcmp(state, "expired") == 0);
}

int monitor_system_silences(struct kn_ctx *ctx, json_t *rows)
{
        _json_ json_t *found = NULL;
        int r = get_list(ctx, "/api/v2/silences", "the silences", &found);
        json_t *row;
        size_t i;

        json_array_foreach(found, i, row)
                json_array_append_new(rows, silence_of(row));
        return r;
}

int monitor_system_fit(struct kn_ctx *ctx, const json_t *labels)
{
        (void)ctx;
        (void)labels;
        return KN_OK;
}

static json_t *matchers_of(const json_t *labels)
{
        json_t *matchers = json_array(), *value;
        const char *name;

        json_object_foreach((json_t *)labels, name, value)
                json_array_append_new(matchers, json_pack("{s:s, s:O, s:b, s:b}", "name", name,
                                                          "value", value, "isRegex", 0,
                                                          "isEqual", 1));
        return matchers;
}

static int make_silence(struct kn_ctx *ctx, const char *name, const json_t *value)
{
        int64_t now = monitor_now_ms();
        int64_t ms = json_integer_value(json_object_get(value, "duration_s")) * 1000;
        const char *comment = json_member(value, "comment", "");
        char starts_at[32], ends_at[32];
        _json_ json_t *body = NULL;
        _web_ struct web_call call = { .method = "POST", .path = "/api/v2/silences",
                                       .doing = "a silence" };

        monitor_time_text(now, starts_at);
        monitor_time_text(now + ms, ends_at);
        body = json_pack("{s:o, s:s, s:s, s:s, s:o}", "matchers",
                         matchers_of(json_object_get(value, "labels")), "startsAt", starts_at,
                         "endsAt", ends_at, "createdBy", "kaname",
                         "comment", json_sprintf("[%s]%s%s", name, *comment ? " " : "", comment));
        call.json = body;
        return body ? call_api(ctx, &call) : KN_ENOMEM;
}

int monitor_system_silence(struct kn_ctx *ctx, const char *name, const json_t *view,
                           const json_t *value)
{
        _free_ char *path = NULL;
        _web_ struct web_call call = { .method = "DELETE", .doing = "the end of a silence",
                                       .is_text = true };

        if (value)
                return make_silence(ctx, name, value);
        path = web_path("/api/v2/silence/%s", json_member(view, "id", ""));
        call.path = path;
        return path ? call_api(ctx, &call) : KN_ENOMEM;
}

/* ---- alerts ---- */

/* Names and numbers of ours in the alert's words; mark: Alertmanager's start, for the sensor. */
static json_t *alert_of(const json_t *alert, const json_t *silences, const char *mark)
{
        const json_t *labels = json_object_get(alert, "labels");
        const char *fingerprint = json_member(alert, "fingerprint", "");
        const char *state = json_member(json_object_get(alert, "status"), "state", "");
        char ack[200];

        snprintf(ack, sizeof ack, ACK "%.128s", fingerprint);
        return json_pack("{s:s, s:s, s:s, s:O, s:O, s:s, s:s, s:b, s:b, s:n, s:s}",
                         "fingerprint", fingerprint, "name", json_member(labels, "alertname", ""),
                         "severity", json_member(labels, "severity", ""),
                         "labels", labels, "annotations", json_object_get(alert, "annotations"),
                         "starts_at", json_member(alert, "startsAt", ""),
                         "url", json_member(alert, "generatorURL", ""),
                         "acknowledged", monitor_find_silence(silences, ack, false) != NULL,
                         "silenced", strcmp(state, "suppressed") == 0, "over_at", "mark", mark);
}

static int add_alerts(struct kn_ctx *ctx, const json_t *silences, const char *mark, json_t *rows)
{
        const char *receiver = kn_config_str(ctx, "receiver", NULL);
        _free_ char *path = receiver ? web_path("/api/v2/alerts?receiver=%s", receiver)
                                     : strdup("/api/v2/alerts");
        _json_ json_t *found = NULL;
        int r = path ? get_list(ctx, path, "the alerts", &found) : KN_ENOMEM;
        json_t *row;
        size_t i;

        json_array_foreach(found, i, row)
                json_array_append_new(rows, alert_of(row, silences, mark));
        return r;
}

int monitor_system_alerts(struct kn_ctx *ctx, json_t *rows)
{
        _json_ json_t *silences = json_array();
        int r = monitor_system_silences(ctx, silences);

        return r < 0 ? r : add_alerts(ctx, silences, "", rows);
}

static const json_t *find_alert(const json_t *rows, const char *fingerprint)
{
        json_t *row;
        size_t i;

        json_array_foreach(rows, i, row)
                if (strcmp(json_member(row, "fingerprint", ""), fingerprint) == 0)
                        return row;
        return NULL;
}

/* ---- acknowledging ---- */

int monitor_system_acknowledged(struct kn_ctx *ctx, const char *fingerprint, bool *ret_is_there,
                                bool *ret_is_acknowledged)
{
        _json_ json_t *silences = json_array(), *rows = json_array();
        char name[200];
        int r = monitor_system_silences(ctx, silences);

        if (r == 0)
                r = add_alerts(ctx, silences, "", rows);
        if (r < 0)
                return r;
        snprintf(name, sizeof name, ACK "%.128s", fingerprint);
        *ret_is_there = find_alert(rows, fingerprint) != NULL;
        *ret_is_acknowledged = monitor_find_silence(silences, name, false) != NULL;
        return KN_OK;
}

static int end_acknowledgement(struct kn_ctx *ctx, const char *name)
{
        _json_ json_t *silences = json_array();
        int r = monitor_system_silences(ctx, silences);
        const json_t *view = monitor_find_silence(silences, name, false);

        return r < 0 || !view ? r : monitor_system_silence(ctx, name, view, NULL);
}

int monitor_system_acknowledge(struct kn_ctx *ctx, const char *fingerprint, bool wanted)
{
        _json_ json_t *none = json_array(), *rows = json_array(), *value = NULL;
        const json_t *alert;
        char name[200];
        int r;

        snprintf(name, sizeof name, ACK "%.128s", fingerprint);
        if (!wanted)
                return end_acknowledgement(ctx, name);
        r = add_alerts(ctx, none, "", rows);
        alert = find_alert(rows, fingerprint);
        if (r < 0)
                return r;
        if (!alert)
                return kn_fail(ctx, KN_ENOENT, "the alert %.128s is over by now", fingerprint);
        value = json_pack("{s:O, s:I, s:s}", "labels", json_object_get(alert, "labels"),
                          "duration_s", (json_int_t)kn_arg_int(ctx, "duration_s", 14400),
                          "comment", kn_arg_str(ctx, "comment", "acknowledged through Kaname"));
        return value ? make_silence(ctx, name, value) : KN_ENOMEM;
}

/* ---- the sensor's look ---- */

static int read_start(struct kn_ctx *ctx, json_t **ret)
{
        _web_ struct web_call call = { .path = "/api/v2/status", .doing = "its status" };
        int r = call_api(ctx, &call);

        if (r == 0 && !json_member(call.reply, "uptime", NULL))
                r = kn_fail(ctx, KN_EREMOTE, "what answers at %s says nothing of its start: is that "
                            "Alertmanager?", kn_config_str(ctx, "url", ""));
        if (r == 0)
                *ret = json_incref(call.reply);
        return r;
}

/* What fired before the restart and is not here yet fires still, for as long as Prometheus may take. */
static void hold(const json_t *open, const char *start, json_t *rows)
{
        const char *fingerprint;
        json_t *entry;

        json_object_foreach((json_t *)open, fingerprint, entry) {
                json_t *alert = json_object_get(entry, "alert");

                if (strcmp(json_member(entry, "mark", ""), start) == 0 ||
                    find_alert(rows, fingerprint))
                        continue;
                alert = json_copy(alert);
                json_object_set(alert, "mark", json_object_get(entry, "mark"));
                json_object_set(alert, "silenced", json_object_get(entry, "is_quiet"));
                json_array_append_new(rows, alert);
        }
}

int monitor_system_look(struct kn_ctx *ctx, const json_t *open, json_t *place, json_t *rows)
{
        _json_ json_t *status = NULL, *none = json_array();
        int64_t settle_ms = kn_config_int(ctx, "settle_s", 300) * 1000;
        const char *start;
        int r = read_start(ctx, &status);

        (void)place;
        start = json_member(status, "uptime", "");
        if (r == 0)
                r = add_alerts(ctx, none, start, rows);
        if (r == 0 && monitor_now_ms() - monitor_time_ms(start) < settle_ms)
                hold(open, start, rows);
        return r;
}

/* ---- the plugin ---- */

static int check(struct kn_ctx *ctx)
{
        _json_ json_t *status = NULL, *rows = json_array(), *silences = json_array();
        int r = read_start(ctx, &status);

        if (r == 0)
                r = monitor_system_silences(ctx, silences);
        if (r == 0)
                r = add_alerts(ctx, silences, "", rows);
        if (r == 0)
                r = kn_return_str(ctx, "version", json_member(json_object_get(status, "versionInfo"),
                                                              "version", "unknown"));
        if (r == 0)
                r = kn_return_int(ctx, "alerts", (int64_t)json_array_size(rows));
        return r < 0 ? r : kn_return_int(ctx, "silences", (int64_t)json_array_size(silences));
}

static const char config[] = KN_JSON({
        "type": "object",
        "properties": {
                "url": { "type": "string", "maxLength": 300, "pattern": "^https?://[^\\s?#]+$",
                        "description": "Where it listens, without /api/v2: http://127.0.0.1:9093" },
                "token": { "type": "string", "minLength": 1, "maxLength": 500, "writeOnly": true,
                        "pattern": "^[!-~]+$",
                        "description": "A bearer token, where a proxy before it wants one" },
                "receiver": { "type": "string", "minLength": 1, "maxLength": 200,
                        "description": "Only alerts for receivers that fit this regular expression; absent: all" },
                "settle_s": { "type": "integer", "minimum": 0, "maximum": 86400, "default": 300,
                        "description": "How long after its restart Alertmanager may lack alerts that still fire" },
                "poll_s": { "type": "integer", "minimum": 1, "maximum": 86400, "default": 10,
                        "description": "How often alerts are looked at" }
        ) WEB_TLS KN_JSON(
        },
        "required": ["url"],
        "additionalProperties": false
});

static const struct kn_action actions[] = { MONITOR_ACTIONS };

static const struct kn_sensor sensors[] = {
        { .name = "alert.watch", .summary = "Watch the alerts that fire",
          .poll = monitor_watch, .interval_ms = 10000 },
};

/* Calls of one instance stay serialised: the API has no "only if" that would hold them apart. */
KN_PLUGIN(.name = "alertmanager", .version = "1.0", .domain = "monitor",
          .summary = "Alerts and silences of Prometheus Alertmanager, by its API v2",
          .config = config, .check = check, KN_ACTIONS(actions), KN_SENSORS(sensors))
