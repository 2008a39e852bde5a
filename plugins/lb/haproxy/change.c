/* SPDX-License-Identifier: Apache-2.0 */

/* The commands behind the actions that change a server; the walk around them is lb/edit.c's. */

#include "lb/edit.h"
#include "lb/haproxy/haproxy.h"

#define _view_ _cleanup_(view_free)

static json_t *row_of_server(const json_t *state, const json_t *stat)
{
        return json_pack("{s:o, s:I, s:b, s:b}", "value", server_value(state), "sessions",
                         row_int(stat, "scur"), "serves", server_serves(stat), "plain",
                         server_is_plain(state, stat));
}

static int read_pool(struct kn_ctx *ctx, const char *pool, json_t **ret)
{
        _json_ json_t *servers = json_object();
        _view_ struct view view = { NULL, NULL };
        int r = view_read(ctx, pool, &view);
        json_t *state;
        size_t i;

        json_array_foreach(view.states, i, state) {
                const char *name = row_text(state, "srv_name");

                if (json_object_set_new(servers, name, row_of_server(state,
                                        view_stat(&view, pool, name))) < 0)
                        r = KN_ENOMEM;
        }
        if (r == 0)
                *ret = json_pack("{s:O}", "servers", servers);
        return r;
}

static int apply_state(struct kn_ctx *ctx, const struct lb_edit *edit)
{
        return runtime_do(ctx, NULL, "set server %s/%s state %s", edit->pool, edit->server,
                          lb_state_of(edit->change.after));
}

static int apply_weight(struct kn_ctx *ctx, const struct lb_edit *edit)
{
        return runtime_do(ctx, NULL, "set server %s/%s weight %lld", edit->pool, edit->server,
                          (long long)lb_weight_of(edit->change.after));
}

/* A new server comes up in maintenance, without its checks running. */
static int apply_add(struct kn_ctx *ctx, const struct lb_edit *edit)
{
        const char *address = json_string_value(json_object_get(edit->change.after, "address"));
        bool check = json_is_true(json_object_get(edit->change.after, "check"));
        int r = runtime_do(ctx, "New server registered.", "add server %s/%s %s weight %lld%s",
                           edit->pool, edit->server, address,
                           (long long)lb_weight_of(edit->change.after),
                           check ? " check" : "");

        if (r == 0 && check)
                r = runtime_do(ctx, NULL, "enable health %s/%s", edit->pool, edit->server);
        if (r == 0 && strcmp(lb_state_of(edit->change.after), "maint") != 0)
                r = apply_state(ctx, edit);
        return r;
}

/* Only what rests can be deleted; what could not be deleted goes back to what it was. */
static int apply_remove(struct kn_ctx *ctx, const struct lb_edit *edit)
{
        bool rests = strcmp(lb_state_of(edit->change.before), "maint") == 0;
        _free_ char *ignored = NULL;
        int r = KN_OK;

        if (!rests)
                r = runtime_do(ctx, NULL, "set server %s/%s state maint", edit->pool, edit->server);
        if (r < 0)
                return r;
        r = runtime_do(ctx, "Server deleted.", "del server %s/%s", edit->pool, edit->server);
        if (r < 0 && !rests)
                runtime_ask(ctx, &ignored, "set server %s/%s state %s", edit->pool, edit->server,
                            lb_state_of(edit->change.before));
        return r;
}

static int apply(struct kn_ctx *ctx, const struct lb_edit *edit)
{
        static int (*const verbs[])(struct kn_ctx *, const struct lb_edit *) = {
                [LB_STATE] = apply_state,
                [LB_WEIGHT] = apply_weight,
                [LB_ADD] = apply_add,
                [LB_REMOVE] = apply_remove,
        };

        return verbs[edit->verb](ctx, edit);
}

static const struct lb_balancer haproxy = {
        .name = "HAProxy",
        .why_untrue = "does it track another server, or is somebody else changing it?",
        .read = read_pool,
        .apply = apply,
};

int server_set_state(struct kn_ctx *ctx)
{
        return lb_set_state(ctx, &haproxy);
}

int server_set_weight(struct kn_ctx *ctx)
{
        return lb_set_weight(ctx, &haproxy);
}

int server_add(struct kn_ctx *ctx)
{
        return lb_add(ctx, &haproxy);
}

int server_remove(struct kn_ctx *ctx)
{
        return lb_remove(ctx, &haproxy);
}
