/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Is the store what it says? SQLite's own check, then ours: each row of the table below counts rows
 * that must not exist. All of it is read in one snapshot, while the hub goes on.
 */

#include "store/engine.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
        const char *code, *what, *sql;
} invariants[] = {
        { "execution.lost", "executions that are neither waiting nor over",
          "SELECT count(*) FROM execution e WHERE NOT EXISTS"
          " (SELECT 1 FROM queue WHERE execution=e.seq)"
          " AND NOT EXISTS (SELECT 1 FROM result WHERE execution=e.seq)" },
        { "execution.both", "executions that have a result and wait all the same",
          "SELECT count(*) FROM queue q CROSS JOIN result r ON r.execution=q.execution" },
        { "execution.twice", "executions with more than one result",
          "SELECT count(*) FROM (SELECT 1 FROM result GROUP BY execution HAVING count(*)>1)" },
        { "queue.orphan", "rows of the queue without an execution",
          "SELECT count(*) FROM queue q WHERE NOT EXISTS"
          " (SELECT 1 FROM execution WHERE seq=q.execution)" },
        { "queue.status", "rows of the queue with a status that has none",
          "SELECT count(*) FROM queue WHERE status NOT BETWEEN 0 AND 10" },
        { "queue.claim", "running executions that nobody claimed",
          "SELECT count(*) FROM queue WHERE status IN (4, 7) AND (epoch=0 OR attempt=0)" },
        { "queue.epoch", "claims of an epoch that was never opened",
          "SELECT count(*) FROM queue WHERE epoch>(SELECT max(epoch) FROM node)" },
        { "queue.count", "statuses whose rows were miscounted",
          "SELECT count(*) FROM counter c WHERE name<100 AND value<>"
          "(SELECT count(*) FROM queue WHERE status=c.name)" },
        { "result.orphan", "results without an execution",
          "SELECT count(*) FROM result r WHERE NOT EXISTS"
          " (SELECT 1 FROM execution WHERE seq=r.execution)" },
        { "result.order", "results recorded before their execution",
          "SELECT count(*) FROM result WHERE seq<=execution" },
        { "change.open", "changes still open though their execution is over",
          "SELECT count(*) FROM change c WHERE c.state=0 AND NOT EXISTS"
          " (SELECT 1 FROM closing WHERE change=c.seq) AND EXISTS (SELECT 1 FROM execution e"
          " JOIN result r ON r.execution=e.seq WHERE e.id=c.execution)" },
        { "closing.orphan", "closings of changes that are not there",
          "SELECT count(*) FROM closing k WHERE NOT EXISTS"
          " (SELECT 1 FROM change WHERE seq=k.change)" },
        { "step.orphan", "steps of an execution that is not there",
          "SELECT count(*) FROM step s WHERE NOT EXISTS"
          " (SELECT 1 FROM execution WHERE id=s.execution)" },
        { "move.orphan", "statuses of an execution that is not there",
          "SELECT count(*) FROM move m WHERE NOT EXISTS"
          " (SELECT 1 FROM execution e WHERE e.seq=m.execution)" },
        { "step.gap", "executions whose steps are not counted from 1",
          "SELECT count(*) FROM (SELECT 1 FROM step GROUP BY execution"
          " HAVING min(n)<>1 OR max(n)<>count(*))" },
        { "seq.behind", "records with a seq that was not dealt",
          "SELECT (SELECT count(*) FROM event WHERE seq>n)"
          "+(SELECT count(*) FROM execution WHERE seq>n)+(SELECT count(*) FROM result WHERE seq>n)"
          "+(SELECT count(*) FROM enforcement WHERE seq>n)"
          "+(SELECT count(*) FROM change WHERE seq>n)+(SELECT count(*) FROM step WHERE seq>n)"
          " FROM (SELECT value n FROM counter WHERE name=100)" },
        { "seq.twice", "numbers that two records have",
          "SELECT (SELECT count(*) FROM event v JOIN execution e ON e.seq=v.seq)"
          "+(SELECT count(*) FROM event v JOIN result r ON r.seq=v.seq)"
          "+(SELECT count(*) FROM event v JOIN enforcement f ON f.seq=v.seq)"
          "+(SELECT count(*) FROM event v JOIN change c ON c.seq=v.seq)"
          "+(SELECT count(*) FROM execution e JOIN result r ON r.seq=e.seq)"
          "+(SELECT count(*) FROM execution e JOIN enforcement f ON f.seq=e.seq)"
          "+(SELECT count(*) FROM execution e JOIN change c ON c.seq=e.seq)"
          "+(SELECT count(*) FROM result r JOIN enforcement f ON f.seq=r.seq)"
          "+(SELECT count(*) FROM result r JOIN change c ON c.seq=r.seq)"
          "+(SELECT count(*) FROM enforcement f JOIN change c ON c.seq=f.seq)" },
};

static void add_problem(json_t *problems, const char *code, const char *what, int64_t rows)
{
        json_array_append_new(problems, json_pack("{ss ss sI}", "code", code, "what", what, "rows",
                                                  (json_int_t)rows));
}

