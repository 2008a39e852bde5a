/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "expr/expr.h"
#include "flow/rule.h"

#include "suite.h"

CLEANUP_DEFINE(struct rule *, rule_free);

#define HEAD                                                                                       \
        "name: r\npack: p\nenabled: true\ntrigger: {type: core.st2.webhook, parameters: {url: "    \
        "alerts}}\n"
#define TAIL "action: {ref: core.noop}\n"

static json_t *yaml(const char *s)
{
        _fault_ struct fault fault = FAULT_INIT;
        json_t *value = NULL;

        ck_assert_msg(yaml_parse(s, strlen(s), "test", NULL, &value, &fault) == 0, "%s",
                      fault.what);
        return value;
}

static struct rule *rule(const char *s)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *definition = yaml(s);
        struct rule *made = NULL;

        ck_assert_msg(rule_compile(definition, &made, &fault) == 0, "%s", fault.what);
        return made;
}

START_TEST(reads_a_definition)
{
        _cleanup_(rule_freep) struct rule *r =
                rule(HEAD "type: {ref: backstop}\nlimit_per_minute: 0\n" TAIL);

        ck_assert_str_eq(rule_ref(r), "p.r");
        ck_assert_str_eq(rule_action(r), "core.noop");
        ck_assert_str_eq(rule_trigger_key(r), "core.st2.webhook?url=alerts");
        ck_assert(rule_is_enabled(r) && rule_is_backstop(r));
        ck_assert_int_eq(rule_limit_per_minute(r), 0);
        ck_assert_str_eq(json_text_of(rule_definition(r), "name", ""), "r");
}
END_TEST

START_TEST(has_defaults)
{
        _cleanup_(rule_freep) struct rule *r = rule(
                "name: A rule, with blanks\ntrigger: {type: a.b}\naction: {ref: c.d}\ncriteria:\n");

        ck_assert_str_eq(rule_ref(r), "default.A rule, with blanks");
        ck_assert_str_eq(rule_trigger_key(r), "a.b");
        ck_assert(!rule_is_enabled(r) && !rule_is_backstop(r));
        ck_assert_int_eq(rule_limit_per_minute(r), 120);
}
END_TEST

static void check_key(const char *type, const char *parameters, const char *key)
{
        _json_ json_t *value = parameters ? json_loads(parameters, 0, NULL) : NULL;
        _free_ char *made = trigger_key(type, value);

        ck_assert_str_eq(made, key);
}

START_TEST(names_triggers_one_way)
{
        check_key("a.b", NULL, "a.b");
        check_key("a.b", "{}", "a.b");
        check_key("a.b", "{\"y\": 1, \"x\": [2]}", "a.b?{\"x\":[2],\"y\":1}");
        check_key("core.st2.webhook", "{\"url\": \"/a/b/\"}", "core.st2.webhook?url=a/b");
        check_key("core.st2.IntervalTimer", "{\"unit\":\"hours\",\"delta\":1}",
                  "core.st2.IntervalTimer?{\"delta\":1,\"unit\":\"hours\"}");
}
END_TEST

