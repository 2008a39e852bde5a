/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PowerDNS Authoritative by its HTTP API. Three things are its own:
 *
 * - It has no "only if": a set is read once more right before it is written, and calls of one
 *   instance are serialised. Who needs the check and the change in one step takes the rfc2136
 *   plugin, which PowerDNS serves too.
 * - 204 says that the request was understood: deleting what is not there is 204. What counts is
 *   what is read back.
 * - A set may hold disabled records, which neither DNS nor the question for one set shows. They are
 *   no values, and they stay: where the search finds one, the whole zone is read before a write.
 */

#include "dns/dns.h"

#include "web.h"

#include <ctype.h>

/* ---- the API ---- */

/* Escape all but letters, digits, dot and hyphen: with '=' in ids of zones, with '%' elsewhere. */
static char *escape(const char *text, char mark)
{
        char *ret = malloc(strlen(text) * 3 + 1), *to = ret;

        for (; ret && *text; text++)
                if (isalnum((unsigned char)*text) || *text == '.' || *text == '-')
                        *to++ = *text;
                else
                        to += sprintf(to, "%c%02X", mark, (unsigned char)*text);
        if (ret)
                *to = 0;
        return ret;
}

/* URL/api/v1/servers/ID and path. */
static char *url_of(struct kn_ctx *ctx, const char *path)
{
        const char *base = kn_config_str(ctx, "url", "");
        _free_ char *server = escape(kn_config_str(ctx, "server_id", "localhost"), '%');
        size_t len = strlen(base), size;
        char *url;

        if (!server)
                return NULL;
        while (len > 0 && base[len - 1] == '/')
                len--;
        size = len + strlen(server) + strlen(path) + 32;
        url = malloc(size);
        if (url)
                snprintf(url, size, "%.*s/api/v1/servers/%s%s", (int)len, base, server, path);
        return url;
}

/* What the answer itself says: {"error": …}, or plain text. */
static void reason_of(const struct kn_http *http, char *ret, size_t size)
{
        _json_ json_t *body = json_loadb(http->reply, http->reply_len, 0, NULL);
        const char *error = json_string_value(json_object_get(body, "error"));

        if (!error)
                error = http->reply;
        snprintf(ret, size, "%.*s", (int)strcspn(error, "\r\n"), error);
}

static int fail_status(struct kn_ctx *ctx, const struct kn_http *http, const char *doing)
{
        const char *base = kn_config_str(ctx, "url", "");
        char reason[240];

        reason_of(http, reason, sizeof reason);
        if (http->status == 401 || http->status == 403)
                return kn_fail(ctx, KN_EAUTH, "PowerDNS at %s refused %s (%d): compare the "
                               "instance's api_key with the server's api-key, and look at "
                               "webserver-allow-from there", base, doing, http->status);
        if (http->status == 404)
                return kn_fail(ctx, KN_ENOENT, "PowerDNS at %s has nothing for %s (404): is the "
                               "zone there, and is server_id right (it is localhost, but behind a "
                               "proxy)?", base, doing);
        if (http->status == 422 && strstr(reason, "Conflicts with"))
                return kn_fail(ctx, KN_ECONFLICT, "PowerDNS refused %s: %s. A CNAME cannot stand "
                               "beside other records: remove one of them first", doing, reason);
        if (http->status == 422 || http->status == 400)
                return kn_fail(ctx, KN_EARG, "PowerDNS refused %s (%d): %s", doing, http->status,
                               reason);
        if (http->status == 429 || http->status >= 500)
                return kn_fail(ctx, KN_ETEMP, "PowerDNS at %s failed at %s (%d): %s", base, doing,
                               http->status, reason);
        return kn_fail(ctx, KN_EREMOTE, "PowerDNS at %s answered %d to %s: %s", base, http->status,
                       doing, reason);
}

/* ret NULL: the answer's body is of no interest. */
static int api(struct kn_ctx *ctx, const char *method, const char *path, const char *body,
               const char *doing, json_t **ret)
{
        _free_ char *url = url_of(ctx, path);
        const char *key = kn_secret(ctx, "api_key");
        char headers[700];
        struct kn_http http;
        int r;

        if (!key)
                return kn_fail(ctx, KN_EAUTH, "the instance has no api_key: give it as a reference "
                               "to a stored secret");
        if (key[strcspn(key, "\r\n")])
                return kn_fail(ctx, KN_EAUTH, "the secret api_key holds a line break: store it "
                               "without");
        if (!url)
                return KN_ENOMEM;
        snprintf(headers, sizeof headers, "X-API-Key: %s\nAccept: application/json\n%s", key,
                 body ? "Content-Type: application/json\n" : "");
        memset(&http, 0, sizeof http);
        http.method = method;
        http.url = url;
        http.headers = headers;
        http.body = body;
        http.body_len = body ? strlen(body) : 0;
        r = kn_http(ctx, &http);
        if (r < 0)
                return r;
        if (http.status < 200 || http.status > 299)
                return fail_status(ctx, &http, doing);
        if (!ret)
                return KN_OK;
        *ret = json_loadb(http.reply, http.reply_len, 0, NULL);
        return *ret ? KN_OK : kn_fail(ctx, KN_EREMOTE, "what answers at %s gives no JSON to %s: is "
                                      "that PowerDNS's API?", kn_config_str(ctx, "url", ""), doing);
}

