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

static int copy_file(int in, const char *to)
{
        _close_ int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ssize_t n;

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

static int unpack(struct sql *sql, const char *state_dir, const char *name, struct fault *fault)
{
        int64_t any;
        int r = sql_int(sql, &any, "SELECT 1 FROM sqlite_master WHERE name='result_file'", "");

        if (r == SQLITE_DONE)
                return fault_set(fault, 422, "store.not-a-backup", "%s is a store and not a backup",
                                 name);
        if (r != SQLITE_OK)
                return store_fault_sql(sql, name, fault);
        r = unpack_results(sql, state_dir, fault);
        if (r != 0)
                return r;
        return sql_exec(sql, "PRAGMA synchronous=FULL;DROP TABLE result_file") == SQLITE_OK ? 0 :
                store_fault_sql(sql, name, fault);
}

static int prepare(const char *state_dir, const char *name, const char *fresh, struct fault *fault)
{
        _fault_ struct fault made = FAULT_INIT;
        struct sql sql;
        int r = sql_open(&sql, fresh, SQLITE_OPEN_READWRITE, 2048);

        r = r == SQLITE_OK ? backup_verify(&sql, name, &made) : store_fault_sql(&sql, name, &made);
        if (r == 0)
                r = migrate_run(&sql, name, &made);
        if (r == 0)
                r = unpack(&sql, state_dir, name, &made);
        sql_close(&sql);
        if (r != FAULT)
                return r;
        /* What helps against a damaged or newer store does not help against such a backup. */
        if (made.status != 507)
                fault_try(&made, "name another file that kaname backup made; the state in %s is "
                          "as it was", state_dir);
        fault_move(fault, &made);
        return FAULT;
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

static int sync_folder(const char *path)
{
        _close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int replace(const char *state_dir, const char *path, const char *fresh)
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
        return rename(fresh, path) < 0 ? -errno : sync_folder(state_dir);
}

int store_restore(const char *state_dir, int backup, const char *name, struct fault *fault)
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
        r = fault_errno(fault, copy_file(backup, fresh), fresh);
        if (r == 0)
                r = prepare(state_dir, name, fresh, fault);
        if (r == 0) {
                fold_log(path);
                r = fault_errno(fault, replace(state_dir, path, fresh), path);
        }
        unlink(fresh);
        return r;
}
