/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/signature.h"

#include "base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define MAC_SIZE crypto_auth_hmacsha256_BYTES
#define SECRET_MAX 512

static int bad(struct fault *fault)
{
        fault_set(fault, 401, "signature.bad",
                  "the signature is not one of this body by this webhook's secret");
        return fault_try(fault,
                         "compare the sender's secret with the key webhook.NAME of this hub");
}

static bool github_matches(const char *header, const char *secret, const void *body, size_t len)
{
        uint8_t given[MAC_SIZE], mac[MAC_SIZE];
        crypto_auth_hmacsha256_state state;
        size_t n = 0;

        if (!text_starts_with(header, "sha256=")
            || sodium_hex2bin(given, sizeof given, header + 7, strlen(header + 7), NULL, &n,
                              NULL) < 0
            || n != sizeof given)
                return false;
        crypto_auth_hmacsha256_init(&state, (const uint8_t *)secret, strlen(secret));
        crypto_auth_hmacsha256_update(&state, body, len);
        crypto_auth_hmacsha256_final(&state, mac);
        return sodium_memcmp(given, mac, sizeof mac) == 0;
}

/* The key of Standard Webhooks is what the base64 after whsec_ stands for. */
static size_t standard_key(const char *secret, uint8_t key[SECRET_MAX])
{
        size_t n = strlen(secret);

        if (text_starts_with(secret, "whsec_")
            && sodium_base642bin(key, SECRET_MAX, secret + 6, n - 6, "=", &n, NULL,
                                 sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0)
                return n;
        n = strnlen(secret, SECRET_MAX);
        memcpy(key, secret, n);
        return n;
}

static void standard_mac(const struct signature *s, const char *secret, const void *body,
                         size_t len,
                         uint8_t mac[MAC_SIZE])
{
        crypto_auth_hmacsha256_state state;
        uint8_t key[SECRET_MAX];
        size_t n = standard_key(secret, key);

        crypto_auth_hmacsha256_init(&state, key, n);
        sodium_memzero(key, sizeof key);
        crypto_auth_hmacsha256_update(&state, (const uint8_t *)s->id, strlen(s->id));
        crypto_auth_hmacsha256_update(&state, (const uint8_t *)".", 1);
        crypto_auth_hmacsha256_update(&state, (const uint8_t *)s->timestamp, strlen(s->timestamp));
        crypto_auth_hmacsha256_update(&state, (const uint8_t *)".", 1);
        crypto_auth_hmacsha256_update(&state, body, len);
        crypto_auth_hmacsha256_final(&state, mac);
}

/* One of the list must match: a sender that changes its secret signs with both for a while. */
static bool standard_matches(const char *list, const uint8_t mac[MAC_SIZE])
{
        uint8_t given[MAC_SIZE];
        bool found = false;

        for (const char *s = list; *s; s += strspn(s, " ")) {
                size_t len = strcspn(s, " "), n = 0;

                if (len > 3 && strncmp(s, "v1,", 3) == 0
                    && sodium_base642bin(given, sizeof given, s + 3, len - 3, NULL, &n, NULL,
                                         sodium_base64_VARIANT_ORIGINAL) == 0
                    && n == sizeof given)
                        found |= sodium_memcmp(given, mac, sizeof given) == 0;
                s += len;
        }
        return found;
}

static int check_standard(const struct signature *s, const char *secret, const void *body,
                          size_t len,
                          int64_t now_s, struct fault *fault)
{
        uint8_t mac[MAC_SIZE];
        int64_t at;

        if (!s->id || !s->timestamp || !text_to_int(s->timestamp, 0, INT64_MAX / 2, &at)) {
                fault_set(fault, 401, "signature.missing",
                          "webhook-signature needs webhook-id and webhook-timestamp");
                return fault_try(fault, "webhook-timestamp is in whole seconds since 1970");
        }
        if (at < now_s - SIGNATURE_TOLERANCE_S || at > now_s + SIGNATURE_TOLERANCE_S) {
                fault_set(fault, 401, "signature.old", "the signature was made %lld s from now",
                          (long long)(at - now_s));
                return fault_why(fault, "the tolerance is %d s; is one of the clocks wrong?",
                                 SIGNATURE_TOLERANCE_S);
        }
        standard_mac(s, secret, body, len, mac);
        return standard_matches(s->standard, mac) ? 0 : bad(fault);
}

int signature_check(const struct signature *signature, const char *secret, const void *body,
                    size_t len,
                    int64_t now_s, struct fault *fault)
{
        if (signature->standard)
                return check_standard(signature, secret, body, len, now_s, fault);
        if (!signature->github)
                return fault_set(fault, 401, "signature.missing", "there is no signature");
        return github_matches(signature->github, secret, body, len) ? 0 : bad(fault);
}
