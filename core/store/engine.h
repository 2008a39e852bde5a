/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the files of the SQLite engine share; nobody else includes this.
 *
 * Three kinds of threads meet here. Callers build transactions and push them into an inbox. The
 * filer (filer.c) takes those with results too large for a row and writes the files first. The
 * writer (writer.c) owns the writing connection, all of struct writer, and is the only one to call
 * back. Readers (reader.c) borrow connections of their own.
 */

#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "store/sql.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "store/store.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdatomic.h>

#define STORE_QUEUE_STATUSES 11         /* those before STORE_SUCCEEDED */
#define STORE_INLINE_MAX (64 * 1024)    /* a larger result is a file */
#define DIGEST_SIZE 16

/* ---- the inbox: many push, one takes ---- */

enum item_kind { ITEM_TXN, ITEM_CLAIM, ITEM_JOB };

struct item {
        struct item *next;
        enum item_kind kind;
        bool more;                      /* the next one belongs into the same commit */
};

struct inbox {
        _Atomic(struct item *) newest;
        pthread_mutex_t lock;           /* for sleeping only */
        pthread_cond_t wake;
        bool closing;
};

void inbox_init(struct inbox *inbox);
void inbox_deinit(struct inbox *inbox);
/* A chain that stays together, in its order. Never blocks for long. */
void inbox_push(struct inbox *inbox, struct item *first, struct item *last);
/* All that is there, oldest first; may sleep until something comes. NULL: nothing, or closing. */
struct item *inbox_take(struct inbox *inbox, bool wait);
void inbox_close(struct inbox *inbox);
bool inbox_is_closing(struct inbox *inbox);

/* ---- transactions ---- */

enum op_kind {
        OP_ONCE, OP_FINISH, OP_REQUEUE, OP_RESTATE, OP_SETTLE, OP_DOC, OP_KEY, OP_EVENT,
        OP_EXECUTION, OP_ENFORCEMENT, OP_CHANGE, OP_CHANGE_CLOSE, OP_CHANGE_UNDONE, OP_STEP
};

struct op_once {
        struct id id;
        uint8_t digest[DIGEST_SIZE], hash[HASH_SIZE];
        bool hashed;
        bool is_question;               /* only found, never recorded */
        int64_t expires_ms;
};
struct op_move {                        /* finish, requeue, restate, settle */
        struct store_claim claim;
        enum store_status status;
        int64_t at_ms;                  /* run_at or ended */
        const char *text;               /* result or note */
        uint64_t size;
        const uint8_t *file;            /* the hash, once the result is a file */
        bool idle;                      /* nothing was done under the claim */
};
struct op_close {
        struct id execution;
        uint32_t attempt, n;
        enum store_change_state state;
        const char *observed;
        int64_t at_ms;
};
struct op_step {
        struct id execution;
        uint64_t n;
        const char *body;
};
struct op_undone {
        uint64_t change;
        struct id by;
};

struct op {
        struct op *next;
        enum op_kind kind;
        int64_t row; /* what the judging found: the execution's or change's seq */
        enum store_status was;          /* and its status */
        uint64_t expected;              /* doc, key */
        bool claimed;                   /* execution */
        union {
                struct op_once once;
                struct op_move move;
                struct store_doc doc;
                struct store_key key;
                struct store_event event;
                struct store_execution execution;
                struct store_enforcement enforcement;
                struct store_change change;
                struct op_close close;
                struct op_undone undone;
                struct op_step step;
        };
};

struct store_txn {
        struct item item;
        struct op *first, **last;
        store_done *done;
        void *arg;
        enum store_outcome outcome;
        struct id first_id;
        uint64_t seq;
        bool failed;                    /* out of memory while it was built */
        bool large; /* has a result for a file, or must not overtake one that has */
        bool finishing;                 /* ends what runs: goes on when the disk is full */
        enum store_outcome preset;      /* decided before the writer saw it; STORE_DONE: no */
        struct arena arena;
        _Alignas(16) char room[2048];   /* the arena's first part */
};

struct claim_item {
        struct item item;
        size_t n;
        int64_t now_ms;
        store_claimed *claimed;
        void *arg;
        struct arena arena;
        struct store_execution *executions;
        size_t got;
};

