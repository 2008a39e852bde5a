/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The pivot: event in, match rules, commit, claim, run, finish, result and what follows from it.
 *
 * Everything here may be called on any thread and does not block unless it says so. Work that needs
 * a commit answers through a callback, on the store's writer thread: keep it short. Functions that
 * FAULT at once do not call back.
 *
 *   accept.c    events and requests in: match, build one transaction, commit
 *   dispatch.c  claim what is due, start it on its runner, bound how much runs
 *   execution.c one running execution: start, output, cancel, retry
 *   ending.c    its end, and what follows from it
 *   life.c step.c task.c workflow.c   a workflow: in memory, one step, its tasks, what people ask
 *   inquiry.c   questions to people
 *   policy.c    what bounds the starts of an action
 *   keys.c      the key-value store as expressions see it
 *   change.c    the change door: ledger, plans, conflicts
 *   timer.c sensor.c sensor_doors.c   events that come from inside
 *   held.c      pause, start limits, what waits for a person
 *   retention.c deletes what is too old
 *   defaults.c  defaults of parameters that are expressions
 *   check.c     what an instance's plugin says of its system
 *   bus.c       who wants to hear of it
 */

#ifndef HUB_HUB_H
#define HUB_HUB_H

#include "catalog/catalog.h"
#include "expr/expr.h"
#include "store/store.h"

struct host;
struct hub;
struct loop;
struct pool;
struct runner;
struct seal;

struct hub_options {
        struct loop *loop;
        struct pool *pool;
        struct store *store;
        struct seal *seal;
        struct host *host;
        const struct runner *runners;   /* the table, see running.h; the last has no name */
        const char *state_dir;
        struct catalog *catalog;        /* to begin with */
        /* A pack's configuration as its actions see it, rendered in this world; *ret is new. */
        int (*config_context)(void *config_arg, const struct expr_world *world,
                              const struct catalog *catalog, const char *pack, json_t **ret,
                              struct fault *fault);
        void *config_arg;
        unsigned running_max;           /* executions at once; 0: 64 */
        int64_t default_timeout_ms;     /* 0: 60,000 */
        uint64_t output_max, result_max, event_max;     /* bytes; 0: 256 MiB, 64 MiB, 256 KiB */
        int64_t events_keep_ms, executions_keep_ms;     /* 0: 30 and 90 days */
};

/* Settle what was lost (on_lost), start timers, sensors and dispatch. Blocks. */
int hub_start(const struct hub_options *options, struct hub **ret, struct fault *fault);
/*
 * Stop starting; wait until running executions end or wait_ms passed; requeue the rest. On the
 * loop's thread.
 */
void hub_drain(struct hub *hub, int64_t wait_ms, void (*drained)(void *arg), void *arg);
struct hub *hub_free(struct hub *hub);
struct catalog *hub_catalog(struct hub *hub);           /* a reference to the present one */
/* Work by this one from now on; takes the reference, and returns that to the one before. */
struct catalog *hub_set_catalog(struct hub *hub, struct catalog *catalog);
/* What expressions of rules may call: st2kv and decrypt_kv, for the system. */
struct expr_world hub_world(struct hub *hub);
struct store *hub_store(struct hub *hub);
struct seal *hub_seal(struct hub *hub);
json_t *hub_status(struct hub *hub);                    /* counts, homes, pause; new */
/* Ready to work? FAULT 503 with the reasons. */
int hub_ready(struct hub *hub, struct fault *fault);

/* What is done once and then known: key NULL for always; texts and hash (or NULL) are borrowed. */
struct hub_once {
        const char *scope, *key;
        const uint8_t *hash;            /* 32 bytes: another body under the key is a MISMATCH */
};

/* ---- events ---- */

struct hub_event {
        const char *trigger;            /* type ref: "core.st2.webhook" */
        const json_t *parameters;       /* of the trigger instance: {"url": "alerts"}; NULL: none */
        const json_t *payload;          /* borrowed */
        const char *source, *trace;     /* trace may be NULL */
        struct hub_once once;
};
struct hub_accepted {
        enum store_outcome outcome;     /* DONE, DUPLICATE, MISMATCH, or a failure */
        struct id id;                   /* of the event, or of the first one */
        unsigned executions;            /* made by rules */
};
/* Called once, when the last of the n is committed. */
typedef void hub_accept_done(void *arg, const struct hub_accepted *accepted, size_t n);
/* FAULT 413 event.too-big, 422 the payload does not fit its trigger's schema, 400. */
int hub_accept(struct hub *hub, const struct hub_event *events, size_t n, hub_accept_done *done,
               void *arg, struct fault *fault);
/*
 * Which instance of its trigger type a stored event was one of, as webhooks and timers say
 * themselves; NULL for all others. New reference.
 */
json_t *hub_trigger_parameters(const char *trigger, const char *source, const json_t *payload);

/* ---- executions ---- */

struct hub_run {
        const char *action;
        const json_t *params;           /* borrowed; coerced to the schema where coerce is set */
        const char *mode;               /* "run", "plan" */
        const char *user;
        const json_t *context;          /* may be NULL */
        int64_t delay_ms, timeout_ms;   /* 0: none, the action's */
        struct id parent;               /* zero: none */
        bool coerce;
        bool partial;                   /* apply: of a workflow, also what could not be planned */
        const json_t *tasks;            /* re-run of a workflow: [{task_id, route?, reset_items?}] */
        struct hub_once once;           /* Idempotency-Key */
};
struct hub_ran {
        enum store_outcome outcome;     /* MISMATCH: the key was used with another body */
        struct id id;                   /* also of the first one for a DUPLICATE */
};
typedef void hub_run_done(void *arg, const struct hub_ran *ran);
/* FAULT 404 action.unknown (with the nearest), 422 parameters, 409 instance.ambiguous, 503. */
int hub_run(struct hub *hub, const struct hub_run *run, hub_run_done *done, void *arg,
            struct fault *fault);
