/* SPDX-License-Identifier: Apache-2.0 */

/* Who may what: the roles of users and groups on projects. */

#include "account.h"

static int get_memberships(struct kn_ctx *ctx, const char *project, json_t **ret)
{
        _free_ char *path = web_path("/projects/%s/memberships.json?sort=id", project);

        return redmine_list(ctx, path, "memberships", 100000, ret, NULL);
}

/* Its own roles; what it has through a group is the group's. */
static json_t *own_roles(const json_t *membership)
{
        json_t *roles = json_array(), *role;
        size_t i;

        json_array_foreach(json_object_get(membership, "roles"), i, role)
                if (!json_is_true(json_object_get(role, "inherited")))
                        json_array_append(roles, json_object_get(role, "name"));
        return roles;
}

static int read_access(struct kn_ctx *ctx, struct subject *subject, json_t **ret)
{
        _json_ json_t *all = NULL;
        const json_t *one;
        size_t i;
        int r = get_memberships(ctx, subject->on, &all);

        *ret = NULL;
        subject->membership_id = 0;
        json_array_foreach(all, i, one) {
                const json_t *who = json_object_get(one, subject->is_group ? "group" : "user");
                json_t *roles;

                if (!who || id_of(who) != (subject->is_group ? subject->group_id
                                                             : subject->user_id))
                        continue;
                subject->membership_id = id_of(one);
                roles = own_roles(one);
                if (json_array_size(roles) > 0 && !*ret)
                        *ret = json_pack("{s:O}", "roles", roles);
                json_decref(roles);
        }
        return r;
}

static int role_ids(struct kn_ctx *ctx, const json_t *names, json_t **ret)
{
        _json_ json_t *roles = NULL, *ids = json_array();
        const json_t *one, *name;
        size_t i, k;
        int r = redmine_get(ctx, "/roles.json", "roles", "the list of roles", &roles);

        json_array_foreach(names, k, name)
                json_array_foreach(roles, i, one)
                        if (strcasecmp(text_of(one, "name", ""), json_string_value(name)) == 0)
                                json_array_append(ids, json_object_get(one, "id"));
        if (r == 0)
                *ret = json_incref(ids);
        return r;
}

static int write_access(struct kn_ctx *ctx, struct subject *subject)
{
        _free_ char *all = web_path("/projects/%s/memberships.json", subject->on);
        _free_ char *one = web_path("/memberships/%lld.json", subject->membership_id);
        json_t *ids = NULL;
        int r;

        if (!subject->wanted)
                return redmine_send(ctx, "DELETE", one, "taking rights away", NULL, NULL, NULL);
        r = role_ids(ctx, json_object_get(subject->wanted, "roles"), &ids);
        if (r < 0)
                return r;
        if (subject->membership_id)
                return redmine_send(ctx, "PUT", one, "a change of rights", "membership",
                                    json_pack("{s:o}", "role_ids", ids), NULL);
        return redmine_send(ctx, "POST", all, "new rights", "membership",
                            json_pack("{s:I, s:o}", "user_id", (json_int_t)(
                                    subject->is_group ? subject->group_id : subject->user_id),
                                      "role_ids", ids), NULL);
}

const struct thing access_thing = { read_access, write_access };

/* The role's own spelling; the order of roles is Redmine's, so that equal is equal. */
static int with_role(struct kn_ctx *ctx, const json_t *before, const char *role, bool is_on,
                     json_t **ret)
{
        _json_ json_t *roles = NULL, *list = json_array();
        const json_t *one, *had;
        bool known = false;
        size_t i, k;
        int r = redmine_get(ctx, "/roles.json", "roles", "the list of roles", &roles);

        json_array_foreach(roles, i, one) {
                bool is_it = strcasecmp(text_of(one, "name", ""), role) == 0, has = false;

                known |= is_it;
                json_array_foreach(json_object_get(before, "roles"), k, had)
                        has |= strcmp(json_string_value(had), text_of(one, "name", "")) == 0;
                if (is_it ? is_on : has)
                        json_array_append(list, json_object_get(one, "name"));
        }
        if (r == 0 && !known)
                r = kn_fail(ctx, KN_EARG, "Redmine has no role %.80s that can be given", role);
        if (r == 0)
                *ret = json_array_size(list) > 0 ? json_pack("{s:O}", "roles", list) : NULL;
        return r;
}

