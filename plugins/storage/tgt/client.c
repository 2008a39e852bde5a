/* SPDX-License-Identifier: Apache-2.0 */

/* How a client is spelt: tgtd matches text and bits, and keeps two spellings of one as two. */

#include "storage/tgt/tgt.h"

#include <arpa/inet.h>

static bool bit(const unsigned char *bytes, unsigned at)
{
        return bytes[at / 8] >> (7 - at % 8) & 1;
}

/* "192.0.2.0/24": the network's own bits only; the length of a whole address is no network. */
static int network(struct kn_ctx *ctx, const char *text, const char *address, const char *length,
                   char *ret)
{
        int family = strchr(address, ':') ? AF_INET6 : AF_INET;
        unsigned all = family == AF_INET ? 32 : 128, n = all;
        unsigned char raw[16];

        if (inet_pton(family, address, raw) != 1 ||
            (length && (sscanf(length, "%3u", &n) != 1 || n < 1 || n > all)))
                return kn_fail(ctx, KN_EARG, "%s is neither an address nor a network: such are "
                               "192.0.2.7, 192.0.2.0/24, 2001:db8::/64", text);
        for (unsigned i = n; i < all; i++)
                if (bit(raw, i))
                        return kn_fail(ctx, KN_EARG, "%s names a host and not its network: set the "
                                       "bits behind /%u to 0, or leave the /%u out", text, n, n);
        inet_ntop(family, raw, ret, INET6_ADDRSTRLEN);
        if (n < all)
                snprintf(ret + strlen(ret), 8, "/%u", n);
        return KN_OK;
}

int tgt_client(struct kn_ctx *ctx, const char *text, char ret[TGT_CLIENT_SIZE])
{
        char address[INET6_ADDRSTRLEN + 8];
        char *slash;

        if (strncmp(text, "account:", 8) == 0 || strspn(text, "iqneua") >= 3) {
                snprintf(ret, TGT_CLIENT_SIZE, "%s", text);
                return KN_OK;
        }
        snprintf(address, sizeof address, "%s", text);
        slash = strchr(address, '/');
        if (slash)
                *slash++ = 0;
        return network(ctx, text, address, slash, ret);
}
