/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One change of one thing, whole: announce it, hold the thing to what it was, make the change, read
 * back, close the ticket. What a system says of its success decides nothing; what is read back does.
 */

#ifndef PLUGINS_CHANGE_H
#define PLUGINS_CHANGE_H

#include "cleanup.h"

#include <kaname/plugin.h>

#include <stdbool.h>

struct change {
        char *resource;                 /* owned, as all that follows but undo_action */
        json_t *before, *after;         /* NULL: it was not there, will not be there */
        const char *undo_action;        /* NULL: it could not be put back */
        json_t *undo_args;
};

struct change_way {
        const char *system;             /* "nginx": how sentences call it */
        /* The thing as it is now, NULL where it is not; also to look again after a failure. */
        int (*read)(struct kn_ctx *ctx, void *arg, json_t **ret);
        /* Make it so, without asking whether it came true. */
        int (*apply)(struct kn_ctx *ctx, const struct change *change, void *arg);
        bool has_cas;           /* apply() itself holds it to before: it is not read first */
        const char *why_untrue; /* what may be the matter when apply() did nothing; NULL: a guess */
};

/* 0: it is so already. 1: it was made, or in a plan would be. Else KN_E with the sentence set. */
int change_make(struct kn_ctx *ctx, const struct change *change, const struct change_way *way,
                void *arg);
/* The first step alone, for what cannot be read back: as kn_change(). */
int change_announce(struct kn_ctx *ctx, const struct change *change);
void change_done(struct change *change);
#define _change_ _cleanup_(change_done)

/* The call's result, of every action that changes one thing: fields, changed, before and after. */
int change_answer(struct kn_ctx *ctx, const struct change *change, bool changed, json_t *fields);

/* "dns/%s/%s": new; NULL: out of memory, which change_make() reports. */
__attribute__((format(printf, 1, 2)))
char *change_resource(const char *fmt, ...);
char *change_text(const json_t *value);                 /* canonical; NULL for NULL */
/* result (its reference is taken) becomes the call's. */
int change_give(struct kn_ctx *ctx, json_t *result);

#endif
