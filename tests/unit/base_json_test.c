/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/cleanup.h"
#include "suite.h"

static json_t *json(const char *s)
{
        _fault_ struct fault fault = FAULT_INIT;
        json_t *value = NULL;

        ck_assert_msg(json_parse(s, strlen(s), NULL, &value, &fault) == 0, "%s: %s", s, fault.what);
        return value;
}

static const struct {
        const char *text, *told;
} wrong[] = {
        { "", "line 1" },
        { "{", "line 1" },
        { "{\"a\":1,\"a\":2}", "duplicate" },
        { "[1] x", "line 1" },
        { "{\"a\":\n tru}", "line 2" },
        { "\"\xff\"", "0xff" },
        { "nul", "not JSON" },
        { "1e999", "not JSON" },
        { "99999999999999999999", "too big" },
};

START_TEST(refuses_with_a_place)
{
        _fault_ struct fault fault = FAULT_INIT;
        json_t *value = NULL;

        ck_assert_int_eq(json_parse(wrong[_i].text, strlen(wrong[_i].text), NULL, &value, &fault),
                         FAULT);
        ck_assert_ptr_null(value);
        ck_assert_int_eq(fault.status, 400);
        ck_assert_msg(strstr(fault.what, wrong[_i].told) != NULL, "%s", fault.what);
}
END_TEST

START_TEST(limits_depth_and_size)
{
        static const struct json_limits limits = { 20, 3, "limits.body", "limits.depth" };
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *value = NULL;

        ck_assert_int_eq(json_parse("[[[]]]", 6, &limits, &value, &fault), 0);
        value = (json_decref(value), NULL);
        ck_assert_int_eq(json_parse("[[[[]]]]", 8, &limits, &value, &fault), FAULT);
        ck_assert_int_eq(fault.status, 400);
        ck_assert_ptr_nonnull(strstr(fault.remedy, "limits.depth"));
        ck_assert_int_eq(json_parse("\"[[[[\\\"[[[\"", 11, &limits, &value, &fault), 0);
        value = (json_decref(value), NULL);
        ck_assert_int_eq(json_parse("                     1", 22, &limits, &value, &fault), FAULT);
        ck_assert_int_eq(fault.status, 413);
        ck_assert_ptr_nonnull(strstr(fault.remedy, "limits.body"));
}
END_TEST

START_TEST(any_value_may_be_the_root)
{
        _json_ json_t *value = json("\"a\\u0000b\"");

        ck_assert_uint_eq(json_string_length(value), 3);
        value = (json_decref(value), json(" null "));
        ck_assert(json_is_null(value));
}
END_TEST

START_TEST(spells_canonically)
{
        _json_ json_t *value = json("{\"b\": [1, 2.5, null], \"a\": {\"d\": 1, \"c\": \"é\"}}");
        _free_ char *canonical = json_canonical(value), *compact = json_compact(value);

        ck_assert_str_eq(canonical, "{\"a\":{\"c\":\"é\",\"d\":1},\"b\":[1,2.5,null]}");
        ck_assert_str_eq(compact, "{\"b\":[1,2.5,null],\"a\":{\"d\":1,\"c\":\"é\"}}");
}
END_TEST

START_TEST(finds_and_puts_at_paths)
{
        _json_ json_t *value = json("{\"a\":{\"b.c\":[10,{\"d\":true}]}}");

        ck_assert_ptr_eq(json_at(value, ""), value);
        ck_assert(json_is_true(json_at(value, "a.b\\.c.1.d")));
        ck_assert_int_eq(json_integer_value(json_at(value, "a.b\\.c.0")), 10);
        ck_assert_ptr_null(json_at(value, "a.b.c"));
        ck_assert_ptr_null(json_at(value, "a.b\\.c.2"));
        ck_assert_ptr_null(json_at(value, "a.b\\.c.-1"));
        ck_assert_ptr_null(json_at(value, "a.b\\.c.x"));
        ck_assert_ptr_null(json_at(NULL, "a"));
        ck_assert_int_eq(json_put_at(&value, "x.y\\.z", json_integer(5)), 0);
        ck_assert_int_eq(json_integer_value(json_at(value, "x.y\\.z")), 5);
        ck_assert_int_lt(json_put_at(&value, "a.b\\.c.k", json_integer(5)), 0);
        ck_assert_int_eq(json_put_at(&value, "", json_integer(1)), 0);
        ck_assert(json_is_integer(value));
}
END_TEST

START_TEST(typed_members_have_defaults)
{
        _json_ json_t *value = json("{\"t\":\"x\",\"i\":3,\"b\":false}");

        ck_assert_str_eq(json_text_of(value, "t", "d"), "x");
        ck_assert_str_eq(json_text_of(value, "i", "d"), "d");
        ck_assert_int_eq(json_int_of(value, "i", 9), 3);
        ck_assert_int_eq(json_int_of(value, "t", 9), 9);
        ck_assert(!json_bool_of(value, "b", true) && json_bool_of(value, "t", true));
        ck_assert_str_eq(json_text_of(NULL, "t", "d"), "d");
        json_set_text(value, "t", NULL);
        ck_assert(json_is_null(json_object_get(value, "t")));
}
END_TEST

