/* SPDX-License-Identifier: Apache-2.0 */
#include "host/egress.h"

#include "base/cleanup.h"
#include "host/door_proxy.h"
#include "suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

START_TEST(lists_are_derived)
{
        _json_ json_t *config =
                json_loads("{\"url\": \"https://user:pw@API.example.com/v1?x=y:1\", \"plain\": "
                           "\"http://[2001:db8::1]:8081\","
                           " \"list\": [\"tcp:ns1.example.com:53\", \"unix:/run/a.sock\", "
                           "\"/run/b.sock\", \"just words\"],"
                           " \"peer\": {\"host\": \"10.0.0.7\", \"port\": 636}, \"any\": "
                           "{\"server\": \"ldap.example.com\"}}",
                           0, NULL);
        _json_ json_t *list = egress_derive(config);

        ck_assert(egress_allows(list, "api.EXAMPLE.com", 443));
        ck_assert(!egress_allows(list, "api.example.com", 80));
        ck_assert(egress_allows(list, "2001:db8::1", 8081));
        ck_assert(egress_allows(list, "ns1.example.com", 53));
        ck_assert(egress_allows(list, "10.0.0.7", 636));
        ck_assert(!egress_allows(list, "10.0.0.7", 389));
        ck_assert(egress_allows(list, "ldap.example.com", 3269));
        ck_assert(egress_allows_path(list, "/run/a.sock"));
        ck_assert(egress_allows_path(list, "/run/b.sock"));
        ck_assert(!egress_allows_path(list, "/run/c.sock"));
        ck_assert(!egress_allows(list, "other.example.com", 443));
}
END_TEST

START_TEST(patterns_match)
{
        _json_ json_t *list =
                json_loads("[\"*.example.com:443\", \"10.0.0.?:*\", 7, \"broken\"]", 0, NULL);

        ck_assert(egress_allows(list, "a.b.example.com", 443));
        ck_assert(!egress_allows(list, "example.com", 443));
        ck_assert(!egress_allows(list, "a.example.com.evil.org", 443));
        ck_assert(egress_allows(list, "10.0.0.7", 1));
        ck_assert(!egress_allows(list, "10.0.0.77", 1));
        ck_assert(!egress_allows(NULL, "10.0.0.7", 1));
}
END_TEST

static bool resolves(const json_t *list, const char *host, const char *to)
{
        struct sockaddr_in v4 = { .sin_family = AF_INET };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

        if (inet_pton(AF_INET, to, &v4.sin_addr) == 1)
                return egress_allows_address(list, host, (struct sockaddr *)&v4);
        ck_assert_int_eq(inet_pton(AF_INET6, to, &v6.sin6_addr), 1);
        return egress_allows_address(list, host, (struct sockaddr *)&v6);
}

/*
 * A name of the outside must not lead to this machine, or to the address where a cloud keeps its
 * credentials.
 */
START_TEST(names_may_not_lead_home)
{
        _json_ json_t *names = json_loads("[\"*.example.com:*\", \"localhost:*\"]", 0, NULL);
        _json_ json_t *literal =
                json_loads("[\"127.0.0.1:80\", \"[::1]:80\", \"169.254.169.254:80\"]", 0, NULL);

        ck_assert(resolves(names, "www.example.com", "192.0.2.1"));
        ck_assert(resolves(names, "www.example.com", "2001:db8::1"));
        ck_assert(!resolves(names, "www.example.com", "127.0.0.1"));
        ck_assert(!resolves(names, "www.example.com", "127.8.8.8"));
        ck_assert(!resolves(names, "www.example.com", "::1"));
        ck_assert(!resolves(names, "www.example.com", "::ffff:127.0.0.1"));
        ck_assert(!resolves(names, "www.example.com", "169.254.169.254"));
        ck_assert(!resolves(names, "www.example.com", "fe80::1"));
        ck_assert(!resolves(names, "www.example.com", "0.0.0.0"));
        ck_assert(resolves(names, "localhost", "127.0.0.1"));
        ck_assert(!resolves(names, "localhost", "169.254.169.254"));
        ck_assert(resolves(literal, "127.0.0.1", "127.0.0.1"));
        ck_assert(resolves(literal, "::1", "::1"));
        ck_assert(resolves(literal, "169.254.169.254", "169.254.169.254"));
}
END_TEST

START_TEST(proxies_follow_the_environment)
{
        unsetenv("all_proxy");
        unsetenv("ALL_PROXY");
        unsetenv("https_proxy");
        setenv("http_proxy", "http://p:1", 1);
        setenv("HTTPS_PROXY", "http://p:2", 1);
        setenv("no_proxy", "localhost, .example.com,10.0.0.7", 1);
        ck_assert_str_eq(proxy_for("http", "a.test"), "http://p:1");
        ck_assert_str_eq(proxy_for("HTTPS", "a.test"), "http://p:2");
        ck_assert_ptr_null(proxy_for("http", "LOCALHOST"));
        ck_assert_ptr_null(proxy_for("http", "example.com"));
        ck_assert_ptr_null(proxy_for("http", "www.Example.com"));
        ck_assert_ptr_null(proxy_for("http", "10.0.0.7"));
        ck_assert_ptr_nonnull(proxy_for("http", "notexample.com"));
        ck_assert_ptr_nonnull(proxy_for("http", "110.0.0.7"));
        setenv("no_proxy", "*", 1);
        ck_assert_ptr_null(proxy_for("https", "a.test"));
        unsetenv("no_proxy");
        unsetenv("http_proxy");
        setenv("HTTP_PROXY", "http://evil:1", 1);
        ck_assert_ptr_null(proxy_for("http", "a.test"));
        setenv("all_proxy", "http://p:3", 1);
        ck_assert_str_eq(proxy_for("http", "a.test"), "http://p:3");
}
END_TEST

int main(void)
{
        return SUITE("host/egress", ONCE(lists_are_derived), ONCE(patterns_match),
                     ONCE(names_may_not_lead_home),
                     ONCE(proxies_follow_the_environment));
}
