/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Copies. The writer hands out some pages between two commits; SQLite carries what it changes
 * meanwhile over to the copy, since both go through its one connection. The results that are files
 * are put into the copy as rows, so that a backup is one file and whole; restoring takes them out
 * again. The master key and the output of executions are in no backup.
 */

#include "store/engine.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#define PAGES 512                       /* 2 MiB between two commits */

struct copy {
        struct job job;
        sqlite3 *to;
        sqlite3_backup *backup;
};

static int step(struct store *store, struct copy *copy)
{
        if (atomic_load(&store->ends_upkeep))
                return SQLITE_INTERRUPT;
        if (!copy->backup)
                copy->backup = sqlite3_backup_init(copy->to, "main", store->writer.sql.db, "main");
        return copy->backup ? sqlite3_backup_step(copy->backup, PAGES) : SQLITE_ERROR;
}

static int run_copy(struct store *store, struct job *job)
{
        struct copy *copy = (struct copy *)(void *)job;
        int r = step(store, copy);

        if (r != SQLITE_OK && copy->backup)
                copy->backup = (sqlite3_backup_finish(copy->backup), NULL);
        return r;
}

static int copy_pages(struct store *store, struct sql *to)
{
        struct copy copy = { .job.run = run_copy, .to = to->db };
        int r;

        do
                r = store_job(store, &copy.job);
        while (r == SQLITE_OK);
        return r == SQLITE_DONE ? SQLITE_OK : r;
}

/*
 * What is wrong with the copy: its disk is full, or the store that it was read from is damaged,
 * which is no reason to throw the store away before it was looked at.
 */
static int copy_fault(struct store *store, struct sql *to, struct fault *fault)
{
        _fault_ struct fault made = FAULT_INIT;
        int r = store_fault_sql(to, store->path, &made);

        if (r != FAULT)
                return r;
        if (made.status == 507) {
                fault_set(&made, 507, "store.backup-room", "the backup filled the disk of %s",
                          store->state_dir);
                fault_try(&made, "make room there: the copy is made beside the store");
        } else if (made.status == 500) {
                fault_try(&made, "see what is wrong: kanamed --check-store --state-dir %s",
                          store->state_dir);
        }
        fault_move(fault, &made);
        return FAULT;
}

static int put_file(struct store *store, struct sql *to, const uint8_t *hash, struct fault *fault)
{
        _free_ char *body = NULL;
        int r = filer_read(store->state_dir, hash, &body);

        if (r < 0)
                return fault_errno(fault, r, "reading the file of a result for the backup");
        r = sql_run(to, "INSERT INTO result_file VALUES(?, ?)", "bt", (const void *)hash,
                    (size_t)HASH_SIZE, body);
        return r == SQLITE_OK ? 0 : copy_fault(store, to, fault);
}

static int copy_files(struct store *store, struct sql *to, struct fault *fault)
{
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        int r = sql_exec(to, "PRAGMA journal_mode=DELETE;PRAGMA synchronous=OFF;BEGIN;"
                         "CREATE TABLE result_file(hash BLOB PRIMARY KEY, body TEXT)");

        if (r == SQLITE_OK)
                r = sql_query(to, &stmt, "SELECT DISTINCT hash FROM result WHERE hash IS NOT NULL",
                              "");
        while (r == SQLITE_OK && (r = sqlite3_step(stmt)) == SQLITE_ROW) {
                r = put_file(store, to, sqlite3_column_blob(stmt, 0), fault);
                if (r != 0)
                        return r;
        }
        sql_resetp(&stmt);
        if (r == SQLITE_DONE)
                r = sql_exec(to, "COMMIT");
        return r == SQLITE_OK ? 0 : copy_fault(store, to, fault);
}

int backup_verify(struct sql *sql, const char *path, struct fault *fault)
{
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        int r = sql_query(sql, &stmt, "PRAGMA quick_check(1)", "");

        if (r == SQLITE_OK)
                r = sqlite3_step(stmt);
        if (r != SQLITE_ROW)
                return store_fault_sql(sql, path, fault);
        if (strcmp(sql_text(stmt, 0), "ok") != 0)
                return store_fault_damaged(path, sql_text(stmt, 0), fault);
        return 0;
}

/* As much as the store, its log and the results that are files; the reserve's size stays free. */
static int need_room(struct store *store, uint64_t *ret, struct fault *fault)
{
        uint64_t db = 0, wal = 0, reserve = 0;
        struct reader *reader;
        int64_t files = 0;
        int r = reader_get(store, &reader, fault);

        if (r != 0)
                return r;
        r = sql_int(&reader->sql, &files, "SELECT coalesce(sum(size), 0) FROM (SELECT max(size)"
                    " AS size FROM result WHERE hash IS NOT NULL GROUP BY hash)", "");
        r = reader_fault(store, reader, r, fault);
        reader_put(store, reader);
        store_file_sizes(store, &db, &wal);
        if (store->reserve_bytes > 0)
                reserve = (uint64_t)store->reserve_bytes;
        *ret = db + wal + (uint64_t)files + reserve;
        return r;
}

static int check_room(struct store *store, struct fault *fault)
{
        struct statvfs fs;
        uint64_t need, has;
        int r = need_room(store, &need, fault);

        if (r != 0 || statvfs(store->state_dir, &fs) < 0)
                return r;
        has = (uint64_t)fs.f_bavail * fs.f_frsize;
        if (need <= has)
                return 0;
        fault_set(fault, 507, "store.backup-room", "there is no room for a backup in %s",
                  store->state_dir);
        fault_why(fault, "the copy is made beside the store: that takes up to %llu MiB, and %llu "
                  "MiB are free", (unsigned long long)(need >> 20) + 1,
                  (unsigned long long)has >> 20);
        return fault_try(fault, "make room there, or keep events and executions for fewer days "
                         "(retention)");
}

static int fill(struct store *store, struct sql *to, struct fault *fault)
{
        int r = sql_exec(to, "PRAGMA synchronous=OFF");

        if (r == SQLITE_OK)
                r = copy_pages(store, to);
        if (r == SQLITE_INTERRUPT)
                return store_fault_ending(fault);
        r = r == SQLITE_OK ? copy_files(store, to, fault) : copy_fault(store, to, fault);
        return r == 0 ? backup_verify(to, store->path, fault) : r;
}

static int make(struct store *store, const char *path, int *ret_fd, struct fault *fault)
{
        struct sql to;
        int r = sql_open(&to, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 2048), fd;

        r = r == SQLITE_OK ? fill(store, &to, fault) : copy_fault(store, &to, fault);
        sql_close(&to);
        if (r != 0)
                return r;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return fault_errno(fault, -errno, path);
        *ret_fd = fd;
        return 0;
}

int store_backup(struct store *store, int *ret_fd, struct fault *fault)
{
        _free_ char *path = NULL;
        int r;

        if (asprintf(&path, "%s/backup.part", store->state_dir) < 0)
                return -ENOMEM;
        pthread_mutex_lock(&store->upkeep);
        unlink(path);                   /* of a hub that died over it */
        r = check_room(store, fault);
        if (r == 0)
                r = make(store, path, ret_fd, fault);
        unlink(path);
        pthread_mutex_unlock(&store->upkeep);
        return r;
}
