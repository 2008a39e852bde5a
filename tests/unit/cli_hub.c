/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_hub.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct cardboard {
        struct MHD_Daemon *daemon;
        const struct hub_route *routes;
        bool used[64];
        json_t *requests;
        pthread_mutex_t lock;
        char url[64];
};

static const struct hub_route *find_route(struct cardboard *hub, const char *method,
                                          const char *path)
{
        const struct hub_route *last = NULL;

        for (size_t i = 0; hub->routes[i].path; i++) {
                const struct hub_route *route = hub->routes + i;

                if (strcmp(route->path, path) || strcmp(route->method, method))
                        continue;
                last = route;
                if (hub->used[i])
                        continue;
                hub->used[i] = true;
                break;
        }
        return last;
}

static enum MHD_Result add_query(void *arg, enum MHD_ValueKind kind, const char *key,
                                 const char *value)
{
        (void)kind;
        text_addf(arg, "%s%s=%s", ((struct text *)arg)->len ? "&" : "", key, value ? value : "");
        return MHD_YES;
}

static void note(struct cardboard *hub, struct MHD_Connection *c, const char *method,
                 const char *path, const char *body)
{
        _text_ struct text query = TEXT_INIT;
        json_t *row = json_pack("{s:s,s:s,s:s}", "method", method, "path", path, "body", body);

        MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, add_query, &query);
        json_set_text(row, "query", query.s ? query.s : "");
        json_set_text(row, "authorization",
                      MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization"));
        json_set_text(row, "once",
                      MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Idempotency-Key"));
        json_set_text(row, "type", MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Type"));
        json_array_append_new(hub->requests, row);
}

static enum MHD_Result reply(struct MHD_Connection *c, const struct hub_route *route)
{
        const char *body = route ? route->body
                : "{\"code\":\"test.no-route\",\"detail\":\"no such route\"}";
        const char *type = route && route->type ? route->type : "application/json";
        struct MHD_Response *response =
                MHD_create_response_from_buffer(strlen(body), (void *)body, MHD_RESPMEM_MUST_COPY);
        enum MHD_Result r;

        MHD_add_response_header(response, "Content-Type", type);
        r = MHD_queue_response(c, route ? route->status ? route->status : 200 : 404, response);
        MHD_destroy_response(response);
        return r;
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *c, const char *path,
                              const char *method,
                              const char *version, const char *data, size_t *size, void **state)
{
        struct cardboard *hub = arg;
        struct text *body = *state;
        enum MHD_Result r;

        (void)version;
        if (!body) {
                *state = calloc(1, sizeof *body);
                return *state ? MHD_YES : MHD_NO;
        }
        if (*size) {
                text_add_bytes(body, data, *size);
                *size = 0;
                return MHD_YES;
        }
        pthread_mutex_lock(&hub->lock);
        note(hub, c, method, path, body->s ? body->s : "");
        r = reply(c, find_route(hub, method, path));
        pthread_mutex_unlock(&hub->lock);
        return r;
}

static void forget(void *arg, struct MHD_Connection *c, void **state,
                   enum MHD_RequestTerminationCode code)
{
        (void)arg;
        (void)c;
        (void)code;
        if (*state)
                text_deinit(*state);
        free(*state);
}

struct cardboard *cardboard_start(const struct hub_route *routes)
{
        struct cardboard *hub = calloc(1, sizeof *hub);
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

        hub->routes = routes;
        hub->requests = json_array();
        pthread_mutex_init(&hub->lock, NULL);
        hub->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, handle, hub,
                                       MHD_OPTION_SOCK_ADDR, &address,
                                       MHD_OPTION_NOTIFY_COMPLETED, forget, NULL, MHD_OPTION_END);
        if (!hub->daemon)
                abort();
        snprintf(hub->url, sizeof hub->url, "http://127.0.0.1:%u",
                 (unsigned)MHD_get_daemon_info(hub->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
        return hub;
}

void cardboard_stop(struct cardboard *hub)
{
        MHD_stop_daemon(hub->daemon);
        json_decref(hub->requests);
        pthread_mutex_destroy(&hub->lock);
        free(hub);
}

const char *cardboard_url(const struct cardboard *hub)
{
        return hub->url;
}

const json_t *cardboard_requests(struct cardboard *hub)
{
        return hub->requests;
}

const char *cardboard_asked(struct cardboard *hub, size_t i, const char *member)
{
        return json_text_of(json_array_get(hub->requests, i), member, "");
}

struct told cardboard_run(struct cardboard *hub, const char *input, const char *const *words)
{
        struct told told = { .code = -1 };
        const char *argv[40] = { "kaname" };
        size_t out_len, err_len;
        FILE *out = open_memstream(&told.out, &out_len), *err = open_memstream(&told.err, &err_len);
        FILE *in = *input ? fmemopen((void *)input, strlen(input), "r") : fopen("/dev/null", "r");
        int argc = 1;

        for (; *words && argc < 38; words++)
                argv[argc++] = *words;
        if (hub)
                setenv("KANAME_URL", hub->url, 1);
        told.code = cli_main(argc, (char **)argv, in, out, err);
        fclose(in);
        fclose(out);
        fclose(err);
        return told;
}

void told_free(struct told *told)
{
        free(told->out);
        free(told->err);
}
