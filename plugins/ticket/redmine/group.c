/* SPDX-License-Identifier: Apache-2.0 */

/* Groups, and who is in them. */

#include "account.h"

static int compare_text(const void *a, const void *b)
{
        return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

int group_members(struct kn_ctx *ctx, long long id, json_t **ret)
{
        _free_ char *path = web_path("/groups/%lld.json?include=users", id);
        _free_ json_t **sorted = NULL;
        _json_ json_t *group = NULL;
        json_t *users;
        size_t n, i;
        int r = redmine_get(ctx, path, "group", "a group", &group);

        if (r < 0)
                return r;
        users = json_object_get(group, "users");
        n = json_array_size(users);
        sorted = calloc(n + 1, sizeof *sorted);
        if (!sorted)
                return KN_ENOMEM;
        for (i = 0; i < n; i++)
                sorted[i] = json_string(redmine_login(ctx, json_array_get(users, i)));
        qsort(sorted, n, sizeof *sorted, compare_text);
        *ret = json_array();
        for (i = 0; i < n; i++)
                json_array_append_new(*ret, sorted[i]);
        return KN_OK;
}

static int read_group(struct kn_ctx *ctx, struct subject *subject, json_t **ret)
{
        json_t *members = NULL;
        int r = find_group(ctx, subject->group, &subject->group_id);

        *ret = NULL;
        if (r == KN_ENOENT)
                return KN_OK;
        if (r == 0)
                r = group_members(ctx, subject->group_id, &members);
        if (r == 0)
                *ret = json_pack("{s:o}", "members", members);
        return r;
}

static int write_group(struct kn_ctx *ctx, struct subject *subject)
{
        _free_ char *path = web_path("/groups/%lld.json", subject->group_id);

        return subject->wanted
                ? redmine_send(ctx, "POST", "/groups.json", "a new group", "group",
                               json_pack("{s:s}", "name", subject->group), NULL)
                : redmine_send(ctx, "DELETE", path, "removing a group", NULL, NULL, NULL);
}

const struct thing group_thing = { read_group, write_group };

static int read_member(struct kn_ctx *ctx, struct subject *subject, json_t **ret)
{
        _json_ json_t *members = NULL;
        const json_t *one;
        size_t i;
        int r = group_members(ctx, subject->group_id, &members);

        *ret = NULL;
        json_array_foreach(members, i, one)
                if (strcasecmp(json_string_value(one), subject->user) == 0 && !*ret)
                        *ret = json_pack("{s:b}", "member", 1);
        return r;
}

static int write_member(struct kn_ctx *ctx, struct subject *subject)
{
        _free_ char *add = web_path("/groups/%lld/users.json", subject->group_id);
        _free_ char *remove = web_path("/groups/%lld/users/%lld.json", subject->group_id,
                                       subject->user_id);
        _json_ json_t *body = json_pack("{s:I}", "user_id", (json_int_t)subject->user_id);
        _web_ struct web_call call = { .method = "POST", .path = add, .json = body,
                                       .doing = "a member of a group" };

        if (!subject->wanted)
                return redmine_send(ctx, "DELETE", remove, "taking a member out of a group", NULL,
                                    NULL, NULL);
        return add && body ? redmine_call(ctx, &call) : KN_ENOMEM;
}

const struct thing member_thing = { read_member, write_member };

static json_t *or_null(json_t *value)
{
        return value ? json_incref(value) : json_null();
}

/* ---- groups ---- */

static int change_group(struct kn_ctx *ctx, struct subject *subject, json_t *before, json_t *after,
                        bool *ret_changed)
{
        _free_ char *resource = thing_resource("/group", subject->group, NULL);
        _json_ json_t *undo = json_pack("{s:s}", "group", subject->group);
        const struct deed deed = { .resource = resource, .before = before, .after = after,
                                   .undo_action = before ? "group.create" : "group.remove",
                                   .undo_args = undo };

        return resource && undo
                ? thing_change(ctx, &group_thing, subject, &deed, ret_changed) : KN_ENOMEM;
}

static int answer_group(struct kn_ctx *ctx, const struct subject *subject, bool changed,
                        json_t *before, json_t *after)
{
        return give(ctx, json_pack("{s:b, s:s, s:o, s:o}", "changed", changed, "group",
                                   subject->group, "before", or_null(before), "after",
                                   or_null(after)));
}

int group_create(struct kn_ctx *ctx)
{
        struct subject subject = { .group = kn_arg_str(ctx, "group", "") };
        _json_ json_t *before = NULL, *after = json_pack("{s:[]}", "members");
        bool changed = false;
        int r = read_group(ctx, &subject, &before);

        if (r == 0 && !before)
                r = change_group(ctx, &subject, NULL, after, &changed);
        return r < 0 ? r : answer_group(ctx, &subject, changed, before, before ? before : after);
}

static int change_member(struct kn_ctx *ctx, struct subject *subject, json_t *before, json_t *after,
                         bool *ret_changed)
{
        _free_ char *resource = thing_resource("/group", subject->group, subject->user);
        _json_ json_t *undo = json_pack("{s:s, s:s}", "group", subject->group, "user",
                                        subject->user);
        const struct deed deed = { .resource = resource, .before = before, .after = after,
                                   .undo_action = before ? "member.add" : "member.remove",
                                   .undo_args = undo };

        if (!before)                    /* undoing must not stop at being the last one */
                json_object_set_new(undo, "force", json_true());
        return resource && undo
                ? thing_change(ctx, &member_thing, subject, &deed, ret_changed) : KN_ENOMEM;
}

/* The members first, each a change of its own, so that undo can put each back. */
static int empty_group(struct kn_ctx *ctx, const struct subject *group, const json_t *members)
{
        _json_ json_t *there = json_pack("{s:b}", "member", 1);
        const json_t *one;
        size_t i;

        json_array_foreach(members, i, one) {
                struct subject subject = *group;
                bool changed;
                int r;

                subject.user = json_string_value(one);
                r = find_user(ctx, subject.user, &subject.user_id);
                if (r == 0)
                        r = change_member(ctx, &subject, there, NULL, &changed);
                if (r < 0)
                        return r;
        }
        return KN_OK;
}

int group_remove(struct kn_ctx *ctx)
{
        struct subject subject = { .group = kn_arg_str(ctx, "group", "") };
        _json_ json_t *before = NULL, *empty = json_pack("{s:[]}", "members");
        const json_t *members;
        bool changed = false;
        int r = read_group(ctx, &subject, &before);

        members = json_object_get(before, "members");
        if (r == 0 && json_array_size(members) > 0 && !kn_arg_bool(ctx, "force", 0))
                r = kn_fail(ctx, KN_EDENIED, "the group %.80s has %zu members: take them out "
                            "first, or remove it with force", subject.group,
                            json_array_size(members));
        if (r == 0)
                r = empty_group(ctx, &subject, members);
        if (r == 0 && before)
                r = change_group(ctx, &subject, empty, NULL, &changed);
        return r < 0 ? r : answer_group(ctx, &subject, changed, before, NULL);
}

/* Groups with their members; all, one by name, or those of one account. */
int group_list(struct kn_ctx *ctx)
{
        const char *only = kn_arg_str(ctx, "group", NULL), *user = kn_arg_str(ctx, "user", NULL);
        _json_ json_t *groups = NULL, *list = json_array();
        const json_t *one;
        size_t i;
        int r = redmine_list(ctx, "/groups.json?sort=id", "groups", 100000, &groups, NULL);

        redmine_forget(ctx);
        json_array_foreach(groups, i, one) {
                struct subject subject = { .user = user ? user : "", .group_id = id_of(one) };
                _json_ json_t *members = NULL, *is_in = NULL;

                if (only && strcasecmp(text_of(one, "name", ""), only) != 0)
                        continue;
                if (r == 0)
                        r = group_members(ctx, subject.group_id, &members);
                if (r == 0 && user)
                        r = read_member(ctx, &subject, &is_in);
                if (r == 0 && (!user || is_in))
                        json_array_append_new(list, json_pack("{s:s, s:O}", "group",
                                                              text_of(one, "name", ""), "members",
                                                              members));
        }
        return r < 0 ? r : give(ctx, json_pack("{s:O}", "groups", list));
}

/* ---- members ---- */

static int set_member(struct kn_ctx *ctx, bool is_in)
{
        struct subject subject = { .user = kn_arg_str(ctx, "user", ""),
                                   .group = kn_arg_str(ctx, "group", "") };
        _json_ json_t *before = NULL, *there = json_pack("{s:b}", "member", 1), *members = NULL;
        json_t *after = is_in ? there : NULL;
        bool changed = false;
        int r = find_group(ctx, subject.group, &subject.group_id);

        if (r == 0)
                r = find_user(ctx, subject.user, &subject.user_id);
        if (r == 0)
                r = read_member(ctx, &subject, &before);
        if (r == 0 && !is_in && before)
                r = group_members(ctx, subject.group_id, &members);
        if (r == 0 && members && json_array_size(members) == 1 && !kn_arg_bool(ctx, "force", 0))
                r = kn_fail(ctx, KN_EDENIED, "%.80s is the last one in the group %.80s: take it "
                            "out with force", subject.user, subject.group);
        if (r == 0)
                r = change_member(ctx, &subject, before, after, &changed);
        return r < 0 ? r : give(ctx, json_pack(
                "{s:b, s:s, s:s, s:o, s:o}", "changed", changed, "group", subject.group, "user",
                subject.user, "before", or_null(before), "after", or_null(after)));
}

int member_add(struct kn_ctx *ctx)
{
        return set_member(ctx, true);
}

int member_remove(struct kn_ctx *ctx)
{
        return set_member(ctx, false);
}
