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
#include <sys/stat.h>

#define PAGES 512                       /* 2 MiB between two commits */

struct copy {
        struct job job;
        sqlite3 *to;
        sqlite3_backup *backup;
        bool stop;
};

static int run_copy(struct store *store, struct job *job)
{
        struct copy *copy = (struct copy *)(void *)job;
        int r = SQLITE_ERROR;

        if (!copy->backup && !copy->stop)
                copy->backup = sqlite3_backup_init(copy->to, "main", store->writer.sql.db, "main");
        if (copy->backup && !copy->stop)
                r = sqlite3_backup_step(copy->backup, PAGES);
        if (r == SQLITE_OK)
                return r;
        if (copy->backup)
                sqlite3_backup_finish(copy->backup);
        copy->backup = NULL;
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

static int put_file(struct store *store, struct sql *to, const uint8_t *hash, struct fault *fault)
{
        _free_ char *body = NULL;
        int r = filer_read(store->state_dir, hash, &body);

        if (r < 0)
                return fault_errno(fault, r, "reading the file of a result for the backup");
        r = sql_run(to, "INSERT INTO result_file VALUES(?, ?)", "bt", (const void *)hash,
                    (size_t)HASH_SIZE,
                    body);
        return r == SQLITE_OK ? 0 : store_fault_sql(to, "of the backup", fault);
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
        return r == SQLITE_OK ? 0 : store_fault_sql(to, "of the backup", fault);
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

static int sync_path(const char *path, int flags)
{
        _close_ int fd = open(path, flags | O_CLOEXEC);

        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int backup_sync_folder_of(const char *path)
{
        _free_ char *folder = strdup(path);
        char *slash = folder ? strrchr(folder, '/') : NULL;

        if (!folder)
                return -ENOMEM;
        if (slash)
                slash[slash == folder] = '\0';
        return sync_path(slash ? folder : ".", O_RDONLY | O_DIRECTORY);
}

/* Into its place, unless something stands there by now. */
static int put_in_place(const char *temp, const char *path, struct fault *fault)
{
        int r = sync_path(temp, O_RDONLY);

        if (r == 0 && link(temp, path) < 0)
                r = -errno;
        if (r == -EEXIST)
                return fault_set(fault, 409, "store.backup-exists", "the file %s exists already",
                                 path);
        return fault_errno(fault, r == 0 ? backup_sync_folder_of(path) : r, path);
}

static int make_backup(struct store *store, const char *temp, struct fault *fault)
{
        struct sql to;
        int r = sql_open(&to, temp, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 2048);

        if (r == SQLITE_OK)
                r = sql_exec(&to, "PRAGMA synchronous=OFF");
        if (r == SQLITE_OK)
                r = copy_pages(store, &to);
        r = r == SQLITE_OK ? 0 : store_fault_sql(&to, temp, fault);
        if (r == 0)
                r = copy_files(store, &to, fault);
        if (r == 0)
                r = backup_verify(&to, temp, fault);
        sql_close(&to);
        return r;
}

int store_backup(struct store *store, const char *path, struct fault *fault)
{
        _free_ char *temp = NULL;
        struct stat st;
        int r;

        if (asprintf(&temp, "%s.part", path) < 0)
                return -ENOMEM;
        if (lstat(path, &st) == 0)
                return fault_set(fault, 409, "store.backup-exists", "the file %s exists already",
                                 path);
        unlink(temp);
        pthread_mutex_lock(&store->upkeep);
        r = make_backup(store, temp, fault);
        pthread_mutex_unlock(&store->upkeep);
        if (r == 0)
                r = put_in_place(temp, path, fault);
        unlink(temp);
        return r;
}
