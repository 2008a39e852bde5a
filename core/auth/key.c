/* SPDX-License-Identifier: Apache-2.0 */

/*
 * API keys: what an administrator may say about one, checked member by member, since a typing
 * mistake in a grant must be refused and not become a key that may less, or more, than was meant.
 */

#include "auth/credential.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static int bad(struct fault *fault, const char *member, const char *wanted)
{
        return fault_set(fault, 422, "apikey.invalid", "%s: must be %s", member, wanted);
}

static bool is_pattern(const json_t *value)
{
        return json_is_string(value) && *json_string_value(value)
                && json_string_length(value) <= 256;
}

static int check_verbs(const json_t *verbs, struct fault *fault)
{
        static const char *const known[] = { "plan", "run", "undo", NULL };
        const json_t *verb;
        const char *near;
        size_t i, k;

        if (!json_is_array(verbs) || !json_array_size(verbs))
                return bad(fault, "grants.verbs", "a list of plan, run, undo");
        json_array_foreach(verbs, i, verb) {
                for (k = 0; known[k] && !text_equal(json_string_value(verb), known[k]); k++)
                        ;
                if (known[k])
                        continue;
                bad(fault, "grants.verbs", "of plan, run, undo");
                near = json_is_string(verb) ? text_nearest(json_string_value(verb), known) : NULL;
                return near ? fault_try(fault, "did you mean \"%s\"?", near) : FAULT;
        }
        return 0;
}

static int check_grants(const json_t *grants, struct fault *fault)
{
        const json_t *grant, *value;
        const char *key;
        size_t i;
        int r;

        if (!json_is_array(grants))
                return bad(fault, "grants", "a list of {action, instance, verbs}");
        json_array_foreach(grants, i, grant) {
                if (!json_is_object(grant) || !is_pattern(json_object_get(grant, "action")))
                        return bad(fault, "grants.action",
                                   "a pattern of actions, such as \"dns.*\"");
                value = json_object_get(grant, "instance");
                if (value && !is_pattern(value))
                        return bad(fault, "grants.instance",
                                   "a pattern of instances, such as \"*\"");
                json_object_foreach((json_t *)grant, key, value)
                        if (!text_equal(key, "action") && !text_equal(key, "instance")
                            && !text_equal(key, "verbs"))
                                return fault_set(fault, 422, "apikey.invalid",
                                                 "grants: has no member '%s'", key);
                r = check_verbs(json_object_get(grant, "verbs"), fault);
                if (r)
                        return r;
        }
        return 0;
}

static int check_webhooks(const json_t *webhooks, struct fault *fault)
{
        const json_t *one;
        size_t i;

        if (!json_is_array(webhooks))
                return bad(fault, "webhooks", "a list of name patterns");
        json_array_foreach(webhooks, i, one)
                if (!is_pattern(one))
                        return bad(fault, "webhooks", "a list of name patterns");
        return 0;
}

static int take_expiry(json_t *key, const json_t *body, struct fault *fault)
{
        const json_t *ttl = json_object_get(body, "ttl"), *at = json_object_get(body, "expires_at");
        int64_t expires = 0;

        if (ttl && !json_is_null(ttl)) {
                if (!json_is_integer(ttl) || json_integer_value(ttl) < 1
                    || json_integer_value(ttl) > INT64_C(3153600000))
                        return bad(fault, "ttl", "a number of seconds");
                expires = clock_real_ms() + json_integer_value(ttl) * 1000;
        } else if (at && !json_is_null(at)) {
                if (!json_is_string(at) || clock_parse(json_string_value(at), &expires) < 0)
                        return bad(fault, "expires_at", "a time such as 2027-01-31T00:00:00Z");
        } else if (!at) {
                return 0;
        }
        json_object_set_new(key, "expires_ms", json_integer(expires));
        return 0;
}

