/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The sensor: a server that was up is down, or the other way round. What is stored is the last
 * known health of each, {"pool/server": "UP"}; maintenance keeps it, since there nobody knows. The
 * first sight of a server is no event. What goes down and up again between two looks is not seen.
 */

#include "lb/haproxy/haproxy.h"

static void put_text(json_t *object, const char *name, const char *text)
{
        json_object_set_new(object, name, json_string(text));
}

static int emit_turn(struct kn_ctx *ctx, const json_t *stat, const char *previous,
                     enum health health)
{
        _json_ json_t *payload = json_object();
        const char *said = row_text(stat, "check_status"), *detail = row_text(stat, "last_chk");
        _free_ char *text = NULL;

        if (!*detail)
                detail = row_text(stat, "check_desc");
        put_text(payload, "pool", row_text(stat, "pxname"));
        put_text(payload, "server", row_text(stat, "svname"));
        put_text(payload, "address", row_text(stat, "addr"));
        put_text(payload, "status", row_text(stat, "status"));
        put_text(payload, "previous", previous);
        if (*said)
                json_object_set_new(payload, "check", json_sprintf("%s %s", said, detail));
        text = json_dumps(payload, JSON_COMPACT);
        if (!text)
                return KN_ENOMEM;
        return kn_emit(ctx, health == HEALTH_DOWN ? "server.down" : "server.up", text, NULL);
}

static bool is_down(const char *status)
{
        return strncmp(status, "DOWN", 4) == 0;
}

static int compare(struct kn_ctx *ctx, const json_t *stat, const json_t *known, json_t *seen)
{
        char key[300];
        enum health health = server_health(stat);
        const char *previous;
        int r = KN_OK;

        snprintf(key, sizeof key, "%s/%s", row_text(stat, "pxname"), row_text(stat, "svname"));
        previous = json_string_value(json_object_get(known, key));
        if (health != HEALTH_UNKNOWN && previous && is_down(previous) != (health == HEALTH_DOWN))
                r = emit_turn(ctx, stat, previous, health);
        if (r < 0)
                return r;
        if (health != HEALTH_UNKNOWN)
                json_object_set_new(seen, key, json_string(row_text(stat, "status")));
        else if (previous)
                json_object_set_new(seen, key, json_string(previous));
        return KN_OK;
}

static json_t *stored(struct kn_ctx *ctx)
{
        json_t *known = json_loads(kn_str(ctx, KN_STORE, "health", "{}"), 0, NULL);

        if (json_is_object(known))
                return known;
        json_decref(known);
        return json_object();
}

int server_watch(struct kn_ctx *ctx)
{
        _json_ json_t *stats = NULL, *known = stored(ctx), *seen = json_object();
        _free_ char *text = NULL;
        json_t *row;
        size_t i;
        int r;

        kn_put_int(ctx, KN_CALL, "again_ms", KN_INT, kn_config_int(ctx, "poll_ms", 2000));
        r = runtime_stats(ctx, NULL, &stats);
        json_array_foreach(stats, i, row)
                if (r == 0 && row_int(row, "type") == 2)
                        r = compare(ctx, row, known, seen);
        if (r < 0 || json_equal(known, seen))
                return r;
        text = json_dumps(seen, JSON_COMPACT | JSON_SORT_KEYS);
        return text ? kn_put_text(ctx, KN_STORE, "health", KN_JSONTEXT, text) : KN_ENOMEM;
}
