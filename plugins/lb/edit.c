/* SPDX-License-Identifier: Apache-2.0 */

/*
 * No balancer here has an "only if" of its own for one server, so the value is read once more right
 * before the command (change.c).
 */

#include "lb/edit.h"

static void free_edit(struct lb_edit *edit)
{
        change_done(&edit->change);
        json_decref(edit->read);
}

#define _edit_ _cleanup_(free_edit)

const char *lb_state_of(const json_t *value)
{
        return value ? json_string_value(json_object_get(value, "state")) : "";
}

json_int_t lb_weight_of(const json_t *value)
{
        return json_integer_value(json_object_get(value, "weight"));
}

json_t *lb_value(const char *address, bool check, const char *state, json_int_t weight)
{
        return json_pack("{s:s, s:b, s:s, s:I}", "address", address, "check", check,
                         "state", state, "weight", weight);
}

/* ---- reading ---- */

static const json_t *row_of(const struct lb_edit *edit)
{
        return json_object_get(json_object_get(edit->read, "servers"), edit->server);
}

unsigned lb_serving(const json_t *read, const char *but)
{
        const char *server;
        unsigned n = 0;
        json_t *row;

        json_object_foreach(json_object_get(read, "servers"), server, row)
                n += (!but || strcmp(server, but) != 0) &&
                     json_is_true(json_object_get(row, "serves"));
        return n;
}

/* Read the pool; the server's value now. */
static int reread(struct kn_ctx *ctx, const struct lb_balancer *balancer, struct lb_edit *edit,
                  json_t **ret)
{
        json_t *read = NULL;
        int r = balancer->read(ctx, edit->pool, &read);

        if (r < 0)
                return r;
        json_decref(edit->read);
        edit->read = read;
        *ret = json_incref(json_object_get(row_of(edit), "value"));
        return KN_OK;
}

static int begin(struct kn_ctx *ctx, const struct lb_balancer *balancer, struct lb_edit *edit)
{
        edit->pool = kn_arg_str(ctx, "pool", "");
        edit->server = kn_arg_str(ctx, "server", "");
        return reread(ctx, balancer, edit, &edit->change.before);
}

static int fail_absent(struct kn_ctx *ctx, const struct lb_edit *edit)
{
        char known[200] = "";
        const char *server;
        size_t n = 0;
        json_t *row;

        json_object_foreach(json_object_get(edit->read, "servers"), server, row)
                if (n < sizeof known - 1)
                        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "",
                                              server);
        return kn_fail(ctx, KN_ENOENT, "pool %s has no server %s; it has %s", edit->pool,
                       edit->server, *known ? known : "none");
}

/* The floor: somebody has to serve. What does not serve anyhow can go. */
static int check_floor(struct kn_ctx *ctx, const struct lb_edit *edit)
{
        const json_t *row = row_of(edit);

        if (kn_arg_bool(ctx, "force", 0) || !row || !json_is_true(json_object_get(row, "serves")) ||
            lb_serving(edit->read, edit->server) > 0)
                return KN_OK;
        return kn_fail(ctx, KN_EDENIED, "server %s is the last that serves pool %s, so it was left "
                       "as it is: bring another one up first, or say force=true", edit->server,
                       edit->pool);
}

/* ---- the walk that all four share ---- */

static int answer(struct kn_ctx *ctx, const struct lb_edit *edit, bool changed)
{
        json_int_t sessions = json_integer_value(json_object_get(row_of(edit), "sessions"));

        return change_answer(ctx, &edit->change, changed,
                             json_pack("{s:s, s:s, s:I}", "pool", edit->pool, "server",
                                       edit->server, "sessions", sessions));
}

struct walk {
        const struct lb_balancer *balancer;
        struct lb_edit *edit;
};

static int read_value(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        const struct walk *walk = arg;

        return reread(ctx, walk->balancer, walk->edit, ret);
}

static int apply(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct walk *walk = arg;

        (void)change;
        return walk->balancer->apply(ctx, walk->edit);
}

static int carry_out(struct kn_ctx *ctx, const struct lb_balancer *balancer, struct lb_edit *edit)
{
        const struct change_way way = { .system = balancer->name, .read = read_value,
                                        .apply = apply, .why_untrue = balancer->why_untrue };
        struct walk walk = { balancer, edit };
        int r;

        edit->change.resource = change_resource("lb/%s/%s", edit->pool, edit->server);
        r = change_make(ctx, &edit->change, &way, &walk);
        return r < 0 ? r : answer(ctx, edit, r > 0);
}

