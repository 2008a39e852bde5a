/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "suite.h"

static const struct {
        const char *yaml, *json;
} good[] = {
        { "", "null" },
        { "# only a comment\n", "null" },
        { "--- \n", "null" },
        { "a", "\"a\"" },
        { "a: 1", "{\"a\":1}" },
        { "- 1\n- two\n- [3, {}]", "[1,\"two\",[3,{}]]" },
        /* YAML 1.2's core types, and nothing more */
        { "[null, Null, NULL, ~, '', ]", "[null,null,null,null,\"\"]" },
        { "a:", "{\"a\":null}" },
        { "[true, True, TRUE, false, False, FALSE]", "[true,true,true,false,false,false]" },
        { "[yes, no, on, off, y, n, tRue, nUll]",
          "[\"yes\",\"no\",\"on\",\"off\",\"y\",\"n\",\"tRue\",\"nUll\"]" },
        { "[0, -1, +7, 007, 0x1F, 0o17]", "[0,-1,7,7,31,15]" },
        { "[1_000, 0b11, 0X1f, 0xg, 0o8, 12:30, 1-2]",
          "[\"1_000\",\"0b11\",\"0X1f\",\"0xg\",\"0o8\",\"12:30\",\"1-2\"]" },
        { "[1.5, -.5, 2., 1e3, 1.5E-1]", "[1.5,-0.5,2.0,1000.0,0.14999999999999999]" },
        { "[., -, +, '.', e3, 1e, 1.2.3, .e1]",
          "[\".\",\"-\",\"+\",\".\",\"e3\",\"1e\",\"1.2.3\",\".e1\"]" },
        { "2026-11-22", "\"2026-11-22\"" },
        { "9223372036854775807", "9223372036854775807" },
        { "-9223372036854775808", "-9223372036854775808" },
        { "['1', \"true\", '~']", "[\"1\",\"true\",\"~\"]" },
        { "|\n  a\n  b\n", "\"a\\nb\\n\"" },
        { ">\n  a\n  b\n", "\"a b\\n\"" },
        { "\"\\u65e5\\0x\"", "\"日\\u0000x\"" },
        /* keys are text */
        { "{1: a, true: b, ~: c, 1.0: d}",
          "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\",\"1.0\":\"d\"}" },
        { "'<<': 1", "{\"<<\":1}" },
        /* tags that say what is there anyway */
        { "[!!str 1, !!int 1, !!float 1.5, !!bool true, !!null ~, !!seq [], !!map {}, ! x]",
          "[\"1\",1,1.5,true,null,[],{},\"x\"]" },
        /* aliases */
        { "a: &x {b: [1]}\nc: *x\nd: *x",
          "{\"a\":{\"b\":[1]},\"c\":{\"b\":[1]},\"d\":{\"b\":[1]}}" },
        { "[&a 1, *a, &a 2, *a]", "[1,1,2,2]" },
        { "\xef\xbb\xbf"
          "a: b",
          "{\"a\":\"b\"}" },
        { "a: b\r\nc: d\r\n", "{\"a\":\"b\",\"c\":\"d\"}" },
        { "--- a\n...\n", "\"a\"" },
};

START_TEST(means)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *value = NULL;
        _free_ char *text = NULL;

        ck_assert_msg(yaml_parse(good[_i].yaml, strlen(good[_i].yaml), "t", NULL, &value, &fault) ==
                              0,
                      "%s: %s", good[_i].yaml, fault.what);
        text = json_compact(value);
        ck_assert_str_eq(text, good[_i].json);
}
END_TEST

