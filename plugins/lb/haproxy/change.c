/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The actions that change a server. HAProxy has no "only if", so the value is read once more right
 * before the command; what is left is the time between two commands on one socket. After it, the
 * server is read back: an empty answer alone proves nothing.
 */

#include "lb/haproxy/haproxy.h"

struct edit {
        const char *pool, *server;
        json_t *before, *after;         /* owned; NULL: no such server */
        const char *undo_action;        /* NULL: it could not be put back */
        json_t *undo_args;              /* owned */
        json_int_t sessions;
};

/* Make it so, without asking whether it came true. */
typedef int apply_fn(struct kn_ctx *ctx, const struct edit *edit);

static void free_edit(struct edit *edit)
{
        json_decref(edit->before);
        json_decref(edit->after);
        json_decref(edit->undo_args);
}

#define _edit_ _cleanup_(free_edit)
#define _view_ _cleanup_(view_free)

static const char *state_of(const json_t *value)
{
        return value ? json_string_value(json_object_get(value, "state")) : "";
}

static json_int_t weight_of(const json_t *value)
{
        return json_integer_value(json_object_get(value, "weight"));
}

static char *text_of(const json_t *value)
{
        return value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}

static bool same(const json_t *a, const json_t *b)
{
        return a && b ? json_equal(a, b) : a == b;
}

static json_t *or_null(json_t *value)
{
        return value ? json_incref(value) : json_null();
}

static int answer(struct kn_ctx *ctx, const struct edit *edit, bool changed)
{
        return give(ctx, json_pack("{s:b, s:s, s:s, s:o, s:o, s:I}", "changed", changed,
                                   "pool", edit->pool, "server", edit->server,
                                   "before", or_null(edit->before), "after", or_null(edit->after),
                                   "sessions", edit->sessions));
}

/* ---- reading ---- */

static int begin(struct kn_ctx *ctx, struct edit *edit, struct view *view)
{
        int r;

        edit->pool = kn_arg_str(ctx, "pool", "");
        edit->server = kn_arg_str(ctx, "server", "");
        r = view_read(ctx, edit->pool, view);
        if (r < 0)
                return r;
        edit->before = server_value(view_state(view, edit->pool, edit->server));
        edit->sessions = row_int(view_stat(view, edit->pool, edit->server), "scur");
        return KN_OK;
}

static int fail_absent(struct kn_ctx *ctx, const struct edit *edit, const struct view *view)
{
        char known[200] = "";
        size_t i, n = 0;
        json_t *row;

        json_array_foreach(view->states, i, row)
                if (n < sizeof known - 1)
                        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "",
                                              row_text(row, "srv_name"));
        return kn_fail(ctx, KN_ENOENT, "pool %s has no server %s; it has %s", edit->pool,
                       edit->server, *known ? known : "none");
}

/* The value now, and the sessions. */
static int reread(struct kn_ctx *ctx, struct edit *edit, json_t **ret)
{
        _view_ struct view view = { NULL, NULL };
        int r = view_read(ctx, edit->pool, &view);

        if (r < 0)
                return r;
        edit->sessions = row_int(view_stat(&view, edit->pool, edit->server), "scur");
        *ret = server_value(view_state(&view, edit->pool, edit->server));
        return KN_OK;
}

/* The floor: somebody has to serve. What does not serve anyhow can go. */
static int check_floor(struct kn_ctx *ctx, const struct edit *edit, const struct view *view)
{
        const json_t *stat = view_stat(view, edit->pool, edit->server);

        if (kn_arg_bool(ctx, "force", 0) || !stat || !server_serves(stat) ||
            view_serving(view, edit->pool, edit->server) > 0)
                return KN_OK;
        return kn_fail(ctx, KN_EDENIED, "server %s is the last that serves pool %s, so it was left "
                       "as it is: bring another one up first, or say force=true", edit->server,
                       edit->pool);
}

/* ---- the walk that all four share ---- */

