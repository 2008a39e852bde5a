/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "catalog/contract.h"
#include "catalog/manifest.h"
#include "suite.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

CLEANUP_DEFINE(struct contract *, contract_free);
CLEANUP_DEFINE(struct manifest *, manifest_unref);

static char *source_file(const char *path)
{
        const char *top = getenv("TOP_SRCDIR");
        char *whole;

        ck_assert_int_ge(asprintf(&whole, "%s/%s", top ? top : "..", path), 0);
        return whole;
}

static int load_text(const char *text, struct contract **ret, struct fault *fault)
{
        char path[] = "/tmp/catalog-contract-XXXXXX";
        int fd = mkstemp(path), r;

        ck_assert_int_eq((int)write(fd, text, strlen(text)), (int)strlen(text));
        close(fd);
        r = contract_load(path, ret, fault);
        unlink(path);
        return r;
}

START_TEST(the_shipped_contracts_load)
{
        _free_ char *pattern = source_file("plugins/*/domain.json");
        glob_t files;

        ck_assert_int_eq(glob(pattern, 0, NULL, &files), 0);
        ck_assert_uint_gt(files.gl_pathc, 2);
        for (size_t i = 0; i < files.gl_pathc; i++) {
                _cleanup_(contract_freep) struct contract *contract = NULL;
                _fault_ struct fault fault = FAULT_INIT;

                ck_assert_msg(contract_load(files.gl_pathv[i], &contract, &fault) == 0, "%s",
                              fault.what);
                ck_assert_uint_ge(contract->n_actions, 1);
        }
        globfree(&files);
}
END_TEST

START_TEST(a_contract_is_read_whole)
{
        _cleanup_(contract_freep) struct contract *c = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        const struct contract_action *set;

        ck_assert_msg(load_text("{\"domain\": \"dns\", \"version\": \"1.0\", \"title_ja\": \"名\", "
                                "\"summary_ja\": \"要約\", \"scope\": "
                                "{\"parameter\": \"zone\", "
                                "\"match\": \"suffix\"}, \"actions\": [{\"name\": \"record.set\", "
                                "\"idempotent\": true, "
                                "\"timeout_ms\": 5, \"scope\": \"name\", \"before\": \"a\", \"undo\": \"b\", "
                                "\"title\": \"Set\", \"resource\": \"dns/{zone}\", \"params\": "
                                "{\"properties\": {\"zone\": "
                                "{\"type\": \"string\"}}}}, {\"name\": \"zone.list\", "
                                "\"readonly\": true, \"optional\": true, "
                                "\"params\": {}}], \"triggers\": [{\"name\": \"zone.changed\"}]}",
                                &c, &fault) == 0,
                      "%s", fault.what);
        ck_assert_str_eq(c->domain, "dns");
        ck_assert_int_eq(c->scope_match, SCOPE_SUFFIX);
        set = contract_action(c, "record.set");
        ck_assert(set->is_idempotent && !set->is_readonly && !set->is_optional);
        ck_assert_int_eq(set->timeout_ms, 5);
        ck_assert_str_eq(set->resource, "dns/{zone}");
        ck_assert_str_eq(set->scope_parameter, "name");
        ck_assert(contract_action(c, "zone.list")->is_readonly &&
                  contract_action(c, "zone.list")->is_optional);
        ck_assert_ptr_null(contract_action(c, "record"));
        ck_assert_uint_eq(c->n_triggers, 1);
}
END_TEST

START_TEST(a_wrong_contract_says_where)
{
        static const char *rows[][2] = {
                { "[]", "object" },
                { "{\"domain\": \"dns\", \"version\": \"1\", \"actions\": []}", "actions" },
                { "{\"domain\": \"D N S\", \"version\": \"1\", \"actions\": [{\"name\": \"a\", "
                  "\"params\": {}}]}",
                  "domain" },
                { "{\"domain\": \"d\", \"version\": \"1\", \"actions\": [{\"name\": \"a\", "
                  "\"params\": {\"type\": 7}}]}",
                  "'a'" },
                { "{\"domain\": \"d\", \"version\": \"1\", \"actions\": [{\"name\": \"a\", "
                  "\"params\": {}}], \"axtions\": 1}",
                  "axtions" },
                { "{\"domain\":", "not JSON" },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                _fault_ struct fault fault = FAULT_INIT;
                struct contract *contract = NULL;

                ck_assert_int_eq(load_text(rows[i][0], &contract, &fault), FAULT);
                ck_assert_msg(strstr(fault.what, rows[i][1]), "'%s' lacks '%s'", fault.what,
                              rows[i][1]);
                ck_assert_msg(strstr(fault.what, "/tmp/catalog-contract-"), "'%s' names no file",
                              fault.what);
                ck_assert_ptr_null(contract);
        }
}
END_TEST

