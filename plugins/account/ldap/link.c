/* SPDX-License-Identifier: Apache-2.0 */

#include "account/ldap/link.h"

#include "memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <openldap.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>

#define CONNECT_MS      10000
#define ANSWER_MS       30000
#define SLICE_MS        500             /* libldap may have something to write, too */
#define SYSTEM_CA       "/etc/ssl/certs/ca-certificates.crt"

static const char *where(const struct link *link)
{
        return kn_config_str(link->ctx, "url", "");
}

void link_close(struct link *link)
{
        if (link->ld)
                ldap_unbind_ext_s(link->ld, NULL, NULL);
        link->ld = NULL;
        link->is_broken = false;
}

/* ---- what went wrong ---- */

struct meaning {
        int result, code;
        const char *advice;
};

static const struct meaning meanings[] = {
        { LDAP_INVALID_CREDENTIALS, KN_EAUTH, "compare bind_dn and password with the directory" },
        { LDAP_INAPPROPRIATE_AUTH, KN_EAUTH, "give the account bind_dn a password" },
        { LDAP_STRONG_AUTH_REQUIRED, KN_EAUTH, "it wants TLS: leave starttls on, or use ldaps://" },
        { LDAP_CONFIDENTIALITY_REQUIRED, KN_EAUTH, "it wants TLS: leave starttls on, or use ldaps://" },
        { LDAP_INSUFFICIENT_ACCESS, KN_EAUTH, "give bind_dn the right to write there" },
        { LDAP_NO_SUCH_OBJECT, KN_ENOENT, "compare the bases people and groups with the directory" },
        { LDAP_ALREADY_EXISTS, KN_ECONFLICT, "somebody else made it meanwhile" },
        { LDAP_TYPE_OR_VALUE_EXISTS, KN_ECONFLICT, "somebody else did it meanwhile" },
        { LDAP_NO_SUCH_ATTRIBUTE, KN_ECONFLICT, "somebody else did it meanwhile" },
        { LDAP_ASSERTION_FAILED, KN_ECONFLICT, "somebody else changed it meanwhile, so nothing was "
          "written: look at it, then run this again" },
        { LDAP_CONSTRAINT_VIOLATION, KN_EARG, "the directory's rules forbid that value" },
        { LDAP_INVALID_SYNTAX, KN_EARG, "the attribute does not take such a value" },
        { LDAP_OBJECT_CLASS_VIOLATION, KN_EARG, "an attribute is missing that its classes want, or "
          "they do not know one: see user_classes" },
        { LDAP_UNDEFINED_TYPE, KN_EARG, "the directory knows no such attribute" },
        { LDAP_INVALID_DN_SYNTAX, KN_EARG, "a name does not fit the directory" },
        { LDAP_NAMING_VIOLATION, KN_EARG, "the name does not fit the directory's rules" },
        { LDAP_NOT_ALLOWED_ON_RDN, KN_EARG, "an account's name cannot be changed" },
        { LDAP_BUSY, KN_ETEMP, "try again later" },
        { LDAP_UNAVAILABLE, KN_ETEMP, "try again later" },
        { LDAP_UNAVAILABLE_CRITICAL_EXTENSION, KN_EUNSUPPORTED, "the directory lacks the assertion "
          "control (RFC 4528)" },
        { LDAP_REFERRAL, KN_EREMOTE, "it refers to another server: name the one that may write" },
        { LDAP_TIMEOUT, KN_ETIMEOUT, "is the server overloaded?" },
        { LDAP_SERVER_DOWN, KN_EREMOTE, "the connection was closed in the middle" },
        { LDAP_DECODING_ERROR, KN_EREMOTE, "is that an LDAP server?" },
        { LDAP_CONNECT_ERROR, KN_EREMOTE, "TLS failed: compare the host's name with its certificate, "
          "and ca with who signed that" },
};

static bool is_own(int result)
{
        return result < 0;              /* libldap's, not the server's */
}

static int fail_with(struct link *link, const char *doing, int result, const char *said)
{
        const char *text = ldap_err2string(result);
        int deadline = kn_wait(link->ctx, -1, 0, 0);

        if (is_own(result))
                link->is_broken = true;
        if (is_own(result) && deadline < 0)
                return deadline;
        for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
                if (meanings[i].result == result)
                        return kn_fail(link->ctx, meanings[i].code, "%s at %s: %s%s%.150s%s: %s",
                                       doing, where(link), text, said && *said ? " (" : "",
                                       said ? said : "", said && *said ? ")" : "",
                                       meanings[i].advice);
        return kn_fail(link->ctx, KN_EREMOTE, "%s at %s: %s (%d) %.150s", doing, where(link), text,
                       result, said ? said : "");
}

static int fail_own(struct link *link, const char *doing, int result)
{
        char *said = NULL;
        int r;

        ldap_get_option(link->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &said);
        r = fail_with(link, doing, is_own(result) ? result : LDAP_SERVER_DOWN, said);
        ldap_memfree(said);
        return r;
}

/* ---- waiting ---- */

