/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/credential.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "store/store.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

void credential_secret(const char *prefix, char ret[CREDENTIAL_SECRET_SIZE],
                       uint8_t ret_hash[HASH_SIZE])
{
        uint8_t bytes[32];
        char text[48];

        randombytes_buf(bytes, sizeof bytes);
        sodium_bin2base64(text, sizeof text, bytes, sizeof bytes,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        snprintf(ret, CREDENTIAL_SECRET_SIZE, "%s%s", prefix, text);
        hash_bytes(ret, strlen(ret), ret_hash);
        sodium_memzero(bytes, sizeof bytes);
        sodium_memzero(text, sizeof text);
}

static void credential_free(void *arg)
{
        struct credential *credential = arg;

        auth_principal_unref(credential->who);
        json_decref(credential->body);
        free(credential);
}

void credentials_deinit(struct credentials *set)
{
        map_deinit(&set->by_id, NULL);
        map_deinit(&set->by_hash, credential_free);
}

/* A token's rights are its parent's, so that a change of the key reaches its tokens. */
static struct auth_principal *principal_of(const struct auth *auth, const struct credentials *set,
                                           json_t *body, bool is_token)
{
        const char *parent = json_text_of(body, "parent", NULL),
                *user = json_text_of(body, "user", "?");
        const struct credential *key = parent && *parent ? map_get(&set->by_id, parent) : NULL;
        enum auth_role role = AUTH_WEBHOOK;
        _json_ json_t *merged = NULL;

        if (!is_token) {
                auth_role_parse(json_text_of(body, "role", ""), &role);
                return auth_principal_new(user, "api-key", role, body);
        }
        if (!parent || (*parent && !key))
                return NULL;
        if (!*parent)
                return auth_principal_new(user, "token", auth->admin->role, body);
        merged = json_copy(body);
        json_object_set(merged, "grants", json_object_get(key->body, "grants"));
        json_object_set(merged, "webhooks", json_object_get(key->body, "webhooks"));
        return auth_principal_new(user, "token", key->who->role, merged);
}

static int set_add(struct auth *auth, struct credentials *set, json_t *body, bool is_token)
{
        const char *hash = json_text_of(body, "hash", ""), *id = json_text_of(body, "id", "");
        struct credential *credential;
        size_t n;

        credential = calloc(1, sizeof *credential);
        if (!credential)
                return -ENOMEM;
        credential->is_token = is_token;
        credential->body = json_incref(body);
        credential->who = principal_of(auth, set, body, is_token);
        if (!credential->who || map_get(&set->by_hash, hash)
            || sodium_hex2bin(credential->hash, HASH_SIZE, hash, strlen(hash), NULL, &n, NULL) < 0
            || n != HASH_SIZE || map_put(&set->by_hash, hash, credential, NULL) < 0) {
                credential_free(credential);
                return -EINVAL;
        }
        return map_put(&set->by_id, id, credential, NULL);
}

struct loading {
        struct auth *auth;
        struct credentials set;
        struct store_txn *expired;
        bool is_token;
};

static int visit(void *arg, const struct store_doc *doc)
{
        struct loading *loading = arg;
        _json_ json_t *body = json_stored(doc->body);
        int64_t expires = json_int_of(body, "expires_ms", 0);

        if (loading->is_token && (!body || (expires && expires <= clock_real_ms()))) {
                if (!loading->expired)
                        loading->expired = store_txn_new();
                if (loading->expired)
                        store_txn_doc(loading->expired, doc->kind, doc->name, NULL, STORE_ANY);
        } else if (body) {
                set_add(loading->auth, &loading->set, body, loading->is_token);
        }
        return 0;
}

int credentials_load(struct auth *auth, struct fault *fault)
{
        struct loading loading = { .auth = auth };
        struct credentials old;
        int r;

        r = store_list_docs(auth->store, "apikey", visit, &loading, fault);
        if (!r) {
                loading.is_token = true;
                r = store_list_docs(auth->store, "token", visit, &loading, fault);
        }
        if (loading.expired)
                store_commit_wait(auth->store, loading.expired, NULL, NULL);
        if (r) {
                credentials_deinit(&loading.set);
                return r;
        }
        pthread_rwlock_wrlock(&auth->lock);
        old = auth->set;
        auth->set = loading.set;
        pthread_rwlock_unlock(&auth->lock);
        credentials_deinit(&old);
        return 0;
}

int credentials_save(struct auth *auth, const char *kind, const char *id, const json_t *body,
                     struct fault *fault)
{
        _free_ char *text = body ? json_compact(body) : NULL;
        struct store_txn *txn = store_txn_new();

        if (!txn || (body && !text)) {
                store_txn_free(txn);
                return -ENOMEM;
        }
        store_txn_doc(txn, kind, id, text, STORE_ANY);
        return store_outcome_fault(store_commit_wait(auth->store, txn, NULL, NULL), fault);
}

int credentials_add(struct auth *auth, json_t *body, bool is_token)
{
        int r;

        pthread_rwlock_wrlock(&auth->lock);
        r = set_add(auth, &auth->set, body, is_token);
        pthread_rwlock_unlock(&auth->lock);
        return r;
}

json_t *credentials_find_key(struct auth *auth, const char *id_or_key)
{
        const struct credential *credential;
        uint8_t hash[HASH_SIZE];
        char text[HASH_TEXT_SIZE];
        json_t *found = NULL;

        hash_bytes(id_or_key, strlen(id_or_key), hash);
        pthread_rwlock_rdlock(&auth->lock);
        credential = map_get(&auth->set.by_id, id_or_key);
        if (!credential)
                credential = map_get(&auth->set.by_hash, hash_text(hash, text));
        if (credential && !credential->is_token)
                found = json_incref(credential->body);
        pthread_rwlock_unlock(&auth->lock);
        return found;
}