START_TEST(scopes_match_at_borders)
{
        static const struct {
                enum scope_match match;
                const char *scope, *value;
                size_t weight;
        } rows[] = {
                { SCOPE_SUFFIX, "example.com", "example.com", 12 },
                { SCOPE_SUFFIX, "example.com", "www.example.com", 12 },
                { SCOPE_SUFFIX, "example.com", "badexample.com", 0 },
                { SCOPE_SUFFIX, "example.com", "example.com.", 12 },
                { SCOPE_SUFFIX, "example.com", "alice@example.com", 12 },
                { SCOPE_SUFFIX, "example.com", "WWW.Example.COM", 12 },
                { SCOPE_SUFFIX, "www.example.com", "example.com", 0 },
                { SCOPE_SUFFIX, "*", "example.com", 1 },
                { SCOPE_SUFFIX, NULL, "example.com", 1 },
                { SCOPE_PREFIX, "/vol/a", "/vol/a/b", 7 },
                { SCOPE_PREFIX, "/vol/a", "/vol/ab", 0 },
                { SCOPE_PREFIX, "web-", "web-01", 5 },
                { SCOPE_PREFIX, "10.1", "10.10.0.1", 0 },
                { SCOPE_EXACT, "web", "web", 4 },
                { SCOPE_EXACT, "web", "webs", 0 },
                { SCOPE_EXACT, "web", "", 0 },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct contract c = { .scope_match = rows[i].match };

                ck_assert_msg(contract_scope(&c, rows[i].scope, rows[i].value) == rows[i].weight,
                              "row %zu: %zu", i, contract_scope(&c, rows[i].scope, rows[i].value));
        }
}
END_TEST

/* ---- manifests ---- */

static int manifest_text(const char *text, struct manifest **ret, struct fault *fault)
{
        json_t *json = json_loads(text, 0, NULL);

        ck_assert_msg(json, "not JSON: %s", text);
        return manifest_new(json, "x.so", "0123", ret, fault);
}

START_TEST(a_manifest_is_read_whole)
{
        _cleanup_(manifest_unrefp) struct manifest *m = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        const struct manifest_action *greet;

        ck_assert_msg(manifest_text("{\"name\": \"hello\", \"version\": \"1.0\", \"summary\": "
                                    "\"Says hello\", \"abi\": "
                                    "\"1.0\", \"needs\": \"1.0\", \"flags\": [\"parallel\"], "
                                    "\"config\": {\"properties\": {}}, \"check\": true,"
                                    "\"actions\": [{\"name\": \"greet\", \"summary\": \"s\", "
                                    "\"params\": {\"properties\": {\"name\": {\"type\": "
                                    "\"string\"}}}, \"returns\": null, \"flags\": [\"idempotent\", "
                                    "\"readonly\"], \"timeout_ms\": 7}],"
                                    "\"triggers\": [{\"name\": \"greeted\", \"payload\": "
                                    "{\"type\": \"object\"}}],"
                                    "\"sensors\": [{\"name\": \"ear\", \"kind\": \"poll\", "
                                    "\"interval_ms\": 100}]}",
                                    &m, &fault) == 0,
                      "%s", fault.what);
        ck_assert(m->is_parallel && !m->has_own_sockets && m->has_check);
        ck_assert_str_eq(m->hash, "0123");
        greet = manifest_action(m, "greet");
        ck_assert(greet->is_idempotent && greet->is_readonly && greet->timeout_ms == 7);
        ck_assert_ptr_nonnull(greet->params);
        ck_assert_ptr_null(greet->returns);
        ck_assert_ptr_nonnull(manifest_trigger(m, "greeted"));
        ck_assert_ptr_null(manifest_trigger(m, "greet"));
        ck_assert(m->sensors[0].is_polled && m->sensors[0].interval_ms == 100);
        manifest_unref(manifest_ref(m));
}
END_TEST

