/* SPDX-License-Identifier: Apache-2.0 */

/* A bucket's quota. S3 itself has none; Swift has one on the container that the bucket is. */

#include "storage/s3/s3.h"

#define QUOTA "X-Container-Meta-Quota-Bytes"

static int read_quota(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        const struct s3_target *target = arg;
        _web_ struct web_call call = { .status = 0 };
        char text[40];
        int r = swift_ask(ctx, target->bucket, "HEAD", "", &call);

        if (r == 0 && web_header(&call, QUOTA, text, sizeof text) && *text)
                *ret = json_pack("{s:I}", "size", (json_int_t)strtoll(text, NULL, 10));
        return r;
}

static int write_quota(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct s3_target *target = arg;
        json_t *size = json_object_get(change->after, "size");
        _web_ struct web_call call = { .status = 0 };
        char line[100] = "X-Remove-Container-Meta-Quota-Bytes: x\n";

        if (size)
                snprintf(line, sizeof line, QUOTA ": %lld\n", (long long)json_integer_value(size));
        return swift_ask(ctx, target->bucket, "POST", line, &call);
}

int bucket_quota(struct kn_ctx *ctx)
{
        static const struct change_way way = { .system = "Swift", .read = read_quota,
                                               .apply = write_quota };
        struct s3_target target = { kn_arg_str(ctx, "bucket", ""), NULL };
        _change_ struct change change = {
                .resource = change_resource("storage/bucket/%s/quota", target.bucket),
                .undo_action = "bucket.quota" };
        struct kn_value wanted;
        int r = read_quota(ctx, &target, &change.before);

        if (r < 0)
                return r;
        if (ctx->host->get(ctx, KN_ARG, "size", &wanted) == 0 && wanted.kind == KN_INT)
                change.after = json_pack("{s:I}", "size", (json_int_t)wanted.i);
        change.undo_args = json_pack("{s:s, s:O?}", "bucket", target.bucket, "size",
                                     json_object_get(change.before, "size"));
        r = change.undo_args ? change_make(ctx, &change, &way, &target) : KN_ENOMEM;
        return r < 0 ? r : change_answer(ctx, &change, r, json_pack("{s:s}", "bucket",
                                                                    target.bucket));
}
