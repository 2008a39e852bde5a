/* SPDX-License-Identifier: Apache-2.0 */

/* NetBox itself, which no test machine has, by answers in the form that its documentation gives; and lies. */

#include "suite.h"

#include <jansson.h>
#include <kaname/mock.h>
#include <stdbool.h>
#include <string.h>

#define API "http://netbox.test/api"
#define DEVICES API "/dcim/devices/?name=web1&limit=*"
#define PAGE(rows) "{\"count\":1,\"next\":null,\"previous\":null,\"results\":[" rows "]}"
#define DEVICE(status)                                                                             \
        "{\"id\":7,\"name\":\"web1\",\"status\":{\"value\":\"" status "\",\"label\":\"x\"},"       \
        "\"role\":{\"id\":1,\"name\":\"web\",\"slug\":\"web\"},\"serial\":\"S1\","                 \
        "\"device_type\":{\"id\":2,\"model\":\"R1\"},\"site\":{\"id\":3,\"name\":\"tokyo\"},"      \
        "\"primary_ip4\":{\"id\":9,\"address\":\"192.0.2.1/24\"},\"tags\":[],\"comments\":\"\","   \
        "\"custom_fields\":{\"depends_on\":\"[\\\"vm/db1\\\"]\",\"rackunits\":4,\"team\":\"a\"},"  \
        "\"last_updated\":\"2026-11-22T17:55:07.612545Z\"}"

static struct kn_mock *plugin(void)
{
        const char *build = getenv("TOP_BUILDDIR");
        struct kn_mock *mock;
        char so[4096];

        snprintf(so, sizeof so, "%s/plugins/cmdb/netbox.so", build ? build : ".");
        mock = kn_mock_open(so);
        ck_assert_pstr_eq(kn_mock_trouble(mock), NULL);
        ck_assert_int_eq(kn_mock_config(mock, "{\"url\":\"http://netbox.test\",\"system\":"
                                        "\"netbox\",\"token\":\"s3cr3t-token\"}"), KN_OK);
        return mock;
}

static void put_owner(struct kn_mock *mock)
{
        kn_mock_reply(mock, "GET", API "/tenancy/contact-assignments/?object_type=dcim.device&*", 200,
                      PAGE("{\"id\":5,\"object_type\":\"dcim.device\",\"object_id\":7,\"contact\":"
                           "{\"id\":4,\"name\":\"Hana\"},\"role\":{\"id\":1,\"name\":\"Owner\"}},"
                           "{\"id\":6,\"object_type\":\"dcim.device\",\"object_id\":7,\"contact\":"
                           "{\"id\":8,\"name\":\"Bob\"},\"role\":{\"id\":2,\"name\":\"Billing\"}}"));
        kn_mock_reply(mock, "GET", API "/tenancy/contacts/4/", 200,
                      "{\"id\":4,\"name\":\"Hana\",\"email\":\"hana@example.test\"}");
}

static struct kn_mock *plugin_with(const char *page)
{
        struct kn_mock *mock = plugin();

        kn_mock_reply(mock, "GET", DEVICES, 200, page);
        put_owner(mock);
        return mock;
}

static bool holds(const char *text, const char *part)
{
        return text && strstr(text, part);
}

/* ---- reading ---- */

START_TEST(an_item_is_read_in_netbox_words)
{
        struct kn_mock *mock = plugin_with(PAGE(DEVICE("decommissioning")));
        json_t *item;

        ck_assert_int_eq(kn_mock_run(mock, "item.get", "{\"name\":\"web1\"}"), KN_OK);
        item = json_loads(kn_mock_result(mock), 0, NULL);
        ck_assert_str_eq(json_string_value(json_object_get(item, "status")), "retired");
        ck_assert_str_eq(json_string_value(json_object_get(item, "id")), "7");
        ck_assert_str_eq(json_string_value(json_object_get(item, "address")), "192.0.2.1");
        ck_assert(holds(kn_mock_result(mock), "\"mail\":\"hana@example.test\""));
        ck_assert(holds(kn_mock_result(mock), "\"location\":\"tokyo\""));
        ck_assert(holds(kn_mock_result(mock), "\"team\":\"a\""));
        ck_assert(!holds(kn_mock_result(mock), "rackunits"));
        ck_assert(holds(kn_mock_result(mock), "\"depends_on\":[\"vm/db1\"]"));
        json_decref(item);
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_status_is_written_as_a_word)
{
        struct kn_mock *mock = plugin_with(PAGE(DEVICE("active")));

        kn_mock_reply(mock, "PATCH", API "/dcim/devices/7/", 200, DEVICE("failed"));
        kn_mock_run(mock, "item.update", "{\"name\":\"web1\",\"status\":\"failed\"}");
        ck_assert(holds(kn_mock_requests(mock), "{\\\"status\\\":\\\"failed\\\"}"));
        kn_mock_free(mock);
}
END_TEST