/* ---- state and weight ---- */

/* Change one member of a server that is there; its old value is what undo sets again. */
static int change_member(struct lb_edit *edit, const char *member, json_t *value)
{
        _json_ json_t *owned = value;

        edit->change.after = json_copy(edit->change.before);
        edit->change.undo_args = json_pack("{s:s, s:s, s:O}", "pool", edit->pool,
                                           "server", edit->server, member,
                                           json_object_get(edit->change.before, member));
        if (!owned || !edit->change.undo_args ||
            json_object_set(edit->change.after, member, owned) < 0)
                return KN_ENOMEM;
        return KN_OK;
}

int lb_set_state(struct kn_ctx *ctx, const struct lb_balancer *balancer)
{
        _edit_ struct lb_edit edit = { .verb = LB_STATE, .change.undo_action = "server.state" };
        const char *wanted = kn_arg_str(ctx, "state", "");
        int r = begin(ctx, balancer, &edit);

        if (r < 0)
                return r;
        if (!edit.change.before)
                return fail_absent(ctx, &edit);
        r = change_member(&edit, "state", json_string(wanted));
        if (r == 0 && strcmp(wanted, "ready") != 0)
                r = check_floor(ctx, &edit);
        return r < 0 ? r : carry_out(ctx, balancer, &edit);
}

int lb_set_weight(struct kn_ctx *ctx, const struct lb_balancer *balancer)
{
        _edit_ struct lb_edit edit = { .verb = LB_WEIGHT, .change.undo_action = "server.weight" };
        int64_t wanted = kn_arg_int(ctx, "weight", 0);
        int r = begin(ctx, balancer, &edit);

        if (r < 0)
                return r;
        if (!edit.change.before)
                return fail_absent(ctx, &edit);
        r = change_member(&edit, "weight", json_integer(wanted));
        if (r == 0 && wanted == 0)
                r = check_floor(ctx, &edit);
        return r < 0 ? r : carry_out(ctx, balancer, &edit);
}

/* ---- add and remove ---- */

int lb_add(struct kn_ctx *ctx, const struct lb_balancer *balancer)
{
        _edit_ struct lb_edit edit = { .verb = LB_ADD, .change.undo_action = "server.remove" };
        _free_ char *there = NULL;
        int r = begin(ctx, balancer, &edit);

        if (r < 0)
                return r;
        edit.change.after = lb_value(kn_arg_str(ctx, "address", ""), kn_arg_bool(ctx, "check", 1),
                                     kn_arg_str(ctx, "state", "ready"),
                                     kn_arg_int(ctx, "weight", 1));
        edit.change.undo_args = json_pack("{s:s, s:s}", "pool", edit.pool, "server", edit.server);
        if (!edit.change.after || !edit.change.undo_args)
                return KN_ENOMEM;
        if (!edit.change.before || json_equal(edit.change.before, edit.change.after))
                return carry_out(ctx, balancer, &edit);
        there = change_text(edit.change.before);
        return kn_fail(ctx, KN_ECONFLICT, "pool %s has a server %s already, and it is another: %s. "
                       "Take another name, or change it with server.state and server.weight",
                       edit.pool, edit.server, there);
}

int lb_remove(struct kn_ctx *ctx, const struct lb_balancer *balancer)
{
        _edit_ struct lb_edit edit = { .verb = LB_REMOVE };
        int r = begin(ctx, balancer, &edit);

        if (r == 0)
                r = check_floor(ctx, &edit);
        if (r < 0 || !edit.change.before)
                return r < 0 ? r : answer(ctx, &edit, false);
        if (json_is_true(json_object_get(row_of(&edit), "plain"))) {
                edit.change.undo_action = "server.add";
                edit.change.undo_args = json_pack("{s:s, s:s}", "pool", edit.pool, "server",
                                                  edit.server);
                if (!edit.change.undo_args ||
                    json_object_update(edit.change.undo_args, edit.change.before) < 0)
                        return KN_ENOMEM;
        } else {
                kn_log(ctx, KN_NOTICE, "lb %s/%s has settings (TLS, a cookie, an agent, a name to "
                       "resolve, tracking) that %s could not make again: this removal will not be "
                       "undoable", edit.pool, edit.server, balancer->name);
        }
        return carry_out(ctx, balancer, &edit);
}
