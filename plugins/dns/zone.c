/* SPDX-License-Identifier: Apache-2.0 */

/* The actions that only read, and the sensor of serials. */

#include "dns/dns.h"

#define EXPORT_MAX (32u << 20)          /* bytes of one exported zone */

static int give(struct kn_ctx *ctx, json_t *result)
{
        _json_ json_t *owned = result;
        _free_ char *text = owned ? json_dumps(owned, JSON_COMPACT) : NULL;

        return text ? kn_return_json(ctx, "", text) : KN_ENOMEM;
}

/* A new reference to the member, or else what stands for it where there is no set. */
static json_t *member_of(const json_t *set, const char *name, json_t *or_else)
{
        json_t *member = json_object_get(set, name);

        if (!member)
                return or_else;
        json_decref(or_else);
        return json_incref(member);
}

int dns_record_lookup(struct kn_ctx *ctx)
{
        _json_ json_t *set = NULL;
        struct dns_key key;
        int r = dns_key_read(ctx, &key);

        if (r == 0)
                r = system_read(ctx, &key, false, &set);
        if (r < 0)
                return r;
        return give(ctx, json_pack("{s:s, s:s, s:s, s:b, s:o, s:o}", "zone", key.zone,
                                   "name", key.name, "type", key.type, "found", set != NULL,
                                   "ttl", member_of(set, "ttl", json_null()),
                                   "values", member_of(set, "values", json_array())));
}

/* ---- listing: records gather into sets by "name\ttype" ---- */

struct listing {
        const char *zone, *name, *type; /* name, type: NULL is all */
        json_t *sets;                   /* "name\ttype" → {name, type, ttl, values} */
};

static int gather(void *arg, const char *owner, int64_t ttl, const char *type, const char *value)
{
        struct listing *listing = arg;
        char name[DNS_NAME_MAX], index[DNS_NAME_MAX + 24];
        json_t *set;

        if (!dns_name_relative(owner, listing->zone, name))
                return 0;
        if ((listing->name && strcmp(name, listing->name) != 0) ||
            (listing->type && strcmp(type, listing->type) != 0))
                return 0;
        /* A tab sorts before all that stands in names; the zone's own records come first of all. */
        snprintf(index, sizeof index, "%s\t%s", strcmp(name, "@") == 0 ? "" : name, type);
        set = json_object_get(listing->sets, index);
        if (!set) {
                set = json_pack("{s:s, s:s, s:I, s:[]}", "name", name, "type", type,
                                "ttl", (json_int_t)ttl, "values");
                if (!set || json_object_set_new(listing->sets, index, set) < 0)
                        return KN_ENOMEM;
        }
        return json_array_append_new(json_object_get(set, "values"), json_string(value)) < 0
                ? KN_ENOMEM : 0;
}