START_TEST(an_assignment_names_contact_role_and_priority)
{
        struct kn_mock *mock = plugin();

        kn_mock_reply(mock, "GET", DEVICES, 200, PAGE(DEVICE("active")));
        kn_mock_reply(mock, "GET", API "/tenancy/contact-assignments/*", 200,
                      "{\"count\":0,\"next\":null,\"results\":[]}");
        kn_mock_reply(mock, "GET", API "/tenancy/contacts/?email__ie=bob%40example.test*", 200,
                      PAGE("{\"id\":8,\"name\":\"Bob\",\"email\":\"bob@example.test\"}"));
        kn_mock_reply(mock, "POST", API "/tenancy/contact-assignments/", 201, "{\"id\":1}");
        kn_mock_run(mock, "item.update", "{\"name\":\"web1\",\"owner\":{\"mail\":\"bob@example.test\"}}");
        ck_assert(holds(kn_mock_requests(mock), "\\\"object_type\\\":\\\"dcim.device\\\""));
        ck_assert(holds(kn_mock_requests(mock), "\\\"contact\\\":8"));
        ck_assert(holds(kn_mock_requests(mock), "\\\"priority\\\":\\\"primary\\\""));
        kn_mock_free(mock);
}
END_TEST

/* ---- answers that are none ---- */

static const struct {
        int status;
        const char *body, *part;
        int code;
} answers[] = {
        { 200, "<html><title>Log in</title></html>", "web page", KN_EREMOTE },
        { 200, "{\"count\":1,\"results\":[{\"id\":7,\"na", "no JSON", KN_EREMOTE },
        { 200, "{\"detail\":\"hello\"}", "gave no list", KN_EREMOTE },
        { 200, "[]", "gave no list", KN_EREMOTE },
        { 401, "{\"detail\":\"Invalid token\"}", "token", KN_EAUTH },
        { 403, "{\"detail\":\"Invalid token\"}", "Invalid token", KN_EAUTH },
        { 400, "{\"name\":[\"bad\"]}", "refused", KN_EARG },
        { 302, "", "redirect", KN_EREMOTE },
        { 200, PAGE(DEVICE("active") "," DEVICE("active")), "2 of server web1", KN_ECONFLICT },
        { 200, "{\"count\":0,\"next\":null,\"results\":[]}", "there is no server web1", KN_ENOENT },
};

START_TEST(what_is_no_answer_is_said)
{
        struct kn_mock *mock = plugin();
        int code;

        kn_mock_reply(mock, "GET", API "/dcim/*", answers[_i].status, answers[_i].body);
        put_owner(mock);
        code = kn_mock_run(mock, "item.get", "{\"name\":\"web1\"}");
        ck_assert_msg(code == answers[_i].code, "%d: %s", code, kn_mock_sentence(mock));
        ck_assert_msg(holds(kn_mock_sentence(mock), answers[_i].part), "%s", kn_mock_sentence(mock));
        ck_assert(!holds(kn_mock_sentence(mock), "s3cr3t"));
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_success_that_changed_nothing_is_none)
{
        struct kn_mock *mock = plugin_with(PAGE(DEVICE("active")));

        kn_mock_reply(mock, "PATCH", API "/dcim/devices/7/", 200, DEVICE("failed"));
        ck_assert_int_eq(kn_mock_run(mock, "item.update",
                                     "{\"name\":\"web1\",\"status\":\"failed\"}"), KN_EREMOTE);
        ck_assert(holds(kn_mock_changes(mock), "\"state\":\"failed\""));
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_kind_is_known_or_refused)
{
        struct kn_mock *mock = plugin();

        ck_assert_int_eq(kn_mock_run(mock, "item.get", "{\"kind\":\"elephant\",\"name\":\"a\"}"),
                         KN_EARG);
        ck_assert(holds(kn_mock_sentence(mock), "server and vm"));
        ck_assert_str_eq(kn_mock_requests(mock), "[]");
        kn_mock_free(mock);
}
END_TEST

/* ---- lists without end ---- */

#define MORE(rows) "{\"count\":99999,\"next\":\"" API "/?offset=1\",\"results\":[" rows "]}"
#define NOBODY "{\"count\":0,\"next\":null,\"results\":[]}"

START_TEST(a_search_that_was_cut_says_so)
{
        struct kn_mock *mock = plugin();

        kn_mock_reply(mock, "GET", API "/dcim/devices/?*", 200, MORE(DEVICE("active")));
        kn_mock_reply(mock, "GET", API "/virtualization/virtual-machines/?*", 200, NOBODY);
        put_owner(mock);
        ck_assert_int_eq(kn_mock_run(mock, "item.search", "{\"status\":\"failed\"}"), KN_OK);
        ck_assert_msg(holds(kn_mock_result(mock), "\"truncated\":true"), "%s",
                      kn_mock_result(mock));
        ck_assert(holds(kn_mock_result(mock), "\"items\":[]"));
        ck_assert_int_eq(kn_mock_run(mock, "item.search",
                                     "{\"kind\":\"vm\",\"status\":\"failed\"}"), KN_OK);
        ck_assert(holds(kn_mock_result(mock), "\"truncated\":false"));
        kn_mock_free(mock);
}
END_TEST

