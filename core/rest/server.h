/* SPDX-License-Identifier: Apache-2.0 */

/* Inside rest: the server and its listeners. */

#ifndef REST_SERVER_H
#define REST_SERVER_H

#include "base/json.h"
#include "rest/rest.h"

#include <pthread.h>

#define LISTENERS_MAX 8

struct MHD_Daemon;
struct pool;
struct schema;
struct stream;

struct listener {
        struct rest *rest;
        struct MHD_Daemon *daemon;
        char *address;                  /* as configured */
        char *path;                     /* of a Unix socket, else NULL */
        uint16_t port;
        int fd;                         /* until the daemon takes it */
        unsigned n_connections;         /* atomic */
        int64_t crowded_ms;             /* atomic: when it was last said that there are too many */
};

struct rest {
        struct rest_options options;    /* limits filled in; texts are copies */
        struct json_limits json_limits;
        struct listener listeners[LISTENERS_MAX];
        size_t n_listeners;
        struct pool *pool;              /* handlers that may block */
        struct stream *stream;
        struct once_flights *flights;
        json_t *openapi;
        char *openapi_text;
        struct schemas *schemas;        /* of request bodies, compiled; see openapi.h */
        char *certificate, *key;        /* PEM */
        unsigned open;                  /* atomic */
        bool is_quiet, is_stopping;     /* atomic */
};

#endif
