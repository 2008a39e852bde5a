/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every operator's name, in either case, on values and patterns as JSON; "fault" is Python's
 * TypeError.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "flow/matcher.h"

#include "suite.h"

CLEANUP_DEFINE(struct matcher *, matcher_free);

enum { NO = VERDICT_NO, YES = VERDICT_YES, FAILS = VERDICT_FAULT };

static const struct {
        const char *operator, *value, *pattern;         /* value NULL: missing */
        int verdict;
} rows[] = {
        { "equals", "\"a\"", "\"a\"", YES },
        { "eq", "1", "1.0", YES },
        { "eq", "true", "1", YES },
        { "eq", "\"1\"", "1", NO },
        { "EQUALS", "[1,{\"a\":2}]", "[1.0,{\"a\":2}]", YES },
        { "equals", "null", "null", NO },
        { "equals", NULL, "\"a\"", NO },
        { "eq", "\"A\"", "\"a\"", NO },
        { "neq", "1", "2", YES },
        { "nequals", "1", "true", NO },
        { "neq", NULL, "null", NO },
        { "neq", NULL, "\"a\"", YES },
        { "nequals", "0", "null", YES },
        { "ieq", "\"aB\"", "\"Ab\"", YES },
        { "iequals", "\"ab\"", "\"abc\"", NO },
        { "ieq", "1", "\"1\"", FAILS },
        { "iequals", "\"a.c\"", "\"abc\"", NO },
        { "ieq", "\"ab\\n\"", "\"ab\"", NO },
        { "contains", "\"haystack\"", "\"st\"", YES },
        { "contains", "[1,2]", "2.0", YES },
        { "contains", "{\"k\":1}", "\"k\"", YES },
        { "contains", "{\"k\":1}", "[\"k\"]", FAILS },
        { "contains", "\"a\"", "1", FAILS },
        { "contains", NULL, "\"a\"", FAILS },
        { "contains", "5", "5", FAILS },
        { "contains", "\"abc\"", "\"\"", YES },
        { "ncontains", "\"abc\"", "\"x\"", YES },
        { "ncontains", "[1]", "1", NO },
        { "ncontains", "1", "\"x\"", FAILS },
        { "icontains", "\"HayStack\"", "\"yst\"", YES },
        { "icontains", "\"a+b\"", "\"A+B\"", YES },
        { "icontains", "[\"a\"]", "\"a\"", FAILS },
        { "incontains", "\"ABC\"", "\"b\"", NO },
        { "incontains", "\"ABC\"", "\"x\"", YES },
        { "incontains", NULL, "\"x\"", FAILS },
        { "startswith", "\"abc\"", "\"ab\"", YES },
        { "startswith", "\"a\"", "\"ab\"", NO },
        { "startswith", "1", "\"1\"", FAILS },
        { "istartswith", "\"ABc\"", "\"ab\"", YES },
        { "istartswith", "\"xab\"", "\"ab\"", NO },
        { "endswith", "\"abc\"", "\"bc\"", YES },
        { "endswith", "\"c\"", "\"bc\"", NO },
        { "iendswith", "\"aBC\"", "\"bc\"", YES },
        { "iendswith", "\"bcx\"", "\"bc\"", NO },
        { "lt", "1", "2", YES },
        { "lessthan", "2", "2", NO },
        { "lt", "1", "1.5", YES },
        { "lt", "true", "2", YES },
        { "lt", "\"a\"", "\"b\"", YES },
        { "lt", "\"Z\"", "\"a\"", YES },
        { "lt", "\"a\"", "1", FAILS },
        { "lt", NULL, "1", FAILS },
        { "lt", "null", "1", FAILS },
        { "lt", "[1,2]", "[1,3]", YES },
        { "lt", "[1]", "[1,0]", YES },
        { "lt", "[1]", "[\"a\"]", FAILS },
        { "lt", "{}", "{}", FAILS },
        { "gt", "3", "2", YES },
        { "greaterthan", "2", "2", NO },
        { "gt", "9007199254740993", "9007199254740992.0", YES },
        { "gt", "\"10\"", "\"9\"", NO },
        { "gt", "95", "\"90\"", FAILS },
        { "gt", "\"é\"", "\"z\"", YES },
        { "td_lt", "\"2026-01-01T00:00:00Z\"", "60", YES },
        { "timediff_lt", "\"2026-01-01T00:00:00Z\"", "\"10\"", NO },
        { "td_gt", "\"2026-01-01T00:00:00\"", "29.5", YES },
        { "timediff_gt", "\"2026-01-01T00:00:00Z\"", "30", NO },
        { "td_gt", "\"2026-01-01T09:00:00+09:00\"", "29", YES },
        { "td_gt", "\"soon\"", "1", FAILS },
        { "td_lt", NULL, "1", FAILS },
        { "td_lt", "5", "1", FAILS },
        { "exists", "0", NULL, YES },
        { "exists", "null", NULL, NO },
        { "exists", NULL, NULL, NO },
        { "nexists", NULL, NULL, YES },
        { "nexists", "false", NULL, NO },
        { "in", "\"a\"", "[\"a\",\"b\"]", YES },
        { "inside", "1", "[true]", YES },
        { "in", "\"b\"", "\"abc\"", YES },
        { "in", "1", "\"1\"", FAILS },
        { "in", NULL, "[\"a\"]", NO },
        { "in", NULL, "[null]", YES },
        { "in", NULL, "\"abc\"", FAILS },
        { "inside", "\"k\"", "{\"k\":1}", YES },
        { "nin", "\"c\"", "[\"a\"]", YES },
        { "ninside", "\"a\"", "[\"a\"]", NO },
        { "ninside", "1", "\"x\"", FAILS },
        { "regex", "\"xabx\"", "\"ab\"", YES },
        { "regex", "\"AB\"", "\"ab\"", NO },
        { "regex", "1", "\"1\"", FAILS },
        { "regex", "\"a\\nb\"", "\"a.b\"", NO },
        { "iregex", "\"AB\"", "\"^ab$\"", YES },
        { "matchregex", "\"abc\"", "\"b\"", NO },
        { "matchregex", "\"a\\nb\"", "\"a.b\"", YES },
        { "regex", "\"ab\\n\"", "\"b$\"", YES },
        { "regex", "\"é\"", "\"^\\\\w$\"", YES },
        { "matchwildcard", "\"web1\"", "\"web?\"", YES },
        { "matchwildcard", "\"xweb1\"", "\"web?\"", NO },
        { "matchwildcard", "\"web12\"", "\"web?\"", NO },
        { "matchwildcard", "\"a\\nb\"", "\"a*b\"", YES },
        { "matchwildcard", "\"a.b\"", "\"a.b\"", YES },
        { "matchwildcard", "\"axb\"", "\"a.b\"", NO },
        { "matchwildcard", "\"web7\"", "\"web[5-9]\"", YES },
        { "matchwildcard", "\"web1\"", "\"web[!5-9]\"", YES },
        { "matchwildcard", "\"a]b\"", "\"a[]]b\"", YES },
        { "matchwildcard", "\"a[b\"", "\"a[b\"", YES },
        { "matchwildcard", "\"^\"", "\"[^a]\"", YES },
        { "matchwildcard", "\"b\"", "\"[^a]\"", NO },
        { "matchwildcard", "\"(x)\"", "\"(?)\"", YES },
        { "matchwildcard", "\"日本\"", "\"??\"", YES },
        { "matchwildcard", "\"ab\\n\"", "\"ab\"", NO },
        { "matchwildcard", "\"\\\\\"", "\"[\\\\]\"", YES },
        { "contains", "\"a\"", "null", NO },
        { "regex", "\"a\"", "null", NO },
        { "gt", "1", "null", NO },
        { "in", "\"a\"", "null", NO },
        { "td_gt", "\"x\"", "null", NO },
};

