/* SPDX-License-Identifier: Apache-2.0 */

/* What the published suite does not ask: our messages, defaults, coercion, secrets, limits. */
#include "schema/schema.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

#include "suite.h"

#include <pthread.h>

CLEANUP_DEFINE(struct schema *, schema_unref);

static json_t *json(const char *s)
{
        json_t *value = json_loads(s, JSON_DECODE_ANY, NULL);

        ck_assert_msg(value != NULL, "%s", s);
        return value;
}

static struct schema *schema(const char *s)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *source = json(s);
        struct schema *made = NULL;

        ck_assert_msg(schema_compile(source, &made, &fault) == 0, "%s", fault.what);
        return made;
}

static const struct {
        const char *schema, *value, *what, *pointer;
} rows[] = {
        { "{\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":3}}}",
          "{\"name\":\"abcd\"}", "name: must have at most 3 characters", "/name" },
        { "{\"properties\":{\"name\":{\"type\":\"string\",\"minLength\":1}}}", "{\"name\":\"\"}",
          "name: must have at least 1 character", "/name" },
        { "{\"properties\":{\"n\":{\"type\":\"integer\"}}}", "{\"n\":\"5\"}",
          "n: must be a whole number, not text", "/n" },
        { "{\"properties\":{\"n\":{\"type\":\"integer\"}}}", "{\"n\":5.5}",
          "n: must be a whole number, not a fraction", "/n" },
        { "{\"type\":[\"string\",\"null\",\"array\"]}", "5",
          "must be null, text or a list, not a number", "" },
        { "{\"properties\":{\"state\":{\"enum\":[\"ready\",\"drain\",\"maint\"]}}}",
          "{\"state\":\"drian\"}",
          "state: must be one of \"ready\", \"drain\", \"maint\"; did you mean \"drain\"?",
          "/state" },
        { "{\"properties\":{\"zone\":{}},\"additionalProperties\":false}", "{\"zoen\":1}",
          "zoen: is not known here; did you mean \"zone\"?", "/zoen" },
        { "{\"properties\":{},\"required\":[\"zone\"]}", "{}", "zone: is required", "/zone" },
        /* draft 3's way, as StackStorm writes it */
        { "{\"properties\":{\"zone\":{\"type\":\"string\",\"required\":true,\"position\":0,"
          "\"immutable\":false}}}",
          "{}", "zone: is required", "/zone" },
        { "{\"items\":{\"properties\":{\"a/b\":{\"minimum\":2}}}}", "[{},{\"a/b\":1}]",
          "1.a/b: must be at least 2", "/1/a~1b" },
        { "{\"exclusiveMinimum\":2.5}", "2.5", "must be more than 2.5", "" },
        { "{\"minimum\":2,\"exclusiveMinimum\":true}", "2", "must be more than 2", "" },
        { "{\"maximum\":2,\"exclusiveMaximum\":true}", "2", "must be less than 2", "" },
        { "{\"const\":{\"a\":1}}", "{\"a\":2}", "must be {\"a\":1}", "" },
        { "{\"format\":\"ipv4\"}", "\"1.2.3\"", "must have the form of an \"ipv4\"", "" },
        { "{\"pattern\":\"^[a-z]+$\"}", "\"A\"", "must match the pattern ^[a-z]+$", "" },
        { "{\"uniqueItems\":true}", "[1,2,1.0]", "must not hold the same item twice", "" },
        { "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]}", "[]",
          "must have one of the 2 allowed forms", "" },
        { "{\"properties\":{\"a\":{}}}", "[]", "must be an object", "" },
        { "{\"items\":false}", "[1]", "0: is not allowed here", "/0" },
};

START_TEST(says_what_must_be)
{
        _cleanup_(schema_unrefp) struct schema *s = schema(rows[_i].schema);
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *value = json(rows[_i].value);

        ck_assert_int_eq(schema_check(s, value, &fault), FAULT);
        ck_assert_int_eq(fault.status, 422);
        ck_assert_str_eq(fault.code, "schema.mismatch");
        ck_assert_str_eq(fault.what, rows[_i].what);
        ck_assert_str_eq(json_text_of(json_at(fault.detail, "errors.0"), "pointer", "?"),
                         rows[_i].pointer);
}
END_TEST

