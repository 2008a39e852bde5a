/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a real server does not do on demand: a fake one that holds one record in shared memory,
 * speaks DNS over TCP with TSIG, and misbehaves as it is told. The conformance suite is where the
 * truth is tested.
 */

#include "suite.h"

#include <arpa/inet.h>
#include <kaname/mock.h>
#include <ldns/ldns.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define SECRET "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTI="
#define OTHER  "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyMTI="
#define SET                                                                                        \
        "{\"zone\":\"example.com\",\"name\":\"www\",\"type\":\"A\",\"ttl\":60,\"values\":[\"192."  \
        "0.2.2\"]}"
#define LOOKUP "{\"zone\":\"example.com\",\"name\":\"www\",\"type\":\"A\"}"

enum behaviour {
        HONEST, WRONG_SECRET, UNSIGNED, WRONG_ID, NO_ANSWER_BIT, GARBAGE, TRUNCATED, SILENT, CLOSES,
        LIES,                           /* updates are answered with NOERROR and not made */
        LOSES,                          /* updates are made, and the connection closed */
        DIES,                           /* updates close the connection,
                and so does all that follows */
        STALE,                          /* updates are answered with NXRRSET */
        UNSIGNED_MIDDLE,                /* of a transfer of three messages */
        NO_SOA, CUT_OFF                 /* transfers */
};

struct shared {
        enum behaviour behaviour;
        int rcode;                      /* for updates that have an update section; 0: make them */
        atomic_bool is_new;             /* the record is 192.0.2.2, no longer 192.0.2.1 */
        atomic_bool is_dead;
        atomic_int updates;
};

static struct shared *shared;
static pid_t fake;
static int port;

/* ---- the fake ---- */

static ldns_rdf *mac_of(const ldns_pkt *pkt)
{
        return ldns_rr_rdf(ldns_pkt_tsig(pkt), 3);
}

/* Whoever has hung up misses it. */
static void put(int fd, const uint8_t *wire, size_t len)
{
        uint8_t prefix[2] = { (uint8_t)(len >> 8), (uint8_t)len };

        if (send(fd, prefix, 2, MSG_NOSIGNAL) == 2)
                (void)!send(fd, wire, len, MSG_NOSIGNAL);
}

static void put_pkt(int fd, ldns_pkt *pkt, const ldns_rdf *mac, bool is_first, bool is_signed)
{
        const char *secret = shared->behaviour == WRONG_SECRET ? OTHER : SECRET;
        uint8_t *wire = NULL;
        size_t len = 0;

        if (is_signed)
                ldns_pkt_tsig_sign_next(pkt, "key", secret, 300, "hmac-sha256", mac, !is_first);
        ldns_pkt2wire(&wire, pkt, &len);
        put(fd, wire, shared->behaviour == TRUNCATED ? len / 2 : len);
        free(wire);
}

static ldns_rr *rr(const char *text)
{
        ldns_rr *ret = NULL;

        ldns_rr_new_frm_str(&ret, text, 0, NULL, NULL);
        return ret;
}

static ldns_pkt *reply_to(const ldns_pkt *question)
{
        ldns_pkt *reply = ldns_pkt_new();

        ldns_pkt_set_id(reply, (uint16_t)(ldns_pkt_id(question) + (shared->behaviour == WRONG_ID)));
        ldns_pkt_set_qr(reply, shared->behaviour != NO_ANSWER_BIT);
        ldns_pkt_set_opcode(reply, ldns_pkt_get_opcode(question));
        ldns_pkt_push_rr_list(reply, LDNS_SECTION_QUESTION,
                              ldns_rr_list_clone(ldns_pkt_question(question)));
        return reply;
}

#define SOA "example.com. 60 IN SOA ns.example.com. a.example.com. 7 1 1 1 1"

/* Three messages: SOA, the record, SOA. */
static void transfer(int fd, const ldns_pkt *question)
{
        static const char *const lines[] = { SOA, "www.example.com. 60 IN A 192.0.2.1", SOA };
        ldns_rdf *mac = ldns_rdf_clone(mac_of(question));

        for (int i = shared->behaviour == NO_SOA; i < (shared->behaviour == CUT_OFF ? 2 : 3); i++) {
                bool is_signed = shared->behaviour != UNSIGNED_MIDDLE || i != 1;
                ldns_pkt *reply = reply_to(question);

                ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER, rr(lines[i]));
                put_pkt(fd, reply, mac, i == (shared->behaviour == NO_SOA), is_signed);
                if (is_signed) {
                        ldns_rdf_deep_free(mac);
                        mac = ldns_rdf_clone(mac_of(reply));
                }
                ldns_pkt_free(reply);
        }
        ldns_rdf_deep_free(mac);
}

