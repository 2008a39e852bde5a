/* SPDX-License-Identifier: Apache-2.0 */

/* Packs of content: all of it is there, and what is wrong is told, all of it, with its place. */
#include "catalog_fixture.h"

static void make_pack(void)
{
        write_file("demo/pack.yaml", "name: demo\nversion: 1.0.0\ndescription: A pack\n");
        write_file("demo/rules/on_alert.yaml", rule_text);
        write_file("demo/actions/say.yaml",
                   "name: say\nrunner_type: local-shell-cmd\nenabled: false\nparameters:\n"
                   "  cmd:\n    default: 'date'\n    immutable: true\n  who:\n    type: string\n   "
                   " required: true\n");
        write_file("demo/actions/flow.yaml",
                   "name: flow\nrunner_type: orquesta\nentry_point: workflows/flow.yaml\n"
                   "parameters:\n  who:\n    type: string\n");
        write_file("demo/actions/workflows/flow.yaml", "version: 1.0\ntasks:\n  a:\n    action: core.noop\n");
        write_file("demo/triggers/rang.yaml", "name: rang\npayload_schema:\n  type: object\n");
        write_file("demo/sensors/bell.yaml",
                   "class_name: Bell\nentry_point: bell.py\ntrigger_types:\n  - name: struck\n");
}

static const char *warning(const struct catalog *catalog, size_t i, const char *key)
{
        return json_text_of(json_array_get(catalog_warnings(catalog), i), key, "");
}

START_TEST(a_pack_is_loaded_whole)
{
        _catalog_ struct catalog *catalog = catalog_new();
        _fault_ struct fault fault = FAULT_INIT;
        const struct catalog_action *action;

        make_pack();
        ck_assert_msg(catalog_add_pack(catalog, path_of("demo"), &fault) == 0, "%s", fault.what);
        ck_assert_int_eq(catalog_finish(catalog, &fault), 0);
        ck_assert_msg(json_array_size(catalog_warnings(catalog)) == 0, "%s",
                      warning(catalog, 0, "what"));
        ck_assert_str_eq(catalog_pack(catalog, "demo")->version, "1.0.0");
        ck_assert_ptr_nonnull(rulebook_find(catalog_rules(catalog), "demo.on_alert"));
        ck_assert(text_ends_with(catalog_rule_origin(catalog, "demo.on_alert"),
                                 "demo/rules/on_alert.yaml"));
        action = catalog_action(catalog, "demo.say");
        ck_assert(!action->is_enabled);
        ck_assert(fits(catalog, "demo.say", "{\"who\": \"x\"}"));
        ck_assert(!fits(catalog, "demo.say", "{\"who\": \"x\", \"cmd\": \"rm -rf /\"}"));
        ck_assert(!fits(catalog, "demo.say", "{\"who\": \"x\", \"argv\": [\"rm\"]}"));
        ck_assert(!fits(catalog, "demo.say", "{}"));
        action = catalog_action(catalog, "demo.flow");
        ck_assert_str_eq(action->runner, "orquesta");
        ck_assert_str_eq(action->entry_point, "workflows/flow.yaml");
        ck_assert(action->is_enabled && action->workflow);
        ck_assert_ptr_nonnull(catalog_trigger(catalog, "demo.rang"));
        ck_assert_ptr_nonnull(catalog_trigger(catalog, "demo.struck"));
        ck_assert_int_eq(catalog_check_pack(path_of("demo"), NULL, &fault), 0);
}
END_TEST

/* One bad file: a warning that names file and line, while all others stand; and no installation. */
static void expect_warning(const char *file, const char *text, const char *code, const char *place)
{
        _catalog_ struct catalog *catalog = catalog_new();
        _fault_ struct fault fault = FAULT_INIT;

        make_pack();
        write_file(file, text);
        ck_assert_int_eq(catalog_add_pack(catalog, path_of("demo"), NULL), 0);
        ck_assert_int_eq(catalog_finish(catalog, NULL), 0);
        ck_assert_msg(json_array_size(catalog_warnings(catalog)) == 1, "%s: %zu warnings, %s", text,
                      json_array_size(catalog_warnings(catalog)), warning(catalog, 1, "what"));
        ck_assert_msg(strstr(warning(catalog, 0, "what"), place), "'%s' lacks '%s'",
                      warning(catalog, 0, "what"), place);
        ck_assert_str_eq(warning(catalog, 0, "file"), path_of(file));
        if (code)
                ck_assert_str_eq(warning(catalog, 0, "code"), code);
        ck_assert_ptr_nonnull(rulebook_find(catalog_rules(catalog), "demo.on_alert"));
        ck_assert_int_eq(catalog_check_pack(path_of("demo"), NULL, &fault), FAULT);
        expect(&fault, 422, "pack.invalid", place);
        ck_assert_uint_eq(json_array_size(json_object_get(fault.detail, "problems")), 1);
        unlink(path_of(file));
}

