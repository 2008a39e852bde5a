/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Parameters at rest. Those that an action's schema marks secret are sealed under the master key
 * before they are stored, each bound to its name, and opened again only to run the action: a re-run
 * sends the same secret without its ever having left the hub.
 */
#include "hub/room.h"

#include <errno.h>
#include <string.h>

#define SEALED "kn1:"

static bool is_secret(const struct catalog_action *action, const char *key)
{
        return action && schema_is_secret(action->params, key);
}

json_t *params_seal(struct hub *hub, const struct catalog_action *action, const json_t *params)
{
        json_t *sealed = json_copy((json_t *)params), *value;
        const char *key;
        void *next;

        json_object_foreach_safe(sealed, next, key, value) {
                _free_ char *plain = NULL, *text = NULL;

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
                _free_ char *plain = NULL;
                json_t *opened;

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