/* The answer to a message; libldap never blocks here, the host's door does. */
static int await(struct link *link, const char *doing, int id, LDAPMessage **ret)
{
        for (int waited = 0; waited < ANSWER_MS; waited += SLICE_MS) {
                struct timeval none = { 0, 0 };
                int result = LDAP_SUCCESS, r = ldap_result(link->ld, id, LDAP_MSG_ALL, &none, ret);

                if (r > 0)
                        return KN_OK;
                if (r < 0) {
                        ldap_get_option(link->ld, LDAP_OPT_RESULT_CODE, &result);
                        return fail_own(link, doing, result);
                }
                r = kn_wait(link->ctx, link->fd, KN_READ, SLICE_MS);
                if (r < 0) {
                        link->is_broken = true;
                        return r;
                }
        }
        return fail_with(link, doing, LDAP_TIMEOUT, NULL);
}

/* The server's own verdict on it. The message stays the caller's. */
static int verdict(struct link *link, const char *doing, LDAPMessage *message, int also_fine)
{
        char *said = NULL;
        int result = LDAP_SUCCESS, r;

        r = ldap_parse_result(link->ld, message, &result, NULL, &said, NULL, NULL, 0);
        if (r != LDAP_SUCCESS)
                r = fail_own(link, doing, r);
        else
                r = result == LDAP_SUCCESS || result == also_fine ? KN_OK
                        : fail_with(link, doing, result, said);
        ldap_memfree(said);
        return r < 0 ? r : result;
}

static int complete(struct link *link, const char *doing, int sent, int id)
{
        LDAPMessage *message = NULL;
        int r;

        if (sent != LDAP_SUCCESS)
                return fail_own(link, doing, sent);
        r = await(link, doing, id, &message);
        if (r == 0)
                r = verdict(link, doing, message, LDAP_SUCCESS);
        ldap_msgfree(message);
        return r;
}

/* ---- connecting ---- */

static void never_block(const struct link *link)
{
        fcntl(link->fd, F_SETFL, O_NONBLOCK);
}

