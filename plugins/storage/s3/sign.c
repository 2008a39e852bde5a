/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/s3/sign.h"

#include "cleanup.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define HASH crypto_auth_hmacsha256_BYTES
#define SCOPE_SIZE 200

static void hex(const unsigned char *bytes, char ret[SIGN_HASH_SIZE])
{
        sodium_bin2hex(ret, SIGN_HASH_SIZE, bytes, HASH);
}

void sign_hash(const void *data, size_t len, char ret[SIGN_HASH_SIZE])
{
        unsigned char hash[crypto_hash_sha256_BYTES];

        crypto_hash_sha256(hash, data, len);
        hex(hash, ret);
}

static void hmac(const void *key, size_t key_len, const char *text, unsigned char ret[HASH])
{
        crypto_auth_hmacsha256_state state;

        crypto_auth_hmacsha256_init(&state, key, key_len);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
        crypto_auth_hmacsha256_final(&state, ret);
}

void sign_date(time_t now, char ret[SIGN_DATE_SIZE])
{
        struct tm tm;

        gmtime_r(&now, &tm);
        strftime(ret, SIGN_DATE_SIZE, "%Y%m%dT%H%M%SZ", &tm);
}

/* "20130524/us-east-1/s3/aws4_request" */
static void scope_of(const struct sign_key *key, const char *date, char ret[SCOPE_SIZE])
{
        snprintf(ret, SCOPE_SIZE, "%.8s/%s/%s/aws4_request", date, key->region, key->service);
}

/* The names of "name:value\n" lines, with ; between them. */
static char *names_of(const char *headers)
{
        char *ret = malloc(strlen(headers) + 1), *to = ret;

        for (const char *line = headers; ret && *line; line = strchr(line, '\n') + 1) {
                size_t len = strcspn(line, ":");

                if (to != ret)
                        *to++ = ';';
                memcpy(to, line, len);
                to += len;
        }
        if (ret)
                *to = 0;
        return ret;
}

/* The signature in hex: over the hash of the canonical request, with a key made for day and place. */
static int signature_of(const struct sign_key *key, const struct sign_request *request,
                        const char *query, const char *date, char ret[SIGN_HASH_SIZE])
{
        _free_ char *names = names_of(request->headers), *canonical = NULL, *first = NULL;
        char hash[SIGN_HASH_SIZE], scope[SCOPE_SIZE], text[400], day[9];
        unsigned char k[HASH];

        if (!names || asprintf(&canonical, "%s\n%s\n%s\n%s\n%s\n%s", request->method, request->path,
                               query, request->headers, names, request->payload) < 0 ||
            asprintf(&first, "AWS4%s", key->secret) < 0)
                return -1;
        sign_hash(canonical, strlen(canonical), hash);
        scope_of(key, date, scope);
        snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", date, scope, hash);
        snprintf(day, sizeof day, "%.8s", date);
        hmac(first, strlen(first), day, k);
        hmac(k, sizeof k, key->region, k);
        hmac(k, sizeof k, key->service, k);
        hmac(k, sizeof k, "aws4_request", k);
        hmac(k, sizeof k, text, k);
        hex(k, ret);
        sodium_memzero(first, strlen(first));
        return 0;
}

char *sign_authorization(const struct sign_key *key, const struct sign_request *request, time_t now)
{
        _free_ char *names = names_of(request->headers);
        char date[SIGN_DATE_SIZE], scope[SCOPE_SIZE], signature[SIGN_HASH_SIZE], *ret;

        sign_date(now, date);
        scope_of(key, date, scope);
        if (!names || signature_of(key, request, request->query, date, signature) < 0)
                return NULL;
        return asprintf(&ret, "AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s",
                        key->id, scope, names, signature) < 0 ? NULL : ret;
}

char *sign_query(const struct sign_key *key, const struct sign_request *request, time_t now,
                 int expires_s)
{
        _free_ char *credential = NULL, *escaped = NULL, *query = NULL, *token = NULL;
        char date[SIGN_DATE_SIZE], scope[SCOPE_SIZE], signature[SIGN_HASH_SIZE], *ret;

        sign_date(now, date);
        scope_of(key, date, scope);
        if (asprintf(&credential, "%s/%s", key->id, scope) < 0)
                return NULL;
        escaped = sign_escape(credential, false);
        token = sign_escape(key->token ? key->token : "", false);
        if (!escaped || !token ||
            asprintf(&query, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%s&X-Amz-Date=%s"
                     "&X-Amz-Expires=%d%s%s&X-Amz-SignedHeaders=host", escaped, date, expires_s,
                     *token ? "&X-Amz-Security-Token=" : "", token) < 0 ||
            signature_of(key, request, query, date, signature) < 0)
                return NULL;
        return asprintf(&ret, "%s&X-Amz-Signature=%s", query, signature) < 0 ? NULL : ret;
}

char *sign_escape(const char *text, bool keep_slashes)
{
        char *ret = malloc(strlen(text) * 3 + 1), *to = ret;

        for (; ret && *text; text++) {
                char c = *text;

                if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    strchr("-._~", c) || (c == '/' && keep_slashes))
                        *to++ = c;
                else
                        to += sprintf(to, "%%%02X", (unsigned char)c);
        }
        if (ret)
                *to = 0;
        return ret;
}
