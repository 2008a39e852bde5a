/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One signed request. The signature covers method, path, query, the host as the hub will name it,
 * and the body's hash; what S3 then says is an XML error with a code of its own, which decides
 * more finely than the status: 403 may be a wrong key, a wrong clock or a missing right.
 */

#include "storage/s3/s3.h"
#include "storage/s3/sign.h"
#include "storage/s3/xml.h"

#include <strings.h>

const char *s3_url(struct kn_ctx *ctx)
{
        return kn_config_str(ctx, "url", "");
}

/* The url's parts: what the hub connects to, how it names the host, and what stands behind. */
struct place {
        char origin[320];               /* "https://s3.test:9000" */
        char host[300];                 /* without the port where that is the scheme's own */
        char base[300];                 /* "/path", or "" */
};

static void place_of(const char *url, struct place *ret)
{
        const char *start = strstr(url, "://") + 3;
        const char *own = strncmp(url, "https", 5) == 0 ? ":443" : ":80";
        size_t len = strcspn(start, "/"), n = strlen(own), base = strlen(start + len);

        while (base > 0 && start[len + base - 1] == '/')
                base--;
        snprintf(ret->origin, sizeof ret->origin, "%.*s", (int)(start + len - url), url);
        snprintf(ret->base, sizeof ret->base, "%.*s", (int)base, start + len);
        if (len > n && strncmp(start + len - n, own, n) == 0)
                len -= n;
        snprintf(ret->host, sizeof ret->host, "%.*s", (int)len, start);
}

static char *path_of(const struct place *place, const char *bucket, const char *key)
{
        _free_ char *escaped = sign_escape(key ? key : "", true);

        if (!escaped)
                return NULL;
        return change_resource("%s/%s%s%s", place->base, bucket ? bucket : "", key ? "/" : "",
                            escaped);
}

/* A segment . or .. would be taken out of the URL on the way: another object than the one named. */
static int check_key(struct kn_ctx *ctx, const char *key)
{
        const char *segment = key;

        if (strlen(key) > 1024)
                return kn_fail(ctx, KN_EARG, "the key has %zu bytes of UTF-8, and S3 takes 1024: "
                               "shorten it", strlen(key));
        for (const char *p = key; *p; p++)
                if ((unsigned char)*p < ' ' || *p == 0x7f)
                        return kn_fail(ctx, KN_EARG, "the key holds a control character: take it "
                                       "out");
        for (;; segment++) {
                size_t len = strcspn(segment, "/");

                if ((len == 1 && *segment == '.') || (len == 2 && strncmp(segment, "..", 2) == 0))
                        return kn_fail(ctx, KN_EARG, "the key '%.100s' has a part . or .., which no "
                                       "URL can carry: take another key", key);
                segment += len;
                if (!*segment)
                        return KN_OK;
        }
}

static int key_of(struct kn_ctx *ctx, struct sign_key *ret)
{
        ret->id = kn_config_str(ctx, "access_key", "");
        ret->secret = kn_secret(ctx, "secret_key");
        ret->token = kn_secret(ctx, "session_token");
        ret->region = kn_config_str(ctx, "region", "us-east-1");
        ret->service = "s3";
        if (!ret->secret)
                return kn_fail(ctx, KN_EAUTH, "the instance has no secret_key: give it as a "
                               "reference to a stored secret");
        if (ret->secret[strcspn(ret->secret, "\r\n")] ||
            (ret->token && ret->token[strcspn(ret->token, "\r\n")]))
                return kn_fail(ctx, KN_EAUTH, "the secret secret_key or session_token holds a line "
                               "break: store it without");
        return KN_OK;
}

/* The headers that are signed, in their order; the first, host, is sent by the hub itself. */
static char *signed_headers(const struct place *place, const struct s3_call *call,
                            const struct sign_key *key, const char *hash, time_t now)
{
        char date[SIGN_DATE_SIZE];

        sign_date(now, date);
        return change_resource("host:%s\n%s%s%sx-amz-content-sha256:%s\nx-amz-date:%s\n%s%s%s",
                            place->host,
                            call->acl ? "x-amz-acl:" : "", call->acl ? call->acl : "",
                            call->acl ? "\n" : "", hash, date,
                            key->token ? "x-amz-security-token:" : "", key->token ? key->token : "",
                            key->token ? "\n" : "");
}

