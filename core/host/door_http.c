/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One HTTP exchange. curl's multi interface is used for a single transfer, because its poll takes
 * the cancel token's descriptor along: a cancel ends the exchange at once, not at curl's next look.
 * A handle (with the connections that it keeps) is lent to one exchange at a time and goes back to
 * the cache under its instance's name.
 */

#include "host/door.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/list.h"
#include "host/door_proxy.h"
#include "host/egress.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDLE_MAX 16
#define HEADERS_MAX (256u << 10)
#define CONNECT_MS 10000L

struct http_handle {
        struct list link;
        char instance[136];
        CURLM *multi;
        CURL *easy;
};

struct http_cache {
        pthread_mutex_t lock;
        struct list idle;               /* the last used at the end */
        unsigned n_idle;
};

static struct http_handle *handle_free(struct http_handle *handle)
{
        if (!handle)
                return NULL;
        curl_easy_cleanup(handle->easy);
        curl_multi_cleanup(handle->multi);
        free(handle);
        return NULL;
}

static struct http_handle *handle_new(const char *instance)
{
        struct http_handle *handle = calloc(1, sizeof *handle);

        if (!handle)
                return NULL;
        snprintf(handle->instance, sizeof handle->instance, "%s", instance);
        list_init(&handle->link);
        handle->multi = curl_multi_init();
        handle->easy = curl_easy_init();
        if (!handle->multi || !handle->easy)
                return handle_free(handle);
        curl_multi_setopt(handle->multi, CURLMOPT_MAXCONNECTS, 4L);
        return handle;
}

struct http_cache *http_cache_new(void)
{
        struct http_cache *cache = calloc(1, sizeof *cache);

        if (!cache || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
                free(cache);
                return NULL;
        }
        pthread_mutex_init(&cache->lock, NULL);
        list_init(&cache->idle);
        return cache;
}

struct http_cache *http_cache_free(struct http_cache *cache)
{
        if (!cache)
                return NULL;
        list_each_safe(at, &cache->idle)
                handle_free(list_entry(at, struct http_handle, link));
        pthread_mutex_destroy(&cache->lock);
        free(cache);
        curl_global_cleanup();
        return NULL;
}

static struct http_handle *cache_take(struct http_cache *cache, const char *instance)
{
        struct http_handle *found = NULL;

        pthread_mutex_lock(&cache->lock);
        list_each(at, &cache->idle) {
                struct http_handle *handle = list_entry(at, struct http_handle, link);

                if (strcmp(handle->instance, instance) == 0)
                        found = handle;
        }
        if (found) {
                list_unlink(&found->link);
                cache->n_idle--;
        }
        pthread_mutex_unlock(&cache->lock);
        return found ? found : handle_new(instance);
}

static void cache_give(struct http_cache *cache, struct http_handle *handle)
{
        struct http_handle *oldest = NULL;

        pthread_mutex_lock(&cache->lock);
        list_append(&cache->idle, &handle->link);
        if (++cache->n_idle > IDLE_MAX) {
                oldest = list_entry(cache->idle.next, struct http_handle, link);
                list_unlink(&oldest->link);
                cache->n_idle--;
        }
        pthread_mutex_unlock(&cache->lock);
        handle_free(oldest);
}

/* ---- one exchange ---- */

struct exchange {
        const struct door_scope *scope;
        const struct kn_http *http;
        struct door_reply *reply;
        char *say;
        char *host;                     /* of the URL, curl's memory */
        struct curl_slist *headers;
        CURLU *url;
        const char *proxy;              /* NULL: none */
        char *shown;                    /* scheme, host and port; curl's memory */
        bool is_denied, is_too_big;
        bool is_head_whole;             /* curl takes a head that ends early for a whole answer */
        char error[CURL_ERROR_SIZE];
};