static char *zone_path(const char *zone, const char *query)
{
        _free_ char *id = escape(zone, '=');
        size_t size = id ? strlen(id) + strlen(query) + 16 : 0;
        char *path = id ? malloc(size) : NULL;

        if (path)
                snprintf(path, size, "/zones/%s.%s", id, query);
        return path;
}

/* ---- sets ---- */

/* Canonical where ldns knows the type; as it is for those that only PowerDNS has (ALIAS, LUA). */
static char *value_of(struct kn_ctx *ctx, const struct dns_key *key, const char *content)
{
        char *value = NULL;

        return dns_value_parse(ctx, key, content, &value) == 0 ? value : strdup(content);
}

/* The values of one of PowerDNS's rrsets; disabled ones go to the other list, as they are. */
static int split_records(struct kn_ctx *ctx, const struct dns_key *key, const json_t *rrset,
                         json_t *values, json_t *disabled)
{
        json_t *record;
        size_t i;

        json_array_foreach(json_object_get(rrset, "records"), i, record) {
                const char *content = json_string_value(json_object_get(record, "content"));
                _free_ char *value = NULL;

                if (json_is_true(json_object_get(record, "disabled"))) {
                        json_array_append(disabled, record);
                        continue;
                }
                value = content ? value_of(ctx, key, content) : NULL;
                if (!value || json_array_append_new(values, json_string(value)) < 0)
                        return KN_ENOMEM;
        }
        return KN_OK;
}

static int set_of(struct kn_ctx *ctx, const struct dns_key *key, const json_t *zone,
                  json_t *disabled, json_t **ret)
{
        _json_ json_t *values = json_array();
        json_int_t ttl = 0;
        json_t *rrset;
        size_t i;

        json_array_foreach(json_object_get(zone, "rrsets"), i, rrset) {
                const char *name = json_string_value(json_object_get(rrset, "name"));
                const char *type = json_string_value(json_object_get(rrset, "type"));

                if (!name || !type || strcasecmp(name, key->owner) != 0 ||
                    strcmp(type, key->type) != 0)
                        continue;
                ttl = json_integer_value(json_object_get(rrset, "ttl"));
                if (split_records(ctx, key, rrset, values, disabled) < 0)
                        return KN_ENOMEM;
        }
        if (json_array_size(values) == 0)
                return KN_OK;
        *ret = dns_rrset_of(ttl, json_incref(values));
        return *ret ? KN_OK : KN_ENOMEM;
}

static int get_zone(struct kn_ctx *ctx, const char *zone, const char *query, json_t **ret)
{
        _free_ char *path = zone_path(zone, query);
        char doing[300];
        int r = path ? dns_zone_allowed(ctx, zone) : KN_ENOMEM;

        snprintf(doing, sizeof doing, "zone %s", zone);
        return r < 0 ? r : api(ctx, "GET", path, NULL, doing, ret);
}

/* The zone's head and the one set; a PowerDNS too old for the filter gives the whole zone. */
static int get_set(struct kn_ctx *ctx, const struct dns_key *key, json_t **ret)
{
        _free_ char *name = escape(key->owner, '%');
        char query[900];

        if (!name)
                return KN_ENOMEM;
        snprintf(query, sizeof query, "?rrset_name=%s&rrset_type=%s", name, key->type);
        return get_zone(ctx, key->zone, query, ret);
}

int system_read(struct kn_ctx *ctx, const struct dns_key *key, bool for_change, json_t **ret)
{
        _json_ json_t *zone = NULL, *disabled = json_array();
        int r = get_set(ctx, key, &zone);

        (void)for_change;               /* the API never shows what a wildcard would answer */
        return r < 0 ? r : set_of(ctx, key, zone, disabled, ret);
}

/* ---- writing ---- */

#define SEARCH_MAX 1000

