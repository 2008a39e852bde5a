/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Mail by SMTP: libcurl speaks it and TLS, over a descriptor from the dial door, so that the sandbox
 * and the egress list hold. A mail is taken when the server says so after all of it; where the
 * connection ends between the last byte and that word, nobody knows, and the ledger says that.
 */

#include "change.h"
#include "memfile.h"
#include "notify/smtp/mail.h"

#include <curl/curl.h>
#include <sodium.h>

#define CONNECT_MS      10000
#define SYSTEM_CA       "/etc/ssl/certs/ca-certificates.crt"

struct exchange {
        struct kn_ctx *ctx;
        CURL *curl;
        int dialed;                     /* what dial said, where it failed */
        int open;                       /* the connection, while there is one; else -1 */
        const char *text;               /* the rest of the mail */
        bool is_handed_over;            /* curl has taken the last byte of it */
        char said[200];                 /* the server's last line */
        char host[256];
        int port;
};

/* ---- what libcurl asks for ---- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
        struct exchange *x = arg;
        char where[300];
        bool is_v6 = strchr(x->host, ':') != NULL;

        (void)purpose;
        (void)address;
        snprintf(where, sizeof where, "tcp:%s%s%s:%d", is_v6 ? "[" : "", x->host, is_v6 ? "]" : "",
                 x->port);
        x->dialed = x->open = kn_dial(x->ctx, where, CONNECT_MS);
        return x->dialed < 0 ? CURL_SOCKET_BAD : x->dialed;
}

static int is_connected(void *arg, curl_socket_t fd, curlsocktype purpose)
{
        (void)arg;
        (void)fd;
        (void)purpose;
        return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static int close_socket(void *arg, curl_socket_t fd)
{
        struct exchange *x = arg;

        x->open = -1;
        return close(fd);
}

/*
 * Curl takes its leave with QUIT and would wait two minutes for the answer, whatever the deadline is.
 * There is nothing in it to wait for.
 */
static void hang_up(struct exchange *x)
{
        if (x->open >= 0)
                shutdown(x->open, SHUT_RD);
        curl_easy_cleanup(x->curl);
}

static size_t read_mail(char *to, size_t size, size_t n, void *arg)
{
        struct exchange *x = arg;
        size_t left = x->text ? strlen(x->text) : 0, take = size * n < left ? size * n : left;

        if (take > 0)
                memcpy(to, x->text, take);
        if (x->text)
                x->text += take;
        x->is_handed_over |= take == left;
        return take;
}

static size_t hear(char *line, size_t size, size_t n, void *arg)
{
        struct exchange *x = arg;
        size_t len = strcspn(line, "\r\n");

        if (size * n < len)
                len = size * n;
        if (x->said[0] == '4' || x->said[0] == '5')
                return size * n;        /* what follows a refusal is good manners */
        snprintf(x->said, sizeof x->said, "%.*s", (int)(len > 180 ? 180 : len), line);
        return size * n;
}

static int ask_to_stop(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
        struct exchange *x = arg;

        (void)a;
        (void)b;
        (void)c;
        (void)d;
        return kn_wait(x->ctx, -1, 0, 0) < 0;
}

/* ---- what went wrong ---- */

static const struct {
        int from, to, code;
        const char *advice;
} replies[] = {
        { 530, 530, KN_EAUTH, "it wants a sign-in or TLS first: set username, leave starttls on" },
        { 534, 535, KN_EAUTH, "compare username and password with the server" },
        { 550, 551, KN_ENOENT, "is the address right, and may this host send there?" },
        { 553, 553, KN_EARG, "is the address right?" },
        { 552, 552, KN_EREMOTE, "it takes no mail as large, or the mailbox is full" },
        { 400, 499, KN_ETEMP, "try again later" },
        { 500, 599, KN_EREMOTE, "the server refuses this mail" },
};

static int fail_reply(const struct exchange *x, long status)
{
        for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
                if (status >= replies[i].from && status <= replies[i].to)
                        return kn_fail(x->ctx, replies[i].code, "the mail server %s says '%s': %s",
                                       x->host, x->said, replies[i].advice);
        return KN_OK;
}