/*
 * Apply the plan that this plan-mode execution made: FAULT 404, 409 plan.used, plan.failed,
 * plan.stale. Of how, user and once count.
 */
int hub_apply(struct hub *hub, const struct id *plan, const struct hub_run *how, hub_run_done *done,
              void *arg, struct fault *fault);
/*
 * Same input, by reference: secrets never leave. Of how, params (may be NULL: they replace single
 * members), user, delay_ms and once count.
 */
int hub_rerun(struct hub *hub, const struct id *execution, const struct hub_run *how,
              hub_run_done *done, void *arg, struct fault *fault);
/*
 * Put back what an execution changed, last first. FAULT 404, 409 undo.done, undo.nothing,
 * undo.running, 422 undo.impossible. Of how, mode ("undo", "plan"), user and once count.
 */
int hub_undo(struct hub *hub, const struct id *execution, const struct hub_run *how,
             hub_run_done *done, void *arg, struct fault *fault);
/* The same for all executions of an event, last first: one parent with a child an execution. */
int hub_undo_event(struct hub *hub, const struct id *event, const struct hub_run *how,
                   hub_run_done *done, void *arg, struct fault *fault);
/* A workflow starts no more tasks, or goes on. FAULT 404, 409 where it is none, or cannot. Block. */
int hub_pause_workflow(struct hub *hub, const struct id *execution, const char *user,
                       struct fault *fault);
int hub_resume_workflow(struct hub *hub, const struct id *execution, const char *user,
                        struct fault *fault);
/*
 * Ask an execution to end. FAULT 404, 409 execution.final. Answers when it is asked, not when it
 * ended.
 */
int hub_cancel(struct hub *hub, const struct id *execution, const char *user, struct fault *fault);
/*
 * Answer an execution that on_lost left pending: "retry" or "fail". FAULT 404, 409. Blocks for the
 * commit.
 */
int hub_resolve(struct hub *hub, const struct id *execution, const char *answer, const char *user,
                struct fault *fault);
/*
 * Answer an inquiry. FAULT 404, 409 inquiry.answered, 403 inquiry.user, inquiry.role, 422 where the
 * response does not fit its schema. Blocks for the commit.
 */
struct hub_answer {
        const json_t *response;
        const char *user;
        const json_t *roles;            /* of the user; may be NULL */
        bool is_admin;                  /* whatever role the inquiry asks for */
};
int hub_answer(struct hub *hub, const struct id *inquiry, const struct hub_answer *answer,
               struct fault *fault);
/* Settle an unknown change by reading back: runs the action's plan. Blocks. */
int hub_settle_changes(struct hub *hub, const struct id *execution, const char *user,
                       struct fault *fault);

/* ---- a person can always stop it (these block for their commit) ---- */

int hub_pause(struct hub *hub, const char *user, const char *reason, struct fault *fault);
int hub_resume(struct hub *hub, const char *user, struct fault *fault);
/* The next hub on this store starts paused. */
int hub_pause_next(struct store *store, const char *user, const char *reason, struct fault *fault);
bool hub_is_paused(struct hub *hub);
json_t *hub_paused(struct hub *hub);                     /* {user, reason, since}, or null; new */
/* Release or drop what is held: one id, or all of a rule (ref), or all (both NULL). */
int hub_held_release(struct hub *hub, const struct id *execution, const char *rule,
                     const char *user, unsigned *ret_n, struct fault *fault);
int hub_held_drop(struct hub *hub, const struct id *execution, const char *rule, const char *user,
                  unsigned *ret_n, struct fault *fault);

/* ---- instances, keys, what runs by itself ---- */

/* What works, what does not, what to do: runs the plugin's check. Blocks. */
int hub_check_instance(struct hub *hub, const char *name, json_t **ret, struct fault *fault);
/* Key-value pairs: sealed when secret; plain text out when decrypt. */
int hub_key_put(struct hub *hub, const struct store_key *key, struct fault *fault);
/* Timers of the rules in force: [{id, ref, type, parameters, next}]. */
json_t *hub_timers(struct hub *hub);
json_t *hub_sensors(struct hub *hub);

/* ---- the bus ---- */

enum hub_topic {
        HUB_EVENT, HUB_EXECUTION_CREATED, HUB_EXECUTION_UPDATED, HUB_EXECUTION_FINISHED, HUB_OUTPUT,
        HUB_ANNOUNCEMENT, HUB_ENFORCEMENT
};
struct hub_notice {
        enum hub_topic topic;
        uint64_t seq;                   /* 0 for output and announcements */
        struct id id;                   /* of the event, execution or enforcement */
        struct id parent;
        const char *action;             /* executions and output */
        enum store_status status;
        const char *stream, *text;      /* output: a line; announcement: route and JSON */
        size_t len;
        int64_t at_ms;
};
struct hub_watch;
/* notice() runs on whatever thread it happened; after it is committed. Keep it short. */
struct hub_watch *hub_watch_new(struct hub *hub,
                                void (*notice)(void *arg, const struct hub_notice *notice),
                                void *arg);
struct hub_watch *hub_watch_free(struct hub_watch *watch); /* none is called any more after this */

/* ---- figures ---- */

/* Prometheus text of the hub's counters and histograms; new string. */
char *hub_metrics(struct hub *hub);

#endif
