/* SPDX-License-Identifier: Apache-2.0 */

/* A bucket's quota. S3 itself has none; Swift has one on the container that the bucket is. */

#include "storage/s3/s3.h"

#define QUOTA "X-Container-Meta-Quota-Bytes"

static int read_quota(struct kn_ctx *ctx, const struct storage_edit *edit, json_t **ret)
{
        _web_ struct web_call call = { .status = 0 };
        char text[40];
        int r = swift_ask(ctx, edit->what, "HEAD", "", &call);

        if (r == 0 && web_header(&call, QUOTA, text, sizeof text) && *text)
                *ret = json_pack("{s:I}", "size", (json_int_t)strtoll(text, NULL, 10));
        return r;
}

static int write_quota(struct kn_ctx *ctx, const struct storage_edit *edit)
{
        _web_ struct web_call call = { .status = 0 };
        json_t *size = json_object_get(edit->after, "size");
        char line[100] = "X-Remove-Container-Meta-Quota-Bytes: x\n";

        if (size)
                snprintf(line, sizeof line, QUOTA ": %lld\n", (long long)json_integer_value(size));
        return swift_ask(ctx, edit->what, "POST", line, &call);
}

int bucket_quota(struct kn_ctx *ctx)
{
        const char *bucket = kn_arg_str(ctx, "bucket", "");
        char name[120];
        _edit_ struct storage_edit edit = {
                .resource = storage_text("storage/bucket/%s/quota", bucket), .name = name,
                .what = bucket, .read = read_quota, .write = write_quota,
                .undo_action = "bucket.quota" };
        struct kn_value wanted;
        json_t *before;
        int r;

        snprintf(name, sizeof name, "the quota of bucket %s", bucket);
        r = read_quota(ctx, &edit, &edit.before);
        if (r < 0)
                return r;
        if (ctx->host->get(ctx, KN_ARG, "size", &wanted) == 0 && wanted.kind == KN_INT)
                edit.after = json_pack("{s:I}", "size", (json_int_t)wanted.i);
        before = json_object_get(edit.before, "size");
        edit.undo_args = json_pack("{s:s, s:O?}", "bucket", bucket, "size", before);
        r = edit.undo_args ? storage_edit(ctx, &edit) : KN_ENOMEM;
        return r < 0 ? r : storage_answer(ctx, &edit, r, json_pack("{s:s}", "bucket", bucket));
}
