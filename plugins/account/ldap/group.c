/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Changes of groups. A membership is one value of the group's entry, and the directory itself refuses
 * to add one that is there or to delete one that is not, so no assertion is needed and other members
 * may come and go meanwhile. A groupOfNames cannot be empty: `nobody` keeps it from that.
 */

#include "account/ldap/directory.h"
#include "change.h"

struct group_edit {
        struct link *link;
        const char *group, *user;
        char *dn;                       /* the group's, there or to be */
        char *user_dn;
        json_t *read;                   /* the group, NULL: there is none */
};

static void edit_done(struct group_edit *edit)
{
        free(edit->dn);
        free(edit->user_dn);
        json_decref(edit->read);
}

#define _edit_ _cleanup_(edit_done)

static const char *nobody(const struct group_edit *edit)
{
        return kn_config_str(edit->link->ctx, "nobody", "");
}

static int read_group(struct group_edit *edit)
{
        _json_ json_t *groups = NULL;
        json_t *group = NULL;
        const char *name;
        int r = groups_read(edit->link, edit->group, NULL, &groups);

        if (r < 0)
                return r;
        if (json_object_size(groups) > 1)
                return kn_fail(edit->link->ctx, KN_ECONFLICT, "several groups are called %s",
                               edit->group);
        json_object_foreach(groups, name, group) {
        }
        json_decref(edit->read);
        edit->read = json_object_size(groups) == 1 ? json_incref(group) : NULL;
        free(edit->dn);
        edit->dn = edit->read ? strdup(json_string_value(json_object_get(edit->read, "dn")))
                              : dn_of_group(edit->link->ctx, edit->group);
        return edit->dn ? KN_OK : KN_ENOMEM;
}

static int fail_absent(const struct group_edit *edit)
{
        return kn_fail(edit->link->ctx, KN_ENOENT, "there is no group %s below %s: group.list shows "
                       "those there are", edit->group,
                       kn_config_str(edit->link->ctx, "groups", ""));
}

/* ---- members ---- */

static json_t *membership(const struct group_edit *edit)
{
        return edit->read && group_has(edit->read, edit->user_dn)
                ? json_pack("{s:b}", "member", true) : NULL;
}

static int reread_member(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        struct group_edit *edit = arg;
        int r = read_group(edit);

        (void)ctx;
        if (r == 0)
                *ret = membership(edit);
        return r;
}

static bool is_last(const struct group_edit *edit)
{
        return json_array_size(json_object_get(edit->read, "members")) == 1;
}

static int apply_member(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        struct group_edit *edit = arg;
        const char *attribute = kn_config_str(ctx, "member_attribute", "member");
        struct mods mods = { .n = 0 };

        if (!change->after && is_last(edit))
                mods_text(&mods, LDAP_MOD_ADD, attribute, nobody(edit));
        mods_text(&mods, change->after ? LDAP_MOD_ADD : LDAP_MOD_DELETE, attribute, edit->user_dn);
        return link_modify(edit->link, edit->dn, mods.list, NULL);
}

/* 0: was so, 1: made or planned. */
static int change_member(struct group_edit *edit, bool wanted, struct change *change)
{
        static const struct change_way way = { .system = "the directory", .read = reread_member,
                                               .apply = apply_member, .has_cas = true };

        change->resource = change_resource("account/group/%s/%s", edit->group, edit->user);
        change->before = membership(edit);
        change->after = wanted ? json_pack("{s:b}", "member", true) : NULL;
        change->undo_action = wanted ? "member.remove" : "member.add";
        change->undo_args = json_pack("{s:s, s:s}", "group", edit->group, "user", edit->user);
        if (wanted && change->undo_args)
                json_object_set_new(change->undo_args, "force", json_true());
        return change_make(edit->link->ctx, change, &way, edit);
}

int member_drop(struct link *link, const char *group, const char *user, const char *user_dn)
{
        _edit_ struct group_edit edit = { .link = link, .group = group, .user = user,
                                          .user_dn = strdup(user_dn) };
        _change_ struct change change = { .resource = NULL };
        int r = edit.user_dn ? read_group(&edit) : KN_ENOMEM;

        if (r == 0)
                r = change_member(&edit, false, &change);
        return r < 0 ? r : KN_OK;
}

static int begin_member(struct kn_ctx *ctx, struct group_edit *edit)
{
        _entry_ struct entry user = { NULL, NULL, NULL };
        int r;

        edit->group = kn_arg_str(ctx, "group", "");
        edit->user = kn_arg_str(ctx, "user", "");
        r = read_group(edit);
        if (r == 0 && !edit->read)
                return fail_absent(edit);
        if (r == 0)
                r = user_read(edit->link, edit->user, &user);
        if (r < 0)
                return r;
        if (!user.dn)
                return kn_fail(ctx, KN_ENOENT, "there is no account %s: user.list shows those there "
                               "are", edit->user);
        edit->user_dn = strdup(user.dn);
        return edit->user_dn ? KN_OK : KN_ENOMEM;
}

