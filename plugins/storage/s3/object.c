/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The actions on objects. A write is held to what was read by If-Match or If-None-Match where the
 * server knows them; one that answers 501 to that has not written, and is asked without.
 */

#include "storage/s3/s3.h"
#include "storage/s3/sign.h"

#include <sodium.h>

struct writing {
        struct s3_target target;        /* first: the ways of changes take it */
        struct s3_object there;         /* as it was read; owned */
        const char *body, *content_type;
        size_t len;
        char *decoded;                  /* owned */
};

static void writing_done(struct writing *w)
{
        s3_object_done(&w->there);
        free(w->decoded);
}

#define _writing_ _cleanup_(writing_done)
#define BASE64 sodium_base64_VARIANT_ORIGINAL

static char *encoded(const void *data, size_t len)
{
        size_t size = sodium_base64_ENCODED_LEN(len, BASE64);
        char *ret = malloc(size);

        return ret ? sodium_bin2base64(ret, size, data, len, BASE64) : NULL;
}

/* ---- what the two changes share ---- */

static int begin(struct kn_ctx *ctx, struct writing *w, struct change *change)
{
        const char *wanted = kn_arg_str(ctx, "if_match", NULL);
        int r;

        w->target.bucket = kn_arg_str(ctx, "bucket", "");
        w->target.key = kn_arg_str(ctx, "key", "");
        change->resource = change_resource("storage/bucket/%s/object/%s", w->target.bucket,
                                           w->target.key);
        r = s3_look(ctx, w->target.bucket, w->target.key, S3_READ_MAX, &w->there);
        if (r < 0)
                return r;
        change->before = json_incref(w->there.value);
        if (!wanted || strcmp(wanted, w->there.etag) == 0)
                return KN_OK;
        return kn_fail(ctx, KN_ECONFLICT, "the ETag of object %.80s is %.80s, not %.80s: it was "
                       "changed; look at it, then run this again", w->target.key,
                       *w->there.etag ? w->there.etag : "absent", wanted);
}

/* The floor, and undo by what the ledger keeps: content that would go needs force, or keep. */
static int guard_content(struct kn_ctx *ctx, const struct writing *w, struct change *change,
                         const char *doing)
{
        const struct s3_object *there = &w->there;
        bool keep = kn_arg_bool(ctx, "keep", 0) || there->size == 0;
        _free_ char *body = NULL;

        if (!keep && !kn_arg_bool(ctx, "force", 0))
                return kn_fail(ctx, KN_EDENIED, "object %.80s holds %lld bytes, so it was not %s: say "
                               "force=true, or keep=true so that undo can bring it back",
                               w->target.key, (long long)there->size, doing);
        if (!keep)
                return KN_OK;
        if (there->size > (int64_t)S3_KEEP_MAX)
                return kn_fail(ctx, KN_EARG, "object %.80s holds %lld bytes, and the ledger keeps at "
                               "most %u: copy it elsewhere, then say force=true without keep",
                               w->target.key, (long long)there->size, S3_KEEP_MAX);
        body = encoded(there->content, (size_t)there->size);
        change->undo_action = "object.put";
        change->undo_args = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "bucket", w->target.bucket,
                                      "key", w->target.key, "body", body ? body : "", "encoding",
                                      "base64", "content_type", there->type, "force", 1);
        return body && change->undo_args ? KN_OK : KN_ENOMEM;
}

static json_t *named(const struct writing *w)
{
        return json_pack("{s:s, s:s}", "bucket", w->target.bucket, "key", w->target.key);
}

/* ---- object.put ---- */

static int read_body(struct kn_ctx *ctx, struct writing *w)
{
        bool is_text = strcmp(kn_arg_str(ctx, "encoding", "text"), "text") == 0;
        struct kn_value body;
        size_t len = 0;

        if (ctx->host->get(ctx, KN_ARG, "body", &body) < 0 || body.kind != KN_STR)
                return kn_fail(ctx, KN_EARG, "there is no body");
        w->body = body.s;
        w->len = body.len;
        if (!is_text) {
                w->decoded = malloc(body.len + 1);
                if (!w->decoded)
                        return KN_ENOMEM;
                if (sodium_base642bin((unsigned char *)w->decoded, body.len + 1, body.s,
                                      body.len, "\r\n", &len, NULL, BASE64) != 0)
                        return kn_fail(ctx, KN_EARG, "the body is no base64, which encoding says it "
                                       "is: check how it was made");
                w->body = w->decoded;
                w->len = len;
        }
        if (w->len > S3_BODY_MAX)
                return kn_fail(ctx, KN_EARG, "the body has %zu bytes, and object.put takes %u: sign "
                               "a URL with object.presign method=PUT, and upload it there",
                               w->len, S3_BODY_MAX);
        return KN_OK;
}

static int put_once(struct kn_ctx *ctx, const struct writing *w, const char *condition,
                    int *ret_status)
{
        _s3_ struct s3_call call = { .method = "PUT", .bucket = w->target.bucket,
                                     .key = w->target.key, .body = w->body, .body_len = w->len,
                                     .content_type = w->content_type, .condition = condition };
        int r = s3_call(ctx, &call);

        *ret_status = call.web.status;
        return r;
}

static int put(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct writing *w = arg;
        char condition[240] = "If-None-Match: *";
        int status, r;

        if (change->before)
                snprintf(condition, sizeof condition, "If-Match: \"%s\"", w->there.etag);
        r = put_once(ctx, w, condition, &status);
        return status == 501 ? put_once(ctx, w, NULL, &status) : r;
}