/* Does the search find a disabled record of this set, or so much that it may have left one out? */
static int may_have_disabled(struct kn_ctx *ctx, const struct dns_key *key, bool *ret)
{
        _json_ json_t *found = NULL;
        _free_ char *name = escape(key->owner, '%');
        char path[900];
        json_t *row;
        size_t i;
        int r;

        if (!name)
                return KN_ENOMEM;
        snprintf(path, sizeof path, "/search-data?q=%.*s&max=%d&object_type=record",
                 (int)strlen(name) - 1, name, SEARCH_MAX);
        r = api(ctx, "GET", path, NULL, "a search", &found);
        *ret = json_array_size(found) >= SEARCH_MAX;
        json_array_foreach(found, i, row) {
                const char *owner = json_string_value(json_object_get(row, "name"));
                const char *type = json_string_value(json_object_get(row, "type"));

                *ret |= json_is_true(json_object_get(row, "disabled")) && owner && type &&
                        strcasecmp(owner, key->owner) == 0 && strcmp(type, key->type) == 0;
        }
        return r;
}

/* The zone with the set as it is, disabled records and all where there are any. */
static int read_all(struct kn_ctx *ctx, const struct dns_key *key, json_t *disabled,
                    json_t **ret_zone, json_t **ret)
{
        bool is_whole = false;
        int r = may_have_disabled(ctx, key, &is_whole);

        if (r == 0)
                r = is_whole ? get_zone(ctx, key->zone, "", ret_zone) : get_set(ctx, key, ret_zone);
        return r < 0 ? r : set_of(ctx, key, *ret_zone, disabled, ret);
}

static json_t *records_of(const json_t *set, json_t *disabled)
{
        json_t *records = json_array(), *value;
        size_t i;

        json_array_foreach(json_object_get(set, "values"), i, value)
                json_array_append_new(records,
                                      json_pack("{s:O, s:b}", "content", value, "disabled", 0));
        json_array_extend(records, disabled);
        return records;
}

static char *patch_of(const struct dns_key *key, const json_t *before, const json_t *after,
                      json_t *disabled)
{
        _json_ json_t *patch = NULL;
        const json_t *ttl = json_object_get(after ? after : before, "ttl");

        if (!after && json_array_size(disabled) == 0)
                patch = json_pack("{s:[{s:s, s:s, s:s}]}", "rrsets", "name", key->owner, "type",
                                  key->type, "changetype", "DELETE");
        else
                patch = json_pack("{s:[{s:s, s:s, s:s, s:O, s:o}]}", "rrsets", "name", key->owner,
                                  "type", key->type, "changetype", "REPLACE", "ttl", ttl, "records",
                                  records_of(after, disabled));
        return patch ? json_dumps(patch, JSON_COMPACT) : NULL;
}

static int check_kind(struct kn_ctx *ctx, const struct dns_key *key, const json_t *zone)
{
        const char *kind = json_string_value(json_object_get(zone, "kind"));

        if (!kind || (strcmp(kind, "Slave") != 0 && strcmp(kind, "Secondary") != 0 &&
                      strcmp(kind, "Consumer") != 0))
                return KN_OK;
        return kn_fail(ctx, KN_EUNSUPPORTED, "zone %s is a secondary on this PowerDNS: its next "
                       "transfer would undo the change; change it at its primary", key->zone);
}

int system_write(struct kn_ctx *ctx, const struct dns_key *key, const json_t *before,
                 const json_t *after)
{
        _json_ json_t *zone = NULL, *disabled = json_array(), *now = NULL;
        _free_ char *patch = NULL, *path = NULL;
        char doing[300];
        int r = read_all(ctx, key, disabled, &zone, &now);

        if (r == 0)
                r = check_kind(ctx, key, zone);
        if (r < 0)
                return r;
        if (!dns_rrset_equal(now, before))
                return DNS_STALE;
        patch = patch_of(key, before, after, disabled);
        path = zone_path(key->zone, "");
        if (!patch || !path)
                return KN_ENOMEM;
        snprintf(doing, sizeof doing, "the change of zone %s", key->zone);
        return api(ctx, "PATCH", path, patch, doing, NULL);
}

/* ---- zones ---- */

struct walk {
        struct kn_ctx *ctx;
        const char *zone;
        dns_visit *visit;
        void *arg;
};

static int visit_rrset(const struct walk *walk, const json_t *rrset)
{
        _json_ json_t *values = json_array(), *disabled = json_array();
        const char *name = json_string_value(json_object_get(rrset, "name"));
        const char *type = json_string_value(json_object_get(rrset, "type"));
        json_int_t ttl = json_integer_value(json_object_get(rrset, "ttl"));
        struct dns_key key;
        json_t *value;
        size_t i;
        int r = name && type ? dns_key_parse(walk->ctx, walk->zone, name, type, &key) : KN_EREMOTE;

        if (r == 0)
                r = split_records(walk->ctx, &key, rrset, values, disabled);
        json_array_foreach(values, i, value)
                if (r == 0)
                        r = walk->visit(walk->arg, key.owner, ttl, key.type,
                                        json_string_value(value));
        return r;
}

