/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The actions on objects. A write is held to what was read by If-Match or If-None-Match where the
 * server knows them; one that answers 501 to that has not written, and is asked without.
 */

#include "storage/s3/s3.h"
#include "storage/s3/sign.h"

#include <sodium.h>

struct change {
        struct s3_target target;        /* first: read and remove take it for what */
        struct s3_object before;        /* owned */
        const char *body, *content_type;
        size_t len;
        char *decoded;                  /* owned */
};

static void change_done(struct change *change)
{
        s3_object_done(&change->before);
        free(change->decoded);
}

#define _change_ _cleanup_(change_done)
#define BASE64 sodium_base64_VARIANT_ORIGINAL

static char *encoded(const void *data, size_t len)
{
        size_t size = sodium_base64_ENCODED_LEN(len, BASE64);
        char *ret = malloc(size);

        return ret ? sodium_bin2base64(ret, size, data, len, BASE64) : NULL;
}

/* ---- what the two changes share ---- */

static int begin(struct kn_ctx *ctx, struct change *change, struct storage_edit *edit, char **name)
{
        struct s3_target *target = &change->target;
        const char *wanted = kn_arg_str(ctx, "if_match", NULL);
        int r;

        target->bucket = kn_arg_str(ctx, "bucket", "");
        target->key = kn_arg_str(ctx, "key", "");
        edit->resource = storage_text("storage/bucket/%s/object/%s", target->bucket, target->key);
        *name = storage_text("object %s of bucket %s", target->key, target->bucket);
        edit->name = *name;
        edit->what = change;
        edit->read = s3_object_read;
        r = s3_look(ctx, target->bucket, target->key, S3_READ_MAX, &change->before);
        if (r < 0)
                return r;
        edit->before = json_incref(change->before.value);
        if (wanted && strcmp(wanted, change->before.etag) != 0)
                return kn_fail(ctx, KN_ECONFLICT, "the ETag of object %.80s is %.80s, not %.80s: it "
                               "was changed; look at it, then run this again", target->key,
                               *change->before.etag ? change->before.etag : "absent", wanted);
        return *name && edit->resource ? KN_OK : KN_ENOMEM;
}

/* The floor, and undo by what the ledger keeps: content that would go needs force, or keep. */
static int guard_content(struct kn_ctx *ctx, const struct change *change, struct storage_edit *edit,
                         const char *doing)
{
        const struct s3_object *there = &change->before;
        bool keep = kn_arg_bool(ctx, "keep", 0) || there->size == 0;
        _free_ char *body = NULL;

        if (!keep && !kn_arg_bool(ctx, "force", 0))
                return kn_fail(ctx, KN_EDENIED, "object %.80s holds %lld bytes, so it was not %s: say "
                               "force=true, or keep=true so that undo can bring it back",
                               change->target.key, (long long)there->size, doing);
        if (!keep)
                return KN_OK;
        if (there->size > (int64_t)S3_KEEP_MAX)
                return kn_fail(ctx, KN_EARG, "object %.80s holds %lld bytes, and the ledger keeps at "
                               "most %u: copy it elsewhere, then say force=true without keep",
                               change->target.key, (long long)there->size, S3_KEEP_MAX);
        body = encoded(there->content, (size_t)there->size);
        edit->undo_action = "object.put";
        edit->undo_args = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "bucket",
                                    change->target.bucket, "key", change->target.key, "body",
                                    body ? body : "", "encoding", "base64", "content_type",
                                    there->type, "force", 1);
        return body && edit->undo_args ? KN_OK : KN_ENOMEM;
}

static json_t *named(const struct change *change)
{
        return json_pack("{s:s, s:s}", "bucket", change->target.bucket, "key", change->target.key);
}

/* ---- object.put ---- */

