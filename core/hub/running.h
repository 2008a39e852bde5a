/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One running execution, as its runner sees it. A runner is a row of a table that the hub is given
 * (hub_options.runners): the hub claims and finishes, the runner runs. The doors that a plugin's
 * call goes through are here too, since more than one runner calls plugins.
 */

#ifndef HUB_RUNNING_H
#define HUB_RUNNING_H

#include "base/cleanup.h"
#include "base/list.h"
#include "host/host.h"
#include "hub/hub.h"

#include <pthread.h>
#include <stdatomic.h>

struct runner;

/* What the change door does with the calls of one execution, see change.c. */
enum guard_mode { GUARD_RECORD, GUARD_SKIP, GUARD_EXACT };

struct guard {
        enum guard_mode mode;
        uint32_t n;                     /* changes announced so far in this pass */
        uint32_t recorded;              /* rows written to the ledger by this execution */
        json_t *rows; /* GUARD_SKIP: what was announced, [{resource, before, after, …}] */
        json_t *expected;               /* GUARD_EXACT: the approved rows, in order; borrowed */
        json_t *conflict; /* {resource, before, found, wanted} once a call broke the rule */
        bool is_partial;                /* the action said KN_EUNKNOWN */
        bool allows_done; /* GUARD_EXACT: what is already as wanted is no conflict (undo) */
};

struct running {
        atomic_uint refs;
        struct hub *hub;
        struct list link;               /* in hub->running, from start to finish */
        const struct runner *runner;
        struct catalog *catalog;        /* keeps action, instance, row */
        const struct catalog_action *action;
        const struct catalog_instance *instance;
        const struct manifest_action *row;
        struct store_claim claim;
        struct id event, parent, plan;
        struct id root; /* the event at the head of the chain: what one undo takes back */
        json_t *params;                 /* in the clear */
        json_t *context;
        char *action_ref, *rule, *user, *mode;
        int64_t made_mono_us; /* when what caused it was read; 0: it waited in the store */
        bool is_timed;        /* timeout_ms was asked for: it bounds what parameters allow */
        int64_t started_ms, deadline_mono_ms, timeout_ms;
        uint32_t retries_left;
        int64_t retry_delay_ms;
        enum store_status retries_only; /* STORE_FAILED, STORE_TIMEOUT; 0: both */
        bool is_released;               /* a person let it go: no breaker holds it again */
        int64_t due_ms;                 /* it was claimed because this time came; 0: not so */
        json_t *counted;                /* the tallies of policies that it counts in */
        atomic_bool is_canceled, is_over;

        pthread_mutex_t lock;           /* guards what several threads of one call touch */
        struct output *output;
        struct guard guard;
        void *private;                  /* the runner's own state */
        json_t *undone;                 /* an undo's: the rows that were put back */
        struct host_call *call;         /* the plugin runner's, under lock */

        bool has_entered;               /* it is in hub->running, and has a slot */
        enum store_status end_status;   /* kept while the disk is full */
        char *end_result;
        json_t *end_json;
        int64_t end_ms;
        struct list unfinished;
};

struct running *running_ref(struct running *r);
struct running *running_unref(struct running *r);
CLEANUP_DEFINE(struct running *, running_unref);
/* It is over: status, result (stolen, may be NULL). Once; any thread. */
void running_finish(struct running *r, enum store_status status, json_t *result);
/*
 * As finish, for a runner that failed: result {"error": sentence, "code": code}; retries where it
 * may.
 */
void running_fail(struct running *r, enum store_status status, const char *code,
                  const char *sentence);
/* The same with a result of the runner's own (stolen); sentence: why, for as long as it waits. */
void running_fail_as(struct running *r, enum store_status status, json_t *result,
                     const char *sentence);
/* Its claim ends, it does not: wait with this status until this time (0: none). */
void running_wait(struct running *r, enum store_status status, int64_t until_ms,
                  const char *note);
void running_output(struct running *r, const char *stream, const void *data, size_t len);

struct runner {
        const char *name;
        /* Ends in running_finish(), now or later; quick; any thread. */
        void (*start)(struct running *r);
        void (*cancel)(struct running *r);      /* hurry it; may be NULL */
        /*
         * The hub ends first: let go of what start() took; may be NULL. The loop does not run any
         * more.
         */
        void (*abandon)(struct running *r);
        /* Add to the commit of the result what belongs to it; may be NULL. */
        void (*record)(struct running *r, struct store_txn *txn);
        bool is_idempotent;             /* what a crash cut off may simply be started again */
};

/* The runner of questions to people (inquiry.c). */
void inquiry_start(struct running *r);
/* The runner of workflows (workflow.c): no thread waits for what they run. */
void workflow_start(struct running *r);

/* What runners use of the hub. */
struct loop *hub_loop(struct hub *hub);
struct pool *hub_pool(struct hub *hub);
struct host *hub_host(struct hub *hub);
void hub_announce(struct hub *hub, const struct hub_notice *notice);

/* The rows of an execution's ledger or plan as JSON, in order (change.c). */
int change_rows(struct hub *hub, const struct store_change_filter *filter, json_t **ret,
                struct fault *fault);
bool guard_equal(const json_t *a, const json_t *b);

/* ---- plugin calls: of executions, undos, sensors and checks (doors.c) ---- */

struct call {
        struct running *r;              /* NULL for sensors and checks */
        struct hub *hub;
        const struct catalog_instance *instance;
        void (*done)(struct call *call, int code, const char *sentence, json_t *result);
        void *arg;
};
extern const struct host_doors plugin_doors;            /* arg: struct call */
int call_secret(struct hub *hub, const struct catalog_instance *instance, const char *path,
                char **ret);
/* A failure's status and stable code. */
enum store_status call_status(int code);

#endif
