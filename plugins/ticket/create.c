/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Opening a ticket, taking it back, and commenting: what adds to the world, so that doing it twice
 * is worse than not at all.
 *
 * A new ticket carries a link to the execution that opens it. That link answers the two questions
 * of a bad day: was the answer lost, or the request? And: did an earlier attempt of this execution
 * open it already? It also names the ticket for undo, before the ticket has a number.
 */

#include "ticket/ticket.h"

/* The ticket that an execution opened; false: there is none (or r < 0). */
static int find_created(struct kn_ctx *ctx, const char *execution, const char *subject,
                        struct ticket *ret)
{
        _json_ json_t *asked = json_pack("{s:s}", "execution", execution), *found = NULL;
        const json_t *one;
        int64_t count;
        size_t i;
        int r = asked ? system_search(ctx, asked, 100, &found, &count) : KN_ENOMEM;

        if (r < 0)
                return r;
        json_array_foreach(found, i, one)
                if (strcmp(text_of(one, "subject", ""), subject) == 0)
                        return system_get(ctx, text_of(one, "id", ""), ret);
        return KN_OK;
}

/* "ticket/General/Disk full"; a slash in a part is written %2F. */
static char *resource_of(const char *queue, const char *subject)
{
        const char *parts[] = { queue, subject };
        char *ret = malloc(strlen(queue) * 3 + strlen(subject) * 3 + 16), *to = ret;

        if (!ret)
                return NULL;
        to += sprintf(to, "ticket");
        for (size_t i = 0; i < 2; i++) {
                *to++ = '/';
                for (const char *s = parts[i]; *s; s++)
                        to += sprintf(to, *s == '/' ? "%%2F" : "%c", *s);
        }
        *to = 0;
        return ret;
}

/* What the ledger keeps of a ticket that came or went. */
static json_t *identity(const struct ticket *ticket)
{
        return json_pack("{s:O, s:O, s:O}", "id", json_object_get(ticket->json, "id"), "queue",
                         json_object_get(ticket->json, "queue"), "subject",
                         json_object_get(ticket->json, "subject"));
}

/* ---- create ---- */

static int answer_created(struct kn_ctx *ctx, struct ticket *ticket, bool changed)
{
        int r = system_describe(ctx, ticket);

        return r < 0 ? r : give(ctx, json_pack("{s:b, s:O, s:O, s:O}", "changed", changed, "id",
                                   json_object_get(ticket->json, "id"), "url",
                                   json_object_get(ticket->json, "url"), "ticket", ticket->json));
}

static int announce_creation(struct kn_ctx *ctx, const json_t *wanted, const char *execution)
{
        const char *queue = text_of(wanted, "queue", ""), *subject = text_of(wanted, "subject", "");
        _free_ char *resource = resource_of(queue, subject);
        _json_ json_t *undo = json_pack("{s:s, s:s, s:s}", "execution", execution, "queue", queue,
                                        "subject", subject);
        const struct deed deed = { .resource = resource, .after = wanted,
                                   .undo_action = "withdraw", .undo_args = undo };

        return resource && undo ? deed_announce(ctx, &deed) : KN_ENOMEM;
}

/* The first thing that was wanted and is not so; NULL: all is. */
static const char *missing(const json_t *wanted, const struct ticket *made)
{
        static const char *const keys[] = { "subject", "kind", "priority", "owner" };
        json_t *value;
        const char *name;

        for (size_t i = 0; i < KN_ROWS(keys); i++)
                if (json_object_get(wanted, keys[i]) &&
                    !json_equal(json_object_get(wanted, keys[i]),
                                json_object_get(made->json, keys[i])))
                        return keys[i];
        json_object_foreach(json_object_get(wanted, "fields"), name, value)
                if (strcmp(json_string_value(value),
                           text_of(json_object_get(made->json, "fields"), name, "")) != 0)
                        return name;
        return NULL;
}

