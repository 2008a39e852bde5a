/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names and values as the whole domain understands them, and what a PowerDNS does not do on demand:
 * its API is played by canned replies.
 */

#include "suite.h"

#include <jansson.h>
#include <kaname/mock.h>
#include <stdbool.h>
#include <string.h>

#define ZONE(rrsets)                                                                               \
        "{\"name\":\"example.com.\",\"kind\":\"Native\",\"serial\":7,\"rrsets\":[" rrsets "]}"
#define WWW                                                                                        \
        "{\"name\":\"www.example.com.\",\"type\":\"A\",\"ttl\":60,\"records\":[{\"content\":"      \
        "\"192.0.2.1\",\"disabled\":false}]}"
#define SOA "{\"name\":\"example.com.\",\"type\":\"SOA\",\"ttl\":60,\"records\":[{\"content\":" \
        "\"a.example.com. b.example.com. 7 1 1 1 1\",\"disabled\":false}]}"

static struct kn_mock *plugin(void)
{
        const char *build = getenv("TOP_BUILDDIR");
        struct kn_mock *mock;
        char so[4096];

        snprintf(so, sizeof so, "%s/plugins/dns/powerdns.so", build ? build : ".");
        mock = kn_mock_open(so);
        ck_assert_pstr_eq(kn_mock_trouble(mock), NULL);
        ck_assert_int_eq(
                kn_mock_config(mock,
                               "{\"url\":\"http://pdns.test:8081/\",\"api_key\":\"s3cr3t-key\"}"),
                KN_OK);
        return mock;
}

static struct kn_mock *plugin_with(const char *zone)
{
        struct kn_mock *mock = plugin();

        kn_mock_reply(mock, "GET", "http://pdns.test:8081/api/v1/servers/localhost/search-data*",
                      200, "[]");
        kn_mock_reply(mock, "GET",
                      "http://pdns.test:8081/api/v1/servers/localhost/zones/example.com.*", 200,
                      zone);
        kn_mock_reply(mock, "PATCH",
                      "http://pdns.test:8081/api/v1/servers/localhost/zones/example.com.", 204, "");
        return mock;
}

/* A plan of record.set; the arguments are quoted here. */
static int plan_set(struct kn_mock *mock, const char *zone, const char *name, const char *type,
                    const char *value)
{
        json_t *args = json_pack("{s:s, s:s, s:s, s:[s]}", "zone", zone, "name", name, "type", type,
                                 "values", value);
        char *text = json_dumps(args, 0);
        int r = kn_mock_plan(mock, "record.set", text);

        free(text);
        json_decref(args);
        return r;
}

static const char *planned(struct kn_mock *mock, const char *member)
{
        static char text[2000];         /* each test is a process of its own */
        json_t *changes = json_loads(kn_mock_changes(mock), 0, NULL),
                *row = json_array_get(changes, 0);
        const json_t *value = json_object_get(row, member);

        if (strcmp(member, "value") == 0)
                value = json_array_get(json_object_get(json_object_get(row, "after"), "values"), 0);
        snprintf(text, sizeof text, "%s", json_string_value(value) ? json_string_value(value) : "");
        json_decref(changes);
        return text;
}

/* ---- names ---- */

