/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Listeners, and the two hard moments of a server. Start: everything that can be wrong with an
 * address or a certificate is found before anything is served, and said with the listener's name.
 * Stop: libmicrohttpd must not be stopped while a connection is suspended, so all who wait are
 * answered first.
 */

#include "rest/server.h"

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "loop/pool.h"
#include "rest/listen.h"
#include "rest/once.h"
#include "rest/openapi.h"
#include "rest/serve.h"
#include "rest/stream.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define POOL_THREADS 4
#define STOP_WAIT_MS 10000

__attribute__((format(printf, 2, 0)))
static void mhd_log(void *cls, const char *fmt, va_list ap)
{
        char line[512];

        (void)cls;
        vsnprintf(line, sizeof line, fmt, ap);
        line[strcspn(line, "\r\n")] = '\0';
        /* Mostly clients that went away or spoke no HTTP: of interest to who looks for it. */
        log_debug("http: %s", line);
}

/* Leave escapes alone: router and query decode them strictly. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *s)
{
        (void)cls, (void)connection;
        return strlen(s);
}

/*
 * libmicrohttpd at its limit accepts nobody, and who comes then waits for silence to end. So its
 * limit lies above ours, and those between the two are told at once that there are too many.
 */
static unsigned room_for_refusals(unsigned max)
{
        return max + max / 4 + 64;
}

static void say_crowded(struct listener *listener, unsigned n)
{
        int64_t now = clock_mono_ms(),
                last = __atomic_load_n(&listener->crowded_ms, __ATOMIC_RELAXED);

        if (last && now - last < 10000)
                return;
        __atomic_store_n(&listener->crowded_ms, now, __ATOMIC_RELAXED);
        log_warning("rest '%s': %u connections are more than limits.connections = %u, answering "
                    "503", listener->address, n, listener->rest->options.connections_max);
}

static void connection_changed(void *cls, struct MHD_Connection *connection, void **context,
                               enum MHD_ConnectionNotificationCode code)
{
        struct listener *listener = cls;
        unsigned n;

        (void)connection;
        if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
                __atomic_sub_fetch(&listener->n_connections, 1, __ATOMIC_RELAXED);
                return;
        }
        n = __atomic_add_fetch(&listener->n_connections, 1, __ATOMIC_RELAXED);
        if (n <= listener->rest->options.connections_max)
                return;
        *context = listener;            /* request.c refuses what comes on it */
        say_crowded(listener, n);
}

static int serve(struct rest *rest, struct listener *listener, struct fault *fault)
{
        bool tls = rest->certificate && !listener->path;
        unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC
                | MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0);
        struct MHD_OptionItem more[] = {
                { MHD_OPTION_HTTPS_MEM_CERT, 0, rest->certificate },
                { MHD_OPTION_HTTPS_MEM_KEY, 0, rest->key },
                { MHD_OPTION_HTTPS_PRIORITIES, 0, (char[]){ "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1" } },
                { MHD_OPTION_END, 0, NULL },
        };

        listener->daemon = MHD_start_daemon(flags, 0, NULL, NULL, request_serve, listener,
                MHD_OPTION_EXTERNAL_LOGGER, mhd_log, NULL,
                MHD_OPTION_URI_LOG_CALLBACK, request_new, listener,
                MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
                MHD_OPTION_NOTIFY_COMPLETED, request_completed, NULL,
                MHD_OPTION_LISTEN_SOCKET, listener->fd,
                MHD_OPTION_THREAD_POOL_SIZE, rest->options.threads,
                MHD_OPTION_NOTIFY_CONNECTION, connection_changed, listener,
                MHD_OPTION_CONNECTION_LIMIT, room_for_refusals(rest->options.connections_max),
                MHD_OPTION_CONNECTION_TIMEOUT, rest->options.idle_s,
                MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)rest->options.header_max + 16384,
                MHD_OPTION_ARRAY, tls ? more : more + 3,
                MHD_OPTION_END);
        /* The daemon closes the socket, whether it could start or not. */
        listener->fd = -1;
        if (!listener->daemon) {
                fault_set(fault, 422, tls ? "tls.start" : "listen.start", "%s: cannot be served",
                          listener->address);
                return tls ? fault_try(fault, "check that tls.cert and tls.key are a PEM pair: "
                                              "openssl x509 -in CERT -noout -pubkey; openssl pkey "
                                              "-in KEY -pubout")
                           : FAULT;
        }
        return 0;
}

static int read_pem(const char *path, char **ret, struct fault *fault)
{
        size_t len;
        int r = file_read(path, 1 << 20, ret, &len, fault);

        if (r)
                return r;
        if (!strstr(*ret, "-----BEGIN "))
                return fault_set(fault, 422, "tls.pem", "%s: is not a PEM file", path);
        return 0;
}

static int read_tls(struct rest *rest, const struct rest_options *options, struct fault *fault)
{
        int r;

        if (!options->tls_certificate != !options->tls_key)
                return fault_set(fault, 422, "tls.half", "TLS needs both a certificate and a key");
        if (!options->tls_certificate)
                return 0;
        r = read_pem(options->tls_certificate, &rest->certificate, fault);
        return r ? r : read_pem(options->tls_key, &rest->key, fault);
}