static int check_engine(struct sql *sql, json_t *problems)
{
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        int r = sql_query(sql, &stmt, "PRAGMA integrity_check(20)", "");

        while (r == SQLITE_OK && (r = sqlite3_step(stmt)) == SQLITE_ROW) {
                const char *line = sql_text(stmt, 0);

                if (strcmp(line, "ok") != 0)
                        add_problem(problems, "engine", line, 1);
                r = SQLITE_OK;
        }
        return r == SQLITE_DONE ? SQLITE_OK : r;
}

static int check_invariants(struct sql *sql, json_t *problems)
{
        int r = SQLITE_OK;

        for (size_t i = 0; i < sizeof invariants / sizeof *invariants && r == SQLITE_OK; i++) {
                int64_t rows = 0;

                r = sql_int(sql, &rows, invariants[i].sql, "");
                if (r == SQLITE_DONE)
                        r = SQLITE_OK;
                if (rows)
                        add_problem(problems, invariants[i].code, invariants[i].what, rows);
        }
        return r;
}

static int check_files(struct store *store, struct sql *sql, json_t *problems)
{
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        int64_t missing = 0;
        int r = sql_query(sql, &stmt,
                          "SELECT hash, max(size) FROM result WHERE hash IS NOT NULL GROUP BY hash",
                          "");

        while (r == SQLITE_OK && (r = sqlite3_step(stmt)) == SQLITE_ROW) {
                _free_ char *path = filer_path(store->state_dir, sqlite3_column_blob(stmt, 0));
                struct stat st;

                if (!path)
                        return SQLITE_NOMEM;
                missing += stat(path, &st) < 0 || st.st_size != sqlite3_column_int64(stmt, 1);
                r = SQLITE_OK;
        }
        if (missing)
                add_problem(problems, "result.file", "large results whose file is missing or cut",
                            missing);
        return r == SQLITE_DONE ? SQLITE_OK : r;
}

static int count_rows(struct sql *sql, json_t *counts)
{
        static const struct {
                const char *table, *sql;
        } tables[] = {
                { "events", "SELECT count(*) FROM event" },
                { "executions", "SELECT count(*) FROM execution" },
                { "unfinished", "SELECT count(*) FROM queue" },
                { "results", "SELECT count(*) FROM result" },
                { "enforcements", "SELECT count(*) FROM enforcement" },
                { "changes", "SELECT count(*) FROM change" },
                { "documents", "SELECT count(*) FROM doc" },
                { "keys", "SELECT count(*) FROM key" },
        };
        int r = SQLITE_OK;

        for (size_t i = 0; i < sizeof tables / sizeof *tables && r == SQLITE_OK; i++) {
                int64_t n = 0;

                r = sql_int(sql, &n, tables[i].sql, "");
                json_object_set_new(counts, tables[i].table, json_integer(n));
        }
        return r;
}

int store_check(struct store *store, json_t **ret_report, struct fault *fault)
{
        _json_ json_t *problems = json_array(), *counts = json_object();
        struct reader *reader;
        int r = reader_get(store, &reader, fault);

        if (r != 0)
                return r;
        reader->patient = true;
        r = sql_exec(&reader->sql, "BEGIN");
        if (r == SQLITE_OK)
                r = check_engine(&reader->sql, problems);
        if (r == SQLITE_OK)
                r = check_invariants(&reader->sql, problems);
        if (r == SQLITE_OK)
                r = check_files(store, &reader->sql, problems);
        if (r == SQLITE_OK)
                r = count_rows(&reader->sql, counts);
        /* A file so damaged that a question fails is a finding, not a failure of the check. */
        if ((r & 0xff) == SQLITE_CORRUPT) {
                add_problem(problems, "engine", sqlite3_errmsg(reader->sql.db), 1);
                r = SQLITE_OK;
        }
        r = reader_fault(store, reader, r, fault);
        sql_exec(&reader->sql, "ROLLBACK");
        reader_put(store, reader);
        if (r == 0)
                *ret_report = json_pack("{sb sO sO}", "ok", json_array_size(problems) == 0,
                                        "problems", problems, "counts", counts);
        return r == 0 && !*ret_report ? -ENOMEM : r;
}

int store_check_dir(const char *state_dir, json_t **ret_report, struct fault *fault)
{
        const struct store_options options = { .state_dir = state_dir };
        _cleanup_(store_closep) struct store *store = store_new(&options);
        struct reader *reader;
        int r;

        if (!store)
                return -ENOMEM;
        if (access(store->path, F_OK) < 0) {
                r = errno;
                fault_set(fault, 404, "store.none", "%s: %s", store->path, strerror(r));
                return fault_try(fault, r == EACCES ? "run this as root or as the hub's user" :
                                 "name the state directory of a hub with --state-dir");
        }
        r = reader_get(store, &reader, fault);
        if (r != 0)
                return r;
        r = migrate_judge(&reader->sql, store->path, fault);
        reader_put(store, reader);
        return r == 0 ? store_check(store, ret_report, fault) : r;
}
