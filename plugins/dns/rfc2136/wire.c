/* SPDX-License-Identifier: Apache-2.0 */

#include "dns/rfc2136/wire.h"

#include "cleanup.h"

#include <errno.h>
#include <sys/socket.h>

#define CONNECT_MS      5000
#define ANSWER_MS       10000
#define FUDGE_S         300

/* Members of a TSIG record's rdata, and what its error can say (RFC 8945). */
enum { TSIG_MAC = 3, TSIG_ERROR = 5 };
enum { BADSIG = 16, BADKEY = 17, BADTIME = 18 };

/* Looked at here, since signing with what is no base64 leaks memory in ldns. */
static bool is_base64(const char *text)
{
        ldns_rdf *key = NULL;
        bool is = ldns_str2rdf_b64(&key, text) == LDNS_STATUS_OK && ldns_rdf_size(key) > 0;

        ldns_rdf_deep_free(key);
        return is;
}

int wire_open(struct kn_ctx *ctx, struct wire *ret)
{
        struct wire wire = {
                .ctx = ctx, .fd = -1,
                .server = kn_config_str(ctx, "server", ""),
                .key_name = kn_config_str(ctx, "key_name", ""),
                .algorithm = kn_config_str(ctx, "algorithm", "hmac-sha256"),
                .secret = kn_secret(ctx, "secret"),
        };
        char address[300];

        if (!wire.secret)
                return kn_fail(ctx, KN_EAUTH, "the secret of TSIG key %s is not set: give the "
                               "instance \"secret\", as a reference to a stored secret",
                               wire.key_name);
        if (!is_base64(wire.secret))
                return kn_fail(ctx, KN_EARG, "the secret of TSIG key %s is no base64: store it as "
                               "tsig-keygen prints it", wire.key_name);
        snprintf(address, sizeof address, "tcp:%s", wire.server);
        wire.fd = kn_dial(ctx, address, CONNECT_MS);
        if (wire.fd < 0)
                return wire.fd;
        *ret = wire;
        return KN_OK;
}

void wire_close(struct wire *wire)
{
        if (wire->fd >= 0)
                close(wire->fd);
        ldns_rdf_deep_free(wire->mac);
        wire->fd = -1;
        wire->mac = NULL;
}

const char *wire_rcode(const ldns_pkt *answer)
{
        const ldns_lookup_table *row = ldns_lookup_by_id(ldns_rcodes, ldns_pkt_get_rcode(answer));

        return row ? row->name : "an unknown rcode";
}

/* ---- bytes ---- */

static int wait_ready(struct wire *wire, int events)
{
        int r = kn_wait(wire->ctx, wire->fd, events, ANSWER_MS);

        if (r == 0)
                return kn_fail(wire->ctx, KN_ETIMEOUT, "DNS server %s did not answer within %d s",
                               wire->server, ANSWER_MS / 1000);
        return r < 0 ? r : KN_OK;
}

static int send_all(struct wire *wire, const uint8_t *data, size_t len)
{
        while (len > 0) {
                ssize_t n = send(wire->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
                int r;

                if (n > 0) {
                        data += n;
                        len -= (size_t)n;
                        continue;
                }
                if (n < 0 && errno != EAGAIN && errno != EINTR)
                        return kn_fail(wire->ctx, KN_ETEMP, "DNS server %s closed the connection: "
                                       "%s", wire->server, strerror(errno));
                r = wait_ready(wire, KN_WRITE);
                if (r < 0)
                        return r;
        }
        return KN_OK;
}

static int receive_all(struct wire *wire, uint8_t *data, size_t len)
{
        while (len > 0) {
                int r = wait_ready(wire, KN_READ);
                ssize_t n;

                if (r < 0)
                        return r;
                n = recv(wire->fd, data, len, MSG_DONTWAIT);
                if (n > 0) {
                        data += n;
                        len -= (size_t)n;
                } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
                        return kn_fail(wire->ctx, KN_ETEMP, "DNS server %s closed the connection "
                                       "in the middle of an answer: %s", wire->server,
                                       n ? strerror(errno) : "no more bytes");
                }
        }
        return KN_OK;
}

/* ---- messages ---- */

static int keep_mac(struct wire *wire, const ldns_rr *tsig)
{
        ldns_rdf *mac = tsig ? ldns_rdf_clone(ldns_rr_rdf(tsig, TSIG_MAC)) : NULL;

        if (!mac)
                return KN_ENOMEM;
        ldns_rdf_deep_free(wire->mac);
        wire->mac = mac;
        return KN_OK;
}

/*
 * Length and message go out as one piece: two small writes would wait for each other's
 * acknowledgement.
 */
static int send_message(struct wire *wire, const uint8_t *message, size_t len)
{
        _free_ uint8_t *framed = NULL;

        if (len > UINT16_MAX)
                return kn_fail(wire->ctx, KN_EARG, "the record set does not fit one DNS message of "
                               "64 KiB: use fewer or shorter values");
        framed = malloc(len + 2);
        if (!framed)
                return KN_ENOMEM;
        framed[0] = (uint8_t)(len >> 8);
        framed[1] = (uint8_t)len;
        memcpy(framed + 2, message, len);
        return send_all(wire, framed, len + 2);
}

