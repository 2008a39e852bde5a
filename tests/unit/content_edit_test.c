/* SPDX-License-Identifier: Apache-2.0 */

/* What people make, change and switch at run time: all of it or nothing, and there after a restart. */
#include "hub_fixture.h"

#include "flow/rule.h"
#include "flow/rulebook.h"

static int edit(const char *kind, const char *ref, const char *body, bool create,
                struct fault *fault)
{
        _json_ json_t *definition = body ? json_loads(body, 0, NULL) : NULL;
        const struct content_item item = { kind, ref, definition, "eva" };

        ck_assert_msg(!body || definition, "no JSON: %s", body);
        return content_put(content, &item, create, fault);
}

static int turn(const char *kind, const char *ref, bool enabled, struct fault *fault)
{
        const struct content_item item = { kind, ref, NULL, "eva" };

        return content_enable(content, &item, enabled, fault);
}

#define refused(call, wanted)                                                                   \
        do {                                                                                    \
                _fault_ struct fault fault = FAULT_INIT;                                        \
                ck_assert_int_eq(call, FAULT);                                                  \
                ck_assert_str_eq(fault.code, wanted);                                           \
        } while (0)
#define done(call)                                                                              \
        do {                                                                                    \
                _fault_ struct fault fault = FAULT_INIT;                                        \
                ck_assert_msg((call) == 0, "%s", fault.what);                                   \
        } while (0)

/* ---- kinds ---- */

enum is { IS_GONE, IS_OFF, IS_ON };

static enum is rule_is(const struct catalog *catalog, const char *ref)
{
        const struct rule *rule = rulebook_find(catalog_rules(catalog), ref);

        return !rule ? IS_GONE : rule_is_enabled(rule) ? IS_ON : IS_OFF;
}

static enum is policy_is(const struct catalog *catalog, const char *ref)
{
        const struct catalog_policy *policy = catalog_policy(catalog, ref);

        return !policy ? IS_GONE : policy->is_enabled ? IS_ON : IS_OFF;
}

static enum is alias_is(const struct catalog *catalog, const char *ref)
{
        const struct catalog_alias *alias = catalog_alias(catalog, ref);

        return !alias ? IS_GONE : alias->is_enabled ? IS_ON : IS_OFF;
}

static enum is action_is(const struct catalog *catalog, const char *ref)
{
        const struct catalog_action *action = catalog_action(catalog, ref);

        return !action ? IS_GONE : action->is_enabled ? IS_ON : IS_OFF;
}

#define RULE(enabled)                                                                           \
        "{\"name\":\"one\",\"pack\":\"x\",\"enabled\":" enabled ",\"trigger\":{\"type\":"       \
        "\"core.st2.webhook\",\"parameters\":{\"url\":\"a\"}},\"action\":{\"ref\":\"core.noop\"}}"
#define POLICY(enabled)                                                                         \
        "{\"name\":\"one\",\"pack\":\"x\",\"enabled\":" enabled ",\"policy_type\":"             \
        "\"action.concurrency\",\"resource_ref\":\"core.noop\",\"parameters\":{\"threshold\":1}}"
#define ALIAS(enabled)                                                                          \
        "{\"name\":\"one\",\"pack\":\"x\",\"enabled\":" enabled ",\"action_ref\":"              \
        "\"core.noop\",\"formats\":[\"do it\"]}"
#define ACTION(enabled)                                                                         \
        "{\"name\":\"one\",\"pack\":\"x\",\"enabled\":" enabled ",\"runner_type\":\"noop\"}"

static const struct {
        const char *kind, *on, *off;
        enum is (*is)(const struct catalog *catalog, const char *ref);
} kinds[] = {
        { "rule", RULE("true"), RULE("false"), rule_is },
        { "policy", POLICY("true"), POLICY("false"), policy_is },
        { "alias", ALIAS("true"), ALIAS("false"), alias_is },
        { "action", ACTION("true"), ACTION("false"), action_is },
};

static enum is seen_of(int i)
{
        struct catalog *catalog = hub_catalog(hub);
        enum is is = kinds[i].is(catalog, "x.one");

        catalog_unref(catalog);
        return is;
}

START_TEST(what_is_made_can_be_changed_switched_and_deleted)
{
        const char *kind = kinds[_i].kind, *ref = "x.one";

        hub_up();
        done(edit(kind, ref, kinds[_i].on, true, &fault));
        ck_assert_int_eq(seen_of(_i), IS_ON);
        refused(edit(kind, ref, kinds[_i].on, true, &fault), "content.exists");
        done(edit(kind, ref, kinds[_i].off, false, &fault));
        ck_assert_int_eq(seen_of(_i), IS_OFF);
        done(turn(kind, ref, true, &fault));
        ck_assert_int_eq(seen_of(_i), IS_ON);
        done(turn(kind, ref, false, &fault));
        ck_assert_int_eq(seen_of(_i), IS_OFF);
        hub_down();
        hub_up();
        ck_assert_int_eq(seen_of(_i), IS_OFF);
        /* The definition counts again: nothing else stands in its way. */
        done(edit(kind, ref, kinds[_i].on, false, &fault));
        ck_assert_int_eq(seen_of(_i), IS_ON);
        done(edit(kind, ref, NULL, false, &fault));
        ck_assert_int_eq(seen_of(_i), IS_GONE);
        refused(edit(kind, ref, NULL, false, &fault), "content.unknown");
}
END_TEST

