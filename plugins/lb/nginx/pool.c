/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pools as a whole. A pool's value is {"servers": {name: value}}. The helper's compare-and-swap holds
 * a pool to the very revision that the announced change was made from.
 */

#include "change.h"
#include "lb/edit.h"
#include "lb/nginx/nginx.h"

struct pool {
        const char *name;
        char revision[65];              /* as last read */
};

static json_t *values_of(const json_t *read)
{
        json_t *values = json_object(), *row;
        const char *server;

        json_object_foreach(json_object_get(read, "servers"), server, row)
                json_object_set(values, server, json_object_get(row, "value"));
        return values;
}

/* The pool as it is; there may be none. */
static int read_value(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        _json_ json_t *pools = NULL;
        struct pool *pool = arg;
        const json_t *found;
        const char *revision;
        int r = helper_read(ctx, NULL, &pools);

        if (r < 0)
                return r;
        found = json_object_get(pools, pool->name);
        revision = json_string_value(json_object_get(found, "revision"));
        snprintf(pool->revision, sizeof pool->revision, "%s", revision ? revision : "-");
        *ret = found ? json_pack("{s:o}", "servers", values_of(found)) : NULL;
        return KN_OK;
}

static int apply(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct pool *pool = arg;

        return change->after ? helper_write(ctx, pool->name, pool->revision,
                                            json_object_get(change->after, "servers"))
                             : helper_remove(ctx, pool->name, pool->revision);
}

static int carry_out(struct kn_ctx *ctx, const struct change *change, struct pool *pool)
{
        static const struct change_way way = { .system = "nginx", .read = read_value,
                                               .apply = apply, .has_cas = true };
        int r = change_make(ctx, change, &way, pool);

        return r < 0 ? r : change_answer(ctx, change, r > 0, json_pack("{s:s}", "pool",
                                                                       pool->name));
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
        struct pool pool = { .name = kn_arg_str(ctx, "pool", "") };
        _change_ struct change change = { .undo_action = "pool.remove" };
        _json_ json_t *servers = json_object();
        _free_ char *there = NULL;
        int r = wanted_servers(ctx, servers);

        if (r == 0)
                r = read_value(ctx, &pool, &change.before);
        if (r < 0)
                return r;
        change.after = json_pack("{s:O}", "servers", servers);
        change.undo_args = json_pack("{s:s, s:b}", "pool", pool.name, "force", true);
        change.resource = change_resource("lb/%s", pool.name);
        if (!change.after || !change.undo_args)
                return KN_ENOMEM;
        if (!change.before || json_equal(change.before, change.after))
                return carry_out(ctx, &change, &pool);
        there = change_text(change.before);
        return kn_fail(ctx, KN_ECONFLICT, "there is a pool %s already, and it is another: %.300s. "
                       "Take another name, or change its servers", pool.name, there);
}

/* ---- remove ---- */

static json_t *create_args(const struct pool *pool, const json_t *before)
{
        json_t *rows = json_array(), *value;
        const char *server;

        json_object_foreach(json_object_get(before, "servers"), server, value) {
                json_t *row = json_copy(value);

                json_object_set_new(row, "server", json_string(server));
                json_array_append_new(rows, row);
        }
        return json_pack("{s:s, s:o}", "pool", pool->name, "servers", rows);
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
        struct pool pool = { .name = kn_arg_str(ctx, "pool", "") };
        _change_ struct change change = { .undo_action = "pool.create" };
        int r = read_value(ctx, &pool, &change.before);
        unsigned serving = count_serving(json_object_get(change.before, "servers"));

        if (r < 0)
                return r;
        if (serving > 0 && !kn_arg_bool(ctx, "force", 0))
                return kn_fail(ctx, KN_EDENIED, "pool %s has %u servers that serve, so it was left "
                               "as it is: take them out first, or say force=true", pool.name,
                               serving);
        change.undo_args = create_args(&pool, change.before);
        change.resource = change_resource("lb/%s", pool.name);
        return change.undo_args ? carry_out(ctx, &change, &pool) : KN_ENOMEM;
}