START_TEST(tells_all_but_not_endlessly)
{
        _cleanup_(schema_unrefp) struct schema *s = schema("{\"items\":{\"type\":\"string\"}}");
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *value = json_array();

        for (int i = 0; i < 1000; i++)
                json_array_append_new(value, json_integer(i));
        ck_assert_int_eq(schema_check(s, value, &fault), FAULT);
        ck_assert_uint_eq(json_array_size(json_at(fault.detail, "errors")), 20);
        ck_assert_ptr_nonnull(strstr(fault.why, "1: must be text"));
        ck_assert_ptr_nonnull(strstr(fault.why, "and 996 more"));
}
END_TEST

START_TEST(never_tells_a_secret)
{
        _cleanup_(schema_unrefp) struct schema *s =
                schema("{\"properties\":{\"p\":{\"writeOnly\":true,\"enum\":[\"x\"],\"maxLength\":"
                       "2,\"pattern\":\"^y\",\"format\":\"ipv4\"}}}");
        _json_ json_t *value = json("{\"p\":\"hunter2\"}");
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *detail = NULL;

        ck_assert_int_eq(schema_check(s, value, &fault), FAULT);
        detail = json_compact(fault.detail);
        ck_assert_ptr_null(strstr(fault.what, "hunter2"));
        ck_assert_ptr_null(strstr(fault.why, "hunter2"));
        ck_assert_ptr_null(strstr(detail, "hunter2"));
}
END_TEST

static const struct {
        const char *schema, *told;
} wrong[] = {
        { "[]", "at #: it must be a schema" },
        { "{\"type\":\"strng\"}", "\"string\"" },
        { "{\"type\":5}", "#/type" },
        { "{\"type\":[]}", "#/type" },
        { "{\"properties\":{\"a\":{\"minLength\":-1}}}", "#/properties/a/minLength" },
        { "{\"properties\":{\"a\":5}}", "#/properties/a" },
        { "{\"properties\":[]}", "an object of schemas" },
        { "{\"minimum\":\"1\"}", "minimum must be a number" },
        { "{\"multipleOf\":0}", "more than 0" },
        { "{\"enum\":[]}", "at least one value" },
        { "{\"enum\":\"a\"}", "#/enum" },
        { "{\"required\":\"a\"}", "a list of names" },
        { "{\"required\":[1]}", "a list of names" },
        { "{\"pattern\":\"(\"}", "\"(\"" },
        { "{\"pattern\":5}", "pattern must be text" },
        { "{\"patternProperties\":{\"(\":{}}}", "\"(\"" },
        { "{\"allOf\":[]}", "at least one schema" },
        { "{\"anyOf\":{}}", "#/anyOf" },
        { "{\"oneOf\":[5]}", "#/oneOf/0" },
        { "{\"not\":5}", "#/not" },
        { "{\"$ref\":\"#/definitions/x\"}", "#/$ref" },
        { "{\"$ref\":\"http://example.com/s\"}", "a local reference" },
        { "{\"$ref\":5}", "a local reference" },
        { "{\"definitions\":{\"a\":{\"type\":\"nope\"}}}", "#/definitions/a/type" },
        { "{\"dependencies\":{\"a\":[1]}}", "#/dependencies/a" },
        { "{\"uniqueItems\":\"yes\"}", "true or false" },
        { "{\"secret\":\"yes\"}", "secret must be true or false" },
        { "{\"position\":\"1\"}", "position" },
        { "{\"items\":[5]}", "#/items/0" },
        { "{\"a/b\":1,\"properties\":{\"a/b\":1}}", "#/properties/a~1b" },
};

START_TEST(refuses_schemas_with_the_place)
{
        _json_ json_t *source = json(wrong[_i].schema);
        _fault_ struct fault fault = FAULT_INIT;
        struct schema *made = NULL;
        char all[600];

        ck_assert_msg(schema_compile(source, &made, &fault) == FAULT, "%s", wrong[_i].schema);
        ck_assert_ptr_null(made);
        snprintf(all, sizeof all, "%s | %s", fault.what, fault.remedy ? fault.remedy : "");
        ck_assert_msg(strstr(all, wrong[_i].told), "%s", all);
}
END_TEST

