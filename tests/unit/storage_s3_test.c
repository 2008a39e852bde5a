/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The signature against AWS's published examples, answers in XML, and what a Swift does not do on
 * demand: other servers' ways are played by canned replies.
 */

#include "suite.h"

#include "storage/s3/sign.h"
#include "storage/s3/xml.h"

#include <kaname/mock.h>
#include <string.h>

/* ---- the signature: "Signature Calculations", Amazon S3 API Reference; 2013-05-24 00:00 UTC ---- */

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HOST "host:examplebucket.s3.amazonaws.com\n"
#define DATE "x-amz-date:20130524T000000Z\n"
#define HASH(h) "x-amz-content-sha256:" h "\n"
#define WELCOME "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"

static const time_t then = 1369353600;

static const struct sign_key key = {
        .id = "AKIAIOSFODNN7EXAMPLE", .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        .region = "us-east-1", .service = "s3",
};

static const struct {
        struct sign_request request;
        const char *signature;
} published[] = {
        { { "GET", "/test.txt", "", HOST "range:bytes=0-9\n" HASH(EMPTY) DATE, EMPTY },
          "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
        { { "PUT", "/test%24file.text", "", "date:Fri, 24 May 2013 00:00:00 GMT\n" HOST HASH(WELCOME)
            DATE "x-amz-storage-class:REDUCED_REDUNDANCY\n", WELCOME },
          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
        { { "GET", "/", "lifecycle=", HOST HASH(EMPTY) DATE, EMPTY },
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
        { { "GET", "/", "max-keys=2&prefix=J", HOST HASH(EMPTY) DATE, EMPTY },
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
};

START_TEST(signs_as_the_published_examples)
{
        char *header = sign_authorization(&key, &published[_i].request, then);
        const char *signature = strstr(header, "Signature=");

        ck_assert_str_eq(signature + 10, published[_i].signature);
        ck_assert_ptr_nonnull(strstr(header, "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
                                     "aws4_request,SignedHeaders="));
        free(header);
}
END_TEST

START_TEST(signs_a_url_as_published)
{
        const struct sign_request request = { "GET", "/test.txt", "", HOST, "UNSIGNED-PAYLOAD" };
        char *query = sign_query(&key, &request, then, 86400);

        ck_assert_str_eq(query, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
                         "AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                         "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                         "&X-Amz-Signature="
                         "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
        free(query);
}
END_TEST

START_TEST(escapes_all_but_the_unreserved)
{
        char *text = sign_escape("a/b c+\xc3\xbc~-_.*", true), *all = sign_escape("a/b", false);

        ck_assert_str_eq(text, "a/b%20c%2B%C3%BC~-_.%2A");
        ck_assert_str_eq(all, "a%2Fb");
        free(text);
        free(all);
}
END_TEST

/* ---- XML ---- */

START_TEST(xml_is_read)
{
        static const char text[] = "<?xml version=\"1.0\"?><r xmlns=\"http://x/\"><a><b>1 &lt; 2</b></a>"
                                   "<a>two</a><e/></r>";
        json_t *xml = xml_parse(text, strlen(text));

        ck_assert_str_eq(xml_name(xml), "r");
        ck_assert_str_eq(xml_text(xml, "a/b"), "1 < 2");
        ck_assert_str_eq(xml_text(xml, "e"), "");
        ck_assert_str_eq(xml_text(xml, "no/such"), "");
        ck_assert_uint_eq(json_array_size(xml_children(xml)), 3);
        ck_assert_str_eq(xml_text(NULL, "a"), "");
        json_decref(xml);
}
END_TEST

static const char *const not_xml[] = {
        "", "text", "<a>", "<a></b>", "<a/><b/>", "<html><br></html>", "{\"a\": 1}",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>"
        "<a><a><a/></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a>"
        "</a></a></a></a></a></a></a></a></a></a></a></a>",
};

START_TEST(what_is_no_xml_is_refused)
{
        ck_assert_ptr_null(xml_parse(not_xml[_i], strlen(not_xml[_i])));
}
END_TEST

/* ---- servers that are not there ---- */

#define CONFIG(more) "{\"url\":\"http://s3.test:9000/base/\",\"access_key\":\"AK\",\"secret_key\":" \
        "\"s3cr3t\"" more "}"

static struct kn_mock *plugin(const char *config)
{
        const char *build = getenv("TOP_BUILDDIR");
        struct kn_mock *mock;
        char so[4096];

        snprintf(so, sizeof so, "%s/plugins/storage/s3.so", build ? build : ".");
        mock = kn_mock_open(so);
        ck_assert_pstr_eq(kn_mock_trouble(mock), NULL);
        ck_assert_int_eq(kn_mock_config(mock, config), KN_OK);
        return mock;
}

static const struct {
        int status, code;
        const char *body, *says;
} refusals[] = {
        { 403, KN_EAUTH, "<Error><Code>SignatureDoesNotMatch</Code><Message>No.</Message></Error>",
          "secret_key" },
        { 403, KN_EAUTH, "<Error><Code>RequestTimeTooSkewed</Code></Error>", "clock" },
        { 403, KN_EAUTH, "<Error><Code>AccessDenied</Code></Error>", "rights" },
        { 403, KN_EAUTH, "", "rights" },
        { 404, KN_ENOENT, "<Error><Code>NoSuchBucket</Code></Error>", "bucket.list" },
        { 501, KN_EUNSUPPORTED, "<Error><Code>NotImplemented</Code></Error>", "cannot do that" },
        { 301, KN_EREMOTE, "<Error><Code>PermanentRedirect</Code></Error>", "region" },
        { 400, KN_EREMOTE, "<Error><Code>AuthorizationHeaderMalformed</Code></Error>", "region" },
        { 418, KN_EREMOTE, "<Error><Code>Teapot</Code><Message>short, stout</Message></Error>",
          "Teapot" },
        { 500, KN_ETEMP, "oops", "500" },
        { 302, KN_EREMOTE, "", "redirect" },
        { 200, KN_EREMOTE, "<html>Welcome</html>", "S3 API" },
        { 200, KN_EREMOTE, "<ListBucketResult><Contents><Key>a", "cut off" },
        { 200, KN_EREMOTE, "", "S3 API" },
        { 0, KN_EREMOTE, "", "" },
};

START_TEST(a_refusal_says_what_to_do)
{
        struct kn_mock *mock = plugin(CONFIG(""));
        const char *sentence;

        kn_mock_reply(mock, "GET", "http://s3.test:9000/base/b-1?list-type=2&max-keys=1000",
                      refusals[_i].status, refusals[_i].body);
        ck_assert_int_eq(kn_mock_run(mock, "object.list", "{\"bucket\":\"b-1\",\"limit\":1000}"),
                         refusals[_i].code);
        sentence = kn_mock_sentence(mock);
        ck_assert_msg(sentence && strstr(sentence, refusals[_i].says), "%s", sentence);
        ck_assert_ptr_null(strstr(sentence, "s3cr3t"));
        ck_assert_ptr_null(strstr(kn_mock_log(mock), "s3cr3t"));
        ck_assert_ptr_null(strstr(kn_mock_requests(mock), "s3cr3t"));
        kn_mock_free(mock);
}
END_TEST

#define PUBLIC "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"KanameReadByEverybody\",\"Effect\":" \
        "\"Allow\",\"Principal\":\"*\",\"Action\":[\"s3:GetObject\"],\"Resource\":[\"arn:aws:s3:::b-1/*\"]}]}"
#define ACL(grants) "<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList><Grant><Grantee>" \
        "<ID>me</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>" grants \
        "</AccessControlList></AccessControlPolicy>"
#define GROUP(name, right) "<Grant><Grantee><URI>http://acs.amazonaws.com/groups/global/" name \
        "</URI></Grantee><Permission>" right "</Permission></Grant>"

/* What stands there, and what bucket.policy makes of it. */
static const struct {
        const char *way;
        int status;
        const char *body, *before;
        int code;
} policies[] = {
        { "document", 404, "<Error><Code>NoSuchBucketPolicy</Code></Error>", "owner", KN_OK },
        { "document", 200, PUBLIC, "everybody", KN_OK },
        { "document", 200, "{\"Statement\":[]}", NULL, KN_EDENIED },
        { "document", 200, "{\"Statement\":", NULL, KN_EREMOTE },
        { "document", 501, "<Error><Code>NotImplemented</Code></Error>", NULL, KN_EUNSUPPORTED },
        { "acl", 200, ACL(""), "owner", KN_OK },
        { "acl", 200, ACL(GROUP("AllUsers", "READ")), "everybody", KN_OK },
        { "acl", 200, ACL(GROUP("AllUsers", "WRITE")), NULL, KN_EDENIED },
        { "acl", 200, ACL(GROUP("AllUsers", "READ") GROUP("AuthenticatedUsers", "READ")), NULL,
          KN_EDENIED },
        { "acl", 200, ACL(GROUP("AuthenticatedUsers", "READ") GROUP("AllUsers", "READ")), NULL,
          KN_EDENIED },
        { "swift", 200, "", NULL, KN_EUNSUPPORTED },
};

START_TEST(a_policy_is_one_of_three_words)
{
        bool is_acl = strcmp(policies[_i].way, "acl") == 0;
        char config[300], before[60];
        struct kn_mock *mock;

        snprintf(config, sizeof config, CONFIG(",\"policy\":\"%s\""), policies[_i].way);
        mock = plugin(config);
        kn_mock_reply(mock, "GET", is_acl ? "http://s3.test:9000/base/b-1?acl="
                      : "http://s3.test:9000/base/b-1?policy=", policies[_i].status,
                      policies[_i].body);
        ck_assert_int_eq(kn_mock_plan(mock, "bucket.policy",
                                      "{\"bucket\":\"b-1\",\"read\":\"everybody\"}"),
                         policies[_i].code);
        if (policies[_i].before) {
                snprintf(before, sizeof before, "\"before\":{\"read\":\"%s\"}", policies[_i].before);
                ck_assert_msg(strstr(kn_mock_result(mock), before), "%s", kn_mock_result(mock));
        }
        kn_mock_free(mock);
}
END_TEST

/* The answer is lost, and nothing is there: the failure stands. Who cannot look does not write. */
START_TEST(a_lost_answer_is_settled_by_reading_back)
{
        struct kn_mock *mock = plugin(CONFIG(""));

        kn_mock_reply(mock, "HEAD", "http://s3.test:9000/base/b-1", 404, "");
        kn_mock_reply(mock, "PUT", "http://s3.test:9000/base/b-1", 0, "");
        ck_assert_int_eq(kn_mock_run(mock, "bucket.create", "{\"bucket\":\"b-1\"}"), KN_EREMOTE);
        ck_assert_ptr_nonnull(strstr(kn_mock_changes(mock), "\"observed\":null"));
        kn_mock_free(mock);
        mock = plugin(CONFIG(""));
        kn_mock_reply(mock, "HEAD", "http://s3.test:9000/base/b-1", 500, "");
        ck_assert_int_eq(kn_mock_run(mock, "bucket.create", "{\"bucket\":\"b-1\"}"), KN_ETEMP);
        kn_mock_free(mock);
}
END_TEST

int main(void)
{
        return SUITE("storage/s3", EACH(signs_as_the_published_examples, published),
                     ONCE(signs_a_url_as_published), ONCE(escapes_all_but_the_unreserved),
                     ONCE(xml_is_read), EACH(what_is_no_xml_is_refused, not_xml),
                     EACH(a_refusal_says_what_to_do, refusals),
                     EACH(a_policy_is_one_of_three_words, policies),
                     ONCE(a_lost_answer_is_settled_by_reading_back));
}
