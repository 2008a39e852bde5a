/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Opening and closing, and handing transactions in. Opening reads nothing in proportion to what is
 * stored: rows of the queue are counted as they come and go, the last seq is kept with them, and
 * damage is looked for only at the header, the schema and the right edge of each tree, where a torn
 * file shows. The whole is judged on demand, by store_check().
 */

#include "store/engine.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *const status_texts[] = {
        [STORE_REQUESTED] = "requested", [STORE_SCHEDULED] = "scheduled",
        [STORE_DELAYED] = "delayed",
        [STORE_HELD] = "held", [STORE_RUNNING] = "running", [STORE_PENDING] = "pending",
        [STORE_PAUSED] = "paused", [STORE_CANCELING] = "canceling",
        [STORE_WAITING] = "running", [STORE_PAUSING] = "pausing", [STORE_STOPPING] = "canceling",
        [STORE_SUCCEEDED] = "succeeded",
        [STORE_FAILED] = "failed", [STORE_TIMEOUT] = "timeout", [STORE_ABANDONED] = "abandoned",
        [STORE_CANCELED] = "canceled",
};

const char *store_status_text(enum store_status status)
{
        return status_texts[status];
}

bool store_status_parse(const char *text, enum store_status *ret)
{
        for (size_t i = 0; i < sizeof status_texts / sizeof *status_texts; i++)
                if (strcmp(text, status_texts[i]) == 0) {
                        *ret = (enum store_status)i;
                        return true;
                }
        return false;
}

const char *store_change_state_text(enum store_change_state state)
{
        static const char *const texts[] = { "intent", "applied", "refused", "unknown", "planned" };

        return texts[state];
}

int store_fault_sql(struct sql *sql, const char *path, struct fault *fault)
{
        int code = sql->db ? sqlite3_extended_errcode(sql->db) : SQLITE_NOMEM;
        const char *why = sql->db ? sqlite3_errmsg(sql->db) : "out of memory";

        switch (sql_is_full(sql, code) ? SQLITE_FULL : code & 0xff) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return store_fault_damaged(path, why, fault);
        case SQLITE_FULL:
                fault_set(fault, 507, "store.full", "there is no space for %s", path);
                return fault_try(fault, "make room on its disk");
        case SQLITE_NOMEM:
                return -ENOMEM;
        }
        fault_set(fault, 503, "store.broken", "the store %s failed", path);
        fault_why(fault, "%s (SQLite %d)", why, code);
        return fault_try(fault, "look at its permissions and its disk");
}

void store_file_sizes(const struct store *store, uint64_t *ret_db, uint64_t *ret_wal)
{
        _free_ char *wal = NULL;
        struct stat st;

        if (stat(store->path, &st) == 0)
                *ret_db = (uint64_t)st.st_size;
        if (asprintf(&wal, "%s-wal", store->path) >= 0 && stat(wal, &st) == 0)
                *ret_wal = (uint64_t)st.st_size;
}

static int fault_locked(const char *path, int fd, struct fault *fault)
{
        char pid[32] = "";
        ssize_t n = pread(fd, pid, sizeof pid - 1, 0);

        pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
        fault_set(fault, 409, "store.locked", "another hub is running on this state (process %s)",
                  pid[0] ? pid : "unknown");
        fault_why(fault, "it holds the lock %s", path);
        return fault_try(fault, "stop that one first, or give this one another state_dir");
}

/* The process that wrote its number into the lock file; 0: it says nothing. */
static pid_t holder_of(int fd)
{
        char text[16] = "";

        return pread(fd, text, sizeof text - 1, 0) > 0 ? (pid_t)atoi(text) : 0;
}

/*
 * A child that its hub was just starting when it was killed holds the lock until it is another
 * program: so a dead holder is waited for, a moment.
 */
static int take_lock(int fd)
{
        for (int tries = 0;; tries++) {
                pid_t holder = holder_of(fd);

                if (flock(fd, LOCK_EX | LOCK_NB) == 0)
                        return 0;
                if (errno != EWOULDBLOCK)
                        return -errno;
                if (tries == 100 || !holder || kill(holder, 0) == 0 || errno != ESRCH)
                        return -EWOULDBLOCK;
                nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
        }
}

