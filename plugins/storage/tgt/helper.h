/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The socket of kaname-tgt-volumes, which says itself what it understands. Functions return KN_OK or a
 * KN_E with the sentence set.
 */

#ifndef PLUGINS_STORAGE_TGT_HELPER_H
#define PLUGINS_STORAGE_TGT_HELPER_H

#include "cleanup.h"

#include <kaname/plugin.h>

/* Send a request, one line; ret: the lines behind "ok", the caller frees it; NULL: of no interest. */
__attribute__((format(printf, 3, 4)))
int helper_ask(struct kn_ctx *ctx, char **ret, const char *format, ...);
/*
 * [{volume, size, written, empty, sessions, clients, snapshots, target}] of one volume, or of all
 * (NULL); empty where there is none. New.
 */
int helper_list(struct kn_ctx *ctx, const char *volume, json_t **ret);
/* The same of what the helper answers to "list"; spoils text. NULL: it is no such list. */
json_t *helper_parse(char *text);

#endif
