/* SPDX-License-Identifier: Apache-2.0 */

/* The actions on buckets. To the ledger a bucket that is there is {}: it has no settings of its own. */

#include "storage/s3/s3.h"
#include "storage/s3/xml.h"

#define EMPTY_MAX 1000                  /* objects that bucket.delete takes out */

static json_t *named(const char *bucket)
{
        return json_pack("{s:s}", "bucket", bucket);
}

static int there(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        const struct s3_target *target = arg;
        _s3_ struct s3_call call = { .method = "HEAD", .bucket = target->bucket,
                                     .may_be_absent = true };
        int r = s3_call(ctx, &call);

        if (r == KN_OK)
                *ret = json_object();
        return r == KN_ENOENT ? KN_OK : r;
}

static int begin(struct kn_ctx *ctx, struct s3_target *target, struct change *change)
{
        target->bucket = kn_arg_str(ctx, "bucket", "");
        target->key = NULL;
        change->resource = change_resource("storage/bucket/%s", target->bucket);
        change->undo_args = named(target->bucket);
        return change->undo_args ? there(ctx, target, &change->before) : KN_ENOMEM;
}

/* ---- create and delete ---- */

/* Outside of us-east-1, AWS wants to hear the region once more, in a body. */
static int create(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct s3_target *target = arg;
        const char *region = kn_config_str(ctx, "region", "us-east-1");
        bool is_first = strcmp(region, "us-east-1") == 0;
        _free_ char *body = is_first ? NULL : change_resource(
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                "<LocationConstraint>%s</LocationConstraint></CreateBucketConfiguration>", region);
        _s3_ struct s3_call call = { .method = "PUT", .bucket = target->bucket,
                                     .content_type = body ? "application/xml" : NULL, .body = body,
                                     .body_len = body ? strlen(body) : 0 };

        (void)change;
        return s3_call(ctx, &call);
}

int bucket_create(struct kn_ctx *ctx)
{
        static const struct change_way way = { .system = "S3", .read = there, .apply = create };
        _change_ struct change change = { .undo_action = "bucket.delete" };
        struct s3_target target;
        int r = begin(ctx, &target, &change);

        if (r < 0)
                return r;
        change.after = json_object();
        r = change.after ? change_make(ctx, &change, &way, &target) : KN_ENOMEM;
        return r < 0 ? r : change_answer(ctx, &change, r, named(target.bucket));
}

static int drop(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct s3_target *target = arg;
        _s3_ struct s3_call call = { .method = "DELETE", .bucket = target->bucket };

        (void)change;
        return s3_call(ctx, &call);
}

/* Each object is a change of its own. */
static int empty(struct kn_ctx *ctx, const char *bucket, const json_t *objects)
{
        json_t *row;
        size_t i;

        json_array_foreach(objects, i, row) {
                struct s3_target target = { bucket, json_string_value(json_object_get(row, "key")) };
                _change_ struct change change = {
                        .resource = change_resource("storage/bucket/%s/object/%s", bucket,
                                                    target.key) };
                int r = s3_object_removal.read(ctx, &target, &change.before);

                if (r == 0)
                        r = change_make(ctx, &change, &s3_object_removal, &target);
                if (r < 0)
                        return r;
        }
        return KN_OK;
}

static int check_floor(struct kn_ctx *ctx, const struct s3_list *list)
{
        size_t n = json_array_size(list->objects);

        if (n == 0)
                return KN_OK;
        if (!kn_arg_bool(ctx, "force", 0))
                return kn_fail(ctx, KN_EDENIED, "bucket %s holds objects, so it was not deleted: "
                               "delete them, or say force=true, which cannot be undone",
                               list->bucket);
        if (n > EMPTY_MAX)
                return kn_fail(ctx, KN_EARG, "bucket %s holds more than %d objects: delete some "
                               "first", list->bucket, EMPTY_MAX);
        return KN_OK;
}

int bucket_delete(struct kn_ctx *ctx)
{
        static const struct change_way way = { .system = "S3", .read = there, .apply = drop };
        _change_ struct change change = { .undo_action = "bucket.create" };
        _list_ struct s3_list list = { .limit = EMPTY_MAX + 1 };
        struct s3_target target;
        json_t *fields;
        int r = begin(ctx, &target, &change);

        list.bucket = target.bucket;
        if (r == 0 && change.before)
                r = s3_list(ctx, &list);
        if (r == 0)
                r = check_floor(ctx, &list);
        if (r == 0)
                r = empty(ctx, target.bucket, list.objects);
        if (r == 0)
                r = change_make(ctx, &change, &way, &target);
        if (r < 0)
                return r;
        fields = json_pack("{s:s, s:I}", "bucket", target.bucket, "objects",
                           (json_int_t)json_array_size(list.objects));
        return change_answer(ctx, &change, r, fields);
}

int bucket_list(struct kn_ctx *ctx)
{
        json_t *buckets;
        int r = s3_buckets(ctx, &buckets);

        return r < 0 ? r : change_give(ctx, json_pack("{s:o}", "buckets", buckets));
}
