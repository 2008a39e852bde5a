/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog_fixture.h"

#include <pthread.h>

CLEANUP_DEFINE(struct manifest *, manifest_unref);


/* ---- building blocks ---- */

static int add_plugin(struct catalog *catalog, const char *text, const char *path,
                      struct fault *fault)
{
        _cleanup_(manifest_unrefp) struct manifest *m = NULL;

        ck_assert_msg(manifest_new(json_of(text), path, "0", &m, fault) == 0, "%s",
                      fault ? fault->what : "");
        return catalog_add_plugin(catalog, m, fault);
}

static int add_instance(struct catalog *catalog, const char *text, struct fault *fault)
{
        _json_ json_t *definition = json_of(text);

        return catalog_add_instance(catalog, definition, "kanamed.conf:7", fault);
}

static const char contract_text[] = JSON({
        "domain" : "dns",
        "version" : "1.0",
        "scope" : { "parameter" : "zone", "match" : "suffix" },
        "actions" : [
                {
                        "name" : "record.set",
                        "summary" : "Set it",
                        "idempotent" : true,
                        "timeout_ms" : 5000,
                        "params" : {
                                "properties" : { "zone" : { "type" : "string" } },
                                "required" : ["zone"],
                                "additionalProperties" : false
                        }
                },
                {
                        "name" : "zone.sign",
                        "optional" : true,
                        "params" : { "properties" : { "zone" : { "type" : "string" } } }
                },
                { "name" : "host.set", "optional" : true, "scope" : "host", "params" : {} }
        ],
        "triggers" : [ { "name" : "zone.changed" } ]
});
static const char bind_text[] = JSON({ "name": "bind", "version": "1", "domain": "dns",
        "actions": [{ "name": "record.set" }, { "name": "host.set" },
                { "name": "rndc", "params": { "properties": {
                "line": { "type": "string" } }, "required": ["line"] } }],
        "triggers": [{ "name": "zone.changed" }, { "name": "reloaded" }],
        "config": { "properties": { "server": { "type": "string", "default": "localhost" } } } });
static const char power_text[] = JSON({
        "name" : "power",
        "version" : "1",
        "domain" : "dns",
        "actions" : [ { "name" : "record.set" }, { "name" : "zone.sign" } ],
        "config" : {
                "properties" : {
                        "url" : { "type" : "string" },
                        "key" : { "type" : "string", "writeOnly" : true }
                },
                "required" : ["url"],
                "additionalProperties" : false
        }
});

/* A catalog with the domain, both plugins, and what the test adds before finish(). */
static struct catalog *dns_catalog(void)
{
        struct catalog *catalog = catalog_new();

        write_file("domain.json", contract_text);
        ck_assert_int_eq(catalog_add_contract(catalog, path_of("domain.json"), NULL), 0);
        ck_assert_int_eq(add_plugin(catalog, bind_text, "bind.so", NULL), 0);
        ck_assert_int_eq(add_plugin(catalog, power_text, "power.so", NULL), 0);
        return catalog;
}

/* ---- what is built in ---- */

START_TEST(core_actions_are_there)
{
        static const char *rows[][2] = {
                { "core.noop", "noop" },
                { "core.echo", "echo" },
                { "core.local", "local-shell-cmd" },
                { "core.local_sudo", "local-shell-cmd" },
                { "core.error", "local-shell-cmd" },
                { "core.http", "http-request" },
                { "core.pause", "pause" },
                { "core.announcement", "announcement" },
                { "core.uuid", "uuid" },
                { "core.inject_trigger", "inject-trigger" },
        };
        _catalog_ struct catalog *catalog = catalog_new();

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                const struct catalog_action *action = catalog_action(catalog, rows[i][0]);

                ck_assert_msg(action, "no %s", rows[i][0]);
                ck_assert_str_eq(action->runner, rows[i][1]);
                ck_assert_str_eq(action->pack, "core");
                ck_assert(action->is_enabled);
                ck_assert(catalog_runner(catalog, action->runner)->is_here);
                ck_assert_str_eq(json_text_of(action->metadata, "ref", ""), rows[i][0]);
        }
        ck_assert(catalog_action(catalog, "core.noop")->is_readonly);
        ck_assert(!catalog_action(catalog, "core.http")->is_readonly);
        ck_assert_ptr_null(catalog_action(catalog, "core.nothing"));
}
END_TEST