static int put_answer(struct kn_ctx *ctx, const struct change *change, const struct writing *w,
                      bool changed)
{
        _object_ struct s3_object now = { .value = NULL };
        json_t *fields = named(w);

        if (s3_look(ctx, w->target.bucket, w->target.key, 0, &now) < 0)
                now.etag[0] = 0;
        json_object_set_new(fields, "etag", now.etag[0] ? json_string(now.etag) : json_null());
        return change_answer(ctx, change, changed, fields);
}

int object_put(struct kn_ctx *ctx)
{
        const struct change_way way = { .system = "S3", .read = s3_object_removal.read,
                                        .apply = put };
        _writing_ struct writing w = { .len = 0 };
        _change_ struct change change = { .resource = NULL };
        int r = read_body(ctx, &w);

        if (r == 0)
                r = begin(ctx, &w, &change);
        if (r < 0)
                return r;
        w.content_type = kn_arg_str(ctx, "content_type", "application/octet-stream");
        change.after = s3_value(w.content_type, w.body, w.len);
        if (change.before && !json_equal(change.before, change.after))
                r = guard_content(ctx, &w, &change, "replaced");
        if (!change.before) {
                change.undo_action = "object.delete";
                change.undo_args = json_pack("{s:s, s:s, s:b}", "bucket", w.target.bucket, "key",
                                             w.target.key, "force", 1);
        }
        if (r == 0)
                r = change.after ? change_make(ctx, &change, &way, &w) : KN_ENOMEM;
        return r < 0 ? r : put_answer(ctx, &change, &w, r);
}

/* ---- object.delete ---- */

int object_delete(struct kn_ctx *ctx)
{
        _writing_ struct writing w = { .len = 0 };
        _change_ struct change change = { .resource = NULL };
        int r = begin(ctx, &w, &change);

        if (r == 0 && change.before)
                r = guard_content(ctx, &w, &change, "deleted");
        if (r == 0)
                r = change_make(ctx, &change, &s3_object_removal, &w);
        return r < 0 ? r : change_answer(ctx, &change, r, named(&w));
}

/* ---- those that change nothing ---- */

static int fail_absent(struct kn_ctx *ctx, const struct s3_target *target)
{
        return kn_fail(ctx, KN_ENOENT, "bucket %s has no object %.100s, or there is no such bucket: "
                       "object.list shows what there is", target->bucket, target->key);
}

int object_get(struct kn_ctx *ctx)
{
        const struct s3_target target = { kn_arg_str(ctx, "bucket", ""),
                                          kn_arg_str(ctx, "key", "") };
        _object_ struct s3_object object = { .value = NULL };
        _free_ char *base64 = NULL;
        char hash[SIGN_HASH_SIZE];
        bool is_text;
        json_t *body = NULL;
        int r = s3_look(ctx, target.bucket, target.key, S3_GET_MAX, &object);

        if (r < 0 || !object.value)
                return r < 0 ? r : fail_absent(ctx, &target);
        if (!object.content)
                return kn_fail(ctx, KN_EARG, "object %.100s holds %lld bytes, and object.get gives "
                               "%u: sign a URL with object.presign, and fetch it there", target.key,
                               (long long)object.size, S3_GET_MAX);
        sign_hash(object.content, (size_t)object.size, hash);
        if (!memchr(object.content, 0, (size_t)object.size))
                body = json_stringn(object.content, (size_t)object.size);
        is_text = body;
        if (!is_text) {
                base64 = encoded(object.content, (size_t)object.size);
                body = json_string(base64 ? base64 : "");
        }
        return change_give(ctx, json_pack("{s:s, s:s, s:o, s:s, s:I, s:s, s:s, s:s, s:s?}",
                                           "bucket", target.bucket, "key", target.key, "body", body,
                                           "encoding", is_text ? "text" : "base64", "size",
                                           (json_int_t)object.size, "content_type", object.type,
                                           "etag", object.etag, "sha256", hash, "modified",
                                           *object.modified ? object.modified : NULL));
}

int object_list(struct kn_ctx *ctx)
{
        _list_ struct s3_list list = {
                .bucket = kn_arg_str(ctx, "bucket", ""), .prefix = kn_arg_str(ctx, "prefix", NULL),
                .after = kn_arg_str(ctx, "after", NULL),
                .delimiter = kn_arg_str(ctx, "delimiter", NULL),
                .limit = kn_arg_int(ctx, "limit", 1000) };
        int r = s3_list(ctx, &list);

        return r < 0 ? r : change_give(ctx, json_pack("{s:s, s:O, s:O, s:b}", "bucket",
                                                       list.bucket, "objects", list.objects,
                                                       "prefixes", list.prefixes, "truncated",
                                                       list.truncated));
}

int object_presign(struct kn_ctx *ctx)
{
        const struct s3_target target = { kn_arg_str(ctx, "bucket", ""),
                                          kn_arg_str(ctx, "key", "") };
        const char *method = kn_arg_str(ctx, "method", "GET");
        int seconds = (int)kn_arg_int(ctx, "expires_s", 3600);
        time_t expires = time(NULL) + seconds;
        _free_ char *url = NULL;
        char text[32];
        struct tm tm;
        int r = s3_presign(ctx, method, target.bucket, target.key, seconds, &url);

        if (r < 0)
                return r;
        gmtime_r(&expires, &tm);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
        return change_give(ctx, json_pack("{s:s, s:s, s:s, s:s, s:s}", "bucket", target.bucket,
                                           "key", target.key, "method", method, "url", url,
                                           "expires", text));
}