static int answer_member(const struct group_edit *edit, const struct change *change, int r)
{
        return r < 0 ? r : change_answer(edit->link->ctx, change, r > 0,
                                         json_pack("{s:s, s:s}", "group", edit->group, "user",
                                                   edit->user));
}

int member_add(struct kn_ctx *ctx)
{
        _link_ struct link link = { .ctx = ctx };
        _edit_ struct group_edit edit = { .link = &link };
        _change_ struct change change = { .resource = NULL };
        int r = begin_member(ctx, &edit);

        return r < 0 ? r : answer_member(&edit, &change, change_member(&edit, true, &change));
}

int member_remove(struct kn_ctx *ctx)
{
        _link_ struct link link = { .ctx = ctx };
        _edit_ struct group_edit edit = { .link = &link };
        _change_ struct change change = { .resource = NULL };
        _json_ json_t *users = NULL;
        int r = begin_member(ctx, &edit);

        if (r < 0)
                return r;
        users = group_users(ctx, edit.read);
        if (group_has(edit.read, edit.user_dn) && json_array_size(users) == 1 &&
            !kn_arg_bool(ctx, "force", 0))
                return kn_fail(ctx, KN_EDENIED, "%s is the last account of group %s, so it was left "
                               "in it: add another one first, or say force=true", edit.user,
                               edit.group);
        return answer_member(&edit, &change, change_member(&edit, false, &change));
}

/* ---- groups ---- */

static json_t *group_value(struct kn_ctx *ctx, const json_t *group)
{
        return group ? json_pack("{s:o}", "members", group_users(ctx, group)) : NULL;
}

static int reread_group(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        struct group_edit *edit = arg;
        int r = read_group(edit);

        if (r == 0)
                *ret = group_value(ctx, edit->read);
        return r;
}

static int apply_group(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        struct group_edit *edit = arg;
        const char *csn = json_string_value(json_object_get(edit->read, "csn"));
        struct mods mods = { .n = 0 };

        if (!change->after)
                return link_delete(edit->link, edit->dn, csn);
        mods_text(&mods, LDAP_MOD_ADD, "objectClass",
                  kn_config_str(ctx, "group_class", "groupOfNames"));
        mods_text(&mods, LDAP_MOD_ADD, kn_config_str(ctx, "group_attribute", "cn"), edit->group);
        mods_text(&mods, LDAP_MOD_ADD, kn_config_str(ctx, "member_attribute", "member"),
                  nobody(edit));
        return link_add(edit->link, edit->dn, mods.list);
}

static int carry_out(struct group_edit *edit, struct change *change)
{
        static const struct change_way way = { .system = "the directory", .read = reread_group,
                                               .apply = apply_group, .has_cas = true };
        struct kn_ctx *ctx = edit->link->ctx;
        int r;

        change->resource = change_resource("account/group/%s", edit->group);
        change->undo_args = json_pack("{s:s}", "group", edit->group);
        r = change_make(ctx, change, &way, edit);
        return r < 0 ? r : change_answer(ctx, change, r > 0, json_pack("{s:s}", "group",
                                                                       edit->group));
}

int group_create(struct kn_ctx *ctx)
{
        _link_ struct link link = { .ctx = ctx };
        _edit_ struct group_edit edit = { .link = &link, .group = kn_arg_str(ctx, "group", "") };
        _change_ struct change change = { .undo_action = "group.remove" };
        int r = read_group(&edit);

        if (r < 0)
                return r;
        change.before = group_value(ctx, edit.read);
        change.after = edit.read ? json_incref(change.before) : json_pack("{s:[]}", "members");
        return carry_out(&edit, &change);
}

/* The members first, each a change of its own; then the group has nobody in it. */
static int empty_group(struct group_edit *edit)
{
        _json_ json_t *members = json_incref(json_object_get(edit->read, "members"));
        json_t *dn;
        size_t i;
        int r = KN_OK;

        json_array_foreach(members, i, dn) {
                const char *text = json_string_value(dn);
                _free_ char *user = dn_user(edit->link->ctx, text);

                if (r == 0 && !dn_equal(text, nobody(edit)))
                        r = user ? member_drop(edit->link, edit->group, user, text) : KN_ENOMEM;
        }
        return r == 0 ? read_group(edit) : r;
}

int group_remove(struct kn_ctx *ctx)
{
        _link_ struct link link = { .ctx = ctx };
        _edit_ struct group_edit edit = { .link = &link, .group = kn_arg_str(ctx, "group", "") };
        _change_ struct change change = { .undo_action = "group.create" };
        _json_ json_t *users = NULL;
        int r = read_group(&edit);

        if (r < 0)
                return r;
        if (edit.read) {
                users = group_users(ctx, edit.read);
                if (json_array_size(users) > 0 && !kn_arg_bool(ctx, "force", 0))
                        return kn_fail(ctx, KN_EDENIED, "group %s has %zu members, so it was left "
                                       "as it is: take them out first, or say force=true",
                                       edit.group, json_array_size(users));
                change.before = json_pack("{s:[]}", "members");
                r = empty_group(&edit);
        }
        return r < 0 ? r : carry_out(&edit, &change);
}
