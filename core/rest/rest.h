/* SPDX-License-Identifier: Apache-2.0 */

/*
 * HTTP in and out; translates, decides nothing.
 *
 * Threads. Each listener is a libmicrohttpd daemon with two threads. A handler that waits for a
 * commit suspends its connection, and the commit's callback resumes it; what may block (changes of
 * content, reads of lists) runs on a small pool of our own while the connection is suspended. One
 * more thread serves whoever waits for something to happen: event streams, Prefer: wait.
 *
 *   server.c    listeners; start and stop
 *   request.c   the life of one request, from the URI to the answer
 *   router.c    path and method to a row of the table
 *   identify.c  credentials in the request to a principal
 *   answer.c    JSON, lists, problem documents
 *   query.c     query strings and forms;  list.c  pages, include_attributes and its kin
 *   shape*.c    what a record looks like outside
 *   routes_*.c  the rows, by noun, and their handlers
 *   openapi.c   the same rows, described
 *   stream.c    who waits: SSE (live.c, client.c, frame.c), Prefer: wait (waiter.c)
 *   accept.c webhook.c events.c   events in; cloudevent.c signature.c  what their senders speak
 */

#ifndef REST_REST_H
#define REST_REST_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct auth;
struct content;
struct hub;
struct rest;

struct rest_options {
        struct hub *hub;
        struct content *content;
        struct auth *auth;
        const char *state_dir;
        /*
         * NULL-terminated: "127.0.0.1:8470", "[::1]:8470" (port 0: the kernel's choice),
         * "unix:/path"
         */
        const char *const *listen;
        /*
         * PEM files, for every TCP listener; NULL: plain HTTP, which only loopback addresses may
         * speak.
         */
        const char *tls_certificate, *tls_key;
        bool is_insecure;               /* speak it on public ones too: a proxy in front has TLS */
        const char *const *cors_origins;        /* exact, NULL-terminated; NULL: no CORS */
        uint64_t body_max;              /* limits.body; 0: 1 MiB */
        uint64_t pack_max;              /* limits.pack, an uploaded archive; 0: 256 MiB */
        uint32_t header_max;            /* limits.headers; 0: 16 KiB */
        unsigned depth_max;             /* limits.depth; 0: 64 */
        unsigned connections_max;       /* limits.connections, a listener; 0: 1,000 */
        unsigned idle_s; /* limits.idle: silence after which a client is dropped; 0: 10 */
        unsigned threads;               /* a listener; 0: 2 */
};

/* FAULT 422 listen.* (address, port taken, public without TLS), tls.*: names the listener. */
int rest_start(const struct rest_options *options, struct rest **ret, struct fault *fault);
/*
 * Answer what waits with what is known, resume what is suspended, end the streams, stop listening.
 * Call it before hub_free() and store_close(). NULL; accepts NULL.
 */
struct rest *rest_stop(struct rest *rest);
/* The first step of a drain: reads are answered, everything else gets 503 with Retry-After. */
void rest_quiesce(struct rest *rest);
unsigned rest_requests_open(struct rest *rest); /* begun and not answered; streams not counted */
/* The port of the n-th listener, 0 for a Unix socket: what the kernel chose for port 0. */
uint16_t rest_port(const struct rest *rest, size_t n);

#endif