static const struct {
        const char *criteria, *payload;
        int matched;                    /* 0, 1, or FAULT + 1 */
} rows[] = {
        { "{}", "{}", 1 },
        { "{}", "{\"a\":1}", 1 },
        /* with criteria never on an empty payload */
        { "{trigger.a: {type: nexists}}", "{}", 0 },
        { "{trigger.a: {type: nexists}}", "null", 0 },
        { "{trigger.a: {type: nexists}}", "[]", 0 },
        { "{trigger.a: {type: nexists}}", "{\"b\":1}", 1 },
        { "{trigger.a: {type: eq, pattern: 1}, trigger.b: {type: eq, pattern: 2}}",
          "{\"a\":1,\"b\":2}", 1 },
        { "{trigger.a: {type: eq, pattern: 1}, trigger.b: {type: eq, pattern: 2}}",
          "{\"a\":1,\"b\":3}", 0 },
        { "{'trigger.a#1': {type: gt, pattern: 1}, 'trigger.a#2': {type: lt, pattern: 5}}",
          "{\"a\":3}", 1 },
        { "{'trigger.a#1': {type: gt, pattern: 1}, 'trigger.a#2': {type: lt, pattern: 5}}",
          "{\"a\":7}", 0 },
        { "{'trigger.body.h[0].n': {type: eq, pattern: x}}", "{\"body\":{\"h\":[{\"n\":\"x\"}]}}",
          1 },
        { "{'trigger.body.h.0.n': {type: eq, pattern: x}}", "{\"body\":{\"h\":[{\"n\":\"x\"}]}}",
          1 },
        { "{'trigger.body.h[-1]': {type: eq, pattern: 2}}", "{\"body\":{\"h\":[1,2]}}", 1 },
        { "{'trigger.h[*].n': {type: eq, pattern: x}}",
          "{\"h\":[{\"m\":1},{\"n\":\"x\"},{\"n\":\"y\"}]}", 1 },
        { "{'trigger.h[*].n': {type: eq, pattern: y}}", "{\"h\":[{\"n\":\"x\"},{\"n\":\"y\"}]}",
          0 },
        { "{'trigger.*.n': {type: eq, pattern: 1}}", "{\"a\":{},\"b\":{\"n\":1}}", 1 },
        { "{'trigger.X-Hub-Event': {type: eq, pattern: push}}", "{\"X-Hub-Event\":\"push\"}", 1 },
        { "{'trigger[\"a.b\"]': {type: eq, pattern: 1}}", "{\"a.b\":1}", 1 },
        { "{trigger.'a b': {type: eq, pattern: 1}}", "{\"a b\":1}", 1 },
        { "{trigger: {type: contains, pattern: k}}", "{\"k\":null}", 1 },
        { "{trigger.a: {type: EQUALS, pattern: x}}", "{\"a\":\"x\"}", 1 },
        /* a pattern that is rendered */
        { "{trigger.a: {type: eq, pattern: '{{ trigger.b }}'}}", "{\"a\":[1],\"b\":[1.0]}", 1 },
        { "{trigger.a: {type: startswith, pattern: 'x{{ trigger.b }}'}}", "{\"a\":\"x7y\",\"b\":7}",
          1 },
        { "{trigger.a: {type: eq, pattern: '{{ trigger.c }}'}}", "{\"a\":1}", FAULT + 1 },
        { "{trigger.a: {type: regex, pattern: '{{ trigger.b }}'}}", "{\"a\":\"x\",\"b\":\"(\"}",
          FAULT + 1 },
        /* what cannot be judged is a fault, unless another criterion decides, wherever it stands */
        { "{trigger.a: {type: gt, pattern: 1}}", "{\"a\":\"x\"}", FAULT + 1 },
        { "{trigger.a: {type: gt, pattern: 1}, trigger.b: {type: eq, pattern: 1}}",
          "{\"a\":\"x\",\"b\":2}", 0 },
        { "{trigger.b: {type: eq, pattern: 1}, trigger.a: {type: gt, pattern: 1}}",
          "{\"a\":\"x\",\"b\":2}", 0 },
        { "{trigger.a: {type: gt, pattern: 1}, trigger.b: {type: eq, pattern: 1}}",
          "{\"a\":\"x\",\"b\":1}", FAULT + 1 },
        /* search */
        { "{trigger.f: {type: search, condition: any, pattern: {item.n: {type: eq, pattern: S}, "
          "item.v: {type: eq, pattern: 1}}}}",
          "{\"f\":[{\"n\":\"T\",\"v\":1},{\"n\":\"S\",\"v\":1}]}", 1 },
        { "{trigger.f: {type: search, pattern: {item.n: {type: eq, pattern: S}, item.v: {type: eq, "
          "pattern: 1}}}}",
          "{\"f\":[{\"n\":\"S\",\"v\":2},{\"n\":\"T\",\"v\":1}]}", 0 },
        { "{trigger.f: {type: search, condition: all, pattern: {item.v: {type: gt, pattern: 0}}}}",
          "{\"f\":[{\"v\":1},{\"v\":2}]}", 1 },
        { "{trigger.f: {type: search, condition: all, pattern: {item.v: {type: gt, pattern: 1}}}}",
          "{\"f\":[{\"v\":1},{\"v\":2}]}", 0 },
        { "{trigger.f: {type: search, condition: any2any, pattern: {item.v: {type: eq, pattern: "
          "2}, item.n: {type: eq, pattern: x}}}}",
          "{\"f\":[{\"v\":1},{\"v\":2}]}", 1 },
        { "{trigger.f: {type: search, condition: all2any, pattern: {'item.v#1': {type: eq, "
          "pattern: 2}, 'item.v#2': {type: eq, pattern: 1}}}}",
          "{\"f\":[{\"v\":1},{\"v\":2}]}", 1 },
        { "{trigger.f: {type: search, condition: all2any, pattern: {item.v: {type: eq, pattern: "
          "2}}}}",
          "{\"f\":[{\"v\":1},{\"v\":2}]}", 0 },
        { "{trigger.f: {type: search, pattern: {item.v: {type: eq, pattern: 1}}}}",
          "{\"f\":{\"v\":1}}", 1 },
        { "{trigger.f: {type: search, pattern: {item: {type: eq, pattern: 2}}}}", "{\"f\":[1,2]}",
          1 },
        { "{trigger.f: {type: search, condition: any, pattern: {item.v: {type: eq, pattern: 1}}}}",
          "{\"f\":[]}", 0 },
        { "{trigger.f: {type: search, condition: all, pattern: {item.v: {type: eq, pattern: 1}}}}",
          "{\"f\":[],\"g\":1}", 1 },
        { "{trigger.f: {type: search, pattern: {item.v: {type: eq, pattern: 1}}}}", "{\"g\":1}",
          FAULT + 1 },
        { "{trigger.f: {type: search, pattern: {item.v: {type: eq, pattern: '{{ trigger.w }}'}}}}",
          "{\"f\":[{\"v\":1}],\"w\":1}", 1 },
        { "{trigger.f: {type: search, pattern: {item.v: {type: eq, pattern: '{{ item.w }}'}}}}",
          "{\"f\":[{\"v\":1,\"w\":1}]}", 1 },
        { "{trigger.f: {type: search, pattern: {item.g: {type: search, pattern: {item.x: {type: "
          "eq, pattern: 1}}}}}}",
          "{\"f\":[{\"g\":[{\"x\":1}]}]}", 1 },
        /* groups */
#define A(v) "{trigger.a: {type: eq, pattern: " v "}}"
#define B(v) "{trigger.b: {type: eq, pattern: " v "}}"
        { "{any: [" A("1") ", " B("2") "]}", "{\"a\":1,\"b\":0}", 1 },
        { "{any: [" A("1") ", " B("2") "]}", "{\"a\":0,\"b\":2}", 1 },
        { "{any: [" A("1") ", " B("2") "]}", "{\"a\":0,\"b\":0}", 0 },
        { "{all: [" A("1") ", " B("2") "]}", "{\"a\":1,\"b\":2}", 1 },
        { "{all: [" A("1") ", " B("2") "]}", "{\"a\":1,\"b\":0}", 0 },
        { "{not: " A("1") "}", "{\"a\":2}", 1 },
        { "{not: " A("1") "}", "{\"a\":1}", 0 },
        { "{not: {trigger.a: {type: exists}, trigger.b: {type: exists}}}", "{\"a\":1}", 1 },
        { "{trigger.c: {type: eq, pattern: 3}, any: [" A("1") ", " B("2") "]}",
          "{\"a\":1,\"c\":3}", 1 },
        { "{trigger.c: {type: eq, pattern: 3}, any: [" A("1") ", " B("2") "]}",
          "{\"a\":1,\"c\":4}", 0 },
        { "{any#1: [" A("1") ", " A("2") "], any#2: [" B("1") ", " B("2") "]}",
          "{\"a\":2,\"b\":1}", 1 },
        { "{any#1: [" A("1") ", " A("2") "], any#2: [" B("1") ", " B("2") "]}",
          "{\"a\":2,\"b\":3}", 0 },
        { "{any: [{all: [" A("1") ", {not: " B("2") "}]}, " B("3") "]}", "{\"a\":1,\"b\":1}", 1 },
        { "{any: [{all: [" A("1") ", {not: " B("2") "}]}, " B("3") "]}", "{\"a\":1,\"b\":2}", 0 },
        /* what decides decides: a part that cannot be judged does not spoil one that holds */
        { "{any: [{trigger.a: {type: gt, pattern: 5}}, " B("2") "]}", "{\"a\":\"x\",\"b\":2}", 1 },
        { "{any: [{trigger.a: {type: gt, pattern: 5}}, " B("2") "]}", "{\"a\":\"x\",\"b\":3}",
          FAULT + 1 },
        { "{not: {trigger.a: {type: gt, pattern: 5}}}", "{\"a\":\"x\"}", FAULT + 1 },
        { "{trigger.f: {type: search, pattern: {any: [{item.v: {type: eq, pattern: 1}}, {item.v: "
          "{type: eq, pattern: 2}}]}}}",
          "{\"f\":[{\"v\":0},{\"v\":2}]}", 1 },
};

