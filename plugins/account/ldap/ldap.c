/* SPDX-License-Identifier: Apache-2.0 */

/* A directory that speaks LDAPv3, such as OpenLDAP's slapd, by libldap. */

#include "account/ldap/directory.h"
#include "change.h"

/* Both bases are there, and the server knows assertions. Whether it lets us write only writing tells. */
static int check_base(struct link *link, const char *option)
{
        char *attributes[] = { (char *)LDAP_NO_ATTRS, NULL };
        struct link_search search = { .base = kn_config_str(link->ctx, option, ""),
                                      .filter = "(objectClass=*)", .scope = LDAP_SCOPE_BASE,
                                      .attributes = attributes };
        LDAPMessage *found = NULL;
        int r = link_search(link, &search, &found), n = r < 0 ? 0 : ldap_count_entries(link->ld, found);

        ldap_msgfree(found);
        return r < 0 || n == 1 ? r
                : kn_fail(link->ctx, KN_ENOENT, "%s (%s) is not there, or %s may not read it: make "
                          "it, or give the right", search.base, option,
                          kn_config_str(link->ctx, "bind_dn", ""));
}

static bool lists(struct link *link, LDAPMessage *found, const char *attribute, const char *wanted)
{
        LDAPMessage *entry = ldap_first_entry(link->ld, found);
        _json_ json_t *values = entry ? entry_all(link, entry, attribute) : NULL;
        json_t *value;
        size_t i;

        json_array_foreach(values, i, value)
                if (strcmp(json_string_value(value), wanted) == 0)
                        return true;
        return false;
}

static int check_assertion(struct link *link)
{
        char *attributes[] = { (char *)"supportedControl", NULL };
        struct link_search search = { .base = "", .filter = "(objectClass=*)",
                                      .scope = LDAP_SCOPE_BASE, .attributes = attributes };
        LDAPMessage *found = NULL;
        int r = link_search(link, &search, &found);
        bool knows = r == 0 && lists(link, found, "supportedControl", LDAP_CONTROL_ASSERT);

        ldap_msgfree(found);
        return r < 0 || knows ? r
                : kn_fail(link->ctx, KN_EUNSUPPORTED, "the directory does not offer the assertion "
                          "control (RFC 4528), which changes here rest on");
}

static int check(struct kn_ctx *ctx)
{
        _link_ struct link link = { .ctx = ctx };
        int r = check_base(&link, "people");

        if (r == 0)
                r = check_base(&link, "groups");
        if (r == 0)
                r = check_assertion(&link);
        return r < 0 ? r : change_give(ctx, json_pack("{s:s, s:b}", "signed_in_as",
                                                      kn_config_str(ctx, "bind_dn", ""), "disable",
                                                      *kn_config_str(ctx, "disabled_attribute", "")
                                                      != 0));
}

static const char config[] = KN_JSON({
        "type" : "object",
        "properties" : {
                "url" : { "type" : "string", "maxLength" : 300,
                          "pattern" : "^ldaps?://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[1-9][0-9]*)?/?$",
                          "description" : "ldaps://HOST or ldap://HOST; the name is held to the certificate" },
                "starttls" : { "type" : "boolean", "default" : true,
                               "description" : "Of ldap://: TLS before anything is said" },
                "ca" : { "type" : "string", "maxLength" : 65536,
                         "description" : "Authorities to trust, as PEM text; absent: the system's" },
                "bind_dn" : { "type" : "string", "minLength" : 1, "maxLength" : 1024,
                              "description" : "Whom to sign in as" },
                "password" : { "type" : "string", "writeOnly" : true,
                          "description" : "Of bind_dn" },
                "people" : { "type" : "string", "minLength" : 1, "maxLength" : 1024,
                             "description" : "Accounts live below this; new ones right below" },
                "groups" : { "type" : "string", "minLength" : 1, "maxLength" : 1024,
                             "description" : "Groups live below this; new ones right below" },
                "user_attribute" : { "type" : "string", "pattern" : "^[A-Za-z][A-Za-z0-9-]*$", "default" : "uid" },
                "user_classes" : { "type" : "array", "minItems" : 1, "maxItems" : 20,
                                   "items" : { "type" : "string", "pattern" : "^[A-Za-z][A-Za-z0-9-]*$" },
                                   "default" : ["inetOrgPerson"],
                                   "description" : "Of new accounts; an entry of the first is an account" },
                "attributes" : { "type" : "array", "maxItems" : 50, "default" : [],
                                 "items" : { "type" : "string", "pattern" : "^[A-Za-z][A-Za-z0-9-]*$" },
                                 "description" : "More attributes to show and to set" },
                "disabled_attribute" : { "type" : "string", "pattern" : "^([A-Za-z][A-Za-z0-9-]*)?$",
                                         "default" : "pwdAccountLockedTime",
                                         "description" : "What a disabled account has; empty: none can be" },
                "disabled_value" : { "type" : "string", "maxLength" : 100, "default" : "000001010000Z" },
                "group_attribute" : { "type" : "string", "pattern" : "^[A-Za-z][A-Za-z0-9-]*$", "default" : "cn" },
                "group_class" : { "type" : "string", "pattern" : "^[A-Za-z][A-Za-z0-9-]*$",
                                  "default" : "groupOfNames" },
                "member_attribute" : { "type" : "string", "pattern" : "^[A-Za-z][A-Za-z0-9-]*$",
                                       "default" : "member" },
                "nobody" : { "type" : "string", "maxLength" : 1024, "default" : "cn=nobody",
                             "description" : "Keeps a group from being empty, where its class forbids that" }
        },
        "required" : ["url", "bind_dn", "password", "people", "groups"],
        "additionalProperties" : false
});

/* What TLS reads of the system when ca is not given. */
static const char reads[] = KN_JSON({ "files" : [ { "path" : "/etc/ssl/certs" },
        { "path" : "/usr/share/ca-certificates" }, { "path" : "/usr/local/share/ca-certificates" } ] });

static const struct kn_action actions[] = {
        { .name = "user.create", .run = user_create, .flags = KN_IDEMPOTENT },
        { .name = "user.set", .run = user_set, .flags = KN_IDEMPOTENT },
        { .name = "user.state", .run = user_state, .flags = KN_IDEMPOTENT },
        { .name = "user.remove", .run = user_remove, .flags = KN_IDEMPOTENT },
        { .name = "user.get", .run = user_get, .flags = KN_IDEMPOTENT | KN_READONLY },
        { .name = "user.list", .run = user_list, .flags = KN_IDEMPOTENT | KN_READONLY },
        { .name = "group.create", .run = group_create, .flags = KN_IDEMPOTENT },
        { .name = "group.remove", .run = group_remove, .flags = KN_IDEMPOTENT },
        { .name = "group.list", .run = group_list, .flags = KN_IDEMPOTENT | KN_READONLY },
        { .name = "member.add", .run = member_add, .flags = KN_IDEMPOTENT },
        { .name = "member.remove", .run = member_remove, .flags = KN_IDEMPOTENT },
        { .name = "access.list", .run = access_list, .flags = KN_IDEMPOTENT | KN_READONLY },
};

KN_PLUGIN(.name = "ldap", .version = "1.0", .domain = "account",
          .summary = "Accounts and groups of an LDAP directory", .config = config, .access = reads,
          .flags = KN_PARALLEL, .check = check, KN_ACTIONS(actions))
