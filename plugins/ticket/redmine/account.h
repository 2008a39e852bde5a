/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Redmine's users, groups and project memberships, as the domain account has them. Everything here
 * needs an administrator's key.
 */

#ifndef PLUGINS_TICKET_REDMINE_ACCOUNT_H
#define PLUGINS_TICKET_REDMINE_ACCOUNT_H

#include "redmine.h"

/* What an action is about; texts that it does not name are NULL. */
struct subject {
        const char *user, *group, *on, *role;
        bool is_group;                  /* the subject of a right is a group */
        long long user_id, group_id, role_id, membership_id;
        const json_t *wanted;           /* what writing makes of it; NULL: nothing */
};

/* A thing of the world: how it is read (*ret NULL: it is not there), and how it is made so. */
struct thing {
        int (*read)(struct kn_ctx *, struct subject *, json_t **ret);
        int (*write)(struct kn_ctx *, struct subject *);
};

extern const struct thing account_thing, group_thing, member_thing, access_thing;

/* Announce, read once more, write, read back; *ret_changed as the contracts' "changed". */
int thing_change(struct kn_ctx *ctx, const struct thing *thing, struct subject *subject,
                 const struct deed *deed, bool *ret_changed);
char *thing_resource(const char *kind, const char *a, const char *b);

/* KN_ENOENT with a sentence where there is none. */
int find_user(struct kn_ctx *ctx, const char *login, long long *ret);
int find_group(struct kn_ctx *ctx, const char *name, long long *ret);
json_t *account_of(const json_t *user, const char *state);
/* The logins of a group, sorted. */
int group_members(struct kn_ctx *ctx, long long id, json_t **ret);

int account_create(struct kn_ctx *ctx);
int account_set(struct kn_ctx *ctx);
int account_state(struct kn_ctx *ctx);
int account_remove(struct kn_ctx *ctx);
int account_get(struct kn_ctx *ctx);
int account_list(struct kn_ctx *ctx);
int group_create(struct kn_ctx *ctx);
int group_remove(struct kn_ctx *ctx);
int group_list(struct kn_ctx *ctx);
int member_add(struct kn_ctx *ctx);
int member_remove(struct kn_ctx *ctx);
int access_list(struct kn_ctx *ctx);
int access_grant(struct kn_ctx *ctx);
int access_revoke(struct kn_ctx *ctx);

#define ACCOUNT_ACTIONS \
        { .name = "user.create", .run = account_create, .flags = KN_IDEMPOTENT }, \
        { .name = "user.set", .run = account_set, .flags = KN_IDEMPOTENT }, \
        { .name = "user.state", .run = account_state, .flags = KN_IDEMPOTENT }, \
        { .name = "user.remove", .run = account_remove, .flags = KN_IDEMPOTENT }, \
        { .name = "user.get", .run = account_get, .flags = TICKET_READS }, \
        { .name = "user.list", .run = account_list, .flags = TICKET_READS }, \
        { .name = "group.create", .run = group_create, .flags = KN_IDEMPOTENT }, \
        { .name = "group.remove", .run = group_remove, .flags = KN_IDEMPOTENT }, \
        { .name = "group.list", .run = group_list, .flags = TICKET_READS }, \
        { .name = "member.add", .run = member_add, .flags = KN_IDEMPOTENT }, \
        { .name = "member.remove", .run = member_remove, .flags = KN_IDEMPOTENT }, \
        { .name = "access.list", .run = access_list, .flags = TICKET_READS }, \
        { .name = "access.grant", .run = access_grant, .flags = KN_IDEMPOTENT }, \
        { .name = "access.revoke", .run = access_revoke, .flags = KN_IDEMPOTENT }

#endif
