/* SPDX-License-Identifier: Apache-2.0 */

/* Redmine's part: requests, what its numbers mean, issues as tickets, and users as accounts. */

#ifndef PLUGINS_TICKET_REDMINE_H
#define PLUGINS_TICKET_REDMINE_H

#include "ticket/ticket.h"
#include "web.h"

/*
 * What an instance keeps of Redmine's numbers. Identifiers of projects never change; the rest is
 * asked anew by each call (redmine_forget).
 */
struct redmine {
        json_t *projects;               /* "1" → "kaname" */
        json_t *logins;                 /* "5" → "ada", of this call */
        json_t *ids;                    /* {status_id, priority_id, …, fields: {name: id}}: what
                                         * system_normal() found out for the write that follows */
};

int redmine_create(struct kn_ctx *ctx);
void redmine_destroy(struct kn_ctx *ctx);
struct redmine *redmine_of(struct kn_ctx *ctx);
void redmine_forget(struct kn_ctx *ctx);

/* ---- requests (api.c) ---- */

int redmine_call(struct kn_ctx *ctx, struct web_call *call);
/* GET; the object or list that stands under key in the answer, e.g. "issue". */
int redmine_get(struct kn_ctx *ctx, const char *path, const char *key, const char *doing,
                json_t **ret);
/* A list over its pages, at most limit; path has a query already. ret_total may be NULL. */
int redmine_list(struct kn_ctx *ctx, const char *path, const char *key, int64_t limit, json_t **ret,
                 int64_t *ret_total);
/* A request with JSON {key: body}; ret_reply may be NULL. Takes the reference of body. */
int redmine_send(struct kn_ctx *ctx, const char *method, const char *path, const char *doing,
                 const char *key, json_t *body, json_t **ret_reply);
long long id_of(const json_t *object);                          /* its "id"; 0: none */

/* ---- what numbers mean (words.c) ---- */

/* A user's login; "#5" where the account may not see logins, or it is a group. NULL: no memory. */
const char *redmine_login(struct kn_ctx *ctx, const json_t *user);
int redmine_user_id(struct kn_ctx *ctx, const char *login, long long *ret);
/* Issue and project as *ret, see struct ticket; NULL-safe. */
int redmine_ticket(struct kn_ctx *ctx, const json_t *issue, json_t **ret);

/* ---- executions in the description (text.c) ---- */

json_t *executions_in(struct kn_ctx *ctx, const char *description);
/* The description without links; with one more; with one less. Line ends are \n. */
char *description_without(struct kn_ctx *ctx, const char *description, const char *execution);
char *description_with(struct kn_ctx *ctx, const char *description, const char *execution);

int redmine_poll(struct kn_ctx *ctx);

#endif