static int fail_curl(const struct exchange *x, CURLcode code, const char *detail)
{
        static const struct {
                CURLcode curl;
                int code;
                const char *advice;
        } rows[] = {
                { CURLE_OPERATION_TIMEDOUT, KN_ETIMEOUT, "is it overloaded?" },
                { CURLE_USE_SSL_FAILED, KN_EAUTH, "it offers no TLS: say starttls=false if the way "
                  "there is safe without" },
                { CURLE_PEER_FAILED_VERIFICATION, KN_EREMOTE, "compare the host's name with its "
                  "certificate, and ca with who signed that" },
                { CURLE_SSL_CACERT_BADFILE, KN_EARG, "give ca as PEM text" },
                { CURLE_LOGIN_DENIED, KN_EAUTH, "compare username and password with the server" },
                { CURLE_WEIRD_SERVER_REPLY, KN_EREMOTE, "is that a mail server?" },
        };
        const char *text = *detail ? detail : curl_easy_strerror(code);

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                if (rows[i].curl == code)
                        return kn_fail(x->ctx, rows[i].code, "the mail server %s: %.200s: %s",
                                       x->host, text, rows[i].advice);
        return kn_fail(x->ctx, KN_EREMOTE, "the mail server %s: %.200s", x->host, text);
}

/* Whether the server's last word is a refusal: then it is clear that it took nothing. */
static bool is_refusal(long status)
{
        return status >= 400 && status <= 599;
}

static int judge(const struct exchange *x, CURLcode code, const char *detail, long status)
{
        int stop = kn_wait(x->ctx, -1, 0, 0);

        if (code == CURLE_OK)
                return KN_OK;
        if (x->dialed < 0)
                return x->dialed;
        if (stop < 0)
                return stop;
        if (is_refusal(status) && code != CURLE_OPERATION_TIMEDOUT)
                return fail_reply(x, status);
        return fail_curl(x, code, detail);
}

/* ---- one exchange ---- */

static int locate(struct exchange *x)
{
        const char *url = kn_config_str(x->ctx, "url", "");
        bool is_tls = strncmp(url, "smtps:", 6) == 0;
        CURLU *parts = curl_url();
        char *host = NULL, *port = NULL;
        int r = KN_ENOMEM;

        if (parts && curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
            curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
                size_t len = strlen(host);
                bool is_v6 = host[0] == '[';

                curl_url_get(parts, CURLUPART_PORT, &port, 0);
                x->port = port ? atoi(port) : is_tls ? 465 : 587;
                snprintf(x->host, sizeof x->host, "%.*s", (int)(len - (is_v6 ? 2 : 0)),
                         host + is_v6);
                r = KN_OK;
        }
        curl_free(host);
        curl_free(port);
        curl_url_cleanup(parts);
        return r;
}

/* The name is the certificate's business only: no resolver is asked, dial does that. */
static struct curl_slist *own_address(const struct exchange *x)
{
        char entry[300];

        snprintf(entry, sizeof entry, "%s:%d:127.0.0.1", x->host, x->port);
        return curl_slist_append(NULL, entry);
}