static char *headers_of(const struct place *place, const struct s3_call *call, const char *path,
                        const struct sign_key *key)
{
        char hash[SIGN_HASH_SIZE];
        time_t now = time(NULL);
        struct sign_request request = { call->method ? call->method : "GET", path,
                                        call->query ? call->query : "", NULL, hash };
        _free_ char *headers = NULL, *authorization = NULL;

        sign_hash(call->body ? call->body : "", call->body_len, hash);
        request.headers = headers = signed_headers(place, call, key, hash, now);
        authorization = headers ? sign_authorization(key, &request, now) : NULL;
        if (!authorization)
                return NULL;
        return change_resource("%sAuthorization: %s\n%s%s%s%s%s", strchr(headers, '\n') + 1,
                            authorization, call->content_type ? "Content-Type: " : "",
                            call->content_type ? call->content_type : "",
                            call->content_type ? "\n" : "", call->condition ? call->condition : "",
                            call->condition ? "\n" : "");
}

/* ---- what a refusal means ---- */

static const struct refusal {
        const char *code;
        int kn;
        const char *remedy;
} refusals[] = {
        { "SignatureDoesNotMatch", KN_EAUTH, "secret_key is not the one that belongs to "
          "access_key, or region is not the server's" },
        { "InvalidAccessKeyId", KN_EAUTH, "the server does not know access_key" },
        { "RequestTimeTooSkewed", KN_EAUTH, "this machine's clock and the server's are more than 15 "
          "minutes apart: set them" },
        { "ExpiredToken", KN_EAUTH, "session_token has run out: store a new one" },
        { "InvalidToken", KN_EAUTH, "session_token does not belong to access_key" },
        { "AccessDenied", KN_EAUTH, "look at the rights of access_key, and whether the bucket is "
          "its own" },
        { "NoSuchBucket", KN_ENOENT, "bucket.list shows what there is" },
        { "NoSuchKey", KN_ENOENT, "object.list shows what there is" },
        { "BucketAlreadyExists", KN_ECONFLICT, "somebody else owns a bucket of that name: take "
          "another" },
        { "BucketAlreadyOwnedByYou", KN_ECONFLICT, "it is there already" },
        { "BucketNotEmpty", KN_ECONFLICT, "an object or an old version of one is in it" },
        { "PreconditionFailed", KN_ECONFLICT, "somebody else was faster: look at it, then run this "
          "again" },
        { "ConditionalRequestConflict", KN_ECONFLICT, "somebody else writes to it: run this again" },
        { "OperationAborted", KN_ECONFLICT, "somebody else changes it: run this again" },
        { "NotImplemented", KN_EUNSUPPORTED, "this server cannot do that" },
        { "MethodNotAllowed", KN_EUNSUPPORTED, "this server cannot do that" },
        { "AccessControlListNotSupported", KN_EUNSUPPORTED, "set policy = \"document\" for this "
          "instance" },
        { "SlowDown", KN_ETEMP, "run this again later" },
        { "ServiceUnavailable", KN_ETEMP, "run this again later" },
        { "InternalError", KN_ETEMP, "run this again later" },
        { "RequestTimeout", KN_ETEMP, "run this again later" },
        { "PermanentRedirect", KN_EREMOTE, "the bucket is elsewhere: set url and region to it" },
        { "AuthorizationHeaderMalformed", KN_EREMOTE, "set region to the bucket's" },
        { "EntityTooLarge", KN_EARG, "the bucket's quota, or the server's own limit" },
};