START_TEST(matches)
{
        _json_ json_t *payload = json_loads(rows[_i].payload, JSON_DECODE_ANY, NULL), *told = NULL;
        _cleanup_(rule_freep) struct rule *r = NULL;
        _text_ struct text source = TEXT_INIT;
        _fault_ struct fault fault = FAULT_INIT;
        bool matched = false, explained = true;
        int answer;

        text_addf(&source, HEAD TAIL "criteria: %s\n", rows[_i].criteria);
        r = rule(source.s);
        answer = rule_matches(r, NULL, payload, &matched, &fault);
        ck_assert_msg((answer == FAULT ? FAULT + 1 : (int)matched) == rows[_i].matched,
                      "%s on %s: %d %d %s", rows[_i].criteria, rows[_i].payload, answer, matched,
                      fault.what ? fault.what : "");
        ck_assert((answer == FAULT) == (fault.status == 422));
        told = rule_explain(r, NULL, payload, &explained);
        ck_assert(explained == matched);
        ck_assert(json_is_array(told));
}
END_TEST

START_TEST(explains_each_criterion)
{
        _cleanup_(rule_freep) struct rule *r =
                rule(HEAD TAIL
                     "criteria:\n  trigger.a: {type: eq, pattern: '{{ trigger.x }}'}\n"
                     "  trigger.b: {type: gt, pattern: 5}\n  trigger.c: {type: exists}\n");
        _json_ json_t *payload = json_loads("{\"a\": 1, \"x\": 1, \"b\": \"7\"}", 0, NULL),
                      *told = NULL;
        bool matched = true;

        told = rule_explain(r, NULL, payload, &matched);
        ck_assert(!matched);
        ck_assert_uint_eq(json_array_size(told), 3);
        ck_assert(json_is_true(json_at(told, "0.matched")));
        ck_assert_int_eq(json_integer_value(json_at(told, "0.pattern")), 1);
        ck_assert_int_eq(json_integer_value(json_at(told, "0.value")), 1);
        ck_assert_str_eq(json_string_value(json_at(told, "0.key")), "trigger.a");
        ck_assert_str_eq(json_string_value(json_at(told, "0.operator")), "eq");
        ck_assert(json_is_false(json_at(told, "1.matched")));
        ck_assert_ptr_nonnull(strstr(json_string_value(json_at(told, "1.error")),
                                     "gt cannot compare text with a number"));
        ck_assert_ptr_null(json_at(told, "0.error"));
        ck_assert(json_is_false(json_at(told, "2.matched")) &&
                  json_is_null(json_at(told, "2.value")));
}
END_TEST

