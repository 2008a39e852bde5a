/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who may read a bucket. Servers have three ways to say it, and few have more than one: access lists
 * (Ceph, AWS before 2023), policy documents (AWS, MinIO, Ceph), and Swift's own. The instance's
 * configuration says which; to the contract they are the same three words, owner, everybody, and
 * other, which is whatever a person wrote there that is neither of the two.
 */

#include "storage/s3/s3.h"
#include "storage/s3/xml.h"

#define ALL_USERS "http://acs.amazonaws.com/groups/global/AllUsers"

/* ---- access lists ---- */

static const char *word_of_acl(const json_t *acl)
{
        const char *word = "owner";
        json_t *grant;
        size_t i;

        json_array_foreach(xml_children(xml_child(acl, "AccessControlList")), i, grant) {
                const char *group = xml_text(grant, "Grantee/URI");
                bool is_owner = strcmp(xml_text(grant, "Permission"), "FULL_CONTROL") == 0 &&
                                strcmp(xml_text(grant, "Grantee/ID"), xml_text(acl, "Owner/ID")) == 0;

                if (strcmp(group, ALL_USERS) == 0 &&
                    strcmp(xml_text(grant, "Permission"), "READ") == 0)
                        word = strcmp(word, "other") == 0 ? word : "everybody";
                else if (!is_owner)
                        word = "other";
        }
        return word;
}

static int read_acl(struct kn_ctx *ctx, const char *bucket, const char **ret)
{
        _s3_ struct s3_call call = { .bucket = bucket, .query = "acl=" };
        _json_ json_t *xml = NULL;
        int r = s3_call_xml(ctx, &call, "AccessControlPolicy", &xml);

        if (r == 0)
                *ret = word_of_acl(xml);
        return r;
}

static int write_acl(struct kn_ctx *ctx, const char *bucket, bool everybody)
{
        _s3_ struct s3_call call = { .method = "PUT", .bucket = bucket, .query = "acl=",
                                     .acl = everybody ? "public-read" : "private" };

        return s3_call(ctx, &call);
}

/* ---- documents ---- */

static json_t *document_of(const char *bucket)
{
        _free_ char *resource = change_resource("arn:aws:s3:::%s/*", bucket);

        return resource ? json_pack("{s:s, s:[{s:s, s:s, s:s, s:[s], s:[s]}]}", "Version",
                                    "2012-10-17", "Statement", "Sid", "KanameReadByEverybody",
                                    "Effect", "Allow", "Principal", "*", "Action", "s3:GetObject",
                                    "Resource", resource) : NULL;
}

static int read_document(struct kn_ctx *ctx, const char *bucket, const char **ret)
{
        _s3_ struct s3_call call = { .bucket = bucket, .query = "policy=" };
        _json_ json_t *wanted = document_of(bucket), *found = NULL;
        int r = s3_call(ctx, &call);

        if (r == KN_ENOENT && strcmp(call.code, "NoSuchBucketPolicy") == 0) {
                *ret = "owner";
                return KN_OK;
        }
        if (r < 0)
                return r;
        found = json_loadb(call.web.text, call.web.text_len, 0, NULL);
        if (!found)
                return kn_fail(ctx, KN_EREMOTE, "the policy that %s gives of bucket %s is no JSON: was "
                               "the answer cut off?", s3_url(ctx), bucket);
        *ret = json_equal(wanted, found) ? "everybody" : "other";
        return KN_OK;
}

static int write_document(struct kn_ctx *ctx, const char *bucket, bool everybody)
{
        _json_ json_t *document = document_of(bucket);
        _free_ char *body = document ? json_dumps(document, JSON_COMPACT) : NULL;
        _s3_ struct s3_call call = { .method = everybody ? "PUT" : "DELETE", .bucket = bucket,
                                     .query = "policy=" };

        if (!body)
                return KN_ENOMEM;
        if (everybody) {
                call.content_type = "application/json";
                call.body = body;
                call.body_len = strlen(body);
        }
        return s3_call(ctx, &call);
}

/* ---- Swift's ---- */

#define READERS "X-Container-Read"

static int read_swift(struct kn_ctx *ctx, const char *bucket, const char **ret)
{
        _web_ struct web_call call = { .status = 0 };
        char readers[200] = "";
        int r = swift_ask(ctx, bucket, "HEAD", "", &call);
        bool is_short = web_header(&call, READERS, readers, sizeof readers);

        if (r == 0)
                *ret = is_short && strcmp(readers, ".r:*,.rlistings") == 0 ? "everybody"
                        : is_short && *readers ? "other" : "owner";
        return r;
}

static int write_swift(struct kn_ctx *ctx, const char *bucket, bool everybody)
{
        _web_ struct web_call call = { .status = 0 };

        return swift_ask(ctx, bucket, "POST", everybody ? READERS ": .r:*,.rlistings\n"
                         : "X-Remove-Container-Read: x\n", &call);
}

/* ---- the action ---- */

static const struct way {
        const char *name;
        int (*read)(struct kn_ctx *ctx, const char *bucket, const char **ret);
        int (*write)(struct kn_ctx *ctx, const char *bucket, bool everybody);
} ways[] = {
        { "acl", read_acl, write_acl },
        { "document", read_document, write_document },
        { "swift", read_swift, write_swift },
};

static const struct way *way_of(struct kn_ctx *ctx)
{
        const char *name = kn_config_str(ctx, "policy", "acl");
        size_t i = 0;

        while (i + 1 < KN_ROWS(ways) && strcmp(ways[i].name, name) != 0)
                i++;
        return &ways[i];
}

static int read_policy(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        const struct s3_target *target = arg;
        const char *word = NULL;
        int r = way_of(ctx)->read(ctx, target->bucket, &word);

        if (r == 0)
                *ret = json_pack("{s:s}", "read", word);
        return r;
}

static int write_policy(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct s3_target *target = arg;
        const char *word = json_string_value(json_object_get(change->after, "read"));

        return way_of(ctx)->write(ctx, target->bucket, strcmp(word, "everybody") == 0);
}

/* The floor; what is neither of the two cannot be put back. */
static int guard_policy(struct kn_ctx *ctx, struct change *change, const char *bucket)
{
        const char *word = json_string_value(json_object_get(change->before, "read"));

        if (strcmp(word, "other") != 0) {
                change->undo_action = "bucket.policy";
                change->undo_args = json_pack("{s:s, s:s}", "bucket", bucket, "read", word);
                return change->undo_args ? KN_OK : KN_ENOMEM;
        }
        return kn_arg_bool(ctx, "force", 0) ? KN_OK
                : kn_fail(ctx, KN_EDENIED, "somebody gave bucket %s a policy of its own, so it was left "
                          "as it is: look at it there, or say force=true, which cannot be undone",
                          bucket);
}

int bucket_policy(struct kn_ctx *ctx)
{
        static const struct change_way way = { .system = "S3", .read = read_policy,
                                               .apply = write_policy };
        struct s3_target target = { kn_arg_str(ctx, "bucket", ""), NULL };
        _change_ struct change change = {
                .resource = change_resource("storage/bucket/%s/policy", target.bucket) };
        int r = read_policy(ctx, &target, &change.before);

        if (r == 0)
                r = guard_policy(ctx, &change, target.bucket);
        if (r < 0)
                return r;
        change.after = json_pack("{s:s}", "read", kn_arg_str(ctx, "read", ""));
        r = change.after ? change_make(ctx, &change, &way, &target) : KN_ENOMEM;
        return r < 0 ? r : change_answer(ctx, &change, r, json_pack("{s:s}", "bucket",
                                                                    target.bucket));
}
