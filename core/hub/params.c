/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Parameters at rest. Those that an action's schema marks secret are sealed under the master key
 * before they are stored, each bound to its name, and opened again only to run the action: a re-run
 * sends the same secret without its ever having left the hub. Of a URL only those query parameters
 * are sealed that are secret by their names.
 */
#include "hub/room.h"

#include "base/secret.h"

#include <errno.h>
#include <string.h>

#define SEALED "kn1:"

static bool is_secret(const struct catalog_action *action, const char *key)
{
        return action && schema_is_secret(action->params, key);
}

/* ---- secrets that are a part of a value: query parameters ---- */

static bool has_query(const struct catalog_action *action, const char *key, const json_t *value)
{
        return action && (json_is_object(value) ||
                          (json_is_string(value) && strpbrk(json_string_value(value), "?#"))) &&
               schema_is_secret_query(action->params, key);
}

struct turning {                        /* in the clear to sealed, or back */
        struct seal *seal;
        const char *key;
        bool opens;
};

static char *turn(void *arg, const char *name, const char *value)
{
        const struct turning *turning = arg;
        _free_ char *bound = NULL;
        char *ret = NULL;

        if (asprintf(&bound, "%s.%s", turning->key, name) < 0) {
                bound = NULL;
                return NULL;
        }
        if (!turning->opens)
                return seal_text(turning->seal, bound, value, &ret, NULL) == 0 ? ret : strdup("");
        if (!text_starts_with(value, SEALED) ||
            seal_unseal(turning->seal, bound, value, &ret, NULL) != 0)
                return strdup(value);
        log_mask(ret);
        return ret;
}

static json_t *turn_text(const struct turning *turning, const json_t *value)
{
        _free_ char *url = secret_in_url(json_string_value(value), turn, (void *)turning);

        return url ? json_string(url) : json_null();
}

/* Members are sealed as the JSON that they are. */
static json_t *turn_member(const struct turning *turning, const char *name, json_t *value)
{
        _free_ char *text = turning->opens ? NULL : json_compact(value);
        _free_ char *other = NULL;

        if (turning->opens && (!json_is_string(value) ||
                               !text_starts_with(json_string_value(value), SEALED)))
                return json_incref(value);
        other = turn((void *)turning, name, text ? text : json_string_value(value));
        if (!other)
                return json_null();
        return turning->opens ? json_stored(other) : json_string(other);
}

static json_t *turn_query(const struct turning *turning, const json_t *value)
{
        json_t *copy, *member;
        const char *name;
        void *next;

        if (json_is_string(value))
                return turn_text(turning, value);
        copy = json_copy((json_t *)value);
        json_object_foreach_safe(copy, next, name, member)
                if (!json_is_null(member) && secret_is_name(name, strlen(name)))
                        json_object_set_new(copy, name, turn_member(turning, name, member));
        return copy;
}

/* ---- all of an action's ---- */

json_t *params_seal(struct hub *hub, const struct catalog_action *action, const json_t *params)
{
        json_t *sealed = json_copy((json_t *)params), *value;
        const char *key;
        void *next;

        json_object_foreach_safe(sealed, next, key, value) {
                const struct turning turning = { hub->o.seal, key, false };
                _free_ char *plain = NULL, *text = NULL;

                if (has_query(action, key, value))
                        json_object_set_new(sealed, key, turn_query(&turning, value));
                if (!is_secret(action, key) || json_is_null(value))
                        continue;
                plain = json_compact(value);
                if (plain && seal_text(hub->o.seal, key, plain, &text, NULL) == 0)
                        json_object_set_new(sealed, key, json_string(text));
                else
                        json_object_set_new(sealed, key, json_null());
        }
        return sealed;
}

json_t *params_unseal(struct hub *hub, const struct catalog_action *action, const char *stored)
{
        json_t *params = json_stored(stored ? stored : "{}"), *value;
        const char *key;
        void *next;

        if (!params)
                return json_object();
        json_object_foreach_safe(params, next, key, value) {
                const struct turning turning = { hub->o.seal, key, true };
                _free_ char *plain = NULL;
                json_t *opened;

                if (has_query(action, key, value))
                        json_object_set_new(params, key, turn_query(&turning, value));
                if (!is_secret(action, key) || !json_is_string(value) ||
                    strncmp(json_string_value(value), SEALED, strlen(SEALED)) != 0)
                        continue;
                if (seal_unseal(hub->o.seal, key, json_string_value(value), &plain, NULL) != 0)
                        continue;
                opened = json_stored(plain);
                if (json_is_string(opened))
                        log_mask(json_string_value(opened));
                json_object_set_new(params, key, opened);
        }
        return params;
}

/* ---- key-value pairs ---- */

static int seal_key(struct hub *hub, const struct store_key *key, char **ret, struct fault *fault)
{
        int r = seal_text(hub->o.seal, key->name, key->value, ret, fault);

        if (r == 0)
                log_mask(key->value);
        return r;
}

int hub_key_put(struct hub *hub, const struct store_key *key, struct fault *fault)
{
        _free_ char *sealed = NULL;
        struct store_key stored = *key;
        struct store_txn *txn;
        int r = key->value && key->secret ? seal_key(hub, key, &sealed, fault) : 0;

        if (r != 0)
                return fault_errno(fault, r, "key");
        if (sealed)
                stored.value = sealed;
        txn = store_txn_new();
        if (!txn)
                return fault_errno(fault, -ENOMEM, "key");
        store_txn_key(txn, &stored, STORE_ANY);
        return store_outcome_fault(store_commit_wait(hub->o.store, txn, NULL, NULL), fault);
}