START_TEST(explains_groups)
{
        _cleanup_(rule_freep) struct rule *r =
                rule(HEAD TAIL "criteria:\n  any:\n    - trigger.a: {type: eq, pattern: 1}\n"
                               "    - trigger.b: {type: gt, pattern: 1}\n");
        _json_ json_t *payload = json_loads("{\"a\": 1, \"b\": \"x\"}", 0, NULL), *told = NULL;
        bool matched = false;

        told = rule_explain(r, NULL, payload, &matched);
        ck_assert(matched);
        ck_assert_str_eq(json_string_value(json_at(told, "0.operator")), "any");
        ck_assert(json_is_true(json_at(told, "0.matched")));
        ck_assert(json_is_true(json_at(told, "0.parts.0.matched")));
        ck_assert(json_is_false(json_at(told, "0.parts.1.matched")));
        ck_assert_ptr_nonnull(json_at(told, "0.parts.1.criteria.0.error"));
}
END_TEST

/* A function of the hub's, in little. */
static int limit_of(void *arg, const char *function, const json_t *args, const json_t *kwargs,
                    json_t **ret, struct fault *fault)
{
        (void)args;
        (void)kwargs;
        if (strcmp(function, "st2kv") != 0)
                return EXPR_NOT_MINE;
        if (!arg)
                return fault_set(fault, 503, "store.busy", "the store is busy");
        *ret = json_incref(arg);
        return 0;
}

