/* SPDX-License-Identifier: Apache-2.0 */

/* What there is: buckets, and the objects of one, page by page up to the limit that was asked for. */

#include "storage/s3/s3.h"
#include "storage/s3/sign.h"
#include "storage/s3/xml.h"

#define PAGE_MAX 1000

void s3_etag(const char *text, char *ret, size_t size)
{
        size_t len = strlen(text);

        if (len >= 2 && *text == '"' && text[len - 1] == '"') {
                text++;
                len -= 2;
        }
        snprintf(ret, size, "%.*s", (int)len, text);
}

int s3_buckets(struct kn_ctx *ctx, json_t **ret)
{
        _s3_ struct s3_call call = { .doing = "the list of buckets" };
        _json_ json_t *xml = NULL, *buckets = json_array();
        int r = s3_call_xml(ctx, &call, "ListAllMyBucketsResult", &xml);
        json_t *bucket;
        size_t i;

        json_array_foreach(xml_children(xml_child(xml, "Buckets")), i, bucket) {
                const char *created = xml_text(bucket, "CreationDate");

                json_array_append_new(buckets, json_pack("{s:s, s:s?}", "bucket",
                                                         xml_text(bucket, "Name"), "created",
                                                         *created ? created : NULL));
        }
        if (r == 0)
                *ret = json_incref(buckets);
        return r;
}

/* The query of one page; names in order, as the signature wants them. */
static char *query_of(const struct s3_list *list, const char *token, int64_t n)
{
        _free_ char *after = sign_escape(list->after ? list->after : "", false);
        _free_ char *delimiter = sign_escape(list->delimiter ? list->delimiter : "", false);
        _free_ char *prefix = sign_escape(list->prefix ? list->prefix : "", false);
        _free_ char *escaped = sign_escape(token, false);

        if (!after || !delimiter || !prefix || !escaped)
                return NULL;
        return change_resource("%s%s%s%s%s%slist-type=2&max-keys=%lld%s%s%s%s",
                               *escaped ? "continuation-token=" : "", escaped, *escaped ? "&" : "",
                               *delimiter ? "delimiter=" : "", delimiter, *delimiter ? "&" : "",
                               (long long)n, *prefix ? "&prefix=" : "", prefix,
                               *after && !*escaped ? "&start-after=" : "", *escaped ? "" : after);
}

static int take_page(struct s3_list *list, const json_t *xml)
{
        json_t *child;
        size_t i;

        json_array_foreach(xml_children(xml), i, child) {
                char etag[200];
                int r = 0;

                s3_etag(xml_text(child, "ETag"), etag, sizeof etag);
                if (strcmp(xml_name(child), "Contents") == 0)
                        r = json_array_append_new(list->objects, json_pack(
                                "{s:s, s:I, s:s, s:s}", "key", xml_text(child, "Key"), "size",
                                (json_int_t)strtoll(xml_text(child, "Size"), NULL, 10), "etag",
                                etag, "modified", xml_text(child, "LastModified")));
                else if (strcmp(xml_name(child), "CommonPrefixes") == 0)
                        r = json_array_append_new(list->prefixes,
                                                  json_string(xml_text(child, "Prefix")));
                if (r < 0)
                        return KN_ENOMEM;
        }
        return KN_OK;
}

static int fetch_page(struct kn_ctx *ctx, struct s3_list *list, char **token)
{
        size_t have = json_array_size(list->objects) + json_array_size(list->prefixes);
        int64_t left = list->limit - (int64_t)have;
        _free_ char *query = query_of(list, *token, left > PAGE_MAX ? PAGE_MAX : left);
        _s3_ struct s3_call call = { .bucket = list->bucket, .query = query,
                                     .doing = "the list of a bucket's objects" };
        _json_ json_t *xml = NULL;
        int r = query ? s3_call_xml(ctx, &call, "ListBucketResult", &xml) : KN_ENOMEM;

        if (r == 0)
                r = take_page(list, xml);
        if (r < 0)
                return r;
        list->truncated = strcmp(xml_text(xml, "IsTruncated"), "true") == 0;
        free(*token);
        *token = strdup(xml_text(xml, "NextContinuationToken"));
        if (!*token)
                return KN_ENOMEM;
        return json_array_size(list->objects) + json_array_size(list->prefixes) > have ? KN_OK : 1;
}

int s3_list(struct kn_ctx *ctx, struct s3_list *list)
{
        _free_ char *token = strdup("");
        int r = KN_OK;

        list->objects = json_array();
        list->prefixes = json_array();
        if (!token || !list->objects || !list->prefixes)
                return KN_ENOMEM;
        do {
                r = fetch_page(ctx, list, &token);
        } while (r == KN_OK && list->truncated && *token &&
                 (int64_t)(json_array_size(list->objects) + json_array_size(list->prefixes)) <
                         list->limit);
        return r < 0 ? r : KN_OK;
}

void s3_list_done(struct s3_list *list)
{
        json_decref(list->objects);
        json_decref(list->prefixes);
}