int store_lock(const char *state_dir, int *ret_fd, struct fault *fault)
{
        _free_ char *path = NULL;
        _close_ int fd = -1;
        int r;

        if (asprintf(&path, "%s/lock", state_dir) < 0)
                return -ENOMEM;
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
                return fault_errno(fault, -errno, path);
        r = take_lock(fd);
        if (r == -EWOULDBLOCK)
                return fault_locked(path, fd, fault);
        if (r < 0)
                return fault_errno(fault, r, path);
        if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
                return fault_errno(fault, -errno, path);
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int store_make_folders(const char *state_dir, struct fault *fault)
{
        static const char *const names[] = { "", "/output", "/results" };

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                _free_ char *path = NULL;

                if (asprintf(&path, "%s%s", state_dir, names[i]) < 0)
                        return -ENOMEM;
                if (mkdir(path, 0700) < 0 && errno != EEXIST)
                        return fault_errno(fault, -errno, path);
        }
        return 0;
}

/* The newest row of each tree: seq never falls behind them, and a torn file shows here. */
static int check_edges(struct sql *sql, uint64_t seq)
{
        int64_t last = 0;
        int r = sql_int(sql, &last, "SELECT max(coalesce((SELECT max(seq) FROM event), 0),"
                        " coalesce((SELECT max(seq) FROM execution), 0),"
                        " coalesce((SELECT max(seq) FROM result), 0),"
                        " coalesce((SELECT max(seq) FROM enforcement), 0),"
                        " coalesce((SELECT max(seq) FROM change), 0),"
                        " 0 * coalesce((SELECT max(execution) FROM queue), 0),"
                        " 0 * coalesce((SELECT max(rowid) FROM doc), 0))", "");

        return r == SQLITE_OK && last > (int64_t)seq ? SQLITE_CORRUPT : r;
}

static int read_tally(struct writer *writer)
{
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        int r = sql_query(&writer->sql, &stmt, "SELECT name, value FROM counter", "");

        while (r == SQLITE_OK && (r = sqlite3_step(stmt)) == SQLITE_ROW) {
                int64_t name = sqlite3_column_int64(stmt, 0), value = sqlite3_column_int64(stmt, 1);

                if (name >= 0 && name < STORE_QUEUE_STATUSES)
                        writer->now.rows[name] = value;
                else if (name == 100)
                        writer->now.seq = (uint64_t)value;
                r = SQLITE_OK;
        }
        writer->saved = writer->now;
        return r == SQLITE_DONE ? SQLITE_OK : r;
}

static int open_epoch(struct writer *writer, const char *hub_name)
{
        int64_t epoch = 0;
        int r = sql_run(&writer->sql, "BEGIN IMMEDIATE", "");

        for (unsigned i = 0; i <= STORE_QUEUE_STATUSES && r == SQLITE_OK; i++)
                r = sql_run(&writer->sql, "INSERT OR IGNORE INTO counter VALUES(?, 0)", "u",
                            i < STORE_QUEUE_STATUSES ? i : 100u);
        if (r == SQLITE_OK)
                r = sql_run(&writer->sql, "INSERT INTO node(name, epoch, opened_ms)"
                            " VALUES(?, (SELECT coalesce(max(epoch), 0) + 1 FROM node), ?)"
                            " ON CONFLICT(name) DO UPDATE SET epoch=excluded.epoch,"
                            " opened_ms=excluded.opened_ms", "ti", hub_name, clock_real_ms());
        if (r == SQLITE_OK)
                r = sql_int(&writer->sql, &epoch, "SELECT epoch FROM node WHERE name=?", "t",
                            hub_name);
        if (r == SQLITE_OK)
                r = sql_run(&writer->sql, "COMMIT", "");
        writer->epoch = (uint64_t)epoch;
        return r;
}

static int load(struct store *store, const char *hub_name)
{
        struct writer *writer = &store->writer;
        int r = read_tally(writer);

        if (r == SQLITE_OK)
                r = open_epoch(writer, hub_name);
        if (r == SQLITE_OK)
                r = seen_load(&writer->seen, &writer->sql);
        if (r == SQLITE_OK)
                r = check_edges(&writer->sql, writer->now.seq);
        return r;
}

static int open_engine(struct store *store, const char *hub_name, struct fault *fault)
{
        struct writer *writer = &store->writer;
        int r = sql_open(&writer->sql, store->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                         8192);

        if (r == SQLITE_OK)
                r = sql_exec(&writer->sql, "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
                             "PRAGMA journal_size_limit=67108864");
        if (r != SQLITE_OK)
                return store_fault_sql(&writer->sql, store->path, fault);
        r = migrate_run(&writer->sql, store->path, fault);
        if (r != 0)
                return r;
        r = load(store, hub_name);
        if (r == SQLITE_CORRUPT)
                return store_fault_damaged(store->path, "its parts do not fit each other", fault);
        return r == SQLITE_OK ? 0 : store_fault_sql(&writer->sql, store->path, fault);
}

