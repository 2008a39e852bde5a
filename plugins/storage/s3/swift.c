/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Swift's own API, for what its S3 API lacks: quotas, and who may read (its answer to ?acl says
 * "the owner" whatever was set). The same key and secret give a token for one question.
 */

#include "storage/s3/s3.h"

struct door {
        char token[600], url[600];
};

static int open_door(struct kn_ctx *ctx, struct door *ret)
{
        const char *secret = kn_secret(ctx, "secret_key"), *id = kn_config_str(ctx, "access_key", "");
        const struct web_site site = { .name = "Swift", .base = kn_config_str(ctx, "swift_auth", ""),
                                       .on_refusal = "its user and key have to be access_key and "
                                                     "secret_key" };
        _free_ char *headers = secret ? change_resource("X-Auth-User: %s\nX-Auth-Key: %s\n", id, secret)
                : NULL;
        _web_ struct web_call call = { .path = "", .doing = "a token", .headers = headers,
                                       .is_text = true };
        int r;

        if (!*site.base)
                return kn_fail(ctx, KN_EUNSUPPORTED, "S3 itself cannot do that: where the server is "
                               "Swift, set swift_auth for this instance; elsewhere use the server's "
                               "own tools");
        if (secret && secret[strcspn(secret, "\r\n")])
                return kn_fail(ctx, KN_EAUTH, "the secret secret_key holds a line break: store it "
                               "without");
        r = headers ? web_call(ctx, &site, &call) : KN_ENOMEM;
        if (r < 0)
                return r;
        if (!web_header(&call, "X-Auth-Token", ret->token, sizeof ret->token) ||
            !web_header(&call, "X-Storage-Url", ret->url, sizeof ret->url))
                return kn_fail(ctx, KN_EREMOTE, "what answers at %s gives no token and storage URL: "
                               "is that Swift's auth/v1.0?", site.base);
        return KN_OK;
}

int swift_ask(struct kn_ctx *ctx, const char *bucket, const char *method, const char *line,
              struct web_call *call)
{
        struct door door;
        const struct web_site site = { .name = "Swift", .base = door.url,
                                       .on_refusal = "look at the rights of access_key" };
        _free_ char *headers = NULL, *path = web_path("/%s", bucket);
        char doing[100];
        int r = open_door(ctx, &door);

        if (r < 0)
                return r;
        headers = change_resource("X-Auth-Token: %s\n%s", door.token, line);
        if (!headers || !path)
                return KN_ENOMEM;
        snprintf(doing, sizeof doing, "container %s", bucket);
        call->method = method;
        call->path = path;
        call->doing = doing;
        call->headers = headers;
        call->is_text = true;
        r = web_call(ctx, &site, call);
        call->path = call->headers = call->doing = NULL;
        return r;
}