static int take_user(json_t *key, const json_t *body, struct fault *fault)
{
        const json_t *user = json_object_get(body, "user");

        if (!user || json_is_null(user))
                return 0;
        if (!json_is_string(user) || !*json_string_value(user) || json_string_length(user) > 128)
                return bad(fault, "user", "a user name");
        return json_object_set(key, "user", (json_t *)user) < 0 ? -ENOMEM : 0;
}

/* The role that is meant where none is given: the least that what was given makes sense with. */
static const char *role_of(const json_t *key)
{
        if (!json_object_get(key, "grants") && json_object_get(key, "webhooks"))
                return "webhook";
        return "operator";
}

static int take_rights(json_t *key, const json_t *body, struct fault *fault)
{
        json_t *grants = json_object_get(body, "grants"),
                *webhooks = json_object_get(body, "webhooks");
        const json_t *role = json_object_get(body, "role");
        enum auth_role parsed;
        int r = 0;

        if (grants && !json_is_null(grants) && !(r = check_grants(grants, fault)))
                json_object_set(key, "grants", grants);
        if (!r && webhooks && !json_is_null(webhooks) && !(r = check_webhooks(webhooks, fault)))
                json_object_set(key, "webhooks", webhooks);
        if (r)
                return r;
        if (role && !auth_role_parse(json_string_value(role), &parsed))
                return bad(fault, "role", "admin, operator or webhook");
        if (role)
                json_object_set(key, "role", (json_t *)role);
        else if (!json_object_get(key, "role"))
                json_object_set_new(key, "role", json_string(role_of(key)));
        return 0;
}

/*
 * Put what body says into key. Members that we made ourselves (id, key_hash, …) come back and are
 * ignored.
 */
static int take(json_t *key, const json_t *body, struct fault *fault)
{
        const json_t *metadata = json_object_get(body, "metadata"),
                *enabled = json_object_get(body, "enabled");
        int r;

        if (!json_is_object(body))
                return fault_set(fault, 422, "apikey.invalid", "the body must be an object");
        if (metadata && !json_is_null(metadata)) {
                if (!json_is_object(metadata))
                        return bad(fault, "metadata", "an object");
                json_object_set(key, "metadata", (json_t *)metadata);
        }
        if (enabled) {
                if (!json_is_boolean(enabled))
                        return bad(fault, "enabled", "true or false");
                json_object_set(key, "enabled", (json_t *)enabled);
        }
        r = take_user(key, body, fault);
        if (!r)
                r = take_rights(key, body, fault);
        return r ? r : take_expiry(key, body, fault);
}

/* How a key is shown: never its secret, never its hash. */
static json_t *show(const json_t *key)
{
        int64_t expires = json_int_of(key, "expires_ms", 0);
        char text[CLOCK_TEXT_SIZE];
        json_t *out = json_object();

        json_object_set(out, "id", json_object_get(key, "id"));
        json_object_set_new(out, "uid", json_sprintf("api_key:%s", json_text_of(key, "id", "")));
        json_object_set(out, "user", json_object_get(key, "user"));
        json_object_set_new(out, "key", json_string("********"));
        json_object_set_new(out, "key_hash", json_string("********"));
        json_object_set(out, "prefix", json_object_get(key, "prefix"));
        json_object_set(out, "role", json_object_get(key, "role"));
        json_object_set(out, "metadata", json_object_get(key, "metadata"));
        json_object_set(out, "enabled", json_object_get(key, "enabled"));
        json_object_set_new(out, "created_at",
                            json_string(clock_text(json_int_of(key, "created_ms", 0), text)));
        json_object_set_new(out, "expires_at", expires ? json_string(clock_text(expires, text))
                            : json_null());
        if (json_object_get(key, "grants"))
                json_object_set(out, "grants", json_object_get(key, "grants"));
        if (json_object_get(key, "webhooks"))
                json_object_set(out, "webhooks", json_object_get(key, "webhooks"));
        return out;
}