static const struct {
        const char *schema, *value, *filled;
} defaults[] = {
        { "{\"properties\":{\"a\":{\"default\":1},\"b\":{\"default\":null},\"c\":{}}}", "{}",
          "{\"a\":1,\"b\":null}" },
        { "{\"properties\":{\"a\":{\"default\":1}}}", "{\"a\":null}", "{\"a\":null}" },
        { "{\"properties\":{\"o\":{\"properties\":{\"x\":{\"default\":2}}}}}", "{\"o\":{}}",
          "{\"o\":{\"x\":2}}" },
        { "{\"properties\":{\"o\":{\"properties\":{\"x\":{\"default\":2}}}}}", "{}", "{}" },
        { "{\"properties\":{\"l\":{\"items\":{\"properties\":{\"x\":{\"default\":2}}}}}}",
          "{\"l\":[{},5,{\"x\":1}]}", "{\"l\":[{\"x\":2},5,{\"x\":1}]}" },
        { "{\"allOf\":[{\"properties\":{\"a\":{\"default\":1}}}]}", "{}", "{\"a\":1}" },
        { "{\"definitions\":{\"d\":{\"properties\":{\"a\":{\"default\":[1]}}}},\"$ref\":\"#/"
          "definitions/d\"}",
          "{}", "{\"a\":[1]}" },
        { "{\"properties\":{\"n\":{\"$ref\":\"#\"},\"v\":{\"default\":1}}}", "{\"n\":{\"n\":{}}}",
          "{\"n\":{\"n\":{\"v\":1},\"v\":1},\"v\":1}" },
        /* a default that would need one of its own is whole as it is */
        { "{\"properties\":{\"o\":{\"default\":{},\"allOf\":[{\"$ref\":\"#\"}]}}}", "{}",
          "{\"o\":{}}" },
};

START_TEST(fills_defaults)
{
        _cleanup_(schema_unrefp) struct schema *s = schema(defaults[_i].schema);
        _json_ json_t *value = json(defaults[_i].value);
        _free_ char *text = NULL;

        ck_assert_int_eq(schema_fill_defaults(s, value), 0);
        text = json_canonical(value);
        ck_assert_str_eq(text, defaults[_i].filled);
}
END_TEST

START_TEST(defaults_are_copies)
{
        _cleanup_(schema_unrefp) struct schema *s =
                schema("{\"properties\":{\"a\":{\"default\":[1]}}}");
        _json_ json_t *one = json("{}"), *two = json("{}");

        schema_fill_defaults(s, one);
        json_array_clear(json_object_get(one, "a"));
        schema_fill_defaults(s, two);
        ck_assert_uint_eq(json_array_size(json_object_get(two, "a")), 1);
}
END_TEST

static const struct {
        const char *type, *from, *to;
} coercions[] = {
        { "\"integer\"", "\"5\"", "5" },
        { "\"integer\"", "\"-5\"", "-5" },
        { "\"integer\"", "\"5.5\"", "\"5.5\"" },
        { "\"integer\"", "\"5x\"", "\"5x\"" },
        { "\"integer\"", "\"0x5\"", "\"0x5\"" },
        { "\"integer\"", "\" 5\"", "\" 5\"" },
        { "\"integer\"", "\"\"", "\"\"" },
        { "\"integer\"", "\"99999999999999999999\"", "\"99999999999999999999\"" },
        { "\"number\"", "\"5.5\"", "5.5" },
        { "\"number\"", "\"1e3\"", "1000.0" },
        { "\"number\"", "\"nan\"", "\"nan\"" },
        { "\"boolean\"", "\"true\"", "true" },
        { "\"boolean\"", "\"False\"", "false" },
        { "\"boolean\"", "\"yes\"", "\"yes\"" },
        { "\"null\"", "\"null\"", "null" },
        { "\"object\"", "\"{\\\"a\\\":1}\"", "{\"a\":1}" },
        { "\"array\"", "\"[1]\"", "[1]" },
        { "\"array\"", "\"{}\"", "\"{}\"" },
        { "\"array\"", "\"1,2\"", "\"1,2\"" },
        { "\"string\"", "\"5\"", "\"5\"" },
        { "[\"integer\",\"string\"]", "\"5\"", "\"5\"" },
        { "[\"integer\",\"boolean\"]", "\"true\"", "true" },
        { "\"integer\"", "5.0", "5.0" },
};