START_TEST(core_parameters_are_held_to_their_schemas)
{
        static const struct {
                const char *ref, *args;
                bool ok;
        } rows[] = {
                { "core.noop", "{}", true },
                { "core.noop", "{\"x\": 1}", false },
                { "core.echo", "{\"message\": \"m\"}", true },
                { "core.echo", "{}", false },
                { "core.local", "{\"cmd\": \"date\"}", true },
                { "core.local", "{\"argv\": [\"date\", \"-u\"], \"cwd\": null}", true },
                { "core.local", "{}", false },
                { "core.local", "{\"cmd\": \"a\", \"argv\": [\"a\"]}", false },
                { "core.local", "{\"argv\": []}", false },
                { "core.local", "{\"cmd\": 7}", false },
                { "core.http", "{\"url\": \"http://x\", \"method\": \"POST\", \"body\": null}",
                  true },
                { "core.http", "{\"url\": \"http://x\", \"method\": \"SEND\"}", false },
                { "core.http", "{\"method\": \"GET\"}", false },
                { "core.http", "{\"url\": \"http://u:p@h/\"}", false },
                { "core.http", "{\"url\": \"https://u@h:1\"}", false },
                { "core.http", "{\"url\": \"http://h/a@b?c=d@e\"}", true },
                { "core.http", "{\"url\": \"h:80/a\"}", true },
                { "core.inject_trigger", "{\"trigger\": \"a.b\", \"payload\": {}}", true },
                { "core.inject_trigger", "{\"trigger\": \"a.b\", \"trigger_name\": \"a.b\"}",
                  false },
                { "core.inject_trigger", "{\"payload\": {}}", false },
                { "core.uuid", "{}", true },
                { "core.uuid", "{\"uuid_type\": \"uuid3\"}", false },
                { "core.pause", "{\"max_pause\": 3}", true },
                { "core.pause", "{\"max_pause\": -1}", false },
                { "core.announcement", "{\"message\": {}, \"route\": \"r\"}", true },
                { "core.announcement", "{\"message\": {}, \"experimental\": false}", false },
        };
        _catalog_ struct catalog *catalog = catalog_new();

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                ck_assert_msg(fits(catalog, rows[i].ref, rows[i].args) == rows[i].ok, "%s %s",
                              rows[i].ref, rows[i].args);
}
END_TEST

static int collect_action(void *arg, const struct catalog_action *action)
{
        text_addf(arg, "%s ", action->ref);
        return 0;
}

static int collect_runner(void *arg, const struct catalog_runner *runner)
{
        text_addf(arg, "%s%s ", runner->name, runner->is_here ? "" : "-");
        return 0;
}

START_TEST(what_is_listed_is_in_order)
{
        _catalog_ struct catalog *catalog = catalog_new();
        _text_ struct text actions = TEXT_INIT, runners = TEXT_INIT;

        ck_assert_int_eq(catalog_finish(catalog, NULL), 0);
        ck_assert_int_eq(catalog_each_action(catalog, collect_action, &actions), 0);
        ck_assert_str_eq(
                actions.s,
                "core.announcement core.ask core.echo core.error core.http core.inject_trigger "
                         "core.local core.local_sudo core.noop core.pause core.remote "
                         "core.remote_sudo core.undo core.uuid core.winrm_cmd core.winrm_ps_cmd ");
        ck_assert_int_eq(catalog_each_runner(catalog, collect_runner, &runners), 0);
        ck_assert_ptr_nonnull(strstr(runners.s, "plugin python-script- "));
}
END_TEST

