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

#endif