START_TEST(asks_its_world)
{
        _cleanup_(rule_freep) struct rule *r =
                rule(HEAD "criteria:\n  trigger.n: {type: gt, pattern: '{{ st2kv.system.max }}'}\n"
                          "action: {ref: a.b, parameters: {max: '{{ st2kv(\"system.max\") }}'}}\n");
        _json_ json_t *payload = json_loads("{\"n\": 7}", 0, NULL), *limit = json_integer(5),
                      *made = NULL;
        struct expr_world world = { .call = limit_of, .arg = limit };
        _fault_ struct fault fault = FAULT_INIT;
        bool matched = false;

        ck_assert_int_eq(rule_matches(r, &world, payload, &matched, NULL), 0);
        ck_assert(matched);
        ck_assert_int_eq(rule_parameters(r, &world, payload, &made, NULL), 0);
        ck_assert_int_eq(json_int_of(made, "max", 0), 5);
        json_integer_set(limit, 8);
        ck_assert_int_eq(rule_matches(r, &world, payload, &matched, NULL), 0);
        ck_assert(!matched);
        world.arg = NULL;
        ck_assert_int_eq(rule_matches(r, &world, payload, &matched, &fault), FAULT);
        ck_assert_ptr_nonnull(strstr(fault.what, "criteria \"trigger.n\""));
}
END_TEST

START_TEST(renders_parameters)
{
        _cleanup_(rule_freep) struct rule *r =
                rule(HEAD "action:\n  ref: a.b\n  parameters:\n    all: '{{ trigger }}'\n"
                          "    n: '{{ trigger.n }}'\n    s: 'n={{ trigger.n }}'\n    c: [1, {x: "
                          "'{{trigger.l[0]}}'}]\n");
        _json_ json_t *payload = json_loads("{\"n\": 7, \"l\": [true]}", 0, NULL), *made = NULL,
                      *less = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *text = NULL;

        ck_assert_int_eq(rule_parameters(r, NULL, payload, &made, &fault), 0);
        text = json_canonical(made);
        ck_assert_str_eq(
                text,
                "{\"all\":{\"l\":[true],\"n\":7},\"c\":[1,{\"x\":true}],\"n\":7,\"s\":\"n=7\"}");
        json_object_del(payload, "l");
        ck_assert_int_eq(rule_parameters(r, NULL, payload, &less, &fault), FAULT);
        ck_assert_ptr_null(less);
        ck_assert_str_eq(fault.code, "expr.undefined");
        ck_assert_ptr_nonnull(strstr(fault.what, "action.parameters: c: 1: x: "));
}
END_TEST

