/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The sensor: objects that came, changed or went. What is stored is {bucket: {key: ETag}} of the last
 * look; the first look at a bucket is no event, and what came and went between two is not seen.
 * Of a bucket with more objects than are listed, those behind the list are not looked at.
 */

#include "storage/s3/s3.h"

#define WATCH_MAX 5000                  /* objects of one bucket */

static int emit(struct kn_ctx *ctx, const char *trigger, json_t *payload)
{
        _json_ json_t *owned = payload;
        _free_ char *text = owned ? json_dumps(owned, JSON_COMPACT) : NULL;

        return text ? kn_emit(ctx, trigger, text, NULL) : KN_ENOMEM;
}

static int tell_new(struct kn_ctx *ctx, const struct s3_list *list, const json_t *known)
{
        json_t *row;
        size_t i;
        int r = KN_OK;

        json_array_foreach(list->objects, i, row) {
                json_t *key = json_object_get(row, "key"), *etag = json_object_get(row, "etag");
                json_t *before = json_object_get(known, json_string_value(key));

                if (r == KN_OK && (!before || !json_equal(before, etag)))
                        r = emit(ctx, "object.created",
                                 json_pack("{s:s, s:O, s:O, s:O, s:O?}", "bucket", list->bucket, "key",
                                           key, "size", json_object_get(row, "size"), "etag", etag,
                                           "previous", before));
        }
        return r;
}

/* Those that are known and not seen; behind the list's end nobody knows. */
static int tell_gone(struct kn_ctx *ctx, const struct s3_list *list, json_t *known, json_t *seen)
{
        json_t *last = json_array_get(list->objects, json_array_size(list->objects) - 1), *etag;
        const char *end = json_string_value(json_object_get(last, "key")), *key;
        int r = KN_OK;

        json_object_foreach(known, key, etag) {
                if (json_object_get(seen, key))
                        continue;
                if (list->truncated && end && strcmp(key, end) > 0)
                        json_object_set(seen, key, etag);
                else if (r == KN_OK)
                        r = emit(ctx, "object.removed",
                                 json_pack("{s:s, s:s, s:O}", "bucket", list->bucket, "key", key,
                                           "previous", etag));
        }
        return r;
}

static json_t *seen_of(const struct s3_list *list)
{
        json_t *seen = json_object(), *row;
        size_t i;

        json_array_foreach(list->objects, i, row)
                json_object_set(seen, json_string_value(json_object_get(row, "key")),
                                json_object_get(row, "etag"));
        return seen;
}

/* A bucket that is not there is not looked at; what was in it is gone when it is there again. */
static int look(struct kn_ctx *ctx, const char *bucket, json_t *all)
{
        _list_ struct s3_list list = { .bucket = bucket, .limit = WATCH_MAX };
        _json_ json_t *seen = NULL;
        json_t *known = json_object_get(all, bucket);
        int r = s3_list(ctx, &list);

        if (r == KN_ENOENT) {
                kn_log(ctx, KN_WARNING, "s3: there is no bucket %s to watch", bucket);
                return KN_OK;
        }
        if (r < 0)
                return r;
        seen = seen_of(&list);
        if (known) {
                r = tell_new(ctx, &list, known);
                if (r == 0)
                        r = tell_gone(ctx, &list, known, seen);
        }
        return r < 0 ? r : json_object_set(all, bucket, seen) < 0 ? KN_ENOMEM : KN_OK;
}

static json_t *stored(struct kn_ctx *ctx)
{
        json_t *all = json_loads(kn_str(ctx, KN_STORE, "objects", "{}"), 0, NULL);

        if (json_is_object(all))
                return all;
        json_decref(all);
        return json_object();
}

int bucket_watch(struct kn_ctx *ctx)
{
        _json_ json_t *all = stored(ctx), *before = json_deep_copy(all);
        _json_ json_t *watched = json_loads(kn_config_str(ctx, "watch", "[]"), 0, NULL);
        _free_ char *text = NULL;
        json_t *bucket;
        size_t i;
        int r = KN_OK;

        kn_put_int(ctx, KN_CALL, "again_ms", KN_INT, kn_config_int(ctx, "poll_s", 60) * 1000);
        json_array_foreach(watched, i, bucket)
                if (r == KN_OK)
                        r = look(ctx, json_string_value(bucket), all);
        if (r < 0 || json_equal(all, before))
                return r;
        text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
        return text ? kn_put_text(ctx, KN_STORE, "objects", KN_JSONTEXT, text) : KN_ENOMEM;
}
