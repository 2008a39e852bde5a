/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What Request Tracker and Redmine do not do on demand: answers that are lost, successes that
 * changed nothing. Canned replies play both.
 */

#include "suite.h"

#include <jansson.h>
#include <kaname/mock.h>
#include <stdbool.h>
#include <string.h>

#define RT "http://rt.test:80/REST/2.0"
#define RM "http://rm.test:80"

static const char rt_ticket[] =
        "{\"id\":7,\"Subject\":\"Disk\",\"Status\":\"new\",\"Priority\":\"50\",\"Queue\":{\"id\":\"1\"},"
        "\"Owner\":{\"id\":\"Nobody\"},\"Creator\":{\"id\":\"root\"},\"Created\":\"c\","
        "\"LastUpdated\":\"u\",\"CustomFields\":[],\"_hyperlinks\":[{\"ref\":\"refers-to\",\"_url\":"
        "\"urn:kaname:execution:abc\"},{\"ref\":\"refers-to\",\"_url\":\"http://else.test/abc\"}]}";
static const char rm_issue[] =
        "{\"issue\":{\"id\":7,\"subject\":\"Disk\",\"project\":{\"id\":1},\"tracker\":{\"name\":\"Bug\"},"
        "\"status\":{\"id\":1,\"name\":\"New\",\"is_closed\":false},\"priority\":{\"name\":\"Normal\"},"
        "\"author\":{\"id\":5},\"created_on\":\"c\",\"updated_on\":\"u\",\"description\":"
        "\"One\\r\\nExecution: urn:kaname:execution:abc\\r\\nExecution: of a plan\\r\\n\","
        "\"allowed_statuses\":[{\"id\":5,\"name\":\"Closed\",\"is_closed\":true}]}}";

static struct kn_mock *plugin(const char *name, const char *config)
{
        const char *build = getenv("TOP_BUILDDIR");
        struct kn_mock *mock;
        char so[4096];

        snprintf(so, sizeof so, "%s/plugins/ticket/%s.so", build ? build : ".", name);
        mock = kn_mock_open(so);
        ck_assert_pstr_eq(kn_mock_trouble(mock), NULL);
        ck_assert_int_eq(kn_mock_config(mock, config), KN_OK);
        return mock;
}

static struct kn_mock *rt(void)
{
        struct kn_mock *mock = plugin("rt", "{\"url\":\"http://rt.test:80/\",\"token\":\"s3cr3t\"}");

        kn_mock_reply(mock, "GET", RT "/queue/*", 200, "{\"Name\":\"General\"}");
        kn_mock_reply(mock, "GET", RT "/ticket/7/attachments*", 200,
                      "{\"items\":[{\"Content\":\"words\"}]}");
        kn_mock_reply(mock, "GET", RT "/ticket/7", 200, rt_ticket);
        return mock;
}

static struct kn_mock *redmine(void)
{
        struct kn_mock *mock = plugin("redmine",
                                      "{\"url\":\"http://rm.test:80\",\"api_key\":\"s3cr3t\"}");

        kn_mock_reply(mock, "GET", RM "/issues/7.json*", 200, rm_issue);
        kn_mock_reply(mock, "GET", RM "/projects/1.json", 200,
                      "{\"project\":{\"id\":1,\"identifier\":\"ops\"}}");
        kn_mock_reply(mock, "GET", RM "/users/5.json", 403, "");
        return mock;
}

/* A member of the first change, as text. */
static const char *change(struct kn_mock *mock, const char *member)
{
        static char text[500];          /* each test is a process of its own */
        json_t *changes = json_loads(kn_mock_changes(mock), 0, NULL);
        json_t *value = json_object_get(json_array_get(changes, 0), member);
        char *dumped = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

        snprintf(text, sizeof text, "%s", dumped ? dumped : "");
        free(dumped);
        json_decref(changes);
        return text;
}

