/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reading: one set, a serial, a whole zone. A server that holds a zone answers most sets in the
 * answer section, but what lies at or below a zone cut only as a referral: the cut's NS set in the
 * authority section, glue beside it. So all sections are searched for the owner and type asked for.
 */

#include "dns/rfc2136/rfc2136.h"

static ldns_pkt *question_new(const char *owner, ldns_rr_type type)
{
        ldns_rdf *name = ldns_dname_new_frm_str(owner);
        ldns_pkt *question = name ? ldns_pkt_query_new(name, type, LDNS_RR_CLASS_IN, 0) : NULL;

        if (!question)
                ldns_rdf_deep_free(name);
        return question;
}

int fail_rcode(struct wire *wire, const char *doing, const ldns_pkt *answer)
{
        struct kn_ctx *ctx = wire->ctx;
        const char *server = wire->server, *name = wire_rcode(answer);

        switch ((int)ldns_pkt_get_rcode(answer)) {
        case LDNS_RCODE_REFUSED:
                return kn_fail(ctx, KN_EAUTH, "DNS server %s refused %s (REFUSED): key %s lacks "
                               "the right, or the server does not keep that zone; look at "
                               "allow-update, update-policy or the acl there", server, doing,
                               wire->key_name);
        case LDNS_RCODE_NOTAUTH:
                return kn_fail(ctx, KN_ENOENT, "DNS server %s refused %s (NOTAUTH): it does not "
                               "keep that zone; ask the zone's primary", server, doing);
        case LDNS_RCODE_NOTZONE:
                return kn_fail(ctx, KN_EARG, "DNS server %s refused %s (NOTZONE): the name is not "
                               "in the zone", server, doing);
        case LDNS_RCODE_SERVFAIL:
                return kn_fail(ctx, KN_ETEMP, "DNS server %s failed at %s (SERVFAIL): its log says "
                               "why; is the zone loaded, its file writable, the set within "
                               "max-records-per-type?", server, doing);
        case LDNS_RCODE_NOTIMPL:
                return kn_fail(ctx, KN_EUNSUPPORTED, "DNS server %s cannot do %s (NOTIMP): is it "
                               "the primary, and is dynamic update switched on?", server, doing);
        default:
                return kn_fail(ctx, KN_EREMOTE, "DNS server %s answered %s to %s: its log says why",
                               server, name, doing);
        }
}

/* ---- one set ---- */

/* Append the values in one section that belong to the set. */
static int gather(const ldns_rr_list *section, const ldns_rdf *owner, ldns_rr_type type,
                  json_t *values, int64_t *ttl)
{
        for (size_t i = 0; i < ldns_rr_list_rr_count(section); i++) {
                ldns_rr *rr = ldns_rr_list_rr(section, i);
                _free_ char *text = NULL;

                if (ldns_rr_get_type(rr) != type ||
                    ldns_dname_compare(ldns_rr_owner(rr), owner) != 0)
                        continue;
                text = dns_value_of(rr);
                if (!text || json_array_append_new(values, json_string(text)) < 0)
                        return KN_ENOMEM;
                *ttl = ldns_rr_ttl(rr);
        }
        return KN_OK;
}

static int set_of(const ldns_pkt *answer, const struct dns_key *key, ldns_rr_type type,
                  json_t **ret)
{
        _rdf_ ldns_rdf *owner = ldns_dname_new_frm_str(key->owner);
        _json_ json_t *values = json_array();
        int64_t ttl = 0;
        int r;

        if (!owner || !values)
                return KN_ENOMEM;
        r = gather(ldns_pkt_answer(answer), owner, type, values, &ttl);
        if (r == 0)
                r = gather(ldns_pkt_authority(answer), owner, type, values, &ttl);
        if (r == 0)
                r = gather(ldns_pkt_additional(answer), owner, type, values, &ttl);
        if (r < 0 || json_array_size(values) == 0)
                return r;
        *ret = dns_rrset_of(ttl, json_incref(values));
        return *ret ? KN_OK : KN_ENOMEM;
}

int query_set(struct wire *wire, const struct dns_key *key, json_t **ret)
{
        ldns_rr_type type = ldns_get_rr_type_by_name(key->type);
        _pkt_ ldns_pkt *question = question_new(key->owner, type), *answer = NULL;
        char doing[300];
        int r;

        if (type == 0)
                return kn_fail(wire->ctx, KN_EARG, "type '%s' is not known", key->type);
        if (!question)
                return KN_ENOMEM;
        r = wire_ask(wire, question, &answer);
        if (r < 0)
                return r;
        if (ldns_pkt_get_rcode(answer) == LDNS_RCODE_NXDOMAIN)
                return KN_OK;
        snprintf(doing, sizeof doing, "the query for %s", key->owner);
        if (ldns_pkt_get_rcode(answer) != LDNS_RCODE_NOERROR)
                return fail_rcode(wire, doing, answer);
        return set_of(answer, key, type, ret);
}

