/* SPDX-License-Identifier: Apache-2.0 */

/* The actions on buckets. To the ledger a bucket that is there is {}: it has no settings of its own. */

#include "storage/s3/s3.h"
#include "storage/s3/xml.h"

#define EMPTY_MAX 1000                  /* objects that bucket.delete takes out */

static json_t *named(const char *bucket)
{
        return json_pack("{s:s}", "bucket", bucket);
}

static int there(struct kn_ctx *ctx, const struct storage_edit *edit, json_t **ret)
{
        _s3_ struct s3_call call = { .method = "HEAD", .bucket = edit->what, .doing = edit->name,
                                     .may_be_absent = true };
        int r = s3_call(ctx, &call);

        if (r == KN_OK)
                *ret = json_object();
        return r == KN_ENOENT ? KN_OK : r;
}

static int begin(struct kn_ctx *ctx, struct storage_edit *edit, char *name, size_t size)
{
        const char *bucket = kn_arg_str(ctx, "bucket", "");

        snprintf(name, size, "bucket %s", bucket);
        edit->name = name;
        edit->what = bucket;
        edit->read = there;
        edit->resource = storage_text("storage/bucket/%s", bucket);
        return edit->resource ? there(ctx, edit, &edit->before) : KN_ENOMEM;
}

/* ---- create and delete ---- */

/* Outside of us-east-1, AWS wants to hear the region once more, in a body. */
static int create(struct kn_ctx *ctx, const struct storage_edit *edit)
{
        const char *region = kn_config_str(ctx, "region", "us-east-1");
        bool is_first = strcmp(region, "us-east-1") == 0;
        _free_ char *body = is_first ? NULL : storage_text(
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                "<LocationConstraint>%s</LocationConstraint></CreateBucketConfiguration>", region);
        _s3_ struct s3_call call = { .method = "PUT", .bucket = edit->what, .doing = edit->name,
                                     .content_type = body ? "application/xml" : NULL, .body = body,
                                     .body_len = body ? strlen(body) : 0 };

        return s3_call(ctx, &call);
}

int bucket_create(struct kn_ctx *ctx)
{
        _edit_ struct storage_edit edit = { .write = create, .undo_action = "bucket.delete" };
        char name[100];
        int r = begin(ctx, &edit, name, sizeof name);

        if (r < 0)
                return r;
        edit.after = json_object();
        edit.undo_args = named(edit.what);
        r = edit.after && edit.undo_args ? storage_edit(ctx, &edit) : KN_ENOMEM;
        return r < 0 ? r : storage_answer(ctx, &edit, r, named(edit.what));
}

static int drop(struct kn_ctx *ctx, const struct storage_edit *edit)
{
        _s3_ struct s3_call call = { .method = "DELETE", .bucket = edit->what, .doing = edit->name };

        return s3_call(ctx, &call);
}

/* Each object is a change of its own. */
static int empty(struct kn_ctx *ctx, const char *bucket, const json_t *objects)
{
        json_t *row;
        size_t i;

        json_array_foreach(objects, i, row) {
                const struct s3_target target = { bucket, json_string_value(
                        json_object_get(row, "key")) };
                _edit_ struct storage_edit edit = {
                        .resource = storage_text("storage/bucket/%s/object/%s", bucket, target.key),
                        .name = target.key, .what = &target, .read = s3_object_read,
                        .write = s3_object_remove };
                int r = s3_object_read(ctx, &edit, &edit.before);

                if (r == 0)
                        r = storage_edit(ctx, &edit);
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
        _edit_ struct storage_edit edit = { .write = drop, .undo_action = "bucket.create" };
        _list_ struct s3_list list = { .limit = EMPTY_MAX + 1 };
        char name[100];
        json_t *rows;
        int r = begin(ctx, &edit, name, sizeof name);

        list.bucket = edit.what;
        if (r == 0 && edit.before)
                r = s3_list(ctx, &list);
        if (r == 0)
                r = check_floor(ctx, &list);
        if (r == 0)
                r = empty(ctx, edit.what, list.objects);
        if (r < 0)
                return r;
        edit.undo_args = named(edit.what);
        r = edit.undo_args ? storage_edit(ctx, &edit) : KN_ENOMEM;
        if (r < 0)
                return r;
        rows = named(edit.what);
        json_object_set_new(rows, "objects", json_integer((json_int_t)json_array_size(list.objects)));
        return storage_answer(ctx, &edit, r, rows);
}

int bucket_list(struct kn_ctx *ctx)
{
        json_t *buckets;
        int r = s3_buckets(ctx, &buckets);

        return r < 0 ? r : storage_give(ctx, json_pack("{s:o}", "buckets", buckets));
}
