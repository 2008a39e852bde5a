/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A workflow while it lives: its conductor, kept in memory between the steps. Memory is a copy of
 * what the store has (the numbered steps of its execution), so it may be dropped at any time and is
 * made again from there.
 *
 * Whoever takes a step holds the lock of the life, and of those that it stands in, from the change
 * of the conductor until the transaction is handed in; the writer keeps that order, so steps follow
 * each other without waiting for the disk. A step that is refused (somebody else took that number,
 * the claim of the child was stale) makes the memory stale: what was built on it is refused too,
 * and whoever comes next reads the life again, once nothing of it is under way.
 */

#ifndef HUB_LIFE_H
#define HUB_LIFE_H

#include "hub/room.h"
#include "workflow/conductor.h"

#define LIVES_MAX 32                    /* one more than limits.workflow_depth can be */

struct life {
        struct hub *hub;
        struct list link;               /* in hub->lives, the latest used last */
        atomic_uint refs;
        pthread_mutex_t lock;
        char key[ID_TEXT_SIZE];
        struct running *r;              /* the workflow's own execution */
        struct conductor *conductor;
        struct conductor_calls calls;
        uint64_t n;                     /* steps handed in */
        bool is_claimed;                /* it starts, or its time is up: r->claim is good */
        bool is_late, is_over;
        enum store_status shown;        /* the status that the store has, or is about to */
        int64_t deadline_ms;            /* wall clock; 0: none */
        json_t *notes;                  /* of a plan: what each task would do; not yet stored: */
        size_t notes_stored;            /* … those after this many */
        json_t *approved;               /* of an apply: the notes of the plan */
        size_t applied;                 /* how many of them were started */
        json_t *recent;                 /* results that may still be under way to the store */

        pthread_mutex_t flight_lock;
        pthread_cond_t landed;
        unsigned in_flight, large_in_flight;
        atomic_bool is_stale;
};

struct lives {                          /* locked, the innermost first */
        struct life *held[LIVES_MAX];
        unsigned n;
        unsigned ended;                 /* bits: those that this transaction ends */
        bool is_large;                  /* one of its results is a file, or was before it */
};

struct life *life_ref(struct life *life);
struct life *life_unref(struct life *life);
CLEANUP_DEFINE(struct life *, life_unref);

/* A new one for an execution that begins; FAULT where its workflow cannot even begin. */
int life_new(struct running *r, struct life **ret, struct fault *fault);
/* One that goes on, from its records. FAULT 404, 409 where it is over. Blocks. */
int life_read(struct hub *hub, const struct id *id, struct life **ret, struct fault *fault);

/* The task that a workflow ran this execution for; false: no workflow did. */
struct task {
        const char *id;
        unsigned route;
        int64_t item;                   /* -1: none */
};
bool task_of(const struct running *r, struct task *ret);

/* ---- lives.c: those in memory ---- */

#define LIVES_ELSEWHERE 2               /* it must be read from the store first: on a thread that may */

/* Into memory, for others to find: 0 or -ENOMEM. */
int life_keep(struct life *life);
/* Lock the life of this execution and those it stands in. FAULT 404, 409 where it is over. */
int lives_hold(struct hub *hub, const struct id *id, bool may_block, struct lives *ret,
               struct fault *fault);
/* Hand in what was done under their locks, and unlock them. done() tells lives_land() first. */
void lives_commit(struct lives *lives, struct hub *hub, struct store_txn *txn, store_done *done,
                  void *arg);
/* It landed, or was refused; on the writer's thread. seq: the transaction's. */
void lives_land(const struct lives *lives, enum store_outcome outcome, uint64_t seq);
void lives_unlock(struct lives *lives);

/* ---- task.c; under the lock of the life ---- */

/* Until nothing is to be started: one that fails at once, or has no items, makes others ready. */
void tasks_start(struct life *life, struct intake *intake);
/* The conductor hears of it; nonzero where it does not take it. */
int task_told(struct life *life, const struct task *task, enum status status);
int task_ended(struct life *life, const struct task *task, const struct running *child,
               enum status status);

/* ---- step.c: what a step does; under the locks of lives ---- */

/* The child of lives->held[at] has another status, or ended; and what follows, all the way up. */
void step_status(struct lives *lives, unsigned at, const struct running *child,
                 enum store_status status, struct intake *intake);
void step_ended(struct lives *lives, unsigned at, const struct running *child,
                struct intake *intake);
/* Start what is to be started, end what is at its end, write down what changed. */
void step_on(struct lives *lives, unsigned at, struct intake *intake);

/* ---- workflow.c ---- */

/* Cancel, pause or resume what it runs. Blocks. */
void workflow_tell_children(struct hub *hub, const struct id *id, enum status status,
                            const char *user);

#endif