START_TEST(core_triggers_are_there)
{
        static const char *const refs[] = {
                "core.st2.webhook",
                "core.st2.IntervalTimer",
                "core.st2.CronTimer",
                "core.st2.DateTimer",
                "core.st2.generic.actiontrigger",
                "core.st2.generic.notifytrigger",
                "core.st2.generic.inquiry",
                "core.st2.key_value_pair.create",
        };
        _catalog_ struct catalog *catalog = catalog_new();
        _json_ json_t *good = json_of("{\"url\": \"alerts\"}"), *bad = json_of("{}");
        const struct catalog_trigger *webhook;

        for (size_t i = 0; i < sizeof refs / sizeof *refs; i++)
                ck_assert_msg(catalog_trigger(catalog, refs[i]), "no %s", refs[i]);
        webhook = catalog_trigger(catalog, "core.st2.webhook");
        ck_assert_str_eq(webhook->pack, "core");
        ck_assert_str_eq(webhook->name, "st2.webhook");
        ck_assert_int_eq(schema_check(webhook->parameters, good, NULL), 0);
        ck_assert_int_eq(schema_check(webhook->parameters, bad, NULL), FAULT);
}
END_TEST

/* ---- plugins ---- */

static const char hello_text[] = JSON({ "name": "hello", "version": "1", "actions": [
        { "name": "greet", "summary": "Say hello", "flags": ["idempotent"], "timeout_ms": 9,
          "params": { "properties": { "name": { "type": "string" } }, "required": ["name"] } },
        { "name": "bye" }], "triggers": [{ "name": "greeted" }] });

START_TEST(a_plugins_own_actions_carry_its_name)
{
        _catalog_ struct catalog *catalog = catalog_new();
        const struct catalog_action *greet;

        ck_assert_int_eq(add_plugin(catalog, hello_text, "hello.so", NULL), 0);
        ck_assert_int_eq(catalog_finish(catalog, NULL), 0);
        greet = catalog_action(catalog, "hello.greet");
        ck_assert_str_eq(greet->runner, "plugin");
        ck_assert_str_eq(greet->plugin_action, "greet");
        ck_assert_ptr_eq(greet->plugin, catalog_plugin(catalog, "hello"));
        ck_assert(greet->is_idempotent && greet->timeout_ms == 9);
        ck_assert(json_is_true(json_at(greet->metadata, "parameters.name.required")));
        ck_assert_ptr_nonnull(json_at(greet->metadata, "parameters.instance"));
        ck_assert(fits(catalog, "hello.greet", "{\"name\": \"x\", \"instance\": \"hello\"}"));
        ck_assert(!fits(catalog, "hello.greet", "{}"));
        ck_assert(fits(catalog, "hello.bye", "{}"));
        ck_assert(!fits(catalog, "hello.bye", "{\"loud\": true}"));
        ck_assert_ptr_nonnull(catalog_trigger(catalog, "hello.greeted"));
}
END_TEST

START_TEST(a_plugin_that_needs_nothing_has_an_instance)
{
        _catalog_ struct catalog *catalog = dns_catalog();
        const struct catalog_instance *bind;

        ck_assert_int_eq(catalog_finish(catalog, NULL), 0);
        bind = catalog_instance(catalog, "bind");
        ck_assert_ptr_nonnull(bind);
        ck_assert_str_eq(bind->origin, "plugin bind");
        ck_assert_str_eq(json_text_of(bind->config, "server", ""), "localhost");
        ck_assert_ptr_null(catalog_instance(catalog, "power"));
}
END_TEST

START_TEST(two_plugins_of_one_name_are_refused)
{
        _catalog_ struct catalog *catalog = catalog_new();
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(add_plugin(catalog, hello_text, "a/hello.so", NULL), 0);
        ck_assert_int_eq(add_plugin(catalog, hello_text, "b/hello.so", &fault), FAULT);
        expect(&fault, 409, "plugin.duplicate", "a/hello.so");
        expect(&fault, 409, "plugin.duplicate", "b/hello.so");
}
END_TEST

START_TEST(a_name_that_nothing_has_is_told_what_lacks)
{
        _catalog_ struct catalog *catalog = dns_catalog();
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(catalog_finish(catalog, NULL), 0);
        ck_assert_int_eq(catalog_no_action(catalog, "dns.zone.sign", &fault), FAULT);
        expect(&fault, 404, "action.unknown", "'dns.zone.sign'");
        ck_assert_str_eq(strrchr(fault.why, ':'), ": power");
        ck_assert_int_eq(catalog_no_action(catalog, "dns.record.sett", &fault), FAULT);
        ck_assert_ptr_nonnull(strstr(fault.remedy, "'dns.record.set'"));
        ck_assert_int_eq(catalog_no_action(catalog, "", &fault), FAULT);
        ck_assert_int_eq(catalog_no_instance(catalog, "bin", &fault), FAULT);
        expect(&fault, 404, "instance.unknown", "'bin'");
        ck_assert_ptr_nonnull(strstr(fault.remedy, "'bind'"));
}
END_TEST

