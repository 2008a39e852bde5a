/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Accounts. Redmine writes a person as first and last name, which it wants both, and has no name to
 * show beside them. An account that was removed leaves its history to nobody, so that there is no
 * undo; locking one keeps everything.
 */

#include "account.h"

#define ACTIVE 1
#define LOCKED 3

json_t *account_of(const json_t *user, const char *state)
{
        const char *given = text_of(user, "firstname", ""), *family = text_of(user, "lastname", "");

        return json_pack("{s:s, s:s, s:o, s:s, s:s, s:{}}", "given_name", given, "family_name",
                         family, "display_name", json_sprintf("%s%s%s", given,
                                                              *given && *family ? " " : "", family),
                         "mail", text_of(user, "mail", ""), "state", state, "attributes");
}

static int get_user(struct kn_ctx *ctx, long long id, json_t **ret)
{
        _free_ char *path = web_path("/users/%lld.json?include=groups,memberships", id);

        return redmine_get(ctx, path, "user", "an account", ret);
}

static const char *state_of(const json_t *user)
{
        return json_integer_value(json_object_get(user, "status")) == ACTIVE ? "active" : "disabled";
}

static int read_account(struct kn_ctx *ctx, struct subject *subject, json_t **ret)
{
        _json_ json_t *user = NULL;
        int r = find_user(ctx, subject->user, &subject->user_id);

        if (r == KN_ENOENT) {
                *ret = NULL;
                return KN_OK;
        }
        if (r == 0)
                r = get_user(ctx, subject->user_id, &user);
        if (r < 0)
                return r;
        *ret = account_of(user, state_of(user));
        return *ret ? KN_OK : KN_ENOMEM;
}

static json_t *body_of(const struct subject *subject, bool is_new)
{
        const json_t *wanted = subject->wanted;
        bool active = strcmp(text_of(wanted, "state", ""), "active") == 0;
        json_t *body = json_pack("{s:s, s:s, s:s, s:i}", "firstname",
                                 text_of(wanted, "given_name", ""), "lastname",
                                 text_of(wanted, "family_name", ""), "mail",
                                 text_of(wanted, "mail", ""), "status", active ? ACTIVE : LOCKED);

        if (is_new) {
                json_object_set_new(body, "login", json_string(subject->user));
                json_object_set_new(body, "generate_password", json_true());
        }
        return body;
}

static int write_account(struct kn_ctx *ctx, struct subject *subject)
{
        _free_ char *path = web_path("/users/%lld.json", subject->user_id);
        bool is_new = subject->user_id == 0;
        int r;

        if (!subject->wanted)
                return redmine_send(ctx, "DELETE", path, "removing an account", NULL, NULL, NULL);
        r = redmine_send(ctx, is_new ? "POST" : "PUT", is_new ? "/users.json" : path,
                         is_new ? "a new account" : "the change of an account", "user",
                         body_of(subject, is_new), NULL);
        /* A new account is always active: what Redmine makes of a status there is nothing. */
        if (r == 0 && is_new && strcmp(text_of(subject->wanted, "state", ""), "active") != 0) {
                r = find_user(ctx, subject->user, &subject->user_id);
                return r < 0 ? r : write_account(ctx, subject);
        }
        return r;
}

const struct thing account_thing = { read_account, write_account };

static json_t *or_null(json_t *value)
{
        return value ? json_incref(value) : json_null();
}

static int change(struct kn_ctx *ctx, struct subject *subject, json_t *before, json_t *after,
                  const char *undo_action)
{
        _free_ char *resource = thing_resource("", subject->user, NULL);
        _json_ json_t *undo = json_pack("{s:s}", "user", subject->user);
        const struct deed deed = { .resource = resource, .before = before, .after = after,
                                   .undo_action = undo_action,
                                   .undo_args = undo_action ? undo : NULL };
        bool changed;
        int r = resource && undo ? KN_OK : KN_ENOMEM;

        if (before && undo_action && strcmp(undo_action, "user.set") == 0) {
                json_object_update(undo, before);
                json_object_del(undo, "state");
                json_object_del(undo, "attributes");
                json_object_del(undo, "display_name");
        } else if (before && undo_action) {
                json_object_set(undo, "state", json_object_get(before, "state"));
        }
        if (r == 0)
                r = thing_change(ctx, &account_thing, subject, &deed, &changed);
        return r < 0 ? r : give(ctx, json_pack("{s:b, s:s, s:o, s:o}", "changed", changed, "user",
                                               subject->user, "before", or_null(before), "after",
                                               or_null(after)));
}

