/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Changes of accounts. What is written is held to the entryCSN that was read before the change was
 * announced, by assertion in the same request: a compare-and-swap by the directory itself.
 */

#include "account/ldap/directory.h"
#include "change.h"

struct user_edit {
        struct link link;
        const char *user;
        struct entry read;              /* as when the change was announced */
        char *dn;                       /* of the account, there or to be */
};

static void edit_done(struct user_edit *edit)
{
        link_close(&edit->link);
        entry_done(&edit->read);
        free(edit->dn);
}

#define _edit_ _cleanup_(edit_done)

static int begin(struct kn_ctx *ctx, struct user_edit *edit, struct change *change)
{
        int r;

        edit->link.ctx = ctx;
        edit->user = kn_arg_str(ctx, "user", "");
        r = user_read(&edit->link, edit->user, &edit->read);
        if (r < 0)
                return r;
        edit->dn = edit->read.dn ? strdup(edit->read.dn)
                : dn_of(kn_config_str(ctx, "user_attribute", "uid"), edit->user,
                        kn_config_str(ctx, "people", ""));
        change->resource = change_resource("account/%s", edit->user);
        change->before = json_incref(edit->read.value);
        return edit->dn ? KN_OK : KN_ENOMEM;
}

static int fail_absent(const struct user_edit *edit)
{
        return kn_fail(edit->link.ctx, KN_ENOENT, "there is no account %s below %s: user.list shows "
                       "those there are", edit->user, kn_config_str(edit->link.ctx, "people", ""));
}

/* Whoever locks itself out can put nothing back. */
static int check_floor(const struct user_edit *edit)
{
        if (!dn_equal(edit->dn, kn_config_str(edit->link.ctx, "bind_dn", "")))
                return KN_OK;
        return kn_fail(edit->link.ctx, KN_EDENIED, "%s is the account that this instance signs in "
                       "with: use another instance for it", edit->user);
}

static int reread(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        struct user_edit *edit = arg;
        _entry_ struct entry now = { NULL, NULL, NULL };
        int r = user_read(&edit->link, edit->user, &now);

        (void)ctx;
        if (r == 0)
                *ret = json_incref(now.value);
        return r;
}

typedef int apply_fn(struct kn_ctx *ctx, const struct change *change, void *arg);

static int carry_out(struct user_edit *edit, const struct change *change, apply_fn *apply)
{
        const struct change_way way = { .system = "the directory", .read = reread, .apply = apply,
                                        .has_cas = true };
        struct kn_ctx *ctx = edit->link.ctx;
        int r = change_make(ctx, change, &way, edit);

        return r < 0 ? r : change_answer(ctx, change, r > 0, json_pack("{s:s}", "user", edit->user));
}

/* ---- what is wanted ---- */

/* The arguments' attributes as the value has them: lists, only those that are managed. */
static int wanted_attributes(struct kn_ctx *ctx, json_t **ret)
{
        _json_ json_t *given = json_loads(kn_arg_str(ctx, "attributes", "{}"), 0, NULL);
        _json_ json_t *known = json_loads(kn_config_str(ctx, "attributes", "[]"), 0, NULL);
        _json_ json_t *wanted = json_object();
        const char *name;
        json_t *values, *k;
        size_t i;

        json_object_foreach(given, name, values) {
                bool is_known = false;

                json_array_foreach(known, i, k)
                        is_known |= strcmp(json_string_value(k), name) == 0;
                if (!is_known)
                        return kn_fail(ctx, KN_EARG, "the attribute %s is not managed here: list it "
                                       "in the instance's `attributes`", name);
                if (json_is_string(values))
                        json_object_set_new(wanted, name, *json_string_value(values)
                                            ? json_pack("[O]", values) : json_array());
                else
                        json_object_set(wanted, name, values);
        }
        *ret = json_incref(wanted);
        return KN_OK;
}

