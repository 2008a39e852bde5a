/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the ticket plugins share: the actions of the contract, written once over a small interface
 * that each system implements (system_*, below). A plugin is these files and its own, linked
 * together.
 *
 * A ticket is the JSON that *get* answers, without its comments. What shall be set of one is a JSON
 * object with some of subject, status, priority, owner and fields, in the words that reading gives
 * (see system_normal), so that equal is equal. Functions return KN_OK or a KN_E with the sentence
 * set.
 */

#ifndef PLUGINS_TICKET_H
#define PLUGINS_TICKET_H

#include "cleanup.h"

#include <kaname/plugin.h>

#include <stdbool.h>
#include <strings.h>

#define TICKET_SAID 200

/* A ticket, and what the system calls this state of it (an ETag), where it calls it anything. */
struct ticket {
        json_t *json;
        json_t *raw;                    /* as the system gave it: only for the system's own part */
        char stamp[80];
};

void ticket_free(struct ticket *ticket);
#define _ticket_ _cleanup_(ticket_free)

/* ---- one thing in the world that changes (deed.c) ---- */

struct deed {
        const char *resource;
        const json_t *before, *after;   /* NULL: not there */
        const char *undo_action;        /* NULL: it cannot be undone */
        const json_t *undo_args;
};

int deed_announce(struct kn_ctx *ctx, const struct deed *deed);         /* as kn_change() */
int deed_close(struct kn_ctx *ctx, int ticket, int outcome, const json_t *observed);
int give(struct kn_ctx *ctx, json_t *result);           /* the action's result; takes the reference */
char *canonical(const json_t *json);                    /* NULL for NULL, and out of memory */
const char *text_of(const json_t *object, const char *key, const char *or_else);

/* What a field is set to: the lines of the text, or the text where it is one line; new. */
json_t *ticket_lines(const char *text);

/* ---- shared walks ---- */

/* Give it a status (edit.c), with the argument "comment" said. */
int ticket_set_status(struct kn_ctx *ctx, const struct ticket *now, const char *status,
                      const char *undo_action);

/* ---- links to executions (link.c) ---- */

/* What stands before an execution's id in a link; configured. */
const char *link_prefix(struct kn_ctx *ctx);
char *link_to(struct kn_ctx *ctx, const char *execution);
bool has_execution(const json_t *ticket, const char *execution);

/* ---- what a system implements ---- */

extern const char system_name[];                /* "Request Tracker" */
/* The status of a ticket that was taken back; NULL: such a ticket is deleted. */
const char *system_withdrawn(struct kn_ctx *ctx);

int system_get(struct kn_ctx *ctx, const char *id, struct ticket *ret);
/* Add the description, which may cost a request of its own. */
int system_describe(struct kn_ctx *ctx, struct ticket *ticket);
/* The latest, oldest first: [{id, author, created, text, private}]. */
int system_comments(struct kn_ctx *ctx, const char *id, int64_t limit, json_t **ret);
/*
 * Put what is wanted into the words that reading gives, or say that there is no such status,
 * priority, owner or field. now NULL: for a new ticket, wanted names queue and maybe kind.
 */
int system_normal(struct kn_ctx *ctx, const struct ticket *now, json_t *wanted);
/* wanted: normal; queue, subject, description, execution, and more. */
int system_create(struct kn_ctx *ctx, const json_t *wanted, char ret_id[32]);
/*
 * comment: said with it, NULL: nothing. TICKET_STALE, no sentence: the ticket is not as now any
 * more, nothing was written. What the system answered goes to said, for the sentence where it is
 * not true.
 */
enum { TICKET_STALE = 1 };
int system_write(struct kn_ctx *ctx, const struct ticket *now, const json_t *set,
                 const char *comment, char said[TICKET_SAID]);
int system_comment(struct kn_ctx *ctx, const char *id, const char *text, bool is_private);
int system_link(struct kn_ctx *ctx, const struct ticket *now, const char *execution, bool is_on);
int system_delete(struct kn_ctx *ctx, const char *id);
/* asked: the action's arguments. The latest changed first, and how many fit. */
int system_search(struct kn_ctx *ctx, const json_t *asked, int64_t limit, json_t **ret,
                  int64_t *ret_count);

/* ---- events (watch.c) ---- */

/* What happened to a ticket. by, changes: only of an update. */
struct happening {
        const char *id;                 /* of the event: accepted once */
        const json_t *ticket;
        const char *by, *at;
        const json_t *changes;          /* [{field, before, after}] */
        bool is_created, is_commented, is_resolved;
};

int ticket_tell(struct kn_ctx *ctx, const struct happening *happening);

/* ---- the rows for the plugin's tables ---- */

int ticket_create(struct kn_ctx *ctx);
int ticket_get(struct kn_ctx *ctx);
int ticket_update(struct kn_ctx *ctx);
int ticket_comment(struct kn_ctx *ctx);
int ticket_resolve(struct kn_ctx *ctx);
int ticket_reopen(struct kn_ctx *ctx);
int ticket_withdraw(struct kn_ctx *ctx);
int ticket_link(struct kn_ctx *ctx);
int ticket_unlink(struct kn_ctx *ctx);
int ticket_search(struct kn_ctx *ctx);

/* Summaries and schemas stand in the domain's contract. */
#define TICKET_READS (KN_IDEMPOTENT | KN_READONLY)
#define TICKET_ACTIONS \
        { .name = "create", .run = ticket_create, .flags = KN_IDEMPOTENT }, \
        { .name = "get", .run = ticket_get, .flags = TICKET_READS }, \
        { .name = "update", .run = ticket_update, .flags = KN_IDEMPOTENT }, \
        { .name = "comment", .run = ticket_comment }, \
        { .name = "resolve", .run = ticket_resolve, .flags = KN_IDEMPOTENT }, \
        { .name = "reopen", .run = ticket_reopen, .flags = KN_IDEMPOTENT }, \
        { .name = "withdraw", .run = ticket_withdraw, .flags = KN_IDEMPOTENT }, \
        { .name = "link", .run = ticket_link, .flags = KN_IDEMPOTENT }, \
        { .name = "unlink", .run = ticket_unlink, .flags = KN_IDEMPOTENT }, \
        { .name = "search", .run = ticket_search, .flags = TICKET_READS }

#endif