START_TEST(what_nobody_defines_cannot_be_switched)
{
        char code[32];

        snprintf(code, sizeof code, "%s.unknown", kinds[_i].kind);
        hub_up();
        refused(turn(kinds[_i].kind, "x.one", true, &fault), code);
}
END_TEST

/* ---- files ---- */

static const char rule_file[] = "name: r\npack: t\nenabled: true\n"
                                "trigger: {type: core.st2.webhook, parameters: {url: a}}\n"
                                "action: {ref: core.noop}\n";

static enum is file_rule_is(void)
{
        struct catalog *catalog = hub_catalog(hub);
        enum is is = rule_is(catalog, "t.r");

        catalog_unref(catalog);
        return is;
}

START_TEST(what_a_file_defines_is_only_switched)
{
        _fault_ struct fault told = FAULT_INIT;

        write_file("packs.d/t/rules/r.yaml", rule_file);
        hub_up();
        ck_assert_int_eq(edit("rule", "t.r", RULE("true"), false, &told), FAULT);
        ck_assert_str_eq(told.code, "rule.from-file");
        ck_assert_ptr_nonnull(strstr(told.what, "rules/r.yaml"));
        ck_assert_ptr_nonnull(strstr(told.remedy, "kaname rule disable t.r"));
        refused(edit("rule", "t.r", NULL, false, &fault), "rule.from-file");
        done(turn("rule", "t.r", false, &fault));
        ck_assert_int_eq(file_rule_is(), IS_OFF);
        hub_down();
        hub_up();
        ck_assert_int_eq(file_rule_is(), IS_OFF);
        done(turn("rule", "t.r", true, &fault));
        ck_assert_int_eq(file_rule_is(), IS_ON);
}
END_TEST

/* ---- all or nothing ---- */

static int count_doc(void *arg, const struct store_doc *doc)
{
        (void)doc;
        (*(int *)arg)++;
        return 0;
}

START_TEST(what_is_refused_never_reaches_the_store)
{
        struct catalog *before, *after;
        int docs = 0;

        hub_up();
        before = hub_catalog(hub);
        refused(edit("alias", "x.one", "{\"name\":\"one\",\"pack\":\"x\"}", true, &fault),
                "alias.invalid");
        refused(edit("instance", "no name", "{\"plugin\":\"lamp\"}", true, &fault),
                "instance.name");
        after = hub_catalog(hub);
        ck_assert_ptr_eq(before, after);
        ck_assert_int_eq(store_list_docs(store, "alias", count_doc, &docs, NULL), 0);
        ck_assert_int_eq(store_list_docs(store, "instance", count_doc, &docs, NULL), 0);
        ck_assert_int_eq(docs, 0);
        catalog_unref(before);
        catalog_unref(after);
}
END_TEST

static int reload(const char *instances, struct fault *fault)
{
        _json_ json_t *list = json_loads(instances, 0, NULL);

        ck_assert_ptr_nonnull(list);
        return content_reload(content, list, fault);
}

static bool has_instance(const char *name)
{
        struct catalog *catalog = hub_catalog(hub);
        bool has = catalog_instance(catalog, name) != NULL;

        catalog_unref(catalog);
        return has;
}

START_TEST(a_reload_is_whole_or_leaves_the_old)
{
        hub_up();
        done(reload("[{\"name\":\"desk\",\"plugin\":\"lamp\",\"origin\":\"a.conf\"}]", &fault));
        ck_assert(has_instance("desk"));
        refused(edit("instance", "desk", "{\"plugin\":\"lamp\"}", false, &fault),
                "instance.from-file");
        refused(reload("[{\"name\":\"hall\",\"plugin\":\"lamp\"},"
                       "{\"name\":\"roof\",\"plugin\":\"moon\"}]", &fault), "instance.unknown-plugin");
        ck_assert(has_instance("desk") && !has_instance("hall"));
        done(reload("[{\"name\":\"hall\",\"plugin\":\"lamp\"}]", &fault));
        ck_assert(has_instance("hall") && !has_instance("desk"));
}
END_TEST

START_TEST(a_bad_file_is_left_out_and_told)
{
        _json_ json_t *problems = NULL;

        write_file("packs.d/t/rules/r.yaml", rule_file);
        make_dir("packs.d/u");
        write_file("packs.d/u/pack.yaml", "name: [\n");
        hub_up();
        ck_assert_int_eq(file_rule_is(), IS_ON);
        problems = content_problems(content);
        ck_assert_uint_eq(json_array_size(problems), 1);
        ck_assert_ptr_nonnull(strstr(json_text_of(json_array_get(problems, 0), "what", ""),
                                     "packs.d/u/pack.yaml"));
        /* It is known, so it stands in nobody's way. */
        done(edit("rule", "x.one", RULE("true"), true, &fault));
}
END_TEST

int main(void)
{
        return SUITE_WITH("content/edit", setup, teardown,
                          EACH(what_is_made_can_be_changed_switched_and_deleted, kinds),
                          EACH(what_nobody_defines_cannot_be_switched, kinds),
                          ONCE(what_a_file_defines_is_only_switched),
                          ONCE(what_is_refused_never_reaches_the_store),
                          ONCE(a_reload_is_whole_or_leaves_the_old),
                          ONCE(a_bad_file_is_left_out_and_told));
}
