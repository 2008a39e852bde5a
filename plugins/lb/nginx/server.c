/* SPDX-License-Identifier: Apache-2.0 */

/* The actions that change a server: lb/edit.c walks, and what it applies is a whole pool. */

#include "lb/edit.h"
#include "lb/nginx/nginx.h"

#define PAUSE_MS 50             /* while a connection that has served its request goes away */
#define PAUSES 10

static int read_pool(struct kn_ctx *ctx, const char *pool, json_t **ret)
{
        _json_ json_t *pools = NULL;
        int r = helper_read(ctx, pool, &pools);

        if (r == 0)
                *ret = json_incref(json_object_get(pools, pool));
        return r;
}

/* The pool with the server as it shall be: in its place, at the end, or not at all. */
static int write_pool(struct kn_ctx *ctx, const struct lb_edit *edit)
{
        _json_ json_t *values = json_object();
        const char *server;
        json_t *row;

        json_object_foreach(json_object_get(edit->read, "servers"), server, row)
                json_object_set(values, server, json_object_get(row, "value"));
        if (edit->change.after ? json_object_set(values, edit->server, edit->change.after)
                        : json_object_del(values, edit->server))
                return KN_ENOMEM;
        return helper_write(ctx, edit->pool,
                            json_string_value(json_object_get(edit->read, "revision")), values);
}

static json_int_t sessions_of(const json_t *pool, const char *server)
{
        const json_t *row = json_object_get(json_object_get(pool, "servers"), server);

        return json_integer_value(json_object_get(row, "sessions"));
}

/* A server that still answers somebody stays; the last answer may be on its way out just now. */
static int wait_idle(struct kn_ctx *ctx, const struct lb_edit *edit)
{
        json_int_t n = sessions_of(edit->read, edit->server);

        for (int i = 0; n > 0 && i < PAUSES; i++) {
                _json_ json_t *now = NULL;
                int r = kn_wait(ctx, -1, 0, PAUSE_MS);

                if (r == 0)
                        r = read_pool(ctx, edit->pool, &now);
                if (r < 0)
                        return r;
                n = sessions_of(now, edit->server);
        }
        if (n == 0)
                return KN_OK;
        return kn_fail(ctx, KN_ETEMP, "server %s of pool %s still has %lld connections: drain it "
                       "first, and try again when they have ended", edit->server, edit->pool,
                       (long long)n);
}

static int apply(struct kn_ctx *ctx, const struct lb_edit *edit)
{
        int r = edit->verb == LB_REMOVE ? wait_idle(ctx, edit) : KN_OK;

        return r < 0 ? r : write_pool(ctx, edit);
}

static const struct lb_balancer nginx = {
        .name = "nginx",
        .why_untrue = "is somebody else changing the pool's file?",
        .read = read_pool,
        .apply = apply,
};

int server_set_state(struct kn_ctx *ctx)
{
        return lb_set_state(ctx, &nginx);
}

int server_set_weight(struct kn_ctx *ctx)
{
        return lb_set_weight(ctx, &nginx);
}

int server_add(struct kn_ctx *ctx)
{
        return lb_add(ctx, &nginx);
}

int server_remove(struct kn_ctx *ctx)
{
        return lb_remove(ctx, &nginx);
}