int auth_key_create(struct auth *auth, const json_t *body, const char *by, json_t **ret,
                    struct fault *fault)
{
        char secret[CREDENTIAL_SECRET_SIZE], hash_hex[HASH_TEXT_SIZE], id[ID_TEXT_SIZE];
        uint8_t hash[HASH_SIZE];
        struct id new = id_new();
        _json_ json_t *key = NULL;
        int r;

        credential_secret("kna_", secret, hash);
        key = json_pack("{s:s, s:s, s:s, s:s%, s:{}, s:b, s:I, s:I}", "id", id_text(&new, id),
                        "user", by, "hash", hash_text(hash, hash_hex), "prefix", secret, (size_t)8,
                        "metadata", "enabled", 1, "created_ms", (json_int_t)clock_real_ms(),
                        "expires_ms", (json_int_t)0);
        if (!key)
                return -ENOMEM;
        r = take(key, body, fault);
        if (r)
                return r;
        pthread_mutex_lock(&auth->change);
        r = credentials_save(auth, "apikey", id, key, fault);
        if (!r)
                r = credentials_add(auth, key, false);
        pthread_mutex_unlock(&auth->change);
        if (!r) {
                *ret = show(key);
                json_object_set_new(*ret, "key", json_string(secret));
        }
        sodium_memzero(secret, sizeof secret);
        return r;
}

static int missing(const char *id_or_key, struct fault *fault)
{
        /* It may be a secret that was mistyped: say no more of it than an id's length. */
        fault_set(fault, 404, "apikey.unknown", "there is no API key '%.24s'", id_or_key);
        return fault_try(fault, "kaname apikey list");
}

/* Under the lock of changes: delete where body is NULL, else change. */
static int change(struct auth *auth, const char *id_or_key, const json_t *body, json_t **ret,
                  struct fault *fault)
{
        _json_ json_t *old = credentials_find_key(auth, id_or_key), *key = NULL;
        int r;

        if (!old)
                return missing(id_or_key, fault);
        if (body) {
                key = json_copy(old);
                r = take(key, body, fault);
                if (r)
                        return r;
        }
        r = credentials_save(auth, "apikey", json_text_of(old, "id", ""), key, fault);
        if (!r)
                r = credentials_load(auth, fault);
        if (!r && ret)
                *ret = show(key);
        return r;
}

int auth_key_update(struct auth *auth, const char *id_or_key, const json_t *body, json_t **ret,
                    struct fault *fault)
{
        int r;

        pthread_mutex_lock(&auth->change);
        r = change(auth, id_or_key, body, ret, fault);
        pthread_mutex_unlock(&auth->change);
        return r;
}

int auth_key_remove(struct auth *auth, const char *id_or_key, struct fault *fault)
{
        int r;

        pthread_mutex_lock(&auth->change);
        r = change(auth, id_or_key, NULL, NULL, fault);
        pthread_mutex_unlock(&auth->change);
        return r;
}

int auth_key_get(struct auth *auth, const char *id_or_key, json_t **ret, struct fault *fault)
{
        _json_ json_t *key = credentials_find_key(auth, id_or_key);

        if (!key)
                return missing(id_or_key, fault);
        *ret = show(key);
        return 0;
}

static int by_age(const void *a, const void *b)
{
        const json_t *const *x = a, *const *y = b;

        return strcmp(json_text_of(*x, "id", ""), json_text_of(*y, "id", ""));
}

json_t *auth_key_list(struct auth *auth)
{
        size_t at = 0, n = 0;
        const char *id;
        json_t **keys, *list = json_array();
        void *value;

        pthread_rwlock_rdlock(&auth->lock);
        keys = calloc(auth->set.by_id.used + 1, sizeof *keys);
        while (keys && map_next(&auth->set.by_id, &at, &id, &value))
                if (!((struct credential *)value)->is_token)
                        keys[n++] = show(((struct credential *)value)->body);
        pthread_rwlock_unlock(&auth->lock);
        if (keys)
                qsort(keys, n, sizeof *keys, by_age);
        for (size_t i = 0; i < n; i++)
                json_array_append_new(list, keys[i]);
        free(keys);
        return list;
}
