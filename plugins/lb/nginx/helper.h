/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The socket of kaname-nginx-pools, which says itself what it understands. Its answer begins with
 * "ok" or "error KIND SENTENCE"; anything else is somebody else, or was cut off.
 */

#ifndef NGINX_HELPER_H
#define NGINX_HELPER_H

#include "cleanup.h"

#include <kaname/plugin.h>

/* *ret: the lines between "ok" and the final dot; the caller frees it. */
int helper_ask(struct kn_ctx *ctx, const char *request, char **ret);
/* The failure that an answer tells, or that it is none of the helper's. */
int helper_odd(struct kn_ctx *ctx, const char *answer);
/* One pool, or all (NULL), by name, each as lb/edit.h describes it. KN_ENOENT: no such pool. */
int helper_read(struct kn_ctx *ctx, const char *pool, json_t **ret);
/* The lines of such an answer, which are cut up; new. NULL: they are no list of pools. */
json_t *helper_parse(char *text);
/* All of a pool, made from that revision ("-": there was none): server names and their values. */
int helper_write(struct kn_ctx *ctx, const char *pool, const char *revision, json_t *values);
int helper_remove(struct kn_ctx *ctx, const char *pool, const char *revision);

#endif
