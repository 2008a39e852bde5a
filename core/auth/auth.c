/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Opening, and the question of every request. The admin token is a file and not a document: who can
 * read the state directory as the hub's user is an administrator anyway, and deleting the file and
 * restarting is how a leaked one is replaced.
 */

#include "auth/credential.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define TOKEN_TTL_MS (24 * 3600 * INT64_C(1000))
#define TOKEN_TTL_MAX_S (30 * 24 * 3600)
#define LOAD_EVERY_MS 3600000

static int token_write(const char *path, char secret[CREDENTIAL_SECRET_SIZE],
                       uint8_t hash[HASH_SIZE],
                       struct fault *fault)
{
        _close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        ssize_t len, n;

        credential_secret("knadmin_", secret, hash);
        len = (ssize_t)strlen(secret);
        n = fd < 0 ? -1 : write(fd, secret, (size_t)len);
        if (n != len || write(fd, "\n", 1) != 1 || fsync(fd) < 0)
                return fault_set(fault, errno == ENOSPC ? 507 : 500, "auth.token-file",
                                 "%s: cannot be written: %s", path, strerror(errno));
        return 0;
}

static int token_read(int fd, const char *path, char secret[CREDENTIAL_SECRET_SIZE],
                      uint8_t hash[HASH_SIZE], struct fault *fault)
{
        struct stat st;
        ssize_t n;

        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return fault_set(fault, 500, "auth.token-file", "%s: is not a file", path);
        if (st.st_mode & 077) {
                fault_set(fault, 500, "auth.token-file",
                          "%s: others may read it (mode %04o, wanted 0600)",
                          path, (unsigned)(st.st_mode & 07777));
                return fault_try(
                        fault,
                        "rm %s: the next start makes a new token, as the old one may be known",
                        path);
        }
        n = read(fd, secret, CREDENTIAL_SECRET_SIZE - 1);
        if (n > 0) {
                secret[n] = '\0';
                secret[strcspn(secret, "\r\n")] = '\0';
        }
        if (n < 32 || strlen(secret) < 32) {
                fault_set(fault, 500, "auth.token-file", "%s: does not hold a token", path);
                return fault_try(fault, "rm %s: the next start makes a new one", path);
        }
        hash_bytes(secret, strlen(secret), hash);
        return 0;
}

static int token_open(const char *state_dir, uint8_t hash[HASH_SIZE], bool *ret_made,
                      struct fault *fault)
{
        char secret[CREDENTIAL_SECRET_SIZE] = "";
        _free_ char *path = NULL;
        _close_ int fd = -1;
        int r;

        if (asprintf(&path, "%s/admin-token", state_dir) < 0)
                return -ENOMEM;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 && errno != ENOENT)
                return fault_set(fault, 500, "auth.token-file", "%s: %s", path, strerror(errno));
        *ret_made = fd < 0;
        r = fd < 0 ? token_write(path, secret, hash, fault)
                : token_read(fd, path, secret, hash, fault);
        if (!r)
                log_mask(secret);
        sodium_memzero(secret, sizeof secret);
        return r;
}

static struct auth_principal *peer_new(uid_t uid)
{
        char buffer[4096], number[24];
        struct passwd entry, *found = NULL;

        getpwuid_r(uid, &entry, buffer, sizeof buffer, &found);
        snprintf(number, sizeof number, "uid:%u", (unsigned)uid);
        return auth_principal_new(found ? found->pw_name : number, "peer", AUTH_ADMIN, NULL);
}

int auth_open(const struct auth_options *options, struct auth **ret, bool *ret_made,
              struct fault *fault)
{
        struct auth *auth = calloc(1, sizeof *auth);
        bool made = false;
        int r;

        if (!auth || sodium_init() < 0) {
                free(auth);
                return -ENOMEM;
        }
        pthread_rwlock_init(&auth->lock, NULL);
        pthread_mutex_init(&auth->change, NULL);
        auth->store = options->store;
        auth->token_ttl_ms = options->token_ttl_ms ? options->token_ttl_ms : TOKEN_TTL_MS;
        auth->self_uid = geteuid();
        auth->root = peer_new(0);
        auth->self = peer_new(auth->self_uid);
        auth->admin = auth_principal_new("admin", "admin-token", AUTH_ADMIN, NULL);
        r = auth->root && auth->self && auth->admin ? 0 : -ENOMEM;
        if (!r)
                r = token_open(options->state_dir, auth->admin_hash, &made, fault);
        auth->loaded_ms = clock_real_ms();
        if (!r)
                r = credentials_load(auth, fault);
        if (r) {
                auth_close(auth);
                return r;
        }
        *ret = auth;
        if (ret_made)
                *ret_made = made;
        return 0;
}

struct auth *auth_close(struct auth *auth)
{
        if (!auth)
                return NULL;
        credentials_deinit(&auth->set);
        auth_principal_unref(auth->root);
        auth_principal_unref(auth->self);
        auth_principal_unref(auth->admin);
        pthread_rwlock_destroy(&auth->lock);
        pthread_mutex_destroy(&auth->change);
        free(auth);
        return NULL;
}

struct auth_principal *auth_peer(struct auth *auth, uid_t uid)
{
        if (uid == 0)
                return auth_principal_ref(auth->root);
        return uid == auth->self_uid ? auth_principal_ref(auth->self) : NULL;
}