START_TEST(coerces_text_where_nothing_is_lost)
{
        _json_ json_t *value = NULL, *to = json(coercions[_i].to);
        char source[200], given[200];

        snprintf(source, sizeof source,
                 "{\"properties\":{\"a\":{\"type\":%s},\"l\":{\"items\":{\"$ref\":\"#/properties/"
                 "a\"}}}}",
                 coercions[_i].type);
        snprintf(given, sizeof given, "{\"a\":%s,\"l\":[%s],\"other\":\"5\"}", coercions[_i].from,
                 coercions[_i].from);
        _cleanup_(schema_unrefp) struct schema *s = schema(source);
        value = json(given);
        schema_coerce(s, value);
        ck_assert(json_equal(json_at(value, "a"), to));
        ck_assert(json_equal(json_at(value, "l.0"), to));
        ck_assert(json_is_string(json_at(value, "other")));
}
END_TEST

static const struct {
        const char *schema, *value, *masked;
} secrets[] = {
        { "{\"properties\":{\"p\":{\"writeOnly\":true},\"q\":{}}}", "{\"p\":\"x\",\"q\":\"y\"}",
          "{\"p\":\"********\",\"q\":\"y\"}" },
        { "{\"properties\":{\"p\":{\"secret\":true}}}", "{\"p\":{\"deep\":[1]},\"r\":1}",
          "{\"p\":\"********\",\"r\":1}" },
        { "{\"properties\":{\"p\":{\"secret\":true}}}", "{\"p\":null}", "{\"p\":null}" },
        { "{\"properties\":{\"o\":{\"properties\":{\"p\":{\"secret\":true}}}}}",
          "{\"o\":{\"p\":5}}", "{\"o\":{\"p\":\"********\"}}" },
        { "{\"properties\":{\"l\":{\"items\":{\"writeOnly\":true}}}}", "{\"l\":[\"a\",\"b\"]}",
          "{\"l\":[\"********\",\"********\"]}" },
        { "{\"patternProperties\":{\"_key$\":{\"secret\":true}}}", "{\"a_key\":\"x\",\"b\":\"y\"}",
          "{\"a_key\":\"********\",\"b\":\"y\"}" },
        { "{\"properties\":{\"a\":{}},\"additionalProperties\":{\"secret\":true}}",
          "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":\"********\"}" },
        { "{\"anyOf\":[{\"properties\":{\"p\":{\"secret\":true}}},{}]}", "{\"p\":1}",
          "{\"p\":\"********\"}" },
        { "{\"properties\":{\"p\":{\"$ref\":\"#/definitions/"
          "s\"}},\"definitions\":{\"s\":{\"secret\":true}}}",
          "{\"p\":1}", "{\"p\":\"********\"}" },
        { "{\"if\":{},\"then\":{\"properties\":{\"p\":{\"secret\":true}}}}", "{\"p\":1}",
          "{\"p\":\"********\"}" },
        { "{\"dependencies\":{\"a\":{\"properties\":{\"p\":{\"secret\":true}}}}}", "{\"p\":1}",
          "{\"p\":\"********\"}" },
        { "{\"writeOnly\":true}", "{\"p\":1}", "\"********\"" },
        { "{\"properties\":{\"n\":{\"$ref\":\"#\"},\"p\":{\"secret\":true}}}",
          "{\"n\":{\"n\":{\"p\":1}}}", "{\"n\":{\"n\":{\"p\":\"********\"}}}" },
};

START_TEST(masks_secrets)
{
        _cleanup_(schema_unrefp) struct schema *s = schema(secrets[_i].schema);
        _json_ json_t *value = json(secrets[_i].value), *before = json_deep_copy(value),
                      *masked = schema_mask(s, value);
        _free_ char *text = json_canonical(masked);

        ck_assert_str_eq(text, secrets[_i].masked);
        ck_assert(json_equal(value, before));
}
END_TEST

START_TEST(knows_what_is_secret)
{
        _cleanup_(schema_unrefp) struct schema *s =
                schema("{\"properties\":{\"o\":{\"properties\":{\"p.q\":{\"secret\":true}}},\"l\":{"
                       "\"items\":{\"writeOnly\":true}},"
                       "\"w\":{\"writeOnly\":true,\"properties\":{\"x\":{}}}}}");

        ck_assert(schema_is_secret(s, "o.p\\.q") && schema_is_secret(s, "l.0") &&
                  schema_is_secret(s, "w"));
        ck_assert(schema_is_secret(s, "w.x"));
        ck_assert(!schema_is_secret(s, "o") && !schema_is_secret(s, "o.p") &&
                  !schema_is_secret(s, "l") && !schema_is_secret(s, "other") &&
                  !schema_is_secret(s, ""));
        ck_assert(!schema_is_secret(NULL, "a"));
}
END_TEST

