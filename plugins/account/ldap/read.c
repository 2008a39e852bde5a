/* SPDX-License-Identifier: Apache-2.0 */

/* The actions that only read. */

#include "account/ldap/directory.h"
#include "change.h"
#include "json.h"

static json_t *names_of(json_t *groups)
{
        json_t *names = json_array(), *value;
        const char *name;

        json_object_foreach(groups, name, value)
                json_array_append_new(names, json_string(name));
        return names;
}

int user_get(struct kn_ctx *ctx)
{
        _link_ struct link link = { .ctx = ctx };
        _entry_ struct entry entry = { NULL, NULL, NULL };
        _json_ json_t *groups = NULL;
        const char *user = kn_arg_str(ctx, "user", "");
        int r = user_read(&link, user, &entry);

        if (r == 0 && entry.dn)
                r = groups_read(&link, NULL, entry.dn, &groups);
        return r < 0 ? r : change_give(ctx, json_pack("{s:s, s:O?, s:o}", "user", user, "account",
                                                      entry.value, "groups", names_of(groups)));
}

/* ---- user.list ---- */

static char *list_filter(struct kn_ctx *ctx)
{
        const char *search = kn_arg_str(ctx, "search", NULL), *state = kn_arg_str(ctx, "state", "");
        const char *uid = kn_config_str(ctx, "user_attribute", "uid");
        const char *off = kn_config_str(ctx, "disabled_attribute", "");
        const char *not = strcmp(state, "active") == 0 ? "!" : "&";
        _free_ char *part = filter_text(search ? search : "");
        size_t size = part ? 5 * strlen(part) + 1000 : 0, n;
        char *filter = part ? malloc(size) : NULL;

        if (!filter)
                return NULL;
        n = (size_t)snprintf(filter, size, "(&(objectClass=%s)(%s=*)",
                             kn_config_str(ctx, "user_classes.0", "inetOrgPerson"), uid);
        if (search)
                n += (size_t)snprintf(filter + n, size - n, "(|(%s=*%s*)(cn=*%s*)(givenName=*%s*)"
                                      "(sn=*%s*)(mail=*%s*))", uid, part, part, part, part, part);
        if (*state && *off)
                n += (size_t)snprintf(filter + n, size - n, "(%s(%s=%s))", not, off,
                                      kn_config_str(ctx, "disabled_value", ""));
        snprintf(filter + n, size - n, ")");
        return filter;
}

/* Whether there was room for it. */
static bool list_entry(struct link *link, LDAPMessage *e, const json_t *group, json_t *users)
{
        size_t limit = (size_t)kn_arg_int(link->ctx, "limit", 100);
        _free_ char *name = entry_first(link, e, kn_config_str(link->ctx, "user_attribute", "uid"));
        char *dn = ldap_get_dn(link->ld, e);
        bool is_wanted = name && dn && (!group || group_has(group, dn));
        json_t *row;

        ldap_memfree(dn);
        if (!is_wanted)
                return true;
        if (json_array_size(users) >= limit)
                return false;
        row = user_value(link, e);
        json_object_set_new(row, "user", json_string(name));
        json_array_append_new(users, row);
        return true;
}

int user_list(struct kn_ctx *ctx)
{
        _link_ struct link link = { .ctx = ctx };
        _json_ json_t *users = json_array(), *groups = NULL;
        _free_ char *filter = list_filter(ctx);
        _free_ char **attributes = user_attributes(ctx);
        const char *group = kn_arg_str(ctx, "group", NULL);
        struct link_search search = { .base = kn_config_str(ctx, "people", ""),
                                      .filter = filter, .scope = LDAP_SCOPE_SUBTREE,
                                      .attributes = attributes,
                                      .limit = group ? 0 : (int)kn_arg_int(ctx, "limit", 100) + 1 };
        LDAPMessage *found = NULL;
        bool all = true;
        int r = filter && attributes ? KN_OK : KN_ENOMEM;

        if (r == 0 && group)
                r = groups_read(&link, group, NULL, &groups);
        if (r == 0 && group && json_object_size(groups) == 0)
                return kn_fail(ctx, KN_ENOENT, "there is no group %s", group);
        if (r == 0)
                r = link_search(&link, &search, &found);
        if (r < 0)
                return r;
        for (LDAPMessage *e = ldap_first_entry(link.ld, found); e && all;
             e = ldap_next_entry(link.ld, e))
                all = list_entry(&link, e, group ? json_object_iter_value(json_object_iter(groups))
                                                 : NULL, users);
        ldap_msgfree(found);
        return change_give(ctx, json_pack("{s:O, s:b}", "users", users, "more",
                                          !all || search.more));
}