static int64_t soa_serial(const ldns_rr *soa)
{
        return ldns_rr_rd_count(soa) > 2 ? ldns_rdf2native_int32(ldns_rr_rdf(soa, 2)) : 0;
}

int query_serial(struct wire *wire, const char *zone, int64_t *ret)
{
        _pkt_ ldns_pkt *question = question_new(zone, LDNS_RR_TYPE_SOA), *answer = NULL;
        const ldns_rr *soa;
        int r;

        if (!question)
                return KN_ENOMEM;
        r = wire_ask(wire, question, &answer);
        if (r < 0)
                return r;
        if (ldns_pkt_get_rcode(answer) != LDNS_RCODE_NOERROR)
                return fail_rcode(wire, "the query for a zone's SOA", answer);
        soa = ldns_rr_list_rr(ldns_pkt_answer(answer), 0);
        if (!soa || ldns_rr_get_type(soa) != LDNS_RR_TYPE_SOA || !ldns_pkt_aa(answer))
                return kn_fail(wire->ctx, KN_ENOENT, "DNS server %s does not keep the zone %s: it "
                               "gives no authoritative SOA for it", wire->server, zone);
        *ret = soa_serial(soa);
        return KN_OK;
}

/* ---- a whole zone: AXFR, messages until the SOA comes a second time ---- */

struct transfer {
        dns_visit *visit;
        void *arg;
        unsigned n_soa;
        int64_t serial;
};

static int visit_rr(struct transfer *transfer, ldns_rr *rr)
{
        _free_ char *value = dns_value_of(rr), *owner = ldns_rdf2str(ldns_rr_owner(rr));
        _free_ char *type = ldns_rr_type2str(ldns_rr_get_type(rr));

        if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA && transfer->n_soa++ > 0)
                return 0;
        if (transfer->n_soa == 1 && ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA)
                transfer->serial = soa_serial(rr);
        if (!value || !owner || !type)
                return KN_ENOMEM;
        return transfer->visit(transfer->arg, owner, ldns_rr_ttl(rr), type, value);
}

static int visit_message(struct wire *wire, struct transfer *transfer, const ldns_pkt *answer)
{
        const ldns_rr_list *rrs = ldns_pkt_answer(answer);
        size_t n = ldns_rr_list_rr_count(rrs);

        if (transfer->n_soa == 0 &&
            (n == 0 || ldns_rr_get_type(ldns_rr_list_rr(rrs, 0)) != LDNS_RR_TYPE_SOA))
                return kn_fail(wire->ctx, KN_EREMOTE, "DNS server %s began a transfer with no SOA",
                               wire->server);
        for (size_t i = 0; i < n && transfer->n_soa < 2; i++) {
                int r = visit_rr(transfer, ldns_rr_list_rr(rrs, i));

                if (r < 0)
                        return r;
        }
        return KN_OK;
}

static int transfer_zone(struct wire *wire, const char *zone, struct transfer *transfer)
{
        _pkt_ ldns_pkt *question = question_new(zone, LDNS_RR_TYPE_AXFR);
        char doing[300];
        int r = question ? wire_send(wire, question) : KN_ENOMEM;

        snprintf(doing, sizeof doing, "the transfer of zone %s", zone);
        while (r == 0 && transfer->n_soa < 2) {
                _pkt_ ldns_pkt *answer = NULL;

                r = wire_receive(wire, &answer);
                if (r < 0)
                        return r;
                if (ldns_pkt_get_rcode(answer) != LDNS_RCODE_NOERROR)
                        return fail_rcode(wire, doing, answer);
                r = visit_message(wire, transfer, answer);
        }
        return r;
}

int system_walk(struct kn_ctx *ctx, const char *zone, dns_visit *visit, void *arg,
                int64_t *ret_serial)
{
        struct transfer transfer = { .visit = visit, .arg = arg };
        _wire_ struct wire wire = WIRE_NONE;
        int r = dns_zone_allowed(ctx, zone);

        if (r < 0)
                return r;
        if (!kn_int(ctx, KN_CONFIG, "transfer", 1))
                return kn_fail(ctx, KN_EUNSUPPORTED, "this instance does not transfer zones "
                               "(\"transfer\" is false), so it cannot list or export %s; look "
                               "single sets up instead", zone);
        r = wire_open(ctx, &wire);
        if (r == 0)
                r = transfer_zone(&wire, zone, &transfer);
        if (r == 0)
                *ret_serial = transfer.serial;
        return r;
}