/* What the arguments make of an account; Redmine keeps no more than that. */
static int apply_arguments(struct kn_ctx *ctx, json_t *account)
{
        static const char *const keys[] = { "given_name", "family_name", "mail" };
        _json_ json_t *attributes = json_loads(kn_arg_str(ctx, "attributes", "{}"), 0, NULL);
        const char *display = kn_arg_str(ctx, "display_name", NULL), *name;
        json_t *value;

        json_object_foreach(attributes, name, value)
                return kn_fail(ctx, KN_EARG, "Redmine keeps no attribute %.80s of an account", name);
        for (size_t i = 0; i < KN_ROWS(keys); i++)
                if (kn_arg_str(ctx, keys[i], NULL))
                        json_object_set_new(account, keys[i],
                                            json_string(kn_arg_str(ctx, keys[i], "")));
        json_object_set_new(account, "display_name", json_sprintf(
                "%s%s%s", text_of(account, "given_name", ""),
                *text_of(account, "given_name", "") && *text_of(account, "family_name", "")
                ? " " : "", text_of(account, "family_name", "")));
        if (display && strcmp(display, text_of(account, "display_name", "")) != 0)
                return kn_fail(ctx, KN_EUNSUPPORTED, "Redmine joins the two names to \"%.80s\" and "
                               "shows no other: leave display_name out",
                               text_of(account, "display_name", ""));
        return KN_OK;
}

/* Does what is there have all that was asked? What was not given is not compared. */
static bool has_all(struct kn_ctx *ctx, const json_t *account)
{
        static const char *const keys[] = { "given_name", "family_name", "mail", "state" };

        for (size_t i = 0; i < KN_ROWS(keys); i++)
                if (strcmp(kn_arg_str(ctx, keys[i], text_of(account, keys[i], "")),
                           text_of(account, keys[i], "")) != 0)
                        return false;
        return true;
}

int account_create(struct kn_ctx *ctx)
{
        struct subject subject = { .user = kn_arg_str(ctx, "user", "") };
        _json_ json_t *before = NULL, *after = NULL;
        _free_ char *text = NULL;
        int r = read_account(ctx, &subject, &before);

        if (r < 0)
                return r;
        if (before && has_all(ctx, before))
                return change(ctx, &subject, before, before, "user.set");
        text = canonical(before);
        if (before)
                return kn_fail(ctx, KN_ECONFLICT, "there is an account %.80s already, with other "
                               "values: %.240s. Change it with user.set", subject.user,
                               text ? text : "");
        after = account_of(NULL, kn_arg_str(ctx, "state", "active"));
        r = after ? apply_arguments(ctx, after) : KN_ENOMEM;
        return r < 0 ? r : change(ctx, &subject, NULL, after, "user.remove");
}

/* The account as it is, which has to be there. */
static int begin(struct kn_ctx *ctx, struct subject *subject, json_t **ret)
{
        int r;

        subject->user = kn_arg_str(ctx, "user", "");
        r = read_account(ctx, subject, ret);
        return r < 0 || *ret ? r
                : kn_fail(ctx, KN_ENOENT, "Redmine has no account %.100s", subject->user);
}

int account_set(struct kn_ctx *ctx)
{
        struct subject subject = { .user = NULL };
        _json_ json_t *before = NULL, *after = NULL;
        int r = begin(ctx, &subject, &before);

        if (r < 0)
                return r;
        after = json_deep_copy(before);
        r = after ? apply_arguments(ctx, after) : KN_ENOMEM;
        return r < 0 ? r : change(ctx, &subject, before, after, "user.set");
}

