/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The key-value store: scope system for all, scope user for one. Operators read what is no secret
 * and write their own; the rest is for administrators. A secret leaves only where decrypt is asked
 * for by who may have it.
 */

#include "rest/request.h"
#include "rest/shape.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "hub/hub.h"
#include "store/seal.h"

#include <errno.h>
#include <string.h>

struct scope {
        const char *name;               /* "system", "user" or "all" */
        const char *owner;              /* of user keys; "" for the system's */
        bool is_own;
};

static const char *scope_name(const char *text)
{
        if (text_starts_with(text, "st2kv."))
                text += 6;
        if (text_equal(text, "system") || text_equal(text, "user") || text_equal(text, "all"))
                return text;
        return NULL;
}

static int scope_of(struct request *req, const char *scope, const char *user, bool all,
                    struct scope *ret,
                    struct fault *fault)
{
        ret->name = scope_name(scope ? scope : "system");
        if (!ret->name || (text_equal(ret->name, "all") && !all))
                return fault_set(fault, 400, "key.scope", "scope=%.32s: must be system or user",
                                 scope);
        ret->is_own = !user || !*user || text_equal(user, req->who->user);
        if (!ret->is_own && !request_is_admin(req))
                return fault_set(fault, 403, "key.other-user", "the keys of %.64s are not yours",
                                 user);
        ret->owner = text_equal(ret->name, "system") ? "" : ret->is_own ? req->who->user : user;
        return 0;
}

static int query_scope(struct request *req, bool all, struct scope *ret, struct fault *fault)
{
        return scope_of(req, query_text(&req->query, "scope"), query_text(&req->query, "user"), all,
                        ret, fault);
}

/* ---- read ---- */

struct reading {
        struct request *req;
        struct page *page;
        json_t *one;
        bool decrypt;
};

static json_t *row_of(const struct reading *reading, const struct store_key *key)
{
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *clear = NULL;

        if (key->secret && reading->decrypt)
                seal_unseal(hub_seal(request_hub(reading->req)), key->name, key->value, &clear,
                            &fault);
        return shape_key(key, clear);
}

static int add(void *arg, const struct store_key *key)
{
        struct reading *reading = arg;
        json_t *row = row_of(reading, key);

        if (reading->page)
                page_add(reading->page, row);
        else
                reading->one = row;
        return 0;
}

static int may_decrypt(struct request *req, const struct scope *scope, bool *ret,
                       struct fault *fault)
{
        bool own = text_equal(scope->name, "user") && scope->is_own;
        int r = query_bool(&req->query, "decrypt", ret, fault);

        if (!r && *ret && !own && !request_is_admin(req))
                return fault_set(fault, 403, "key.decrypt",
                                 "only administrators and owners may decrypt keys");
        return r;
}

static int list_scope(struct request *req, const char *scope, const char *owner,
                      struct reading *reading,
                      struct fault *fault)
{
        struct store_page rows = page_store(reading->page);
        uint64_t total = 0;
        int r = store_list_keys(request_store(req), scope, owner, query_text(&req->query, "prefix"),
                                &rows, add,
                                reading, &total, fault);

        reading->page->total += total;
        return r;
}

static int list(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct reading reading = { .req = req, .page = &page };
        struct scope scope;
        int r = page_init(&page, req, fault);

        if (!r)
                r = query_scope(req, true, &scope, fault);
        if (!r)
                r = may_decrypt(req, &scope, &reading.decrypt, fault);
        if (!r && !text_equal(scope.name, "user"))
                r = list_scope(req, "system", "", &reading, fault);
        if (!r && !text_equal(scope.name, "system"))
                r = list_scope(req, "user", scope.owner, &reading, fault);
        return r ? r : page_answer(&page);
}

static int read_one(struct request *req, const struct scope *scope, bool decrypt, const char *name,
                    json_t **ret, struct fault *fault)
{
        struct reading reading = { .req = req, .decrypt = decrypt };
        int r = store_get_key(request_store(req), scope->name, scope->owner, name, add, &reading,
                              fault);

        if (!r && !reading.one)
                r = fault_set(fault, 404, "key.unknown", "there is no key '%.128s' in scope %s",
                              name, scope->name);
        if (!r)
                *ret = reading.one;
        return r;
}

