/* SPDX-License-Identifier: Apache-2.0 */

/*
 * HAProxy's runtime API: one command a connection, text to the end. There is no status code; an
 * empty answer, or one known sentence, is success, everything else is a message for people.
 */

#ifndef HAPROXY_RUNTIME_H
#define HAPROXY_RUNTIME_H

#include "cleanup.h"

#include <kaname/plugin.h>

#include <stdbool.h>

/* The answer without blank lines around it; the caller frees it. */
__attribute__((format(printf, 3, 4)))
int runtime_ask(struct kn_ctx *ctx, char **ret, const char *fmt, ...);
/* A command that changes something: success is "", or this sentence (NULL: none). */
__attribute__((format(printf, 3, 4)))
int runtime_do(struct kn_ctx *ctx, const char *success, const char *fmt, ...);

/*
 * "show servers state" and "show stat" as arrays of objects, by the names in their header lines.
 * pool NULL: all. KN_ENOENT: there is no such pool.
 */
int runtime_states(struct kn_ctx *ctx, const char *pool, json_t **ret);
int runtime_stats(struct kn_ctx *ctx, const char *pool, json_t **ret);

const char *row_text(const json_t *row, const char *column);    /* "" where there is none */
json_int_t row_int(const json_t *row, const char *column);

#endif