static void set_whereto(struct exchange *x, const char *ca_path)
{
        const char *url = kn_config_str(x->ctx, "url", "");
        bool is_tls = strncmp(url, "smtps:", 6) == 0;
        bool starttls = kn_int(x->ctx, KN_CONFIG, "starttls", 1) != 0;
        char whole[600];

        snprintf(whole, sizeof whole, "%s://%s%s%s:%d/%s", is_tls ? "smtps" : "smtp",
                 strchr(x->host, ':') ? "[" : "", x->host, strchr(x->host, ':') ? "]" : "", x->port,
                 kn_config_str(x->ctx, "helo", "kaname.localdomain"));
        curl_easy_setopt(x->curl, CURLOPT_URL, whole);
        curl_easy_setopt(x->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        curl_easy_setopt(x->curl, CURLOPT_PROXY, "");
        curl_easy_setopt(x->curl, CURLOPT_USE_SSL,
                         (long)(starttls || is_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
        curl_easy_setopt(x->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        curl_easy_setopt(x->curl, CURLOPT_CAINFO, ca_path);
        curl_easy_setopt(x->curl, CURLOPT_CAPATH, NULL);
        if (*kn_config_str(x->ctx, "username", "")) {
                const char *password = kn_secret(x->ctx, "password");

                curl_easy_setopt(x->curl, CURLOPT_USERNAME, kn_config_str(x->ctx, "username", ""));
                curl_easy_setopt(x->curl, CURLOPT_PASSWORD, password ? password : "");
        }
}

static void set_callbacks(struct exchange *x, char *detail)
{
        int64_t left = kn_int(x->ctx, KN_CALL, "deadline_ms", 60000);

        curl_easy_setopt(x->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
        curl_easy_setopt(x->curl, CURLOPT_OPENSOCKETDATA, x);
        curl_easy_setopt(x->curl, CURLOPT_SOCKOPTFUNCTION, is_connected);
        curl_easy_setopt(x->curl, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
        curl_easy_setopt(x->curl, CURLOPT_CLOSESOCKETDATA, x);
        curl_easy_setopt(x->curl, CURLOPT_HEADERFUNCTION, hear);
        curl_easy_setopt(x->curl, CURLOPT_HEADERDATA, x);
        curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, hear);
        curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, x);
        curl_easy_setopt(x->curl, CURLOPT_XFERINFOFUNCTION, ask_to_stop);
        curl_easy_setopt(x->curl, CURLOPT_XFERINFODATA, x);
        curl_easy_setopt(x->curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(x->curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(x->curl, CURLOPT_TIMEOUT_MS, (long)(left > 0 ? left : 1));
        curl_easy_setopt(x->curl, CURLOPT_ERRORBUFFER, detail);
}

/* set: what this exchange is about. */
static int perform(struct exchange *x, int (*set)(struct exchange *x, void *arg), void *arg)
{
        const char *ca = kn_config_str(x->ctx, "ca", "");
        char detail[CURL_ERROR_SIZE] = "", ca_path[MEMFILE_PATH] = SYSTEM_CA;
        int fd = *ca ? memfile_open(ca, ca_path) : -1, r = locate(x);
        struct curl_slist *resolve = r == 0 ? own_address(x) : NULL;
        long status = 0;

        x->curl = curl_easy_init();
        if (r == 0 && (!x->curl || !resolve || (*ca && fd < 0)))
                r = KN_ENOMEM;
        if (r == 0) {
                set_whereto(x, ca_path);
                set_callbacks(x, detail);
                curl_easy_setopt(x->curl, CURLOPT_RESOLVE, resolve);
                r = set(x, arg);
        }
        if (r == 0) {
                CURLcode code = curl_easy_perform(x->curl);

                curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
                x->is_handed_over = x->is_handed_over && !is_refusal(status);
                r = judge(x, code, detail, status);
        }
        hang_up(x);
        curl_slist_free_all(resolve);
        if (fd >= 0)
                close(fd);
        return r;
}

/* ---- message.send ---- */

struct outgoing {
        const struct message *message;
        char *text;
        struct curl_slist *receivers;
};

static int set_mail(struct exchange *x, void *arg)
{
        struct outgoing *out = arg;

        x->text = out->text;
        curl_easy_setopt(x->curl, CURLOPT_MAIL_FROM, kn_config_str(x->ctx, "from", ""));
        curl_easy_setopt(x->curl, CURLOPT_MAIL_RCPT, out->receivers);
        curl_easy_setopt(x->curl, CURLOPT_READFUNCTION, read_mail);
        curl_easy_setopt(x->curl, CURLOPT_READDATA, x);
        curl_easy_setopt(x->curl, CURLOPT_UPLOAD, 1L);
        return KN_OK;
}

static int send_mail(struct kn_ctx *ctx, const struct message *message, struct delivery *ret)
{
        const struct mail mail = { .from = kn_config_str(ctx, "from", ""),
                                   .from_name = kn_config_str(ctx, "from_name", ""),
                                   .when = time(NULL), .message = message };
        struct exchange x = { .ctx = ctx, .open = -1 };
        struct outgoing out = { message, mail_text(&mail),
                                curl_slist_append(NULL, message->address) };
        int r = out.text && out.receivers ? perform(&x, set_mail, &out) : KN_ENOMEM;

        ret->is_unknown = r < 0 && x.is_handed_over;
        snprintf(ret->answer, sizeof ret->answer, "%s", x.said);
        free(out.text);
        curl_slist_free_all(out.receivers);
        return r;
}

static int accept_address(struct kn_ctx *ctx, const struct message *message)
{
        if (mail_is_address(message->address) && mail_is_address(kn_config_str(ctx, "from", "")))
                return KN_OK;
        return kn_fail(ctx, KN_EARG, "'%s' is no mail address, nor one of the instance's targets: "
                       "local@domain is wanted, international domains as A-labels (xn--…)",
                       message->address);
}

static const char *kind_of(const char *to)
{
        (void)to;
        return "mail";
}

static const struct carrier smtp = { accept_address, send_mail, kind_of };

static int send_message(struct kn_ctx *ctx)
{
        return message_send(ctx, &smtp);
}

static int list_targets(struct kn_ctx *ctx)
{
        return message_targets(ctx, &smtp);
}

/* ---- check ---- */

static int set_greeting(struct exchange *x, void *arg)
{
        (void)arg;
        curl_easy_setopt(x->curl, CURLOPT_CUSTOMREQUEST, "NOOP");
        curl_easy_setopt(x->curl, CURLOPT_NOBODY, 1L);
        return KN_OK;
}

/* As far as the first command after the sign-in; what receivers it takes only a mail tells. */
static int check(struct kn_ctx *ctx)
{
        struct exchange x = { .ctx = ctx, .open = -1 };
        int r = mail_is_address(kn_config_str(ctx, "from", "")) ? KN_OK
                : kn_fail(ctx, KN_EARG, "from is no mail address: local@domain is wanted");

        if (r == 0)
                r = perform(&x, set_greeting, NULL);
        return r < 0 ? r : change_give(ctx, json_pack("{s:s, s:b}", "answer", x.said, "signed_in",
                                                      *kn_config_str(ctx, "username", "") != 0));
}

static const char config[] = "{\"type\": \"object\", \"properties\": {"
        "\"url\": {\"type\": \"string\", \"maxLength\": 300, "
        "\"pattern\": \"^smtps?://(\\\\[[0-9A-Fa-f:.]+\\\\]|[A-Za-z0-9._-]+)(:[1-9][0-9]*)?/?$\", "
        "\"description\": \"smtp://HOST or smtps://HOST; the name is held to the certificate\"},"
        "\"starttls\": {\"type\": \"boolean\", \"default\": true, "
        "\"description\": \"Of smtp://: TLS before anything else is said; off, all on the way can read\"},"
        "\"ca\": {\"type\": \"string\", \"maxLength\": 65536, "
        "\"description\": \"Authorities to trust, as PEM text; absent: the system's\"},"
        "\"username\": {\"type\": \"string\", \"maxLength\": 254, "
        "\"description\": \"Absent: no sign-in\"},"
        "\"password\": {\"type\": \"string\", \"writeOnly\": true},"
        "\"from\": {\"type\": \"string\", \"minLength\": 3, \"maxLength\": 254, "
        "\"description\": \"The sender's address\"},"
        "\"from_name\": {\"type\": \"string\", \"maxLength\": 120, "
        "\"pattern\": \"^[^\\\\x00-\\\\x1f\\\\x7f]*$\", \"description\": \"The sender's name\"},"
        "\"helo\": {\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9.-]{1,250}$\", "
        "\"default\": \"kaname.localdomain\", \"description\": \"What this host calls itself\"},"
        MESSAGE_CONFIG
        "}, \"required\": [\"url\", \"from\"], \"additionalProperties\": false}";

/* What TLS reads of the system when ca is not given. */
static const char reads[] = KN_JSON({ "files" : [ { "path" : "/etc/ssl/certs" },
        { "path" : "/usr/share/ca-certificates" }, { "path" : "/usr/local/share/ca-certificates" } ] });

static const struct kn_action actions[] = {
        { .name = "message.send", .run = send_message },
        { .name = "target.list", .run = list_targets, .flags = KN_IDEMPOTENT | KN_READONLY },
};

KN_PLUGIN(.name = "smtp", .version = "1.0", .domain = "notify", .summary = "Mail by SMTP",
          .config = config, .access = reads, .flags = KN_PARALLEL, .check = check,
          KN_ACTIONS(actions))