/* On a full disk it is the reserve that lets a hub start and serve reads. */
static int open_with_room(struct store *store, const char *hub_name, struct fault *fault)
{
        _fault_ struct fault made = FAULT_INIT;
        int r = open_engine(store, hub_name, &made);

        if (r == FAULT && made.status == 507 && store->reserve_bytes > 0) {
                sql_close(&store->writer.sql);
                health_full(store);
                r = open_engine(store, hub_name, &made);
        }
        if (r == FAULT)
                fault_move(fault, &made);
        return r;
}

static int start_threads(struct store *store)
{
        for (int i = 0; i < STORE_QUEUE_STATUSES; i++)
                atomic_store(&store->rows[i], store->writer.saved.rows[i]);
        atomic_store(&store->seq, store->writer.saved.seq);
        store->epoch = store->writer.epoch;
        store->filer_runs = pthread_create(&store->filer_thread, NULL, filer_main, store) == 0;
        store->writer_runs = store->filer_runs &&
                pthread_create(&store->writer_thread, NULL, writer_main, store) == 0;
        return store->writer_runs ? 0 : -EAGAIN;
}

struct store *store_new(const struct store_options *options)
{
        struct store *store = calloc(1, sizeof *store);

        if (!store)
                return NULL;
        inbox_init(&store->inbox);
        inbox_init(&store->filer_inbox);
        pthread_mutex_init(&store->lock, NULL);
        pthread_mutex_init(&store->upkeep, NULL);
        store->lock_fd = -1;
        store->writes_max = options->writes_max ? options->writes_max : 65536;
        store->reserve_bytes = options->reserve_bytes ? options->reserve_bytes : 16 * 1024 * 1024;
        store->state_dir = strdup(options->state_dir);
        if (asprintf(&store->path, "%s/store.db", options->state_dir) < 0)
                store->path = NULL;
        if (!store->path || !store->state_dir)
                return store_close(store);
        return store;
}

int store_open(const struct store_options *options, struct store **ret, struct fault *fault)
{
        _cleanup_(store_closep) struct store *store = store_new(options);
        int r = store ? store_make_folders(options->state_dir, fault) : -ENOMEM;

        if (r == 0)
                r = store_lock(options->state_dir, &store->lock_fd, fault);
        if (r == 0)
                r = open_with_room(store, options->hub_name, fault);
        if (r == 0 && reserve_make(store) < 0)
                health_full(store);
        if (r == 0)
                r = start_threads(store);
        if (r != 0)
                return r;
        *ret = TAKE(store);
        return 0;
}

void store_end_upkeep(struct store *store)
{
        atomic_store(&store->ends_upkeep, true);
}

static void stop_threads(struct store *store)
{
        if (store->writer_runs) {
                inbox_close(&store->inbox);
                pthread_join(store->writer_thread, NULL);
        }
        if (store->filer_runs) {
                inbox_close(&store->filer_inbox);
                pthread_join(store->filer_thread, NULL);
        }
}

struct store *store_close(struct store *store)
{
        if (!store)
                return NULL;
        stop_threads(store);
        while (store->idle) {
                struct reader *next = store->idle->next;

                sql_close(&store->idle->sql);
                free(store->idle);
                store->idle = next;
        }
        /*
         * The last connection folds the log into the file, but for an engine that may not be
         * trusted.
         */
        if (store->writer.sql.db && atomic_load(&store->health) == HEALTH_BROKEN)
                sqlite3_db_config(store->writer.sql.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sql_close(&store->writer.sql);
        seen_deinit(&store->writer.seen);
        cleanup_close(&store->lock_fd);
        inbox_deinit(&store->inbox);
        inbox_deinit(&store->filer_inbox);
        pthread_mutex_destroy(&store->lock);
        pthread_mutex_destroy(&store->upkeep);
        free(store->state_dir);
        free(store->path);
        free(store);
        return NULL;
}

uint64_t store_epoch(const struct store *store)
{
        return store->epoch;
}

uint64_t store_seq(const struct store *store)
{
        return atomic_load(&store->seq);
}
