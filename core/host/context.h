/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a callback of a plugin is handed, and the one implementation of the doors that all homes
 * share: the core, kaname-host and the mock differ only in the struct host_doors and the network
 * doors behind it. Values that travel with a call (arguments, configuration, the result) are served
 * here; the rest is checked here and passed on.
 */

#ifndef HOST_CONTEXT_H
#define HOST_CONTEXT_H

#include "base/json.h"
#include "base/map.h"
#include "base/arena.h"
#include "host/cancel.h"
#include "host/host.h"

#include <pthread.h>
#include <stdbool.h>

#define SENTENCE_SIZE 1024

struct context;

/* The doors to the network; a failure's sentence is set with context_say(). */
struct context_net {
        int (*http)(struct context *, struct kn_http *);
        int (*dial)(struct context *, const char *address, int64_t timeout_ms);
};

/* What the callback is about; all borrowed for its time. */
struct context_call {
        enum host_entry entry;
        const char *id, *action, *mode, *instance;
        uint32_t attempt;
        const json_t *args, *config;    /* config without its secrets */
};

struct context {
        struct kn_ctx kn;               /* first: what the plugin sees */
        struct context_call call;
        const struct host_doors *doors;
        void *arg;                      /* of the doors */
        const struct context_net *net;
        void *net_arg;                  /* theirs */
        struct cancel *cancel;          /* the caller's */
        uint64_t output_left, log_left; /* bytes that stream() and log() still take */
        struct arena arena;
        struct map seen;                /* path in the store: revision last read, for KN_CAS */
        json_t *result;
        char *sentence;                 /* in the arena; NULL: none was set */
        pthread_mutex_t lock;
        pthread_cond_t left;
        unsigned inside;                /* threads in a door of the hub's */
        bool is_detached;               /* the caller has gone: every door is closed */
};

extern const struct kn_host context_host;       /* today's table of doors */
extern const struct json_limits context_limits; /* of one value that crosses the border */

/* cancel stays the caller's. Then set call, net, output_left as they apply. */
void context_init(struct context *context, const struct host_doors *doors, void *arg,
                  struct cancel *cancel);
void context_deinit(struct context *context);
/*
 * Set the sentence of the failure that is about to be returned; gives code. Secrets that were read
 * are masked in it, as they are in log lines.
 */
int context_say(struct context *context, int code, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
void context_clean(char *text);
/*
 * The code that the caller gets for what a callback returned: a call that was called off ends as
 * that, and the ABI's codes are all there are. *ret_sentence is never NULL for a failure.
 */
int context_outcome(struct context *context, int returned, const char **ret_sentence);
/*
 * Behind create(), before the callback that the call is about: what create() put or said is not
 * its.
 */
void context_forget(struct context *context);
/*
 * The caller of a wedged callback leaves: returns when no door of its is in use, and none will be.
 */
void context_detach(struct context *context);
/* Around every use of what the caller handed in; false: it has left. */
bool context_enter(struct context *context);
void context_leave(struct context *context);
/* The doors get() and put(): context_values.c. */
int context_get(struct kn_ctx *ctx, uint32_t where, const char *path, struct kn_value *ret);
int context_put(struct kn_ctx *ctx, uint32_t where, const char *path, const struct kn_value *value);
/* "the plugin returned KN_EREMOTE without a sentence" is worth a warning to its author. */
bool context_is_speechless(const struct context *context, int returned);

#endif
