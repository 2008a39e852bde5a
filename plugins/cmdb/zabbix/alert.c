/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Problems as alerts. The fingerprint is the id of the problem's event, so each problem is an alert of
 * its own; labels are the event's tags, with alertname, host and severity. The sensor reads the
 * events since the last look, so that a problem that came and went in between is told, too; what is
 * over says its own time.
 */

#include "cmdb/zabbix/zabbix.h"

#include "monitor/monitor.h"

#define ALERTS_MAX      5000
#define ACK_ON          (2 | 4)         /* acknowledge, with a message */
#define ACK_OFF         (16 | 4)

const char *const monitor_system_name = "zabbix";

/* Not classified, information, warning, average, high, disaster. */
static const char *const severities[] = { "", "info", "warning", "warning", "critical", "critical" };
static const char *const words[] = { "not classified", "information", "warning", "average", "high",
                                     "disaster" };

/* ---- an event as a view ---- */

static size_t severity_of(const json_t *event)
{
        int64_t n = zabbix_int(event, "severity");

        return n < 0 || n > 5 ? 0 : (size_t)n;
}

/* Values of tags with one name are joined by a comma. */
static json_t *labels_of(const json_t *event)
{
        const char *host = json_member(json_array_get(json_object_get(event, "hosts"), 0), "host", "");
        json_t *labels = json_object(), *tag;
        size_t i;

        json_array_foreach(json_object_get(event, "tags"), i, tag) {
                const char *name = json_member(tag, "tag", "");
                const char *was = json_member(labels, name, NULL);

                json_object_set_new(labels, name, was
                        ? json_sprintf("%s,%s", was, json_member(tag, "value", ""))
                        : json_string(json_member(tag, "value", "")));
        }
        json_object_set_new(labels, "alertname", json_string(json_member(event, "name", "")));
        json_object_set_new(labels, "host", json_string(host));
        json_object_set_new(labels, "severity", json_string(severities[severity_of(event)]));
        return labels;
}

static json_t *annotations_of(const json_t *event)
{
        const char *opdata = json_member(event, "opdata", "");
        json_t *ret = json_pack("{s:s, s:s, s:s}", "summary", json_member(event, "name", ""),
                                "severity", words[severity_of(event)],
                                "trigger", json_member(event, "objectid", ""));

        if (*opdata)
                json_object_set_new(ret, "data", json_string(opdata));
        return ret;
}

/* Milliseconds of a time that is two numbers. */
static int64_t time_of(const json_t *event)
{
        return zabbix_int(event, "clock") * 1000 + zabbix_int(event, "ns") / 1000000;
}

static json_t *alert_of(struct kn_ctx *ctx, const json_t *event, const json_t *ends)
{
        const char *id = json_member(event, "eventid", "");
        const char *over = json_member(event, "r_eventid", "0");
        json_t *over_at = json_object_get(ends, over);
        char starts_at[32];

        monitor_time_text(time_of(event), starts_at);
        return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:b, s:b, s:o, s:s}",
                         "fingerprint", id, "name", json_member(event, "name", ""),
                         "severity", severities[severity_of(event)], "labels", labels_of(event),
                         "annotations", annotations_of(event), "starts_at", starts_at,
                         "url", json_sprintf("%s/tr_events.php?triggerid=%s&eventid=%s",
                                             kn_config_str(ctx, "url", ""),
                                             json_member(event, "objectid", ""), id),
                         "acknowledged", zabbix_int(event, "acknowledged") != 0,
                         "silenced", zabbix_int(event, "suppressed") != 0,
                         "over_at", strcmp(over, "0") == 0 ? json_null() : json_or_null(over_at),
                         "mark", "");
}

/* ---- asking for events ---- */

/* Problems of triggers; the rest of the question is the caller's. */
static json_t *ask_events(void)
{
        return json_pack("{s:[s,s,s,s,s,s,s,s,s,s], s:[s], s:[s,s], s:i, s:i, s:[i], s:s, s:s, s:i}",
                         "output", "eventid", "objectid", "clock", "ns", "name", "severity",
                         "acknowledged", "suppressed", "r_eventid", "opdata",
                         "selectHosts", "host", "selectTags", "tag", "value",
                         "source", 0, "object", 0, "value", 1,
                         "sortfield", "eventid", "sortorder", "ASC", "limit", ALERTS_MAX);
}

/* Of problems that are over, {id of the event that ended it: when}. */
static int find_ends(struct kn_ctx *ctx, const json_t *events, json_t *ends)
{
        _json_ json_t *ids = json_array(), *found = NULL;
        json_t *event;
        size_t i;
        int r;

        json_array_foreach(events, i, event)
                if (strcmp(json_member(event, "r_eventid", "0"), "0") != 0)
                        json_array_append(ids, json_object_get(event, "r_eventid"));
        if (json_array_size(ids) == 0)
                return KN_OK;
        r = zabbix_call(ctx, "event.get", json_pack("{s:O, s:[s,s,s]}", "eventids", ids, "output",
                                                    "eventid", "clock", "ns"), &found);
        json_array_foreach(found, i, event) {
                char at[32];

                monitor_time_text(time_of(event), at);
                json_object_set_new(ends, json_member(event, "eventid", ""), json_string(at));
        }
        return r;
}