static int unknown(struct fault *fault)
{
        fault_set(fault, 401, "auth.unknown", "this credential is not known");
        return fault_try(fault, "use a token of `kaname login`, an API key, or the admin token");
}

/* Usable now? A token ends with the key it was made from. Under the lock. */
static int judge(const struct auth *auth, const struct credential *credential, struct fault *fault)
{
        const char *parent = json_text_of(credential->body, "parent", "");
        int64_t expires = credential->who->expires_ms;
        char text[CLOCK_TEXT_SIZE];

        if (!json_bool_of(credential->body, "enabled", true)) {
                fault_set(fault, 401, "auth.disabled", "the API key of %s is switched off",
                          credential->who->user);
                return fault_try(fault, "kaname apikey enable %s", credential->who->id);
        }
        if (expires && expires <= clock_real_ms()) {
                fault_set(fault, 401, "auth.expired", "this credential expired at %s",
                          clock_text(expires, text));
                return fault_try(fault, "kaname login, or a new key from an administrator");
        }
        if (!*parent)
                return 0;
        credential = map_get(&auth->set.by_id, parent);
        return credential ? judge(auth, credential, fault) : unknown(fault);
}

int auth_check(struct auth *auth, const char *secret, struct auth_principal **ret,
               struct fault *fault)
{
        const struct credential *credential;
        uint8_t hash[HASH_SIZE];
        char text[HASH_TEXT_SIZE];
        int r;

        hash_bytes(secret, strlen(secret), hash);
        if (sodium_memcmp(hash, auth->admin_hash, HASH_SIZE) == 0) {
                *ret = auth_principal_ref(auth->admin);
                return 0;
        }
        pthread_rwlock_rdlock(&auth->lock);
        credential = map_get(&auth->set.by_hash, hash_text(hash, text));
        if (credential && sodium_memcmp(hash, credential->hash, HASH_SIZE) == 0)
                r = judge(auth, credential, fault);
        else
                r = unknown(fault);
        if (!r)
                *ret = auth_principal_ref(credential->who);
        pthread_rwlock_unlock(&auth->lock);
        return r;
}

static int64_t token_expiry(const struct auth *auth, const struct auth_principal *from,
                            int64_t ttl_ms)
{
        int64_t expires = clock_real_ms() + (ttl_ms ? ttl_ms : auth->token_ttl_ms);

        return from->expires_ms && from->expires_ms < expires ? from->expires_ms : expires;
}

static int exchange_allowed(const struct auth_principal *from, const char *user, int64_t ttl_ms,
                            struct fault *fault)
{
        if (ttl_ms < 0 || ttl_ms > TOKEN_TTL_MAX_S * INT64_C(1000))
                return fault_set(fault, 422, "auth.ttl", "ttl must be 1 to %d seconds",
                                 TOKEN_TTL_MAX_S);
        if (text_equal(from->method, "token"))
                return fault_set(fault, 403, "auth.token-from-token",
                                 "a token cannot be made from a token, only from an API key or the "
                                 "admin token");
        if (!text_is_name(user) && !strchr(user, '@'))
                return fault_set(fault, 422, "auth.user",
                                 "the user name '%.64s' has characters that names lack", user);
        if (!text_equal(from->method, "admin-token") && !text_equal(from->user, user))
                return fault_set(fault, 401, "auth.unknown", "this key is not one of user %.64s",
                                 user);
        return 0;
}

/* Who makes tokens cleans up after them, so that they cannot pile up. */
static void drop_expired(struct auth *auth)
{
        int64_t now_ms = clock_real_ms();

        if (now_ms < auth->loaded_ms + LOAD_EVERY_MS)
                return;
        if (credentials_load(auth, NULL) == 0)
                auth->loaded_ms = now_ms;
}

int auth_exchange(struct auth *auth, const char *user, const char *secret, int64_t ttl_ms,
                  json_t **ret, struct fault *fault)
{
        _cleanup_(auth_principal_unrefp) struct auth_principal *from = NULL;
        char token[CREDENTIAL_SECRET_SIZE], hash_hex[HASH_TEXT_SIZE], id[ID_TEXT_SIZE];
        char expiry[CLOCK_TEXT_SIZE];
        uint8_t hash[HASH_SIZE];
        struct id new = id_new();
        _json_ json_t *body = NULL;
        int64_t expires;
        int r;

        r = auth_check(auth, secret, &from, fault);
        if (!r)
                r = exchange_allowed(from, user, ttl_ms, fault);
        if (r)
                return r;
        expires = token_expiry(auth, from, ttl_ms);
        credential_secret("knt_", token, hash);
        body = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "id", id_text(&new, id), "user", user,
                         "hash", hash_text(hash, hash_hex), "parent", from->id,
                         "created_ms", (json_int_t)clock_real_ms(), "expires_ms",
                         (json_int_t)expires);
        if (!body)
                return -ENOMEM;
        pthread_mutex_lock(&auth->change);
        drop_expired(auth);
        r = credentials_save(auth, "token", id, body, fault);
        if (!r)
                r = credentials_add(auth, body, true);
        pthread_mutex_unlock(&auth->change);
        if (r)
                return r;
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:{}, s:b}", "id", id, "user", user, "token", token,
                         "expiry", clock_text(expires, expiry), "metadata", "service", 0);
        sodium_memzero(token, sizeof token);
        return *ret ? 0 : -ENOMEM;
}
