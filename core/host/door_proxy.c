/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which proxy an exchange goes through, by the variables that all programs know. It is decided
 * here and told to curl, not left to it: behind a proxy the address that is connected to is not
 * held to the egress list, so nobody but us may believe that there is one.
 */

#include "host/door_proxy.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *variable(const char *const names[])
{
        for (size_t i = 0; names[i]; i++) {
                const char *value = getenv(names[i]);

                if (value && *value)
                        return value;
        }
        return NULL;
}

/* One word of no_proxy: "*", a host, or a domain with or without its dot. */
static bool word_has(const char *word, size_t len, const char *host)
{
        size_t n = strlen(host);

        if (len == 1 && *word == '*')
                return true;
        if (len && *word == '.') {
                word++;
                len--;
        }
        return len && len <= n && strncasecmp(host + n - len, word, len) == 0 &&
               (len == n || host[n - len - 1] == '.');
}

static bool is_exempt(const char *host)
{
        static const char *const names[] = { "no_proxy", "NO_PROXY", NULL };
        const char *at = variable(names);

        while (at && *at) {
                size_t len = strcspn(at, ", ");

                if (word_has(at, len, host))
                        return true;
                at += len + strspn(at + len, ", ");
        }
        return false;
}

/* HTTP_PROXY in capitals is what a CGI's client can set: nobody heeds it. */
const char *proxy_for(const char *scheme, const char *host)
{
        static const char *const https[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                             NULL };
        static const char *const http[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };

        return is_exempt(host) ? NULL : variable(strcasecmp(scheme, "https") == 0 ? https : http);
}