static const struct {
        const char *a, *b;
        bool strict, python;
} pairs[] = {
        { "1", "1.0", true, true },
        { "1", "true", false, true },
        { "0", "false", false, true },
        { "0.0", "false", false, true },
        { "1", "\"1\"", false, false },
        { "null", "0", false, false },
        { "null", "false", false, false },
        { "\"\"", "null", false, false },
        { "2", "true", false, false },
        { "0.0", "-0.0", true, true },
        { "9007199254740993", "9007199254740992.0", false, false },
        { "9007199254740992", "9007199254740992.0", true, true },
        { "1e300", "1e300", true, true },
        { "9223372036854775807", "9223372036854775807.0", false, false },
        { "[1,2]", "[1.0,2]", true, true },
        { "[1,2]", "[2,1]", false, false },
        { "[]", "{}", false, false },
        { "{\"a\":1,\"b\":2}", "{\"b\":2.0,\"a\":1}", true, true },
        { "{\"a\":1}", "{\"b\":1}", false, false },
        { "{\"a\":true}", "{\"a\":1}", false, true },
        { "\"a\\u0000b\"", "\"a\\u0000c\"", false, false },
        { "[[]]", "[[],[]]", false, false },
        { "{\"a\":1}", "{\"a\":1,\"b\":1}", false, false },
};

START_TEST(sameness_and_hash_agree)
{
        _json_ json_t *a = json(pairs[_i].a), *b = json(pairs[_i].b);

        ck_assert_int_eq(json_same(a, b, JSON_SAME_STRICT), pairs[_i].strict);
        ck_assert_int_eq(json_same(b, a, JSON_SAME_STRICT), pairs[_i].strict);
        ck_assert_int_eq(json_same(a, b, JSON_SAME_PYTHON), pairs[_i].python);
        ck_assert_int_eq(json_hash(a, JSON_SAME_STRICT) == json_hash(b, JSON_SAME_STRICT),
                         pairs[_i].strict);
        ck_assert_int_eq(json_hash(a, JSON_SAME_PYTHON) == json_hash(b, JSON_SAME_PYTHON),
                         pairs[_i].python);
}
END_TEST

START_TEST(numbers_compare_exactly)
{
        static const char *const rising[] = { "-1e300",
                                              "-9223372036854775808",
                                              "-1.5",
                                              "-1",
                                              "0",
                                              "0.5",
                                              "9007199254740992.0",
                                              "9007199254740993",
                                              "9223372036854775807",
                                              "9223372036854775808.0",
                                              "1e300" };
        size_t n = sizeof rising / sizeof *rising;

        for (size_t i = 0; i < n; i++) {
                for (size_t j = 0; j < n; j++) {
                        _json_ json_t *a = json(rising[i]), *b = json(rising[j]);

                        ck_assert_msg(json_compare_numbers(a, b) == (i > j) - (i < j), "%s %s",
                                      rising[i], rising[j]);
                }
        }
}
END_TEST

START_TEST(a_nul_that_was_let_in_comes_out_of_the_store)
{
        static const char text[] = "{\"a\":\"x\\u0000y\"}";
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *value = NULL;
        _free_ char *stored = NULL;

        ck_assert_int_eq(json_parse(text, sizeof text - 1, NULL, &value, &fault), 0);
        stored = json_compact(value);
        ck_assert_str_eq(stored, text);
        json_t *again = json_stored(stored);
        ck_assert(again && json_equal(again, value));
        json_decref(again);
        ck_assert_ptr_null(json_stored(NULL));
        ck_assert_ptr_null(json_stored("{"));
}
END_TEST

START_TEST(files_are_named)
{
        _fault_ struct fault fault = FAULT_INIT;
        char path[] = "/tmp/kaname-json-XXXXXX";
        int fd = mkstemp(path);
        json_t *value = NULL;

        ck_assert_int_eq(write(fd, "[1,", 3), 3);
        close(fd);
        ck_assert_int_eq(json_parse_file(path, NULL, &value, &fault), FAULT);
        ck_assert_ptr_nonnull(strstr(fault.what, path));
        ck_assert_int_eq(json_parse_file("/nonexistent/x.json", NULL, &value, &fault), FAULT);
        ck_assert_int_eq(fault.status, 404);
        unlink(path);
}
END_TEST

int main(void)
{
        return SUITE("base/json", EACH(refuses_with_a_place, wrong), ONCE(limits_depth_and_size),
                     ONCE(any_value_may_be_the_root), ONCE(spells_canonically),
                     ONCE(finds_and_puts_at_paths), ONCE(typed_members_have_defaults),
                     EACH(sameness_and_hash_agree, pairs), ONCE(numbers_compare_exactly),
                     ONCE(a_nul_that_was_let_in_comes_out_of_the_store), ONCE(files_are_named));
}