static int compare_keys(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The first `limit` sets in the order of their names, values sorted. */
static json_t *first_sets(const json_t *sets, size_t limit)
{
        const char **keys = calloc(json_object_size(sets) + 1, sizeof *keys), *key;
        json_t *ret = json_array(), *set;
        size_t n = 0;

        json_object_foreach((json_t *)sets, key, set)
                if (keys)
                        keys[n++] = key;
        if (keys)
                qsort(keys, n, sizeof *keys, compare_keys);
        for (size_t i = 0; i < n && i < limit; i++) {
                set = json_object_get(sets, keys[i]);
                json_t *sorted = dns_rrset_of(0, json_incref(json_object_get(set, "values")));

                json_object_set(set, "values", json_object_get(sorted, "values"));
                json_decref(sorted);
                json_array_append(ret, set);
        }
        free(keys);
        return ret;
}

int dns_record_list(struct kn_ctx *ctx)
{
        _json_ json_t *sets = json_object();
        const char *name = kn_arg_str(ctx, "name", NULL), *type = kn_arg_str(ctx, "type", NULL);
        struct dns_key key;
        struct listing listing = { key.zone, name ? key.name : NULL, type ? key.type : NULL, sets };
        size_t limit = (size_t)kn_arg_int(ctx, "limit", 10000), count;
        int64_t serial = 0;
        int r = dns_key_read(ctx, &key);

        if (r == 0)
                r = system_walk(ctx, key.zone, gather, &listing, &serial);
        if (r < 0)
                return r;
        count = json_object_size(sets);
        return give(ctx, json_pack("{s:s, s:I, s:I, s:b, s:o}", "zone", key.zone,
                                   "serial", (json_int_t)serial, "count", (json_int_t)count,
                                   "truncated", count > limit, "records", first_sets(sets, limit)));
}

int dns_zone_list(struct kn_ctx *ctx)
{
        _json_ json_t *zones = NULL;
        int r = system_zones(ctx, &zones);

        return r < 0 ? r : give(ctx, json_pack("{s:O}", "zones", zones));
}

/* ---- export ---- */

struct export {
        struct kn_ctx *ctx;
        char *text, *soa;
        size_t len, size;
        int64_t lines;
};

static int append_line(void *arg, const char *owner, int64_t ttl, const char *type,
                       const char *value)
{
        struct export *export = arg;
        size_t need = strlen(owner) + strlen(type) + strlen(value) + 40;

        if (export->len + need > EXPORT_MAX)
                return kn_fail(export->ctx, KN_EUNSUPPORTED, "the zone is larger than %u MiB as "
                               "text: transfer it with a tool made for that, such as dig axfr",
                               EXPORT_MAX >> 20);
        if (export->len + need > export->size) {
                size_t size = export->size * 2 + need;
                char *larger = realloc(export->text, size);

                if (!larger)
                        return KN_ENOMEM;
                export->text = larger;
                export->size = size;
        }
        export->len += (size_t)snprintf(export->text + export->len, need, "%s\t%lld\tIN\t%s\t%s\n",
                                        owner, (long long)ttl, type, value);
        export->lines++;
        return 0;
}

int dns_zone_export(struct kn_ctx *ctx)
{
        struct export export = { .ctx = ctx };
        char zone[DNS_NAME_MAX];
        int64_t serial = 0;
        json_t *result;
        int r = dns_zone_parse(ctx, kn_arg_str(ctx, "zone", ""), zone);

        if (r == 0)
                r = system_walk(ctx, zone, append_line, &export, &serial);
        if (r == 0 && !export.text)
                r = kn_fail(ctx, KN_EREMOTE, "the server gave no record of zone %s", zone);
        if (r < 0) {
                free(export.text);
                return r;
        }
        result = json_pack("{s:s, s:I, s:I, s:s}", "zone", zone, "serial", (json_int_t)serial,
                           "records", (json_int_t)export.lines, "text", export.text);
        free(export.text);
        return give(ctx, result);
}

/*
 * ---- the sensor: one stored value, {"zone": serial}; the first sight of a zone is no change ----
 */

static int emit_change(struct kn_ctx *ctx, const char *zone, json_int_t serial, json_int_t previous)
{
        _json_ json_t *payload = json_pack("{s:s, s:I, s:I}", "zone", zone, "serial", serial,
                                           "previous", previous);
        _free_ char *text = payload ? json_dumps(payload, JSON_COMPACT) : NULL;

        return text ? kn_emit(ctx, "zone.changed", text, NULL) : KN_ENOMEM;
}

static int compare_serials(struct kn_ctx *ctx, const json_t *zones, json_t *known)
{
        json_t *entry;
        size_t i;

        json_array_foreach(zones, i, entry) {
                const char *zone = json_string_value(json_object_get(entry, "zone"));
                json_int_t serial = json_integer_value(json_object_get(entry, "serial"));
                json_t *previous = json_object_get(known, zone);
                int r = 0;

                if (previous && json_integer_value(previous) != serial)
                        r = emit_change(ctx, zone, serial, json_integer_value(previous));
                if (r < 0)
                        return r;
                if (json_object_set_new(known, zone, json_integer(serial)) < 0)
                        return KN_ENOMEM;
        }
        return KN_OK;
}

int dns_serial_poll(struct kn_ctx *ctx)
{
        _json_ json_t *zones = NULL;
        _json_ json_t *known = json_loads(kn_str(ctx, KN_STORE, "serials", "{}"), 0, NULL);
        _free_ char *text = NULL;
        int r;

        if (!json_is_object(known)) {
                json_decref(known);
                known = json_object();
        }
        kn_put_int(ctx, KN_CALL, "again_ms", KN_INT, kn_config_int(ctx, "poll_s", 30) * 1000);
        r = system_zones(ctx, &zones);
        if (r == 0)
                r = compare_serials(ctx, zones, known);
        if (r < 0)
                return r;
        text = json_dumps(known, JSON_COMPACT | JSON_SORT_KEYS);
        return text ? kn_put_text(ctx, KN_STORE, "serials", KN_JSONTEXT, text) : KN_ENOMEM;
}