/* ---- groups, and who may what ---- */

int group_list(struct kn_ctx *ctx)
{
        _link_ struct link link = { .ctx = ctx };
        _entry_ struct entry user = { NULL, NULL, NULL };
        _json_ json_t *groups = NULL, *list = json_array();
        const char *of = kn_arg_str(ctx, "user", NULL), *one = kn_arg_str(ctx, "group", NULL), *name;
        json_t *group;
        int r = of ? user_read(&link, of, &user) : KN_OK;

        if (r == 0 && of && !user.dn)
                return kn_fail(ctx, KN_ENOENT, "there is no account %s", of);
        if (r == 0)
                r = groups_read(&link, one, NULL, &groups);
        if (r == 0 && one && json_object_size(groups) == 0)
                return kn_fail(ctx, KN_ENOENT, "there is no group %s", one);
        json_object_foreach(groups, name, group)
                if (!of || group_has(group, user.dn))
                        json_array_append_new(list, json_pack("{s:s, s:o}", "group", name, "members",
                                                              group_users(ctx, group)));
        return r < 0 ? r : change_give(ctx, json_pack("{s:O}", "groups", list));
}

struct walk {
        struct kn_ctx *ctx;
        const json_t *groups;
        const char *on, *user;          /* NULL: any */
        json_t *access;
};

static const char *group_of_dn(const struct walk *walk, const char *dn)
{
        const char *name;
        json_t *group;

        json_object_foreach((json_t *)walk->groups, name, group)
                if (dn_equal(json_string_value(json_object_get(group, "dn")), dn))
                        return name;
        return NULL;
}

/* Everybody in a group, and in the groups inside it; path: the groups on the way, the outermost first. */
static void walk_group(const struct walk *walk, const char *on, const char *group, json_t *path)
{
        json_t *members = json_object_get(json_object_get(walk->groups, group), "members"), *dn;
        const char *nobody = kn_config_str(walk->ctx, "nobody", "");
        size_t i;

        json_array_foreach(members, i, dn) {
                const char *text = json_string_value(dn), *inner = group_of_dn(walk, text);
                _free_ char *user = inner ? NULL : dn_user(walk->ctx, text);

                if (inner && strcmp(inner, on) != 0 && !json_has_text(path, inner)) {
                        json_array_append_new(path, json_string(inner));
                        walk_group(walk, on, inner, path);
                        json_array_remove(path, json_array_size(path) - 1);
                } else if (user && !dn_equal(text, nobody) &&
                           (!walk->user || strcmp(walk->user, user) == 0)) {
                        json_array_append_new(walk->access, json_pack("{s:s, s:s, s:s, s:o}", "user",
                                              user, "on", on, "role", "member", "via",
                                              json_copy(path)));
                }
        }
}

int access_list(struct kn_ctx *ctx)
{
        _link_ struct link link = { .ctx = ctx };
        _json_ json_t *groups = NULL, *access = json_array();
        struct walk walk = { .ctx = ctx, .on = kn_arg_str(ctx, "on", NULL),
                             .user = kn_arg_str(ctx, "user", NULL), .access = access };
        int r = groups_read(&link, NULL, NULL, &groups);
        const char *name;
        json_t *group;

        if (r < 0)
                return r;
        walk.groups = groups;
        if (walk.on && !json_object_get(groups, walk.on))
                return kn_fail(ctx, KN_ENOENT, "there is no group %s", walk.on);
        json_object_foreach(groups, name, group) {
                _json_ json_t *path = json_array();

                if (!walk.on || strcmp(walk.on, name) == 0)
                        walk_group(&walk, name, name, path);
        }
        return change_give(ctx, json_pack("{s:O}", "access", access));
}
