/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Silences as maintenances that go on collecting data. The label host names a host, group a group, all
 * other labels are tags of the problem; Zabbix wants one host or group at least. It counts in whole
 * minutes: a silence begins at the minute that has begun, so it ends up to a minute sooner. One that
 * is over keeps its name, and is used again.
 */

#include "cmdb/zabbix/zabbix.h"

#include "monitor/monitor.h"

/* ---- reading ---- */

static json_t *labels_of(const json_t *maintenance)
{
        json_t *labels = json_object(), *tag;
        const json_t *host = json_array_get(json_object_get(maintenance, "hosts"), 0);
        const json_t *group = json_array_get(json_object_get(maintenance, "groups"), 0);
        size_t i;

        json_array_foreach(json_object_get(maintenance, "tags"), i, tag)
                json_object_set(labels, json_member(tag, "tag", ""), json_object_get(tag, "value"));
        if (host)
                json_object_set(labels, "host", json_object_get(host, "host"));
        if (group)
                json_object_set(labels, "group", json_object_get(group, "name"));
        return labels;
}

static json_t *silence_of(const json_t *maintenance)
{
        int64_t since = zabbix_int(maintenance, "active_since"),
                till = zabbix_int(maintenance, "active_till");
        char starts_at[32], ends_at[32];

        monitor_time_text(since * 1000, starts_at);
        monitor_time_text(till * 1000, ends_at);
        return json_pack("{s:O, s:O, s:o, s:s, s:s, s:s, s:I, s:b}",
                         "name", json_object_get(maintenance, "name"),
                         "id", json_object_get(maintenance, "maintenanceid"),
                         "labels", labels_of(maintenance),
                         "comment", json_member(maintenance, "description", ""),
                         "starts_at", starts_at, "ends_at", ends_at,
                         "duration_s", (json_int_t)(till - since),
                         "is_over", till * 1000 <= monitor_now_ms());
}

int monitor_system_silences(struct kn_ctx *ctx, json_t *rows)
{
        _json_ json_t *found = NULL;
        int r = zabbix_call(ctx, "maintenance.get",
                            json_pack("{s:s, s:[s,s], s:[s,s], s:s}", "output", "extend",
                                      "selectHosts", "hostid", "host", "selectGroups", "groupid",
                                      "name", "selectTags", "extend"), &found);
        json_t *row;
        size_t i;

        json_array_foreach(found, i, row)
                json_array_append_new(rows, silence_of(row));
        return r;
}

int monitor_system_fit(struct kn_ctx *ctx, const json_t *labels)
{
        if (json_object_get(labels, "alertname") || json_object_get(labels, "severity"))
                return kn_fail(ctx, KN_EARG, "Zabbix silences by host or group and by tags, not by "
                               "alertname or severity: give the trigger a tag, and name that");
        if (!json_object_get(labels, "host") && !json_object_get(labels, "group"))
                return kn_fail(ctx, KN_EARG, "Zabbix wants a host or a group in every silence: add "
                               "the label host or group");
        return KN_OK;
}

/* ---- writing ---- */

/* [{"hostid": …}] of the one that a label names; [] where there is no such label. */
static int find_target(struct kn_ctx *ctx, const char *method, const char *field, const char *name,
                       json_t **ret)
{
        _json_ json_t *found = NULL;
        int r;

        *ret = json_array();
        if (!name)
                return KN_OK;
        r = zabbix_call(ctx, method, json_pack("{s:[s], s:{s:s}}", "output",
                                               strcmp(field, "host") == 0 ? "hostid" : "groupid",
                                               "filter", field, name), &found);
        if (r == 0 && json_array_size(found) == 0)
                r = kn_fail(ctx, KN_ENOENT, "Zabbix has no %s '%.150s', or the token's user does not "
                            "see it", strcmp(field, "host") == 0 ? "host" : "host group", name);
        if (r == 0)
                json_array_extend(*ret, found);
        return r;
}

static json_t *tags_of(const json_t *labels)
{
        json_t *tags = json_array(), *value;
        const char *name;

        json_object_foreach((json_t *)labels, name, value)
                if (strcmp(name, "host") != 0 && strcmp(name, "group") != 0)
                        json_array_append_new(tags, json_pack("{s:s, s:i, s:O}", "tag", name,
                                                              "operator", 0, "value", value));
        return tags;
}

static json_t *maintenance_of(const json_t *value, json_t *hosts, json_t *groups)
{
        json_int_t seconds = json_integer_value(json_object_get(value, "duration_s"));
        json_int_t since = monitor_now_ms() / 60000 * 60;

        return json_pack("{s:I, s:I, s:O, s:O, s:i, s:[{s:i, s:I, s:I}], s:o, s:s}",
                         "active_since", since, "active_till", since + seconds, "hosts", hosts,
                         "groups", groups, "maintenance_type", 0, "timeperiods",
                         "timeperiod_type", 0, "start_date", since, "period", seconds,
                         "tags", tags_of(json_object_get(value, "labels")),
                         "description", json_member(value, "comment", ""));
}

int monitor_system_silence(struct kn_ctx *ctx, const char *name, const json_t *view,
                           const json_t *value)
{
        const json_t *labels = json_object_get(value, "labels");
        json_t *id = json_object_get(view, "id");
        _json_ json_t *hosts = NULL, *groups = NULL, *params = NULL;
        int r;

        if (!value)
                return zabbix_call(ctx, "maintenance.delete", json_pack("[O]", id), NULL);
        r = find_target(ctx, "host.get", "host", json_member(labels, "host", NULL), &hosts);
        if (r == 0)
                r = find_target(ctx, "hostgroup.get", "name", json_member(labels, "group", NULL),
                                &groups);
        if (r < 0)
                return r;
        params = maintenance_of(value, hosts, groups);
        if (!params)
                return KN_ENOMEM;
        json_object_set(params, id ? "maintenanceid" : "name", id ? id : json_null());
        if (!id)
                json_object_set_new(params, "name", json_string(name));
        return zabbix_call(ctx, id ? "maintenance.update" : "maintenance.create",
                           json_incref(params), NULL);
}
