/* SPDX-License-Identifier: Apache-2.0 */

/* One plugin that keeps the contracts of two domains: who names what, and what cannot be kept. */

#include "suite.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "catalog/catalog.h"

#include <string.h>

CLEANUP_DEFINE(struct catalog *, catalog_unref);
CLEANUP_DEFINE(struct manifest *, manifest_unref);

#define _catalog_ _cleanup_(catalog_unrefp)
#define JSON(...) #__VA_ARGS__

static const char dns[] = JSON({
        "domain" : "dns",
        "version" : "1",
        "actions" : [ { "name" : "record.set", "params" : {} } ],
        "triggers" : [ { "name" : "zone.changed" } ]
});
static const char mail[] = JSON({
        "domain" : "mail",
        "version" : "1",
        "actions" : [ { "name" : "box.create", "params" : {} } ],
        "triggers" : [ { "name" : "mail.arrived" } ]
});

#define BOTH(domain, ...)                                                                          \
        JSON({ "name": "both", "version": "1", "domain": domain, "actions": [ __VA_ARGS__ ],       \
               "triggers": [{ "name": "mail.arrived" }, { "name": "zone.changed" },                \
                            { "name": "tired" }] })
#define SET { "name": "record.set" }
#define BOX { "name": "box.create" }
#define OWN { "name": "nap" }

static void add_contract(struct catalog *catalog, const char *text)
{
        char path[] = "/tmp/catalog-domains-XXXXXX";
        int fd = mkstemp(path);
        size_t len = strlen(text);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
        close(fd);
        ck_assert_int_eq(catalog_add_contract(catalog, path, NULL), 0);
        unlink(path);
}

static struct catalog *catalog_with(const char *one, const char *two)
{
        struct catalog *catalog = catalog_new();

        add_contract(catalog, one);
        add_contract(catalog, two);
        return catalog;
}

static int add_plugin(struct catalog *catalog, const char *text, struct fault *fault)
{
        _cleanup_(manifest_unrefp) struct manifest *m = NULL;
        json_t *json = json_loads(text, 0, NULL);

        ck_assert_msg(json, "not JSON: %s", text);
        ck_assert_int_eq(manifest_new(json, "both.so", "0", &m, fault), 0);
        return catalog_add_plugin(catalog, m, fault);
}

static const char *server_of(const struct catalog *catalog, const char *ref)
{
        const struct catalog_action *action = catalog_action(catalog, ref);
        const struct catalog_instance *instance = NULL;
        const struct manifest_action *row = NULL;
        _json_ json_t *args = json_object();

        ck_assert_msg(action, "no %s", ref);
        ck_assert_ptr_nonnull(action->contract);
        ck_assert_int_eq(catalog_serve(catalog, action, args, &instance, &row, NULL), 0);
        ck_assert_str_eq(row->name, action->plugin_action);
        return instance->name;
}

START_TEST(a_plugin_may_serve_two_domains)
{
        _catalog_ struct catalog *catalog = catalog_with(dns, mail);

        ck_assert_int_eq(add_plugin(catalog, BOTH("dns mail", SET, BOX, OWN), NULL), 0);
        ck_assert_int_eq(catalog_finish(catalog, NULL), 0);
        ck_assert_str_eq(server_of(catalog, "dns.record.set"), "both");
        ck_assert_str_eq(server_of(catalog, "mail.box.create"), "both");
        ck_assert_ptr_null(catalog_action(catalog, "both.nap")->contract);
        ck_assert_ptr_null(catalog_action(catalog, "both.record.set"));
        ck_assert_ptr_null(catalog_action(catalog, "both.box.create"));
        ck_assert_ptr_nonnull(catalog_trigger(catalog, "both.tired"));
        ck_assert_ptr_null(catalog_trigger(catalog, "both.mail.arrived"));
}
END_TEST

START_TEST(a_claim_names_whole_words)
{
        _catalog_ struct catalog *catalog = catalog_with(dns, mail);
        const struct manifest *both;

        ck_assert_int_eq(add_plugin(catalog, BOTH("mail", BOX), NULL), 0);
        both = catalog_plugin(catalog, "both");
        ck_assert(manifest_claims(both, "mail"));
        ck_assert(!manifest_claims(both, "mai") && !manifest_claims(both, "mail dns"));
        ck_assert(!manifest_claims(both, "") && !manifest_claims(both, "dns"));
}
END_TEST

static const struct {
        const char *plugin, *code, *says;
} refused[] = {
        { BOTH("dns mail", SET), "plugin.incomplete", "'mail' and lacks box.create" },
        { BOTH("dns mail", BOX), "plugin.incomplete", "'dns' and lacks record.set" },
        { BOTH("mail phone", BOX), "plugin.unknown-domain", "'phone'" },
};

START_TEST(each_domain_of_a_claim_is_checked)
{
        _catalog_ struct catalog *catalog = catalog_with(dns, mail);
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(add_plugin(catalog, refused[_i].plugin, &fault), FAULT);
        ck_assert_str_eq(fault.code, refused[_i].code);
        ck_assert_msg(strstr(fault.what, refused[_i].says), "%s", fault.what);
}
END_TEST

static const struct {
        const char *contract, *same;
} overlaps[] = {
        { JSON({ "domain": "other", "version": "1",
                 "actions": [{ "name": "record.set", "params": {} }] }), "'record.set'" },
        { JSON({ "domain": "other", "version": "1", "actions": [{ "name": "nap", "params": {} }],
                 "triggers": [{ "name": "zone.changed" }] }), "'zone.changed'" },
};

START_TEST(domains_that_name_the_same_need_two_plugins)
{
        _catalog_ struct catalog *catalog = catalog_with(dns, overlaps[_i].contract);
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(add_plugin(catalog, BOTH("other dns", SET, OWN), &fault), FAULT);
        ck_assert_str_eq(fault.code, "plugin.ambiguous");
        ck_assert_msg(strstr(fault.what, overlaps[_i].same), "%s", fault.what);
}
END_TEST

int main(void)
{
        return SUITE("catalog/domains", ONCE(a_plugin_may_serve_two_domains),
                     ONCE(a_claim_names_whole_words),
                     EACH(each_domain_of_a_claim_is_checked, refused),
                     EACH(domains_that_name_the_same_need_two_plugins, overlaps));
}