/* written: what the system said of it; made: what is there, where anything is. */
static int settle_creation(struct kn_ctx *ctx, const json_t *wanted, int ticket, int written,
                           struct ticket *made)
{
        _json_ json_t *observed = made->json ? identity(made) : NULL;
        const char *id = text_of(made->json, "id", ""), *lacks;
        int r;

        if (!made->json) {
                if (written == KN_OK)
                        written = kn_fail(ctx, KN_ECONFLICT, "%s reported success, but the new "
                                          "ticket cannot be read: may the instance's account see "
                                          "the queue %.80s?", system_name,
                                          text_of(wanted, "queue", ""));
                deed_close(ctx, ticket, written, NULL);
                return written;
        }
        r = deed_close(ctx, ticket, KN_OK, observed);
        if (r < 0)
                return r;
        lacks = missing(wanted, made);
        r = answer_created(ctx, made, true);
        return !lacks ? r
                : kn_fail(ctx, KN_ECONFLICT, "ticket %s is open, but %s left its %.80s at something "
                          "else than was asked: is that value right there, and may the instance's "
                          "account set it?", id, system_name, lacks);
}

static int carry_out(struct kn_ctx *ctx, json_t *wanted, const char *execution, int ticket)
{
        _ticket_ struct ticket made = { .json = NULL };
        char id[32] = "";
        int r, read;

        json_object_set_new(wanted, "execution", json_string(execution));
        r = system_create(ctx, wanted, id);
        json_object_del(wanted, "execution");
        read = r == 0 ? system_get(ctx, id, &made)
                : r == KN_EREMOTE || r == KN_ETIMEOUT || r == KN_ETEMP
                ? find_created(ctx, execution, text_of(wanted, "subject", ""), &made) : KN_OK;
        if (read < 0) {
                deed_close(ctx, ticket, KN_EUNKNOWN, NULL);
                return r < 0 ? r : read;
        }
        return settle_creation(ctx, wanted, ticket, r, &made);
}

int ticket_create(struct kn_ctx *ctx)
{
        static const char *const keys[] = { "queue", "subject", "description", "kind", "priority",
                                            "owner", "fields" };
        _json_ json_t *args = json_loads(kn_str(ctx, KN_ARG, "", "{}"), 0, NULL);
        _json_ json_t *wanted = json_object();
        _ticket_ struct ticket made = { .json = NULL };
        const char *execution = kn_str(ctx, KN_CALL, "id", "");
        int ticket, r = KN_OK;

        for (size_t i = 0; i < KN_ROWS(keys); i++)
                if (json_object_get(args, keys[i]))
                        json_object_set(wanted, keys[i], json_object_get(args, keys[i]));
        if (kn_int(ctx, KN_CALL, "attempt", 1) > 1)
                r = find_created(ctx, execution, text_of(wanted, "subject", ""), &made);
        if (r < 0 || made.json)
                return r < 0 ? r : answer_created(ctx, &made, false);
        r = system_normal(ctx, NULL, wanted);
        if (r < 0)
                return r;
        ticket = announce_creation(ctx, wanted, execution);
        if (ticket == KN_SKIP)
                return give(ctx, json_pack("{s:b, s:n, s:n, s:n}", "changed", 1, "id", "url",
                                           "ticket"));
        return ticket < 0 ? ticket : carry_out(ctx, wanted, execution, ticket);
}

/* ---- withdraw ---- */

/* As the contract has it; an undo comes without the contract's defaults. */
#define WITHDRAWN "Withdrawn: opened by mistake."

static int answer_withdrawn(struct kn_ctx *ctx, const struct ticket *ticket, bool changed)
{
        const char *status = system_withdrawn(ctx);

        return give(ctx, json_pack("{s:b, s:s?, s:b}", "changed", changed, "id",
                                   text_of(ticket->json, "id", NULL), "deleted",
                                   !status || strcmp(status, "deleted") == 0));
}

