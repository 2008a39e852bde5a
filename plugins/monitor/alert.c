/* SPDX-License-Identifier: Apache-2.0 */

/* The actions on alerts: list, acknowledge and back; and what times and labels are. */

#include "monitor/monitor.h"

#include <time.h>

/* ---- times and labels ---- */

void monitor_time_text(int64_t ms, char ret[32])
{
        time_t seconds = (time_t)(ms / 1000);
        struct tm tm;
        size_t n;

        gmtime_r(&seconds, &tm);
        n = strftime(ret, 24, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(ret + n, 32 - n, ".%03dZ", (int)(ms % 1000));
}

/* "+09:00", "-0130", "Z", in minutes. */
static int64_t zone_of(const char *text)
{
        int hours, minutes;

        if ((*text != '+' && *text != '-') || sscanf(text + 1, "%2d:%2d", &hours, &minutes) != 2)
                return 0;
        return (*text == '-' ? -1 : 1) * (60 * (int64_t)hours + minutes);
}

int64_t monitor_time_ms(const char *text)
{
        struct tm tm;
        const char *rest;
        int64_t ms = 0, place = 100;

        memset(&tm, 0, sizeof tm);
        rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
        if (!rest)
                return 0;
        if (*rest == '.')
                for (rest++; *rest >= '0' && *rest <= '9'; rest++, place /= 10)
                        ms += (*rest - '0') * place;
        return ((int64_t)timegm(&tm) - 60 * zone_of(rest)) * 1000 + ms;
}

int64_t monitor_now_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool monitor_has_labels(const json_t *alert, const json_t *labels)
{
        const json_t *has = json_object_get(alert, "labels");
        const char *name;
        json_t *value;

        json_object_foreach((json_t *)labels, name, value)
                if (!json_same(json_object_get(has, name), value))
                        return false;
        return true;
}

/* ---- list ---- */

static int compare_starts(const void *a, const void *b)
{
        json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
        int r = strcmp(json_member(y, "starts_at", ""), json_member(x, "starts_at", ""));

        return r ? r : strcmp(json_member(x, "fingerprint", ""), json_member(y, "fingerprint", ""));
}

static void drop_own(json_t *alert)
{
        json_object_del(alert, "over_at");
        json_object_del(alert, "mark");
}

int monitor_alert_list(struct kn_ctx *ctx)
{
        _json_ json_t *rows = json_array(), *alerts = json_array();
        _json_ json_t *labels = json_loads(kn_arg_str(ctx, "labels", "{}"), 0, NULL);
        const char *fingerprint = kn_arg_str(ctx, "fingerprint", NULL);
        size_t i, n = 0, limit = (size_t)kn_arg_int(ctx, "limit", 1000);
        int r = monitor_system_alerts(ctx, rows);
        json_t **list = calloc(json_array_size(rows) + 1, sizeof *list), *alert;

        json_array_foreach(rows, i, alert)
                if (list && monitor_has_labels(alert, labels) &&
                    (!fingerprint || strcmp(json_member(alert, "fingerprint", ""), fingerprint) == 0))
                        list[n++] = alert;
        if (list)
                qsort(list, n, sizeof *list, compare_starts);
        for (i = 0; list && i < n && i < limit; i++) {
                drop_own(list[i]);
                json_array_append(alerts, list[i]);
        }
        free(list);
        return r < 0 ? r : change_give(ctx, json_pack("{s:I, s:b, s:O}", "count", (json_int_t)n,
                                                      "truncated", n > limit, "alerts", alerts));
}

/* ---- acknowledge: the value is {"acknowledged": true} ---- */

static json_t *value_of(bool is_acknowledged)
{
        return json_pack("{s:b}", "acknowledged", is_acknowledged);
}

static int read_alert(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        bool is_there = false, is_acknowledged = false;
        int r = monitor_system_acknowledged(ctx, arg, &is_there, &is_acknowledged);

        if (r < 0)
                return r;
        *ret = value_of(is_acknowledged);
        return *ret ? KN_OK : KN_ENOMEM;
}

static int apply_alert(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        return monitor_system_acknowledge(ctx, arg,
                                          json_is_true(json_object_get(change->after, "acknowledged")));
}

static int set_acknowledged(struct kn_ctx *ctx, bool wanted)
{
        static const struct change_way way = { .system = "the monitoring system",
                                               .read = read_alert, .apply = apply_alert };
        char *fingerprint = (char *)kn_arg_str(ctx, "fingerprint", "");
        _change_ struct change change = { .undo_action = wanted ? "alert.unacknowledge"
                                                                : "alert.acknowledge" };
        bool is_there = false, is_acknowledged = false;
        int r = monitor_system_acknowledged(ctx, fingerprint, &is_there, &is_acknowledged);

        if (r == 0 && wanted && !is_there)
                r = kn_fail(ctx, KN_ENOENT, "no alert %.128s fires now: it is over, or "
                            "another instance sees it; look with alert.list", fingerprint);
        if (r < 0)
                return r;
        change.resource = change_resource("monitor/alert/%s", fingerprint);
        change.before = value_of(is_acknowledged);
        change.after = value_of(wanted);
        change.undo_args = json_pack("{s:s}", "fingerprint", fingerprint);
        r = change_make(ctx, &change, &way, fingerprint);
        return r < 0 ? r : change_answer(ctx, &change, r > 0,
                                         json_pack("{s:s}", "fingerprint", fingerprint));
}

int monitor_acknowledge(struct kn_ctx *ctx)
{
        return set_acknowledged(ctx, true);
}

int monitor_unacknowledge(struct kn_ctx *ctx)
{
        return set_acknowledged(ctx, false);
}
