/* SPDX-License-Identifier: Apache-2.0 */

/* The actions that only look. */

#include "ticket/ticket.h"

int ticket_get(struct kn_ctx *ctx)
{
        _ticket_ struct ticket ticket = { .json = NULL };
        _json_ json_t *comments = NULL;
        const char *id = kn_arg_str(ctx, "id", "");
        int64_t limit = kn_arg_int(ctx, "comments", 100);
        int r = system_get(ctx, id, &ticket);

        if (r == 0)
                r = system_describe(ctx, &ticket);
        if (r == 0 && limit > 0)
                r = system_comments(ctx, id, limit, &comments);
        if (r < 0)
                return r;
        json_object_set_new(ticket.json, "comments",
                            comments ? json_incref(comments) : json_array());
        return give(ctx, json_incref(ticket.json));
}

int ticket_search(struct kn_ctx *ctx)
{
        _json_ json_t *asked = json_loads(kn_str(ctx, KN_ARG, "", "{}"), 0, NULL);
        _json_ json_t *found = NULL;
        int64_t limit = kn_arg_int(ctx, "limit", 100), count = 0;
        int r = asked ? system_search(ctx, asked, limit, &found, &count) : KN_ENOMEM;

        if (r < 0)
                return r;
        return give(ctx, json_pack("{s:I, s:b, s:O}", "count", (json_int_t)count, "truncated",
                                   count > (int64_t)json_array_size(found), "tickets", found));
}