/* Such as a server that does not know the filter, and gives what it has. */
START_TEST(an_item_that_may_be_among_the_rest_is_not_said_to_be_absent)
{
        struct kn_mock *mock = plugin();

        kn_mock_reply(mock, "GET", API "/dcim/devices/?*", 200, MORE("{\"id\":1,\"name\":\"db9\"}"));
        ck_assert_int_eq(kn_mock_run(mock, "item.get", "{\"name\":\"web1\"}"), KN_EREMOTE);
        ck_assert_msg(holds(kn_mock_sentence(mock), "has more of dcim.device"), "%s",
                      kn_mock_sentence(mock));
        kn_mock_free(mock);
}
END_TEST

START_TEST(nobody_is_made_an_owner_twice_for_want_of_pages)
{
        struct kn_mock *mock = plugin();

        kn_mock_reply(mock, "GET", DEVICES, 200, PAGE(DEVICE("active")));
        kn_mock_reply(mock, "GET", API "/tenancy/contact-assignments/*", 200, NOBODY);
        kn_mock_reply(mock, "GET", API "/tenancy/contacts/?*", 200,
                      MORE("{\"id\":8,\"name\":\"Ann\",\"email\":\"ann@example.test\"}"));
        ck_assert_int_eq(kn_mock_run(mock, "item.update", "{\"name\":\"web1\",\"owner\":"
                                     "{\"mail\":\"bob@example.test\"}}"), KN_EREMOTE);
        ck_assert(!holds(kn_mock_requests(mock), "POST"));
        kn_mock_free(mock);
}
END_TEST

/* More than fit into one question by id. */
START_TEST(all_of_an_owner_are_found)
{
        struct kn_mock *mock = plugin();
        char page[16384] = "{\"count\":60,\"next\":null,\"results\":[";
        size_t n = strlen(page);

        for (int i = 1; i <= 60; i++)
                n += (size_t)snprintf(page + n, sizeof page - n, "%s{\"id\":%d,\"object_type\":"
                                      "\"dcim.device\",\"object_id\":%d,\"contact\":{\"id\":4},"
                                      "\"role\":{\"id\":1,\"name\":\"Owner\"}}",
                                      i > 1 ? "," : "", i, i);
        snprintf(page + n, sizeof page - n, "]}");
        kn_mock_reply(mock, "GET", API "/tenancy/contacts/?*", 200,
                      PAGE("{\"id\":4,\"name\":\"Hana\",\"email\":\"hana@example.test\"}"));
        kn_mock_reply(mock, "GET", API "/tenancy/contact-assignments/*", 200, page);
        kn_mock_reply(mock, "GET", API "/dcim/devices/?*", 200, NOBODY);
        ck_assert_int_eq(kn_mock_run(mock, "item.search", "{\"kind\":\"server\",\"owner\":"
                                     "\"hana@example.test\"}"), KN_OK);
        ck_assert(holds(kn_mock_requests(mock), "&id=40"));
        ck_assert_msg(holds(kn_mock_requests(mock), "&id=60"), "%s", kn_mock_requests(mock));
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_change_log_that_does_not_end_is_read_on)
{
        struct kn_mock *mock = plugin();

        kn_mock_store(mock, "changes", "{\"since\":1000000000,\"seen\":{}}");
        kn_mock_reply(mock, "GET", API "/core/object-changes/*", 200,
                      MORE("{\"id\":3,\"time\":\"2026-11-22T17:55:07Z\",\"changed_object_type\":"
                           "\"ipam.ipaddress\"}"));
        ck_assert_int_eq(kn_mock_poll(mock, "item.log"), KN_OK);
        ck_assert_int_eq(kn_mock_again_ms(mock), 0);
        ck_assert_str_eq(kn_mock_events(mock), "[]");
        ck_assert_int_eq(kn_mock_poll(mock, "item.log"), KN_EREMOTE);
        ck_assert_msg(holds(kn_mock_sentence(mock), "more entries within"), "%s",
                      kn_mock_sentence(mock));
        kn_mock_free(mock);
}
END_TEST

int main(void)
{
        return SUITE("cmdb/netbox", ONCE(an_item_is_read_in_netbox_words),
                     ONCE(a_status_is_written_as_a_word),
                     ONCE(an_assignment_names_contact_role_and_priority),
                     EACH(what_is_no_answer_is_said, answers),
                     ONCE(a_success_that_changed_nothing_is_none), ONCE(a_kind_is_known_or_refused),
                     ONCE(a_search_that_was_cut_says_so),
                     ONCE(an_item_that_may_be_among_the_rest_is_not_said_to_be_absent),
                     ONCE(nobody_is_made_an_owner_twice_for_want_of_pages),
                     ONCE(all_of_an_owner_are_found),
                     ONCE(a_change_log_that_does_not_end_is_read_on));
}
