/* SPDX-License-Identifier: Apache-2.0 */

/*
 * core.http: one exchange by libcurl on a worker thread, with StackStorm's parameters and result.
 */
#include "runner/room.h"

#include "base/json.h"
#include "base/text.h"
#include "hub/running.h"
#include "loop/pool.h"

#include <curl/curl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define REPLY_MAX (16u << 20)

struct exchange {
        struct running *r;
        CURL *curl;
        struct curl_slist *headers;
        struct text url, body, reply;
        json_t *reply_headers;
        char error[CURL_ERROR_SIZE];
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
        struct exchange *x = arg;

        if (x->reply.len + size * n > REPLY_MAX)
                return 0;
        text_add_bytes(&x->reply, data, size * n);
        return size * n;
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
        struct exchange *x = arg;
        size_t len = size * n;
        char *colon = memchr(line, ':', len);
        _free_ char *name = NULL;

        if (!colon)
                return len;
        name = strndup(line, (size_t)(colon - line));
        for (colon++; colon < line + len && *colon == ' '; colon++)
                ;
        while (len && (line[len - 1] == '\r' || line[len - 1] == '\n'))
                len--;
        if (name && colon <= line + len)
                json_object_set_new(x->reply_headers, name,
                                    json_stringn(colon, (size_t)(line + len - colon)));
        return size * n;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
        struct exchange *x = arg;

        (void)a;
        (void)b;
        (void)c;
        (void)d;
        return atomic_load(&x->r->is_canceled);
}

/* ---- the request ---- */

static void add_query(struct exchange *x, const json_t *query)
{
        const char *name;
        json_t *value;
        char mark = strchr(x->url.s, '?') ? '&' : '?';

        json_object_foreach((json_t *)query, name, value) {
                _free_ char *text = json_is_string(value) ? strdup(json_string_value(value))
                                                          : json_compact(value);
                char *a = curl_easy_escape(x->curl, name, 0),
                     *b = text ? curl_easy_escape(x->curl, text, 0) : NULL;

                text_addf(&x->url, "%c%s=%s", mark, a ? a : "", b ? b : "");
                mark = '&';
                curl_free(a);
                curl_free(b);
        }
}

/* "name: value" lines, the other form that StackStorm takes. */
static void add_header_lines(struct exchange *x, const char *lines)
{
        while (*lines) {
                size_t n = strcspn(lines, "\r\n");
                _free_ char *line = strndup(lines, n);

                if (line && strchr(line, ':'))
                        x->headers = curl_slist_append(x->headers, line);
                lines += n + strspn(lines + n, "\r\n");
        }
}

static void add_headers(struct exchange *x, const json_t *headers)
{
        const char *name;
        json_t *value;

        if (json_is_string(headers)) {
                add_header_lines(x, json_string_value(headers));
                return;
        }

        json_object_foreach((json_t *)headers, name, value) {
                _free_ char *line = NULL;

                if (json_is_string(value) && !strpbrk(name, "\r\n:") &&
                    !strpbrk(json_string_value(value), "\r\n") &&
                    asprintf(&line, "%s: %s", name, json_string_value(value)) >= 0)
                        x->headers = curl_slist_append(x->headers, line);
        }
}

/* A text goes as it is; anything else as JSON, and says so. */
static void add_body(struct exchange *x, const json_t *body)
{
        _free_ char *text = NULL;

        if (!body || json_is_null(body))
                return;
        if (json_is_string(body)) {
                text_add_bytes(&x->body, json_string_value(body), json_string_length(body));
        } else {
                text = json_compact(body);
                text_add(&x->body, text ? text : "");
                x->headers = curl_slist_append(x->headers, "Content-Type: application/json");
        }
        curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, x->body.s ? x->body.s : "");
        curl_easy_setopt(x->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body.len);
}

static void add_cookies(struct exchange *x, const json_t *cookies)
{
        _text_ struct text line = TEXT_INIT;
        const char *name;
        json_t *value;

        json_object_foreach((json_t *)cookies, name,
                            value) if (json_is_string(value) &&
                                       !strpbrk(json_string_value(value), "\r\n;"))
                text_addf(&line, "%s%s=%s", line.len ? "; " : "", name, json_string_value(value));
        if (line.len)
                curl_easy_setopt(x->curl, CURLOPT_COOKIE, line.s);
}

/* Without one in the parameters, the environment's proxy settings and NO_PROXY hold. */
static void add_proxy(struct exchange *x, const json_t *params)
{
        const char *proxy =
                json_text_of(params,
                             text_starts_with(x->url.s, "https:") ? "https_proxy" : "http_proxy",
                             NULL);

        if (proxy)
                curl_easy_setopt(x->curl, CURLOPT_PROXY, proxy);
}

