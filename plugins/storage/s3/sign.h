/* SPDX-License-Identifier: Apache-2.0 */

/*
 * AWS Signature Version 4, as S3 wants it: a request, or a URL that somebody else will use, signed
 * with a key that is never sent. Pure: the time comes from outside, so that the published examples
 * can be checked.
 */

#ifndef PLUGINS_STORAGE_S3_SIGN_H
#define PLUGINS_STORAGE_S3_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define SIGN_HASH_SIZE 65               /* SHA-256 in hex, and the NUL */
#define SIGN_DATE_SIZE 17               /* 20130524T000000Z */

struct sign_key {
        const char *id, *secret;
        const char *token;              /* of temporary credentials; NULL: none */
        const char *region, *service;
};

struct sign_request {
        const char *method;
        const char *path;               /* percent-encoded, as it is sent */
        const char *query;              /* percent-encoded, sorted by name, a= where there is no value */
        const char *headers;            /* "name:value\n", lower case, sorted, host among them */
        const char *payload;            /* the body's hash, or UNSIGNED-PAYLOAD */
};

void sign_hash(const void *data, size_t len, char ret[SIGN_HASH_SIZE]);
void sign_date(time_t now, char ret[SIGN_DATE_SIZE]);
/* The value of the Authorization header; NULL: out of memory. */
char *sign_authorization(const struct sign_key *key, const struct sign_request *request, time_t now);
/* The query of a URL that works for so many seconds; request's headers is host alone, its query empty. */
char *sign_query(const struct sign_key *key, const struct sign_request *request, time_t now,
                 int expires_s);
/* As SigV4 wants it: all but letters, digits and -._~ as %XX; slashes stay where asked. NULL: no memory. */
char *sign_escape(const char *text, bool keep_slashes);

#endif
