/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Between the files of this plugin: what the servers are (servers.c), actions that change
 * (change.c), that read (read.c), the sensor (watch.c), the plugin (haproxy.c).
 */

#ifndef HAPROXY_H
#define HAPROXY_H

#include "lb/haproxy/runtime.h"

/* ---- servers.c ---- */

/* What HAProxy says of its servers, of one pool or all (NULL). */
struct view {
        json_t *states, *stats;         /* rows, see runtime.h; owned */
};

enum health { HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DOWN };

int view_read(struct kn_ctx *ctx, const char *pool, struct view *ret);
void view_free(struct view *view);
/* The server's row; NULL: it is not there. */
const json_t *view_stat(const struct view *view, const char *pool, const char *server);
json_t *server_value(const json_t *state);              /* new; NULL for NULL */
enum health server_health(const json_t *stat);
bool server_serves(const json_t *stat);                 /* takes new traffic now */
/* Whether "add server" could make it again as it is. */
bool server_is_plain(const json_t *state, const json_t *stat);
/* How many servers of the pool serve, but for one (NULL: of all). */
unsigned view_serving(const struct view *view, const char *pool, const char *but);

/* ---- the rows of the plugin's tables ---- */

int server_add(struct kn_ctx *ctx);
int server_remove(struct kn_ctx *ctx);
int server_set_state(struct kn_ctx *ctx);
int server_set_weight(struct kn_ctx *ctx);
int server_list(struct kn_ctx *ctx);
int pool_list(struct kn_ctx *ctx);
int pool_stats(struct kn_ctx *ctx);
int server_watch(struct kn_ctx *ctx);

#endif
