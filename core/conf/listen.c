/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Addresses to listen on: "127.0.0.1:8470", "[::1]:8470", "unix:/path". Names are not resolved:
 * what they mean may change between the check and the start, and with it who can reach the hub.
 */

#include "conf/read.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static const char *parse_unix(const char *path)
{
        if (*path != '/')
                return "a Unix socket wants an absolute path";
        if (strlen(path) >= sizeof ((struct sockaddr_un *)0)->sun_path)
                return "the path of a Unix socket has at most 107 bytes";
        return NULL;
}

static bool parse_host(const char *host, bool *ret_public)
{
        unsigned char raw[16];

        if (inet_pton(AF_INET, host, raw) == 1) {
                *ret_public = raw[0] != 127;
                return true;
        }
        if (inet_pton(AF_INET6, host, raw) == 1) {
                *ret_public = memcmp(raw, &in6addr_loopback, 16) != 0;
                return true;
        }
        return false;
}

const char *conf_listen_parse(const char *address, bool *ret_public)
{
        const char *colon = strrchr(address, ':');
        char host[64];
        int64_t port;
        size_t n;

        *ret_public = false;
        if (text_starts_with(address, "unix:"))
                return parse_unix(address + 5);
        if (!colon)
                return "the port is missing";
        if (!text_to_int(colon + 1, 0, 65535, &port))
                return "the port is not a number from 0 to 65535";
        n = (size_t)(colon - address);
        if (n > 1 && address[0] == '[' && address[n - 1] == ']') {
                address++;
                n -= 2;
        } else if (memchr(address, ':', n)) {
                return "an IPv6 address stands in brackets";
        }
        snprintf(host, sizeof host, "%.*s", (int)n, address);
        return n < sizeof host && parse_host(host, ret_public)
                ? NULL : "the host is not a numeric address";
}