static int announce(struct kn_ctx *ctx, const struct edit *edit)
{
        _free_ char *before = text_of(edit->before), *after = text_of(edit->after);
        _free_ char *args = text_of(edit->undo_args);
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

static int fail_conflict(struct kn_ctx *ctx, const struct edit *edit, const json_t *found)
{
        _free_ char *expected = text_of(edit->before), *seen = text_of(found);

        return kn_fail(ctx, KN_ECONFLICT, "server %s/%s was changed by somebody else meanwhile: "
                       "expected %s, found %s; nothing was written. Look at it, then run this "
                       "again", edit->pool, edit->server, expected ? expected : "none",
                       seen ? seen : "none");
}

static int fail_untrue(struct kn_ctx *ctx, const struct edit *edit, const json_t *found)
{
        _free_ char *wanted = text_of(edit->after), *seen = text_of(found);

        return kn_fail(ctx, KN_EREMOTE, "HAProxy took the command, but server %s/%s is %s, not %s: "
                       "does it track another server, or is somebody else changing it?", edit->pool,
                       edit->server, seen ? seen : "absent", wanted ? wanted : "absent");
}

/* Hold it to before, apply. KN_ECONFLICT with the sentence set when it is not before. */
static int apply_held(struct kn_ctx *ctx, struct edit *edit, apply_fn *apply)
{
        _json_ json_t *now = NULL;
        int r = reread(ctx, edit, &now);

        if (r < 0)
                return r;
        return same(now, edit->before) ? apply(ctx, edit) : fail_conflict(ctx, edit, now);
}

/* Read back, close the ticket, answer. */
static int settle(struct kn_ctx *ctx, struct edit *edit, int ticket, int applied)
{
        _json_ json_t *observed = NULL;
        _free_ char *text = NULL;
        int r = reread(ctx, edit, &observed);

        if (r < 0) {
                kn_changed(ctx, ticket, KN_EUNKNOWN, NULL);
                return applied < 0 ? applied : r;
        }
        text = text_of(observed);
        if (same(observed, edit->after) && applied != KN_ECONFLICT) {
                r = kn_changed(ctx, ticket, KN_OK, text);
                return r < 0 ? r : answer(ctx, edit, true);
        }
        if (applied >= 0)
                applied = fail_untrue(ctx, edit, observed);
        kn_changed(ctx, ticket, applied, text);
        return applied;
}

static int carry_out(struct kn_ctx *ctx, struct edit *edit, apply_fn *apply)
{
        int ticket;

        if (same(edit->before, edit->after))
                return answer(ctx, edit, false);
        ticket = announce(ctx, edit);
        if (ticket < 0)
                return ticket;
        if (ticket == KN_SKIP)
                return answer(ctx, edit, true);
        return settle(ctx, edit, ticket, apply_held(ctx, edit, apply));
}

/* ---- state and weight ---- */

static int apply_state(struct kn_ctx *ctx, const struct edit *edit)
{
        return runtime_do(ctx, NULL, "set server %s/%s state %s", edit->pool, edit->server,
                          state_of(edit->after));
}

static int apply_weight(struct kn_ctx *ctx, const struct edit *edit)
{
        return runtime_do(ctx, NULL, "set server %s/%s weight %lld", edit->pool, edit->server,
                          (long long)weight_of(edit->after));
}

/* Change one member of a server that is there; its old value is what undo sets again. */
static int change_member(struct edit *edit, const char *member, json_t *value)
{
        _json_ json_t *owned = value;

        edit->after = json_copy(edit->before);
        edit->undo_args = json_pack("{s:s, s:s, s:O}", "pool", edit->pool, "server", edit->server,
                                    member, json_object_get(edit->before, member));
        if (!owned || !edit->undo_args || json_object_set(edit->after, member, owned) < 0)
                return KN_ENOMEM;
        return KN_OK;
}

int server_set_state(struct kn_ctx *ctx)
{
        _edit_ struct edit edit = { .undo_action = "server.state" };
        _view_ struct view view = { NULL, NULL };
        const char *wanted = kn_arg_str(ctx, "state", "");
        int r = begin(ctx, &edit, &view);

        if (r < 0)
                return r;
        if (!edit.before)
                return fail_absent(ctx, &edit, &view);
        r = change_member(&edit, "state", json_string(wanted));
        if (r == 0 && strcmp(wanted, "ready") != 0)
                r = check_floor(ctx, &edit, &view);
        return r < 0 ? r : carry_out(ctx, &edit, apply_state);
}

int server_set_weight(struct kn_ctx *ctx)
{
        _edit_ struct edit edit = { .undo_action = "server.weight" };
        _view_ struct view view = { NULL, NULL };
        int64_t wanted = kn_arg_int(ctx, "weight", 0);
        int r = begin(ctx, &edit, &view);

        if (r < 0)
                return r;
        if (!edit.before)
                return fail_absent(ctx, &edit, &view);
        r = change_member(&edit, "weight", json_integer(wanted));
        if (r == 0 && wanted == 0)
                r = check_floor(ctx, &edit, &view);
        return r < 0 ? r : carry_out(ctx, &edit, apply_weight);
}

/* ---- add and remove ---- */

/* A new server comes up in maintenance, without its checks running. */
static int apply_add(struct kn_ctx *ctx, const struct edit *edit)
{
        const char *address = json_string_value(json_object_get(edit->after, "address"));
        bool check = json_is_true(json_object_get(edit->after, "check"));
        int r = runtime_do(ctx, "New server registered.", "add server %s/%s %s weight %lld%s",
                           edit->pool, edit->server, address, (long long)weight_of(edit->after),
                           check ? " check" : "");

        if (r == 0 && check)
                r = runtime_do(ctx, NULL, "enable health %s/%s", edit->pool, edit->server);
        if (r == 0 && strcmp(state_of(edit->after), "maint") != 0)
                r = apply_state(ctx, edit);
        return r;
}

int server_add(struct kn_ctx *ctx)
{
        _edit_ struct edit edit = { .undo_action = "server.remove" };
        _view_ struct view view = { NULL, NULL };
        _free_ char *there = NULL;
        int r = begin(ctx, &edit, &view);

        if (r < 0)
                return r;
        edit.after = json_pack("{s:s, s:b, s:s, s:I}", "address", kn_arg_str(ctx, "address", ""),
                               "check", kn_arg_bool(ctx, "check", 1),
                               "state", kn_arg_str(ctx, "state", "ready"),
                               "weight", (json_int_t)kn_arg_int(ctx, "weight", 1));
        edit.undo_args = json_pack("{s:s, s:s}", "pool", edit.pool, "server", edit.server);
        if (!edit.after || !edit.undo_args)
                return KN_ENOMEM;
        if (!edit.before || same(edit.before, edit.after))
                return carry_out(ctx, &edit, apply_add);
        there = text_of(edit.before);
        return kn_fail(ctx, KN_ECONFLICT, "pool %s has a server %s already, and it is another: %s. "
                       "Take another name, or change it with server.state and server.weight",
                       edit.pool, edit.server, there);
}

/* Only what rests can be deleted; what could not be deleted goes back to what it was. */
static int apply_remove(struct kn_ctx *ctx, const struct edit *edit)
{
        bool rests = strcmp(state_of(edit->before), "maint") == 0;
        _free_ char *ignored = NULL;
        int r = KN_OK;

        if (!rests)
                r = runtime_do(ctx, NULL, "set server %s/%s state maint", edit->pool, edit->server);
        if (r < 0)
                return r;
        r = runtime_do(ctx, "Server deleted.", "del server %s/%s", edit->pool, edit->server);
        if (r < 0 && !rests)
                runtime_ask(ctx, &ignored, "set server %s/%s state %s", edit->pool, edit->server,
                            state_of(edit->before));
        return r;
}

int server_remove(struct kn_ctx *ctx)
{
        _edit_ struct edit edit = { .undo_action = NULL };
        _view_ struct view view = { NULL, NULL };
        int r = begin(ctx, &edit, &view);

        if (r == 0)
                r = check_floor(ctx, &edit, &view);
        if (r < 0 || !edit.before)
                return r < 0 ? r : answer(ctx, &edit, false);
        if (server_is_plain(view_state(&view, edit.pool, edit.server),
                            view_stat(&view, edit.pool, edit.server))) {
                edit.undo_action = "server.add";
                edit.undo_args = json_pack("{s:s, s:s}", "pool", edit.pool, "server", edit.server);
                if (!edit.undo_args || json_object_update(edit.undo_args, edit.before) < 0)
                        return KN_ENOMEM;
        } else {
                kn_log(ctx, KN_NOTICE, "lb %s/%s has settings (TLS, a cookie, an agent, a name to "
                       "resolve, tracking) that the runtime API cannot make again: this removal "
                       "will not be undoable", edit.pool, edit.server);
        }
        return carry_out(ctx, &edit, apply_remove);
}