START_TEST(every_problem_of_a_pack_is_listed)
{
        _catalog_ struct catalog *catalog = catalog_new();
        _fault_ struct fault fault = FAULT_INIT;
        static const char *const wanted[] = { "actions/bad.yaml:3", "actions/bad.yaml:4",
                                              "workflows/flow.yaml:4", "rules/bad.yaml:1" };

        make_pack();
        write_file("demo/actions/bad.yaml",
                   "name: bad\nrunner_type: noop\nenabled: perhaps\ntags: none\n");
        write_file("demo/actions/workflows/flow.yaml",
                   "version: 1.0\ntasks:\n  a:\n    action: core.noop\n    nexxt: 1\n");
        write_file("demo/rules/bad.yaml", "");
        ck_assert_int_eq(catalog_check_pack(path_of("demo"), NULL, &fault), FAULT);
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
                _free_ char *all = json_dumps(json_object_get(fault.detail, "problems"), 0);

                ck_assert_msg(strstr(all, wanted[i]), "%s is not in %s", wanted[i], all);
        }
}
END_TEST

static void add_needing(struct catalog *catalog, const char *name, const char *needs)
{
        _free_ char *file = NULL, *text = NULL;

        ck_assert_int_ge(asprintf(&file, "%s/pack.yaml", name), 0);
        ck_assert_int_ge(asprintf(&text, "name: %s\nversion: 1.2.0\ndependencies:\n%s", name,
                                  needs), 0);
        write_file(file, text);
        if (catalog)
                ck_assert_int_eq(catalog_add_pack(catalog, path_of(name), NULL), 0);
}

static const struct {
        const char *needs, *says;       /* says NULL: all there */
} needing[] = {
        { "  - core\n  - base\n", NULL },
        { "  - base=1.2.0\n", NULL },
        { "  - base>=1.0\n", NULL },
        { "  - https://example.com/org/stackstorm-base.git\n", NULL },
        { "  - core\n  - nowhere\n", "pack.yaml:5: dependencies: 'asking' needs the pack "
          "'nowhere', which is not installed" },
        { "  - base>=2.0.0\n", "in version >=2.0.0, and 1.2.0 is installed" },
        { "  - base=1.2.0-rc.1\n", "and 1.2.0 is installed" },
        { "  - back\n", "the packs need each other: asking → back → asking" },
        { "  - '!x'\n", "names no pack" },
};

START_TEST(a_pack_names_what_it_needs)
{
        _catalog_ struct catalog *present = catalog_new();
        _fault_ struct fault fault = FAULT_INIT;
        int r;

        add_needing(present, "base", "  - core\n");
        add_needing(present, "back", "  - asking\n");
        ck_assert_int_eq(catalog_finish(present, NULL), 0);
        add_needing(NULL, "asking", needing[_i].needs);
        r = catalog_check_pack(path_of("asking"), present, &fault);
        ck_assert_msg((r == FAULT) == (needing[_i].says != NULL), "%s", fault.what);
        if (r)
                expect(&fault, 422, "pack.invalid", needing[_i].says);
        ck_assert_str_eq(catalog_who_needs(present, "asking"), "back");
        ck_assert_ptr_null(catalog_who_needs(present, "base"));
}
END_TEST

START_TEST(one_bad_file_is_a_warning_with_its_line)
{
        expect_warning("demo/rules/z.yaml", "name: z\n trigger: {\n", "yaml.syntax",
                       "rules/z.yaml:2");
        expect_warning("demo/rules/z.yaml", "", "file.empty", "rules/z.yaml:1: the file is empty");
        expect_warning("demo/rules/z.yaml",
                       "name: z\ntrigger:\n  type: a.b\ncriteria:\n  trigger.x:\n"
                       "    type: eqals\n    pattern: 1\naction:\n  ref: c.d\n",
                       "rule.operator", "rules/z.yaml:6: criteria");
        expect_warning("demo/rules/z.yaml",
                       "name: z\ntrigger:\n  type: a.b\naction: {}\n",
                       "rule.invalid", "rules/z.yaml:4: action.ref is missing");
        expect_warning("demo/aliases/z.yaml",
                       "name: z\naction_ref: demo.say\nformats:\n  - good\n  - '('\n",
                       "alias.format", "aliases/z.yaml:5: the format \"(\"");
        expect_warning("demo/sensors/z.yaml",
                       "class_name: Z\nentry_point: z.py\ntrigger_types:\n  - name: 7\n",
                       "trigger.invalid", "sensors/z.yaml:4");
        expect_warning("demo/config.schema.yaml", "url:\n  type: string\nport: 80\n",
                       "config_schema.invalid", "config.schema.yaml:3: port");
        expect_warning("demo/actions/z.yaml",
                       "name: z\nrunner_type: orquesta\nentry_point: workflows/none.yaml\n",
                       "action.no-file", "actions/z.yaml:3: entry_point");
        expect_warning("demo/rules/z.yaml", "- 1\n", "file.invalid",
                       "rules/z.yaml:1: it is no mapping");
        expect_warning("demo/rules/z.yaml",
                       "name: z\npack: other\ntrigger:\n  type: a.b\naction:\n  ref: c.d\n",
                       "file.foreign", "rules/z.yaml:2: pack");
        expect_warning("demo/rules/z.yaml", rule_text, "rule.duplicate",
                       "rules/z.yaml:1: the rule 'demo.on_alert'");
        expect_warning("demo/actions/z.yaml", "name: z\nrunner_type: pyton-script\n",
                       "action.unknown-runner", "actions/z.yaml:2: runner_type");
        expect_warning("demo/actions/z.yaml", "runner_type: noop\n", "action.invalid", "name");
        expect_warning("demo/actions/z.yaml", "name: say\nrunner_type: noop\n", "action.duplicate",
                       "demo.say");
        expect_warning("demo/actions/z.yaml",
                       "name: z\nrunner_type: noop\nparameters:\n  a:\n    type: nonsense\n", NULL,
                       "actions/z.yaml");
        expect_warning("demo/triggers/z.yaml", "name: rang\n", "trigger.duplicate", "demo.rang");
}
END_TEST