/* Something that needs the writer between two commits; store_job() waits until it ran. */
struct job {
        struct item item;
        int (*run)(struct store *store, struct job *job); /* a code of SQLite, for the caller */
        int r;
        bool done;
        pthread_mutex_t lock;
        pthread_cond_t wake;
};

/* ---- what was seen ---- */

struct seen {
        struct seen_slot *slots;        /* digests of seen_log */
        size_t capacity, used;
        int64_t last;                   /* n of the newest row of seen_log */
        int64_t merge_to;               /* 0: no merge under way */
        unsigned merge_slice;
        bool has_merged;                /* the table seen has rows */
};

int seen_load(struct seen *seen, struct sql *sql);
void seen_deinit(struct seen *seen);
void seen_digest(const char *scope, const char *key, uint8_t ret[DIGEST_SIZE]);
int seen_judge(struct seen *seen, struct sql *sql, const struct op_once *once, int64_t now_ms,
               enum store_outcome *ret, struct id *ret_first);
int seen_add(struct seen *seen, struct sql *sql, const struct op_once *once);
/* One slice of merging, when the log is long. Outside a transaction. */
bool seen_needs_merge(const struct seen *seen);
int seen_merge_slice(struct seen *seen, struct sql *sql, int64_t now_ms);
int seen_expire_slice(struct sql *sql, unsigned slice, int64_t now_ms);
#define SEEN_SLICES 32

/* ---- the store ---- */

struct tally {
        uint64_t seq;
        int64_t rows[STORE_QUEUE_STATUSES];
};

struct writer {                         /* the writer thread's own */
        struct sql sql;
        struct tally now, saved;        /* in this commit; as last written */
        struct seen seen;
        bool seen_dirty;                /* the memory of seen may hold what was rolled back */
        bool careful;                   /* a savepoint for each transaction of this commit */
        int wal_pages;
        uint64_t epoch;
        int64_t now_ms;                 /* of this commit */
};

enum health { HEALTH_GOOD, HEALTH_FULL, HEALTH_BROKEN };

struct reader {
        struct reader *next;
        struct sql sql;
        int64_t deadline_us;
        bool patient;                   /* no deadline */
};

struct store {
        char *state_dir, *path;
        uint32_t writes_max;
        int64_t reserve_bytes;
        int lock_fd;
        uint64_t epoch;
        struct writer writer;
        struct inbox inbox, filer_inbox;
        pthread_t writer_thread, filer_thread;
        bool writer_runs, filer_runs;
        _Atomic uint32_t waiting;       /* transactions handed in and not answered */
        _Atomic uint64_t seq;           /* committed */
        _Atomic int64_t rows[STORE_QUEUE_STATUSES];
        _Atomic int health;
        _Atomic int64_t full_retry_ms;  /* on the monotonic clock */
        pthread_mutex_t lock;           /* of what follows */
        char broken_why[160];
        struct reader *idle;
        unsigned idle_n;
        struct pin *pins;
        pthread_mutex_t upkeep;         /* one backup or expiry at a time */
        atomic_bool ends_upkeep;
};

CLEANUP_DEFINE(struct store *, store_close);
/* Not opened yet. */
struct store *store_new(const struct store_options *options);

/* Take the lock of a state directory; 409 where a hub holds it. */
int store_lock(const char *state_dir, int *ret_fd, struct fault *fault);
int store_make_folders(const char *state_dir, struct fault *fault);
int migrate_run(struct sql *sql, const char *path, struct fault *fault);
/* Can this program read the file as it is? Changes nothing. */
int migrate_judge(struct sql *sql, const char *path, struct fault *fault);
int store_fault_damaged(const char *path, const char *why, struct fault *fault);
/* What the connection's last error means to a person. */
int store_fault_sql(struct sql *sql, const char *path, struct fault *fault);

int judge_op(struct writer *writer, struct op *op, enum store_outcome *ret, struct id *ret_first);
int apply_op(struct writer *writer, struct op *op);
int queue_claim(struct writer *writer, struct claim_item *claim);
/* Between status and status; STORE_SUCCEEDED and above stand for "no row". */
void tally_move(struct tally *tally, enum store_status from, enum store_status to);

