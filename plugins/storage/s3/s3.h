/* SPDX-License-Identifier: Apache-2.0 */

/* What the files of the plugin share. Functions return KN_OK or a KN_E with the sentence set. */

#ifndef PLUGINS_STORAGE_S3_H
#define PLUGINS_STORAGE_S3_H

#include "change.h"
#include "web.h"

#define S3_READ_MAX     (1u << 20)      /* objects up to this are compared by content */
#define S3_BODY_MAX     (512u << 10)    /* what object.put takes */
#define S3_GET_MAX      (8u << 20)      /* what object.get gives */
#define S3_KEEP_MAX     (64u << 10)     /* what the ledger keeps for undo */

/* ---- requests (request.c) ---- */

struct s3_call {
        const char *method;             /* NULL: "GET" */
        const char *bucket, *key;       /* NULL: the service, the bucket */
        const char *query;              /* encoded and sorted, "acl=" for one without value; NULL: none */
        const char *doing;              /* for sentences; NULL: "object k of bucket b" */
        const char *acl;                /* x-amz-acl; NULL: none */
        const char *condition;          /* "If-Match: …"; NULL: none */
        const char *content_type;
        const char *body;
        size_t body_len;
        bool may_be_absent;             /* KN_ENOENT is an answer, without a sentence */
        struct web_call web;            /* the answer */
        char code[64];                  /* of a refusal: "NoSuchKey"; "" where there was none */
};

int s3_call(struct kn_ctx *ctx, struct s3_call *call);
/* The same, for an answer that is XML with such a root. *ret is new. */
int s3_call_xml(struct kn_ctx *ctx, struct s3_call *call, const char *root, json_t **ret);
void s3_done(struct s3_call *call);
#define _s3_ _cleanup_(s3_done)
/* A URL that works for so many seconds, new. */
int s3_presign(struct kn_ctx *ctx, const char *method, const char *bucket, const char *key,
               int expires_s, char **ret);
const char *s3_url(struct kn_ctx *ctx);

/* ---- listing (list.c) ---- */

struct s3_list {
        const char *bucket, *prefix, *after, *delimiter;        /* NULL: none */
        int64_t limit;
        json_t *objects, *prefixes;     /* owned: [{key, size, etag, modified}], [text] */
        bool truncated;
};

int s3_list(struct kn_ctx *ctx, struct s3_list *list);
void s3_list_done(struct s3_list *list);
#define _list_ _cleanup_(s3_list_done)
int s3_buckets(struct kn_ctx *ctx, json_t **ret);       /* [{bucket, created}] */
/* An ETag without its quotes. */
void s3_etag(const char *text, char *ret, size_t size);

/* ---- one object as it is (look.c) ---- */

struct s3_object {
        json_t *value;                  /* owned; NULL: there is none */
        char etag[200];                 /* without quotes; "" */
        char type[200], modified[100];
        int64_t size;
        const char *content;            /* NULL where it is larger than was asked for */
};

/* The content too, where it has no more than max bytes. */
int s3_look(struct kn_ctx *ctx, const char *bucket, const char *key, size_t max,
            struct s3_object *ret);
void s3_object_done(struct s3_object *object);
#define _object_ _cleanup_(s3_object_done)
/* What an object of this type and content is to the ledger. */
json_t *s3_value(const char *content_type, const void *content, size_t len);
/* What a change is about: a bucket (key NULL), or an object. */
struct s3_target {
        const char *bucket, *key;
};
/* The way to delete an object, which bucket.delete goes for each; its arg is a struct s3_target. */
extern const struct change_way s3_object_removal;

/* ---- Swift's own API, for what S3 lacks (swift.c) ---- */

/* Ask about the container that a bucket is; line: a header of the request, "" or with its \n. */
int swift_ask(struct kn_ctx *ctx, const char *bucket, const char *method, const char *line,
              struct web_call *call);

/* ---- the actions ---- */

int bucket_create(struct kn_ctx *ctx);
int bucket_delete(struct kn_ctx *ctx);
int bucket_list(struct kn_ctx *ctx);
int bucket_quota(struct kn_ctx *ctx);
int bucket_policy(struct kn_ctx *ctx);
int object_put(struct kn_ctx *ctx);
int object_get(struct kn_ctx *ctx);
int object_list(struct kn_ctx *ctx);
int object_delete(struct kn_ctx *ctx);
int object_presign(struct kn_ctx *ctx);
int bucket_watch(struct kn_ctx *ctx);

#endif