static int fail_refusal(struct kn_ctx *ctx, struct s3_call *call, const char *doing, int r)
{
        _json_ json_t *error = xml_parse(call->web.text, call->web.text_len);
        const struct refusal *known = NULL;
        char message[160];

        if (strcmp(xml_name(error), "Error") != 0)
                return r;
        snprintf(call->code, sizeof call->code, "%s", xml_text(error, "Code"));
        web_reason(xml_text(error, "Message"), strlen(xml_text(error, "Message")), message,
                   sizeof message);
        for (size_t i = 0; i < KN_ROWS(refusals) && !known; i++)
                if (strcmp(refusals[i].code, call->code) == 0)
                        known = &refusals[i];
        return kn_fail(ctx, known ? known->kn : r, "S3 at %s refused %.90s (%d %s): %s%s%s",
                       s3_url(ctx), doing, call->web.status, call->code, message,
                       known && *message ? ": " : "", known ? known->remedy : "");
}

static void doing_of(const struct s3_call *call, char *ret, size_t size)
{
        if (call->doing)
                snprintf(ret, size, "%s", call->doing);
        else
                snprintf(ret, size, "%s%.80s%sbucket %s", call->key ? "object " : "",
                         call->key ? call->key : "", call->key ? " of " : "", call->bucket);
}

int s3_call(struct kn_ctx *ctx, struct s3_call *call)
{
        struct place place;
        char doing[200];
        const struct web_site site = { .name = "S3", .base = place.origin,
                                       .on_refusal = "look at access_key, secret_key, and at the "
                                                     "rights of that key" };
        _free_ char *path = NULL, *headers = NULL, *whole = NULL;
        struct sign_key key;
        int r = call->key ? check_key(ctx, call->key) : KN_OK;

        if (r == 0)
                r = key_of(ctx, &key);
        if (r < 0)
                return r;
        place_of(s3_url(ctx), &place);
        path = path_of(&place, call->bucket, call->key);
        headers = path ? headers_of(&place, call, path, &key) : NULL;
        whole = path ? change_resource("%s%s%s", path, call->query ? "?" : "",
                                    call->query ? call->query : "") : NULL;
        if (!headers || !whole)
                return KN_ENOMEM;
        call->web.method = call->method;
        call->web.path = whole;
        doing_of(call, doing, sizeof doing);
        call->web.doing = doing;
        call->web.headers = headers;
        call->web.body = call->body;
        call->web.body_len = call->body_len;
        call->web.is_text = true;
        call->web.may_be_absent = call->may_be_absent;
        r = web_call(ctx, &site, &call->web);
        call->web.path = call->web.headers = call->web.doing = NULL;
        if (r == KN_OK || call->web.status < 300 || (r == KN_ENOENT && call->may_be_absent))
                return r;
        return fail_refusal(ctx, call, doing, r);
}

int s3_call_xml(struct kn_ctx *ctx, struct s3_call *call, const char *root, json_t **ret)
{
        _json_ json_t *xml = NULL;
        int r = s3_call(ctx, call);

        if (r < 0)
                return r;
        xml = xml_parse(call->web.text, call->web.text_len);
        if (strcmp(xml_name(xml), root) != 0)
                return kn_fail(ctx, KN_EREMOTE, "what answers at %s gives no %s (%zu bytes): "
                               "is that an S3 API, and was the answer cut off?", s3_url(ctx), root,
                               call->web.text_len);
        *ret = json_incref(xml);
        return KN_OK;
}

void s3_done(struct s3_call *call)
{
        web_done(&call->web);
}

int s3_presign(struct kn_ctx *ctx, const char *method, const char *bucket, const char *key,
               int expires_s, char **ret)
{
        struct sign_request request = { method, NULL, "", NULL, "UNSIGNED-PAYLOAD" };
        _free_ char *path = NULL, *headers = NULL, *query = NULL;
        struct sign_key signing;
        struct place place;
        int r = check_key(ctx, key);

        if (r == 0)
                r = key_of(ctx, &signing);
        if (r < 0)
                return r;
        place_of(s3_url(ctx), &place);
        request.path = path = path_of(&place, bucket, key);
        request.headers = headers = change_resource("host:%s\n", place.host);
        query = path && headers ? sign_query(&signing, &request, time(NULL), expires_s) : NULL;
        if (!query)
                return KN_ENOMEM;
        *ret = change_resource("%s%s?%s", place.origin, path, query);
        return *ret ? KN_OK : KN_ENOMEM;
}
