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
#include "expr/expr.h"
#include "hub/running.h"
#include "loop/loop.h"
#include "loop/pool.h"
#include "store/output.h"
#include "store/seal.h"

#include <pthread.h>
#include <stdatomic.h>

#define HUB_SYSTEM_USER "system"
#define HELD_RELEASED "released"        /* begins the note of one that a person let go */

/* ---- executions that run (execution.c) ---- */

CLEANUP_DEFINE(struct catalog *, catalog_unref);
/* From a request that was just checked; params and context are taken. */
struct running *running_new(struct hub *hub, struct catalog *catalog,
                            const struct catalog_action *action);
/* From a record of the queue. FAULT where its action is gone or its runner is not here. */
int running_load(struct hub *hub, const struct store_execution *record, struct running **ret,
                 struct fault *fault);
/* Its claim is committed: go. Any thread; takes the reference. */
void running_start(struct running *r);
/* From a record: as running_load(), or without action and runner where it cannot be run here. */
struct running *running_of(struct hub *hub, const struct store_execution *record);
/* The end that is about to be committed; takes the result. */
void running_set_end(struct running *r, enum store_status status, json_t *result);
/* Out of hub->running, its slot given back; nothing for one that never was there. */
void running_leave(struct running *r);
/* Its end is committed: count and tell it. */
void running_told(struct running *r, uint64_t seq);
/* The disk is full: keep it until there is room. Takes the reference. */
void running_keep(struct running *r);
/* Finish again what a full disk kept from being recorded. */
void running_flush(struct hub *hub);

/* NULL where this hub has no such runner. */
const struct runner *runner_find(const struct hub *hub, const char *name);

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

/* ---- ending.c ---- */

/* r is over (running_set_end). Takes the reference. Any thread. */
void ending_commit(struct running *r);
/* The same, and wait. ran: it holds a claim. Takes reference and result. */
enum store_outcome ending_wait(struct running *r, bool ran, enum store_status status,
                               json_t *result);
/* End one that does not run: delayed, held, pending … STORE_STALE: it does. Takes the result. */
int ending_settle(struct hub *hub, const struct id *id, enum store_status status, json_t *result,
                  enum store_outcome *ret, struct fault *fault);
/* What the end of r adds to a transaction. */
void ending_add(struct intake *intake, struct running *r, bool ran);

/* ---- life.c, workflow.c ---- */

void lives_init(struct hub *hub);
void lives_deinit(struct hub *hub);
struct life;
struct conductor_calls;
/* What the conductor of this life asks of the store (world.c). */
void world_calls(struct life *life, struct conductor_calls *ret);
/* Those that were under way before the start count for their policies from now on. */
void workflows_count(struct hub *hub);
/* Ask a workflow that waits for its tasks to end; 409 where it cannot. Blocks. */
int workflow_cancel(struct hub *hub, const struct id *id, const char *user, struct fault *fault);

/* ---- policy.c ---- */

struct policies {
        pthread_mutex_t lock;
        struct map tallies;
};
enum policy_verdict { POLICY_START, POLICY_DELAY, POLICY_CANCEL, POLICY_HOLD };
void policies_init(struct policies *policies);
void policies_deinit(struct policies *policies);
/* May it start? Counts it when it may; else note says why not. */
enum policy_verdict policy_admit(struct running *r, char note[160]);
void policy_count(struct running *r);   /* it runs already: a workflow that was read */
void policy_release(struct running *r);
/* One that was delayed is so in the store by now: let it be called. */
void policy_wait(struct running *r);
/* What an earlier hub delayed is judged again by this one. Blocks. */
void policies_wake(struct hub *hub);
void policy_retry(struct running *r);   /* how often a policy has it tried again */

/* ---- keys.c ---- */

/*
 * st2kv and decrypt_kv for expressions, EXPR_NOT_MINE for all others; FAULT's code is StackStorm's
 * type of the error.
 */
int keys_call(struct hub *hub, const char *user, const char *function, const json_t *args,
              const json_t *kwargs, json_t **ret, struct fault *fault);

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
void guard_deinit(struct guard *guard);
/* Write the rows that a plan announced into the transaction of its result. */
void change_record_plan(struct store_txn *txn, struct running *r);

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
        struct list running;
        struct list unfinished;
        pthread_mutex_t running_lock;
        pthread_mutex_t lives_lock;
        struct map lives_map;           /* execution → struct life */
        struct list lives;              /* the same, the latest used last */
        atomic_uint n_running;
        struct dispatch dispatch;
        struct held held;
        struct policies policies;
        struct timers timers;
        struct sensors sensors;
        struct loop_timer *retention;
        struct bus bus;
        struct figures figures;
        int64_t started_ms;
};

/* defaults.c: put the defaults that are expressions into params. FAULT names the parameter. */
int defaults_render(struct hub *hub, struct catalog *catalog, const struct catalog_action *action,
                    const struct request *request, json_t *params, struct fault *fault);
int resolve_lost(struct hub *hub, struct fault *fault);

#endif
