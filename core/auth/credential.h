/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Inside auth: the credentials in memory and their form in the store, documents of the kinds
 * "apikey" and "token" named by id:
 *
 *   { id, user, hash, prefix, role, grants?, webhooks?, metadata, enabled, created_ms, expires_ms,
 *     parent? }        parent, of tokens: the id of the key it was made from, "" for the admin token
 */

#ifndef AUTH_CREDENTIAL_H
#define AUTH_CREDENTIAL_H

#include "auth/auth.h"
#include "base/hash.h"
#include "base/map.h"

#include <pthread.h>

#define CREDENTIAL_SECRET_SIZE 64

struct credential {
        struct auth_principal *who;
        json_t *body;
        bool is_token;
        uint8_t hash[HASH_SIZE];
};

struct credentials {                    /* one moment's set */
        struct map by_hash, by_id;      /* texts to struct credential; by_hash owns */
};

struct auth {
        struct store *store;
        pthread_rwlock_t lock;          /* of set */
        struct credentials set;
        pthread_mutex_t change;         /* one writer of documents at a time */
        struct auth_principal *root, *self;     /* peers */
        uid_t self_uid;
        struct auth_principal *admin;           /* the admin token's */
        uint8_t admin_hash[HASH_SIZE];
        int64_t token_ttl_ms;
        int64_t loaded_ms;                      /* under change: when expired tokens were dropped */
};

bool auth_role_parse(const char *text, enum auth_role *ret);
struct auth_principal *auth_principal_new(const char *user, const char *method, enum auth_role role,
                                          json_t *body);

/* A new secret, "kna_…" and the like, and its hash. */
void credential_secret(const char *prefix, char ret[CREDENTIAL_SECRET_SIZE],
                       uint8_t ret_hash[HASH_SIZE]);
/* Read all from the store and put them in place of the present set; expired tokens are deleted. */
int credentials_load(struct auth *auth, struct fault *fault);
/* Commit one document (body NULL deletes it) and wait. */
int credentials_save(struct auth *auth, const char *kind, const char *id, const json_t *body,
                     struct fault *fault);
/* Add one that was just saved. */
int credentials_add(struct auth *auth, json_t *body, bool is_token);
void credentials_deinit(struct credentials *set);
/* The document of a key, by id or by the key itself; a new reference, NULL if there is none. */
json_t *credentials_find_key(struct auth *auth, const char *id_or_key);

#endif
