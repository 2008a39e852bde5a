/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Records of several tables in the order of their commits: the smallest seq of the four goes next.
 */

#include "store/engine.h"

#include "base/cleanup.h"

#include <stdbool.h>

enum { EVENTS, CREATED, FINISHED, ENFORCEMENTS, TABLES };

struct source {
        sqlite3_stmt *stmt;
        uint64_t seq;                   /* of the row it stands on; UINT64_MAX: at its end */
};

static int advance(struct source *source)
{
        int r = sqlite3_step(source->stmt);

        source->seq = r == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(source->stmt, 0) :
                UINT64_MAX;
        return r == SQLITE_ROW || r == SQLITE_DONE ? SQLITE_OK : r;
}

static int open_sources(struct sql *sql, struct source sources[TABLES], int64_t after,
                        int64_t limit)
{
        int r = sql_query(sql, &sources[EVENTS].stmt,
                          "SELECT " EVENT_COLUMNS " FROM event v WHERE v.seq>?"
                          " ORDER BY v.seq LIMIT ?", "ii", after, limit);

        if (r == SQLITE_OK)
                r = sql_query(sql, &sources[CREATED].stmt,
                              "SELECT " EXECUTION_COLUMNS ",NULL"
                              " FROM execution e" EXECUTION_JOIN
                              " WHERE e.seq>? ORDER BY e.seq LIMIT ?",
                              "ii", after, limit);
        /*
         * The seq of the result stands first, so the columns of the execution follow in a second
         * look.
         */
        if (r == SQLITE_OK)
                r = sql_query(sql, &sources[FINISHED].stmt,
                              "SELECT r.seq, r.execution FROM result r"
                              " WHERE r.seq>? ORDER BY r.seq LIMIT ?", "ii", after, limit);
        if (r == SQLITE_OK)
                r = sql_query(sql, &sources[ENFORCEMENTS].stmt, "SELECT " ENFORCEMENT_COLUMNS
                              " FROM enforcement f WHERE f.seq>? ORDER BY f.seq LIMIT ?", "ii",
                              after, limit);
        for (int i = 0; i < TABLES && r == SQLITE_OK; i++)
                r = advance(&sources[i]);
        return r;
}

static int show_finished(struct sql *sql, const struct source *source,
                         const struct store_replay *replay,
                         int *ret_stop)
{
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        struct store_execution e;
        int r = sql_query(sql, &stmt,
                          "SELECT " EXECUTION_COLUMNS ",r.body FROM execution e" EXECUTION_JOIN
                          " WHERE e.seq=?", "i", (int64_t)sqlite3_column_int64(source->stmt, 1));

        if (r == SQLITE_OK)
                r = sqlite3_step(stmt);
        if (r != SQLITE_ROW)
                return r == SQLITE_DONE ? SQLITE_OK : r;
        row_execution(stmt, &e);
        e.seq = source->seq;
        *ret_stop = replay->finished(replay->arg, &e);
        return SQLITE_OK;
}

static int show(struct sql *sql, int which, const struct source *source,
                const struct store_replay *replay,
                int *ret_stop)
{
        struct store_enforcement enforcement;
        struct store_execution execution;
        struct store_event event;

        switch (which) {
        case EVENTS:
                row_event(source->stmt, &event);
                *ret_stop = replay->event(replay->arg, &event);
                return SQLITE_OK;
        case CREATED:
                row_execution(source->stmt, &execution);
                *ret_stop = replay->created(replay->arg, &execution);
                return SQLITE_OK;
        case FINISHED:
                return show_finished(sql, source, replay, ret_stop);
        default:
                row_enforcement(source->stmt, &enforcement);
                *ret_stop = replay->enforcement(replay->arg, &enforcement);
                return SQLITE_OK;
        }
}

static bool is_wanted(int which, const struct store_replay *replay)
{
        const bool wanted[TABLES] = { replay->event, replay->created, replay->finished,
                                      replay->enforcement };

        return wanted[which];
}

static int merge(struct sql *sql, struct source sources[TABLES], size_t limit,
                 const struct store_replay *replay)
{
        int r = SQLITE_OK, stop = 0;

        for (size_t shown = 0; shown < limit && r == SQLITE_OK && !stop; shown++) {
                int least = 0;

                for (int i = 1; i < TABLES; i++)
                        if (sources[i].seq < sources[least].seq)
                                least = i;
                if (sources[least].seq == UINT64_MAX)
                        break;
                if (is_wanted(least, replay))
                        r = show(sql, least, &sources[least], replay, &stop);
                if (r == SQLITE_OK)
                        r = advance(&sources[least]);
        }
        return r;
}

int store_replay(struct store *store, uint64_t after_seq, size_t limit,
                 const struct store_replay *replay,
                 struct fault *fault)
{
        struct source sources[TABLES] = { { NULL, UINT64_MAX } };
        struct reader *reader;
        int r = reader_get(store, &reader, fault);

        if (r != 0)
                return r;
        /*
         * One snapshot for the four: else a commit between them would show its parts out of order.
         */
        r = sql_exec(&reader->sql, "BEGIN");
        if (r == SQLITE_OK)
                r = open_sources(&reader->sql, sources, (int64_t)after_seq, (int64_t)limit);
        if (r == SQLITE_OK)
                r = merge(&reader->sql, sources, limit, replay);
        for (int i = 0; i < TABLES; i++)
                sql_resetp(&sources[i].stmt);
        r = reader_fault(store, reader, r, fault);
        sql_exec(&reader->sql, "ROLLBACK");
        reader_put(store, reader);
        return r;
}