START_TEST(a_claim_on_a_domain_is_checked)
{
        _catalog_ struct catalog *catalog = dns_catalog();
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(add_plugin(catalog, JSON({ "name": "x", "version": "1", "domain": "dns",
                "actions": [{ "name": "zone.sign" }] }), "x.so", &fault), FAULT);
        expect(&fault, 422, "plugin.incomplete", "record.set");
        ck_assert_int_eq(add_plugin(catalog,
                                    JSON({ "name" : "x", "version" : "1", "domain" : "mail" }),
                                    "x.so", &fault),
                         FAULT);
        expect(&fault, 422, "plugin.unknown-domain", "'mail'");
        ck_assert_ptr_nonnull(strstr(fault.remedy, "dns"));
        ck_assert_int_eq(add_plugin(catalog, JSON({
                                            "name" : "y",
                                            "version" : "1",
                                            "actions" : [ {
                                                    "name" : "a",
                                                    "params" :
                                                            { "properties" : { "instance" : {} } }
                                            } ]
                                    }),
                                    "y.so", &fault),
                         FAULT);
        expect(&fault, 422, "action.reserved-parameter", "'a'");
}
END_TEST

/* ---- instances ---- */

START_TEST(an_instance_is_checked_against_its_plugin)
{
        static const char *rows[][3] = {
                { "{\"name\": \"a\", \"plugin\": \"bint\"}", "instance.unknown-plugin", "'bint'" },
                { "{\"name\": \"a b\", \"plugin\": \"bind\"}", "instance.invalid", "name" },
                { "{\"name\": \"a\", \"plugin\": \"bind\", \"hone\": \"core\"}", "instance.invalid",
                  "hone" },
                { "{\"name\": \"a\", \"plugin\": \"bind\", \"egress\": [\"example.com\"]}",
                  "instance.invalid", "egress" },
                { "{\"name\": \"a\", \"plugin\": \"power\"}", "schema.mismatch", "url" },
                { "{\"name\": \"a\", \"plugin\": \"power\", \"config\": {\"url\": 7}}",
                  "schema.mismatch", "url" },
                { "{\"name\": \"a\", \"plugin\": \"power\", \"config\": {\"url\": \"u\", \"key\": "
                  "\"open\"}}",
                  "instance.inline-secret", "key" },
                { "{\"name\": \"a\", \"plugin\": \"power\", \"config\": {\"url\": \"u\", \"key\": "
                  "{\"file\": \"\"}}}",
                  "schema.mismatch", "key" },
        };
        _catalog_ struct catalog *catalog = dns_catalog();

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                _fault_ struct fault fault = FAULT_INIT;

                ck_assert_msg(add_instance(catalog, rows[i][0], &fault) == FAULT, "%s", rows[i][0]);
                expect(&fault, 422, rows[i][1], rows[i][2]);
                expect(&fault, 422, rows[i][1], "kanamed.conf:7: instance 'a");
                ck_assert_msg(!strstr(fault.what, "open\"") &&
                                      (!fault.why || !strstr(fault.why, "\"open")),
                              "it shows the secret");
        }
}
END_TEST

START_TEST(secrets_stand_as_references)
{
        _catalog_ struct catalog *catalog = dns_catalog();
        _fault_ struct fault fault = FAULT_INIT;
        const struct catalog_instance *instance;

        ck_assert_msg(
                add_instance(
                        catalog,
                        "{\"name\": \"p\", \"plugin\": \"power\", \"home\": \"host\", \"scope\": "
                        "\"example.com\", \"egress\": [\"127.0.0.1:8081\", \"unix:/run/x\", "
                        "\"*.example.com:443\"], \"config\": "
                        "{\"url\": \"u\", \"key\": {\"secret\": \"pdns\"}}}",
                        &fault) == 0,
                "%s", fault.what);
        instance = catalog_instance(catalog, "p");
        ck_assert_str_eq(json_string_value(json_at(instance->config, "key.secret")), "pdns");
        ck_assert_str_eq(instance->scope, "example.com");
        ck_assert_int_eq(instance->home, HOME_HOST);
        ck_assert_uint_eq(json_array_size(instance->egress), 3);
        ck_assert_int_eq(add_instance(catalog, "{\"name\": \"p\", \"plugin\": \"bind\"}", &fault),
                         FAULT);
        expect(&fault, 409, "instance.duplicate", "kanamed.conf:7");
}
END_TEST

