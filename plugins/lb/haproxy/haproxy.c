/* SPDX-License-Identifier: Apache-2.0 */

/* HAProxy by its runtime API, on the Unix or TCP socket that its configuration opens for that. */

#include "lb/haproxy/haproxy.h"

/* The value of one line "Name: value" of "show info". */
static void info_line(const char *info, const char *name, char *ret, size_t size)
{
        const char *at = strstr(info, name);

        at = at ? at + strlen(name) : "";
        snprintf(ret, size, "%.*s", (int)strcspn(at, "\n"), at);
}

/*
 * Reading works on any level of the socket; a command that asks for a server that is not there
 * tells whether changing does.
 */
static int check(struct kn_ctx *ctx)
{
        _free_ char *info = NULL, *probe = NULL;
        char version[64];
        int r = runtime_ask(ctx, &info, "show info");

        if (r == 0)
                r = runtime_ask(ctx, &probe, "set server kaname-probe/kaname-probe state ready");
        if (r < 0)
                return r;
        info_line(info, "\nVersion: ", version, sizeof version);
        if (!*version)
                return kn_fail(ctx, KN_EREMOTE, "what answers at %s is no HAProxy runtime API: "
                               "name the 'stats socket' of haproxy.cfg",
                               kn_config_str(ctx, "socket", ""));
        if (strncmp(probe, "Permission denied", 17) == 0)
                return kn_fail(ctx, KN_EAUTH, "HAProxy %s at %s can be read but not changed: give "
                               "that 'stats socket' 'level admin' in haproxy.cfg", version,
                               kn_config_str(ctx, "socket", ""));
        r = kn_return_str(ctx, "version", version);
        return r < 0 ? r : kn_return_bool(ctx, "change", true);
}

static const char config[] = KN_JSON({
        "type" : "object",
        "properties" : {
                "socket" : {
                        "type" : "string",
                        "maxLength" : 300,
                        "pattern" :
                                "^(unix:/.+|tcp:(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+):[1-9][0-9]*)$",
                        "description" : "unix:/run/haproxy/admin.sock, or tcp:127.0.0.1:9999"
                },
                "poll_ms" : {
                        "type" : "integer",
                        "minimum" : 200,
                        "maximum" : 3600000,
                        "default" : 2000,
                        "description" : "How often the servers' health is looked at"
                }
        },
        "required" : ["socket"],
        "additionalProperties" : false
});

/* Summaries and schemas stand in the domain's contract. */
static const struct kn_action actions[] = {
        { .name = "server.state", .run = server_set_state, .flags = KN_IDEMPOTENT },
        { .name = "server.weight", .run = server_set_weight, .flags = KN_IDEMPOTENT },
        { .name = "server.add", .run = server_add, .flags = KN_IDEMPOTENT },
        { .name = "server.remove", .run = server_remove, .flags = KN_IDEMPOTENT },
        { .name = "server.list", .run = server_list, .flags = KN_IDEMPOTENT | KN_READONLY },
        { .name = "pool.list", .run = pool_list, .flags = KN_IDEMPOTENT | KN_READONLY },
        { .name = "pool.stats", .run = pool_stats, .flags = KN_IDEMPOTENT | KN_READONLY },
};

static const struct kn_sensor sensors[] = {
        { .name = "server.watch", .summary = "Watch the health of all servers",
          .poll = server_watch, .interval_ms = 2000 },
};

/*
 * Calls of one instance stay serialised: HAProxy has no prerequisites that would hold them apart.
 */
KN_PLUGIN(.name = "haproxy", .version = "1.0", .domain = "lb",
          .summary = "HAProxy's servers and pools by its runtime API",
          .config = config, .check = check, KN_ACTIONS(actions), KN_SENSORS(sensors))
