/* SPDX-License-Identifier: Apache-2.0 */

/* One connection, one request in text, one answer up to its end: how balancers and helpers are spoken to. */

#ifndef PLUGINS_EXCHANGE_H
#define PLUGINS_EXCHANGE_H

#include "cleanup.h"

#include <kaname/plugin.h>

/*
 * *ret: the answer without blank lines around it; the caller frees it. system names who it is in
 * sentences, address is as for kn_dial().
 */
int exchange_ask(struct kn_ctx *ctx, const char *system, const char *address, const char *request,
                 char **ret);
/*
 * Our own helpers answer "ok …" or "error KIND SENTENCE"; anything else is somebody else, or was cut
 * off. The failure that an answer which is not "ok" tells of program, which stands before system.
 */
int exchange_odd(struct kn_ctx *ctx, const char *system, const char *program, const char *address,
                 const char *answer);

#endif