START_TEST(two_packs_of_one_name_are_refused)
{
        _catalog_ struct catalog *catalog = catalog_new();
        _fault_ struct fault fault = FAULT_INIT;

        make_pack();
        write_file("other/pack.yaml", "name: demo\nversion: 1.0.0\n");
        ck_assert_int_eq(catalog_add_pack(catalog, path_of("demo"), NULL), 0);
        ck_assert_int_eq(catalog_add_pack(catalog, path_of("other"), &fault), FAULT);
        expect(&fault, 409, "pack.duplicate", "/other: the pack 'demo'");
        write_file("other/pack.yaml", "name: core\nversion: 1.0.0\n");
        ck_assert_int_eq(catalog_add_pack(catalog, path_of("other"), &fault), FAULT);
        expect(&fault, 409, "pack.duplicate", "'core'");
        ck_assert_int_eq(catalog_add_pack(catalog, path_of("nowhere"), &fault), FAULT);
        expect(&fault, 422, "pack.no-meta", "nowhere");
}
END_TEST

static int add_rule(struct catalog *catalog, const char *text, struct fault *fault)
{
        _json_ json_t *definition = json_of(text);

        return catalog_add_rule(catalog, definition, "api", fault);
}

START_TEST(a_rule_that_names_nothing_known_is_a_warning)
{
        _catalog_ struct catalog *catalog = catalog_new();

        ck_assert_int_eq(add_rule(catalog, JSON({
                                          "name" : "r",
                                          "pack" : "p",
                                          "enabled" : true,
                                          "trigger" : { "type" : "core.st2.webhok" },
                                          "action" : { "ref" : "core.nop" }
                                  }),
                                  NULL),
                         0);
        ck_assert_int_eq(add_rule(catalog, JSON({ "name": "s", "pack": "p", "enabled": true,
                "trigger": { "type": "core.st2.webhook", "parameters": { "url": "x", "uri": "x" } },
                "action": { "ref": "core.noop" } }), NULL), 0);
        ck_assert_int_eq(catalog_finish(catalog, NULL), 0);
        ck_assert_uint_eq(json_array_size(catalog_warnings(catalog)), 3);
        ck_assert_str_eq(warning(catalog, 0, "code"), "rule.unknown-action");
        ck_assert_str_eq(warning(catalog, 0, "try"), "did you mean 'core.noop'?");
        ck_assert_str_eq(warning(catalog, 1, "code"), "rule.unknown-trigger");
        ck_assert_str_eq(warning(catalog, 1, "try"), "did you mean 'core.st2.webhook'?");
        ck_assert_ptr_nonnull(strstr(warning(catalog, 2, "what"), "'p.s'"));
        ck_assert_str_eq(catalog_rule_origin(catalog, "p.r"), "api");
        ck_assert_ptr_nonnull(rulebook_find(catalog_rules(catalog), "p.r"));
}
END_TEST

START_TEST(enabled_can_be_overridden)
{
        _catalog_ struct catalog *catalog = catalog_new();

        make_pack();
        ck_assert_int_eq(catalog_add_pack(catalog, path_of("demo"), NULL), 0);
        ck_assert_int_eq(catalog_override_enabled(catalog, "rule", "demo.on_alert", false), 0);
        ck_assert_int_eq(catalog_override_enabled(catalog, "action", "demo.say", true), 0);
        ck_assert_int_lt(catalog_override_enabled(catalog, "rule", "demo.gone", false), 0);
        ck_assert_int_eq(catalog_finish(catalog, NULL), 0);
        ck_assert(!rule_is_enabled(rulebook_find(catalog_rules(catalog), "demo.on_alert")));
        ck_assert(catalog_action(catalog, "demo.say")->is_enabled);
        ck_assert(json_is_true(json_object_get(catalog_action(catalog, "demo.say")->metadata,
                                               "enabled")));
}
END_TEST

int main(void)
{
        return SUITE_WITH("catalog/load", setup, teardown, ONCE(a_pack_is_loaded_whole),
                          ONCE(one_bad_file_is_a_warning_with_its_line),
                          ONCE(every_problem_of_a_pack_is_listed),
                          EACH(a_pack_names_what_it_needs, needing),
                          ONCE(two_packs_of_one_name_are_refused),
                          ONCE(a_rule_that_names_nothing_known_is_a_warning),
                          ONCE(enabled_can_be_overridden));
}
