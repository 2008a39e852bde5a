/* SPDX-License-Identifier: Apache-2.0 */

/*
 * DNS over one TCP connection that the hub opened: every message signed, every answer's signature
 * checked. ldns builds, parses and signs; it never sees a socket, so the plugin needs none.
 */

#ifndef RFC2136_WIRE_H
#define RFC2136_WIRE_H

#include <kaname/plugin.h>
#include <ldns/ldns.h>
#include <stdbool.h>

struct wire {
        struct kn_ctx *ctx;
        int fd;
        const char *server, *key_name;  /* these four live as long as the call */
        const char *algorithm, *secret;
        ldns_rdf *mac;                  /* of the last signed message: the next one's covers it */
        bool is_first;                  /* the answer to come is the first to its question */
        uint16_t id;
};

/* Connect to the configured server. */
int wire_open(struct kn_ctx *ctx, struct wire *ret);
void wire_close(struct wire *wire);
/* Sign and send; the question stays the caller's. KN_EARG: it does not fit one message. */
int wire_send(struct wire *wire, ldns_pkt *question);
/*
 * The next answer, whatever its rcode, with a valid signature. An answer without one is believed
 * in no case; its rcode gives the sentence.
 */
int wire_receive(struct wire *wire, ldns_pkt **ret);
int wire_ask(struct wire *wire, ldns_pkt *question, ldns_pkt **ret);
const char *wire_rcode(const ldns_pkt *answer);                 /* "REFUSED" */

#endif
