/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The doors to the network, carried out by the hub's side for plugins in any home: here the egress
 * list holds, whoever asks. Both block (a pool's thread), end with the token, and say in a sentence
 * what went wrong.
 */

#ifndef HOST_DOOR_H
#define HOST_DOOR_H

#include "base/text.h"
#include "host/cancel.h"

#include <jansson.h>
#include <kaname/plugin.h>
#include <stdint.h>

#define DOOR_SAY_SIZE 512
#define DOOR_REPLY_MAX (16u << 20)

struct http_cache;

/* Whose behalf, and its bounds. */
struct door_scope {
        const char *instance;           /* connections are reused within one instance only */
        const json_t *egress;
        const json_t *tls;              /* {"ca", "cert", "key": files, "verify": bool} or NULL */
        struct cancel *cancel;
};

struct door_reply {
        int32_t status;
        struct text body, headers;
};

/* Idle connections, kept for the next exchange of the same instance. Any thread. */
struct http_cache *http_cache_new(void);
struct http_cache *http_cache_free(struct http_cache *cache);

/* KN_OK for any status; else KN_E and say. reply is to be initialised and freed by the caller. */
int door_http(struct http_cache *cache, const struct door_scope *scope, const struct kn_http *http,
              struct door_reply *reply, char say[DOOR_SAY_SIZE]);
/* A connected, blocking descriptor, or KN_E and say. */
int door_dial(const struct door_scope *scope, const char *address, int64_t timeout_ms,
              char say[DOOR_SAY_SIZE]);

#endif
