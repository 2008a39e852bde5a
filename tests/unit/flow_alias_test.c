/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/alias.h"

#include "base/cleanup.h"
#include "base/json.h"

#include "suite.h"

#include <errno.h>
#include <string.h>

static const struct {
        const char *format, *command, *params;  /* params NULL: it does not match */
} rows[] = {
        { "restart {{ host }}", "restart web1", "{\"host\":\"web1\"}" },
        { "restart {{host}} {{ when = now }}", " restart web1  ", "{\"host\":\"web1\","
          "\"when\":\"now\"}" },
        { "restart\\s+{{host}}", "  restart   \"web 1\"  ", "{\"host\":\"web 1\"}" },
        { "restart {{ host }}", "restart", NULL },
        { "restart {{ host }} {{ when = now }}", "restart web1", "{\"host\":\"web1\","
          "\"when\":\"now\"}" },
        { "restart {{ host }} at {{ when = 'next week' }}", "restart web1 at noon",
          "{\"host\":\"web1\",\"when\":\"noon\"}" },
        { "run {{ cmd = \"a }} b\" }}", "run", "{\"cmd\":\"a }} b\"}" },
        { "run {{ cmd = {\"a\": {\"b\": 1}} }}", "run", "{\"cmd\":\"{\\\"a\\\": {\\\"b\\\": 1}}\"}" },
        { "(show|list) (?P<what>\\w+) on {{ host }}", "list disks on db1",
          "{\"host\":\"db1\",\"what\":\"disks\"}" },
        { "go", "go a=1 b='two words' c={\"d\": {\"e\": 1} } f=\"\"",
          "{\"a\":\"1\",\"b\":\"two words\",\"c\":\"{\\\"d\\\": {\\\"e\\\": 1} }\",\"f\":\"\"}" },
        { "go {{ what }}", "go x=1 y", "{\"what\":\"x=1 y\"}" },
        { "say {{ text }}", "say 日本 host=東京", "{\"text\":\"日本\",\"host\":\"東京\"}" },
        { "say {{ text }}", "say one\ntwo", "{\"text\":\"one\\ntwo\"}" },
        { "{{ a = x }}", "", "{\"a\":\"x\"}" },
        { "\\s*", "", NULL },
        { "a {{b}} {{ not closed", "a 1 {{ not closed", "{\"b\":\"1\"}" },
        { "", "", "{}" },
};

START_TEST(reads_commands)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *wanted = rows[_i].params ? json_loads(rows[_i].params, 0, NULL) : NULL;
        _json_ json_t *params = NULL;
        _free_ char *got = NULL;
        struct alias_format *format = NULL;
        int r;

        ck_assert_msg(alias_format_compile(rows[_i].format, &format, &fault) == 0, "%s",
                      fault.what);
        r = alias_format_match(format, rows[_i].command, &params);
        got = params ? json_canonical(params) : NULL;
        ck_assert_msg(r == (wanted != NULL), "%s on %s: %d %s", rows[_i].format, rows[_i].command,
                      r, got ? got : "");
        ck_assert_msg(!wanted || json_equal(wanted, params), "%s", got);
        alias_format_free(format);
}
END_TEST

static const char *const wrong[] = { "go {{ a }} {{ a }}", "go (", "go (?P<a>x) {{a}}",
                                     "go {{ a-b }}" };

START_TEST(says_which_format_is_wrong)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct alias_format *format = NULL;

        ck_assert_int_eq(alias_format_compile(wrong[_i], &format, &fault), FAULT);
        ck_assert_str_eq(fault.code, "alias.format");
        ck_assert_ptr_nonnull(strstr(fault.what, wrong[_i]));
        ck_assert_ptr_nonnull(fault.remedy);
}
END_TEST

/* Other people's patterns and other people's text: an end is sure, whatever they are. */
START_TEST(ends_on_hostile_patterns)
{
        char command[6000];
        struct alias_format *format = NULL;
        _json_ json_t *params = NULL;
        int r;

        memset(command, 'a', sizeof command);
        memcpy(command + sizeof command - 3, " !", 3);
        ck_assert_int_eq(alias_format_compile("((a+)+)+$", &format, NULL), 0);
        r = alias_format_match(format, command, &params);
        ck_assert(r == 0 || r == -ELOOP);
        alias_format_free(format);
}
END_TEST