static const struct {
        const char *yaml, *told;
} wrong[] = {
        { "a: 1\nb: 2\na: 3", "t:3:1: the key \"a\" was given on line 1" },
        { "a: {b: 1, 'b': 2}", "t:1:11: the key \"b\"" },
        { "a: 1\n<<: {b: 2}", "t:2:1: merge keys" },
        { "--- 1\n--- 2", "t:2:1: a second document" },
        { "a: !foo b", "t:1:4: the tag !foo" },
        { "a: !!binary aGk=", "t:1:4: the tag" },
        { "a: !!int yes", "t:1:4: " },
        { "a: !!bool 1", "t:1:4: the value is not" },
        { "!!set {a}", "t:1:1: the tag" },
        { "a: *x", "t:1:4: the alias *x has no anchor" },
        { "a: &x [*x]", "inside its own anchor" },
        { "&x [&x 1]", "inside itself" },
        { "? [a]\n: b", "a key must be one piece" },
        { "? *a\n: b", "an alias cannot be a key" },
        { "\"a\\0b\": 1", "NUL" },
        { "99999999999999999999", "64 bits: quote it" },
        { "[.inf]", "quote it" },
        { "1e999", "quote it" },
        { ".nan", "quote it" },
        { "a: b: c", "t:1:5: " },
        { "a:\n\t- b", "t:2:1: " },
        { "[1", "t:2:1: " },
        { "a: \"\xff\"", "UTF-8" },
        { "%YAML 9.0\n--- a", "t:1:1: " },
};

START_TEST(refuses_with_a_place)
{
        _fault_ struct fault fault = FAULT_INIT;
        json_t *value = NULL;

        ck_assert_msg(yaml_parse(wrong[_i].yaml, strlen(wrong[_i].yaml), "t", NULL, &value,
                                 &fault) == FAULT,
                      "%s", wrong[_i].yaml);
        ck_assert_ptr_null(value);
        ck_assert_int_eq(fault.status, 400);
        ck_assert_msg(text_starts_with(fault.what, "t:") && strstr(fault.what, wrong[_i].told),
                      "%s: %s", wrong[_i].yaml, fault.what);
}
END_TEST

static int parse_limited(const char *yaml, const struct yaml_limits *limits, struct fault *fault)
{
        json_t *value = NULL;
        int r = yaml_parse(yaml, strlen(yaml), "t", limits, &value, fault);

        json_decref(value);
        return r;
}

START_TEST(limits_depth_aliases_and_size)
{
        static const struct yaml_limits limits = { 100, 3, 2, 20 };
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(parse_limited("[[[1]]]", &limits, &fault), 0);
        ck_assert_int_eq(parse_limited("[[[[1]]]]", &limits, &fault), FAULT);
        ck_assert_ptr_nonnull(strstr(fault.what, "t:1:4: nested deeper than 3"));
        /* the alias stands at depth 2 and brings 2 more */
        ck_assert_int_eq(parse_limited("[&a [[]], [*a]]", &limits, &fault), FAULT);
        ck_assert_int_eq(parse_limited("[&a [[]], *a]", &limits, &fault), 0);
        ck_assert_int_eq(parse_limited("[&a 1, *a, *a]", &limits, &fault), 0);
        ck_assert_int_eq(parse_limited("[&a 1, *a, *a, *a]", &limits, &fault), FAULT);
        ck_assert_ptr_nonnull(strstr(fault.what, "more than 2 aliases"));
        ck_assert_int_eq(parse_limited("[&a [1,2,3,4,5,6,7,8,9], *a]", &limits, &fault), FAULT);
        ck_assert_ptr_nonnull(strstr(fault.what, "20 values"));
        ck_assert_int_eq(parse_limited("# 5678901234567890123456789012345678901234567890"
                                       "12345678901234567890123456789012345678901234567890123",
                                       &limits, &fault),
                         FAULT);
        ck_assert_int_eq(fault.status, 413);
}
END_TEST