static int text_order(const void *a, const void *b)
{
        return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

static json_t *in_order(const json_t *values)
{
        json_t *rows[100], *list = json_array();
        size_t n = json_array_size(values);

        for (size_t i = 0; i < n && i < 100; i++)
                rows[i] = json_array_get(values, i);
        qsort(rows, n, sizeof *rows, text_order);
        for (size_t i = 0; i < n; i++)
                json_array_append(list, rows[i]);
        return list;
}

/* What is given, over what is there; an empty text or list takes a member away. */
static int overlay(struct kn_ctx *ctx, json_t *value)
{
        _json_ json_t *wanted = NULL;
        json_t *to = json_object_get(value, "attributes"), *values;
        const char *name;
        int r = wanted_attributes(ctx, &wanted);

        for (size_t i = 0; i < USER_FIELDS; i++) {
                const char *member = user_fields[i].member, *text = kn_arg_str(ctx, member, NULL);

                if (text && *text)
                        json_object_set_new(value, member, json_string(text));
                else if (text)
                        json_object_del(value, member);
        }
        json_object_foreach(wanted, name, values) {
                if (json_array_size(values) > 0)
                        json_object_set_new(to, name, in_order(values));
                else
                        json_object_del(to, name);
        }
        return r;
}

/* What undo sets again: of what differs, the value before, or empty. */
static json_t *set_args(const char *user, const json_t *before, const json_t *after)
{
        const json_t *old = json_object_get(before, "attributes");
        const json_t *new = json_object_get(after, "attributes");
        json_t *args = json_pack("{s:s, s:{}}", "user", user, "attributes"), *values;
        json_t *attributes = json_object_get(args, "attributes");
        const char *name;

        for (size_t i = 0; i < USER_FIELDS; i++) {
                json_t *was = json_object_get(before, user_fields[i].member);
                json_t *is = json_object_get(after, user_fields[i].member);

                if (was && !(is && json_equal(was, is)))
                        json_object_set(args, user_fields[i].member, was);
                else if (!was && is)
                        json_object_set_new(args, user_fields[i].member, json_string(""));
        }
        json_object_foreach((json_t *)new, name, values)
                if (!json_object_get(old, name))
                        json_object_set_new(attributes, name, json_array());
        json_object_foreach((json_t *)old, name, values)
                if (!json_equal(values, json_object_get(new, name)))
                        json_object_set(attributes, name, values);
        return args;
}

/* ---- create ---- */

static const char *text_of(const json_t *value, const char *member)
{
        return json_string_value(json_object_get(value, member));
}

/* A person has a family name and a name to show, whether given or not. */
static void complete_value(const struct user_edit *edit, json_t *value)
{
        const char *given = text_of(value, "given_name"), *family = text_of(value, "family_name");

        if (!text_of(value, "display_name") && given && family)
                json_object_set_new(value, "display_name", json_sprintf("%s %s", given, family));
        else if (!text_of(value, "display_name"))
                json_object_set_new(value, "display_name", json_string(family ? family
                                                                        : edit->user));
        if (!family)
                json_object_set_new(value, "family_name", json_string(edit->user));
}

static int set_state(struct user_edit *edit, const json_t *after, const char *csn)
{
        const char *attribute = kn_config_str(edit->link.ctx, "disabled_attribute", "");
        bool off = strcmp(text_of(after, "state"), "disabled") == 0;
        struct mods mods = { .n = 0 };

        if (!*attribute)
                return kn_fail(edit->link.ctx, KN_EUNSUPPORTED, "nothing says how this directory "
                               "disables an account: set disabled_attribute and disabled_value");
        mods_text(&mods, LDAP_MOD_REPLACE, attribute,
                  off ? kn_config_str(edit->link.ctx, "disabled_value", "") : NULL);
        return link_modify(&edit->link, edit->dn, mods.list, csn);
}

static int apply_create(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        _json_ json_t *classes = json_loads(kn_config_str(ctx, "user_classes",
                                                          "[\"inetOrgPerson\"]"), 0, NULL);
        struct user_edit *edit = arg;
        struct mods mods = { .n = 0 };
        const char *name;
        json_t *values;
        int r;

        mods_list(&mods, LDAP_MOD_ADD, "objectClass", classes);
        mods_text(&mods, LDAP_MOD_ADD, kn_config_str(ctx, "user_attribute", "uid"), edit->user);
        for (size_t i = 0; i < USER_FIELDS; i++)
                if (text_of(change->after, user_fields[i].member))
                        mods_text(&mods, LDAP_MOD_ADD, user_fields[i].attribute,
                                  text_of(change->after, user_fields[i].member));
        json_object_foreach(json_object_get(change->after, "attributes"), name, values)
                mods_list(&mods, LDAP_MOD_ADD, name, values);
        if (mods.is_full)
                return kn_fail(ctx, KN_EARG, "too many values for one account");
        r = link_add(&edit->link, edit->dn, mods.list);
        if (r == 0 && strcmp(text_of(change->after, "state"), "disabled") == 0)
                r = set_state(edit, change->after, NULL);
        return r;
}

int user_create(struct kn_ctx *ctx)
{
        _edit_ struct user_edit edit = { .user = "" };
        _change_ struct change change = { .undo_action = "user.remove" };
        _free_ char *there = NULL;
        int r = begin(ctx, &edit, &change);

        if (r < 0)
                return r;
        change.after = change.before ? json_deep_copy(change.before) : json_pack("{s:{}}",
                                                                                 "attributes");
        r = overlay(ctx, change.after);
        json_object_set_new(change.after, "state", json_string(kn_arg_str(ctx, "state", "active")));
        if (r < 0)
                return r;
        if (!change.before)
                complete_value(&edit, change.after);
        change.undo_args = json_pack("{s:s}", "user", edit.user);
        if (!change.before || json_equal(change.before, change.after))
                return carry_out(&edit, &change, apply_create);
        there = change_text(change.before);
        return kn_fail(ctx, KN_ECONFLICT, "there is an account %s already, and it is another: %.300s. "
                       "Take another name, or change it with user.set and user.state", edit.user,
                       there);
}

/* ---- set, state ---- */

static int apply_set(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        struct user_edit *edit = arg;
        const json_t *old = json_object_get(change->before, "attributes");
        const json_t *new = json_object_get(change->after, "attributes");
        struct mods mods = { .n = 0 };
        const char *name;
        json_t *values;

        for (size_t i = 0; i < USER_FIELDS; i++) {
                const char *was = text_of(change->before, user_fields[i].member);
                const char *is = text_of(change->after, user_fields[i].member);

                if (!was != !is || (was && strcmp(was, is) != 0))
                        mods_text(&mods, LDAP_MOD_REPLACE, user_fields[i].attribute, is);
        }
        json_object_foreach((json_t *)new, name, values)
                if (!json_equal(values, json_object_get(old, name)))
                        mods_list(&mods, LDAP_MOD_REPLACE, name, values);
        json_object_foreach((json_t *)old, name, values)
                if (!json_object_get(new, name))
                        mods_list(&mods, LDAP_MOD_REPLACE, name, NULL);
        return mods.is_full ? kn_fail(ctx, KN_EARG, "too many values for one change")
                            : link_modify(&edit->link, edit->dn, mods.list, edit->read.csn);
}

int user_set(struct kn_ctx *ctx)
{
        _edit_ struct user_edit edit = { .user = "" };
        _change_ struct change change = { .undo_action = "user.set" };
        int r = begin(ctx, &edit, &change);

        if (r < 0)
                return r;
        if (!change.before)
                return fail_absent(&edit);
        change.after = json_deep_copy(change.before);
        r = overlay(ctx, change.after);
        if (r < 0)
                return r;
        change.undo_args = set_args(edit.user, change.before, change.after);
        return carry_out(&edit, &change, apply_set);
}

static int apply_state(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        struct user_edit *edit = arg;

        (void)ctx;
        return set_state(edit, change->after, edit->read.csn);
}

int user_state(struct kn_ctx *ctx)
{
        _edit_ struct user_edit edit = { .user = "" };
        _change_ struct change change = { .undo_action = "user.state" };
        const char *state = kn_arg_str(ctx, "state", "");
        int r = begin(ctx, &edit, &change);

        if (r < 0)
                return r;
        if (!change.before)
                return fail_absent(&edit);
        r = strcmp(state, "disabled") == 0 ? check_floor(&edit) : KN_OK;
        if (r < 0)
                return r;
        change.after = json_copy(change.before);
        json_object_set_new(change.after, "state", json_string(state));
        change.undo_args = json_pack("{s:s, s:O}", "user", edit.user, "state",
                                     json_object_get(change.before, "state"));
        return carry_out(&edit, &change, apply_state);
}

/* ---- remove ---- */

static int apply_remove(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        struct user_edit *edit = arg;

        (void)ctx;
        (void)change;
        return link_delete(&edit->link, edit->dn, edit->read.csn);
}

/* Its memberships first, each a change of its own, so that undo finds them behind the account. */
static int leave_groups(struct user_edit *edit)
{
        _json_ json_t *groups = NULL;
        int r = groups_read(&edit->link, NULL, edit->dn, &groups);
        const char *group;
        json_t *value;

        json_object_foreach(groups, group, value)
                if (r == 0)
                        r = member_drop(&edit->link, group, edit->user, edit->dn);
        return r;
}

int user_remove(struct kn_ctx *ctx)
{
        _edit_ struct user_edit edit = { .user = "" };
        _change_ struct change change = { .undo_action = "user.create" };
        int r = begin(ctx, &edit, &change);

        if (r == 0 && change.before)
                r = check_floor(&edit);
        if (r == 0 && change.before)
                r = leave_groups(&edit);
        if (r < 0)
                return r;
        if (change.before) {
                change.undo_args = json_deep_copy(change.before);
                json_object_set_new(change.undo_args, "user", json_string(edit.user));
                kn_log(ctx, KN_NOTICE, "account %s: an undo makes it again, without its password "
                       "and without attributes that are not managed here", edit.user);
        }
        return carry_out(&edit, &change, apply_remove);
}
