/* SPDX-License-Identifier: Apache-2.0 */

/* The one walk of all changes to accounts, groups, memberships and rights; and finding them. */

#include "account.h"

static bool same(const json_t *a, const json_t *b)
{
        return (!a && !b) || (a && b && json_equal(a, b));
}

static int settle(struct kn_ctx *ctx, const struct thing *thing, struct subject *subject,
                  const struct deed *deed, int change, int written)
{
        _json_ json_t *observed = NULL;
        _free_ char *found = NULL, *wanted = canonical(deed->after);
        int r = thing->read(ctx, subject, &observed);

        if (r < 0) {
                deed_close(ctx, change, KN_EUNKNOWN, NULL);
                return written < 0 ? written : r;
        }
        if (same(observed, deed->after))
                return deed_close(ctx, change, KN_OK, observed);
        found = canonical(observed);
        if (written == KN_OK)
                written = kn_fail(ctx, KN_ECONFLICT, "Redmine reported success, but %.80s is "
                                  "%.120s, not %.120s: is somebody else writing?", deed->resource,
                                  found ? found : "absent", wanted ? wanted : "absent");
        deed_close(ctx, change, written, observed);
        return written;
}

static int fail_conflict(struct kn_ctx *ctx, const struct deed *deed, int change,
                         const json_t *found)
{
        _free_ char *expected = canonical(deed->before), *text = canonical(found);
        int r = kn_fail(ctx, KN_ECONFLICT, "%.80s was changed by somebody else meanwhile: expected "
                        "%.120s, found %.120s; nothing was written. Look at it, then run this "
                        "again", deed->resource, expected ? expected : "none",
                        text ? text : "none");

        deed_close(ctx, change, r, found);
        return r;
}

int thing_change(struct kn_ctx *ctx, const struct thing *thing, struct subject *subject,
                 const struct deed *deed, bool *ret_changed)
{
        _json_ json_t *now = NULL;
        int change, r;

        *ret_changed = !same(deed->before, deed->after);
        if (!*ret_changed)
                return KN_OK;
        change = deed_announce(ctx, deed);
        if (change <= 0)
                return change;
        r = thing->read(ctx, subject, &now);
        if (r < 0) {
                deed_close(ctx, change, r, deed->before);
                return r;
        }
        if (!same(now, deed->before))
                return fail_conflict(ctx, deed, change, now);
        subject->wanted = deed->after;
        return settle(ctx, thing, subject, deed, change, thing->write(ctx, subject));
}

/* "account/alice", "account/group/ops/alice"; a slash in a name is written %2F. */
char *thing_resource(const char *kind, const char *a, const char *b)
{
        const char *parts[] = { a, b };
        char *ret = malloc(strlen(kind) + strlen(a) * 3 + (b ? strlen(b) * 3 : 0) + 16), *to = ret;

        if (!ret)
                return NULL;
        to += sprintf(to, "account%s", kind);
        for (size_t i = 0; i < 2 && parts[i]; i++) {
                *to++ = '/';
                for (const char *s = parts[i]; *s; s++)
                        to += sprintf(to, *s == '/' ? "%%2F" : "%c", *s);
        }
        *to = 0;
        return ret;
}

int find_user(struct kn_ctx *ctx, const char *login, long long *ret)
{
        _free_ char *path = web_path("/users.json?name=%s&status=", login);
        _json_ json_t *users = NULL;
        const json_t *one;
        size_t i;
        int r = redmine_list(ctx, path, "users", 1000, &users, NULL);

        if (r < 0)
                return r;
        json_array_foreach(users, i, one)
                if (strcasecmp(text_of(one, "login", ""), login) == 0) {
                        *ret = id_of(one);
                        return KN_OK;
                }
        return kn_fail(ctx, KN_ENOENT, "Redmine has no account %.100s", login);
}

int find_group(struct kn_ctx *ctx, const char *name, long long *ret)
{
        _json_ json_t *groups = NULL;
        const json_t *one;
        size_t i;
        int r = redmine_list(ctx, "/groups.json?sort=id", "groups", 100000, &groups, NULL);

        if (r < 0)
                return r;
        json_array_foreach(groups, i, one)
                if (strcasecmp(text_of(one, "name", ""), name) == 0) {
                        *ret = id_of(one);
                        return KN_OK;
                }
        return kn_fail(ctx, KN_ENOENT, "Redmine has no group %.100s", name);
}
