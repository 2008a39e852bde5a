/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One object. Small enough, it is what it holds, {content_type, size, sha256}, whatever ETag the
 * server made of it; a larger one is what the server says of it, {content_type, size, etag}.
 */

#include "storage/s3/s3.h"
#include "storage/s3/sign.h"

static void header_of(const struct s3_call *call, const char *name, char *ret, size_t size)
{
        if (!web_header(&call->web, name, ret, size))
                *ret = 0;
}

json_t *s3_value(const char *content_type, const void *content, size_t len)
{
        char hash[SIGN_HASH_SIZE];

        sign_hash(content, len, hash);
        return json_pack("{s:s, s:I, s:s}", "content_type", content_type, "size", (json_int_t)len,
                         "sha256", hash);
}

/* An object has an ETag; what has none is the page of somebody in between, and no object's content. */
static int take_headers(struct kn_ctx *ctx, const struct s3_call *call, struct s3_object *object)
{
        char text[200];

        header_of(call, "Content-Type", object->type, sizeof object->type);
        header_of(call, "Last-Modified", object->modified, sizeof object->modified);
        header_of(call, "ETag", text, sizeof text);
        s3_etag(text, object->etag, sizeof object->etag);
        header_of(call, "Content-Length", text, sizeof text);
        object->size = strtoll(text, NULL, 10);
        return *object->etag ? KN_OK
                : kn_fail(ctx, KN_EREMOTE, "S3 at %s answered object %.80s of bucket %.64s without an "
                          "ETag, which is no answer of S3: does url name it, and does no proxy or "
                          "login page stand before it?", kn_config_str(ctx, "url", ""), call->key,
                          call->bucket);
}

int s3_look(struct kn_ctx *ctx, const char *bucket, const char *key, size_t max,
            struct s3_object *ret)
{
        _s3_ struct s3_call call = { .method = "HEAD", .bucket = bucket, .key = key,
                                     .may_be_absent = true };
        struct s3_object object = { .size = 0 };
        int r;

        r = s3_call(ctx, &call);
        if (r == KN_OK)
                r = take_headers(ctx, &call, &object);
        if (r == KN_OK && object.size <= (int64_t)max) {
                call.method = "GET";
                r = s3_call(ctx, &call);
                if (r == KN_OK)
                        r = take_headers(ctx, &call, &object);
                object.content = call.web.text;
                object.size = (int64_t)call.web.text_len;
        }
        if (r < 0 && r != KN_ENOENT)
                return r;
        if (r == KN_OK && object.content)
                object.value = s3_value(object.type, object.content, call.web.text_len);
        else if (r == KN_OK)
                object.value = json_pack("{s:s, s:I, s:s}", "content_type", object.type, "size",
                                         (json_int_t)object.size, "etag", object.etag);
        if (r == KN_OK && !object.value)
                return KN_ENOMEM;
        *ret = object;
        return KN_OK;
}

void s3_object_done(struct s3_object *object)
{
        json_decref(object->value);
}

static int read_object(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        const struct s3_target *target = arg;
        _object_ struct s3_object object = { .value = NULL };
        int r = s3_look(ctx, target->bucket, target->key, S3_READ_MAX, &object);

        if (r == 0)
                *ret = json_incref(object.value);
        return r;
}

static int remove_object(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct s3_target *target = arg;
        _s3_ struct s3_call call = { .method = "DELETE", .bucket = target->bucket,
                                     .key = target->key };

        (void)change;
        return s3_call(ctx, &call);
}

const struct change_way s3_object_removal = { .system = "S3", .read = read_object,
                                              .apply = remove_object };
