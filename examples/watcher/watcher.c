/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A polled sensor: tells when the answer of a URL changes. What was seen last lives in the store,
 * under a key of the plugin's choice, and is committed together with the event: a restart neither
 * repeats nor loses a change.
 */

#include <kaname/plugin.h>

#include <inttypes.h>

/* FNV-1a: enough to see that something is different. */
static uint64_t hash(const char *s, size_t len)
{
        uint64_t h = 0xcbf29ce484222325u;

        while (len--)
                h = (h ^ (unsigned char)*s++) * 0x100000001b3u;
        return h;
}

static int look(struct kn_ctx *ctx)
{
        struct kn_http http = { .method = "GET", .url = kn_config_str(ctx, "url", "") };
        char now[32], payload[128];
        const char *before;
        int r = kn_http(ctx, &http);

        if (r < 0)
                return r == KN_EREMOTE ? KN_ETEMP
                                       : r; /* it is away: look less often, the hub backs off */
        snprintf(now, sizeof now, "%d-%016" PRIx64, (int)http.status,
                 hash(http.reply, http.reply_len));
        before = kn_str(ctx, KN_STORE, "seen", NULL);
        if (before && strcmp(before, now) == 0)
                return KN_OK;
        r = kn_put_text(ctx, KN_STORE, "seen", KN_STR, now);
        if (r < 0 || !before)
                return r;                               /* the first look is no change */
        snprintf(payload, sizeof payload, "{\"status\": %d, \"length\": %zu}", (int)http.status,
                 http.reply_len);
        return kn_emit(ctx, "changed", payload, NULL);
}

static int check(struct kn_ctx *ctx)
{
        struct kn_http http = { .method = "GET", .url = kn_config_str(ctx, "url", "") };
        int r = kn_http(ctx, &http);

        return r < 0 ? r : kn_return_int(ctx, "status", http.status);
}

static const struct kn_trigger triggers[] = {
        { .name = "changed",
          .summary = "The answer is another one than before",
          .payload = KN_JSON({
                  "properties" :
                          { "status" : { "type" : "integer" },
                            "length" : { "type" : "integer" } }
          }) },
};

static const struct kn_sensor sensors[] = {
        { .name = "page", .summary = "Looks at the URL", .poll = look, .interval_ms = 30000 },
};

KN_PLUGIN(.name = "watcher", .version = "1.0", .summary = "Tells when a web page changes",
          .config = KN_JSON({
                  "properties" : { "url" : { "type" : "string", "format" : "uri" } },
                  "required" : ["url"]
          }),
          .check = check, KN_TRIGGERS(triggers), KN_SENSORS(sensors))