static const struct {
        const char *source, *told;
} wrong[] = {
        { "[]", "must be an object" },
        { TAIL, "name is missing" },
        { "name: a\n" TAIL, "trigger is missing" },
        { HEAD, "action is missing" },
        { HEAD TAIL "enabeld: true", "\"enabled\"" },
        { "name: r\nenabled: yes\ntrigger: {type: a.b}\n" TAIL, "write true or false" },
        { "name: a/b\ntrigger: {type: a.b}\n" TAIL, "name \"a/b\"" },
        { "name: 5\ntrigger: {type: a.b}\n" TAIL, "name must be text, not 5" },
        { "name: a\npack: ../x\ntrigger: {type: a.b}\n" TAIL, "pack \"../x\"" },
        { "name: a\ntrigger: {type: ab}\n" TAIL, "trigger.type must be PACK.NAME" },
        { "name: a\ntrigger: {}\n" TAIL, "trigger.type is missing" },
        { "name: a\ntrigger: a.b\n" TAIL, "trigger must be an object" },
        { "name: a\ntrigger: {type: a.b, parameter: {}}\n" TAIL, "\"parameters\"" },
        { "name: a\ntrigger: {type: core.st2.webhook}\n" TAIL,
          "trigger.parameters.url is missing" },
        { "name: a\ntrigger: {type: core.st2.webhook, parameters: {url: //}}\n" TAIL,
          "url is missing" },
        { "name: a\ntrigger: {type: core.st2.CronTimer, parameters: {hour: 25}}\n" TAIL,
          "trigger.parameters: hour \"25\"" },
        { "name: a\ntrigger: {type: core.st2.IntervalTimer, parameters: {unit: s, delta: "
          "1}}\n" TAIL,
          "unit \"s\"" },
        { HEAD "action: {ref: x}\n", "action.ref must be PACK.NAME" },
        { HEAD "action: {}\n", "action.ref is missing" },
        { HEAD "action: {ref: a.b, parameters: [1]}\n", "action.parameters must be an object" },
        { HEAD "action: {ref: a.b, parameters: {x: '{{ a'}}\n",
          "action.parameters: x: {{ a: character 5: unexpected end of template" },
        { HEAD TAIL "type: {ref: other}", "standard or backstop" },
        { HEAD TAIL "type: {}", "type.ref is missing" },
        { HEAD TAIL "limit_per_minute: -1", "limit_per_minute" },
        { HEAD TAIL "limit_per_minute: many", "limit_per_minute" },
        { HEAD TAIL "criteria: []", "criteria must be an object" },
        { HEAD TAIL "criteria: {trigger.a: eq}", "must be an object with type and pattern" },
        { HEAD TAIL "criteria: {trigger.a: {pattern: x}}", "type is missing" },
        { HEAD TAIL "criteria: {trigger.a: {type: eq}}", "pattern is missing" },
        { HEAD TAIL "criteria: {trigger.a: {type: equal, pattern: x}}", "\"equals\"" },
        { HEAD TAIL "criteria: {trigger.a: {type: qqqqqqqqqqqq, pattern: x}}", "use one of" },
        { HEAD TAIL "criteria: {trigger.a: {type: eq, patern: x}}", "\"pattern\"" },
        { HEAD TAIL "criteria: {trigger.a: {type: regex, pattern: '('}}",
          "criteria \"trigger.a\": the pattern \"(\"" },
        { HEAD TAIL "criteria: {body.a: {type: eq, pattern: x}}", "write trigger.body.a" },
        { HEAD TAIL "criteria: {'trigger..a': {type: eq, pattern: x}}", "at character 9" },
        { HEAD TAIL "criteria: {'trigger[0:2]': {type: eq, pattern: x}}", "expected ]" },
        { HEAD TAIL "criteria: {'trigger.a b': {type: eq, pattern: x}}", "expected a dot" },
        { HEAD TAIL "criteria: {trigger.a: {type: search, pattern: x}}",
          "must be an object of criteria" },
        { HEAD TAIL "criteria: {trigger.a: {type: search, condition: some, pattern: {item.b: "
                    "{type: exists}}}}",
          "any, all, any2any or all2any" },
        { HEAD TAIL "criteria: {trigger.a: {type: search, pattern: {b: {type: exists}}}}",
          "write item.b" },
        { HEAD TAIL "criteria: {trigger.a: {type: eq, pattern: '{{ a | b }}'}}", "No filter named" },
        { HEAD TAIL "criteria: {any: {trigger.a: {type: exists}}}", "must be a list of objects" },
        { HEAD TAIL "criteria: {any: []}", "with one at least" },
        { HEAD TAIL "criteria: {all: [{}]}", "not nothing" },
        { HEAD TAIL "criteria: {all: [7]}", "not nothing" },
        { HEAD TAIL "criteria: {not: [{trigger.a: {type: exists}}]}", "must be one object" },
        { HEAD TAIL "criteria: {not: {trigger.a: {type: equal, pattern: 1}}}", "\"equals\"" },
        { HEAD TAIL "criteria: {any: [{item.a: {type: exists}}]}", "must start with trigger." },
        { HEAD TAIL "criteria: {not: {not: {not: {not: {not: {not: {not: {not: {not: {trigger.a: "
                    "{type: exists}}}}}}}}}}}",
          "deeper than the limit of 8" },
#define WEBHOOK(url)                                                                               \
        "name: r\ntrigger: {type: core.st2.webhook, parameters: {url: " url "}}\n" TAIL
#define TIMER(type, parameters)                                                                    \
        "name: r\ntrigger: {type: core.st2." type ", parameters: " parameters "}\n" TAIL
        { WEBHOOK("st2"), "any trigger type" },
        { WEBHOOK("/st2/"), "any trigger type" },
        { WEBHOOK("."), "clients resolve" },
        { WEBHOOK("a/../b"), "clients resolve" },
        { WEBHOOK("a//b"), "two slashes" },
        { WEBHOOK("//a"), "two slashes" },
        { WEBHOOK("\"a\\nb\""), "line break" },
        { WEBHOOK("/"), "url is missing" },
        { TIMER("CronTimer", "{month: 2, day: 31}"), "never fire" },
        { TIMER("CronTimer", "{month: 4, day: 31, hour: 3}"), "never fire" },
};

