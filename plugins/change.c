/* SPDX-License-Identifier: Apache-2.0 */

#include "change.h"

void change_done(struct change *change)
{
        free(change->resource);
        json_decref(change->before);
        json_decref(change->after);
        json_decref(change->undo_args);
}

char *change_resource(const char *fmt, ...)
{
        va_list ap, again;
        char *text;
        int n;

        va_start(ap, fmt);
        va_copy(again, ap);
        n = vsnprintf(NULL, 0, fmt, ap);
        text = n < 0 ? NULL : malloc((size_t)n + 1);
        if (text)
                vsnprintf(text, (size_t)n + 1, fmt, again);
        va_end(again);
        va_end(ap);
        return text;
}

char *change_text(const json_t *value)
{
        return value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}

int change_give(struct kn_ctx *ctx, json_t *result)
{
        _json_ json_t *owned = result;
        _free_ char *text = owned ? json_dumps(owned, JSON_COMPACT) : NULL;

        return text ? kn_return_json(ctx, "", text) : KN_ENOMEM;
}

int change_answer(struct kn_ctx *ctx, const struct change *change, bool changed, json_t *fields)
{
        if (!fields || json_object_set_new(fields, "changed", json_boolean(changed)) < 0 ||
            json_object_set(fields, "before", change->before ? change->before : json_null()) < 0 ||
            json_object_set(fields, "after", change->after ? change->after : json_null()) < 0) {
                json_decref(fields);
                return KN_ENOMEM;
        }
        return change_give(ctx, fields);
}

static bool same(const json_t *a, const json_t *b)
{
        return a && b ? json_equal(a, b) : a == b;
}

int change_announce(struct kn_ctx *ctx, const struct change *change)
{
        _free_ char *before = change_text(change->before), *after = change_text(change->after);
        _free_ char *args = change_text(change->undo_args);
        struct kn_change row;

        if (!change->resource || (change->before && !before) || (change->after && !after) ||
            (change->undo_args && !args))
                return KN_ENOMEM;
        memset(&row, 0, sizeof row);
        row.size = sizeof row;
        row.resource = change->resource;
        row.before = before;
        row.after = after;
        row.undo_action = change->undo_action;
        row.undo_args = args;
        return kn_change(ctx, &row);
}

static int fail_conflict(struct kn_ctx *ctx, const struct change *change, const json_t *found)
{
        _free_ char *expected = change_text(change->before), *seen = change_text(found);

        return kn_fail(ctx, KN_ECONFLICT, "%s was changed by somebody else meanwhile: expected "
                       "%.150s, found %.150s; nothing was written. Look at it, then run this again",
                       change->resource, expected ? expected : "none", seen ? seen : "none");
}

static int fail_untrue(struct kn_ctx *ctx, const struct change *change,
                       const struct change_way *way, const json_t *found)
{
        _free_ char *wanted = change_text(change->after), *seen = change_text(found);

        return kn_fail(ctx, KN_EREMOTE, "%s took the change, but %s is %.150s, not %.150s: %s",
                       way->system, change->resource, seen ? seen : "absent",
                       wanted ? wanted : "absent", way->why_untrue ? way->why_untrue
                       : "does a rule of it forbid that, or is somebody else changing it?");
}

static int apply_held(struct kn_ctx *ctx, const struct change *change,
                      const struct change_way *way, void *arg)
{
        _json_ json_t *now = NULL;
        int r = way->has_cas ? KN_OK : way->read(ctx, arg, &now);

        if (r < 0)
                return r;
        if (!way->has_cas && !same(now, change->before))
                return fail_conflict(ctx, change, now);
        return way->apply(ctx, change, arg);
}

/* Read back, close the ticket. What failed on the way may have come true all the same. */
static int settle(struct kn_ctx *ctx, const struct change *change, const struct change_way *way,
                  void *arg, int ticket)
{
        _json_ json_t *observed = NULL;
        _free_ char *text = NULL;
        int applied = apply_held(ctx, change, way, arg), r = way->read(ctx, arg, &observed);

        if (r < 0) {
                kn_changed(ctx, ticket, KN_EUNKNOWN, NULL);
                return applied < 0 ? applied : r;
        }
        text = change_text(observed);
        if (same(observed, change->after) && applied != KN_ECONFLICT) {
                r = kn_changed(ctx, ticket, KN_OK, text);
                return r < 0 ? r : 1;
        }
        if (applied >= 0)
                applied = fail_untrue(ctx, change, way, observed);
        kn_changed(ctx, ticket, applied, text);
        return applied;
}

int change_make(struct kn_ctx *ctx, const struct change *change, const struct change_way *way,
                void *arg)
{
        int ticket;

        if (same(change->before, change->after))
                return 0;
        ticket = change_announce(ctx, change);
        if (ticket < 0)
                return ticket;
        return ticket == KN_SKIP ? 1 : settle(ctx, change, way, arg, ticket);
}
