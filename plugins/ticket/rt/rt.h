/* SPDX-License-Identifier: Apache-2.0 */

/* Request Tracker's part: one call, a list of pages, and its tickets as ours. */

#ifndef PLUGINS_TICKET_RT_H
#define PLUGINS_TICKET_RT_H

#include "ticket/ticket.h"
#include "web.h"

int rt_call(struct kn_ctx *ctx, struct web_call *call);
/* GET path and give its JSON; doing as in struct web_call. */
int rt_get(struct kn_ctx *ctx, const char *path, const char *doing, json_t **ret);
/* The items of a collection, at most limit; path has a query already. ret_total may be NULL. */
int rt_list(struct kn_ctx *ctx, const char *path, const char *doing, int64_t limit, json_t **ret,
            int64_t *ret_total);
/* Our form of a ticket that REST2 gave; queue: its name. NULL: out of memory. */
json_t *rt_ticket(struct kn_ctx *ctx, const json_t *raw, const char *queue);
bool rt_is_closed(struct kn_ctx *ctx, const char *status);
/* A priority as we say it: a word, or the number. */
const char *rt_priority_word(const char *number);
const char *rt_priority_number(const char *word);               /* itself, where it is no word */
/* Append to an own text, in TicketSQL's quotes. */
bool rt_condition(char **sql, const char *start, const char *value);
int rt_poll(struct kn_ctx *ctx);

/* The collection's fields that rt_ticket() needs. */
#define RT_FIELDS "fields=Subject,Status,Owner,Priority,Created,LastUpdated,Creator,Queue" \
                  "&fields%%5BQueue%%5D=Name"

#endif
