/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The actions that change a server, for every balancer: what the contract says of floors, undo,
 * conflicts and reading back stands here once, and a balancer brings the two things that only it
 * knows, how to read a pool and how to make a change.
 *
 * A server's value is what people manage, and what the ledger keeps:
 * {"address": "192.0.2.1:80", "check": true, "state": "ready", "weight": 100}.
 */

#ifndef LB_EDIT_H
#define LB_EDIT_H

#include "change.h"

enum lb_verb { LB_STATE, LB_WEIGHT, LB_ADD, LB_REMOVE };

/*
 * A pool as it was read: "servers" by name, each {"value", "sessions", "serves": takes new traffic
 * now, "plain": server.add could make it again as it is}; "revision" is the balancer's own.
 */
struct lb_edit {
        enum lb_verb verb;
        const char *pool, *server;
        struct change change;           /* of the server's value; NULL: no such server */
        json_t *read;                   /* the pool as last read, owned */
};

struct lb_balancer {
        const char *name;               /* "HAProxy" */
        const char *why_untrue;         /* what may be the matter when a command did nothing */
        int (*read)(struct kn_ctx *ctx, const char *pool, json_t **ret);
        /* Make it so, without asking whether it came true. */
        int (*apply)(struct kn_ctx *ctx, const struct lb_edit *edit);
};

/* The actions server.state, .weight, .add and .remove. */
int lb_set_state(struct kn_ctx *ctx, const struct lb_balancer *balancer);
int lb_set_weight(struct kn_ctx *ctx, const struct lb_balancer *balancer);
int lb_add(struct kn_ctx *ctx, const struct lb_balancer *balancer);
int lb_remove(struct kn_ctx *ctx, const struct lb_balancer *balancer);

json_t *lb_value(const char *address, bool check, const char *state, json_int_t weight);
const char *lb_state_of(const json_t *value);           /* "" for NULL */
json_int_t lb_weight_of(const json_t *value);
/* How many servers of a pool as read serve, but for one (NULL: of all). */
unsigned lb_serving(const json_t *read, const char *but);

#endif