/* ---- who serves ---- */

static const char *served(const struct catalog *catalog, const char *ref, const char *args,
                          struct fault *fault)
{
        const struct catalog_action *action = catalog_action(catalog, ref);
        const struct catalog_instance *instance = NULL;
        const struct manifest_action *row = NULL;
        _json_ json_t *value = json_of(args);

        ck_assert_msg(action, "no %s", ref);
        if (catalog_serve(catalog, action, value, &instance, &row, fault) != 0)
                return NULL;
        ck_assert_str_eq(row->name, action->plugin_action);
        return instance->name;
}

static struct catalog *corp_catalog(void)
{
        static const char *const instances[] = {
                JSON({ "name" : "corp", "plugin" : "bind", "scope" : "example.com" }),
                JSON({
                        "name" : "lab",
                        "plugin" : "power",
                        "scope" : "lab.example.com",
                        "config" : { "url" : "u" }
                }),
                JSON({
                        "name" : "lab2",
                        "plugin" : "power",
                        "scope" : "twin.example.com",
                        "config" : { "url" : "u" }
                }),
                JSON({ "name" : "lab3", "plugin" : "bind", "scope" : "twin.example.com" }),
        };
        struct catalog *catalog = dns_catalog();

        for (size_t i = 0; i < sizeof instances / sizeof *instances; i++)
                ck_assert_int_eq(add_instance(catalog, instances[i], NULL), 0);
        ck_assert_int_eq(catalog_finish(catalog, NULL), 0);
        return catalog;
}

START_TEST(the_most_specific_scope_serves)
{
        _catalog_ struct catalog *catalog = corp_catalog();
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_str_eq(served(catalog, "dns.record.set", "{\"zone\": \"example.com\"}", NULL),
                         "corp");
        ck_assert_str_eq(served(catalog, "dns.record.set", "{\"zone\": \"a.lab.example.com\"}",
                                NULL),
                         "lab");
        ck_assert_ptr_null(served(catalog, "dns.record.set", "{\"zone\": \"example.org\"}",
                                  &fault));
        expect(&fault, 404, "instance.none", "'corp' (example.com)");
        ck_assert_ptr_null(served(catalog, "dns.record.set", "{\"zone\": \"twin.example.com\"}",
                                  &fault));
        expect(&fault, 409, "instance.ambiguous",
               "'lab2' (twin.example.com), 'lab3' (twin.example.com)");
        ck_assert(!strstr(fault.what, "corp"));
        /* only power can sign */
        ck_assert_str_eq(served(catalog, "dns.zone.sign", "{\"zone\": \"twin.example.com\"}", NULL),
                         "lab2");
        ck_assert_ptr_null(served(catalog, "dns.zone.sign", "{}", &fault));
        expect(&fault, 409, "instance.ambiguous", "2 instances");
        ck_assert_str_eq(served(catalog, "dns.host.set", "{\"host\": \"a.example.com\"}", NULL),
                         "corp");
}
END_TEST

START_TEST(a_named_instance_serves_or_says_why_not)
{
        _catalog_ struct catalog *catalog = corp_catalog();
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_str_eq(served(catalog, "dns.record.set",
                                "{\"zone\": \"twin.example.com\", \"instance\": \"lab3\"}", NULL),
                         "lab3");
        ck_assert_ptr_null(served(catalog, "dns.record.set",
                                  "{\"zone\": \"z\", \"instance\": \"lab4\"}", &fault));
        expect(&fault, 404, "instance.unknown", "'lab4'");
        ck_assert_ptr_nonnull(fault.remedy);
        ck_assert_ptr_null(served(catalog, "dns.zone.sign",
                                  "{\"zone\": \"z\", \"instance\": \"corp\"}", &fault));
        expect(&fault, 404, "instance.unfit", "'bind'");
        ck_assert_ptr_null(served(catalog, "bind.rndc", "{\"line\": \"x\"}", &fault));
        expect(&fault, 409, "instance.ambiguous", "'corp'");
        ck_assert_str_eq(served(catalog, "bind.rndc", "{\"line\": \"x\", \"instance\": \"corp\"}",
                                NULL),
                         "corp");
}
END_TEST

