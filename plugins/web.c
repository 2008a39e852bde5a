/* SPDX-License-Identifier: Apache-2.0 */
#include "web.h"

#include <ctype.h>
#include <strings.h>

#define REASON_MAX      200
#define TRIES           3
#define PAUSE_MS        150             /* before the second try; three times that before the third */

/* ---- text ---- */

static size_t escape_to(char *to, const char *text)
{
        char *start = to;

        for (; *text; text++)
                if (isalnum((unsigned char)*text) || strchr("-._~", *text))
                        *to++ = *text;
                else
                        to += sprintf(to, "%%%02X", (unsigned char)*text);
        *to = 0;
        return (size_t)(to - start);
}

char *web_escape(const char *text)
{
        char *ret = malloc(strlen(text) * 3 + 1);

        if (ret)
                escape_to(ret, text);
        return ret;
}

/* How long it can get, and what it is: to NULL only measures. */
static size_t fill(char *to, const char *format, va_list ap)
{
        size_t len = 0;

        for (const char *p = format; *p; p++) {
                const char *s;

                if (strncmp(p, "%s", 2) == 0) {
                        s = va_arg(ap, const char *);
                        len += to ? escape_to(to + len, s) : strlen(s) * 3;
                        p++;
                } else if (strncmp(p, "%lld", 4) == 0) {
                        char number[24];
                        int n = snprintf(number, sizeof number, "%lld", va_arg(ap, long long));

                        if (to)
                                memcpy(to + len, number, (size_t)n);
                        len += (size_t)n;
                        p += 3;
                } else {
                        p += strncmp(p, "%%", 2) == 0;
                        if (to)
                                to[len] = *p;
                        len++;
                }
        }
        return len;
}

char *web_path(const char *format, ...)
{
        va_list ap;
        size_t size;
        char *ret;

        va_start(ap, format);
        size = fill(NULL, format, ap) + 1;
        va_end(ap);
        ret = malloc(size);
        if (!ret)
                return NULL;
        va_start(ap, format);
        ret[fill(ret, format, ap)] = 0;
        va_end(ap);
        return ret;
}

bool web_header(const struct web_call *call, const char *name, char *ret, size_t size)
{
        size_t n = strlen(name);

        for (const char *line = call->reply_headers; line && *line; line = strchr(line, '\n')) {
                size_t len;

                line += *line == '\n';
                if (strncasecmp(line, name, n) != 0 || line[n] != ':')
                        continue;
                line += n + 1;
                line += strspn(line, " \t");
                len = strcspn(line, "\r\n");
                while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
                        len--;
                if (len >= size)
                        return false;
                memcpy(ret, line, len);
                ret[len] = 0;
                return true;
        }
        return false;
}

/* ---- what a failure says ---- */

static void add(char *to, size_t size, const char *text)
{
        size_t len = strlen(to);

        if (len + 1 < size)
                snprintf(to + len, size - len, "%s%s", len ? ", " : "", text);
}

/* Systems say why under one of a few names, as a text or as a list of them. */
static void reason_of(const json_t *body, char *ret, size_t size)
{
        static const char *const names[] = { "error", "errors", "message", "detail", "reason",
                                             "description" };
        const json_t *said = body;
        json_t *item;
        size_t i;

        for (i = 0; json_is_object(body) && said == body && i < KN_ROWS(names); i++)
                if (json_object_get(body, names[i]))
                        said = json_object_get(body, names[i]);
        if (json_is_string(said)) {
                add(ret, size, json_string_value(said));
                return;
        }
        json_array_foreach(said, i, item)
                if (json_is_string(item))
                        add(ret, size, json_string_value(item));
        if (!*ret) {
                _free_ char *text = json_dumps(said, JSON_COMPACT | JSON_ENCODE_ANY);

                add(ret, size, text ? text : "");
        }
}

