/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The actions that set fields of a ticket. Each is the same walk: read what is, work out what shall
 * be, announce the change, write it held to what was read, read it back, and record what is there
 * now. The system's word that it did something is never taken for the deed.
 *
 * A ticket is busy: comments and mails touch it all the time. So what is held to is not the whole
 * ticket but the fields that are to change; where the system refused because something else was
 * touched meanwhile, the write is tried again.
 */

#include "ticket/ticket.h"

#define WRITE_TRIES 4

struct edit {
        const char *id;
        const struct ticket *read;      /* the ticket that before was picked from */
        json_t *before, *after;         /* owned: some fields of the ticket */
        const char *comment;            /* said with it; NULL: nothing */
        const char *undo_action;
};

static void free_edit(struct edit *edit)
{
        json_decref(edit->before);
        json_decref(edit->after);
}

/* Of the ticket, what set names. */
static json_t *pick(const json_t *ticket, const json_t *set)
{
        json_t *ret = json_object(), *fields = json_object_get(set, "fields"), *value;
        const json_t *there = json_object_get(ticket, "fields");
        const char *key;

        json_object_foreach((json_t *)set, key, value)
                json_object_set(ret, key, json_object_get(ticket, key));
        if (fields)
                json_object_set_new(ret, "fields", json_object());
        json_object_foreach(fields, key, value)
                json_object_set_new(json_object_get(ret, "fields"), key,
                                    json_string(text_of(there, key, "")));
        return ret;
}

static int answer(struct kn_ctx *ctx, const struct edit *edit, bool changed)
{
        return give(ctx, json_pack("{s:b, s:s, s:O, s:O}", "changed", changed, "id", edit->id,
                                   "before", edit->before, "after", edit->after));
}

static int announce(struct kn_ctx *ctx, const struct edit *edit)
{
        _json_ json_t *undo = json_pack("{s:s}", "id", edit->id);
        _json_ json_t *after = json_copy(edit->after);
        char resource[40];
        const struct deed deed = { .resource = resource, .before = edit->before, .after = after,
                                   .undo_action = edit->undo_action, .undo_args = undo };

        if (!undo || !after || json_object_update(undo, edit->before) < 0)
                return KN_ENOMEM;
        if (edit->comment)
                json_object_set_new(after, "comment", json_string(edit->comment));
        snprintf(resource, sizeof resource, "ticket/%s", edit->id);
        return deed_announce(ctx, &deed);
}

/* What was read first will do, where the system itself holds the write to it. */
static int write_held(struct kn_ctx *ctx, const struct edit *edit, char said[TICKET_SAID])
{
        int r = !*edit->read->stamp ? TICKET_STALE
                : system_write(ctx, edit->read, edit->after, edit->comment, said);

        for (int i = 0; i < WRITE_TRIES && r == TICKET_STALE; i++) {
                _ticket_ struct ticket now = { .json = NULL };
                _json_ json_t *found = NULL;

                r = system_get(ctx, edit->id, &now);
                if (r < 0)
                        return r;
                found = pick(now.json, edit->after);
                if (!json_equal(found, edit->before))
                        return TICKET_STALE;
                r = system_write(ctx, &now, edit->after, edit->comment, said);
        }
        return r;
}

static int fail_conflict(struct kn_ctx *ctx, const struct edit *edit, const json_t *found)
{
        _free_ char *expected = canonical(edit->before), *text = canonical(found);

        return kn_fail(ctx, KN_ECONFLICT, "ticket %s was changed by somebody else meanwhile: "
                       "expected %.120s, found %.120s; nothing was written. Look at it, then run "
                       "this again", edit->id, expected ? expected : "", text ? text : "");
}

static int fail_untrue(struct kn_ctx *ctx, const struct edit *edit, const json_t *found,
                       const char *said)
{
        _free_ char *wanted = canonical(edit->after), *text = canonical(found);

        return kn_fail(ctx, KN_ECONFLICT, "%s reported success, but ticket %s has %.100s, not "
                       "%.100s%s%s: may the instance's account do that, and does the workflow "
                       "there allow it?", system_name, edit->id, text ? text : "",
                       wanted ? wanted : "", *said ? "; it said: " : "", said);
}

