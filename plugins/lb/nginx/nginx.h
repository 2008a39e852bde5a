/* SPDX-License-Identifier: Apache-2.0 */

/* Between the files of this plugin: changes of servers (server.c), of pools (pool.c), the plugin. */

#ifndef NGINX_H
#define NGINX_H

#include "lb/nginx/helper.h"

int server_set_state(struct kn_ctx *ctx);
int server_set_weight(struct kn_ctx *ctx);
int server_add(struct kn_ctx *ctx);
int server_remove(struct kn_ctx *ctx);
int pool_create(struct kn_ctx *ctx);
int pool_remove(struct kn_ctx *ctx);

#endif