static int find_subject(struct kn_ctx *ctx, struct subject *subject, const char *name)
{
        subject->is_group = strcmp(kn_arg_str(ctx, "kind", "user"), "group") == 0;
        return subject->is_group ? find_group(ctx, name, &subject->group_id)
                                 : find_user(ctx, name, &subject->user_id);
}

static json_t *or_null(json_t *value)
{
        return value ? json_incref(value) : json_null();
}

static int set_access(struct kn_ctx *ctx, bool is_on)
{
        const char *name = kn_arg_str(ctx, "subject", ""), *role = kn_arg_str(ctx, "role", "");
        struct subject subject = { .on = kn_arg_str(ctx, "on", "") };
        _free_ char *resource = thing_resource("/access", subject.on, name);
        _json_ json_t *before = NULL, *after = NULL;
        _json_ json_t *undo = json_pack("{s:s, s:s, s:s, s:s}", "subject", name, "on", subject.on,
                                        "role", role, "kind", kn_arg_str(ctx, "kind", "user"));
        bool changed = false;
        int r = resource && undo ? find_subject(ctx, &subject, name) : KN_ENOMEM;

        if (r == 0)
                r = read_access(ctx, &subject, &before);
        if (r == 0)
                r = with_role(ctx, before, role, is_on, &after);
        if (r == 0)
                r = thing_change(ctx, &access_thing, &subject, &(struct deed){
                        .resource = resource, .before = before, .after = after,
                        .undo_action = is_on ? "access.revoke" : "access.grant",
                        .undo_args = undo }, &changed);
        return r < 0 ? r : give(ctx, json_pack(
                "{s:b, s:s, s:s, s:o, s:o}", "changed", changed, "subject", name, "on", subject.on,
                "before", or_null(before), "after", or_null(after)));
}

int access_grant(struct kn_ctx *ctx)
{
        return set_access(ctx, true);
}

int access_revoke(struct kn_ctx *ctx)
{
        return set_access(ctx, false);
}

/* ---- listing ---- */

struct listing {
        struct kn_ctx *ctx;
        const char *only;               /* a login; NULL: all */
        json_t *rows;
};

/* One right of one account on one project; group NULL: its own. */
static void add_row(struct listing *l, const char *user, const char *on, const char *role,
                    const char *group)
{
        if (l->only && strcasecmp(l->only, user) != 0)
                return;
        json_array_append_new(l->rows, json_pack("{s:s, s:s, s:s, s:o}", "user", user, "on", on,
                                                 "role", role, "via",
                                                 group ? json_pack("[s]", group) : json_array()));
}

static int add_group(struct listing *l, const json_t *membership, const char *on)
{
        const json_t *group = json_object_get(membership, "group"), *role, *member;
        _json_ json_t *members = NULL;
        size_t i, k;
        int r = group_members(l->ctx, id_of(group), &members);

        json_array_foreach(members, k, member)
                json_array_foreach(json_object_get(membership, "roles"), i, role)
                        add_row(l, json_string_value(member), on, text_of(role, "name", ""),
                                text_of(group, "name", ""));
        return r;
}

static int add_project(struct listing *l, const char *project)
{
        _json_ json_t *all = NULL;
        const json_t *one, *role;
        size_t i, k;
        int r = get_memberships(l->ctx, project, &all);

        json_array_foreach(all, i, one) {
                const json_t *user = json_object_get(one, "user");

                if (!user) {
                        if (r == 0)
                                r = add_group(l, one, project);
                        continue;
                }
                json_array_foreach(json_object_get(one, "roles"), k, role)
                        if (!json_is_true(json_object_get(role, "inherited")))
                                add_row(l, redmine_login(l->ctx, user), project,
                                        text_of(role, "name", ""), NULL);
        }
        return r;
}

int access_list(struct kn_ctx *ctx)
{
        struct listing listing = { .ctx = ctx, .only = kn_arg_str(ctx, "user", NULL) };
        const char *on = kn_arg_str(ctx, "on", NULL);
        _json_ json_t *rows = json_array(), *projects = NULL;
        const json_t *one;
        long long id;
        size_t i;
        int r = listing.only ? find_user(ctx, listing.only, &id) : KN_OK;

        listing.rows = rows;
        redmine_forget(ctx);
        if (r == 0 && on)
                r = add_project(&listing, on);
        else if (r == 0)
                r = redmine_list(ctx, "/projects.json?sort=id", "projects", 100000, &projects, NULL);
        json_array_foreach(projects, i, one)
                if (r == 0)
                        r = add_project(&listing, text_of(one, "identifier", ""));
        return r < 0 ? r : give(ctx, json_pack("{s:O}", "access", rows));
}