__attribute__((format(printf, 3, 4)))
static int say_so(struct exchange *x, int code, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(x->say, DOOR_SAY_SIZE, fmt, ap);
        va_end(ap);
        return code;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
        struct exchange *x = arg;

        if (x->reply->body.len + size * n > DOOR_REPLY_MAX) {
                x->is_too_big = true;
                return 0;
        }
        text_add_bytes(&x->reply->body, data, size * n);
        return x->reply->body.failed ? 0 : size * n;
}

/* Lines as "Name: value\n"; an interim answer's are forgotten at the next status line. */
static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
        struct exchange *x = arg;
        size_t len = size * n, kept = len;

        if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
                x->reply->headers.len = 0;
                x->is_head_whole = false;
                return len;
        }
        while (kept && (data[kept - 1] == '\r' || data[kept - 1] == '\n'))
                kept--;
        if (!kept) {
                x->is_head_whole = true;
                return len;
        }
        if (x->reply->headers.len + len > HEADERS_MAX) {
                x->is_too_big = true;
                return 0;
        }
        text_add_bytes(&x->reply->headers, data, kept);
        text_add(&x->reply->headers, "\n");
        return len;
}

/*
 * The address that is really going to be used; behind a proxy it is the proxy's, which the operator
 * chose.
 */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
        struct exchange *x = arg;

        (void)purpose;
        if (!x->proxy && !egress_allows_address(x->scope->egress, x->host, &address->addr)) {
                x->is_denied = true;
                return CURL_SOCKET_BAD;
        }
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool has_line(const char *headers, const char *name)
{
        for (const char *line = headers; line && *line;
             line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                if (strncasecmp(line, name, strlen(name)) == 0)
                        return true;
        return false;
}

static int add_header(struct exchange *x, const char *line)
{
        struct curl_slist *longer = curl_slist_append(x->headers, line);

        if (!longer)
                return KN_ENOMEM;
        x->headers = longer;
        return 0;
}

static int add_headers(struct exchange *x)
{
        const char *at = x->http->headers ? x->http->headers : "";
        char line[8192];
        int r = 0;

        if (!has_line(at, "content-type:"))
                r = add_header(x, "Content-Type:");     /* curl would say that it is a form */
        if (r == 0)
                r = add_header(x, "Expect:");
        while (r == 0 && *at) {
                size_t len = strcspn(at, "\n");

                if (len >= sizeof line || memchr(at, '\r', len) || !memchr(at, ':', len))
                        return say_so(x, KN_EARG, "headers are lines of \"Name: value\\n\"");
                memcpy(line, at, len);
                line[len] = '\0';
                r = add_header(x, line);
                at += len + (at[len] == '\n');
        }
        return r;
}

static bool is_token(const char *s)
{
        return *s && strlen(s) < 32 && !s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_")];
}

/*
 * Tokens travel in queries and, to webhooks, in paths, passwords before the host: none of them is
 * for a sentence, which has the name of the host instead.
 */
static void make_shown(struct exchange *x)
{
        static const CURLUPart hidden[] = { CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_PATH,
                                            CURLUPART_QUERY, CURLUPART_FRAGMENT };
        CURLU *copy = curl_url_dup(x->url);

        for (size_t i = 0; copy && i < sizeof hidden / sizeof *hidden; i++)
                curl_url_set(copy, hidden[i], NULL, 0);
        if (copy)
                curl_url_get(copy, CURLUPART_URL, &x->shown, 0);
        curl_url_cleanup(copy);
}

static const char *shown(const struct exchange *x)
{
        return x->shown ? x->shown : x->host;
}

static int no_url(struct exchange *x)
{
        const char *url = x->http->url, *at = strrchr(url, '@');
        int len = (int)strcspn(at ? at : url, "?#");

        return say_so(x, KN_EARG, "'%s%.*s' is no http or https URL", at ? "…" : "", len,
                      at ? at : url);
}

/* The same parsed URL is checked here and given to curl, so the two cannot read it differently. */
static int check_url(struct exchange *x)
{
        char *port = NULL, *scheme = NULL;
        int64_t number = 0;
        size_t len;
        int r = 0;

        x->url = curl_url();
        if (!x->url)
                return KN_ENOMEM;
        if (curl_url_set(x->url, CURLUPART_URL, x->http->url, 0) ||
            curl_url_get(x->url, CURLUPART_HOST, &x->host, 0) ||
            curl_url_get(x->url, CURLUPART_SCHEME, &scheme, 0) ||
            curl_url_get(x->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ||
            !text_to_int(port, 1, 65535, &number) || !text_starts_with(scheme, "http")) {
                r = no_url(x);
        } else {
                make_shown(x);
                len = strlen(x->host);
                if (len > 2 && x->host[0] == '[' && x->host[len - 1] == ']') {
                        memmove(x->host, x->host + 1, len - 2);
                        x->host[len - 2] = '\0';
                }
                x->proxy = proxy_for(scheme, x->host);
                if (!egress_allows(x->scope->egress, x->host, (int)number))
                        r = say_so(x, KN_EDENIED,
                                   "%s:%s is not on the egress list of the instance: "
                                   "add it to `egress`",
                                   x->host, port);
        }
        curl_free(port);
        curl_free(scheme);
        return r;
}

static void set_tls(CURL *easy, const json_t *tls)
{
        const char *ca = json_text_of(tls, "ca", NULL), *cert = json_text_of(tls, "cert", NULL);

        if (ca)
                curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
        if (cert) {
                curl_easy_setopt(easy, CURLOPT_SSLCERT, cert);
                curl_easy_setopt(easy, CURLOPT_SSLKEY, json_text_of(tls, "key", cert));
        }
        if (!json_bool_of(tls, "verify", true)) {
                curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
                curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
        }
}

/*
 * What changes something goes over a connection of its own: curl sends a request again by itself when
 * a connection that was kept ends without an answer, and the first may have been carried out.
 */
static void set_request(CURL *easy, const struct exchange *x)
{
        const struct kn_http *http = x->http;
        bool is_read = strcmp(http->method, "GET") == 0 || strcmp(http->method, "HEAD") == 0;

        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, is_read ? 0L : 1L);
        if (strcmp(http->method, "HEAD") == 0) {
                curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        } else if (http->body_len || strcmp(http->method, "GET") != 0) {
                curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)http->body_len);
                curl_easy_setopt(easy, CURLOPT_POSTFIELDS, http->body ? http->body : "");
                curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, http->method);
        }
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, x->headers);
        curl_easy_setopt(easy, CURLOPT_CURLU, x->url);
}

