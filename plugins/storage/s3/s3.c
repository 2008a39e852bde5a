/* SPDX-License-Identifier: Apache-2.0 */

/* Buckets and objects on whatever speaks S3. */

#include "storage/s3/s3.h"

/* Listing buckets needs the key, the clock and the region to be right; what a server lacks is said. */
static int check(struct kn_ctx *ctx)
{
        _json_ json_t *buckets = NULL, *lacks = json_array();
        int r = s3_buckets(ctx, &buckets);

        if (r < 0)
                return r;
        if (!*kn_config_str(ctx, "swift_auth", ""))
                json_array_append_new(lacks, json_string("bucket.quota"));
        return change_give(ctx, json_pack("{s:I, s:O}", "buckets",
                                           (json_int_t)json_array_size(buckets), "unsupported",
                                           lacks));
}

static const char config[] = KN_JSON({
        "type": "object",
        "properties": {
                "url": { "type": "string", "maxLength": 250, "pattern": "^https?://[^\\s?#@]+$",
                        "description": "https://s3.eu-west-1.amazonaws.com, http://swift.test:8080" },
                "region": { "type": "string", "minLength": 1, "maxLength": 60, "default": "us-east-1",
                        "pattern": "^[a-z0-9-]+$" },
                "access_key": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$",
                        "description": "The key's id; on Swift account:user" },
                "secret_key": { "type": "string", "minLength": 1, "maxLength": 500, "writeOnly": true,
                        "description": "What belongs to it; it is never sent" },
                "session_token": { "type": "string", "minLength": 1, "maxLength": 4000, "writeOnly": true,
                        "description": "Of temporary credentials" },
                "policy": { "type": "string", "enum": ["acl", "document", "swift"], "default": "acl",
                        "description": "How to say who may read a bucket: acl (Ceph), document (AWS, MinIO), swift" },
                "swift_auth": { "type": "string", "maxLength": 250, "pattern": "^https?://[^\\s?#@]+$",
                        "description": "http://swift.test:8080/auth/v1.0, for Swift's quotas and policies" },
                "watch": { "type": "array", "maxItems": 20, "uniqueItems": true,
                        "items": { "type": "string", "minLength": 3, "maxLength": 63 },
                        "description": "The buckets whose objects are watched" },
                "poll_s": { "type": "integer", "minimum": 1, "maximum": 86400, "default": 60,
                        "description": "How often they are looked at" }
        ) WEB_TLS KN_JSON(
        },
        "required": ["url", "access_key", "secret_key"],
        "additionalProperties": false
});

#define READS (KN_IDEMPOTENT | KN_READONLY)

/* Summaries and schemas stand in the domain's contract. */
static const struct kn_action actions[] = {
        { .name = "bucket.create", .run = bucket_create, .flags = KN_IDEMPOTENT },
        { .name = "bucket.delete", .run = bucket_delete, .flags = KN_IDEMPOTENT },
        { .name = "bucket.list", .run = bucket_list, .flags = READS },
        { .name = "bucket.quota", .run = bucket_quota, .flags = KN_IDEMPOTENT },
        { .name = "bucket.policy", .run = bucket_policy, .flags = KN_IDEMPOTENT },
        { .name = "object.put", .run = object_put, .flags = KN_IDEMPOTENT },
        { .name = "object.get", .run = object_get, .flags = READS },
        { .name = "object.list", .run = object_list, .flags = READS },
        { .name = "object.delete", .run = object_delete, .flags = KN_IDEMPOTENT },
        { .name = "object.presign", .run = object_presign, .flags = READS },
};

static const struct kn_sensor sensors[] = {
        { .name = "bucket.watch", .summary = "Watch the objects of some buckets",
          .poll = bucket_watch, .interval_ms = 60000 },
};

/*
 * Calls of one instance stay serialised: few servers know If-Match, and where they do not, the check
 * before a write is ours.
 */
KN_PLUGIN(.name = "s3", .version = "1.0", .domain = "storage",
          .summary = "Buckets and objects on whatever speaks S3",
          .config = config, .check = check, KN_ACTIONS(actions), KN_SENSORS(sensors))