START_TEST(null_stands_for_what_an_author_left_out)
{
        _cleanup_(manifest_unrefp) struct manifest *m = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *any = json_object();

        ck_assert_msg(manifest_text("{\"name\": \"x\", \"version\": \"1\", \"summary\": null, "
                                    "\"domain\": null, "
                                    "\"config\": null, \"access\": null, \"actions\": [{\"name\": "
                                    "\"a\", \"summary\": null, \"params\": null, "
                                    "\"returns\": null}], \"triggers\": [{\"name\": \"t\", "
                                    "\"payload\": null}]}",
                                    &m, &fault) == 0,
                      "%s", fault.what);
        ck_assert_int_eq(schema_check(m->config, any, NULL), 0);
        ck_assert_ptr_null(m->domain);
        ck_assert_ptr_null(manifest_action(m, "a")->params);
}
END_TEST

START_TEST(a_wrong_manifest_names_plugin_and_member)
{
        static const char *rows[][2] = {
                { "7", "object" },
                { "{}", "name" },
                { "{\"name\": \"../x\", \"version\": \"1\"}", "name" },
                { "{\"name\": \"Hello\", \"version\": \"1\"}", "'Hello'" },
                { "{\"name\": \"x\", \"version\": 1}", "version" },
                { "{\"name\": \"x\", \"version\": \"1\", \"domain\": \"a b a\"}", "'a' twice" },
                { "{\"name\": \"x\", \"version\": \"1\", \"domain\": \"a  b\"}", "domain" },
                { "{\"name\": \"x\", \"version\": \"1\", \"domain\": \"a \"}", "domain" },
                { "{\"name\": \"x\", \"version\": \"1\", \"domain\": \"a b c d e f g h i\"}",
                  "domain" },
                { "{\"name\": \"x\", \"version\": \"1\", \"actions\": {}}", "actions" },
                { "{\"name\": \"x\", \"version\": \"1\", \"actions\": [{\"name\": \"a b\"}]}",
                  "actions" },
                { "{\"name\": \"x\", \"version\": \"1\", \"actions\": [{\"name\": \"a\"}, "
                  "{\"name\": \"a\"}]}",
                  "'a' twice" },
                { "{\"name\": \"x\", \"version\": \"1\", \"actions\": [{\"name\": \"a\", "
                  "\"params\": {\"type\": 1}}]}",
                  "params of 'a'" },
                { "{\"name\": \"x\", \"version\": \"1\", \"config\": {\"type\": \"nonsense\"}}",
                  "config" },
                { "{\"name\": \"x\", \"version\": \"1\", \"sensors\": [{\"name\": \"s\", \"kind\": "
                  "\"?\"}]}",
                  "kind" },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                _fault_ struct fault fault = FAULT_INIT;
                json_t *json = json_loads(rows[i][0], JSON_DECODE_ANY, NULL);
                struct manifest *m = NULL;

                ck_assert_msg(json, "%s", rows[i][0]);
                ck_assert_int_eq(manifest_new(json, "x.so", "", &m, &fault), FAULT);
                ck_assert_int_eq(fault.status, 422);
                ck_assert_msg(strstr(fault.what, rows[i][1]), "'%s' lacks '%s'", fault.what,
                              rows[i][1]);
                ck_assert_msg(strstr(fault.what, "x.so"), "'%s' names no file", fault.what);
                ck_assert_ptr_null(m);
        }
}
END_TEST

int main(void)
{
        return SUITE("catalog/contract", ONCE(the_shipped_contracts_load),
                     ONCE(a_contract_is_read_whole), ONCE(a_wrong_contract_says_where),
                     ONCE(scopes_match_at_borders), ONCE(a_manifest_is_read_whole),
                     ONCE(null_stands_for_what_an_author_left_out),
                     ONCE(a_wrong_manifest_names_plugin_and_member));
}
