/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names as people write them, made into the one form that resources, the ledger and the systems
 * share. The rules, and why:
 *
 * - A final dot makes a name absolute. Without it a name is relative, unless it already ends in the
 *   zone's name: www.example.com.example.com is what nobody ever meant.
 * - Lower case: DNS compares that way, the ledger compares bytes.
 * - A-labels only. Turning U-labels into them is the caller's choice of IDNA rules; the sentence
 *   says how.
 * - Letters, digits, hyphen, underscore, slash (RFC 2317) and an asterisk as the first label. What
 *   else DNS could carry needs escapes that every system spells differently.
 */

#include "dns/dns.h"

#include <ctype.h>
#include <strings.h>

static bool is_label_char(char c)
{
        return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '/';
}

/* The first thing that is wrong with a name of labels and dots, no final dot; NULL: nothing. */
static const char *name_fault(const char *name)
{
        size_t label = 0;

        if (strlen(name) > 253)
                return "it is longer than 253 characters";
        if (strncmp(name, "*.", 2) == 0)
                name += 2;
        else if (strcmp(name, "*") == 0)
                return NULL;
        for (const char *p = name; ; p++) {
                if (*p == '.' || !*p) {
                        if (label == 0)
                                return "a label in it is empty";
                        if (label > 63)
                                return "a label in it is longer than 63 characters";
                        if (!*p)
                                return NULL;
                        label = 0;
                } else if (*p == '*') {
                        return "an asterisk can only be its first label";
                } else if (!is_label_char(*p)) {
                        return "only letters, digits, '-', '_' and '/' can stand in a label";
                } else {
                        label++;
                }
        }
}

static bool is_ascii(const char *s)
{
        while (*s)
                if ((unsigned char)*s++ >= 0x80)
                        return false;
        return true;
}

/* Lower case into ret, one final dot taken off; the checks are the caller's. */
static bool copy_name(const char *text, char ret[DNS_NAME_MAX])
{
        size_t len = strlen(text);

        if (len >= DNS_NAME_MAX)
                return false;
        for (size_t i = 0; i <= len; i++)
                ret[i] = (char)tolower((unsigned char)text[i]);
        if (len > 1 && ret[len - 1] == '.')
                ret[len - 1] = 0;
        return true;
}

static int check_name(struct kn_ctx *ctx, const char *what, const char *text, const char *name)
{
        const char *fault;

        if (!is_ascii(text))
                return kn_fail(ctx, KN_EARG, "%s '%.100s' is not ASCII: write its A-label, which "
                               "begins with xn-- (\"idn2 NAME\" prints it)", what, text);
        fault = name_fault(name);
        if (fault)
                return kn_fail(ctx, KN_EARG, "%s '%.100s' cannot be used: %s", what, text, fault);
        return KN_OK;
}

int dns_zone_parse(struct kn_ctx *ctx, const char *text, char ret[DNS_NAME_MAX])
{
        char zone[DNS_NAME_MAX];
        int r;

        if (!copy_name(text, zone))
                return kn_fail(ctx, KN_EARG, "zone '%.60s…' is longer than 253 characters", text);
        r = check_name(ctx, "zone", text, zone);
        if (r < 0)
                return r;
        if (zone[0] == '*')
                return kn_fail(ctx, KN_EARG, "zone '%s' cannot be a wildcard", zone);
        memcpy(ret, zone, sizeof zone);
        return KN_OK;
}

json_t *dns_zones_configured(struct kn_ctx *ctx)
{
        json_t *zones = json_loads(kn_config_str(ctx, "zones", "[]"), 0, NULL);

        return zones ? zones : json_array();
}

int dns_zone_allowed(struct kn_ctx *ctx, const char *zone)
{
        _json_ json_t *zones = dns_zones_configured(ctx);
        json_t *entry;
        size_t i;

        json_array_foreach(zones, i, entry) {
                char name[DNS_NAME_MAX];
                int r = dns_zone_parse(ctx, json_string_value(entry), name);

                if (r < 0)
                        return r;
                if (strcmp(name, zone) == 0)
                        return KN_OK;
        }
        if (json_array_size(zones) == 0)
                return KN_OK;
        return kn_fail(ctx, KN_EDENIED, "zone %s is not among the zones of this instance: add it "
                       "to \"zones\" in its configuration, if it should be", zone);
}