START_TEST(a_lost_answer_is_settled_by_the_link)
{
        struct kn_mock *mock = rt();

        kn_mock_reply(mock, "POST", RT "/ticket", 0, "");
        kn_mock_reply(mock, "GET", RT "/tickets?query=RefersTo*", 200,
                      "{\"total\":1,\"items\":[{\"id\":\"7\",\"Subject\":\"Disk\"}]}");
        ck_assert_int_eq(kn_mock_run(mock, "create", "{\"queue\":\"General\",\"subject\":\"Disk\"}"),
                         KN_OK);
        ck_assert_str_eq(change(mock, "state"), "\"applied\"");
        ck_assert_ptr_nonnull(strstr(change(mock, "observed"), "\"id\":\"7\""));
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_lost_request_made_nothing)
{
        struct kn_mock *mock = rt();

        kn_mock_reply(mock, "POST", RT "/ticket", 0, "");
        kn_mock_reply(mock, "GET", RT "/tickets?query=*", 200, "{\"total\":0,\"items\":[]}");
        ck_assert_int_eq(kn_mock_run(mock, "create", "{\"queue\":\"General\",\"subject\":\"Disk\"}"),
                         KN_EREMOTE);
        ck_assert_str_eq(change(mock, "state"), "\"failed\"");
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_dropped_owner_is_noticed)
{
        struct kn_mock *mock = rt();

        kn_mock_reply(mock, "GET", RT "/user/ada", 200, "{\"Name\":\"ada\"}");
        kn_mock_reply(mock, "POST", RT "/ticket", 201, "{\"id\":\"7\"}");
        ck_assert_int_eq(kn_mock_run(mock, "create", "{\"queue\":\"General\",\"subject\":\"Disk\","
                                     "\"owner\":\"ada\"}"), KN_ECONFLICT);
        ck_assert_ptr_nonnull(strstr(kn_mock_sentence(mock), "ticket 7 is open"));
        ck_assert_ptr_nonnull(strstr(kn_mock_sentence(mock), "its owner"));
        ck_assert_str_eq(change(mock, "state"), "\"applied\"");
        kn_mock_free(mock);
}
END_TEST

START_TEST(two_hundred_with_a_refusal_is_a_failure)
{
        struct kn_mock *mock = rt();

        kn_mock_reply(mock, "PUT", RT "/ticket/7", 200, "[\"Ticket 7: Permission Denied\"]");
        ck_assert_int_eq(kn_mock_run(mock, "update", "{\"id\":\"7\",\"subject\":\"Other\"}"),
                         KN_ECONFLICT);
        ck_assert_ptr_nonnull(strstr(kn_mock_sentence(mock), "Permission Denied"));
        ck_assert_str_eq(change(mock, "observed"), "{\"subject\":\"Disk\"}");
        kn_mock_free(mock);
}
END_TEST

START_TEST(only_links_to_executions_are_executions)
{
        struct kn_mock *mocks[] = { rt(), redmine() };

        for (int i = 0; i < 2; i++) {
                json_t *ticket, *executions;

                ck_assert_int_eq(kn_mock_run(mocks[i], "get", "{\"id\":\"7\",\"comments\":0}"),
                                 KN_OK);
                ticket = json_loads(kn_mock_result(mocks[i]), 0, NULL);
                executions = json_object_get(ticket, "executions");
                ck_assert_uint_eq(json_array_size(executions), 1);
                ck_assert_str_eq(json_string_value(json_array_get(executions, 0)), "abc");
                if (i == 1) {
                        ck_assert_str_eq(json_string_value(json_object_get(ticket, "description")),
                                         "One\nExecution: of a plan");
                        ck_assert_str_eq(json_string_value(json_object_get(ticket, "author")),
                                         "#5");
                }
                json_decref(ticket);
                kn_mock_free(mocks[i]);
        }
}
END_TEST

START_TEST(two_hundred_and_four_that_changed_nothing_is_a_failure)
{
        struct kn_mock *mock = redmine();

        kn_mock_reply(mock, "PUT", RM "/issues/7.json", 204, "");
        ck_assert_int_eq(kn_mock_run(mock, "resolve", "{\"id\":\"7\"}"), KN_ECONFLICT);
        ck_assert_ptr_nonnull(strstr(kn_mock_sentence(mock), "Redmine reported success"));
        ck_assert_str_eq(change(mock, "observed"), "{\"status\":\"New\"}");
        ck_assert_ptr_null(strstr(kn_mock_requests(mock), "\"status_id\":1"));
        kn_mock_free(mock);
}
END_TEST

START_TEST(a_status_that_cannot_be_is_never_sent)
{
        struct kn_mock *mock = redmine();

        ck_assert_int_eq(kn_mock_run(mock, "update", "{\"id\":\"7\",\"status\":\"Done\"}"), KN_EARG);
        ck_assert_ptr_nonnull(strstr(kn_mock_sentence(mock), "Closed"));
        ck_assert_ptr_null(strstr(kn_mock_requests(mock), "PUT"));
        kn_mock_free(mock);
}
END_TEST

int main(void)
{
        return SUITE("ticket/plugins", ONCE(a_lost_answer_is_settled_by_the_link),
                     ONCE(a_lost_request_made_nothing), ONCE(a_dropped_owner_is_noticed),
                     ONCE(two_hundred_with_a_refusal_is_a_failure),
                     ONCE(only_links_to_executions_are_executions),
                     ONCE(two_hundred_and_four_that_changed_nothing_is_a_failure),
                     ONCE(a_status_that_cannot_be_is_never_sent));
}