static json_t *json(const char *s)
{
        return s ? json_loads(s, JSON_DECODE_ANY, NULL) : NULL;
}

START_TEST(judges)
{
        _cleanup_(matcher_freep) struct matcher *matcher = NULL;
        _json_ json_t *value = json(rows[_i].value), *pattern = json(rows[_i].pattern);
        _fault_ struct fault fault = FAULT_INIT;
        int verdict;

        clock_fake(1767225630000);      /* 2026-01-01T00:00:30Z */
        ck_assert_msg(matcher_compile(rows[_i].operator, pattern, &matcher, &fault) == 0, "%s",
                      fault.what);
        verdict = matcher_judge(matcher, value, &fault);
        ck_assert_msg(verdict == rows[_i].verdict, "%s of %s with %s: %d (%s)", rows[_i].operator,
                      rows[_i].value, rows[_i].pattern, verdict, fault.what ? fault.what : "");
        ck_assert((verdict == VERDICT_FAULT) == (fault.status != 0));
}
END_TEST

static const struct {
        const char *operator, *pattern, *told;
} wrong[] = {
        { "regex", "5", "the pattern of regex must be text, not a number" },
        { "regex", "\"a(\"", "\"a(\"" },
        { "in", "5", "must be a list or text, not a number" },
        { "td_lt", "\"soon\"", "a number of seconds" },
        { "td_gt", "[1]", "a number of seconds" },
        { "startswith", "true", "text, not true or false" },
        { "icontains", "[\"a\"]", "text, not a list" },
        { "matchwildcard", "{}", "text, not an object" },
};

