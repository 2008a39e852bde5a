/* SPDX-License-Identifier: Apache-2.0 */

/*
 * No balancer here has an "only if" of its own for one server, so the value is read once more right
 * before the command. After it, the server is read back: an answer alone proves nothing.
 */

#include "lb/edit.h"

static void free_edit(struct lb_edit *edit)
{
        json_decref(edit->before);
        json_decref(edit->after);
        json_decref(edit->read);
        json_decref(edit->undo_args);
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

char *lb_text(const json_t *value)
{
        return value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}

int lb_give(struct kn_ctx *ctx, json_t *result)
{
        _json_ json_t *owned = result;
        _free_ char *text = owned ? json_dumps(owned, JSON_COMPACT) : NULL;

        return text ? kn_return_json(ctx, "", text) : KN_ENOMEM;
}

static bool same(const json_t *a, const json_t *b)
{
        return a && b ? json_equal(a, b) : a == b;
}

static json_t *or_null(json_t *value)
{
        return value ? json_incref(value) : json_null();
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
        return reread(ctx, balancer, edit, &edit->before);
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

        return lb_give(ctx, json_pack("{s:b, s:s, s:s, s:o, s:o, s:I}", "changed", changed, "pool",
                                      edit->pool, "server", edit->server,
                                      "before", or_null(edit->before),
                                      "after", or_null(edit->after), "sessions", sessions));
}

static int announce(struct kn_ctx *ctx, const struct lb_edit *edit)
{
        _free_ char *before = lb_text(edit->before), *after = lb_text(edit->after);
        _free_ char *args = lb_text(edit->undo_args);
        struct kn_change change;
        char resource[300];

        if ((edit->before && !before) || (edit->after && !after) || (edit->undo_args && !args))
                return KN_ENOMEM;
        snprintf(resource, sizeof resource, "lb/%s/%s", edit->pool, edit->server);
        memset(&change, 0, sizeof change);
        change.size = sizeof change;
        change.resource = resource;
        change.before = before;
        change.after = after;
        change.undo_action = edit->undo_action;
        change.undo_args = args;
        return kn_change(ctx, &change);
}

static int fail_conflict(struct kn_ctx *ctx, const struct lb_edit *edit, const json_t *found)
{
        _free_ char *expected = lb_text(edit->before), *seen = lb_text(found);

        return kn_fail(ctx, KN_ECONFLICT, "server %s/%s was changed by somebody else meanwhile: "
                       "expected %s, found %s; nothing was written. Look at it, then run this "
                       "again", edit->pool, edit->server, expected ? expected : "none",
                       seen ? seen : "none");
}

static int fail_untrue(struct kn_ctx *ctx, const struct lb_balancer *balancer,
                       const struct lb_edit *edit, const json_t *found)
{
        _free_ char *wanted = lb_text(edit->after), *seen = lb_text(found);

        return kn_fail(ctx, KN_EREMOTE, "%s took the command, but server %s/%s is %s, not %s: %s",
                       balancer->name, edit->pool, edit->server, seen ? seen : "absent",
                       wanted ? wanted : "absent", balancer->why_untrue);
}

/* Hold it to before, apply. KN_ECONFLICT with the sentence set when it is not before. */
static int apply_held(struct kn_ctx *ctx, const struct lb_balancer *balancer, struct lb_edit *edit)
{
        _json_ json_t *now = NULL;
        int r = reread(ctx, balancer, edit, &now);

        if (r < 0)
                return r;
        return same(now, edit->before) ? balancer->apply(ctx, edit)
                                       : fail_conflict(ctx, edit, now);
}

/* Read back, close the ticket, answer. */
static int settle(struct kn_ctx *ctx, const struct lb_balancer *balancer, struct lb_edit *edit,
                  int ticket, int applied)
{
        _json_ json_t *observed = NULL;
        _free_ char *text = NULL;
        int r = reread(ctx, balancer, edit, &observed);

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
                applied = fail_untrue(ctx, balancer, edit, observed);
        kn_changed(ctx, ticket, applied, text);
        return applied;
}

static int carry_out(struct kn_ctx *ctx, const struct lb_balancer *balancer, struct lb_edit *edit)
{
        int ticket;

        if (same(edit->before, edit->after))
                return answer(ctx, edit, false);
        ticket = announce(ctx, edit);
        if (ticket < 0)
                return ticket;
        if (ticket == KN_SKIP)
                return answer(ctx, edit, true);
        return settle(ctx, balancer, edit, ticket, apply_held(ctx, balancer, edit));
}

/* ---- state and weight ---- */

/* Change one member of a server that is there; its old value is what undo sets again. */
static int change_member(struct lb_edit *edit, const char *member, json_t *value)
{
        _json_ json_t *owned = value;

        edit->after = json_copy(edit->before);
        edit->undo_args = json_pack("{s:s, s:s, s:O}", "pool", edit->pool, "server", edit->server,
                                    member, json_object_get(edit->before, member));
        if (!owned || !edit->undo_args || json_object_set(edit->after, member, owned) < 0)
                return KN_ENOMEM;
        return KN_OK;
}

int lb_set_state(struct kn_ctx *ctx, const struct lb_balancer *balancer)
{
        _edit_ struct lb_edit edit = { .verb = LB_STATE, .undo_action = "server.state" };
        const char *wanted = kn_arg_str(ctx, "state", "");
        int r = begin(ctx, balancer, &edit);

        if (r < 0)
                return r;
        if (!edit.before)
                return fail_absent(ctx, &edit);
        r = change_member(&edit, "state", json_string(wanted));
        if (r == 0 && strcmp(wanted, "ready") != 0)
                r = check_floor(ctx, &edit);
        return r < 0 ? r : carry_out(ctx, balancer, &edit);
}

int lb_set_weight(struct kn_ctx *ctx, const struct lb_balancer *balancer)
{
        _edit_ struct lb_edit edit = { .verb = LB_WEIGHT, .undo_action = "server.weight" };
        int64_t wanted = kn_arg_int(ctx, "weight", 0);
        int r = begin(ctx, balancer, &edit);

        if (r < 0)
                return r;
        if (!edit.before)
                return fail_absent(ctx, &edit);
        r = change_member(&edit, "weight", json_integer(wanted));
        if (r == 0 && wanted == 0)
                r = check_floor(ctx, &edit);
        return r < 0 ? r : carry_out(ctx, balancer, &edit);
}

/* ---- add and remove ---- */

int lb_add(struct kn_ctx *ctx, const struct lb_balancer *balancer)
{
        _edit_ struct lb_edit edit = { .verb = LB_ADD, .undo_action = "server.remove" };
        _free_ char *there = NULL;
        int r = begin(ctx, balancer, &edit);

        if (r < 0)
                return r;
        edit.after = lb_value(kn_arg_str(ctx, "address", ""), kn_arg_bool(ctx, "check", 1),
                              kn_arg_str(ctx, "state", "ready"), kn_arg_int(ctx, "weight", 1));
        edit.undo_args = json_pack("{s:s, s:s}", "pool", edit.pool, "server", edit.server);
        if (!edit.after || !edit.undo_args)
                return KN_ENOMEM;
        if (!edit.before || same(edit.before, edit.after))
                return carry_out(ctx, balancer, &edit);
        there = lb_text(edit.before);
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
        if (r < 0 || !edit.before)
                return r < 0 ? r : answer(ctx, &edit, false);
        if (json_is_true(json_object_get(row_of(&edit), "plain"))) {
                edit.undo_action = "server.add";
                edit.undo_args = json_pack("{s:s, s:s}", "pool", edit.pool, "server", edit.server);
                if (!edit.undo_args || json_object_update(edit.undo_args, edit.before) < 0)
                        return KN_ENOMEM;
        } else {
                kn_log(ctx, KN_NOTICE, "lb %s/%s has settings (TLS, a cookie, an agent, a name to "
                       "resolve, tracking) that %s could not make again: this removal will not be "
                       "undoable", edit.pool, edit.server, balancer->name);
        }
        return carry_out(ctx, balancer, &edit);
}