static void fill_limits(struct rest_options *options)
{
        options->body_max = options->body_max ? options->body_max : 1 << 20;
        options->pack_max = options->pack_max ? options->pack_max : 256 << 20;
        options->header_max = options->header_max ? options->header_max : 16 << 10;
        options->depth_max = options->depth_max ? options->depth_max : 64;
        options->connections_max = options->connections_max ? options->connections_max : 1000;
        options->idle_s = options->idle_s ? options->idle_s : 10;
        options->threads = options->threads ? options->threads : 2;
}

static char **copy_texts(const char *const *texts)
{
        size_t n = 0;
        char **copy;

        while (texts && texts[n])
                n++;
        copy = texts ? calloc(n + 1, sizeof *copy) : NULL;
        for (size_t i = 0; copy && i < n; i++)
                copy[i] = strdup(texts[i]);
        return copy;
}

static struct rest *rest_free(struct rest *rest)
{
        char **origins = (char **)rest->options.cors_origins;

        for (size_t i = 0; i < rest->n_listeners; i++)
                listener_close(&rest->listeners[i]);
        stream_free(rest->stream);
        once_flights_free(rest->flights);
        pool_free(rest->pool);
        schemas_free(rest->schemas);
        json_decref(rest->openapi);
        free(rest->openapi_text);
        free(rest->certificate);
        free(rest->key);
        free((char *)rest->options.state_dir);
        for (size_t i = 0; origins && origins[i]; i++)
                free(origins[i]);
        free(origins);
        free(rest);
        return NULL;
}

static int describe(struct rest *rest, struct fault *fault)
{
        rest->openapi = openapi_new();
        rest->openapi_text = rest->openapi ? json_compact(rest->openapi) : NULL;
        if (!rest->openapi_text)
                return -ENOMEM;
        return schemas_new(rest->openapi, &rest->schemas, fault);
}

static int open_all(struct rest *rest, const struct rest_options *options, struct fault *fault)
{
        int r = 0;

        for (size_t i = 0; options->listen && options->listen[i] && !r; i++) {
                if (i == LISTENERS_MAX)
                        return fault_set(fault, 422, "listen.too-many", "more than %d listeners",
                                         LISTENERS_MAX);
                rest->listeners[i] = (struct listener){ .rest = rest, .fd = -1 };
                rest->n_listeners = i + 1;
                r = listener_open(&rest->listeners[i], options->listen[i],
                                  rest->certificate || options->is_insecure, fault);
        }
        for (size_t i = 0; i < rest->n_listeners && !r; i++)
                r = serve(rest, &rest->listeners[i], fault);
        return r;
}

int rest_start(const struct rest_options *options, struct rest **ret, struct fault *fault)
{
        struct rest *rest = calloc(1, sizeof *rest);
        int r;

        if (!rest)
                return -ENOMEM;
        rest->options = *options;
        rest->options.listen = NULL;
        rest->options.tls_certificate = rest->options.tls_key = NULL;
        rest->options.state_dir = strdup(options->state_dir);
        rest->options.cors_origins = (const char *const *)copy_texts(options->cors_origins);
        fill_limits(&rest->options);
        rest->json_limits = (struct json_limits){ rest->options.body_max, rest->options.depth_max,
                                                  "limits.body", "limits.depth" };
        rest->flights = once_flights_new();
        r = rest->flights ? read_tls(rest, options, fault) : -ENOMEM;
        if (!r)
                r = describe(rest, fault);
        if (!r)
                r = pool_new(POOL_THREADS, &rest->pool);
        if (!r)
                r = stream_new(rest, &rest->stream);
        if (!r)
                r = open_all(rest, options, fault);
        if (r) {
                rest_stop(rest);
                return r;
        }
        *ret = rest;
        return 0;
}

/*
 * libmicrohttpd's own quiesce removes the listener from the workers' epoll sets behind their backs,
 * and aborts the process when a worker does the same at that moment (0.9.75).
 */
void rest_quiesce(struct rest *rest)
{
        __atomic_store_n(&rest->is_quiet, true, __ATOMIC_SEQ_CST);
}

unsigned rest_requests_open(struct rest *rest)
{
        return __atomic_load_n(&rest->open, __ATOMIC_SEQ_CST);
}

uint16_t rest_port(const struct rest *rest, size_t n)
{
        return n < rest->n_listeners ? rest->listeners[n].port : 0;
}

/* Requests that wait for a commit are resumed by it; the others by stream_stop(). */
static bool wait_for_requests(struct rest *rest)
{
        const struct timespec pause = { 0, 2000000 };

        for (int64_t waited = 0; waited < STOP_WAIT_MS; waited += 2) {
                if (!rest_requests_open(rest) && !stream_clients(rest->stream))
                        return true;
                nanosleep(&pause, NULL);
        }
        return false;
}

struct rest *rest_stop(struct rest *rest)
{
        if (!rest)
                return NULL;
        __atomic_store_n(&rest->is_stopping, true, __ATOMIC_SEQ_CST);
        if (rest->pool)
                pool_stop(rest->pool);
        if (rest->stream)
                stream_stop(rest->stream);
        if (rest->stream && !wait_for_requests(rest)) {
                /* Stopping would abort the process; a leak at its end harms nobody. */
                log_warning("rest: %u requests did not end, leaving them",
                            rest_requests_open(rest));
                return NULL;
        }
        return rest_free(rest);
}