/* false: close the connection */
static bool answer_update(int fd, const ldns_pkt *question)
{
        bool is_change = ldns_rr_list_rr_count(ldns_pkt_authority(question)) > 0;
        ldns_pkt *reply = reply_to(question);
        bool stays = true;

        if (is_change) {
                atomic_fetch_add(&shared->updates, 1);
                if (shared->behaviour == DIES)
                        atomic_store(&shared->is_dead, true);
                else if (shared->behaviour == STALE)
                        ldns_pkt_set_rcode(reply, LDNS_RCODE_NXRRSET);
                else if (shared->rcode)
                        ldns_pkt_set_rcode(reply, (uint8_t)shared->rcode);
                else if (shared->behaviour != LIES)
                        atomic_store(&shared->is_new, true);
                stays = shared->behaviour != LOSES && shared->behaviour != DIES;
        }
        if (stays)
                put_pkt(fd, reply, mac_of(question), true, true);
        ldns_pkt_free(reply);
        return stays;
}

static bool answer_query(int fd, const ldns_pkt *question)
{
        ldns_rr_type type = ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_question(question), 0));
        ldns_pkt *reply;

        if (type == LDNS_RR_TYPE_AXFR) {
                transfer(fd, question);
                return shared->behaviour != CUT_OFF;
        }
        reply = reply_to(question);
        ldns_pkt_set_aa(reply, true);
        ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER, rr(type == LDNS_RR_TYPE_SOA ? SOA
                                                        : atomic_load(&shared->is_new)
                                                        ? "www.example.com. 60 IN A 192.0.2.2"
                                                        : "www.example.com. 60 IN A 192.0.2.1"));
        put_pkt(fd, reply, mac_of(question), true, shared->behaviour != UNSIGNED);
        ldns_pkt_free(reply);
        return true;
}

static bool serve_one(int fd)
{
        uint8_t prefix[2], wire[UINT16_MAX];
        ldns_pkt *question = NULL;
        size_t len;
        bool stays;

        if (recv(fd, prefix, 2, MSG_WAITALL) != 2)
                return false;
        len = (size_t)(prefix[0] << 8 | prefix[1]);
        if (recv(fd, wire, len, MSG_WAITALL) != (ssize_t)len || ldns_wire2pkt(&question, wire,
                len) != LDNS_STATUS_OK)
                return false;
        if (shared->behaviour == SILENT)
                pause();
        if (shared->behaviour == GARBAGE)
                put(fd, (const uint8_t *)"this is no DNS message", 22);
        if (shared->behaviour == GARBAGE || shared->behaviour == CLOSES ||
            atomic_load(&shared->is_dead))
                stays = false;
        else if (ldns_pkt_get_opcode(question) == LDNS_PACKET_UPDATE)
                stays = answer_update(fd, question);
        else
                stays = answer_query(fd, question);
        ldns_pkt_free(question);
        return stays;
}

static void serve(int listener)
{
        for (;;) {
                int fd = accept(listener, NULL, NULL);

                if (fd < 0)
                        _exit(1);
                while (serve_one(fd))
                        ;
                close(fd);
        }
}

/* ---- the test's side ---- */

static struct kn_mock *start(enum behaviour behaviour)
{
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int listener = socket(AF_INET, SOCK_STREAM, 0);
        socklen_t size = sizeof address;
        const char *build = getenv("TOP_BUILDDIR");
        char so[4096], config[300];
        struct kn_mock *mock;

        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        shared->behaviour = behaviour;
        ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
        ck_assert_int_eq(listen(listener, 16), 0);
        getsockname(listener, (struct sockaddr *)&address, &size);
        port = ntohs(address.sin_port);
        fake = fork();
        if (fake == 0)
                serve(listener);
        close(listener);
        snprintf(so, sizeof so, "%s/plugins/dns/rfc2136.so", build ? build : ".");
        mock = kn_mock_open(so);
        ck_assert_pstr_eq(kn_mock_trouble(mock), NULL);
        snprintf(config, sizeof config,
                 "{\"server\":\"127.0.0.1:%d\",\"key_name\":\"key\",\"secret\":\"" SECRET "\"}",
                 port);
        ck_assert_int_eq(kn_mock_config(mock, config), KN_OK);
        return mock;
}

static void stop(struct kn_mock *mock)
{
        kn_mock_free(mock);
        kill(fake, SIGKILL);
        waitpid(fake, NULL, 0);
}

