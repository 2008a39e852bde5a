/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Parameters at rest. Those that an action's schema marks secret are sealed under the master key
 * before they are stored, each bound to its name, and opened again only to run the action: a re-run
 * sends the same secret without its ever having left the hub.
 */
#include "hub/room.h"

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
