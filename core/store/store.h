/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The state of a hub: what was accepted, what runs, what came of it, what was changed.
 *
 * Writing. All writing is transactions (struct store_txn): a list of preconditions and records that
 * is committed whole or not at all. store_commit() may be called on any thread and never blocks;
 * one writer takes all that is waiting into one commit of the engine (group commit, synchronous to
 * the disk) and then calls each transaction's done(). A done() that reports STORE_DONE means that
 * the records will be there after any crash. Preconditions are all judged before any record of the
 * transaction is written; one that does not hold refuses the whole transaction with an outcome and
 * leaves nothing behind.
 *
 * Reading. store_get_*() and store_list_*() run on the caller's thread, on a read-only connection
 * of a small pool, and see what is committed. Lists are paged: nothing here reads without bounds.
 *
 * Every committed record has a seq, dealt by the writer in commit order; cursors, SSE ids and
 * resumption use seq, never ids, since ids do not order commits. Records of events, executions,
 * results, enforcements and changes are only ever added; the queue row of an unfinished execution
 * and the documents are what changes.
 *
 * The engine is SQLite in WAL mode (synchronous=FULL, one connection that writes and checkpoints).
 * Leases, epochs and conditional finish are there as if there were many hubs.
 */

#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/fault.h"
#include "base/id.h"
#include "store/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct store_txn;

struct store_options {
        const char *state_dir;          /* holds store.db, output/, results/, master.key, lock */
        const char *hub_name;           /* owner in leases */
        uint32_t writes_max; /* transactions waiting before store_commit() answers 503; 0: 65,536 */
        int64_t reserve_bytes; /* file kept to be given up when the disk is full; 0: 16 MiB, <0 none */
};

/*
 * Open (or make) the store, take the lock, migrate, and open a new epoch: claims of earlier epochs
 * of this hub are lost and are listed by store_list_lost(). FAULTs: 409 store.locked (a second
 * hub), 500 store.newer (made by a newer version), 500 store.damaged (with the restore command).
 */
int store_open(const struct store_options *options, struct store **ret, struct fault *fault);
struct store *store_close(struct store *store);         /* commits what waits; NULL; accepts NULL */
uint64_t store_epoch(const struct store *store);
uint64_t store_seq(const struct store *store);          /* the last one committed */
/* Is writing possible now? FAULT 507/503 with the reason when not (full, broken). */
int store_health(struct store *store, struct fault *fault);

/* ---- transactions ---- */

enum store_outcome {
        STORE_DONE = 0,
        STORE_DUPLICATE,   /* once(): seen before with the same body; first holds its id */
        STORE_MISMATCH,    /* once(): seen before with another body; first holds its id */
        STORE_STALE,       /* finish(), requeue(): the claim is not ours any more */
        STORE_CONFLICT,    /* doc(), key(): not at the expected revision; change(): not open */
        STORE_FAILED_FULL, /* no space: 507; nothing was written */
        STORE_FAILED_IO,   /* the engine failed: 503; nothing was acknowledged */
        STORE_FAILED_BUSY  /* writes_max are waiting: 503; nothing was written */
};

struct store_claim {                    /* the right to finish an execution */
        struct id id;
        uint64_t epoch;
        uint32_t attempt;
};

/*
 * seq is that of the transaction's first record; its other records (events, executions,
 * enforcements, changes, documents, keys, a finish or settle) have the numbers after it, in the
 * order they were added. first: the id that once() found or recorded; NULL without once().
 */
typedef void store_done(void *arg, enum store_outcome outcome, const struct id *first,
                        uint64_t seq);

struct store_txn *store_txn_new(void);                          /* NULL: out of memory */
struct store_txn *store_txn_free(struct store_txn *txn); /* only one that was never committed */

/*
 * Preconditions. hash (32 bytes) may be NULL: any body is the same. Recorded with the transaction.
 */
void store_txn_once(struct store_txn *txn, const char *scope, const char *key, const uint8_t *hash,
                    const struct id *id, int64_t expires_ms);
/* Was it used? DUPLICATE or MISMATCH with its id; CONFLICT: no. Records nothing. Blocks. */
enum store_outcome store_once_find(struct store *store, const char *scope, const char *key,
                                   const uint8_t *hash, struct id *ret_first);
/*
 * The claim must be the current one. Deletes the queue row and records the result; changes of the
 * claim that are still STORE_INTENT become STORE_UNKNOWN. A result above 64 KiB is kept as a file
 * by hash.
 */
void store_txn_finish(struct store_txn *txn, const struct store_claim *claim,
                      enum store_status status, const char *result, int64_t ended_ms);
/*
 * The claim must be the current one. Back to the queue: retry later, ask a person, release on
 * drain. The claim ends, but with STORE_CANCELING, which only says that its execution was asked to
 * end.
 */
void store_txn_requeue(struct store_txn *txn, const struct store_claim *claim,
                       enum store_status status, int64_t run_at_ms, const char *note);
