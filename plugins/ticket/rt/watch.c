/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What happens to tickets. Request Tracker keeps a log of all there is, transactions with growing
 * numbers; the cursor is the last one told. Numbers are given out before they are committed, so one
 * may show up after its successor: the last few are looked at again, and those that were told are
 * remembered.
 */

#include "rt.h"

#define AGAIN 50                        /* numbers before the last one */
#define AT_ONCE 100                     /* transactions a poll */

struct watch {
        struct kn_ctx *ctx;
        json_t *tickets;                /* id → ticket, of this poll */
        json_t *seen;                   /* number → true */
        long long first, last;          /* nothing before first is told */
};

static void free_watch(struct watch *watch)
{
        json_decref(watch->tickets);
        json_decref(watch->seen);
}

/* Bookkeeping that is no news: mail that was sent, and the second word on each owner. */
static bool is_news(const char *type)
{
        static const char *const quiet[] = { "EmailRecord", "CommentEmailRecord", "SetWatcher",
                                             "SystemError", "ForwardTicket", "Told" };

        for (size_t i = 0; i < KN_ROWS(quiet); i++)
                if (strcmp(type, quiet[i]) == 0)
                        return false;
        return true;
}

/* NULL in *ret: the account may not see it. */
static int ticket_of(struct watch *watch, const char *id, const json_t **ret)
{
        _ticket_ struct ticket ticket = { .json = NULL };
        int r = 0;

        *ret = json_object_get(watch->tickets, id);
        if (!*ret)
                r = system_get(watch->ctx, id, &ticket);
        if (r == KN_ENOENT || r == KN_EAUTH)
                return KN_OK;
        if (!*ret && r == 0) {
                json_object_set(watch->tickets, id, ticket.json);
                *ret = json_object_get(watch->tickets, id);
        }
        return r;
}

static json_t *changes_of(const json_t *row)
{
        const char *field = text_of(row, "Field", "");

        return *field ? json_pack("[{s:s, s:s?, s:s?}]", "field", field, "before",
                                  text_of(row, "OldValue", NULL), "after",
                                  text_of(row, "NewValue", NULL)) : json_array();
}

static bool is_resolution(struct kn_ctx *ctx, const json_t *row)
{
        const char *to = text_of(row, "NewValue", "");

        return strcmp(text_of(row, "Type", ""), "Status") == 0 && strcmp(to, "deleted") != 0 &&
                rt_is_closed(ctx, to) && !rt_is_closed(ctx, text_of(row, "OldValue", ""));
}

static int tell(struct watch *watch, const json_t *row)
{
        const char *type = text_of(row, "Type", "");
        _json_ json_t *changes = changes_of(row);
        char id[60];
        struct happening happening = {
                .id = id, .by = text_of(json_object_get(row, "Creator"), "id", NULL),
                .at = text_of(row, "Created", ""), .changes = changes,
                .is_created = strcmp(type, "Create") == 0,
                .is_commented = strcmp(type, "Comment") == 0 || strcmp(type, "Correspond") == 0,
                .is_resolved = is_resolution(watch->ctx, row),
        };
        int r = ticket_of(watch, text_of(row, "ObjectId", ""), &happening.ticket);

        snprintf(id, sizeof id, "rt-%s", text_of(row, "id", ""));
        return r < 0 || !happening.ticket ? r : ticket_tell(watch->ctx, &happening);
}

static int tell_new(struct watch *watch, const json_t *rows)
{
        const json_t *row;
        size_t i;

        json_array_foreach(rows, i, row) {
                const char *id = text_of(row, "id", "0");
                int r = 0;

                if (json_object_get(watch->seen, id))
                        continue;
                if (is_news(text_of(row, "Type", "")))
                        r = tell(watch, row);
                if (r < 0)
                        return r;
                json_object_set_new(watch->seen, id, json_true());
                if (atoll(id) > watch->last)
                        watch->last = atoll(id);
        }
        return KN_OK;
}

static int read_rows(struct kn_ctx *ctx, long long after, const char *order, int64_t limit,
                     json_t **ret)
{
        char sql[100];
        _free_ char *path = NULL;

        snprintf(sql, sizeof sql, "ObjectType = 'RT::Ticket' AND id > %lld", after);
        path = web_path("/transactions?query=%s&fields=Type,Field,OldValue,NewValue,Created,"
                        "Creator,ObjectId&orderby=id&order=%s", sql, order);
        return rt_list(ctx, path, "what happened to tickets", limit, ret, NULL);
}

static int keep(struct watch *watch)
{
        _json_ json_t *seen = json_object(), *cursor = NULL;
        _free_ char *text = NULL;
        const char *id;
        json_t *value;

        json_object_foreach(watch->seen, id, value)
                if (atoll(id) > watch->last - AGAIN)
                        json_object_set(seen, id, value);
        cursor = json_pack("{s:I, s:I, s:O}", "first", (json_int_t)watch->first, "last",
                           (json_int_t)watch->last, "seen", seen);
        text = canonical(cursor);
        return text ? kn_put_text(watch->ctx, KN_STORE, "cursor", KN_JSONTEXT, text) : KN_ENOMEM;
}

/* The first look tells nothing: all that is there happened before anybody asked. */
static int begin(struct watch *watch)
{
        _json_ json_t *rows = NULL;
        int r = read_rows(watch->ctx, 0, "DESC", 1, &rows);

        watch->first = watch->last = atoll(text_of(json_array_get(rows, 0), "id", "0"));
        return r < 0 ? r : keep(watch);
}

int rt_poll(struct kn_ctx *ctx)
{
        _cleanup_(free_watch) struct watch watch = { .ctx = ctx, .tickets = json_object() };
        _json_ json_t *cursor = json_loads(kn_str(ctx, KN_STORE, "cursor", "null"), 0, NULL);
        _json_ json_t *rows = NULL;
        long long after;
        int r;

        kn_put_int(ctx, KN_CALL, "again_ms", KN_INT, kn_config_int(ctx, "poll_s", 30) * 1000);
        watch.seen = json_deep_copy(json_object_get(cursor, "seen"));
        if (!json_is_object(watch.seen)) {
                json_decref(watch.seen);
                watch.seen = json_object();
        }
        if (!json_is_object(cursor))
                return begin(&watch);
        watch.first = json_integer_value(json_object_get(cursor, "first"));
        watch.last = json_integer_value(json_object_get(cursor, "last"));
        after = watch.last - AGAIN > watch.first ? watch.last - AGAIN : watch.first;
        r = read_rows(ctx, after, "ASC", AT_ONCE + AGAIN, &rows);
        if (r == 0)
                r = tell_new(&watch, rows);
        if (r < 0)
                return r;
        if (json_array_size(rows) == AT_ONCE + AGAIN)
                kn_put_int(ctx, KN_CALL, "again_ms", KN_INT, 10);
        return keep(&watch);
}
