/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Between the files of this plugin: questions (query.c), updates (update.c), the plugin
 * (rfc2136.c).
 */

#ifndef RFC2136_H
#define RFC2136_H

#include "dns/dns.h"
#include "dns/rfc2136/wire.h"

#define _rdf_ _cleanup_(cleanup_rdf)
#define _pkt_ _cleanup_(cleanup_pkt)
#define _rrs_ _cleanup_(cleanup_rrs)
#define _wire_ _cleanup_(wire_close)

static inline void cleanup_rdf(ldns_rdf **rdf)
{
        ldns_rdf_deep_free(*rdf);
}

static inline void cleanup_pkt(ldns_pkt **pkt)
{
        ldns_pkt_free(*pkt);
}

static inline void cleanup_rrs(ldns_rr_list **rrs)
{
        ldns_rr_list_deep_free(*rrs);
}

#define WIRE_NONE { .fd = -1 }

/* What a failing rcode means: doing is "the update of zone example.com". */
int fail_rcode(struct wire *wire, const char *doing, const ldns_pkt *answer);

/* The set by an ordinary question, over an open connection. */
int query_set(struct wire *wire, const struct dns_key *key, json_t **ret);
int query_serial(struct wire *wire, const char *zone, int64_t *ret);

/*
 * Send an UPDATE that holds only where the set is exactly before; after NULL removes it.
 * DNS_STALE: it was not before.
 */
int update_set(struct wire *wire, const struct dns_key *key, const json_t *before,
               const json_t *after);
/* Is there a set of this type at this very name, whatever is in it? Needs the right to update. */
int update_probe(struct wire *wire, const struct dns_key *key, bool *ret);
/* May we update this zone at all? An UPDATE without any change in it. */
int update_permitted(struct wire *wire, const char *zone);

#endif
