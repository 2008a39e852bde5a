/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pools as a whole. A pool's value is {"servers": {name: value}}. The helper's compare-and-swap holds
 * a pool to the very revision that the announced change was made from.
 */

#include "lb/edit.h"
#include "lb/nginx/nginx.h"

struct pool_edit {
        const char *pool, *undo_action;
        char revision[65];
        json_t *before, *after, *undo_args;     /* owned */
};

static void free_edit(struct pool_edit *edit)
{
        json_decref(edit->before);
        json_decref(edit->after);
        json_decref(edit->undo_args);
}

#define _edit_ _cleanup_(free_edit)

static json_t *values_of(const json_t *read)
{
        json_t *values = json_object(), *row;
        const char *server;

        json_object_foreach(json_object_get(read, "servers"), server, row)
                json_object_set(values, server, json_object_get(row, "value"));
        return values;
}

/* The pool as it is; there may be none. */
static int read_value(struct kn_ctx *ctx, struct pool_edit *edit, json_t **ret)
{
        _json_ json_t *pools = NULL;
        const json_t *pool;
        const char *revision;
        int r = helper_read(ctx, NULL, &pools);

        if (r < 0)
                return r;
        pool = json_object_get(pools, edit->pool);
        revision = json_string_value(json_object_get(pool, "revision"));
        snprintf(edit->revision, sizeof edit->revision, "%s", revision ? revision : "-");
        *ret = pool ? json_pack("{s:o}", "servers", values_of(pool)) : NULL;
        return KN_OK;
}

static int answer(struct kn_ctx *ctx, const struct pool_edit *edit, bool changed)
{
        return lb_give(ctx, json_pack("{s:b, s:s, s:O?, s:O?}", "changed", changed, "pool",
                                      edit->pool, "before", edit->before, "after", edit->after));
}

static int announce(struct kn_ctx *ctx, const struct pool_edit *edit)
{
        _free_ char *before = lb_text(edit->before), *after = lb_text(edit->after);
        _free_ char *args = lb_text(edit->undo_args);
        struct kn_change change;
        char resource[160];

        snprintf(resource, sizeof resource, "lb/%s", edit->pool);
        memset(&change, 0, sizeof change);
        change.size = sizeof change;
        change.resource = resource;
        change.before = before;
        change.after = after;
        change.undo_action = edit->undo_action;
        change.undo_args = args;
        return kn_change(ctx, &change);
}

static bool same(const json_t *a, const json_t *b)
{
        return a && b ? json_equal(a, b) : a == b;
}

static int apply(struct kn_ctx *ctx, const struct pool_edit *edit)
{
        return edit->after ? helper_write(ctx, edit->pool, edit->revision,
                                          json_object_get(edit->after, "servers"))
                           : helper_remove(ctx, edit->pool, edit->revision);
}

/* Read back, close the ticket, answer. */
static int settle(struct kn_ctx *ctx, struct pool_edit *edit, int ticket, int applied)
{
        _json_ json_t *observed = NULL;
        _free_ char *text = NULL;
        int r = read_value(ctx, edit, &observed);

        if (r < 0) {
                kn_changed(ctx, ticket, KN_EUNKNOWN, NULL);
                return applied < 0 ? applied : r;
        }
        text = lb_text(observed);
        if (same(observed, edit->after) && applied != KN_ECONFLICT) {
                r = kn_changed(ctx, ticket, KN_OK, text);
                return r < 0 ? r : answer(ctx, edit, true);
        }
        if (applied >= 0)
                applied = kn_fail(ctx, KN_EREMOTE, "nginx took the change of pool %s, but it is "
                                  "%.300s: is somebody else changing its file?", edit->pool,
                                  text ? text : "absent");
        kn_changed(ctx, ticket, applied, text);
        return applied;
}

static int carry_out(struct kn_ctx *ctx, struct pool_edit *edit)
{
        int ticket;

        if (same(edit->before, edit->after))
                return answer(ctx, edit, false);
        ticket = announce(ctx, edit);
        if (ticket < 0)
                return ticket;
        if (ticket == KN_SKIP)
                return answer(ctx, edit, true);
        return settle(ctx, edit, ticket, apply(ctx, edit));
}

/* ---- create ---- */

static int wanted_servers(struct kn_ctx *ctx, json_t *to)
{
        _json_ json_t *rows = json_loads(kn_arg_str(ctx, "servers", "[]"), 0, NULL);
        json_t *row;
        size_t i;

        json_array_foreach(rows, i, row) {
                const char *server = json_string_value(json_object_get(row, "server"));
                const json_t *check = json_object_get(row, "check");
                const json_t *weight = json_object_get(row, "weight");
                const char *state = json_string_value(json_object_get(row, "state"));

                if (json_object_get(to, server))
                        return kn_fail(ctx, KN_EARG, "two servers of the pool are called %s",
                                       server);
                json_object_set_new(to, server, lb_value(
                        json_string_value(json_object_get(row, "address")),
                        !json_is_false(check), state ? state : "ready",
                        weight ? json_integer_value(weight) : 1));
        }
        return KN_OK;
}

int pool_create(struct kn_ctx *ctx)
{
        _edit_ struct pool_edit edit = { .pool = kn_arg_str(ctx, "pool", ""),
                                         .undo_action = "pool.remove" };
        _json_ json_t *servers = json_object();
        _free_ char *there = NULL;
        int r = wanted_servers(ctx, servers);

        if (r == 0)
                r = read_value(ctx, &edit, &edit.before);
        if (r < 0)
                return r;
        edit.after = json_pack("{s:O}", "servers", servers);
        edit.undo_args = json_pack("{s:s, s:b}", "pool", edit.pool, "force", true);
        if (!edit.after || !edit.undo_args)
                return KN_ENOMEM;
        if (!edit.before || same(edit.before, edit.after))
                return carry_out(ctx, &edit);
        there = lb_text(edit.before);
        return kn_fail(ctx, KN_ECONFLICT, "there is a pool %s already, and it is another: %.300s. "
                       "Take another name, or change its servers", edit.pool, there);
}

/* ---- remove ---- */

static json_t *create_args(const struct pool_edit *edit)
{
        json_t *rows = json_array(), *value;
        const char *server;

        json_object_foreach(json_object_get(edit->before, "servers"), server, value) {
                json_t *row = json_copy(value);

                json_object_set_new(row, "server", json_string(server));
                json_array_append_new(rows, row);
        }
        return json_pack("{s:s, s:o}", "pool", edit->pool, "servers", rows);
}

static unsigned count_serving(const json_t *servers)
{
        const char *server;
        unsigned n = 0;
        json_t *value;

        json_object_foreach((json_t *)servers, server, value)
                n += strcmp(lb_state_of(value), "ready") == 0 && lb_weight_of(value) > 0;
        return n;
}

int pool_remove(struct kn_ctx *ctx)
{
        _edit_ struct pool_edit edit = { .pool = kn_arg_str(ctx, "pool", ""),
                                         .undo_action = "pool.create" };
        int r = read_value(ctx, &edit, &edit.before);
        unsigned serving = count_serving(json_object_get(edit.before, "servers"));

        if (r < 0)
                return r;
        if (serving > 0 && !kn_arg_bool(ctx, "force", 0))
                return kn_fail(ctx, KN_EDENIED, "pool %s has %u servers that serve, so it was left "
                               "as it is: take them out first, or say force=true", edit.pool,
                               serving);
        edit.undo_args = create_args(&edit);
        return edit.undo_args ? carry_out(ctx, &edit) : KN_ENOMEM;
}