/* The same where nothing was done under the claim: it counts as none, see idle of the record. */
void store_txn_turn_back(struct store_txn *txn, const struct store_claim *claim,
                         enum store_status status, int64_t run_at_ms, const char *note);
/*
 * Any execution that is not final and not running: requested, delayed, held, pending, paused →
 * status.
 */
void store_txn_restate(struct store_txn *txn, const struct id *id, enum store_status status,
                       int64_t run_at_ms, const char *note);
/*
 * The n-th record, from 1, of what changed in an execution that others run for (a workflow's
 * state): the n-1 before it must be there and it must not, else STORE_CONFLICT. Deleted with the
 * execution.
 */
void store_txn_step(struct store_txn *txn, const struct id *execution, uint64_t n,
                    const char *body);
/*
 * Reach the writer after the transactions handed in before that carry large results, which else
 * may be overtaken while their files are written.
 */
void store_txn_in_order(struct store_txn *txn);
/* As restate, to a final status with a result: how a waiting one is cancelled or dropped. */
void store_txn_settle(struct store_txn *txn, const struct id *id, enum store_status status,
                      const char *result, int64_t ended_ms);
/* seq: the revision expected; STORE_ANY: whatever; 0: it must not exist. body NULL deletes. */
#define STORE_ANY UINT64_MAX
void store_txn_doc(struct store_txn *txn, const char *kind, const char *name, const char *body,
                   uint64_t seq);
/* value NULL deletes. */
void store_txn_key(struct store_txn *txn, const struct store_key *key, uint64_t seq);

/* Records: everything is copied. */
void store_txn_event(struct store_txn *txn, const struct store_event *event);
/* claimed: it is inserted already claimed by this hub's epoch, attempt 1, status running. */
void store_txn_execution(struct store_txn *txn, const struct store_execution *execution,
                         bool claimed);
void store_txn_enforcement(struct store_txn *txn, const struct store_enforcement *enforcement);
void store_txn_change(struct store_txn *txn, const struct store_change *change);
/* Close an open (or unknown) change. */
void store_txn_change_close(struct store_txn *txn, const struct id *execution, uint32_t attempt,
                            uint32_t n, enum store_change_state state, const char *observed,
                            int64_t at_ms);
void store_txn_change_undone(struct store_txn *txn, uint64_t change_seq, const struct id *by);

/* Takes the transaction. done() runs on the writer's thread: keep it short; it may commit again. */
void store_commit(struct store *store, struct store_txn *txn, store_done *done, void *arg);
/*
 * Many at once, judged and refused one by one, in one engine commit. done is called for each in
 * order.
 */
void store_commit_many(struct store *store, struct store_txn **txns, size_t n, store_done *done,
                       void *const *args);
/* Wait for it; never on the loop's thread or in a done(). ret_first may be NULL. */
enum store_outcome store_commit_wait(struct store *store, struct store_txn *txn,
                                     struct id *ret_first, uint64_t *ret_seq);
/*
 * The outcome as a fault: 409 for DUPLICATE, STALE and CONFLICT, 422 MISMATCH, 507, 503; 0 for
 * DONE.
 */
int store_outcome_fault(enum store_outcome outcome, struct fault *fault);

/* ---- the queue ---- */

typedef void store_claimed(void *arg, struct store_execution *executions, size_t n);
/*
 * Claim up to n executions that are due (requested, delayed until now, or waiting or pending until
 * now), oldest first, committed before claimed() is called on the writer's thread. n of 0 records is
 * an answer too. The array and its texts are freed after the callback. Not called at all once the
 * store is closing.
 */
void store_claim_due(struct store *store, size_t n, int64_t now_ms, store_claimed *claimed,
                     void *arg);
/*
 * When the next one is due that is delayed, or that waits or pends no longer than until a time;
 * INT64_MAX if none.
 */
int64_t store_next_due_ms(struct store *store);
struct store_counts {
        uint64_t queued, delayed, held, running, waiting, pending;      /* queue rows by status */
        uint64_t wal_bytes, db_bytes;
        int64_t oldest_queued_ms; /* creation of the oldest; 0: none */
};
void store_count(struct store *store, struct store_counts *ret);

/* ---- reading ---- */

struct store_page {
        uint64_t after_seq; /* exclusive bound; 0: from the newest (or oldest if ascending) */
        size_t limit, offset;           /* limit 0: 100 */
        bool ascending;
        int64_t since_ms, until_ms;     /* 0: open; exclusive */
};

/* Visitors return 0 to go on, anything else to stop; records live for the duration of the visit. */
typedef int store_visit_event(void *arg, const struct store_event *event);
typedef int store_visit_execution(void *arg, const struct store_execution *execution);
typedef int store_visit_enforcement(void *arg, const struct store_enforcement *enforcement);
typedef int store_visit_trace(void *arg, const struct store_trace *trace);
typedef int store_visit_change(void *arg, const struct store_change *change);
typedef int store_visit_doc(void *arg, const struct store_doc *doc);
typedef int store_visit_key(void *arg, const struct store_key *key);
typedef int store_visit_step(void *arg, uint64_t n, const char *body);

