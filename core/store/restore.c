/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A backup in place of a store that nobody has open. It is copied, checked and unpacked beside the
 * old one, and takes its place by one rename, so that a crash leaves the one or the other. The old
 * log is folded into its file first, or moved away with it: a log must never meet another file.
 */

#include "store/engine.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

static int copy_file(const char *from, const char *to)
{
        _close_ int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
        ssize_t n;

        if (in < 0)
                return -errno;
        out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (out < 0)
                return -errno;
        while ((n = sendfile(out, in, NULL, 1 << 30)) > 0)
                ;
        return n < 0 || fsync(out) < 0 ? -errno : 0;
}

static int unpack_results(struct sql *sql, const char *state_dir, struct fault *fault)
{
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        int r = sql_query(sql, &stmt, "SELECT hash, body FROM result_file", "");

        while (r == SQLITE_OK && (r = sqlite3_step(stmt)) == SQLITE_ROW) {
                const void *body = sqlite3_column_blob(stmt, 1);

                r = filer_write(state_dir, sqlite3_column_blob(stmt, 0), body,
                                (size_t)sqlite3_column_bytes(stmt, 1));
                if (r < 0)
                        return fault_errno(fault, r, "unpacking the results of the backup");
        }
        return r == SQLITE_DONE ? 0 : store_fault_sql(sql, "of the backup", fault);
}

static int unpack(struct sql *sql, const char *state_dir, const char *backup, struct fault *fault)
{
        int64_t any;
        int r = sql_int(sql, &any, "SELECT 1 FROM sqlite_master WHERE name='result_file'", "");

        if (r == SQLITE_DONE) {
                fault_set(fault, 422, "store.not-a-backup", "%s is not a backup of a store",
                          backup);
                return fault_try(fault, "name a file that kaname store backup made");
        }
        if (r != SQLITE_OK)
                return store_fault_sql(sql, backup, fault);
        r = unpack_results(sql, state_dir, fault);
        if (r != 0)
                return r;
        return sql_exec(sql, "PRAGMA synchronous=FULL;DROP TABLE result_file") == SQLITE_OK ? 0 :
                store_fault_sql(sql, backup, fault);
}

static int prepare(const char *state_dir, const char *backup, const char *fresh,
                   struct fault *fault)
{
        struct sql sql;
        int r = copy_file(backup, fresh);

        if (r < 0)
                return fault_errno(fault, r, backup);
        r = sql_open(&sql, fresh, SQLITE_OPEN_READWRITE, 2048);
        r = r == SQLITE_OK ? backup_verify(&sql, backup, fault) :
                store_fault_sql(&sql, backup, fault);
        if (r == 0)
                r = unpack(&sql, state_dir, backup, fault);
        if (r == 0)
                r = migrate_run(&sql, backup, fault);
        sql_close(&sql);
        return r;
}

/* A store that still opens folds its log; one that does not keeps it beside it. */
static void fold_log(const char *path)
{
        struct sql sql;

        if (access(path, F_OK) == 0) {
                if (sql_open(&sql, path, SQLITE_OPEN_READWRITE, 2048) == SQLITE_OK)
                        sql_exec(&sql, "PRAGMA wal_checkpoint(TRUNCATE)");
                sql_close(&sql);
        }
}

static int rename_with(const char *path, const char *suffix)
{
        _free_ char *from = NULL, *to = NULL;

        if (asprintf(&from, "%s%s", path, suffix) < 0 ||
            asprintf(&to, "%s.old%s", path, suffix) < 0)
                return -ENOMEM;
        unlink(to);
        return rename(from, to) < 0 && errno != ENOENT ? -errno : 0;
}

static int replace(const char *path, const char *fresh)
{
        _free_ char *old = NULL;
        int r = rename_with(path, "-wal");

        if (r == 0)
                r = rename_with(path, "-shm");
        if (r < 0)
                return r;
        if (asprintf(&old, "%s.old", path) < 0)
                return -ENOMEM;
        unlink(old);
        if (link(path, old) < 0 && errno != ENOENT)
                return -errno;
        return rename(fresh, path) < 0 ? -errno : backup_sync_folder_of(path);
}

int store_restore(const char *state_dir, const char *backup, struct fault *fault)
{
        _free_ char *path = NULL, *fresh = NULL;
        _close_ int lock = -1;
        int r = store_make_folders(state_dir, fault);

        if (r == 0)
                r = store_lock(state_dir, &lock, fault);
        if (r != 0)
                return r;
        if (asprintf(&path, "%s/store.db", state_dir) < 0 ||
            asprintf(&fresh, "%s/store.db.new", state_dir) < 0)
                return -ENOMEM;
        r = prepare(state_dir, backup, fresh, fault);
        if (r == 0) {
                fold_log(path);
                r = fault_errno(fault, replace(path, fresh), path);
        }
        unlink(fresh);
        return r;
}
