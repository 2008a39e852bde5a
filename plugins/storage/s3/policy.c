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

static int read_acl(struct kn_ctx *ctx, const struct storage_edit *edit, const char **ret)
{
        _s3_ struct s3_call call = { .bucket = edit->what, .query = "acl=", .doing = edit->name };
        _json_ json_t *xml = NULL;
        int r = s3_call_xml(ctx, &call, "AccessControlPolicy", &xml);

        if (r == 0)
                *ret = word_of_acl(xml);
        return r;
}

static int write_acl(struct kn_ctx *ctx, const struct storage_edit *edit, bool everybody)
{
        _s3_ struct s3_call call = { .method = "PUT", .bucket = edit->what, .query = "acl=",
                                     .doing = edit->name,
                                     .acl = everybody ? "public-read" : "private" };

        return s3_call(ctx, &call);
}

/* ---- documents ---- */

static json_t *document_of(const char *bucket)
{
        _free_ char *resource = storage_text("arn:aws:s3:::%s/*", bucket);

        return resource ? json_pack("{s:s, s:[{s:s, s:s, s:s, s:[s], s:[s]}]}", "Version",
                                    "2012-10-17", "Statement", "Sid", "KanameReadByEverybody",
                                    "Effect", "Allow", "Principal", "*", "Action", "s3:GetObject",
                                    "Resource", resource) : NULL;
}

static int read_document(struct kn_ctx *ctx, const struct storage_edit *edit, const char **ret)
{
        _s3_ struct s3_call call = { .bucket = edit->what, .query = "policy=",
                                     .doing = edit->name };
        _json_ json_t *wanted = document_of(edit->what), *found = NULL;
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
                               "the answer cut off?", s3_url(ctx), (const char *)edit->what);
        *ret = json_equal(wanted, found) ? "everybody" : "other";
        return KN_OK;
}

static int write_document(struct kn_ctx *ctx, const struct storage_edit *edit, bool everybody)
{
        _json_ json_t *document = document_of(edit->what);
        _free_ char *body = document ? json_dumps(document, JSON_COMPACT) : NULL;
        _s3_ struct s3_call call = { .method = everybody ? "PUT" : "DELETE", .bucket = edit->what,
                                     .query = "policy=", .doing = edit->name };

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

static int read_swift(struct kn_ctx *ctx, const struct storage_edit *edit, const char **ret)
{
        _web_ struct web_call call = { .status = 0 };
        char readers[200] = "";
        int r = swift_ask(ctx, edit->what, "HEAD", "", &call);
        bool is_short = web_header(&call, READERS, readers, sizeof readers);

        if (r == 0)
                *ret = is_short && strcmp(readers, ".r:*,.rlistings") == 0 ? "everybody"
                        : is_short && *readers ? "other" : "owner";
        return r;
}

static int write_swift(struct kn_ctx *ctx, const struct storage_edit *edit, bool everybody)
{
        _web_ struct web_call call = { .status = 0 };

        return swift_ask(ctx, edit->what, "POST", everybody ? READERS ": .r:*,.rlistings\n"
                         : "X-Remove-Container-Read: x\n", &call);
}

/* ---- the action ---- */

static const struct way {
        const char *name;
        int (*read)(struct kn_ctx *ctx, const struct storage_edit *edit, const char **ret);
        int (*write)(struct kn_ctx *ctx, const struct storage_edit *edit, bool everybody);
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

static int read_policy(struct kn_ctx *ctx, const struct storage_edit *edit, json_t **ret)
{
        const char *word = NULL;
        int r = way_of(ctx)->read(ctx, edit, &word);

        if (r == 0)
                *ret = json_pack("{s:s}", "read", word);
        return r;
}

static int write_policy(struct kn_ctx *ctx, const struct storage_edit *edit)
{
        bool everybody = strcmp(json_string_value(json_object_get(edit->after, "read")),
                                "everybody") == 0;

        return way_of(ctx)->write(ctx, edit, everybody);
}

int bucket_policy(struct kn_ctx *ctx)
{
        const char *bucket = kn_arg_str(ctx, "bucket", ""), *word;
        char name[120];
        _edit_ struct storage_edit edit = {
                .resource = storage_text("storage/bucket/%s/policy", bucket), .name = name,
                .what = bucket, .read = read_policy, .write = write_policy };
        int r;

        snprintf(name, sizeof name, "the policy of bucket %s", bucket);
        r = read_policy(ctx, &edit, &edit.before);
        if (r < 0)
                return r;
        edit.after = json_pack("{s:s}", "read", kn_arg_str(ctx, "read", ""));
        word = json_string_value(json_object_get(edit.before, "read"));
        if (strcmp(word, "other") == 0 && !kn_arg_bool(ctx, "force", 0))
                return kn_fail(ctx, KN_EDENIED, "somebody gave bucket %s a policy of its own, so it "
                               "was left as it is: look at it there, or say force=true, which cannot "
                               "be undone", bucket);
        if (strcmp(word, "other") != 0) {
                edit.undo_action = "bucket.policy";
                edit.undo_args = json_pack("{s:s, s:s}", "bucket", bucket, "read", word);
        }
        r = edit.after ? storage_edit(ctx, &edit) : KN_ENOMEM;
        return r < 0 ? r : storage_answer(ctx, &edit, r, json_pack("{s:s}", "bucket", bucket));
}