/* Delete it, or close it; whatever else happened to it meanwhile. */
static int take_back(struct kn_ctx *ctx, const struct ticket *ticket)
{
        const char *status = system_withdrawn(ctx), *id = text_of(ticket->json, "id", "");
        _json_ json_t *set = json_pack("{s:s?}", "status", status);
        char said[TICKET_SAID];
        int r = TICKET_STALE;

        if (!status)
                return system_delete(ctx, id);
        for (int i = 0; i < 4 && r == TICKET_STALE; i++) {
                _ticket_ struct ticket now = { .json = NULL };

                r = system_get(ctx, id, &now);
                if (r == 0)
                        r = system_normal(ctx, &now, set);
                if (r == 0)
                        r = system_write(ctx, &now, set,
                                         kn_arg_str(ctx, "comment", WITHDRAWN), said);
        }
        return r == TICKET_STALE
                ? kn_fail(ctx, KN_ETEMP, "ticket %s is changed by others all the time", id) : r;
}

static int settle_withdrawal(struct kn_ctx *ctx, const struct ticket *ticket, int change,
                             int written)
{
        _ticket_ struct ticket now = { .json = NULL };
        const char *id = text_of(ticket->json, "id", ""), *status = system_withdrawn(ctx);
        int r = system_get(ctx, id, &now);
        bool is_done = r == KN_ENOENT ||
                (r == 0 && status && strcasecmp(text_of(now.json, "status", ""), status) == 0);

        if (r < 0 && !is_done) {
                deed_close(ctx, change, KN_EUNKNOWN, NULL);
                return written < 0 ? written : r;
        }
        if (is_done) {
                r = deed_close(ctx, change, KN_OK, NULL);
                return r < 0 ? r : answer_withdrawn(ctx, ticket, true);
        }
        if (written == KN_OK)
                written = kn_fail(ctx, KN_ECONFLICT, "%s reported success, but ticket %s is there "
                                  "with status %s: may the instance's account do that?",
                                  system_name, id, text_of(now.json, "status", "?"));
        deed_close(ctx, change, written, ticket->json);
        return written;
}

/* resource, and the row that goes; back by nobody: who undid a creation creates anew. */
static int withdraw(struct kn_ctx *ctx, const struct ticket *ticket, const char *resource)
{
        _json_ json_t *before = identity(ticket);
        const struct deed deed = { .resource = resource, .before = before };
        int change = before ? deed_announce(ctx, &deed) : KN_ENOMEM;

        if (change < 0)
                return change;
        if (change == KN_SKIP)
                return answer_withdrawn(ctx, ticket, true);
        return settle_withdrawal(ctx, ticket, change, take_back(ctx, ticket));
}

static int withdraw_created(struct kn_ctx *ctx)
{
        _ticket_ struct ticket ticket = { .json = NULL };
        const char *subject = kn_arg_str(ctx, "subject", "");
        _free_ char *resource = resource_of(kn_arg_str(ctx, "queue", ""), subject);
        int r = find_created(ctx, kn_arg_str(ctx, "execution", ""), subject, &ticket);

        if (r < 0)
                return r;
        if (!ticket.json || json_is_true(json_object_get(ticket.json, "closed")))
                return answer_withdrawn(ctx, &ticket, false);
        return resource ? withdraw(ctx, &ticket, resource) : KN_ENOMEM;
}

int ticket_withdraw(struct kn_ctx *ctx)
{
        _ticket_ struct ticket ticket = { .json = NULL };
        const char *id = kn_arg_str(ctx, "id", NULL), *status = system_withdrawn(ctx);
        char resource[40];
        int r;

        if (!id)
                return withdraw_created(ctx);
        r = system_get(ctx, id, &ticket);
        if (r == KN_ENOENT && !status)
                return answer_withdrawn(ctx, &ticket, false);
        if (r < 0)
                return r;
        if (status && strcasecmp(text_of(ticket.json, "status", ""), status) == 0)
                return answer_withdrawn(ctx, &ticket, false);
        if (status) {
                r = ticket_set_status(ctx, &ticket, status, "update");
                return r < 0 ? r : answer_withdrawn(ctx, &ticket, true);
        }
        snprintf(resource, sizeof resource, "ticket/%s", id);
        return withdraw(ctx, &ticket, resource);
}
