/* SPDX-License-Identifier: Apache-2.0 */

/* Requests, lists, and what an instance keeps. */

#include "redmine.h"

#define PAGE 100                        /* Redmine's most */

const char system_name[] = "Redmine";

int redmine_create(struct kn_ctx *ctx)
{
        struct redmine *redmine = calloc(1, sizeof *redmine);

        if (!redmine)
                return KN_ENOMEM;
        redmine->projects = json_object();
        redmine->logins = json_object();
        redmine->ids = json_object();
        ctx->self = redmine;
        return KN_OK;
}

void redmine_destroy(struct kn_ctx *ctx)
{
        struct redmine *redmine = ctx->self;

        if (!redmine)
                return;
        json_decref(redmine->projects);
        json_decref(redmine->logins);
        json_decref(redmine->ids);
        free(redmine);
        ctx->self = NULL;
}

struct redmine *redmine_of(struct kn_ctx *ctx)
{
        return ctx->self;
}

void redmine_forget(struct kn_ctx *ctx)
{
        json_object_clear(redmine_of(ctx)->logins);
}

long long id_of(const json_t *object)
{
        return json_integer_value(json_object_get(object, "id"));
}

int redmine_call(struct kn_ctx *ctx, struct web_call *call)
{
        const char *key = kn_secret(ctx, "api_key");
        char headers[600];
        const struct web_site site = {
                system_name, kn_config_str(ctx, "url", ""), headers,
                "compare the instance's api_key with the one on the account's page, see that "
                "Redmine's REST web service is enabled (Administration, Settings, API), and give "
                "the account the rights that kaname-redmine(7) lists" };

        if (!key)
                return kn_fail(ctx, KN_EAUTH, "the instance has no api_key: give it as a reference "
                               "to a stored secret");
        snprintf(headers, sizeof headers, "X-Redmine-API-Key: %s\n", key);
        return web_call(ctx, &site, call);
}

int redmine_get(struct kn_ctx *ctx, const char *path, const char *key, const char *doing,
                json_t **ret)
{
        _web_ struct web_call call = { .path = path, .doing = doing };
        int r = path ? redmine_call(ctx, &call) : KN_ENOMEM;

        if (r < 0)
                return r;
        if (!json_object_get(call.reply, key))
                return kn_fail(ctx, KN_EREMOTE, "what answers %.80s at %s gives no \"%s\": is that "
                               "Redmine?", doing, kn_config_str(ctx, "url", ""), key);
        *ret = json_incref(json_object_get(call.reply, key));
        return KN_OK;
}

static int get_page(struct kn_ctx *ctx, const char *path, int64_t offset, struct web_call *call)
{
        size_t size = strlen(path) + 60;
        _free_ char *whole = malloc(size);
        int r;

        if (!whole)
                return KN_ENOMEM;
        snprintf(whole, size, "%s&limit=%d&offset=%lld", path, PAGE, (long long)offset);
        call->path = whole;
        r = redmine_call(ctx, call);
        call->path = NULL;
        return r;
}

int redmine_list(struct kn_ctx *ctx, const char *path, const char *key, int64_t limit, json_t **ret,
                 int64_t *ret_total)
{
        _json_ json_t *list = json_array();
        int64_t total = 0;

        if (!path)
                return KN_ENOMEM;
        for (int64_t offset = 0; offset == 0 || (offset < total && offset < limit);
             offset += PAGE) {
                _web_ struct web_call call = { .doing = key };
                int r = get_page(ctx, path, offset, &call);
                json_t *item;
                size_t i;

                if (r < 0)
                        return r;
                json_array_foreach(json_object_get(call.reply, key), i, item)
                        if ((int64_t)json_array_size(list) < limit)
                                json_array_append(list, item);
                total = json_integer_value(json_object_get(call.reply, "total_count"));
        }
        if (ret_total)
                *ret_total = total;
        *ret = json_incref(list);
        return KN_OK;
}

int redmine_send(struct kn_ctx *ctx, const char *method, const char *path, const char *doing,
                 const char *key, json_t *body, json_t **ret_reply)
{
        _json_ json_t *whole = body ? json_pack("{s:o}", key, body) : NULL;
        _web_ struct web_call call = { .method = method, .path = path, .doing = doing,
                                       .json = whole };
        int r = path && (whole || strcmp(method, "DELETE") == 0) ? redmine_call(ctx, &call)
                                                                : KN_ENOMEM;

        if (r == 0 && ret_reply)
                *ret_reply = json_incref(call.reply);
        return r;
}