START_TEST(survives_a_bomb)
{
        _text_ struct text bomb = TEXT_INIT;
        _fault_ struct fault fault = FAULT_INIT;

        text_add(&bomb, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 10; i++)
                text_addf(&bomb,
                          "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i,
                          i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
        ck_assert_int_eq(parse_limited(bomb.s, NULL, &fault), FAULT);
        ck_assert_ptr_nonnull(strstr(fault.what, "200000 values"));
}
END_TEST

START_TEST(survives_many_brackets)
{
        char *brackets = malloc(1 << 20);
        _fault_ struct fault fault = FAULT_INIT;
        json_t *value = NULL;

        memset(brackets, '[', 1 << 20);
        ck_assert_int_eq(yaml_parse(brackets, 1 << 20, "t", NULL, &value, &fault), FAULT);
        memset(brackets, '{', 1 << 20);
        ck_assert_int_eq(yaml_parse(brackets, 1 << 20, "t", NULL, &value, &fault), FAULT);
        free(brackets);
}
END_TEST

START_TEST(aliases_are_copies)
{
        _json_ json_t *value = NULL;
        const char *yaml = "a: &x {b: 1}\nc: *x";

        ck_assert_int_eq(yaml_parse(yaml, strlen(yaml), "t", NULL, &value, NULL), 0);
        json_object_set_new(json_object_get(value, "a"), "b", json_integer(2));
        ck_assert_int_eq(json_integer_value(json_at(value, "c.b")), 1);
}
END_TEST

START_TEST(finds_lines)
{
        const char *yaml = "# c\nname: x\ncriteria:\n  trigger.body:\n    type: eq\n    pattern:\n"
                "      - 1\n      - [2,\n         3]\naction: {ref: a,\n  parameters: {b: c}}\n";
        static const struct {
                const char *path;
                unsigned line;
        } lines[] = {
                { "", 2 },
                { "name", 2 },
                { "criteria", 4 },
                { "criteria.trigger\\.body.type", 5 },
                { "criteria.trigger\\.body.pattern.0", 7 },
                { "criteria.trigger\\.body.pattern.1.1", 9 },
                { "action.ref", 10 },
                { "action.parameters.b", 11 },
                { "nope", 0 },
                { "name.x", 0 },
                { "criteria.trigger.body", 0 },
                { "criteria.trigger\\.body.pattern.2", 0 },
        };

        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
                ck_assert_msg(yaml_line_of(yaml, strlen(yaml), lines[i].path) == lines[i].line,
                              "%s: %u", lines[i].path,
                              yaml_line_of(yaml, strlen(yaml), lines[i].path));
        ck_assert_uint_eq(yaml_line_of("a: [", 4, "a.0"), 0);
        ck_assert_uint_eq(yaml_line_of("", 0, "a"), 0);
        /* a key that is a list once put the walk out of step, for ever */
        ck_assert_uint_eq(yaml_line_of("? [a, b]\n: c\nd: e\n", 18, "d"), 3);
        ck_assert_uint_eq(yaml_line_of("? [a, b]: c\n", 12, "a"), 0);
}
END_TEST

START_TEST(files_are_named)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *value = NULL;
        char path[] = "/tmp/kaname-yaml-XXXXXX";
        int fd = mkstemp(path);

        ck_assert_int_eq(write(fd, "a: [", 4), 4);
        close(fd);
        ck_assert_int_eq(yaml_parse_file(path, NULL, &value, &fault), FAULT);
        ck_assert(text_starts_with(fault.what, path));
        unlink(path);
        ck_assert_int_eq(yaml_parse_file(path, NULL, &value, &fault), FAULT);
        ck_assert_int_eq(fault.status, 404);
        ck_assert_int_eq(yaml_parse_file("/tmp", NULL, &value, &fault), FAULT);
        ck_assert_int_eq(yaml_parse_file("/dev/zero", NULL, &value, &fault), FAULT);
        ck_assert_int_eq(fault.status, 413);
}
END_TEST

int main(void)
{
        return SUITE("base/yaml", EACH(means, good), EACH(refuses_with_a_place, wrong),
                     ONCE(limits_depth_aliases_and_size), ONCE(survives_a_bomb),
                     ONCE(survives_many_brackets), ONCE(aliases_are_copies), ONCE(finds_lines),
                     ONCE(files_are_named));
}
