/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The sensor: monitor.alert once when an alert begins to fire and once when it is over. KN_STORE
 * "alerts" is {"place": the system's own, "open": {fingerprint: {"alert", "mark", "is_quiet"}}}.
 *
 * - What is silenced when it begins is quiet: nobody is told, unless the silence ends before it does.
 *   A silence over what was told already changes nothing here.
 * - The first look of all tells nothing, but knows from then on what fires.
 * - An event's id says alert, turn and time: whoever sees the same turn twice tells it once.
 */

#include "monitor/monitor.h"

#define OPEN_MAX 5000                   /* alerts at once; the rest is told, and forgotten */

struct look {
        struct kn_ctx *ctx;
        json_t *known, *next;           /* open, before and after this look */
        bool is_first;
};

/* ---- telling ---- */

static const char *const told[] = { "fingerprint", "name", "severity", "labels", "annotations",
                                    "starts_at", "url" };

static int tell(struct look *look, const json_t *alert, const char *status, const char *ends_at)
{
        _json_ json_t *payload = json_pack("{s:s, s:s?, s:s, s:s}", "status", status,
                                           "ends_at", ends_at, "source",
                                           kn_str(look->ctx, KN_CALL, "instance", ""),
                                           "system", monitor_system_name);
        _free_ char *text = NULL;
        char id[256];

        if (look->is_first)
                return KN_OK;
        for (size_t i = 0; i < KN_ROWS(told); i++)
                json_object_set(payload, told[i], json_object_get(alert, told[i]));
        text = payload ? json_dumps(payload, JSON_COMPACT) : NULL;
        snprintf(id, sizeof id, "%.128s %s %s", json_member(alert, "fingerprint", ""), status,
                 json_member(alert, "starts_at", ""));
        return text ? kn_emit(look->ctx, "alert", text, id) : KN_ENOMEM;
}

static int tell_over(struct look *look, const json_t *entry, const char *ends_at)
{
        char now[32];

        if (json_is_true(json_object_get(entry, "is_quiet")))
                return KN_OK;
        monitor_time_text(monitor_now_ms(), now);
        return tell(look, json_object_get(entry, "alert"), "resolved", ends_at ? ends_at : now);
}

/* ---- comparing ---- */

static json_t *entry_of(const json_t *alert, bool is_quiet)
{
        json_t *kept = json_object();

        for (size_t i = 0; i < KN_ROWS(told); i++)
                json_object_set(kept, told[i], json_object_get(alert, told[i]));
        return json_pack("{s:o, s:O, s:b}", "alert", kept,
                         "mark", json_object_get(alert, "mark"), "is_quiet", is_quiet);
}

/* It was not known: it began, and may be over already. */
static int begin(struct look *look, const json_t *alert)
{
        bool is_quiet = json_is_true(json_object_get(alert, "silenced"));
        const char *over_at = json_member(alert, "over_at", NULL);
        int r = is_quiet ? KN_OK : tell(look, alert, "firing", NULL);

        if (r == 0 && over_at && !is_quiet)
                r = tell(look, alert, "resolved", over_at);
        if (r == 0 && !over_at && json_object_size(look->next) < OPEN_MAX)
                json_object_set_new(look->next, json_member(alert, "fingerprint", ""),
                                    entry_of(alert, is_quiet));
        return r;
}

static int go_on(struct look *look, const json_t *alert, const json_t *entry)
{
        const char *over_at = json_member(alert, "over_at", NULL);
        bool was_quiet = json_is_true(json_object_get(entry, "is_quiet"));
        bool is_quiet = was_quiet && json_is_true(json_object_get(alert, "silenced"));
        int r = KN_OK;

        if (over_at)
                return tell_over(look, entry, over_at);
        if (was_quiet && !is_quiet)
                r = tell(look, alert, "firing", NULL);
        json_object_set_new(look->next, json_member(alert, "fingerprint", ""),
                            entry_of(alert, is_quiet));
        return r;
}

/* The same alert with another beginning was over in between. */
static int compare(struct look *look, const json_t *alert)
{
        const json_t *entry = json_object_get(look->known, json_member(alert, "fingerprint", ""));
        const json_t *was = json_object_get(entry, "alert");
        const char *starts_at = json_member(alert, "starts_at", "");
        int r;

        if (!entry)
                return begin(look, alert);
        if (strcmp(json_member(was, "starts_at", ""), starts_at) == 0)
                return go_on(look, alert, entry);
        r = tell_over(look, entry, starts_at);
        return r < 0 ? r : begin(look, alert);
}

static bool is_seen(const json_t *rows, const char *fingerprint)
{
        json_t *alert;
        size_t i;

        json_array_foreach(rows, i, alert)
                if (strcmp(json_member(alert, "fingerprint", ""), fingerprint) == 0)
                        return true;
        return false;
}

static int compare_all(struct look *look, const json_t *rows)
{
        const char *fingerprint;
        json_t *alert, *entry;
        size_t i;
        int r = KN_OK;

        json_array_foreach(rows, i, alert)
                if (r == 0)
                        r = compare(look, alert);
        json_object_foreach(look->known, fingerprint, entry)
                if (r == 0 && !json_object_get(look->next, fingerprint) &&
                    !is_seen(rows, fingerprint))
                        r = tell_over(look, entry, NULL);
        return r;
}

/* ---- the place ---- */

static json_t *member_object(const json_t *stored, const char *name)
{
        json_t *member = json_object_get(stored, name);

        return json_is_object(member) ? json_incref(member) : json_object();
}

int monitor_watch(struct kn_ctx *ctx)
{
        _json_ json_t *stored = json_loads(kn_str(ctx, KN_STORE, "alerts", "null"),
                                           JSON_DECODE_ANY, NULL);
        _json_ json_t *known = member_object(stored, "open"), *place = member_object(stored, "place");
        _json_ json_t *next = json_object(), *rows = json_array(), *keep = NULL;
        struct look look = { ctx, known, next, !json_is_object(stored) };
        _free_ char *text = NULL;
        int r;

        kn_put_int(ctx, KN_CALL, "again_ms", KN_INT, kn_config_int(ctx, "poll_s", 10) * 1000);
        r = monitor_system_look(ctx, known, place, rows);
        if (r == 0)
                r = compare_all(&look, rows);
        if (r < 0)
                return r;
        keep = json_pack("{s:O, s:O}", "open", next, "place", place);
        if (json_same(keep, stored))
                return KN_OK;
        text = change_text(keep);
        return text ? kn_put_text(ctx, KN_STORE, "alerts", KN_JSONTEXT, text) : KN_ENOMEM;
}