START_TEST(an_honest_server_is_believed)
{
        struct kn_mock *mock = start(HONEST);

        ck_assert_int_eq(kn_mock_run(mock, "record.set", SET), KN_OK);
        ck_assert_ptr_nonnull(strstr(kn_mock_changes(mock),
                                     "\"observed\":{\"ttl\":60,\"values\":[\"192.0.2.2\"]}"));
        ck_assert_int_eq(kn_mock_run(mock, "record.set", SET), KN_OK);
        ck_assert_str_eq(kn_mock_changes(mock), "[]");
        ck_assert_int_eq(kn_mock_run(mock, "zone.export", "{\"zone\":\"example.com\"}"), KN_OK);
        ck_assert_ptr_nonnull(strstr(kn_mock_result(mock), "\"records\":2"));
        ck_assert_int_eq(atomic_load(&shared->updates), 1);
        stop(mock);
}
END_TEST

START_TEST(a_plan_sends_no_update)
{
        struct kn_mock *mock = start(HONEST);

        ck_assert_int_eq(kn_mock_plan(mock, "record.set", SET), KN_OK);
        ck_assert_ptr_nonnull(strstr(kn_mock_changes(mock), "\"state\":\"planned\""));
        ck_assert_int_eq(atomic_load(&shared->updates), 0);
        stop(mock);
}
END_TEST

/* Nothing that nobody vouches for is believed, read or written. */
static const struct {
        enum behaviour behaviour;
        int code;
} strangers[] = {
        { WRONG_SECRET, KN_EREMOTE }, { UNSIGNED, KN_EREMOTE }, { WRONG_ID, KN_EREMOTE },
                { NO_ANSWER_BIT, KN_EREMOTE },
        { GARBAGE, KN_EREMOTE }, { TRUNCATED, KN_EREMOTE }, { CLOSES, KN_ETEMP },
                { SILENT, KN_ETIMEOUT },
};

START_TEST(strangers_are_not_believed)
{
        struct kn_mock *mock = start(strangers[_i].behaviour);

        kn_mock_timeout(mock, strangers[_i].behaviour == SILENT ? 200 : 5000);
        ck_assert_int_eq(kn_mock_run(mock, "record.lookup", LOOKUP), strangers[_i].code);
        ck_assert_ptr_nonnull(kn_mock_sentence(mock));
        ck_assert_int_eq(kn_mock_run(mock, "record.set", SET), strangers[_i].code);
        ck_assert_str_eq(kn_mock_changes(mock), "[]");
        ck_assert_int_eq(atomic_load(&shared->updates), 0);
        stop(mock);
}
END_TEST

START_TEST(success_is_read_back)
{
        struct kn_mock *mock = start(LIES);

        ck_assert_int_eq(kn_mock_run(mock, "record.set", SET), KN_ECONFLICT);
        ck_assert_ptr_nonnull(strstr(kn_mock_sentence(mock), "reported success, but"));
        ck_assert_ptr_nonnull(strstr(kn_mock_changes(mock), "\"state\":\"failed\""));
        stop(mock);
}
END_TEST

START_TEST(a_lost_answer_is_settled_by_reading)
{
        struct kn_mock *mock = start(LOSES);

        ck_assert_int_eq(kn_mock_run(mock, "record.set", SET), KN_OK);
        ck_assert_ptr_nonnull(strstr(kn_mock_log(mock), "the answer was lost"));
        ck_assert_ptr_nonnull(strstr(kn_mock_changes(mock), "\"state\":\"applied\""));
        stop(mock);
}
END_TEST

START_TEST(what_nobody_can_tell_is_unknown)
{
        char unknown[40];
        struct kn_mock *mock = start(DIES);

        snprintf(unknown, sizeof unknown, "\"outcome\":%d", KN_EUNKNOWN);
        ck_assert_int_eq(kn_mock_run(mock, "record.set", SET), KN_ETEMP);
        ck_assert_ptr_nonnull(strstr(kn_mock_changes(mock), unknown));
        stop(mock);
}
END_TEST

START_TEST(a_stale_prerequisite_is_a_conflict)
{
        struct kn_mock *mock = start(STALE);

        ck_assert_int_eq(kn_mock_run(mock, "record.set", SET), KN_ECONFLICT);
        ck_assert_ptr_nonnull(strstr(kn_mock_sentence(mock), "changed by somebody else"));
        ck_assert(!atomic_load(&shared->is_new));
        stop(mock);
}
END_TEST