static void add_credentials(struct exchange *x, const json_t *params)
{
        const char *user = json_text_of(params, "username", NULL),
                   *password = json_text_of(params, "password", "");

        if (!user)
                return;
        curl_easy_setopt(x->curl, CURLOPT_USERNAME, user);
        curl_easy_setopt(x->curl, CURLOPT_PASSWORD, password);
        curl_easy_setopt(x->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
}

static void prepare(struct exchange *x)
{
        const json_t *p = x->r->params;
        long timeout_max_ms = x->r->is_timed ? (long)x->r->timeout_ms : LONG_MAX;
        bool verify = json_bool_of(p, "verify_ssl_cert", true);
        const json_t *timeout = json_object_get(p, "timeout");
        long timeout_ms = (long)(json_is_number(timeout) ? json_number_value(timeout) * 1000
                                                         : (double)x->r->timeout_ms);

        text_add(&x->url, json_text_of(p, "url", ""));
        add_query(x, json_object_get(p, "params"));
        add_body(x, json_object_get(p, "body"));
        add_headers(x, json_object_get(p, "headers"));
        add_credentials(x, p);
        add_cookies(x, json_object_get(p, "cookies"));
        add_proxy(x, p);
        curl_easy_setopt(x->curl, CURLOPT_URL, x->url.s);
        curl_easy_setopt(x->curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(x->curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(x->curl, CURLOPT_CUSTOMREQUEST, json_text_of(p, "method", "GET"));
        if (text_equal(json_text_of(p, "method", "GET"), "HEAD"))
                curl_easy_setopt(x->curl, CURLOPT_NOBODY, 1L);
        curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->headers);
        curl_easy_setopt(x->curl, CURLOPT_TIMEOUT_MS,
                         timeout_ms < timeout_max_ms ? timeout_ms : timeout_max_ms);
        curl_easy_setopt(x->curl, CURLOPT_FOLLOWLOCATION,
                         (long)json_bool_of(p, "allow_redirects", false));
        curl_easy_setopt(x->curl, CURLOPT_MAXREDIRS, 5L);
        curl_easy_setopt(x->curl, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
        curl_easy_setopt(x->curl, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
        curl_easy_setopt(x->curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(x->curl, CURLOPT_ERRORBUFFER, x->error);
        curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, x);
        curl_easy_setopt(x->curl, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(x->curl, CURLOPT_HEADERDATA, x);
        curl_easy_setopt(x->curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(x->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(x->curl, CURLOPT_XFERINFODATA, x);
}

/* ---- the answer ---- */

static json_t *reply_value(const struct text *reply, bool *ret_parsed)
{
        const char *s = reply->s ? reply->s : "";
        json_t *value = NULL;

        *ret_parsed = json_parse(s, reply->len, &(struct json_limits){ REPLY_MAX, 64, NULL, NULL },
                                 &value, NULL) == 0 &&
                      (json_is_object(value) || json_is_array(value));
        if (*ret_parsed)
                return value;
        json_decref(value);
        return text_is_utf8(s, reply->len) ? json_stringn(s, reply->len)
                                           : json_string("(not UTF-8)");
}

static void answered(struct exchange *x)
{
        long status = 0;
        bool parsed;
        json_t *body = reply_value(&x->reply, &parsed), *result;

        curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
        result = json_pack("{s:i, s:o, s:b, s:O}", "status_code", (int)status, "body", body,
                           "parsed", parsed, "headers", x->reply_headers);
        if (status >= 200 && status < 300)
                running_finish(x->r, STORE_SUCCEEDED, result);
        else
                running_fail_as(x->r, STORE_FAILED, result, "the server refused");
}

/* scheme://host:port of a url: user, password, path and query may be secrets. */
static void shown_url(const char *url, char shown[256])
{
        const char *start = strstr(url, "://"), *host = start ? start + 3 : url;
        size_t len = strcspn(host, "/?#");
        const char *at = memrchr(host, '@', len);

        if (at) {
                len -= (size_t)(at + 1 - host);
                host = at + 1;
        }
        snprintf(shown, 256, "%.*s%.*s", (int)(start ? start + 3 - url : 0), url,
                 (int)(len < 200 ? len : 200), host);
}

static void not_answered(struct exchange *x, CURLcode code)
{
        char why[CURL_ERROR_SIZE + 320], url[256];

        shown_url(json_text_of(x->r->params, "url", ""), url);
        snprintf(why, sizeof why, "no answer from %s: %s", url,
                 x->error[0] ? x->error : curl_easy_strerror(code));
        if (atomic_load(&x->r->is_canceled))
                running_fail(x->r, STORE_CANCELED, "canceled", "cancelled");
        else
                running_fail(x->r, code == CURLE_OPERATION_TIMEDOUT ? STORE_TIMEOUT : STORE_FAILED,
                             "http", why);
}

static void exchange(void *arg)
{
        struct running *r = arg;
        struct exchange x = { .r = r, .curl = curl_easy_init(), .reply_headers = json_object() };
        CURLcode code;

        if (!x.curl || !x.reply_headers) {
                running_fail(r, STORE_FAILED, "internal", "out of memory");
        } else {
                prepare(&x);
                code = curl_easy_perform(x.curl);
                if (code == CURLE_OK)
                        answered(&x);
                else
                        not_answered(&x, code);
        }
        curl_easy_cleanup(x.curl);
        curl_slist_free_all(x.headers);
        json_decref(x.reply_headers);
        text_deinit(&x.url);
        text_deinit(&x.body);
        text_deinit(&x.reply);
        running_unref(r);
}

void http_start(struct running *r)
{
        running_ref(r);
        if (pool_run(hub_pool(r->hub), exchange, r) == 0)
                return;
        running_fail(r, STORE_FAILED, "unavailable", "the hub is stopping");
        running_unref(r);
}