START_TEST(bounds_commands)
{
        _free_ char *command = malloc(ALIAS_COMMAND_MAX + 2);
        struct alias_format *format = NULL;
        json_t *params = NULL;

        memset(command, '=', ALIAS_COMMAND_MAX + 1);
        command[ALIAS_COMMAND_MAX + 1] = '\0';
        ck_assert_int_eq(alias_format_compile("{{ a }}", &format, NULL), 0);
        ck_assert_int_eq(alias_format_match(format, command, &params), -E2BIG);
        alias_format_free(format);
}
END_TEST

static struct alias *compile(const char *text)
{
        _json_ json_t *definition = json_loads(text, 0, NULL);
        _fault_ struct fault fault = FAULT_INIT;
        struct alias *alias = NULL;

        ck_assert_ptr_nonnull(definition);
        ck_assert_msg(alias_compile(definition, &alias, &fault) == 0, "%s", fault.what);
        return alias;
}

START_TEST(finds_the_format_that_fits)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct alias *alias = compile(
                "{\"name\":\"deploy\",\"pack\":\"web\",\"action_ref\":\"web.deploy\","
                "\"immutable_parameters\":{\"force\":false},\"formats\":[\"status\","
                "{\"display\":\"deploy APP\",\"representation\":[\"deploy {{ app }}\","
                "\"roll out {{ app }}\"]},{\"display\":\"only shown\"}]}");
        struct alias_match match = { NULL, NULL, NULL };

        ck_assert_str_eq(alias_ref(alias), "web.deploy");
        ck_assert_int_eq(alias_match(alias, "roll out shop force=true", &match), 1);
        ck_assert_str_eq(match.display, "deploy APP");
        ck_assert_str_eq(match.representation, "roll out {{ app }}");
        ck_assert_str_eq(json_text_of(match.params, "app", ""), "shop");
        ck_assert_ptr_null(json_object_get(match.params, "force"));
        json_decref(match.params);
        ck_assert_int_eq(alias_match(alias, "only shown", &match), 0);
        ck_assert_int_eq(alias_match_format(alias, "deploy APP", "deploy shop", &match, &fault), 1);
        json_decref(match.params);
        ck_assert_int_eq(alias_match_format(alias, "status", "deploy shop", &match, &fault), FAULT);
        alias_free(alias);
}
END_TEST

static const struct {
        const char *definition, *path;
} broken[] = {
        { "{\"action_ref\":\"a.b\",\"formats\":[\"x\"]}", "name" },
        { "{\"name\":\"n\",\"formats\":[\"x\"]}", "action_ref" },
        { "{\"name\":\"n\",\"action_ref\":\"a.b\"}", "formats" },
        { "{\"name\":\"n\",\"action_ref\":\"a.b\",\"formats\":[\"x\",\"(\"]}", "formats.1" },
        { "{\"name\":\"n\",\"action_ref\":\"a.b\",\"formats\":[7]}", "formats.0" },
        { "{\"name\":\"n\",\"action_ref\":\"a.b\",\"formats\":[\"x\"],"
          "\"ack\":{\"format\":\"{{ execution.\"}}", "ack.format" },
};

START_TEST(says_where_an_alias_is_wrong)
{
        _json_ json_t *definition = json_loads(broken[_i].definition, 0, NULL);
        _fault_ struct fault fault = FAULT_INIT;
        struct alias *alias = NULL;

        ck_assert_int_eq(alias_compile(definition, &alias, &fault), FAULT);
        ck_assert_str_eq(json_text_of(fault.detail, "path", "none"), broken[_i].path);
}
END_TEST

int main(void)
{
        return SUITE("flow/alias", EACH(reads_commands, rows),
                     EACH(says_which_format_is_wrong, wrong), ONCE(ends_on_hostile_patterns),
                     ONCE(bounds_commands), ONCE(finds_the_format_that_fits),
                     EACH(says_where_an_alias_is_wrong, broken));
}