static int get(struct request *req, struct fault *fault)
{
        struct scope scope;
        bool decrypt = false;
        json_t *row = NULL;
        int r = query_scope(req, false, &scope, fault);

        if (!r)
                r = may_decrypt(req, &scope, &decrypt, fault);
        if (!r)
                r = read_one(req, &scope, decrypt, request_param(req, "name"), &row, fault);
        return r ? r : answer_object(req, 200, row);
}

/* ---- write ---- */

static int may_write(struct request *req, const struct scope *scope, struct fault *fault)
{
        if (request_is_admin(req) || (text_equal(scope->name, "user") && scope->is_own))
                return 0;
        fault_set(fault, 403, "key.system", "keys of the system are set by administrators");
        return fault_try(fault, "set one of your own with scope=user");
}

/* Plain text, or any JSON value, which is kept as its text. */
static int value_of(const json_t *body, char **ret, struct fault *fault)
{
        const json_t *value = json_object_get(body, "value");

        if (!value || json_is_null(value))
                return fault_set(fault, 422, "key.value", "value: is missing");
        if (json_is_string(value) && strlen(json_string_value(value)) != json_string_length(value))
                return fault_set(fault, 422, "key.value", "value: holds a NUL character");
        *ret = json_is_string(value) ? strdup(json_string_value(value)) : json_compact(value);
        return *ret ? 0 : -ENOMEM;
}

static int put(struct request *req, struct fault *fault)
{
        const char *name = request_param(req, "name"),
                *scope = json_text_of(req->json, "scope", NULL);
        const char *user = json_text_of(req->json, "user", query_text(&req->query, "user"));
        int64_t ttl = json_int_of(req->json, "ttl", 0);
        _free_ char *value = NULL;
        struct scope to;
        json_t *row = NULL;
        int r = scope_of(req, scope ? scope : query_text(&req->query, "scope"), user, false, &to,
                         fault);

        if (!r)
                r = may_write(req, &to, fault);
        if (!r && (strlen(name) > 256 || !*name))
                r = fault_set(fault, 422, "key.name", "names have 1 to 256 bytes");
        if (!r && json_bool_of(req->json, "encrypted", false))
                r = fault_set(fault, 422, "key.encrypted",
                              "values encrypted elsewhere cannot be taken: send the plain one");
        if (!r)
                r = value_of(req->json, &value, fault);
        if (!r) {
                struct store_key key = { .scope = to.name, .owner = to.owner, .name = name,
                        .value = value,
                        .secret = json_bool_of(req->json, "secret", false),
                        .changed_ms = clock_real_ms(),
                        .expires_ms = ttl > 0 ? clock_real_ms() + ttl * 1000 : 0 };

                r = hub_key_put(request_hub(req), &key, fault);
        }
        if (!r)
                r = read_one(req, &to, false, name, &row, fault);
        return r ? r : answer_object(req, 200, row);
}

static int remove_one(struct request *req, struct fault *fault)
{
        const char *name = request_param(req, "name");
        struct store_key key = { .name = name };
        struct scope scope;
        json_t *row = NULL;
        int r = query_scope(req, false, &scope, fault);

        if (!r)
                r = may_write(req, &scope, fault);
        if (!r)
                r = read_one(req, &scope, false, name, &row, fault);
        json_decref(row);
        if (r)
                return r;
        key.scope = scope.name;
        key.owner = scope.owner;
        r = hub_key_put(request_hub(req), &key, fault);
        return r ? r : answer_empty(req, 204);
}

#define K "/api/v1/keys"

static const struct route rows[] = {
        { "GET", K, list, AUTH_READ, 0, 200, "Keys and values",
          "limit offset include_attributes exclude_attributes prefix scope user decrypt", NULL,
          "[Key]" },
        { "GET", K "/{name}", get, AUTH_READ, 0, 200, "One key", "scope user decrypt", NULL,
                "Key" },
        { "PUT", K "/{name}", put, AUTH_READ, 0, 200, "Set it; secret ones are sealed",
                "scope user", "KeyPut", "Key" },
        { "DELETE", K "/{name}", remove_one, AUTH_READ, 0, 204, "Delete it", "scope user", NULL,
                NULL },
};

ROUTE_TABLE(routes_keys);