/* Bytes of the database and of its log. */
void store_file_sizes(const struct store *store, uint64_t *ret_db, uint64_t *ret_wal);

void *writer_main(void *store);
int store_job(struct store *store, struct job *job);
int store_fault_ending(struct fault *fault);
/* What an engine error outside a commit means for the store's health; on the writer. */
void writer_failed(struct store *store, int code, const char *doing);
void *filer_main(void *store);

/* ---- health (health.c) ---- */

void health_broken(struct store *store, int code, const char *doing);
void health_full(struct store *store);
/*
 * May ordinary writes be tried? Tries at most once a second whether a full disk has room again. Any
 * thread.
 */
bool health_admits(struct store *store);
int reserve_make(struct store *store);

/* ---- result files (filer.c) ---- */

struct pin {                            /* a file that is written and not yet committed */
        struct pin *next;
        uint8_t hash[HASH_SIZE];
};
void filer_unpin(struct store *store, const struct store_txn *txn);
/* Unlink the file unless a row or a transaction under way needs it; on the writer. */
int filer_drop(struct store *store, const uint8_t hash[HASH_SIZE]);
char *filer_path(const char *state_dir, const uint8_t hash[HASH_SIZE]);
/* Written, synced, renamed, the folder synced. -errno. */
int filer_write(const char *state_dir, const uint8_t hash[HASH_SIZE], const char *bytes,
                size_t len);
int filer_read(const char *state_dir, const uint8_t hash[HASH_SIZE], char **ret);

/* ---- copies (backup.c) ---- */

int backup_verify(struct sql *sql, const char *path, struct fault *fault);

/* ---- reading (reader.c) ---- */

int reader_get(struct store *store, struct reader **ret, struct fault *fault);
struct reader *reader_put(struct store *store, struct reader *reader);
/* The code that ended a query, as a fault; 0 for SQLITE_DONE and SQLITE_ROW. */
int reader_fault(struct store *store, struct reader *reader, int code, struct fault *fault);

/* What a list asks for; the texts are appended to while the filter is translated. */
struct select {
        char where[1024];               /* " AND x=?" …, starts empty */
        const void *values[16];         /* text or struct id *, as kinds says */
        int64_t ints[16];
        char kinds[17];
        unsigned n;
};
void select_text(struct select *select, const char *clause, const char *value);
void select_id(struct select *select, const char *clause, const struct id *value);
void select_int(struct select *select, const char *clause, int64_t value);
/* from: " FROM … WHERE 1"; seq: the column that after_seq and the order are about. */
struct select_run {
        const char *columns, *from, *seq;
        const char *order;              /* instead of seq; may be NULL */
        const struct store_page *page;
        int (*row)(void *arg, sqlite3_stmt *stmt);      /* nonzero: stop */
        void *arg;
        uint64_t *ret_total;
};
int select_run(struct store *store, const struct select *select, const struct select_run *run,
               struct fault *fault);

/* Columns in the order in which row_execution() reads them; aliases e, q and r. */
#define EXECUTION_COLUMNS                                                                       \
        "e.seq,e.id,e.parent,e.event,e.plan,e.action,e.runner,e.instance,e.rule,e.user,e.mode,"  \
        "e.on_lost,e.timeout_ms,e.created_ms,e.params,e.context,"                               \
        "q.status,q.run_at_ms,q.epoch,q.attempt,q.started_ms,q.note,"                           \
        "r.status,r.epoch,r.attempt,r.started_ms,r.ended_ms,r.size,r.hash,q.idle"
#define EXECUTION_BODY 30               /* the column after them: r.body or NULL */
#define EXECUTION_JOIN                                                                          \
        " LEFT JOIN queue q ON q.execution=e.seq LEFT JOIN result r ON r.execution=e.seq"
void row_execution(sqlite3_stmt *stmt, struct store_execution *ret);
#define EVENT_COLUMNS "v.seq,v.id,v.trigger,v.source,v.trace,v.at_ms,v.payload"
void row_event(sqlite3_stmt *stmt, struct store_event *ret);
#define ENFORCEMENT_COLUMNS "f.seq,f.id,f.event,f.execution,f.rule,f.failure,f.at_ms"
void row_enforcement(sqlite3_stmt *stmt, struct store_enforcement *ret);

#endif
