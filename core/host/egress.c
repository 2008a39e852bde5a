/* SPDX-License-Identifier: Apache-2.0 */
#include "host/egress.h"

#include "base/json.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

bool egress_split(const char *text, char host[256], int *ret_port)
{
        const char *colon = strrchr(text, ':'), *start = text;
        size_t len;
        int64_t port = -1;

        if (!colon || (strcmp(colon + 1, "*") != 0 && !text_to_int(colon + 1, 1, 65535, &port)))
                return false;
        len = (size_t)(colon - text);
        if (*start == '[' && len > 2 && start[len - 1] == ']') {
                start++;
                len -= 2;
        } else if (memchr(start, ':', len)) {
                return false;
        }
        if (!len || len > 255 ||
            strspn(start, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                          "0123456789.-_:*?%") < len)
                return false;
        for (size_t i = 0; i < len; i++)
                host[i] = (char)tolower((unsigned char)start[i]);
        host[len] = '\0';
        *ret_port = (int)port;
        return true;
}

static void lower(const char *host, char ret[256])
{
        size_t i;

        for (i = 0; host[i] && i < 255; i++)
                ret[i] = (char)tolower((unsigned char)host[i]);
        ret[i] = '\0';
}

bool egress_allows(const json_t *list, const char *host, int port)
{
        char wanted[256], pattern[256];
        const json_t *row;
        int allowed;
        size_t i;

        lower(host, wanted);
        json_array_foreach(list, i,
                           row) if (json_is_string(row) &&
                                    egress_split(json_string_value(row), pattern, &allowed) &&
                                    (allowed == -1 || allowed == port) &&
                                    text_matches(wanted, pattern)) return true;
        return false;
}

bool egress_allows_path(const json_t *list, const char *path)
{
        const json_t *row;
        size_t i;

        json_array_foreach(list, i, row)
                if (json_is_string(row) && text_starts_with(json_string_value(row), "unix:") &&
                    strcmp(json_string_value(row) + 5, path) == 0)
                        return true;
        return false;
}

/* ---- addresses ---- */

static bool v4_is_special(uint32_t a)
{
        return a >> 24 == 0 || a >> 24 == 127 || a >> 16 == 0xa9fe || a >> 28 == 0xe ||
               a == 0xffffffff;
}

static bool is_special(const struct sockaddr *address)
{
        const struct in6_addr *v6;

        if (address->sa_family == AF_INET)
                return v4_is_special(ntohl(((const struct sockaddr_in *)(const void *)address)
                                                   ->sin_addr.s_addr));
        if (address->sa_family != AF_INET6)
                return true;
        v6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(v6) || IN6_IS_ADDR_V4COMPAT(v6)) {
                uint32_t a;

                memcpy(&a, v6->s6_addr + 12, sizeof a);
                return v4_is_special(ntohl(a));
        }
        return IN6_IS_ADDR_LOOPBACK(v6) || IN6_IS_ADDR_UNSPECIFIED(v6) ||
               IN6_IS_ADDR_LINKLOCAL(v6) || IN6_IS_ADDR_MULTICAST(v6);
}

static bool is_loopback(const struct sockaddr *address)
{
        if (address->sa_family == AF_INET)
                return ntohl(((const struct sockaddr_in *)(const void *)address)
                                     ->sin_addr.s_addr) >>
                               24 ==
                       127;
        return address->sa_family == AF_INET6 &&
               IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)
                                             ->sin6_addr);
}

static bool is_listed(const json_t *list, const char *literal)
{
        char host[256];
        const json_t *row;
        size_t i;
        int port;

        json_array_foreach(list, i, row)
                if (json_is_string(row) && egress_split(json_string_value(row), host, &port) &&
                    strcmp(host, literal) == 0)
                        return true;
        return false;
}

bool egress_allows_address(const json_t *list, const char *host, const struct sockaddr *address)
{
        const void *bytes = address->sa_family == AF_INET
                ? (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr
                : (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        char literal[INET6_ADDRSTRLEN];

        if (!is_special(address))
                return true;
        if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
                return false;
        if (is_loopback(address) && strcasecmp(host, "localhost") == 0)
                return true;
        return inet_ntop(address->sa_family, bytes, literal, sizeof literal) &&
               is_listed(list, literal);
}

/* ---- derived lists ---- */

static int default_port(const char *scheme, size_t len)
{
        static const struct { const char *scheme; int port; } known[] = {
                { "http", 80 }, { "https", 443 }, { "ldap", 389 }, { "ldaps", 636 }, { "ws", 80 },
                { "wss", 443 }, { "postgresql", 5432 }, { "postgres", 5432 }, { "mysql", 3306 },
                { "amqp", 5672 }, { "amqps", 5671 }, { "mqtt", 1883 }, { "mqtts", 8883 },
                { "redis", 6379 }, { "ssh", 22 }, { "smtp", 25 }, { "smtps", 465 },
        };

        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
                if (strlen(known[i].scheme) == len &&
                    strncasecmp(known[i].scheme, scheme, len) == 0)
                        return known[i].port;
        return 0;
}

static void add_host(json_t *list, const char *host, int port)
{
        const char *open = strchr(host, ':') && *host != '[' ? "[" : "", *close = *open ? "]" : "";
        char text[300];

        if (port > 0)
                snprintf(text, sizeof text, "%s%.255s%s:%d", open, host, close, port);
        else
                snprintf(text, sizeof text, "%s%.255s%s:*", open, host, close);
        json_array_append_new(list, json_string(text));
}

/* "scheme://user@host:port/path": what stands between. */
static void add_url(json_t *list, const char *url, const char *authority)
{
        char text[256], host[256];
        const char *at;
        size_t len = strcspn(authority, "/?#");
        int port;

        if (len >= sizeof text)
                return;
        memcpy(text, authority, len);
        text[len] = '\0';
        at = strrchr(text, '@');
        at = at ? at + 1 : text;
        if (egress_split(at, host, &port))
                add_host(list, host, port);
        else if (*at)
                add_host(list, at, default_port(url, (size_t)(authority - 3 - url)));
}

static void add_text(json_t *list, const char *s)
{
        const char *authority = strstr(s, "://");
        char host[256];
        int port;

        if (authority && authority != s)
                add_url(list, s, authority + 3);
        else if (text_starts_with(s, "unix:/"))
                json_array_append_new(list, json_string(s));
        else if (*s == '/')
                json_array_append_new(list, json_sprintf("unix:%s", s));
        else if (egress_split(text_starts_with(s, "tcp:") ? s + 4 : s, host, &port))
                add_host(list, host, port);
}

static void add_named(json_t *list, const json_t *object, const char *key)
{
        const char *host = json_text_of(object, key, NULL);
        struct in6_addr v6;
        char split[256];
        int port;

        if (!host || !*host || strpbrk(host, "/ ") || egress_split(host, split, &port))
                return;
        if (!strchr(host, ':') || inet_pton(AF_INET6, host, &v6) == 1)
                add_host(list, host, (int)json_int_of(object, "port", 0));
}

static void derive(json_t *list, const json_t *value)
{
        const char *key;
        json_t *member;
        size_t i;

        if (json_is_string(value))
                add_text(list, json_string_value(value));
        json_array_foreach(value, i, member)
                derive(list, member);
        if (!json_is_object(value))
                return;
        json_object_foreach((json_t *)value, key, member)
                derive(list, member);
        add_named(list, value, "host");
        add_named(list, value, "hostname");
        add_named(list, value, "server");
        add_named(list, value, "address");
}

json_t *egress_derive(const json_t *config)
{
        json_t *list = json_array();

        if (list && config)
                derive(list, config);
        return list;
}
