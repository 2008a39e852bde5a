/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the DNS plugins share: the actions of the contract, written once over a small interface that
 * each system implements (system_*, below). A plugin is these files and its own, linked together.
 *
 * A record set is the JSON that the ledger keeps: {"ttl": 300, "values": ["192.0.2.1"]}, values
 * canonical and sorted, so that equal sets are equal texts whatever server they come from; NULL is
 * no set. Functions return KN_OK or a KN_E with the sentence set.
 */

#ifndef PLUGINS_DNS_H
#define PLUGINS_DNS_H

#include "cleanup.h"

#include <kaname/plugin.h>

#include <stdbool.h>

#define DNS_NAME_MAX    256             /* 253 characters, a final dot, the NUL */
#define DNS_TTL_DEFAULT 300

struct dns_key {
        char zone[DNS_NAME_MAX];        /* lower case, no final dot: "example.com" */
        char name[DNS_NAME_MAX];        /* relative: "www", "@" for the zone itself */
        char owner[DNS_NAME_MAX];       /* absolute: "www.example.com." */
        char type[20];                  /* "A" */
};

/* ---- names (key.c) ---- */

/* A zone as a person or a configuration writes it. */
int dns_zone_parse(struct kn_ctx *ctx, const char *text, char ret[DNS_NAME_MAX]);
int dns_key_parse(struct kn_ctx *ctx, const char *zone, const char *name, const char *type,
                  struct dns_key *ret);
/* The arguments zone, name and type of the call. */
int dns_key_read(struct kn_ctx *ctx, struct dns_key *ret);
/*
 * The zones that the instance's configuration names, as written there; new, empty where it names
 * none.
 */
json_t *dns_zones_configured(struct kn_ctx *ctx);
/* KN_EDENIED where the configuration names zones and this is none of them. */
int dns_zone_allowed(struct kn_ctx *ctx, const char *zone);
/* "dns/example.com/www/A"; a slash in a name is written %2F. */
char *dns_key_resource(const struct dns_key *key);
/* owner (absolute, any case) relative to zone: "www", "@"; false: it is not in the zone. */
bool dns_name_relative(const char *owner, const char *zone, char ret[DNS_NAME_MAX]);

/* ---- values and sets (rrset.c) ---- */

/* One value in canonical spelling; relative names in it are taken as relative to the zone. */
int dns_value_parse(struct kn_ctx *ctx, const struct dns_key *key, const char *text, char **ret);
/* What stands after owner, TTL, class and type; makes rr canonical. NULL: out of memory. */
struct ldns_struct_rr;
char *dns_value_of(struct ldns_struct_rr *rr);
/* values: an array of text in any spelling. Sorted, without doubles. */
int dns_rrset_new(struct kn_ctx *ctx, const struct dns_key *key, int64_t ttl, const json_t *values,
                  json_t **ret);
/* For values that are canonical already; takes the reference of values. NULL: out of memory. */
json_t *dns_rrset_of(int64_t ttl, json_t *values);
bool dns_rrset_equal(const json_t *a, const json_t *b);         /* NULL equals NULL */
bool dns_rrset_has(const json_t *set, const char *value);
char *dns_rrset_text(const json_t *set);                        /* canonical; NULL for NULL */

/* ---- what a system implements ---- */

/*
 * The set as it is; *ret NULL where there is none. for_change: what the zone holds, not what the
 * server would answer (a wildcard's answer is no record of that name).
 */
int system_read(struct kn_ctx *ctx, const struct dns_key *key, bool for_change, json_t **ret);
/*
 * before and after may each be NULL. DNS_STALE, no sentence: it was not before, nothing was
 * written.
 */
enum { DNS_STALE = 1 };
int system_write(struct kn_ctx *ctx, const struct dns_key *key, const json_t *before,
                 const json_t *after);

/*
 * One record: owner absolute and lower case, type and value canonical. Not 0: stop, and return it.
 */
typedef int dns_visit(void *arg, const char *owner, int64_t ttl, const char *type,
                      const char *value);
/* All records of a zone, the SOA first and once; *ret_serial is set at the end. */
int system_walk(struct kn_ctx *ctx, const char *zone, dns_visit *visit, void *arg,
                int64_t *ret_serial);
/* [{"zone": …, "serial": …}] of those that can be read; at least one, or a failure. */
int system_zones(struct kn_ctx *ctx, json_t **ret);

/* ---- the rows for the plugin's tables ---- */

int dns_record_set(struct kn_ctx *ctx);
int dns_record_add(struct kn_ctx *ctx);
int dns_record_remove(struct kn_ctx *ctx);
int dns_record_lookup(struct kn_ctx *ctx);
int dns_record_list(struct kn_ctx *ctx);
int dns_zone_list(struct kn_ctx *ctx);
int dns_zone_export(struct kn_ctx *ctx);
int dns_serial_poll(struct kn_ctx *ctx);

/* Summaries and schemas stand in the domain's contract. */
#define DNS_READS (KN_IDEMPOTENT | KN_READONLY)
#define DNS_ACTIONS \
        { .name = "record.set", .run = dns_record_set, .flags = KN_IDEMPOTENT }, \
        { .name = "record.add", .run = dns_record_add, .flags = KN_IDEMPOTENT }, \
        { .name = "record.remove", .run = dns_record_remove, .flags = KN_IDEMPOTENT }, \
        { .name = "record.lookup", .run = dns_record_lookup, .flags = DNS_READS }, \
        { .name = "record.list", .run = dns_record_list, .flags = DNS_READS }, \
        { .name = "zone.list", .run = dns_zone_list, .flags = DNS_READS }, \
        { .name = "zone.export", .run = dns_zone_export, .flags = DNS_READS }

#endif