/* Schemas that would never end, or end after the universe. */
static const char *const hostile[] = {
        "{\"$ref\":\"#\"}",
        "{\"allOf\":[{\"$ref\":\"#\"}]}",
        "{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]}",
        "{\"not\":{\"$ref\":\"#\"}}",
        "{\"if\":{\"$ref\":\"#\"},\"then\":{\"$ref\":\"#\"}}",
        "{\"oneOf\":[{\"allOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]},{\"$ref\":\"#\"}]}",
};

START_TEST(gives_up_on_hostile_schemas)
{
        _cleanup_(schema_unrefp) struct schema *s = schema(hostile[_i]);
        _json_ json_t *value = json("{\"a\":[1]}"), *masked = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(schema_check(s, value, &fault), FAULT);
        ck_assert_str_eq(fault.code, "schema.limit");
        schema_coerce(s, value);
        schema_fill_defaults(s, value);
        masked = schema_mask(s, value);
        ck_assert_ptr_nonnull(masked);
        schema_is_secret(s, "a.0");
}
END_TEST

START_TEST(large_lists_stay_cheap)
{
        _cleanup_(schema_unrefp) struct schema *s = schema("{\"uniqueItems\":true}");
        _json_ json_t *value = json_array();

        for (int i = 0; i < 200000; i++)
                json_array_append_new(value, json_integer(i));
        ck_assert_int_eq(schema_check(s, value, NULL), 0);
        json_array_append_new(value, json_real(77));
        ck_assert_int_eq(schema_check(s, value, NULL), FAULT);
}
END_TEST

START_TEST(nothing_asks_for_nothing)
{
        _cleanup_(schema_unrefp) struct schema *s = NULL;
        _json_ json_t *value = json("{\"a\":1}"), *masked = NULL;

        ck_assert_int_eq(schema_compile(NULL, &s, NULL), 0);
        ck_assert_int_eq(schema_check(s, value, NULL), 0);
        ck_assert_int_eq(schema_check(NULL, value, NULL), 0);
        ck_assert_int_eq(schema_fill_defaults(s, value), 0);
        masked = schema_mask(NULL, value);
        ck_assert(json_equal(masked, value));
        ck_assert_ptr_null(schema_source(s));
}
END_TEST

static void *check_often(void *arg)
{
        _json_ json_t *good = json("{\"a\":\"abc\"}"), *bad = json("{\"a\":\"ABC\"}");
        void *failed = NULL;

        for (int i = 0; i < 500 && !failed; i++) {
                _fault_ struct fault fault = FAULT_INIT;

                if (schema_check(arg, good, NULL) != 0 || schema_check(arg, bad, &fault) != FAULT)
                        failed = arg;
        }
        schema_unref(arg);
        return failed;
}

START_TEST(many_threads_check_one)
{
        struct schema *s =
                schema("{\"properties\":{\"a\":{\"pattern\":\"^[a-z]+$\",\"enum\":[\"abc\"]}}}");
        pthread_t threads[4];
        void *failed;

        for (int i = 0; i < 4; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, check_often, schema_ref(s)), 0);
        ck_assert_ptr_null(schema_unref(s));
        for (int i = 0; i < 4; i++) {
                pthread_join(threads[i], &failed);
                ck_assert_ptr_null(failed);
        }
}
END_TEST

int main(void)
{
        return SUITE("schema/schema", EACH(says_what_must_be, rows),
                     ONCE(tells_all_but_not_endlessly), ONCE(never_tells_a_secret),
                     EACH(refuses_schemas_with_the_place, wrong), EACH(fills_defaults, defaults),
                     ONCE(defaults_are_copies), EACH(coerces_text_where_nothing_is_lost, coercions),
                     EACH(masks_secrets, secrets), ONCE(knows_what_is_secret),
                     EACH(gives_up_on_hostile_schemas, hostile), ONCE(large_lists_stay_cheap),
                     ONCE(nothing_asks_for_nothing), ONCE(many_threads_check_one));
}
