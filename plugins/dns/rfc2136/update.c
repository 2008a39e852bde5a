/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Writing: RFC 2136 UPDATE. The prerequisites name every value that was read, so the server itself
 * refuses the change when anybody else was faster; the check and the change are one step there.
 *
 * A set is replaced by removing it and adding all values anew, but for the zone's own NS set:
 * servers ignore the removal of that as a whole (RFC 2136 3.4.2.3), so there the new ones are added
 * first and what is too much removed one by one.
 */

#include "dns/rfc2136/rfc2136.h"

/* A record without data: "the whole set" in prerequisites and removals. */
static ldns_rr *rr_bare(const struct dns_key *key, ldns_rr_class class)
{
        ldns_rr *rr = ldns_rr_new();
        ldns_rdf *owner = ldns_dname_new_frm_str(key->owner);

        if (!rr || !owner) {
                ldns_rr_free(rr);
                ldns_rdf_deep_free(owner);
                return NULL;
        }
        ldns_rr_set_owner(rr, owner);
        ldns_rr_set_type(rr, ldns_get_rr_type_by_name(key->type));
        ldns_rr_set_class(rr, class);
        ldns_rr_set_ttl(rr, 0);
        return rr;
}

/* A record with data; the value is canonical, so it parses. */
static ldns_rr *rr_full(const struct dns_key *key, int64_t ttl, const char *value)
{
        size_t size = strlen(key->owner) + strlen(key->type) + strlen(value) + 32;
        _free_ char *line = malloc(size);
        ldns_rr *rr = NULL;

        if (!line)
                return NULL;
        snprintf(line, size, "%s %lld IN %s %s", key->owner, (long long)ttl, key->type, value);
        return ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL) == LDNS_STATUS_OK ? rr : NULL;
}

static int push(ldns_rr_list *rrs, ldns_rr *rr)
{
        if (rr && ldns_rr_list_push_rr(rrs, rr))
                return KN_OK;
        ldns_rr_free(rr);
        return KN_ENOMEM;
}

/* Every value of set that is not in but (NULL: none is), with this TTL and class. */
static int push_values(ldns_rr_list *rrs, const struct dns_key *key, const json_t *set,
                       const json_t *but, int64_t ttl, ldns_rr_class class)
{
        json_t *value;
        size_t i;

        json_array_foreach(json_object_get(set, "values"), i, value) {
                ldns_rr *rr;

                if (dns_rrset_has(but, json_string_value(value)))
                        continue;
                rr = rr_full(key, ttl, json_string_value(value));
                if (rr)
                        ldns_rr_set_class(rr, class);
                if (push(rrs, rr) < 0)
                        return KN_ENOMEM;
        }
        return KN_OK;
}

static int64_t ttl_of(const json_t *set)
{
        return json_integer_value(json_object_get(set, "ttl"));
}

/* The set is exactly before. */
static int require(ldns_rr_list *rrs, const struct dns_key *key, const json_t *before)
{
        if (!before)
                return push(rrs, rr_bare(key, LDNS_RR_CLASS_NONE));
        return push_values(rrs, key, before, NULL, 0, LDNS_RR_CLASS_IN);
}

static int replace(ldns_rr_list *rrs, const struct dns_key *key, const json_t *before,
                   const json_t *after)
{
        bool is_apex_ns = strcmp(key->name, "@") == 0 && strcmp(key->type, "NS") == 0;
        int r = KN_OK;

        if (before && !is_apex_ns)
                r = push(rrs, rr_bare(key, LDNS_RR_CLASS_ANY));
        if (r == 0)
                r = push_values(rrs, key, after, NULL, ttl_of(after), LDNS_RR_CLASS_IN);
        if (r == 0 && is_apex_ns)
                r = push_values(rrs, key, before, after, 0, LDNS_RR_CLASS_NONE);
        return r;
}

/* The answer, or a failure to get one. */
static int exchange(struct wire *wire, const char *zone, const ldns_rr_list *prerequisites,
                    const ldns_rr_list *updates, ldns_pkt **ret)
{
        ldns_rdf *name = ldns_dname_new_frm_str(zone);
        _pkt_ ldns_pkt *question = name ? ldns_update_pkt_new(name, LDNS_RR_CLASS_IN, prerequisites,
                                                              updates, NULL)
                                        : NULL;

        if (!question) {
                ldns_rdf_deep_free(name);
                return KN_ENOMEM;
        }
        return wire_ask(wire, question, ret);
}

static bool is_conflict(ldns_pkt_rcode rcode)
{
        return rcode == LDNS_RCODE_YXDOMAIN || rcode == LDNS_RCODE_YXRRSET ||
               rcode == LDNS_RCODE_NXRRSET || rcode == LDNS_RCODE_NXDOMAIN;
}

static int verdict(struct wire *wire, const char *zone, const ldns_pkt *answer)
{
        char doing[300];

        if (ldns_pkt_get_rcode(answer) == LDNS_RCODE_NOERROR)
                return KN_OK;
        if (is_conflict(ldns_pkt_get_rcode(answer)))
                return DNS_STALE;
        snprintf(doing, sizeof doing, "the update of zone %s", zone);
        return fail_rcode(wire, doing, answer);
}

/* Refused, though the key may update: then it is what was asked for. */
static int explain_refusal(struct wire *wire, const struct dns_key *key)
{
        int r = update_permitted(wire, key->zone);

        if (r < 0)
                return r;
        return kn_fail(wire->ctx, KN_EARG, "DNS server %s refused to change %s %s (REFUSED), "
                       "though key %s may update zone %s: its update-policy may leave this name "
                       "out, or its checks object, as to an MX or NS whose target has no address; "
                       "its log says which", wire->server, key->owner, key->type, wire->key_name,
                       key->zone);
}

int update_set(struct wire *wire, const struct dns_key *key, const json_t *before,
               const json_t *after)
{
        _rrs_ ldns_rr_list *prerequisites = ldns_rr_list_new(), *updates = ldns_rr_list_new();
        _pkt_ ldns_pkt *answer = NULL;
        int r = prerequisites && updates ? require(prerequisites, key, before) : KN_ENOMEM;

        if (r == 0)
                r = replace(updates, key, before, after);
        if (r == 0)
                r = exchange(wire, key->zone, prerequisites, updates, &answer);
        if (r == 0 && ldns_pkt_get_rcode(answer) == LDNS_RCODE_REFUSED)
                return explain_refusal(wire, key);
        return r < 0 ? r : verdict(wire, key->zone, answer);
}

int update_probe(struct wire *wire, const struct dns_key *key, bool *ret)
{
        _rrs_ ldns_rr_list *prerequisites = ldns_rr_list_new(), *updates = ldns_rr_list_new();
        _pkt_ ldns_pkt *answer = NULL;
        int r = prerequisites && updates ? push(prerequisites, rr_bare(key, LDNS_RR_CLASS_ANY))
                : KN_ENOMEM;

        if (r == 0)
                r = exchange(wire, key->zone, prerequisites, updates, &answer);
        if (r == 0)
                r = verdict(wire, key->zone, answer);
        if (r < 0)
                return r;
        *ret = r == KN_OK;
        return KN_OK;
}

int update_permitted(struct wire *wire, const char *zone)
{
        _rrs_ ldns_rr_list *none = ldns_rr_list_new();
        _pkt_ ldns_pkt *answer = NULL;
        int r = none ? exchange(wire, zone, none, none, &answer) : KN_ENOMEM;

        return r < 0 ? r : verdict(wire, zone, answer);
}