struct store_execution_filter {         /* NULL or zero: any */
        struct id parent, event;
        bool top_level;                 /* only those without parent */
        bool unfinished;                /* only those with a queue row */
        const char *action, *runner, *rule, *user, *instance, *mode;
        const char *trigger;            /* ref of its event's type */
        int status;                     /* enum store_status, or -1 for any: set it! */
        bool with_result;               /* read result too (large ones as well) */
};
struct store_change_filter {
        struct id execution, event;
        bool tree;                      /* of the execution and of all that it ran, deeply */
        const char *resource;           /* exact, or a prefix that ends in * */
        const char *instance;
        int state;                      /* enum store_change_state, or -1 */
};

/* ret_total (may be NULL) gets how many match, up to 10,000. 0, or FAULT 404/503, or -errno. */
int store_get_event(struct store *store, const struct id *id, store_visit_event *visit, void *arg,
                    struct fault *fault);
int store_list_events(struct store *store, const char *trigger, const struct store_page *page,
                      store_visit_event *visit, void *arg, uint64_t *ret_total,
                      struct fault *fault);
int store_get_execution(struct store *store, const struct id *id, bool with_result,
                        store_visit_execution *visit, void *arg, struct fault *fault);
int store_list_executions(struct store *store, const struct store_execution_filter *filter,
                          const struct store_page *page, store_visit_execution *visit, void *arg,
                          uint64_t *ret_total, struct fault *fault);
int store_list_enforcements(struct store *store, const char *rule, const struct id *event,
                            const struct id *execution, const struct store_page *page,
                            store_visit_enforcement *visit, void *arg, uint64_t *ret_total,
                            struct fault *fault);
int store_list_changes(struct store *store, const struct store_change_filter *filter,
                       const struct store_page *page, store_visit_change *visit, void *arg,
                       uint64_t *ret_total, struct fault *fault);
/* Those with this tag, or that this rule took part in (NULL: any). */
int store_list_traces(struct store *store, const char *tag, const char *rule,
                      const struct store_page *page, store_visit_trace *visit, void *arg,
                      uint64_t *ret_total, struct fault *fault);
/* All steps of an execution, in order. */
int store_list_steps(struct store *store, const struct id *execution, store_visit_step *visit,
                     void *arg, struct fault *fault);
int store_get_doc(struct store *store, const char *kind, const char *name, store_visit_doc *visit,
                  void *arg, struct fault *fault);
int store_list_docs(struct store *store, const char *kind, store_visit_doc *visit, void *arg,
                    struct fault *fault);
int store_get_key(struct store *store, const char *scope, const char *owner, const char *name,
                  store_visit_key *visit, void *arg, struct fault *fault);
int store_list_keys(struct store *store, const char *scope, const char *owner, const char *prefix,
                    const struct store_page *page, store_visit_key *visit, void *arg,
                    uint64_t *ret_total, struct fault *fault);
/*
 * Running rows whose owner has no live lease: what on_lost is about. Called once after
 * store_open().
 */
int store_list_lost(struct store *store, store_visit_execution *visit, void *arg,
                    struct fault *fault);
/*
 * What was committed after seq, in order, merged over events, executions (creations), results and
 * enforcements: exactly one of the visitors is called a record (one that is NULL skips its kind),
 * limit counts records. The seq that finished() sees is that of the result. For SSE's Last-Event-
 * ID.
 */
struct store_replay {
        store_visit_event *event;
        store_visit_execution *created, *finished;
        store_visit_enforcement *enforcement;
        void *arg;
};
int store_replay(struct store *store, uint64_t after_seq, size_t limit,
                 const struct store_replay *replay, struct fault *fault);

/* ---- upkeep ---- */

/*
 * A consistent copy while the hub runs, as a file without a name: read it to its end and close it.
 * FAULT 507 where the state's disk has no room for a second one.
 */
int store_backup(struct store *store, int *ret_fd, struct fault *fault);
/*
 * Put a backup in place of a store that no hub has open. The old files are kept beside it (.old).
 * backup is open for reading, name is for messages. FAULT 409, 422, 500, 507: all is as it was.
 */
int store_restore(const char *state_dir, int backup, const char *name, struct fault *fault);
/*
 * SQLite's integrity check, and ours: queue and results partition the executions, no orphan rows.
 */
int store_check(struct store *store, json_t **ret_report, struct fault *fault);
/* The same from outside, beside a hub or without one. FAULT 404 where there is no store. */
int store_check_dir(const char *state_dir, json_t **ret_report, struct fault *fault);
/* Backup and expiry that are under way end soon, with 503, and no other begins: before closing. */
void store_end_upkeep(struct store *store);
/*
 * Delete what is older: events, executions with results and output, in slices that block nobody
 * long.
 */
int store_expire(struct store *store, int64_t events_before_ms, int64_t executions_before_ms,
                 struct fault *fault);

#endif