START_TEST(a_domain_shows_what_somebody_serves)
{
        _catalog_ struct catalog *catalog = dns_catalog(), *full = corp_catalog();

        ck_assert_int_eq(catalog_finish(catalog, NULL), 0);
        ck_assert_ptr_nonnull(catalog_action(catalog, "dns.record.set"));
        ck_assert_ptr_null(catalog_action(catalog, "dns.zone.sign"));
        ck_assert_ptr_null(catalog_action(catalog, "bind.record.set"));
        ck_assert_ptr_nonnull(catalog_action(catalog, "bind.rndc"));
        ck_assert_ptr_nonnull(catalog_action(full, "dns.zone.sign"));
        ck_assert(fits(full, "dns.record.set", "{\"zone\": \"z\", \"instance\": \"corp\"}"));
        ck_assert(!fits(full, "dns.record.set", "{\"zone\": \"z\", \"other\": 1}"));
        ck_assert_int_eq(catalog_action(full, "dns.record.set")->timeout_ms, 5000);
        ck_assert_ptr_nonnull(catalog_trigger(full, "dns.zone.changed"));
        ck_assert_ptr_null(catalog_trigger(full, "bind.zone.changed"));
        ck_assert_ptr_nonnull(catalog_trigger(full, "bind.reloaded"));
}
END_TEST

START_TEST(a_catalog_outlives_the_next_one)
{
        struct catalog *old = catalog_new();
        struct catalog *held;

        ck_assert_int_eq(catalog_finish(old, NULL), 0);
        held = catalog_ref(old);
        ck_assert_ptr_null(catalog_unref(old));
        ck_assert_ptr_nonnull(catalog_action(held, "core.noop"));
        ck_assert_ptr_null(catalog_unref(held));
        ck_assert_ptr_null(catalog_unref(NULL));
}
END_TEST

/* What every worker does all the time; TSan looks on. */
static void *read_a_while(void *arg)
{
        for (int i = 0; i < 200; i++) {
                _catalog_ struct catalog *catalog = catalog_ref(arg);

                if (!served(catalog, "dns.record.set", "{\"zone\": \"a.lab.example.com\"}", NULL) ||
                    !fits(catalog, "core.echo", "{\"message\": \"m\"}") ||
                    served(catalog, "dns.record.set", "{\"zone\": \"example.org\"}", NULL))
                        return arg;
        }
        return NULL;
}

START_TEST(many_threads_read_one_catalog)
{
        struct catalog *catalog = corp_catalog();
        pthread_t threads[4];
        void *failed;

        for (int i = 0; i < 4; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, read_a_while, catalog), 0);
        for (int i = 0; i < 4; i++) {
                ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
                ck_assert_ptr_null(failed);
        }
        catalog_unref(catalog);
}
END_TEST

int main(void)
{
        return SUITE_WITH("catalog/catalog", setup, teardown, ONCE(core_actions_are_there),
                          ONCE(a_name_that_nothing_has_is_told_what_lacks),
                          ONCE(core_parameters_are_held_to_their_schemas),
                          ONCE(what_is_listed_is_in_order), ONCE(core_triggers_are_there),
                          ONCE(a_plugins_own_actions_carry_its_name),
                          ONCE(a_plugin_that_needs_nothing_has_an_instance),
                          ONCE(two_plugins_of_one_name_are_refused),
                          ONCE(a_claim_on_a_domain_is_checked),
                          ONCE(an_instance_is_checked_against_its_plugin),
                          ONCE(secrets_stand_as_references), ONCE(the_most_specific_scope_serves),
                          ONCE(a_named_instance_serves_or_says_why_not),
                          ONCE(a_domain_shows_what_somebody_serves),
                          ONCE(a_catalog_outlives_the_next_one),
                          ONCE(many_threads_read_one_catalog));
}
