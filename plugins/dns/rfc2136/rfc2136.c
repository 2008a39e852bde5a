/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any DNS server that takes dynamic updates (RFC 2136) with a TSIG key: BIND, Knot, PowerDNS, and
 * the rest. One TCP connection a call; the secret is read anew each time and kept nowhere.
 */

#include "dns/rfc2136/rfc2136.h"

/*
 * A wildcard answers for names that are not there. Only the zone itself knows the difference, and
 * an UPDATE that holds nothing but a question asks the zone.
 */
int system_read(struct kn_ctx *ctx, const struct dns_key *key, bool for_change, json_t **ret)
{
        _wire_ struct wire wire = WIRE_NONE;
        _json_ json_t *set = NULL;
        bool is_there = true;
        int r = dns_zone_allowed(ctx, key->zone);

        if (r == 0)
                r = wire_open(ctx, &wire);
        if (r == 0)
                r = query_set(&wire, key, &set);
        if (r == 0 && set && for_change)
                r = update_probe(&wire, key, &is_there);
        if (r == 0 && set && is_there)
                *ret = json_incref(set);
        return r;
}

int system_write(struct kn_ctx *ctx, const struct dns_key *key, const json_t *before,
                 const json_t *after)
{
        _wire_ struct wire wire = WIRE_NONE;
        int r = wire_open(ctx, &wire);

        return r < 0 ? r : update_set(&wire, key, before, after);
}

/* Zones that cannot be read are left out, with a warning, as long as one can be. */
static int read_serials(struct wire *wire, const json_t *names, json_t *zones)
{
        json_t *entry;
        int r = KN_OK;
        size_t i;

        json_array_foreach(names, i, entry) {
                char zone[DNS_NAME_MAX];
                int64_t serial = 0;

                r = dns_zone_parse(wire->ctx, json_string_value(entry), zone);
                if (r == 0)
                        r = query_serial(wire, zone, &serial);
                if (r == KN_ETEMP || r == KN_ETIMEOUT || r == KN_ECANCELED || r == KN_EAUTH)
                        return r;
                if (r < 0)
                        kn_log(wire->ctx, KN_WARNING, "dns zone %s at %s cannot be read, ignoring",
                               zone, wire->server);
                else
                        json_array_append_new(zones, json_pack("{s:s, s:I}", "zone", zone, "serial",
                                                               (json_int_t)serial));
        }
        return json_array_size(zones) > 0 ? KN_OK : r;
}

int system_zones(struct kn_ctx *ctx, json_t **ret)
{
        _json_ json_t *names = dns_zones_configured(ctx), *zones = json_array();
        _wire_ struct wire wire = WIRE_NONE;
        int r;

        if (json_array_size(names) == 0)
                return kn_fail(ctx, KN_EUNSUPPORTED, "DNS has no question for the zones of a "
                               "server: name them in \"zones\" in this instance's configuration");
        r = wire_open(ctx, &wire);
        if (r == 0)
                r = read_serials(&wire, names, zones);
        if (r == 0)
                *ret = json_incref(zones);
        return r;
}

/* Nothing to watch is no failure of the sensor. */
static int poll_serials(struct kn_ctx *ctx)
{
        _json_ json_t *names = dns_zones_configured(ctx);

        if (json_array_size(names) > 0)
                return dns_serial_poll(ctx);
        kn_put_int(ctx, KN_CALL, "again_ms", KN_INT, 3600 * 1000);
        return KN_OK;
}

/* ---- check: each zone, what can be done with it ---- */

static int skip_record(void *arg, const char *owner, int64_t ttl, const char *type,
                       const char *value)
{
        (void)owner, (void)ttl, (void)type, (void)value;
        ++*(int64_t *)arg;
        return 0;
}

static int check_zone(struct kn_ctx *ctx, const char *zone, json_t *report)
{
        _wire_ struct wire wire = WIRE_NONE;
        int64_t serial = 0, records = 0;
        int r = wire_open(ctx, &wire);

        if (r == 0)
                r = query_serial(&wire, zone, &serial);
        if (r == 0)
                r = update_permitted(&wire, zone);
        if (r == 0 && kn_int(ctx, KN_CONFIG, "transfer", 1))
                r = system_walk(ctx, zone, skip_record, &records, &serial);
        if (r < 0)
                return r;
        json_array_append_new(report, json_pack("{s:s, s:I, s:b, s:I}", "zone", zone, "serial",
                                                (json_int_t)serial, "update", 1, "records",
                                                (json_int_t)records));
        return KN_OK;
}

static int check_connection(struct kn_ctx *ctx)
{
        _wire_ struct wire wire = WIRE_NONE;
        int r = wire_open(ctx, &wire);

        return r < 0 ? r : kn_return_str(ctx, "note", "connected; name \"zones\" to have rights "
                                         "checked too");
}

static int check(struct kn_ctx *ctx)
{
        _json_ json_t *names = dns_zones_configured(ctx), *report = json_array();
        _free_ char *text = NULL;
        json_t *entry;
        size_t i;

        if (json_array_size(names) == 0)
                return check_connection(ctx);
        json_array_foreach(names, i, entry) {
                char zone[DNS_NAME_MAX];
                int r = dns_zone_parse(ctx, json_string_value(entry), zone);

                if (r == 0)
                        r = check_zone(ctx, zone, report);
                if (r < 0)
                        return r;
        }
        text = json_dumps(report, JSON_COMPACT);
        return text ? kn_return_json(ctx, "zones", text) : KN_ENOMEM;
}

static const char config[] = KN_JSON({
        "type": "object",
        "properties": {
                "server": { "type": "string", "maxLength": 270,
                        "pattern": "^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+):[1-9][0-9]{0,4}$",
                        "description": "The zones' primary: ns1.example.com:53" },
                "key_name": { "type": "string", "minLength": 1, "maxLength": 253 },
                "algorithm": { "type": "string",
                        "enum": ["hmac-sha256", "hmac-sha512", "hmac-sha1"],
                        "default": "hmac-sha256" },
                "secret": { "type": "string", "minLength": 4, "maxLength": 1024, "writeOnly": true,
                        "description": "The TSIG key in base64, as tsig-keygen prints it" },
                "zones": { "type": "array", "maxItems": 10000, "uniqueItems": true,
                        "items": { "type": "string", "minLength": 1, "maxLength": 254 },
                        "description": "The only zones to touch; also those to watch" },
                "transfer": { "type": "boolean", "default": true,
                        "description": "Whether zones may be transferred, to list and export" },
                "poll_s": { "type": "integer", "minimum": 1, "maximum": 86400, "default": 30,
                        "description": "How often serials are looked at" }
        },
        "required": ["server", "key_name", "secret"],
        "additionalProperties": false
});

static const struct kn_action actions[] = { DNS_ACTIONS };

static const struct kn_sensor sensors[] = {
        { .name = "zone.serial", .summary = "Watch the serials of the configured zones",
          .poll = poll_serials, .interval_ms = 30000 },
};

KN_PLUGIN(.name = "rfc2136", .version = "1.0", .domain = "dns", .flags = KN_PARALLEL,
          .summary = "DNS zones by dynamic update, on BIND, Knot and every server that takes it",
          .config = config, .check = check, KN_ACTIONS(actions), KN_SENSORS(sensors))