/* Both without a final dot: does name lie in zone? Its relative form goes to ret. */
static bool relative(const char *name, const char *zone, char ret[DNS_NAME_MAX])
{
        size_t n = strlen(name), z = strlen(zone);

        if (n == z && strcasecmp(name, zone) == 0) {
                memcpy(ret, "@", 2);
                return true;
        }
        if (n < z + 2 || name[n - z - 1] != '.' || strcasecmp(name + n - z, zone) != 0)
                return false;
        memmove(ret, name, n - z - 1);
        ret[n - z - 1] = 0;
        return true;
}

bool dns_name_relative(const char *owner, const char *zone, char ret[DNS_NAME_MAX])
{
        char name[DNS_NAME_MAX];

        return copy_name(owner, name) && relative(name, zone, ret);
}

static int parse_owner(struct kn_ctx *ctx, const char *text, struct dns_key *key)
{
        bool is_absolute = text[0] && text[strlen(text) - 1] == '.';
        char name[DNS_NAME_MAX];
        int r, n;

        if (strcmp(text, "@") == 0)
                text = key->zone;
        if (!copy_name(text, name))
                return kn_fail(ctx, KN_EARG, "name '%.60s…' is longer than 253 characters", text);
        r = check_name(ctx, "name", text, name);
        if (r < 0)
                return r;
        if (!relative(name, key->zone, key->name)) {
                if (is_absolute)
                        return kn_fail(ctx, KN_EARG, "name '%s' is not in the zone %s: take the "
                                       "zone that holds it, or leave the final dot away", text,
                                       key->zone);
                memcpy(key->name, name, sizeof name);
        }
        n = strcmp(key->name, "@") == 0
                ? snprintf(key->owner, sizeof key->owner, "%s.", key->zone)
                : snprintf(key->owner, sizeof key->owner, "%s.%s.", key->name, key->zone);
        if (n > 254)
                return kn_fail(ctx, KN_EARG, "name '%.60s…' in zone %.60s is longer than 253 "
                               "characters", key->name, key->zone);
        return KN_OK;
}

int dns_key_parse(struct kn_ctx *ctx, const char *zone, const char *name, const char *type,
                  struct dns_key *ret)
{
        struct dns_key key;
        int r;

        memset(&key, 0, sizeof key);
        r = dns_zone_parse(ctx, zone, key.zone);
        if (r < 0)
                return r;
        r = parse_owner(ctx, name, &key);
        if (r < 0)
                return r;
        if (strlen(type) >= sizeof key.type)
                return kn_fail(ctx, KN_EARG, "type '%.40s' is not known", type);
        for (size_t i = 0; type[i]; i++)
                key.type[i] = (char)toupper((unsigned char)type[i]);
        *ret = key;
        return KN_OK;
}

int dns_key_read(struct kn_ctx *ctx, struct dns_key *ret)
{
        return dns_key_parse(ctx, kn_arg_str(ctx, "zone", ""), kn_arg_str(ctx, "name", "@"),
                             kn_arg_str(ctx, "type", ""), ret);
}

static char *escape_slashes(char *to, const char *from)
{
        for (; *from; from++) {
                if (*from == '/') {
                        memcpy(to, "%2F", 3);
                        to += 3;
                } else {
                        *to++ = *from;
                }
        }
        return to;
}

char *dns_key_resource(const struct dns_key *key)
{
        char *ret = malloc(sizeof *key * 3 + 16), *p = ret;

        if (!ret)
                return NULL;
        memcpy(p, "dns/", 4);
        p = escape_slashes(p + 4, key->zone);
        *p++ = '/';
        p = escape_slashes(p, key->name);
        *p++ = '/';
        memcpy(p, key->type, strlen(key->type) + 1);
        return ret;
}