static const struct {
        int rcode, code;
} rcodes[] = {
        { LDNS_RCODE_FORMERR, KN_EREMOTE }, { LDNS_RCODE_SERVFAIL, KN_ETEMP },
                { LDNS_RCODE_NOTIMPL, KN_EUNSUPPORTED },
        { LDNS_RCODE_REFUSED, KN_EARG }, { LDNS_RCODE_YXRRSET, KN_ECONFLICT },
                { LDNS_RCODE_YXDOMAIN, KN_ECONFLICT },
        { LDNS_RCODE_NOTAUTH, KN_ENOENT }, { LDNS_RCODE_NOTZONE, KN_EARG }, { 11, KN_EREMOTE },
};

START_TEST(rcodes_become_codes)
{
        struct kn_mock *mock = start(HONEST);

        shared->rcode = rcodes[_i].rcode;
        ck_assert_int_eq(kn_mock_run(mock, "record.set", SET), rcodes[_i].code);
        ck_assert_ptr_nonnull(strstr(kn_mock_changes(mock), "\"state\":\"failed\""));
        ck_assert_ptr_nonnull(strstr(kn_mock_sentence(mock), "example.com"));
        stop(mock);
}
END_TEST

static const struct {
        enum behaviour behaviour;
        int code;
} transfers[] = { { UNSIGNED_MIDDLE, KN_EREMOTE },
                  { NO_SOA, KN_EREMOTE },
                  { CUT_OFF, KN_ETEMP },
                  { WRONG_SECRET, KN_EREMOTE } };

START_TEST(transfers_are_whole_and_signed)
{
        struct kn_mock *mock = start(transfers[_i].behaviour);

        ck_assert_int_eq(kn_mock_run(mock, "zone.export", "{\"zone\":\"example.com\"}"),
                         transfers[_i].code);
        ck_assert_str_eq(kn_mock_result(mock), "null");
        ck_assert_int_eq(kn_mock_run(mock, "record.list", "{\"zone\":\"example.com\"}"),
                         transfers[_i].code);
        stop(mock);
}
END_TEST

START_TEST(the_secret_stays_secret)
{
        struct kn_mock *mock = start(WRONG_SECRET);

        kn_mock_run(mock, "record.set", SET);
        ck_assert_ptr_null(strstr(kn_mock_sentence(mock), SECRET));
        ck_assert_ptr_null(strstr(kn_mock_log(mock), SECRET));
        kn_mock_secret(mock, "secret", "this is not base64!");
        ck_assert_int_eq(kn_mock_run(mock, "record.set", SET), KN_EARG);
        ck_assert_ptr_null(strstr(kn_mock_sentence(mock), "this is not"));
        stop(mock);
}
END_TEST

START_TEST(serials_become_events)
{
        struct kn_mock *mock = start(HONEST);
        char config[400];

        snprintf(config, sizeof config,
                 "{\"server\":\"127.0.0.1:%d\",\"key_name\":\"key\",\"secret\":\"" SECRET
                 "\",\"zones\":[\"Example.com.\"],\"poll_s\":5}",
                 port);
        ck_assert_int_eq(kn_mock_config(mock, config), KN_OK);
        ck_assert_int_eq(kn_mock_poll(mock, "zone.serial"), KN_OK);
        ck_assert_str_eq(kn_mock_events(mock), "[]");
        ck_assert_str_eq(kn_mock_stored(mock), "{\"serials\":{\"example.com\":7}}");
        ck_assert_int_eq(kn_mock_again_ms(mock), 5000);
        kn_mock_store(mock, "serials", "{\"example.com\":6}");
        ck_assert_int_eq(kn_mock_poll(mock, "zone.serial"), KN_OK);
        ck_assert_ptr_nonnull(strstr(kn_mock_events(mock),
                                     "{\"zone\":\"example.com\",\"serial\":7,\"previous\":6}"));
        stop(mock);
}
END_TEST

int main(void)
{
        return SUITE("dns/rfc2136", ONCE(an_honest_server_is_believed),
                     ONCE(a_plan_sends_no_update), EACH(strangers_are_not_believed, strangers),
                     ONCE(success_is_read_back), ONCE(a_lost_answer_is_settled_by_reading),
                     ONCE(what_nobody_can_tell_is_unknown),
                     ONCE(a_stale_prerequisite_is_a_conflict), EACH(rcodes_become_codes, rcodes),
                     EACH(transfers_are_whole_and_signed, transfers), ONCE(the_secret_stays_secret),
                     ONCE(serials_become_events));
}