static void set_options(CURL *easy, struct exchange *x)
{
        curl_easy_reset(easy);
        set_request(easy, x);
        set_tls(easy, x->scope->tls);
        curl_easy_setopt(easy, CURLOPT_PROXY, x->proxy ? x->proxy : "");
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "kaname/" PACKAGE_VERSION);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->error);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x);
        if (x->http->timeout_ms > 0)
                curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)x->http->timeout_ms);
}

/* KN_OK when curl has finished, one way or the other; else why it was left. */
static int transfer(CURLM *multi, struct cancel *cancel)
{
        struct curl_waitfd stop = { .fd = cancel_fd(cancel), .events = CURL_WAIT_POLLIN };
        int running = 1, code;
        int64_t left;

        while (running) {
                if (curl_multi_perform(multi, &running) != CURLM_OK)
                        return KN_EINTERNAL;
                code = cancel_code(cancel);
                if (code)
                        return code;
                left = cancel_left_ms(cancel, 60000);
                if (running)
                        curl_multi_poll(multi, &stop, stop.fd >= 0 ? 1 : 0,
                                        left < 0 ? 60000 : (int)left, NULL);
        }
        return KN_OK;
}

/* What to do where TLS fails; the URL in the sentence has the name that was wanted. */
static const char *advice(CURLcode result)
{
        static const struct { CURLcode result; const char *text; } rows[] = {
                { CURLE_PEER_FAILED_VERIFICATION, ": compare the name in url with the server's "
                  "certificate, and tls.ca with who signed that" },
                { CURLE_SSL_CACERT_BADFILE, ": tls.ca has to name a file of certificates, in PEM "
                  "form, that the hub can read" },
                { CURLE_SSL_CERTPROBLEM, ": tls.cert and tls.key have to name files in PEM form "
                  "that the hub can read" },
                { CURLE_SSL_CONNECT_ERROR, ": does https answer at that port?" },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                if (rows[i].result == result)
                        return rows[i].text;
        return "";
}

static int explain(struct exchange *x, CURLcode result)
{
        const char *why = x->error[0] ? x->error : curl_easy_strerror(result);

        if (x->is_denied)
                return say_so(x, KN_EDENIED,
                              "%s resolves to an address of this machine or link only: "
                              "name the address itself in `egress`",
                              x->host);
        if (x->is_too_big)
                return say_so(x, KN_EREMOTE, "%s %s: the answer is larger than %u MiB",
                              x->http->method, shown(x), DOOR_REPLY_MAX >> 20);
        return say_so(x,
                      result == CURLE_OPERATION_TIMEDOUT ? KN_ETIMEOUT
                      : result == CURLE_OUT_OF_MEMORY    ? KN_ENOMEM
                                                         : KN_EREMOTE,
                      "%s %s: %s%s", x->http->method, shown(x), why, advice(result));
}

static int finish(struct exchange *x, struct http_handle *handle)
{
        CURLcode result = CURLE_RECV_ERROR;
        CURLMsg *message;
        long status = 0;
        int left;

        while ((message = curl_multi_info_read(handle->multi, &left)))
                if (message->msg == CURLMSG_DONE)
                        result = message->data.result;
        if (result == CURLE_OK && !x->is_head_whole) {
                snprintf(x->error, sizeof x->error, "the answer was cut off in its headers");
                result = CURLE_RECV_ERROR;
        }
        if (result != CURLE_OK)
                return explain(x, result);
        curl_easy_getinfo(handle->easy, CURLINFO_RESPONSE_CODE, &status);
        x->reply->status = (int32_t)status;
        text_add(&x->reply->body, "");
        text_add(&x->reply->headers, "");
        return x->reply->body.s && x->reply->headers.s ? KN_OK : KN_ENOMEM;
}

static int exchange_run(struct exchange *x, struct http_handle *handle)
{
        int r;

        set_options(handle->easy, x);
        if (curl_multi_add_handle(handle->multi, handle->easy) != CURLM_OK)
                return KN_EINTERNAL;
        r = transfer(handle->multi, x->scope->cancel);
        r = r == KN_OK ? finish(x, handle)
                : say_so(x, r, "%s %s was called off", x->http->method, shown(x));
        curl_multi_remove_handle(handle->multi, handle->easy);
        return r;
}

int door_http(struct http_cache *cache, const struct door_scope *scope, const struct kn_http *http,
              struct door_reply *reply, char say[DOOR_SAY_SIZE])
{
        struct exchange x = { .scope = scope, .http = http, .reply = reply, .say = say };
        struct http_handle *handle = NULL;
        int r;

        *say = '\0';
        r = is_token(http->method) ? check_url(&x)
                                   : say_so(&x, KN_EARG, "'%s' is no HTTP method", http->method);
        if (r == 0)
                r = add_headers(&x);
        if (r == 0) {
                handle = cache_take(cache, scope->instance ? scope->instance : "");
                r = handle ? exchange_run(&x, handle) : KN_ENOMEM;
        }
        if (handle)
                cache_give(cache, handle);
        curl_slist_free_all(x.headers);
        curl_url_cleanup(x.url);
        curl_free(x.host);
        curl_free(x.shown);
        return r;
}
