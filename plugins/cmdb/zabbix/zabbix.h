/* SPDX-License-Identifier: Apache-2.0 */

/* What the parts of the Zabbix plugin share: one API, two domains. */

#ifndef CMDB_ZABBIX_H
#define CMDB_ZABBIX_H

#include "cleanup.h"

#include <kaname/plugin.h>

#include <stdbool.h>

/*
 * One call of the JSON-RPC API; the reference of params is taken. KN_OK and *ret the result (NULL
 * where ret is NULL), or a KN_E with the sentence set: Zabbix answers 200 with an error inside.
 * Methods that end in .get are asked again by themselves where nobody answered.
 */
int zabbix_call(struct kn_ctx *ctx, const char *method, json_t *params, json_t **ret);
/* The same, of a method that lists: the first row, NULL where there is none. */
int zabbix_first(struct kn_ctx *ctx, const char *method, json_t *params, json_t **ret);
/* Ids and numbers come as text. */
int64_t zabbix_int(const json_t *row, const char *name);
/* What is wrong with a reply's "error", as a KN_E. */
int zabbix_error_code(const json_t *error);


#endif
