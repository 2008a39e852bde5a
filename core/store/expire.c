/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Deleting what is old, some hundred rows between two commits, oldest first. The rows lie in the
 * order of their seq, which is nearly that of their time: a slice ends the walk at the first row
 * that is young enough, and one that was committed out of order goes the next time. An execution
 * without a result is never deleted, however old; the ledger never is.
 */

#include "store/engine.h"

#include "store/output.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SLICE 500

struct row {
        int64_t seq, result;            /* result 0: none */
        struct id id;
        uint8_t hash[HASH_SIZE];
        bool old, filed;
};

struct slice {
        struct job job;
        const char *select, *erase;     /* statements of the table */
        const char *erase_with;         /* what goes with a row, by its id; may be NULL */
        const char *erase_also;         /* by its seq; may be NULL */
        int64_t before_ms, cursor;
        unsigned seen_slice;
        bool over;
        size_t n;
        struct row rows[SLICE];
};

/* (seq, time, id, result, ended, hash) of the rows behind the cursor. */
static int gather(struct sql *sql, struct slice *slice)
{
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        int r = sql_query(sql, &stmt, slice->select, "ii", slice->cursor, (int64_t)SLICE);

        slice->n = 0;
        slice->over = true;
        while (r == SQLITE_OK && (r = sqlite3_step(stmt)) == SQLITE_ROW) {
                struct row *row = &slice->rows[slice->n];

                if (sqlite3_column_int64(stmt, 1) >= slice->before_ms)
                        break;
                *row = (struct row){ .seq = sqlite3_column_int64(stmt, 0), .id = sql_id(stmt, 2),
                                     .result = sqlite3_column_int64(stmt, 3),
                                     .old = sqlite3_column_int64(stmt, 4) < slice->before_ms,
                                     .filed = sqlite3_column_bytes(stmt, 5) == HASH_SIZE };
                if (row->filed)
                        memcpy(row->hash, sqlite3_column_blob(stmt, 5), HASH_SIZE);
                slice->cursor = row->seq;
                slice->over = ++slice->n < SLICE;
                r = SQLITE_OK;
        }
        return r == SQLITE_DONE || r == SQLITE_ROW ? SQLITE_OK : r;
}

static int erase(struct sql *sql, const struct slice *slice)
{
        int r = SQLITE_OK;

        for (size_t i = 0; i < slice->n && r == SQLITE_OK; i++) {
                const struct row *row = &slice->rows[i];

                if (!row->old)
                        continue;
                if (row->result)
                        r = sql_run(sql, "DELETE FROM result WHERE seq=?", "i", row->result);
                if (r == SQLITE_OK && slice->erase_with)
                        r = sql_run(sql, slice->erase_with, "d", &row->id);
                if (r == SQLITE_OK && slice->erase_also)
                        r = sql_run(sql, slice->erase_also, "i", row->seq);
                if (r == SQLITE_OK)
                        r = sql_run(sql, slice->erase, "i", row->seq);
        }
        return r;
}

static int in_transaction(struct store *store, struct slice *slice,
                          int (*run)(struct sql *sql, const struct slice *slice))
{
        struct sql *sql = &store->writer.sql;
        int r;

        if (atomic_load(&store->ends_upkeep))
                return SQLITE_INTERRUPT;
        r = sql_exec(sql, "BEGIN IMMEDIATE");

        if (r == SQLITE_OK)
                r = run(sql, slice);
        if (r == SQLITE_OK)
                r = sql_exec(sql, "COMMIT");
        if (r != SQLITE_OK && !sqlite3_get_autocommit(sql->db))
                sql_exec(sql, "ROLLBACK");
        if (r != SQLITE_OK)
                writer_failed(store, r, "deleting what is old failed");
        return r;
}

static int run_rows(struct store *store, struct job *job)
{
        struct slice *slice = (struct slice *)(void *)job;
        int r = gather(&store->writer.sql, slice);

        if (r == SQLITE_OK && slice->n)
                r = in_transaction(store, slice, erase);
        for (size_t i = 0; i < slice->n && r == SQLITE_OK; i++)
                if (slice->rows[i].old && slice->rows[i].filed)
                        r = filer_drop(store, slice->rows[i].hash);
        return r;
}

static int erase_seen(struct sql *sql, const struct slice *slice)
{
        return seen_expire_slice(sql, slice->seen_slice, slice->before_ms);
}

static int run_seen(struct store *store, struct job *job)
{
        return in_transaction(store, (struct slice *)(void *)job, erase_seen);
}

