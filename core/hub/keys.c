/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The key-value store as expressions see it: st2kv("system.name", decrypt => true, default => x)
 * and decrypt_kv(). A secret key's value comes out sealed unless it is asked for in the clear; what
 * was opened is masked in logs from then on.
 */
#include "hub/room.h"

#include <errno.h>
#include <string.h>

struct found {
        char *value, *name;
        bool is_secret;
};

static int take(void *arg, const struct store_key *key)
{
        struct found *found = arg;

        found->value = strdup(key->value);
        found->name = strdup(key->name);
        found->is_secret = key->secret;
        return 0;
}

static void found_deinit(struct found *found)
{
        free(found->value);
        free(found->name);
}

static int open_sealed(struct hub *hub, const char *name, const char *sealed, json_t **ret,
                       struct fault *fault)
{
        _free_ char *plain = NULL;
        int r = seal_unseal(hub->o.seal, name, sealed, &plain, fault);

        if (r)
                return r;
        log_mask(plain);
        *ret = json_string(plain);
        return *ret ? 0 : -ENOMEM;
}

/* "system.a", "user.a", "st2kv.system.a"; a name without a scope is of the system. */
static const char *split(const char *key, const char **ret_scope)
{
        if (text_starts_with(key, "st2kv."))
                key += 6;
        *ret_scope = text_starts_with(key, "user.") ? "user" : "system";
        return text_starts_with(key, "user.")     ? key + 5
               : text_starts_with(key, "system.") ? key + 7
                                                  : key;
}

static int keys_get(struct hub *hub, const char *user, const char *key, bool decrypt,
                    json_t **ret, struct fault *fault)
{
        _cleanup_(found_deinit) struct found found = { NULL, NULL, false };
        const char *scope, *name = split(key, &scope);
        int r = store_get_key(hub->o.store, scope, text_equal(scope, "user") ? user : "", name,
                              take, &found, fault);

        if (r == FAULT && fault && fault->status == 404)
                return fault_set(fault, 404, "ExpressionEvaluationException",
                                 "The key \"%s\" does not exist in the StackStorm datastore.",
                                 key);
        if (r)
                return r;
        if (found.is_secret && decrypt)
                return open_sealed(hub, found.name, found.value, ret, fault);
        *ret = json_string(found.value);
        return *ret ? 0 : -ENOMEM;
}

static int st2kv(struct hub *hub, const char *user, const json_t *args, const json_t *kwargs,
                 json_t **ret, struct fault *fault)
{
        const char *key = json_string_value(json_array_get(args, 0));
        json_t *or_else = json_object_get(kwargs, "default");
        _fault_ struct fault missing = FAULT_INIT;
        int r;

        if (!key)
                return fault_set(fault, 422, "ExpressionEvaluationException",
                                 "st2kv() takes the name of a key.");
        r = keys_get(hub, user, key, json_is_true(json_object_get(kwargs, "decrypt")), ret,
                     &missing);
        if (r == FAULT && missing.status == 404 && or_else) {
                *ret = json_incref(or_else);
                return 0;
        }
        if (r == FAULT)
                fault_move(fault, &missing);
        return r;
}

/* ---- decrypt_kv: which key it is that has this value ---- */

struct holder {
        const char *sealed;
        char *name;
};

static int compare(void *arg, const struct store_key *key)
{
        struct holder *holder = arg;

        if (!key->secret || strcmp(key->value, holder->sealed) != 0)
                return 0;
        holder->name = strdup(key->name);
        return 1;
}

static int decrypt_kv(struct hub *hub, const char *user, const json_t *args, json_t **ret,
                      struct fault *fault)
{
        struct holder holder = { json_string_value(json_array_get(args, 0)), NULL };
        struct store_page page = { .limit = INT32_MAX };
        _free_ char *name = NULL;
        int r = 0;

        if (holder.sealed)
                r = store_list_keys(hub->o.store, "system", "", "", &page, compare, &holder, NULL,
                                    fault);
        if (r == 0 && holder.sealed && !holder.name)
                r = store_list_keys(hub->o.store, "user", user, "", &page, compare, &holder, NULL,
                                    fault);
        name = holder.name;
        if (r)
                return r;
        if (name)
                return open_sealed(hub, name, holder.sealed, ret, fault);
        return fault_set(fault, 422, "ExpressionEvaluationException",
                         "decrypt_kv() takes the value of a secret key.");
}

int keys_call(struct hub *hub, const char *user, const char *function, const json_t *args,
              const json_t *kwargs, json_t **ret, struct fault *fault)
{
        if (text_equal(function, "st2kv"))
                return st2kv(hub, user, args, kwargs, ret, fault);
        if (text_equal(function, "decrypt_kv"))
                return decrypt_kv(hub, user, args, ret, fault);
        return EXPR_NOT_MINE;
}

static int call_for_system(void *arg, const char *function, const json_t *args,
                           const json_t *kwargs, json_t **ret, struct fault *fault)
{
        return keys_call(arg, HUB_SYSTEM_USER, function, args, kwargs, ret, fault);
}

struct expr_world hub_world(struct hub *hub)
{
        return (struct expr_world){ .call = call_for_system, .arg = hub };
}
