/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the hub's side of the host is made of. One lock (host->lock) guards all of it but what a
 * process sends; nothing blocks under it, and no door or done() is called with it held.
 *
 *   host      calls, their time limits, the trusted list
 *   resident  one version of a plugin, known by its hash: at most one process, at most one dlopen
 *   seat      one configured instance of it: the queue of its calls
 *   process   one life of kaname-host
 *   call      host_start() to done()
 *
 * Residents stay until host_free(): there are as many as plugin versions were ever used.
 */

#ifndef HOST_HOST_STATE_H
#define HOST_HOST_STATE_H

#include "base/list.h"
#include "base/map.h"
#include "host/context.h"
#include "host/door.h"
#include "host/host.h"
#include "host/module.h"
#include "host/wire.h"
#include "loop/loop.h"
#include "loop/pool.h"

#include <sys/types.h>

#define LOG_BYTES_MAX (1u << 20)        /* of one call */
#define CRASHES_MAX 5                   /* in a minute: then it is given up for a while */

struct guard;
struct process;

struct host {
        char *state_dir, *program;
        struct loop *loop;
        struct pool *pool;
        enum catalog_home default_home;
        int64_t grace_ms, backoff_max_ms, ping_ms;
        uint64_t output_max, memory_max;
        struct http_cache *cache;
        struct guard *guard;
        pthread_mutex_t lock;
        pthread_cond_t quiet;           /* calls, posts or processes became fewer */
        struct map trusted;             /* hash: "" */
        struct map residents;
        struct list calls;              /* all that are not done */
        struct loop_timer *timer;
        int64_t armed_ms; /* what the timer is set to, or will be; INT64_MAX: nothing */
        struct list processes;          /* all that are not buried */
        unsigned n_posts;               /* handed to the loop or the pool */
        unsigned n_wedged;              /* threads that the core home will not see again */
        bool is_stopping;
};

struct resident {
        struct host *host;
        struct manifest *manifest;
        struct list seats;
        uint32_t last_seat;
        uint64_t n_calls;
        /* the core home */
        pthread_mutex_t loading;
        struct module *module;          /* under loading */
        bool is_wedged;                 /* a callback did not end: no more calls in the core */
        int guard_slot;
        /* the host home */
        struct process *process;        /* the one that takes calls, or NULL */
        struct list waiting;            /* calls, until it is ready */
        bool is_starting;
        int64_t retry_ms, backoff_ms;   /* not before; 0: at once */
        int64_t crashed_ms[CRASHES_MAX];
        unsigned n_starts, n_crashes;
        int64_t idle_since_ms;
        char last_crash[256];
};

struct seat {
        struct list link;
        struct resident *resident;
        uint32_t number;
        char *name;
        json_t *config, *egress;        /* as the catalog has them: to see that they changed */
        json_t *public, *allowed;       /* without secrets; the egress list in force */
        enum catalog_home wanted, home; /* what the instance says; CORE or HOST */
        struct list queue;              /* calls that wait for their turn */
        unsigned n_running, refs;
        bool is_retired;
        uint64_t told;                  /* serial of the process that knows it; under its sending */
        /* the core home */
        pthread_mutex_t making;
        void *self;
        bool is_made;
};

enum call_state { CALL_QUEUED, CALL_WAITING, CALL_RUNNING, CALL_LEAVING, CALL_ENDING, CALL_DONE };

struct host_call {
        struct list link;               /* in host->calls */
        struct list place;              /* in seat->queue, resident->waiting or process->calls */
        struct host *host;
        struct resident *resident;
        struct seat *seat;
        struct process *process;        /* while it runs in one */
        unsigned refs, inside;          /* inside: threads in doors of the caller */
        enum call_state state;
        enum host_entry entry;
        char *name, *id, *action, *mode;        /* in texts; NULL as given */
        uint32_t attempt, wire_id;
        json_t *args;
        const struct host_doors *doors;
        void *arg;
        struct cancel cancel;
        int64_t grace_ms; /* when a call that was called off is hung; 0: it is not called off */
        bool is_hung, has_begun, is_abandoned;
        uint64_t output_left, log_left;
        int code;                       /* the outcome, while it waits for doors to be left */
        char *sentence;
        json_t *result;
        struct context context;         /* of the core home */
        char texts[];
};

/* ---- call.c ---- */

struct host_call *call_ref(struct host_call *call);
void call_unref(struct host_call *call);
/* The outcome; the first one counts. Steals result; never on the loop's thread. */
void call_end(struct host_call *call, int code, const char *sentence, json_t *result);
void call_end_later(struct host_call *call, int code,
                    const char *sentence); /* any thread; lock held or not */
/* Around every use of the caller's doors; false: it is over. */
bool call_enter(struct host_call *call);
void call_leave(struct host_call *call);
/* What a call may still stream or log; the part of len that is let through. */
size_t call_take(struct host_call *call, uint64_t *left, size_t len);
void call_scope(struct host_call *call, struct door_scope *ret);
/*
 * Calls of one instance take turns, but for a sensor's run(), which never ends, and plugins that
 * overlap.
 */
bool call_has_turn(const struct host_call *call);

/* ---- host.c ---- */

/* Look at the clock at this time at the latest; under the lock. */
void host_wake_at(struct host *host, int64_t mono_ms);
/* fn on the loop's thread or in the pool, counted, so that host_free() waits for it. */
int host_post(struct host *host, void (*fn)(void *arg), void *arg);
int host_run(struct host *host, void (*fn)(void *arg), void *arg);
void host_posted(struct host *host);                            /* fn's last deed */
/* As if posted: what follows up to host_posted() may outlive the call that it is about. */
void host_hold(struct host *host);

/* ---- seat.c; under the lock unless it says so ---- */

struct resident *resident_find(struct host *host, struct manifest *manifest);
struct seat *seat_find(struct resident *resident, const struct catalog_instance *instance);
void seat_unref(struct seat *seat); /* takes the lock itself: not under it */
enum catalog_home seat_home(struct host *host, const struct manifest *manifest,
                            enum catalog_home wanted, char why[160]);
void resident_free(void *resident);                             /* at the very end */

/* ---- core_home.c ---- */

void core_start(struct host_call *call);                        /* under the lock */
void core_abandon(void *call);                                  /* in the pool */
void core_destroy(struct seat *seat);

/* ---- process.c, process_reader.c, process_doors.c ---- */

/*
 * Run the call in the resident's process, starting one if need be. Takes the lock; borrows the
 * call.
 */
void process_run(struct host_call *call);
void process_cancel(struct process *process, struct host_call *call, int code);
/* SIGKILL, at once; SIGTERM, and SIGKILL a moment later (why: a constant). Under the lock. */
void process_kill(struct process *process);
void process_end(struct process *process, const char *why);
/* End what is not as it should be, by the clock; under the lock. */
void process_watch(struct process *process, int64_t now);
void process_forget(struct host_call *call); /* it runs there no more; under the lock */
void process_drop_seat(struct process *process, struct seat *seat);
void process_retire(struct process *process); /* hang up: it ends by itself; under the lock */
/*
 * What the host's timer does for residents; the next time it matters is told by host_wake_at().
 * Under the lock.
 */
void process_tick(struct resident *resident, int64_t now);

#endif