static int erase_keys(struct sql *sql, const struct slice *slice)
{
        return sql_run(sql, "DELETE FROM key WHERE expires_ms>0 AND expires_ms<=?", "i",
                       slice->before_ms);
}

static int run_keys(struct store *store, struct job *job)
{
        return in_transaction(store, (struct slice *)(void *)job, erase_keys);
}

static int walk(struct store *store, struct slice *slice, const char *select, const char *erase_one,
                int64_t before_ms)
{
        int r = SQLITE_OK;

        slice->select = select;
        slice->erase = erase_one;
        slice->before_ms = before_ms;
        slice->cursor = 0;
        slice->job.run = run_rows;
        do {
                r = store_job(store, &slice->job);
                for (size_t i = 0; i < slice->n && r == SQLITE_OK; i++)
                        if (slice->rows[i].old && !id_is_zero(&slice->rows[i].id))
                                (void)output_remove(store->state_dir, &slice->rows[i].id);
        } while (r == SQLITE_OK && !slice->over);
        return r;
}

static int walk_all(struct store *store, struct slice *slice, int64_t events_ms,
                    int64_t executions_ms)
{
        int r = walk(store, slice, "SELECT seq, at_ms, NULL, 0, at_ms, NULL FROM event WHERE seq>?"
                     " ORDER BY seq LIMIT ?", "DELETE FROM event WHERE seq=?", events_ms);

        if (r == SQLITE_OK)
                r = walk(store, slice, "SELECT seq, at_ms, NULL, 0, at_ms, NULL FROM enforcement"
                         " WHERE seq>? ORDER BY seq LIMIT ?", "DELETE FROM enforcement WHERE seq=?",
                         events_ms);
        slice->erase_with = "DELETE FROM step WHERE execution=?";
        slice->erase_also = "DELETE FROM move WHERE execution=?";
        if (r == SQLITE_OK)
                r = walk(store, slice,
                         "SELECT e.seq, e.created_ms, e.id, r.seq,"
                         " coalesce(r.ended_ms, 9223372036854775807), r.hash FROM execution e"
                         " LEFT JOIN result r ON r.execution=e.seq WHERE e.seq>? ORDER BY e.seq "
                         "LIMIT ?",
                         "DELETE FROM execution WHERE seq=?", executions_ms);
        slice->before_ms = clock_real_ms();
        slice->job.run = run_seen;
        for (unsigned i = 0; i < SEEN_SLICES && r == SQLITE_OK; i++) {
                slice->seen_slice = i;
                r = store_job(store, &slice->job);
        }
        slice->job.run = run_keys;
        return r == SQLITE_OK ? store_job(store, &slice->job) : r;
}

/* 64 hex digits and nothing else. */
static bool parse_hash(const char *text, uint8_t ret[HASH_SIZE])
{
        size_t len;
        const char *end;

        return sodium_hex2bin(ret, HASH_SIZE, text, strlen(text), NULL, &len, &end) == 0 &&
                len == HASH_SIZE && !*end;
}

struct sweep {
        struct job job;
        uint8_t hash[HASH_SIZE];
};

static int run_sweep(struct store *store, struct job *job)
{
        return filer_drop(store, ((struct sweep *)(void *)job)->hash);
}

/* Files whose transaction never came: the hub died between the two. */
static void sweep_results(struct store *store)
{
        _free_ char *path = NULL;
        const struct dirent *entry;
        DIR *dir;

        if (asprintf(&path, "%s/results", store->state_dir) < 0)
                return;
        dir = opendir(path);
        while (dir && !atomic_load(&store->ends_upkeep) && (entry = readdir(dir))) {
                struct sweep sweep = { .job.run = run_sweep };

                if (parse_hash(entry->d_name, sweep.hash))
                        (void)store_job(store, &sweep.job);
        }
        if (dir)
                closedir(dir);
}

int store_expire(struct store *store, int64_t events_before_ms, int64_t executions_before_ms,
                 struct fault *fault)
{
        _free_ struct slice *slice = calloc(1, sizeof *slice);
        int r;

        if (!slice)
                return -ENOMEM;
        r = store_health(store, fault);
        if (r != 0)
                return r;
        pthread_mutex_lock(&store->upkeep);
        r = walk_all(store, slice, events_before_ms, executions_before_ms);
        if (r == SQLITE_OK)
                sweep_results(store);
        pthread_mutex_unlock(&store->upkeep);
        if (r == SQLITE_OK)
                return 0;
        if (r == SQLITE_INTERRUPT)
                return store_fault_ending(fault);
        r = store_health(store, fault);
        return r != 0 ? r : -ENOMEM;
}