static int read_body(struct kn_ctx *ctx, struct change *change)
{
        bool is_text = strcmp(kn_arg_str(ctx, "encoding", "text"), "text") == 0;
        struct kn_value body;
        size_t len = 0;

        if (ctx->host->get(ctx, KN_ARG, "body", &body) < 0 || body.kind != KN_STR)
                return kn_fail(ctx, KN_EARG, "there is no body");
        change->body = body.s;
        change->len = body.len;
        if (!is_text) {
                change->decoded = malloc(body.len + 1);
                if (!change->decoded)
                        return KN_ENOMEM;
                if (sodium_base642bin((unsigned char *)change->decoded, body.len + 1, body.s,
                                      body.len, "\r\n", &len, NULL, BASE64) != 0)
                        return kn_fail(ctx, KN_EARG, "the body is no base64, which encoding says it "
                                       "is: check how it was made");
                change->body = change->decoded;
                change->len = len;
        }
        if (change->len > S3_BODY_MAX)
                return kn_fail(ctx, KN_EARG, "the body has %zu bytes, and object.put takes %u: sign "
                               "a URL with object.presign method=PUT, and upload it there",
                               change->len, S3_BODY_MAX);
        return KN_OK;
}

static int put_once(struct kn_ctx *ctx, const struct storage_edit *edit, const char *condition,
                    int *ret_status)
{
        const struct change *change = edit->what;
        _s3_ struct s3_call call = { .method = "PUT", .bucket = change->target.bucket,
                                     .key = change->target.key, .doing = edit->name,
                                     .body = change->body, .body_len = change->len,
                                     .content_type = change->content_type,
                                     .condition = condition };
        int r = s3_call(ctx, &call);

        *ret_status = call.web.status;
        return r;
}

static int put(struct kn_ctx *ctx, const struct storage_edit *edit)
{
        const struct change *change = edit->what;
        char condition[240] = "If-None-Match: *";
        int status, r;

        if (edit->before)
                snprintf(condition, sizeof condition, "If-Match: \"%s\"", change->before.etag);
        r = put_once(ctx, edit, condition, &status);
        return status == 501 ? put_once(ctx, edit, NULL, &status) : r;
}

static int put_answer(struct kn_ctx *ctx, const struct storage_edit *edit, bool changed)
{
        const struct change *change = edit->what;
        _object_ struct s3_object now = { .value = NULL };
        json_t *rows = named(change);
        int r = s3_look(ctx, change->target.bucket, change->target.key, 0, &now);

        if (r < 0)
                now.etag[0] = 0;
        json_object_set_new(rows, "etag", now.etag[0] ? json_string(now.etag) : json_null());
        return storage_answer(ctx, edit, changed, rows);
}

int object_put(struct kn_ctx *ctx)
{
        _change_ struct change change = { .len = 0 };
        _edit_ struct storage_edit edit = { .write = put };
        _free_ char *name = NULL;
        int r = read_body(ctx, &change);

        if (r == 0)
                r = begin(ctx, &change, &edit, &name);
        if (r < 0)
                return r;
        change.content_type = kn_arg_str(ctx, "content_type", "application/octet-stream");
        edit.after = s3_value(change.content_type, change.body, change.len);
        if (edit.before && !storage_same(edit.before, edit.after))
                r = guard_content(ctx, &change, &edit, "replaced");
        if (!edit.before) {
                edit.undo_action = "object.delete";
                edit.undo_args = json_pack("{s:s, s:s, s:b}", "bucket", change.target.bucket, "key",
                                           change.target.key, "force", 1);
        }
        if (r == 0)
                r = edit.after ? storage_edit(ctx, &edit) : KN_ENOMEM;
        return r < 0 ? r : put_answer(ctx, &edit, r);
}

/* ---- object.delete ---- */

int object_delete(struct kn_ctx *ctx)
{
        _change_ struct change change = { .len = 0 };
        _edit_ struct storage_edit edit = { .write = s3_object_remove };
        _free_ char *name = NULL;
        int r = begin(ctx, &change, &edit, &name);

        if (r == 0 && edit.before)
                r = guard_content(ctx, &change, &edit, "deleted");
        if (r == 0)
                r = storage_edit(ctx, &edit);
        return r < 0 ? r : storage_answer(ctx, &edit, r, named(&change));
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
        return storage_give(ctx, json_pack("{s:s, s:s, s:o, s:s, s:I, s:s, s:s, s:s, s:s?}",
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

        return r < 0 ? r : storage_give(ctx, json_pack("{s:s, s:O, s:O, s:b}", "bucket",
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
        return storage_give(ctx, json_pack("{s:s, s:s, s:s, s:s, s:s}", "bucket", target.bucket,
                                           "key", target.key, "method", method, "url", url,
                                           "expires", text));
}
