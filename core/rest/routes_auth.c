/* SPDX-License-Identifier: Apache-2.0 */

/* Who am I; API keys; tokens made of them. */

#include "rest/identify.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

#include <sodium.h>
#include <string.h>

static json_t *principal(const struct auth_principal *who)
{
        char text[CLOCK_TEXT_SIZE];
        json_t *method;

        method = json_pack("{s:s}", "method", text_equal(who->method, "token")
                           ? "authentication token"
                           : text_equal(who->method, "api-key") ? "API key" : who->method);
        if (who->expires_ms)
                json_set_text(method, "token_expire", clock_text(who->expires_ms, text));
        return json_pack("{s:s, s:o, s:{s:b, s:[s], s:b}, s:s, s:O?, s:O?}", "username", who->user,
                         "authentication", method, "rbac", "enabled", 1, "roles",
                         auth_role_text(who->role),
                         "is_admin", who->role == AUTH_ADMIN, "role", auth_role_text(who->role),
                         "grants", who->grants, "webhooks", who->webhooks);
}

static int whoami(struct request *req, struct fault *fault)
{
        (void)fault;
        return answer_json(req, 200, principal(req->who));
}

static int login(struct request *req, struct fault *fault)
{
        int64_t ttl = json_int_of(req->json, "ttl", 0);
        char *user = NULL, *password = NULL;
        json_t *token = NULL;
        int r = identify_basic(req, &user, &password, fault);

        if (!r)
                r = auth_exchange(req->rest->options.auth, user, password, ttl * 1000, &token,
                                  fault);
        if (password)
                sodium_memzero(password, strlen(password));
        free(password);
        free(user);
        return r ? r : answer_json(req, 201, token);
}

static int validate(struct request *req, struct fault *fault)
{
        _cleanup_(auth_principal_unrefp) struct auth_principal *who = NULL;
        _fault_ struct fault why = FAULT_INIT;

        (void)fault;
        if (auth_check(req->rest->options.auth, json_text_of(req->json, "token", ""), &who, &why))
                return answer_json(req, 200, json_pack("{s:b}", "valid", 0));
        return answer_json(req, 200, json_pack("{s:b, s:s}", "valid", 1, "user", who->user));
}

/* ---- API keys ---- */

static int list_keys(struct request *req, struct fault *fault)
{
        _json_ json_t *keys = auth_key_list(req->rest->options.auth);
        const char *user = query_text(&req->query, "user");
        _page_ struct page page = { 0 };
        json_t *key;
        size_t i;
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        json_array_foreach(keys, i, key)
                if ((!user || text_equal(json_text_of(key, "user", ""), user)) && page_takes(&page))
                        page_add(&page, json_incref(key));
        return page_answer(&page);
}

static int create_key(struct request *req, struct fault *fault)
{
        json_t *key = NULL;
        int r = auth_key_create(req->rest->options.auth, req->json, req->who->user, &key, fault);

        return r ? r : answer_json(req, 201, key);
}

static int get_key(struct request *req, struct fault *fault)
{
        json_t *key = NULL;
        int r = auth_key_get(req->rest->options.auth, request_param(req, "id"), &key, fault);

        return r ? r : answer_object(req, 200, key);
}

static int update_key(struct request *req, struct fault *fault)
{
        json_t *key = NULL;
        int r = auth_key_update(req->rest->options.auth, request_param(req, "id"), req->json, &key,
                                fault);

        return r ? r : answer_object(req, 200, key);
}

static int remove_key(struct request *req, struct fault *fault)
{
        int r = auth_key_remove(req->rest->options.auth, request_param(req, "id"), fault);

        return r ? r : answer_empty(req, 204);
}

#define A "/api/v1/apikeys"

static const struct route rows[] = {
        { "GET", "/api/v1/user", whoami, AUTH_ANY, ROUTE_INLINE, 200, "Who am I", "", NULL,
                "User" },
        { "POST", "/auth/v1/tokens", login, AUTH_NONE, ROUTE_BASIC | ROUTE_OPTIONAL, 201,
          "Make a token: Basic credentials of a user and an API key or the admin token", "",
          "TokenCreate", "Token" },
        { "POST", "/auth/v1/tokens/validate", validate, AUTH_ANY, 0, 200, "Is this token good?", "",
                "TokenValidate", "Object" },
        { "GET", A, list_keys, AUTH_ADMINISTER, 0, 200, "API keys, without the keys themselves",
          "limit offset include_attributes exclude_attributes user show_secrets", NULL,
          "[ApiKey]" },
        { "POST", A, create_key, AUTH_ADMINISTER, 0, 201, "Make one; the answer alone shows it", "",
                "ApiKeyCreate", "ApiKey" },
        { "GET", A "/{id}", get_key, AUTH_ADMINISTER, 0, 200, "One API key", "", NULL, "ApiKey" },
        { "PUT", A "/{id}", update_key, AUTH_ADMINISTER, 0, 200, "Change it, or switch it off", "",
                "ApiKeyCreate", "ApiKey" },
        { "DELETE", A "/{id}", remove_key, AUTH_ADMINISTER, 0, 204, "Delete it, and its tokens", "",
                NULL, NULL },
};

ROUTE_TABLE(routes_auth);