/* One line of printable text, that does not end in half a character. */
static void tidy(char *s)
{
        size_t len;

        s[strcspn(s, "\r\n")] = 0;
        for (char *p = s; *p; p++)
                if ((unsigned char)*p < ' ' || *p == 0x7f)
                        *p = ' ';
        for (len = strlen(s); len > 0 && ((unsigned char)s[len - 1] & 0xc0) == 0x80; len--)
                ;
        if (len > 0 && (unsigned char)s[len - 1] >= 0xc0) {
                size_t want = (unsigned char)s[len - 1] >= 0xf0 ? 4
                        : (unsigned char)s[len - 1] >= 0xe0 ? 3 : 2;

                if (strlen(s) - (len - 1) < want)
                        s[len - 1] = 0;
        }
}

void web_reason(const char *text, size_t len, char *ret, size_t size)
{
        _json_ json_t *body = json_loadb(text, len, JSON_DECODE_ANY, NULL);

        *ret = 0;
        if (body)
                reason_of(body, ret, size);
        else
                snprintf(ret, size, "%.*s", (int)strnlen(text, len < size ? len : size), text);
        tidy(ret);
}

static bool is_page(const struct web_call *call)
{
        char type[100];
        const char *text = call->text;

        if (web_header(call, "Content-Type", type, sizeof type) &&
            strncasecmp(type, "text/html", 9) == 0)
                return true;
        text += strspn(text, " \t\r\n");
        return strncasecmp(text, "<!doctype html", 14) == 0 || strncasecmp(text, "<html", 5) == 0;
}

/* Of a Location, what is no secret and says enough: scheme, host and port. */
static void target_of(const struct web_call *call, char *ret, size_t size)
{
        char location[2000];
        const char *host;

        snprintf(ret, size, "somewhere else");
        if (!web_header(call, "Location", location, sizeof location))
                return;
        host = strstr(location, "://");
        if (!host) {
                snprintf(ret, size, "another path of the same host");
                return;
        }
        host += 3;
        if (memchr(host, '@', strcspn(host, "/?#")))
                host = strchr(host, '@') + 1;
        snprintf(ret, size, "%.*s://%.*s", (int)strcspn(location, ":"), location,
                 (int)strcspn(host, "/?#"), host);
        tidy(ret);
}

/* ---- statuses ---- */

