/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who is asking, and what they may.
 *
 * A credential is 256 random bits that only its owner has; we keep its SHA-256. All of them are in
 * memory, so a request costs one hash and one look-up, and a guess never reaches the store. Changes
 * are committed first and take effect with the next request.
 *
 * Three roles: `admin` may all; `operator` reads everything and acts as far as its grants go;
 * `webhook` hands in events and nothing else. A grant is a pattern of actions, a pattern of
 * instances, and verbs. Actions that run whatever they are told to (core.local, core.http) need a
 * grant that names them: no pattern covers them.
 *
 * Functions that write block for their commit. All may be called on any thread.
 */

#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "base/cleanup.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct auth;
struct store;

enum auth_role { AUTH_WEBHOOK, AUTH_OPERATOR, AUTH_ADMIN };
const char *auth_role_text(enum auth_role role);

enum auth_permission {          /* what a route asks for */
        AUTH_NONE,              /* open to all: health only */
        AUTH_ANY,               /* any valid credential */
        AUTH_SEND,              /* hand in events; then auth_may_send() */
        AUTH_READ,
        AUTH_ACT,               /* then auth_may_act() where an action is named */
        AUTH_ADMINISTER
};
const char *auth_permission_text(enum auth_permission permission);
bool auth_permits(enum auth_role role, enum auth_permission permission);

enum auth_verb { AUTH_PLAN = 1, AUTH_RUN = 2, AUTH_UNDO = 4 };

/* Somebody who showed a credential; immutable. */
struct auth_principal {
        const char *user;
        const char *id;                 /* of the credential; "" for the admin token and peers */
        const char *method;             /* "admin-token", "token", "api-key", "peer", "signature" */
        enum auth_role role;
        int64_t expires_ms;             /* 0: never */
        const json_t *grants, *webhooks;        /* may be NULL */
};
struct auth_principal *auth_principal_ref(struct auth_principal *principal);
struct auth_principal *
auth_principal_unref(struct auth_principal *principal); /* NULL; accepts NULL */
CLEANUP_DEFINE(struct auth_principal *, auth_principal_unref);
bool auth_may_act(const struct auth_principal *who, const char *action, const char *instance,
                  enum auth_verb verb);
/* Into this webhook, or this trigger type? */
bool auth_may_send(const struct auth_principal *who, const char *name);
/* The refusal, told: 403 auth.no-grant. Returns FAULT. */
int auth_refuse_act(const struct auth_principal *who, const char *action, const char *instance,
                    enum auth_verb verb, struct fault *fault);

struct auth_options {
        struct store *store;
        const char *state_dir;          /* holds admin-token */
        int64_t token_ttl_ms;           /* of exchanged tokens; 0: a day */
};
/*
 * Read the credentials; at the first start write STATE/admin-token (mode 0600) and say so in
 * *ret_made. FAULT 500 auth.token-file where that file can be read by others or is damaged.
 */
int auth_open(const struct auth_options *options, struct auth **ret, bool *ret_made,
              struct fault *fault);
struct auth *auth_close(struct auth *auth);             /* NULL; accepts NULL */

/* Whose is this secret? FAULT 401 auth.unknown, auth.expired, auth.disabled. */
int auth_check(struct auth *auth, const char *secret, struct auth_principal **ret,
               struct fault *fault);
/* The other end of a Unix socket: uid 0 and our own are administrators, others nobody (NULL). */
struct auth_principal *auth_peer(struct auth *auth, uid_t uid);
/* A webhook's own signature was good. NULL when out of memory. */
struct auth_principal *auth_signer(const char *webhook);

/*
 * A short-lived token for who can show an API key or the admin token as the password of this user.
 * It may no more than what it was made from, and ends with it. *ret: {id, user, token, expiry, …}.
 */
int auth_exchange(struct auth *auth, const char *user, const char *secret, int64_t ttl_ms,
                  json_t **ret, struct fault *fault);

/*
 * API keys. body: user, metadata, enabled, role, grants: [{action, instance, verbs}], webhooks:
 * [pattern], expires_at or ttl (seconds). The key in the clear stands in the answer to create only.
 * A key is named by its id or by the key itself.
 */
int auth_key_create(struct auth *auth, const json_t *body, const char *by, json_t **ret,
                    struct fault *fault);
int auth_key_update(struct auth *auth, const char *id_or_key, const json_t *body, json_t **ret,
                    struct fault *fault);
int auth_key_remove(struct auth *auth, const char *id_or_key, struct fault *fault);
int auth_key_get(struct auth *auth, const char *id_or_key, json_t **ret, struct fault *fault);
json_t *auth_key_list(struct auth *auth);               /* new; oldest first */

#endif
