/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Zabbix by its JSON-RPC API: hosts and their inventory as configuration items, problems as alerts.
 * One instance serves both domains with one token.
 */

#include "cmdb/zabbix/zabbix.h"

#include "cmdb/cmdb.h"
#include "monitor/monitor.h"
#include "web.h"

/* What the token may do is found out by asking for the least of each. */
static int try_method(struct kn_ctx *ctx, const char *method, json_t *params, const char *name)
{
        int r = zabbix_call(ctx, method, params, NULL);

        if (r == KN_ECANCELED || r == KN_ETIMEOUT)
                return r;
        return kn_return_bool(ctx, name, r == 0);
}

static int check(struct kn_ctx *ctx)
{
        _json_ json_t *version = NULL, *hosts = NULL;
        int r = zabbix_call(ctx, "apiinfo.version", json_array(), &version);

        if (r == 0)
                r = zabbix_call(ctx, "host.get", json_pack("{s:b}", "countOutput", 1), &hosts);
        if (r == 0)
                r = kn_return_str(ctx, "version", json_string_value(version));
        if (r == 0)
                r = kn_return_int(ctx, "hosts", strtoll(json_string_value(hosts), NULL, 10));
        if (r == 0)
                r = try_method(ctx, "auditlog.get", json_pack("{s:i}", "limit", 1), "changes");
        return r == 0 ? try_method(ctx, "maintenance.get", json_pack("{s:i}", "limit", 1), "silences")
                      : r;
}

static const char config[] = KN_JSON({
        "type": "object",
        "properties": {
                "url": { "type": "string", "maxLength": 300, "pattern": "^https?://[^\\s?#]+$",
                        "description": "The frontend, without /api_jsonrpc.php: http://127.0.0.1/zabbix" },
                "token": { "type": "string", "minLength": 1, "maxLength": 200, "writeOnly": true,
                        "pattern": "^[!-~]+$",
                        "description": "An API token; its user's role allows the methods that kaname-zabbix(7) names" },
                "group": { "type": "string", "maxLength": 255, "default": "",
                        "description": "The host group of new items that name none" },
                "poll_s": { "type": "integer", "minimum": 1, "maximum": 86400, "default": 10,
                        "description": "How often problems and the audit log are looked at" }
        ) WEB_TLS KN_JSON(
        },
        "required": ["url", "token"],
        "additionalProperties": false
});

static const struct kn_action actions[] = { CMDB_ACTIONS, MONITOR_ACTIONS };

static const struct kn_sensor sensors[] = {
        { .name = "item.log", .summary = "Watch the audit log for changes of hosts",
          .poll = cmdb_watch, .interval_ms = 10000 },
        { .name = "alert.watch", .summary = "Watch problems begin and end",
          .poll = monitor_watch, .interval_ms = 10000 },
};

/* Calls of one instance stay serialised: Zabbix has no "only if" that would hold them apart. */
KN_PLUGIN(.name = "zabbix", .version = "1.0", .domain = "cmdb monitor",
          .summary = "Host inventory and problems of Zabbix, by its JSON-RPC API",
          .config = config, .check = check, KN_ACTIONS(actions), KN_SENSORS(sensors))