START_TEST(refuses_patterns)
{
        _json_ json_t *pattern = json(wrong[_i].pattern);
        _fault_ struct fault fault = FAULT_INIT;
        struct matcher *matcher = NULL;

        ck_assert_int_eq(matcher_compile(wrong[_i].operator, pattern, &matcher, &fault), FAULT);
        ck_assert_ptr_null(matcher);
        ck_assert_int_eq(fault.status, 422);
        ck_assert_msg(strstr(fault.what, wrong[_i].told), "%s", fault.what);
}
END_TEST

START_TEST(a_hopeless_pattern_is_told)
{
        _cleanup_(matcher_freep) struct matcher *matcher = NULL;
        _json_ json_t *pattern = json_string("(a+)+$"), *value = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        char many[65];

        memset(many, 'a', 63);
        strcpy(many + 63, "!");
        value = json_string(many);
        ck_assert_int_eq(matcher_compile("regex", pattern, &matcher, &fault), 0);
        ck_assert_int_eq(matcher_judge(matcher, value, &fault), VERDICT_FAULT);
        ck_assert_str_eq(fault.code, "rule.limit");
}
END_TEST

START_TEST(helps_with_unlike_types)
{
        _cleanup_(matcher_freep) struct matcher *matcher = NULL;
        _json_ json_t *pattern = json_string("90"), *value = json_integer(95);
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(matcher_compile("gt", pattern, &matcher, &fault), 0);
        ck_assert_int_eq(matcher_judge(matcher, value, &fault), VERDICT_FAULT);
        ck_assert_str_eq(fault.what, "gt cannot compare a number with text");
        ck_assert_ptr_nonnull(strstr(fault.remedy, "without quotes"));
}
END_TEST

START_TEST(knows_all_names)
{
        static const char names[] =
                "matchwildcard matchregex regex iregex eq equals neq nequals ieq iequals "
                "contains icontains ncontains incontains startswith istartswith endswith iendswith "
                "lt lessthan "
                "gt greaterthan td_lt timediff_lt td_gt timediff_gt exists nexists in inside nin "
                "ninside search ";
        char name[32];
        int n = 0;

        for (const char *s = names; *s; s = strchr(s, ' ') + 1, n++) {
                ck_assert_int_eq(sscanf(s, "%31s", name), 1);
                ck_assert_str_eq(operator_find(name), name);
        }
        ck_assert_int_eq(n, 33);
        ck_assert_str_eq(operator_find("EqualS"), "equals");
        ck_assert_ptr_null(operator_find("equal"));
        ck_assert_str_eq(operator_nearest("equal"), "equals");
        ck_assert_str_eq(operator_nearest("greatherthan"), "greaterthan");
        ck_assert_ptr_null(operator_nearest("bananas_are_yellow"));
        ck_assert(operator_is_search("search") && !operator_is_search("eq"));
        ck_assert(!operator_needs_pattern("exists") && operator_needs_pattern("search"));
}
END_TEST

int main(void)
{
        return SUITE("flow/matcher", EACH(judges, rows), EACH(refuses_patterns, wrong),
                     ONCE(a_hopeless_pattern_is_told), ONCE(helps_with_unlike_types),
                     ONCE(knows_all_names));
}