/* After the write said `written`: read back, close the ticket of the change, answer. */
static int settle(struct kn_ctx *ctx, const struct edit *edit, int ticket, int written,
                  const char *said)
{
        _ticket_ struct ticket now = { .json = NULL };
        _json_ json_t *observed = NULL;
        int r = system_get(ctx, edit->id, &now);

        if (r < 0) {
                deed_close(ctx, ticket, KN_EUNKNOWN, NULL);
                return written < 0 ? written : r;
        }
        observed = pick(now.json, edit->after);
        if (json_equal(observed, edit->after) && written != TICKET_STALE) {
                r = deed_close(ctx, ticket, KN_OK, observed);
                if (r == 0 && written < 0 && edit->comment)
                        return written;         /* the field is set, but was the comment said? */
                return r < 0 ? r : answer(ctx, edit, true);
        }
        if (written == KN_OK)
                written = fail_untrue(ctx, edit, observed, said);
        else if (written == TICKET_STALE)
                written = fail_conflict(ctx, edit, observed);
        deed_close(ctx, ticket, written, observed);
        return written;
}

static int carry_out(struct kn_ctx *ctx, const struct edit *edit)
{
        char said[TICKET_SAID] = "";
        int ticket;

        if (json_equal(edit->before, edit->after))
                return answer(ctx, edit, false);
        ticket = announce(ctx, edit);
        if (ticket < 0)
                return ticket;
        if (ticket == KN_SKIP)
                return answer(ctx, edit, true);
        return settle(ctx, edit, ticket, write_held(ctx, edit, said), said);
}

/* ---- the actions ---- */

int ticket_update(struct kn_ctx *ctx)
{
        static const char *const keys[] = { "subject", "status", "priority", "owner", "fields" };
        _cleanup_(free_edit) struct edit edit = { .undo_action = "update" };
        _ticket_ struct ticket now = { .json = NULL };
        _json_ json_t *args = json_loads(kn_str(ctx, KN_ARG, "", "{}"), 0, NULL);
        int r;

        edit.id = kn_arg_str(ctx, "id", "");
        edit.after = json_object();
        for (size_t i = 0; i < KN_ROWS(keys); i++)
                if (json_object_get(args, keys[i]))
                        json_object_set(edit.after, keys[i], json_object_get(args, keys[i]));
        if (json_object_size(edit.after) == 0)
                return kn_fail(ctx, KN_EARG, "nothing to change is named: give subject, status, "
                               "priority, owner or fields");
        r = system_get(ctx, edit.id, &now);
        if (r == 0)
                r = system_normal(ctx, &now, edit.after);
        if (r < 0)
                return r;
        edit.before = pick(now.json, edit.after);
        edit.read = &now;
        return carry_out(ctx, &edit);
}

/* Give the ticket a status, where it is not closed (or is not open) already. */
int ticket_set_status(struct kn_ctx *ctx, const struct ticket *now, const char *status,
                      const char *undo_action)
{
        _cleanup_(free_edit) struct edit edit = { .undo_action = undo_action };
        int r;

        edit.id = text_of(now->json, "id", "");
        edit.comment = kn_arg_str(ctx, "comment", NULL);
        edit.after = json_pack("{s:s}", "status", status);
        r = edit.after ? system_normal(ctx, now, edit.after) : KN_ENOMEM;
        if (r < 0)
                return r;
        edit.before = pick(now->json, edit.after);
        edit.read = now;
        return carry_out(ctx, &edit);
}

static int stay(struct kn_ctx *ctx, const struct ticket *now)
{
        const struct edit edit = { .id = text_of(now->json, "id", ""),
                                   .before = json_object(), .after = json_object() };
        int r;

        json_object_set(edit.before, "status", json_object_get(now->json, "status"));
        json_object_set(edit.after, "status", json_object_get(now->json, "status"));
        r = answer(ctx, &edit, false);
        json_decref(edit.before);
        json_decref(edit.after);
        return r;
}

int ticket_resolve(struct kn_ctx *ctx)
{
        _ticket_ struct ticket now = { .json = NULL };
        int r = system_get(ctx, kn_arg_str(ctx, "id", ""), &now);

        if (r < 0)
                return r;
        if (json_is_true(json_object_get(now.json, "closed")))
                return stay(ctx, &now);
        return ticket_set_status(ctx, &now, kn_config_str(ctx, "resolved_status", ""), "reopen");
}

int ticket_reopen(struct kn_ctx *ctx)
{
        _ticket_ struct ticket now = { .json = NULL };
        int r = system_get(ctx, kn_arg_str(ctx, "id", ""), &now);

        if (r < 0)
                return r;
        if (!json_is_true(json_object_get(now.json, "closed")))
                return stay(ctx, &now);
        return ticket_set_status(ctx, &now,
                                 kn_arg_str(ctx, "status", kn_config_str(ctx, "open_status", "")),
                                 "update");
}
