/* SPDX-License-Identifier: Apache-2.0 */

/* What the files of this room share, and nobody else sees. */

#ifndef HUB_ROOM_H
#define HUB_ROOM_H

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/text.h"
#include "host/host.h"
#include "hub/hub.h"
#include "loop/loop.h"
#include "loop/pool.h"
#include "store/output.h"
#include "store/seal.h"

#include <pthread.h>
#include <stdatomic.h>

#define HUB_SYSTEM_USER "system"

/* ---- a running execution (execution.c) ---- */

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
        atomic_bool is_canceled, is_over;

        pthread_mutex_t lock;           /* guards what several threads of one call touch */
        struct output *output;
        struct guard guard;
        void *private;                  /* the runner's own state */
        json_t *undone;                 /* an undo's: the rows that were put back */
        struct host_call *call;         /* the plugin runner's, under lock */

        enum store_status end_status;   /* kept while the disk is full */
        char *end_result;
        int64_t end_ms;
        struct list unfinished;
};

struct running *running_ref(struct running *r);
struct running *running_unref(struct running *r);
CLEANUP_DEFINE(struct running *, running_unref);
CLEANUP_DEFINE(struct catalog *, catalog_unref);
struct running *running_find(struct hub *hub, const struct id *id);     /* a reference, or NULL */
/* From a request that was just checked; params and context are taken. */
struct running *running_new(struct hub *hub, struct catalog *catalog,
                            const struct catalog_action *action);
/* From a record of the queue. FAULT where its action is gone or its runner is not here. */
int running_load(struct hub *hub, const struct store_execution *record, struct running **ret,
                 struct fault *fault);
/* Its claim is committed: go. Any thread; takes the reference. */
void running_start(struct running *r);
/* It is over: status, result (stolen, may be NULL). Once; any thread. */
void running_finish(struct running *r, enum store_status status, json_t *result);
/*
 * As finish, for a runner that failed: result {"error": sentence, "code": code}; retries where it
 * may.
 */
void running_fail(struct running *r, enum store_status status, const char *code,
                  const char *sentence);
void running_cancel(struct running *r);
void running_output(struct running *r, const char *stream, const void *data, size_t len);
/* Finish again what a full disk kept from being recorded. */
void running_flush(struct hub *hub);

/* ---- runners ---- */

struct runner {
        const char *name;
        void (*start)(struct running
                              *r); /* ends in running_finish(), now or later; quick; any thread */
        void (*cancel)(struct running *r);      /* hurry it; may be NULL */
        /*
         * The hub ends first: let go of what start() took; may be NULL. The loop does not run any
         * more.
         */
        void (*abandon)(struct running *r);
};
const struct runner *runner_find(const char *name);
void plugin_start(struct running *r);
void plugin_cancel(struct running *r);
void local_start(struct running *r);
void local_cancel(struct running *r);
void local_abandon(struct running *r);
void http_start(struct running *r);
void pause_start(struct running *r);
void pause_cancel(struct running *r);
void undo_start(struct running *r);
void undo_record(struct store_txn *txn, struct running *r);     /* in the commit of its result */

/* ---- accept.c ---- */

/* One transaction that is being built: what is to be started once it is committed. */
struct intake {
        struct hub *hub;
        struct store_txn *txn;
        struct list claimed;            /* struct running, by link */
        json_t *created;                /* ids of executions, for the bus */
        unsigned executions, queued, delayed;
};
void intake_init(struct intake *intake, struct hub *hub);
/* Add an event and what its rules make of it. FAULT before anything was added. */
int intake_event(struct intake *intake, struct catalog *catalog, const struct hub_event *event,
                 const struct id *id, struct fault *fault);
/*
 * Only if some rule matches; for the hub's own events, so that nobody pays for what nobody hears.
 * root: the event that all of this began with (zero: this one).
 */
void intake_internal(struct intake *intake, struct catalog *catalog, const struct hub_event *event,
                     const struct id *root);
/* Add an execution; claimed right away where a slot is free and it is due. Takes r. */
void intake_execution(struct intake *intake, struct running *r, int64_t delay_ms,
                      const char *held_note);
/*
 * After the commit: start the claimed, tell the bus, wake the dispatcher. On failure: give the
 * slots back.
 */
void intake_committed(struct intake *intake, enum store_outcome outcome);

/* Check a request for an action and make what will run it. */
struct request {
        const char *action;
        const json_t *params;
        const char *mode, *user, *rule;
        const json_t *context;
        struct id parent, event, plan, root;
        int64_t timeout_ms;
        bool coerce;
};
int request_check(struct hub *hub, struct catalog *catalog, const struct request *request,
                  struct running **ret, struct fault *fault);

/*
 * Parameters as they are stored (secret ones sealed), and back; a new object, never NULL but out of
 * memory.
 */
json_t *params_seal(struct hub *hub, const struct catalog_action *action, const json_t *params);
json_t *params_unseal(struct hub *hub, const struct catalog_action *action, const char *text);

/* ---- dispatch.c ---- */