static const struct {
        const char *zone, *name, *resource;     /* resource NULL: refused */
} names[] = {
        { "example.com", "www", "dns/example.com/www/A" },
        { "Example.COM.", "WWW", "dns/example.com/www/A" },
        { "example.com", "www.example.com", "dns/example.com/www/A" },
        { "example.com", "www.example.com.", "dns/example.com/www/A" },
        { "example.com", "a.b", "dns/example.com/a.b/A" },
        { "example.com", "@", "dns/example.com/@/A" },
        { "example.com", "example.com", "dns/example.com/@/A" },
        { "example.com", "badexample.com", "dns/example.com/badexample.com/A" },
        { "example.com", "*", "dns/example.com/*/A" },
        { "example.com", "*.a", "dns/example.com/*.a/A" },
        { "example.com", "_a._tcp", "dns/example.com/_a._tcp/A" },
        { "example.com", "0/25", "dns/example.com/0%2F25/A" },
        { "example.com", "xn--bcher-kva", "dns/example.com/xn--bcher-kva/A" },
        { "example.com", "b\xc3\xbc" "cher", NULL },
        { "b\xc3\xbc" "cher.example", "www", NULL },
        { "example.com", "www.example.org.", NULL },
        { "example.com", "badexample.com.", NULL },
        { "example.com", "", NULL },
        { "example.com", ".", NULL },
        { "example.com", "a..b", NULL },
        { "example.com", ".a", NULL },
        { "example.com", "a*", NULL },
        { "example.com", "a.*", NULL },
        { "example.com", "a b", NULL },
        { "example.com", "a;b", NULL },
        { "example.com", "a\\.b", NULL },
        { "example.com", "a\nb", NULL },
        { ".", "www", NULL },
        { "", "www", NULL },
        { "*.example.com", "www", NULL },
        { "@", "www", NULL },
        { "example.com", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "dns/example.com/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/A" },
        { "example.com", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
};

START_TEST(names_have_one_form)
{
        struct kn_mock *mock = plugin_with(ZONE(SOA));
        int r = plan_set(mock, names[_i].zone, names[_i].name, "A", "192.0.2.9");

        ck_assert_int_eq(r, names[_i].resource ? KN_OK : KN_EARG);
        if (names[_i].resource)
                ck_assert_str_eq(planned(mock, "resource"), names[_i].resource);
        else
                ck_assert_ptr_nonnull(kn_mock_sentence(mock));
        kn_mock_free(mock);
}
END_TEST

START_TEST(names_have_limits)
{
        struct kn_mock *mock = plugin_with(ZONE(SOA));
        char name[600];

        for (size_t len = 230; len < sizeof name; len += 1) {
                bool fits = len + strlen(".example.com") <= 253;

                for (size_t i = 0; i < len; i++)
                        name[i] = i % 60 == 59 && i + 1 < len ? '.' : 'a';
                name[len] = 0;
                ck_assert_int_eq(plan_set(mock, "example.com", name, "A", "192.0.2.9"), fits ? KN_OK
                                 : KN_EARG);
        }
        kn_mock_free(mock);
}
END_TEST

/* ---- values ---- */

static const struct {
        const char *type, *value, *canonical;   /* canonical NULL: refused */
} values[] = {
        { "A", "192.0.2.9", "192.0.2.9" }, { "A", " 192.0.2.9 ", "192.0.2.9" },
                { "A", "192.0.2", NULL }, { "A", "192.0.2.256", NULL },
        { "A", "192.0.2.9 192.0.2.8", NULL }, { "A", "192.0.2.9 ; why", NULL }, { "A", "", NULL },
        { "A", "192.0.2.9\nevil 300 IN A 192.0.2.8", NULL },
                { "AAAA", "2001:DB8::0:1", "2001:db8::1" },
        { "CNAME", "Other", "other.example.com." }, { "CNAME", "other.", "other." },
                { "CNAME", "@", "example.com." },
        { "MX", "10 mail", "10 mail.example.com." }, { "MX", "mail", NULL }, { "MX", "70000 mail",
                NULL }, { "SRV", "0 0 65536 sip", NULL },
        { "CAA", "256 issue \"x\"", NULL }, { "TLSA", "3 1 1 0011 2233", "3 1 1 00112233" }, { "MX",
                "(10 mail)", NULL }, { "MX", "010 mail", "10 mail.example.com." },
        { "TXT", "plain text", "\"plain text\"" }, { "TXT", "v=DMARC1; p=none", "\"v=DMARC1; "
                                                     "p=none\"" },
        { "TXT", "a\\b", "\"a\\\\b\"" }, { "TXT", "\"two\" \"parts\"", "\"two\" \"parts\"" },
                { "TXT", "\"open", NULL },
        { "TXT", "\"a\" ; b", NULL }, { "TXT", "\xc3\xa4", "\"\\195\\164\"" },
                { "TXT", "tab\there", NULL },
        { "CAA", "0 issue \"ca.example.net\"", "0 issue \"ca.example.net\"" }, { "SRV", "0 5 5060 "
                "@", "0 5 5060 example.com." },
};

START_TEST(values_have_one_spelling)
{
        struct kn_mock *mock = plugin_with(ZONE(SOA));
        int r = plan_set(mock, "example.com", "new", values[_i].type, values[_i].value);

        ck_assert_int_eq(r, values[_i].canonical ? KN_OK : KN_EARG);
        if (values[_i].canonical)
                ck_assert_str_eq(planned(mock, "value"), values[_i].canonical);
        else
                ck_assert_ptr_nonnull(kn_mock_sentence(mock));
        kn_mock_free(mock);
}
END_TEST

/* ---- the API ---- */

#define SET "{\"zone\":\"example.com\",\"name\":\"www\",\"type\":\"A\",\"values\":[\"192.0.2.2\"]}"
#define REMOVE "{\"zone\":\"example.com\",\"name\":\"www\",\"type\":\"A\"}"

static const struct {
        int status;
        const char *body;
        int code;
} statuses[] = {
        { 401, "Unauthorized", KN_EAUTH }, { 403, "Forbidden", KN_EAUTH }, { 404, "Not Found",
                KN_ENOENT },
        { 422, "{\"error\":\"RRset www.example.com. IN A: Conflicts with pre-existing RRset\"}",
          KN_ECONFLICT },
        { 422, "{\"error\":\"Not in expected format\"}", KN_EARG }, { 400, "{}", KN_EARG }, { 429,
                "slow down", KN_ETEMP },
        { 500, "Internal Server Error", KN_ETEMP }, { 503, "", KN_ETEMP }, { 302, "", KN_EREMOTE },
                { 0, "", KN_EREMOTE },
};

START_TEST(statuses_become_codes)
{
        struct kn_mock *mock = plugin();

        kn_mock_reply(mock, "GET", "*/search-data*", 200, "[]");
        kn_mock_reply(mock, "GET", "*/zones/example.com.*", 200, ZONE(SOA "," WWW));
        kn_mock_reply(mock, "PATCH", "*", statuses[_i].status, statuses[_i].body);
        ck_assert_int_eq(kn_mock_run(mock, "record.set", SET), statuses[_i].code);
        ck_assert_ptr_nonnull(kn_mock_sentence(mock));
        ck_assert_ptr_nonnull(strstr(kn_mock_changes(mock), "\"state\":\"failed\""));
        ck_assert_ptr_null(strstr(kn_mock_sentence(mock), "s3cr3t"));
        kn_mock_free(mock);
}
END_TEST

static const char *const strangers[] = { "", "<html>", "[1,2", "null", "[]", "{\"rrsets\":7}",
                                         "{\"rrsets\":[7,{}]}" };

START_TEST(strangers_do_no_harm)
{
        struct kn_mock *mock = plugin();
        int r;

        kn_mock_reply(mock, "GET", "*", 200, strangers[_i]);
        r = kn_mock_run(mock, "zone.export", "{\"zone\":\"example.com\"}");
        ck_assert(r == KN_OK || r == KN_EREMOTE);
        r = kn_mock_run(mock, "record.lookup", REMOVE);
        ck_assert(r == KN_OK || r == KN_EREMOTE);
        r = kn_mock_run(mock, "zone.list", "{}");
        ck_assert(r == KN_OK || r == KN_EREMOTE);
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_204_proves_nothing)
{
        struct kn_mock *mock = plugin_with(ZONE(SOA "," WWW));

        ck_assert_int_eq(kn_mock_run(mock, "record.remove", REMOVE), KN_ECONFLICT);
        ck_assert_ptr_nonnull(strstr(kn_mock_sentence(mock), "reported success, but"));
        ck_assert_ptr_nonnull(strstr(kn_mock_changes(mock),
                                     "\"observed\":{\"ttl\":60,\"values\":[\"192.0.2.1\"]}"));
        kn_mock_free(mock);
}
END_TEST

START_TEST(disabled_records_stay)
{
        struct kn_mock *mock = plugin();

        kn_mock_reply(mock, "GET", "*/search-data?q=www.example.com&*", 200,
                      "[{\"name\":\"www.example.com.\",\"type\":\"A\",\"content\":\"192.0.2.3\","
                      "\"disabled\":true}]");
        kn_mock_reply(mock, "GET", "*/zones/example.com.?rrset*", 200, ZONE(WWW));
        kn_mock_reply(mock, "GET", "*/zones/example.com.", 200,
                      ZONE("{\"name\":\"www.example.com.\",\"type\":\"A\",\"ttl\":60,\"records\":[{"
                           "\"content\":\"192.0.2.1\",\"disabled\":false},{\"content\":\"192.0.2."
                           "3\",\"disabled\":true}]}"));
        kn_mock_reply(mock, "PATCH", "*", 204, "");
        kn_mock_run(mock, "record.remove", REMOVE);
        ck_assert_ptr_nonnull(strstr(kn_mock_requests(mock), "\\\"changetype\\\":\\\"REPLACE\\\""));
        ck_assert_ptr_nonnull(strstr(kn_mock_requests(mock),
                                     "\\\"content\\\":\\\"192.0.2.3\\\",\\\"disabled\\\":true"));
        ck_assert_ptr_null(strstr(kn_mock_requests(mock), "DELETE"));
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_secondary_is_not_written)
{
        struct kn_mock *mock =
                plugin_with("{\"name\":\"example.com.\",\"kind\":\"Slave\",\"rrsets\":[" WWW "]}");

        ck_assert_int_eq(kn_mock_run(mock, "record.set", SET), KN_EUNSUPPORTED);
        ck_assert_ptr_null(strstr(kn_mock_requests(mock), "PATCH"));
        kn_mock_free(mock);
}
END_TEST

START_TEST(the_key_travels_in_its_header_only)
{
        struct kn_mock *mock = plugin_with(ZONE(SOA "," WWW));

        ck_assert_int_eq(kn_mock_run(mock, "record.lookup", REMOVE), KN_OK);
        ck_assert_ptr_nonnull(strstr(kn_mock_requests(mock), "X-API-Key: s3cr3t-key\\n"));
        kn_mock_secret(mock, "api_key", "two\nlines");
        ck_assert_int_eq(kn_mock_run(mock, "record.lookup", REMOVE), KN_EAUTH);
        kn_mock_free(mock);
}
END_TEST

START_TEST(serials_become_events)
{
        struct kn_mock *mock = plugin();

        kn_mock_reply(mock, "GET", "*/zones", 200,
                      "[{\"name\":\"a.test.\",\"serial\":8},{\"name\":\"b.test.\",\"serial\":3}]");
        kn_mock_store(mock, "serials", "{\"a.test\":7}");
        ck_assert_int_eq(kn_mock_poll(mock, "zone.serial"), KN_OK);
        ck_assert_ptr_nonnull(strstr(kn_mock_events(mock),
                                     "{\"zone\":\"a.test\",\"serial\":8,\"previous\":7}"));
        ck_assert_ptr_null(strstr(kn_mock_events(mock), "b.test"));
        ck_assert_str_eq(kn_mock_stored(mock), "{\"serials\":{\"a.test\":8,\"b.test\":3}}");
        ck_assert_int_eq(kn_mock_again_ms(mock), 30000);
        kn_mock_free(mock);
}
END_TEST

int main(void)
{
        return SUITE("dns/powerdns", EACH(names_have_one_form, names), ONCE(names_have_limits),
                     EACH(values_have_one_spelling, values), EACH(statuses_become_codes, statuses),
                     EACH(strangers_do_no_harm, strangers), ONCE(a_204_proves_nothing),
                     ONCE(disabled_records_stay), ONCE(a_secondary_is_not_written),
                     ONCE(the_key_travels_in_its_header_only), ONCE(serials_become_events));
}