START_TEST(refuses_with_the_key)
{
        _json_ json_t *definition = yaml(wrong[_i].source);
        _fault_ struct fault fault = FAULT_INIT;
        struct rule *made = NULL;
        char all[1000];

        ck_assert_msg(rule_compile(definition, &made, &fault) == FAULT, "%s", wrong[_i].source);
        ck_assert_ptr_null(made);
        ck_assert_int_eq(fault.status, 422);
        snprintf(all, sizeof all, "%s | %s", fault.what, fault.remedy ? fault.remedy : "");
        ck_assert_msg(strstr(all, wrong[_i].told), "%s", all);
}
END_TEST

START_TEST(knows_when_the_last_time_has_passed)
{
        static const struct {
                const char *source;
                bool fires;
        } cases[] = {
                { TIMER("DateTimer", "{date: '2026-01-01T00:00:00Z'}"), false },
                { TIMER("DateTimer", "{date: '2027-01-01T00:00:00Z'}"), true },
                { TIMER("CronTimer", "{year: 1970}"), false },
                { TIMER("CronTimer", "{year: 2025, month: 5}"), false },
                { TIMER("CronTimer", "{month: 2, day: 29}"), true },
                { TIMER("IntervalTimer", "{unit: days, delta: 1}"), true },
                { WEBHOOK("/github/deploy"), true },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                _cleanup_(rule_freep) struct rule *r = rule(cases[i].source);
                _fault_ struct fault fault = FAULT_INIT;

                ck_assert_int_eq(rule_check_fires(r, 1795305600000, &fault),
                                 cases[i].fires ? 0 : FAULT);
                if (!cases[i].fires)
                        ck_assert_str_eq(json_text_of(fault.detail, "path", ""),
                                         "trigger.parameters");
        }
}
END_TEST

START_TEST(says_where)
{
        static const struct {
                const char *source, *path;
        } cases[] = {
                { HEAD TAIL "criteria: {trigger.a.b: {type: eqals, pattern: 1}}",
                  "criteria.trigger\\.a\\.b.type" },
                { HEAD TAIL "criteria: {trigger.a: {type: search, pattern: {item.x: {tpye: a}}}}",
                  "criteria.trigger\\.a.pattern.item\\.x.tpye" },
                { HEAD "action: {ref: a.b, parmeters: {}}", "action.parmeters" },
                { HEAD "action: {ref: ab}", "action.ref" },
                { WEBHOOK("a//b"), "trigger.parameters.url" },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                _json_ json_t *definition = yaml(cases[i].source);
                _fault_ struct fault fault = FAULT_INIT;
                struct rule *made = NULL;

                ck_assert_int_eq(rule_compile(definition, &made, &fault), FAULT);
                ck_assert_str_eq(json_text_of(fault.detail, "path", ""), cases[i].path);
        }
}
END_TEST

START_TEST(limits_criteria)
{
        _text_ struct text source = TEXT_INIT;
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *definition = NULL;
        struct rule *made = NULL;

        text_add(&source, HEAD TAIL "criteria:\n");
        for (int i = 0; i < 100; i++)
                text_addf(&source, "  trigger.k%d: {type: exists}\n", i);
        rule_free(rule(source.s));
        text_add(&source, "  trigger.last: {type: exists}\n");
        definition = yaml(source.s);
        ck_assert_int_eq(rule_compile(definition, &made, &fault), FAULT);
        ck_assert_str_eq(fault.code, "rule.limit");
        ck_assert_ptr_nonnull(strstr(fault.what, "101"));
}
END_TEST

int main(void)
{
        return SUITE("flow/rule", ONCE(reads_a_definition), ONCE(has_defaults),
                     ONCE(names_triggers_one_way), EACH(matches, rows),
                     ONCE(explains_each_criterion), ONCE(explains_groups),
                     ONCE(asks_its_world), ONCE(renders_parameters),
                     EACH(refuses_with_the_key, wrong), ONCE(knows_when_the_last_time_has_passed), ONCE(says_where),
                     ONCE(limits_criteria));
}