struct dispatch {
        atomic_int slots;               /* free places */
        atomic_bool is_paused, is_draining;
        atomic_bool has_backlog;        /* the store may hold executions that are due */
        atomic_uint backlog_round;      /* counts what raised has_backlog */
        atomic_bool is_claiming;        /* one claim at a time: who raised it owns the next two */
        int asked;
        unsigned asked_round;
        struct loop_timer *due;         /* the next delayed execution */
        struct loop_timer *tick;        /* drains, full disks */
        void (*drained)(void *arg);
        void *drained_arg;
        int64_t drain_until_ms;
};
int dispatch_init(struct hub *hub);
void dispatch_deinit(struct hub *hub);
bool dispatch_reserve(struct hub *hub); /* a slot, if one is free and nothing waits */
void dispatch_release(struct hub *hub);                 /* give one back */
void dispatch_wake(struct hub *hub);                    /* something is due: claim it */
void dispatch_rearm(struct hub *hub); /* something delayed was added; any thread */

/* ---- change.c ---- */

int change_announce(struct running *r, const struct catalog_instance *instance,
                    const struct kn_change *change);
int change_close(struct running *r, int ticket, int outcome, const char *observed);
/* The rows of an execution's ledger or plan as JSON, in order. */
int change_rows(struct hub *hub, const struct store_change_filter *filter, json_t **ret,
                struct fault *fault);
void guard_deinit(struct guard *guard);
bool guard_equal(const json_t *a, const json_t *b);
/* Write the rows that a plan announced into the transaction of its result. */
void change_record_plan(struct store_txn *txn, struct running *r);

/* ---- plugin calls by others than the plugin runner (undo, sensors, checks) ---- */

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

/* ---- held.c ---- */

struct held {
        pthread_mutex_t lock;
        struct map windows;             /* rule ref → starts of this minute */
};
void held_init(struct held *held);
void held_deinit(struct held *held);
/* May this rule start one more now? Counts it. */
bool held_admit(struct hub *hub, const char *rule, int64_t limit_per_minute);
int held_load(struct hub *hub, struct fault *fault);     /* is it paused since before? */

/* ---- timer.c, sensor.c ---- */

struct timers {
        struct list timers;
        struct loop_timer *next;
        pthread_mutex_t lock;
};
int timers_init(struct hub *hub);
void timers_sync(struct hub *hub); /* on the loop's thread, after a new catalog */
void timers_deinit(struct hub *hub);

struct sensors {
        struct list sensors;
        pthread_mutex_t lock;
};
void sensors_init(struct hub *hub);
void sensors_sync(struct hub *hub);
void sensors_stop(struct hub *hub);
void sensors_deinit(struct hub *hub);

/* ---- retention.c ---- */

int retention_init(struct hub *hub);
void retention_deinit(struct hub *hub);

/* ---- bus.c ---- */

struct bus {
        pthread_rwlock_t lock;
        struct list watches;
        atomic_uint n_watches;
};
void bus_init(struct bus *bus);
void bus_deinit(struct bus *bus);
void bus_publish(struct hub *hub, const struct hub_notice *notice);
/* An execution that never ran was settled: cancelled, dropped, given up. */
void bus_settled(struct hub *hub, const struct id *id, enum store_status status, uint64_t seq);
static inline bool bus_is_heard(struct bus *bus)
{
        return atomic_load_explicit(&bus->n_watches, memory_order_relaxed) != 0;
}

/* ---- the hub ---- */

#define START_BUCKETS 12

struct figures {                        /* counters since start, for /metrics */
        atomic_ullong events, duplicates, executions, started, finished[16], stale, held;
        atomic_ullong start_us_sum,
                start_buckets[START_BUCKETS + 1]; /* event to start, not cumulative */
};
void figures_note_start(struct figures *figures, int64_t us);

struct hub {
        struct hub_options o;
        pthread_mutex_t catalog_lock;
        struct catalog *catalog;
        pthread_mutex_t content_lock;   /* one rebuild of the catalog at a time */
        json_t *instances;              /* the configuration's */
        json_t *problems; /* what the present catalog had to leave out: sentence → code */
        struct list running;
        struct list unfinished;
        pthread_mutex_t running_lock;
        atomic_uint n_running;
        struct dispatch dispatch;
        struct held held;
        struct timers timers;
        struct sensors sensors;
        struct loop_timer *retention;
        struct bus bus;
        struct figures figures;
        int64_t started_ms;
};

/* content.c */
int content_build(struct hub *hub, const json_t *instances, bool strict, struct catalog **ret,
                  struct fault *fault);
/* As content_rebuild() would, were this document in the store (NULL body: were it not). */
int content_build_draft(struct hub *hub, const struct store_doc *draft, struct catalog **ret,
                        struct fault *fault);
void content_swap(struct hub *hub,
                  struct catalog *catalog); /* takes it; syncs timers and sensors */
int content_rebuild(struct hub *hub, struct fault *fault);      /* under content_lock */
/* Rebuild with one document and commit it; on a fault nothing has changed. */
int content_put_doc(struct hub *hub, const char *kind, const char *name, const json_t *body,
                    bool create, struct fault *fault);
int resolve_lost(struct hub *hub, struct fault *fault);

#endif
