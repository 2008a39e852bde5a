/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A domain's contract: what every plugin of it can be asked. Data, plugins/<domain>/domain.json:
 *
 *   { "domain": "dns", "version": "1.0", "title", "summary",
 *     "scope": { "parameter": "zone", "match": "suffix" | "prefix" | "exact" },
 *     "actions": [{ "name": "record.set", "title", "summary", "params": schema, "returns": schema,
 *                   "readonly"?: true, "idempotent"?: true, "timeout_ms"?,
 *                   "resource": "dns/{zone}/{name}/{type}", "optional"?: true,
 *                   "scope"?: the parameter that scopes are held to, where it is another here,
 *                   "floor"?, "before"?, "undo"?: texts for people }],
 *     "triggers": [{ "name": "zone.changed", "title", "summary", "payload": schema }] }
 *
 * "before" says what the system is held to when a plan is applied, "undo" why an action cannot be
 * undone. Beside "title" and "summary" stand "title_ja" and "summary_ja".
 *
 * The hub adds an optional "instance" parameter to each action, see catalog.h.
 */

#ifndef CATALOG_CONTRACT_H
#define CATALOG_CONTRACT_H

#include "schema/schema.h"

#include <stddef.h>

struct contract_action {
        const char *name, *summary, *resource;
        const char *scope_parameter;            /* NULL: the contract's */
        struct schema *params, *returns;
        bool is_idempotent, is_readonly, is_optional;
        int64_t timeout_ms;
};

struct contract_trigger {
        const char *name, *summary;
        struct schema *payload;
};

enum scope_match { SCOPE_EXACT, SCOPE_PREFIX, SCOPE_SUFFIX };

struct contract {
        json_t *json;
        const char *domain, *version, *summary;
        const char *scope_parameter;            /* NULL: instances have no scope */
        enum scope_match scope_match;
        size_t n_actions, n_triggers;
        struct contract_action *actions;
        struct contract_trigger *triggers;
};

int contract_load(const char *path, struct contract **ret, struct fault *fault);
struct contract *contract_free(struct contract *contract);      /* NULL; accepts NULL */
const struct contract_action *contract_action(const struct contract *contract, const char *name);
/*
 * How specifically does an instance's scope serve this value: the length of the scope that matched
 * (1 more, so that a match is never 0), 0 if it does not. A suffix matches at label borders: the
 * scope "example.com" serves "example.com" and "www.example.com" and "a@example.com", not
 * "badexample.com". The scope "*" serves all with the least weight, 1.
 */
size_t contract_scope(const struct contract *contract, const char *scope, const char *value);

#endif