static int trust(struct link *link)
{
        const char *ca = kn_config_str(link->ctx, "ca", "");
        char path[MEMFILE_PATH] = SYSTEM_CA;
        int demand = LDAP_OPT_X_TLS_DEMAND, minimum = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, client = 0;
        int fd = *ca ? memfile_open(ca, path) : -1, r;

        if (*ca && fd < 0)
                return KN_ENOMEM;
        ldap_set_option(link->ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
        ldap_set_option(link->ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &minimum);
        ldap_set_option(link->ld, LDAP_OPT_X_TLS_CACERTFILE, path);
        r = ldap_set_option(link->ld, LDAP_OPT_X_TLS_NEWCTX, &client);
        if (fd >= 0)
                close(fd);
        return r == LDAP_SUCCESS ? KN_OK
                : kn_fail(link->ctx, KN_EARG, "the authorities cannot be loaded: give ca as PEM text"
                          ", or have %s", SYSTEM_CA);
}

static void set_options(const struct link *link)
{
        int version = LDAP_VERSION3;

        ldap_set_option(link->ld, LDAP_OPT_PROTOCOL_VERSION, &version);
        ldap_set_option(link->ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
}

/*
 * libldap makes the descriptor block for the handshake, and its own timeout counts from each byte
 * anew. So a thread waits beside it, by the host's door, and ends the connection when the call ends.
 */
struct watch {
        const struct link *link;
        int done;                       /* readable when the handshake is over */
};

static void *watch_handshake(void *arg)
{
        const struct watch *watch = arg;

        if (kn_wait(watch->link->ctx, watch->done, KN_READ, CONNECT_MS) <= 0)
                shutdown(watch->link->fd, SHUT_RDWR);
        return NULL;
}

static int shake_hands(const struct link *link)
{
        const uint64_t one = 1;
        struct watch watch = { link, eventfd(0, EFD_CLOEXEC) };
        pthread_t thread;
        int r = LDAP_NO_MEMORY;

        if (watch.done >= 0 && pthread_create(&thread, NULL, watch_handshake, &watch) == 0) {
                r = ldap_install_tls(link->ld);
                if (write(watch.done, &one, sizeof one) < 0)
                        shutdown(link->fd, SHUT_RDWR);
                pthread_join(thread, NULL);
        }
        if (watch.done >= 0)
                close(watch.done);
        never_block(link);
        return r;
}

static int secure(struct link *link, bool at_once)
{
        int id = 0, r = trust(link);

        if (r == 0 && !at_once) {
                int sent = ldap_start_tls(link->ld, NULL, NULL, &id);

                r = complete(link, "starting TLS", sent, id);
        }
        if (r < 0)
                return r;
        r = shake_hands(link);
        return r == LDAP_SUCCESS ? KN_OK : fail_own(link, "TLS", r);
}

static int sign_in(struct link *link)
{
        const char *password = kn_secret(link->ctx, "password");
        struct berval secret = { password ? strlen(password) : 0, (char *)password };
        int id = 0, sent;

        if (!password || !*password)
                return kn_fail(link->ctx, KN_EARG, "password is empty: the directory would let in "
                               "anybody as nobody");
        sent = ldap_sasl_bind(link->ld, kn_config_str(link->ctx, "bind_dn", ""), LDAP_SASL_SIMPLE,
                              &secret, NULL, NULL, &id);
        return complete(link, "signing in", sent, id);
}

static int reach(struct link *link, const LDAPURLDesc *url, bool at_once)
{
        char address[300];
        bool is_v6 = url->lud_host && strchr(url->lud_host, ':');

        snprintf(address, sizeof address, "tcp:%s%s%s:%d", is_v6 ? "[" : "",
                 url->lud_host ? url->lud_host : "", is_v6 ? "]" : "",
                 url->lud_port > 0 ? url->lud_port : at_once ? 636 : 389);
        link->fd = kn_dial(link->ctx, address, CONNECT_MS);
        if (link->fd < 0)
                return link->fd;
        if (ldap_init_fd(link->fd, LDAP_PROTO_TCP, where(link), &link->ld) != LDAP_SUCCESS) {
                close(link->fd);
                link->ld = NULL;
                return KN_ENOMEM;
        }
        never_block(link);
        return KN_OK;
}

static int open_link(struct link *link)
{
        LDAPURLDesc *url = NULL;
        bool at_once;
        int r;

        if (ldap_url_parse(where(link), &url) != LDAP_URL_SUCCESS)
                return kn_fail(link->ctx, KN_EARG, "'%s' is no address of a directory: "
                               "ldaps://HOST or ldap://HOST is wanted", where(link));
        at_once = strcmp(url->lud_scheme, "ldaps") == 0;
        r = reach(link, url, at_once);
        ldap_free_urldesc(url);
        if (r < 0)
                return r;
        set_options(link);
        if (at_once || kn_int(link->ctx, KN_CONFIG, "starttls", 1))
                r = secure(link, at_once);
        return r < 0 ? r : sign_in(link);
}

static int ready(struct link *link)
{
        int r;

        if (link->ld && !link->is_broken)
                return KN_OK;
        link_close(link);
        r = open_link(link);
        if (r < 0 && link->ld)
                link->is_broken = true;
        return r < 0 ? r : KN_OK;
}

/* ---- operations ---- */

int link_search(struct link *link, struct link_search *search, LDAPMessage **ret)
{
        LDAPMessage *message = NULL;
        int id = 0, result, r = ready(link);

        if (r < 0)
                return r;
        result = ldap_search_ext(link->ld, search->base, search->scope, search->filter,
                                 search->attributes, 0, NULL, NULL, NULL, search->limit, &id);
        if (result != LDAP_SUCCESS)
                return fail_own(link, "reading", result);
        r = await(link, "reading", id, &message);
        if (r < 0)
                return r;
        r = verdict(link, "reading", message, search->scope == LDAP_SCOPE_BASE
                    ? LDAP_NO_SUCH_OBJECT : LDAP_SIZELIMIT_EXCEEDED);
        if (r < 0) {
                ldap_msgfree(message);
                return r;
        }
        search->more = r == LDAP_SIZELIMIT_EXCEEDED;
        *ret = message;
        return KN_OK;
}

int link_add(struct link *link, const char *dn, LDAPMod **mods)
{
        int id = 0, r = ready(link);

        if (r < 0)
                return r;
        r = ldap_add_ext(link->ld, dn, mods, NULL, NULL, &id);
        return complete(link, "adding", r, id);
}

static LDAPControl *assertion(struct link *link, const char *csn)
{
        LDAPControl *control = NULL;
        struct berval value;
        char filter[120];

        snprintf(filter, sizeof filter, "(entryCSN=%s)", csn);
        if (ldap_create_assertion_control_value(link->ld, filter, &value) != LDAP_SUCCESS)
                return NULL;
        ldap_control_create(LDAP_CONTROL_ASSERT, 1, &value, 1, &control);
        ldap_memfree(value.bv_val);
        return control;
}

/* mods NULL: delete. */
static int write_held(struct link *link, const char *dn, LDAPMod **mods, const char *csn)
{
        LDAPControl *held[2] = { NULL, NULL };
        const char *doing = mods ? "changing" : "removing";
        int id = 0, r = ready(link);

        if (r < 0)
                return r;
        held[0] = csn ? assertion(link, csn) : NULL;
        if (csn && !held[0])
                return KN_ENOMEM;
        r = mods ? ldap_modify_ext(link->ld, dn, mods, held[0] ? held : NULL, NULL, &id)
                 : ldap_delete_ext(link->ld, dn, held[0] ? held : NULL, NULL, &id);
        r = complete(link, doing, r, id);
        ldap_control_free(held[0]);
        return r;
}

int link_modify(struct link *link, const char *dn, LDAPMod **mods, const char *csn)
{
        return write_held(link, dn, mods, csn);
}

int link_delete(struct link *link, const char *dn, const char *csn)
{
        return write_held(link, dn, NULL, csn);
}
