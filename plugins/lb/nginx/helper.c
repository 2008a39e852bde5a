/* SPDX-License-Identifier: Apache-2.0 */

#include "lb/nginx/helper.h"

#include "exchange.h"
#include "lb/edit.h"

#define REQUEST_MAX (512u << 10)

static const char *where(struct kn_ctx *ctx)
{
        return kn_config_str(ctx, "socket", "");
}

/* ---- answers ---- */

int helper_odd(struct kn_ctx *ctx, const char *answer)
{
        return exchange_odd(ctx, "nginx", "kaname-nginx-pools", where(ctx), answer);
}

/* What ends without its final dot was cut off. */
int helper_ask(struct kn_ctx *ctx, const char *request, char **ret)
{
        _free_ char *answer = NULL;
        int r = exchange_ask(ctx, "nginx's helper", where(ctx), request, &answer);
        size_t len = r < 0 ? 0 : strlen(answer);

        if (r < 0)
                return r;
        if (strncmp(answer, "ok\n", 3) != 0 || strcmp(answer + len - 2, "\n.") != 0)
                return helper_odd(ctx, answer);
        answer[len - 1] = 0;
        *ret = strdup(answer + 3);
        return *ret ? KN_OK : KN_ENOMEM;
}

/* ---- pools ---- */

struct words {
        char pool[129], server[129], address[65], state[8];
        int weight, check;
        long long sessions;
};

static int add_server(json_t *pool, const struct words *w)
{
        bool serves = strcmp(w->state, "ready") == 0 && w->weight > 0;
        json_t *row = json_pack("{s:o, s:I, s:b, s:b}", "value",
                                lb_value(w->address, w->check, w->state, w->weight), "sessions",
                                (json_int_t)w->sessions, "serves", serves, "plain", true);

        return json_object_set_new(json_object_get(pool, "servers"), w->server, row);
}

json_t *helper_parse(char *text)
{
        _json_ json_t *pools = json_object();
        json_t *pool = NULL;
        char *rest = text, *line;

        while ((line = strsep(&rest, "\n"))) {
                struct words w;
                char revision[65];
                int r = 0;

                memset(&w, 0, sizeof w);
                if (!*line)
                        continue;
                if (sscanf(line, "pool %128s %64s", w.pool, revision) == 2) {
                        pool = json_pack("{s:s, s:{}}", "revision", revision, "servers");
                        r = json_object_set_new(pools, w.pool, pool);
                } else if (pool && sscanf(line, "server %128s %64s %d %7s %d %lld", w.server,
                                          w.address, &w.weight, w.state, &w.check, &w.sessions) == 6) {
                        r = add_server(pool, &w);
                } else {
                        return NULL;
                }
                if (r < 0)
                        return NULL;
        }
        return json_incref(pools);
}

int helper_read(struct kn_ctx *ctx, const char *pool, json_t **ret)
{
        _free_ char *text = NULL, *kept = NULL;
        char request[200];
        json_t *pools;
        int r;

        snprintf(request, sizeof request, pool ? "show %s\n" : "list\n", pool);
        r = helper_ask(ctx, request, &text);
        if (r < 0)
                return r;
        kept = strdup(text);
        pools = helper_parse(text);
        if (!pools || (pool && !json_object_get(pools, pool))) {
                json_decref(pools);
                return helper_odd(ctx, kept ? kept : "");
        }
        *ret = pools;
        return KN_OK;
}

/* ---- changes ---- */

struct request {
        char *text;
        size_t len;
};

static void free_request(struct request *request)
{
        free(request->text);
}

__attribute__((format(printf, 2, 3)))
static void add_line(struct request *request, const char *fmt, ...)
{
        va_list ap;
        int n;

        if (!request->text || request->len >= REQUEST_MAX)
                return;
        va_start(ap, fmt);
        n = vsnprintf(request->text + request->len, REQUEST_MAX - request->len, fmt, ap);
        va_end(ap);
        request->len = n < 0 ? REQUEST_MAX : request->len + (size_t)n;
}

static void add_value(struct request *request, const char *server, const json_t *value)
{
        add_line(request, "server %s %s %lld %s %d\n", server,
                 json_string_value(json_object_get(value, "address")),
                 (long long)lb_weight_of(value), lb_state_of(value),
                 json_is_true(json_object_get(value, "check")));
}

static int send_request(struct kn_ctx *ctx, struct request *request)
{
        _free_ char *ignored = NULL;

        if (!request->text)
                return KN_ENOMEM;
        if (request->len >= REQUEST_MAX)
                return kn_fail(ctx, KN_EARG, "the pool is too large for kaname-nginx-pools: %u KiB "
                               "of servers", REQUEST_MAX >> 10);
        return helper_ask(ctx, request->text, &ignored);
}

int helper_write(struct kn_ctx *ctx, const char *pool, const char *revision, json_t *values)
{
        _cleanup_(free_request) struct request request = { calloc(1, REQUEST_MAX), 0 };
        const char *server;
        json_t *value;

        add_line(&request, "write %s %s\n", pool, revision);
        json_object_foreach(values, server, value)
                add_value(&request, server, value);
        add_line(&request, ".\n");
        return send_request(ctx, &request);
}

int helper_remove(struct kn_ctx *ctx, const char *pool, const char *revision)
{
        _free_ char *ignored = NULL;
        char request[240];

        snprintf(request, sizeof request, "remove %s %s\n", pool, revision);
        return helper_ask(ctx, request, &ignored);
}