static int add_events(struct kn_ctx *ctx, json_t *params, json_t *rows)
{
        _json_ json_t *events = NULL, *ends = json_object();
        json_t *event;
        size_t i;
        int r = params ? zabbix_call(ctx, "event.get", params, &events) : KN_ENOMEM;

        if (r == 0)
                r = find_ends(ctx, events, ends);
        json_array_foreach(events, i, event)
                if (r == 0)
                        json_array_append_new(rows, alert_of(ctx, event, ends));
        return r;
}

static int add_by_id(struct kn_ctx *ctx, json_t *ids, json_t *rows)
{
        json_t *params;

        if (json_array_size(ids) == 0)
                return KN_OK;
        params = ask_events();
        if (params)
                json_object_set(params, "eventids", ids);
        return add_events(ctx, params, rows);
}

/* The ids of the problems that are open now. */
static int open_problems(struct kn_ctx *ctx, json_t *ids)
{
        _json_ json_t *problems = NULL;
        int r = zabbix_call(ctx, "problem.get",
                            json_pack("{s:[s], s:i, s:i, s:s, s:s, s:i}", "output", "eventid",
                                      "source", 0, "object", 0, "sortfield", "eventid",
                                      "sortorder", "DESC", "limit", ALERTS_MAX), &problems);
        json_t *row;
        size_t i;

        json_array_foreach(problems, i, row)
                json_array_append(ids, json_object_get(row, "eventid"));
        return r;
}

int monitor_system_alerts(struct kn_ctx *ctx, json_t *rows)
{
        _json_ json_t *ids = json_array();
        int r = open_problems(ctx, ids);

        return r < 0 ? r : add_by_id(ctx, ids, rows);
}

/* ---- the sensor's look: place is {"eventid": the last event's} ---- */

static int last_event(struct kn_ctx *ctx, json_t *place)
{
        _json_ json_t *event = NULL;
        int r = zabbix_first(ctx, "event.get", json_pack("{s:[s], s:s, s:s, s:i}", "output", "eventid",
                                                         "sortfield", "eventid", "sortorder",
                                                         "DESC", "limit", 1), &event);

        if (r == 0)
                json_object_set_new(place, "eventid", json_integer(zabbix_int(event, "eventid")));
        return r;
}

static void move_place(json_t *place, const json_t *rows)
{
        json_int_t last = json_integer_value(json_object_get(place, "eventid"));
        json_t *row;
        size_t i;

        json_array_foreach(rows, i, row)
                if (zabbix_int(row, "fingerprint") > last)
                        last = zabbix_int(row, "fingerprint");
        json_object_set_new(place, "eventid", json_integer(last));
}

int monitor_system_look(struct kn_ctx *ctx, const json_t *open, json_t *place, json_t *rows)
{
        json_t *since = json_object_get(place, "eventid"), *params, *entry;
        _json_ json_t *ids = json_array();
        const char *id;
        int r;

        if (!since) {
                r = last_event(ctx, place);
                return r < 0 ? r : monitor_system_alerts(ctx, rows);
        }
        json_object_foreach((json_t *)open, id, entry)
                json_array_append_new(ids, json_string(id));
        r = add_by_id(ctx, ids, rows);
        params = ask_events();
        if (params)
                json_object_set_new(params, "eventid_from",
                                    json_integer(json_integer_value(since) + 1));
        if (r == 0)
                r = add_events(ctx, params, rows);
        else
                json_decref(params);
        move_place(place, rows);
        return r;
}

/* ---- acknowledging ---- */

int monitor_system_acknowledged(struct kn_ctx *ctx, const char *fingerprint, bool *ret_is_there,
                                bool *ret_is_acknowledged)
{
        _json_ json_t *event = NULL;
        int r;

        if (strspn(fingerprint, "0123456789") != strlen(fingerprint))
                return KN_OK;
        r = zabbix_first(ctx, "event.get", json_pack("{s:s, s:[s,s], s:[i]}", "eventids", fingerprint,
                                                     "output", "acknowledged", "r_eventid",
                                                     "value", 1), &event);
        if (r < 0)
                return r;
        *ret_is_there = event && zabbix_int(event, "r_eventid") == 0;
        *ret_is_acknowledged = zabbix_int(event, "acknowledged") != 0;
        return KN_OK;
}

int monitor_system_acknowledge(struct kn_ctx *ctx, const char *fingerprint, bool wanted)
{
        const char *comment = wanted ? kn_arg_str(ctx, "comment", "acknowledged through Kaname")
                                     : "taken back through Kaname";

        return zabbix_call(ctx, "event.acknowledge",
                           json_pack("{s:[s], s:i, s:s}", "eventids", fingerprint,
                                     "action", wanted ? ACK_ON : ACK_OFF, "message", comment), NULL);
}
