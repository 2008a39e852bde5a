/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a plugin says of itself, as data: made by *describe* (host/describe.h), kept by the hash of
 * the file, read by everybody. The JSON form:
 *
 *   { "name", "version", "summary", "abi": "1.0", "needs": "1.0", "domain"?, "flags": ["parallel",
 *     "own_sockets"], "config": schema, "access": {…}, "check": bool,
 *     "actions":  [{ "name", "summary", "params": schema|null, "returns": schema|null,
 *                    "flags": ["idempotent", "readonly"], "timeout_ms" }],
 *     "triggers": [{ "name", "summary", "payload": schema }],
 *     "sensors":  [{ "name", "summary", "kind": "poll"|"run", "interval_ms" }] }
 */

#ifndef CATALOG_MANIFEST_H
#define CATALOG_MANIFEST_H

#include "schema/schema.h"

#include <stddef.h>
#include <stdint.h>

#define MANIFEST_DOMAINS_MAX 8

struct manifest_action {
        const char *name, *summary;
        struct schema *params, *returns; /* of the domain's contract where the row has none */
        bool is_idempotent, is_readonly;
        int64_t timeout_ms;
};

struct manifest_trigger {
        const char *name, *summary;
        struct schema *payload;
};

struct manifest_sensor {
        const char *name, *summary;
        bool is_polled;
        int64_t interval_ms;
};

struct manifest {
        json_t *json;                           /* the form above; all texts point into it */
        char path[512];                         /* where the object is now: STATE/plugins/HASH.so */
        char hash[65];
        const char *name, *version, *summary;
        const char *domain;                     /* as it stands there: "ticket account"; NULL: none */
        char domains[MANIFEST_DOMAINS_MAX][33];
        size_t n_domains;
        bool is_parallel, has_own_sockets, has_check;
        struct schema *config;
        const json_t *access;
        size_t n_actions, n_triggers, n_sensors;
        struct manifest_action *actions;
        struct manifest_trigger *triggers;
        struct manifest_sensor *sensors;
        unsigned refs;
};

/*
 * Read the JSON form (its reference is taken). FAULT 422: names the plugin, the member, what was
 * wanted.
 */
int manifest_new(json_t *json, const char *path, const char *hash, struct manifest **ret,
                 struct fault *fault);
bool manifest_claims(const struct manifest *manifest, const char *domain);
struct manifest *manifest_ref(struct manifest *manifest);
struct manifest *manifest_unref(struct manifest *manifest);     /* NULL; accepts NULL; any thread */
const struct manifest_action *manifest_action(const struct manifest *manifest, const char *name);
const struct manifest_trigger *manifest_trigger(const struct manifest *manifest, const char *name);

#endif