/* The account that we sign in with is an active administrator, so the last one is never another. */
static int check_own(struct kn_ctx *ctx, const struct subject *subject, const char *what)
{
        _json_ json_t *me = NULL;
        int r = redmine_get(ctx, "/my/account.json", "user", "the account", &me);

        if (r == 0 && id_of(me) == subject->user_id)
                r = kn_fail(ctx, KN_EDENIED, "%.80s is the account that this instance signs in "
                            "with: it is not %s, not even with force", subject->user, what);
        return r;
}

int account_state(struct kn_ctx *ctx)
{
        const char *state = kn_arg_str(ctx, "state", "");
        struct subject subject = { .user = NULL };
        _json_ json_t *before = NULL, *after = NULL;
        int r = begin(ctx, &subject, &before);

        if (r == 0 && strcmp(state, "active") != 0)
                r = check_own(ctx, &subject, "disabled");
        if (r < 0)
                return r;
        after = json_deep_copy(before);
        json_object_set_new(after, "state", json_string(state));
        return change(ctx, &subject, before, after, "user.state");
}

int account_remove(struct kn_ctx *ctx)
{
        struct subject subject = { .user = kn_arg_str(ctx, "user", "") };
        _json_ json_t *before = NULL;
        int r = read_account(ctx, &subject, &before);

        if (r == 0 && before)
                r = check_own(ctx, &subject, "removed");
        return r < 0 ? r : change(ctx, &subject, before, NULL, NULL);
}

int account_get(struct kn_ctx *ctx)
{
        struct subject subject = { .user = kn_arg_str(ctx, "user", "") };
        _json_ json_t *user = NULL, *groups = json_array();
        const json_t *one;
        size_t i;
        int r = find_user(ctx, subject.user, &subject.user_id);

        if (r == 0)
                r = get_user(ctx, subject.user_id, &user);
        if (r < 0 && r != KN_ENOENT)
                return r;
        json_array_foreach(json_object_get(user, "groups"), i, one)
                json_array_append(groups, json_object_get(one, "name"));
        return give(ctx, json_pack("{s:s, s:o, s:O}", "user", subject.user, "account",
                                   user ? account_of(user, state_of(user)) : json_null(), "groups",
                                   groups));
}

/* Redmine lists one state at a time, and does not say which. */
static int list_state(struct kn_ctx *ctx, const char *query, int status, int64_t limit,
                      json_t *users)
{
        _free_ char *path = malloc(strlen(query) + 40);
        _json_ json_t *found = NULL;
        json_t *one;
        size_t i;
        int r;

        if (!path)
                return KN_ENOMEM;
        sprintf(path, "%s&status=%d", query, status);
        r = redmine_list(ctx, path, "users", limit, &found, NULL);
        json_array_foreach(found, i, one) {
                json_t *account = account_of(one, status == ACTIVE ? "active" : "disabled");

                json_object_set(account, "user", json_object_get(one, "login"));
                json_array_append_new(users, account);
        }
        return r;
}

int account_list(struct kn_ctx *ctx)
{
        const char *group = kn_arg_str(ctx, "group", NULL), *state = kn_arg_str(ctx, "state", NULL);
        const char *search = kn_arg_str(ctx, "search", "");
        int64_t limit = kn_arg_int(ctx, "limit", 100);
        _json_ json_t *users = json_array();
        _free_ char *query = NULL;
        long long id = 0;
        bool more;
        int r = group ? find_group(ctx, group, &id) : KN_OK;

        if (r < 0)
                return r;
        query = group ? web_path("/users.json?name=%s&group_id=%lld", search, id)
                      : web_path("/users.json?name=%s", search);
        if (!query)
                return KN_ENOMEM;
        if (!state || strcmp(state, "active") == 0)
                r = list_state(ctx, query, ACTIVE, limit + 1, users);
        for (int status = 2; r == 0 && status <= LOCKED; status++)
                if (!state || strcmp(state, "active") != 0)
                        r = list_state(ctx, query, status, limit + 1, users);
        if (r < 0)
                return r;
        more = (int64_t)json_array_size(users) > limit;
        while ((int64_t)json_array_size(users) > limit)
                json_array_remove(users, json_array_size(users) - 1);
        return give(ctx, json_pack("{s:O, s:b}", "users", users, "more", more));
}