int wire_send(struct wire *wire, ldns_pkt *question)
{
        _free_ uint8_t *message = NULL;
        ldns_status st;
        size_t len;
        int r;

        ldns_pkt_set_random_id(question);
        st = ldns_pkt_tsig_sign(question, wire->key_name, wire->secret, FUDGE_S, wire->algorithm,
                                NULL);
        if (st == LDNS_STATUS_OK)
                st = ldns_pkt2wire(&message, question, &len);
        if (st != LDNS_STATUS_OK)
                return kn_fail(wire->ctx, KN_EARG, "the message cannot be signed with key %s: %s",
                               wire->key_name, ldns_get_errorstr_by_id(st));
        r = keep_mac(wire, ldns_pkt_tsig(question));
        if (r < 0)
                return r;
        wire->id = ldns_pkt_id(question);
        wire->is_first = true;
        return send_message(wire, message, len);
}

/* Nothing in an answer that nobody vouches for is used but to say what may be wrong. */
static int fail_unsigned(struct wire *wire, const ldns_pkt *answer)
{
        const ldns_rr *tsig = ldns_pkt_tsig(answer);
        const ldns_rdf *rdf = tsig && ldns_rr_rd_count(tsig) > TSIG_ERROR
                ? ldns_rr_rdf(tsig, TSIG_ERROR) : NULL;
        uint16_t error = rdf ? ldns_rdf2native_int16(rdf) : 0;

        if (error == BADKEY)
                return kn_fail(wire->ctx, KN_EAUTH, "DNS server %s does not know the TSIG key %s, "
                               "or does not take it for this zone (BADKEY): compare key_name and "
                               "algorithm with the server's", wire->server, wire->key_name);
        if (error == BADSIG)
                return kn_fail(wire->ctx, KN_EAUTH, "DNS server %s has another secret for TSIG key "
                               "%s (BADSIG): compare the instance's secret with the server's",
                               wire->server, wire->key_name);
        if (ldns_pkt_get_rcode(answer) == LDNS_RCODE_REFUSED)
                return kn_fail(wire->ctx, KN_EAUTH, "DNS server %s answered REFUSED without a "
                               "signature: does it keep that zone, know key %s, and allow this "
                               "host?", wire->server, wire->key_name);
        if (ldns_pkt_get_rcode(answer) != LDNS_RCODE_NOERROR)
                return kn_fail(wire->ctx, KN_EREMOTE, "DNS server %s answered %s without a "
                               "signature of key %s: its log says why", wire->server,
                               wire_rcode(answer), wire->key_name);
        return kn_fail(wire->ctx, KN_EREMOTE, "the answer of DNS server %s does not carry a valid "
                       "signature of key %s: nothing in it is believed", wire->server,
                       wire->key_name);
}

static int fail_time(struct wire *wire)
{
        return kn_fail(wire->ctx, KN_EAUTH, "DNS server %s says that our clock and its own differ "
                       "too much (BADTIME): set both by NTP", wire->server);
}

static int verify(struct wire *wire, ldns_pkt *answer, const uint8_t *message, size_t len)
{
        const ldns_rr *tsig = ldns_pkt_tsig(answer);
        uint16_t error;

        if (!ldns_pkt_tsig_verify_next(answer, message, len, wire->key_name, wire->secret,
                                       wire->mac, !wire->is_first))
                return fail_unsigned(wire, answer);
        error = ldns_rdf2native_int16(ldns_rr_rdf(tsig, TSIG_ERROR));
        if (error == BADTIME)
                return fail_time(wire);
        wire->is_first = false;
        return keep_mac(wire, tsig);
}

static void free_pkt(ldns_pkt **pkt)
{
        ldns_pkt_free(*pkt);
}

int wire_receive(struct wire *wire, ldns_pkt **ret)
{
        _cleanup_(free_pkt) ldns_pkt *answer = NULL;
        _free_ uint8_t *message = NULL;
        uint8_t prefix[2];
        size_t len;
        int r = receive_all(wire, prefix, sizeof prefix);

        if (r < 0)
                return r;
        len = (size_t)(prefix[0] << 8 | prefix[1]);
        message = malloc(len + 1);
        if (!message)
                return KN_ENOMEM;
        r = receive_all(wire, message, len);
        if (r < 0)
                return r;
        if (ldns_wire2pkt(&answer, message, len) != LDNS_STATUS_OK || !ldns_pkt_qr(answer) ||
            ldns_pkt_id(answer) != wire->id)
                return kn_fail(wire->ctx, KN_EREMOTE, "DNS server %s answered with what is no "
                               "answer to the question: does a proxy stand between?", wire->server);
        r = verify(wire, answer, message, len);
        if (r < 0)
                return r;
        *ret = answer;
        answer = NULL;
        return KN_OK;
}

int wire_ask(struct wire *wire, ldns_pkt *question, ldns_pkt **ret)
{
        int r = wire_send(wire, question);

        return r < 0 ? r : wire_receive(wire, ret);
}