/* Names with characters that this plugin does not take are left out, with a word in the log. */
static int visit_rrsets(const struct walk *walk, const json_t *rrsets, bool soa)
{
        json_t *rrset;
        size_t i;

        json_array_foreach(rrsets, i, rrset) {
                const char *type = json_string_value(json_object_get(rrset, "type"));
                int r;

                if ((type && strcmp(type, "SOA") == 0) != soa)
                        continue;
                r = visit_rrset(walk, rrset);
                if (r == KN_EARG)
                        kn_log(walk->ctx, KN_WARNING, "dns zone %s: a name with unusual characters "
                               "is left out", walk->zone);
                else if (r < 0)
                        return r;
        }
        return KN_OK;
}

int system_walk(struct kn_ctx *ctx, const char *zone, dns_visit *visit, void *arg,
                int64_t *ret_serial)
{
        const struct walk walk = { ctx, zone, visit, arg };
        _json_ json_t *answer = NULL;
        const json_t *rrsets;
        int r = get_zone(ctx, zone, "", &answer);

        rrsets = json_object_get(answer, "rrsets");
        if (r == 0)
                r = visit_rrsets(&walk, rrsets, true);
        if (r == 0)
                r = visit_rrsets(&walk, rrsets, false);
        if (r == 0)
                *ret_serial = json_integer_value(json_object_get(answer, "serial"));
        return r;
}

/* Those that the configuration names, where it names any. */
static bool is_wanted(struct kn_ctx *ctx, const json_t *configured, const char *zone)
{
        char name[DNS_NAME_MAX];
        json_t *entry;
        size_t i;

        json_array_foreach(configured, i, entry)
                if (dns_zone_parse(ctx, json_string_value(entry), name) == 0 &&
                    strcmp(name, zone) == 0)
                        return true;
        return json_array_size(configured) == 0;
}

int system_zones(struct kn_ctx *ctx, json_t **ret)
{
        _json_ json_t *answer = NULL, *zones = json_array();
        _json_ json_t *configured = dns_zones_configured(ctx);
        int r = api(ctx, "GET", "/zones", NULL, "the list of zones", &answer);
        json_t *entry;
        size_t i;

        json_array_foreach(answer, i, entry) {
                const char *name = json_string_value(json_object_get(entry, "name"));
                char zone[DNS_NAME_MAX];

                if (name && dns_zone_parse(ctx, name, zone) == 0 &&
                    is_wanted(ctx, configured, zone))
                        json_array_append_new(zones, json_pack("{s:s, s:O}", "zone", zone, "serial",
                                                               json_object_get(entry, "serial")));
        }
        if (r == 0)
                *ret = json_incref(zones);
        return r;
}

/* ---- the plugin ---- */

static int check(struct kn_ctx *ctx)
{
        _json_ json_t *server = NULL, *zones = NULL;
        const char *version;
        int r = api(ctx, "GET", "", NULL, "its own description", &server);

        if (r == 0)
                r = system_zones(ctx, &zones);
        if (r < 0)
                return r;
        version = json_string_value(json_object_get(server, "version"));
        r = kn_return_str(ctx, "version", version ? version : "unknown");
        return r < 0 ? r : kn_return_int(ctx, "zones", (int64_t)json_array_size(zones));
}

static const char config[] = KN_JSON({
        "type": "object",
        "properties": {
                "url": { "type": "string", "maxLength": 300, "pattern": "^https?://[^\\s?#]+$",
                        "description": "Where the API listens: http://127.0.0.1:8081" },
                "api_key": { "type": "string", "minLength": 1, "maxLength": 500, "writeOnly": true,
                        "pattern": "^[!-~]+$",
                        "description": "The server's api-key" },
                "server_id": { "type": "string", "minLength": 1, "maxLength": 100,
                        "default": "localhost" },
                "zones": { "type": "array", "maxItems": 10000, "uniqueItems": true,
                        "items": { "type": "string", "minLength": 1, "maxLength": 254 },
                        "description": "The only zones to touch, list and watch; absent: all" },
                "poll_s": { "type": "integer", "minimum": 1, "maximum": 86400, "default": 30,
                        "description": "How often serials are looked at" }
        ) WEB_TLS KN_JSON(
        },
        "required": ["url", "api_key"],
        "additionalProperties": false
});

static const struct kn_action actions[] = { DNS_ACTIONS };

static const struct kn_sensor sensors[] = {
        { .name = "zone.serial", .summary = "Watch the serials of the zones",
          .poll = dns_serial_poll, .interval_ms = 30000 },
};

/*
 * Calls of one instance stay serialised: PowerDNS has no prerequisites that would hold them apart.
 */
KN_PLUGIN(.name = "powerdns", .version = "1.0", .domain = "dns",
          .summary = "DNS zones on PowerDNS Authoritative, by its HTTP API",
          .config = config, .check = check, KN_ACTIONS(actions), KN_SENSORS(sensors))