static bool is_safe(const struct web_call *call)
{
        const char *method = call->method ? call->method : "GET";

        return call->is_safe || strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static int code_of(const struct web_call *call)
{
        static const struct { int status, code; } codes[] = {
                { 400, KN_EARG }, { 413, KN_EARG }, { 422, KN_EARG }, { 401, KN_EAUTH },
                { 403, KN_EAUTH }, { 407, KN_EAUTH }, { 404, KN_ENOENT }, { 410, KN_ENOENT },
                { 409, KN_ECONFLICT }, { 412, KN_ECONFLICT }, { 429, KN_ETEMP }, { 503, KN_ETEMP },
        };

        for (size_t i = 0; i < KN_ROWS(codes); i++)
                if (codes[i].status == call->status)
                        return codes[i].code;
        return call->status >= 500 && is_safe(call) ? KN_ETEMP : KN_EREMOTE;
}

static int fail_status(struct kn_ctx *ctx, const struct web_site *site, const struct web_call *call)
{
        char reason[REASON_MAX], target[REASON_MAX];
        int code = code_of(call);

        if (call->status >= 300 && call->status < 400) {
                target_of(call, target, sizeof target);
                return kn_fail(ctx, KN_EREMOTE, "%s at %s answered %.80s with a redirect (%d) to "
                               "%s, which is not followed: put the address that answers itself "
                               "into the instance's url", site->name, site->base, call->doing,
                               call->status, target);
        }
        if (is_page(call))
                snprintf(reason, sizeof reason, "with a web page");
        else
                web_reason(call->text, call->text_len, reason, sizeof reason);
        if (code == KN_EAUTH)
                return kn_fail(ctx, code, "%s at %s refused %.80s (%d%s%s): %s", site->name,
                               site->base, call->doing, call->status, *reason ? ", " : "", reason,
                               site->on_refusal ? site->on_refusal
                               : "look at the instance's credentials and at its account's rights");
        return kn_fail(ctx, code, "%s at %s %s %.80s (%d)%s%s", site->name, site->base,
                       code == KN_ENOENT ? "does not have"
                       : call->status >= 500 ? "failed at" : "refused", call->doing, call->status,
                       *reason ? ": " : "", reason);
}

static int fail_body(struct kn_ctx *ctx, const struct web_site *site, const struct web_call *call,
                     const json_error_t *error)
{
        if (is_page(call))
                return kn_fail(ctx, KN_EREMOTE, "%s at %s answered %.80s with a web page, not with "
                               "JSON: does the instance's url name the API, and does no proxy "
                               "or login page stand before it?", site->name, site->base,
                               call->doing);
        return kn_fail(ctx, KN_EREMOTE, "%s at %s answered %.80s with what is no JSON (%zu bytes, "
                       "line %d: %.80s): was it cut off, or is it another program?", site->name,
                       site->base, call->doing, call->text_len, error->line, error->text);
}

/* ---- the call ---- */

static int take_answer(struct kn_ctx *ctx, const struct web_site *site, struct web_call *call)
{
        bool is_good = call->status >= 200 && call->status < 300;
        json_error_t error;

        if (call->text_len > 0 && !(is_good && call->is_text))
                call->reply = json_loadb(call->text, call->text_len, JSON_DECODE_ANY, &error);
        if (call->may_be_absent && call->status == 404)
                return KN_ENOENT;
        if (!is_good)
                return fail_status(ctx, site, call);
        return call->reply || call->is_text || strspn(call->text, " \t\r\n") == call->text_len
                ? KN_OK : fail_body(ctx, site, call, &error);
}

static int once(struct kn_ctx *ctx, const struct web_site *site, struct web_call *call,
                struct kn_http *http)
{
        int r;

        web_done(call);
        call->status = 0;
        r = kn_http(ctx, http);
        if (r < 0)
                return r;
        call->status = http->status;
        call->text = http->reply;
        call->text_len = http->reply_len;
        call->reply_headers = http->reply_headers;
        return take_answer(ctx, site, call);
}

static bool is_worth_another(const struct web_call *call, int r)
{
        return is_safe(call) && (r == KN_ETEMP || (r == KN_EREMOTE && call->status == 0));
}

static char *url_of(const struct web_site *site, const struct web_call *call)
{
        size_t len = strlen(site->base), size = len + strlen(call->path) + 1;
        char *url = malloc(size);

        while (len > 0 && site->base[len - 1] == '/')
                len--;
        if (url)
                snprintf(url, size, "%.*s%s", (int)len, site->base, call->path);
        return url;
}

static char *headers_of(const struct web_site *site, const struct web_call *call)
{
        const char *of_site = site->headers ? site->headers : "";
        const char *of_call = call->headers ? call->headers : "";
        size_t size = strlen(of_site) + strlen(of_call) + 80;
        char *headers = malloc(size);

        if (headers)
                snprintf(headers, size, "%s%s%s%s", of_site, of_call,
                         call->is_text ? "" : "Accept: application/json\n",
                         call->json ? "Content-Type: application/json\n" : "");
        return headers;
}

int web_call(struct kn_ctx *ctx, const struct web_site *site, struct web_call *call)
{
        _free_ char *url = url_of(site, call), *headers = headers_of(site, call);
        _free_ char *json = call->json ? json_dumps(call->json, JSON_COMPACT | JSON_ENCODE_ANY)
                                       : NULL;
        struct kn_http http;
        int r;

        if (!url || !headers || (call->json && !json))
                return KN_ENOMEM;
        memset(&http, 0, sizeof http);
        http.method = call->method ? call->method : "GET";
        http.url = url;
        http.headers = headers;
        http.body = json ? json : call->body;
        http.body_len = json ? strlen(json) : call->body_len;
        r = once(ctx, site, call, &http);
        for (int i = 1, pause_ms = PAUSE_MS; i < TRIES && is_worth_another(call, r);
             i++, pause_ms *= 3) {
                int waited = kn_wait(ctx, -1, 0, pause_ms);

                if (waited < 0)
                        return waited;
                r = once(ctx, site, call, &http);
        }
        return r;
}

void web_done(struct web_call *call)
{
        json_decref(call->reply);
        call->reply = NULL;
        call->text = "";
        call->text_len = 0;
        call->reply_headers = NULL;
}
