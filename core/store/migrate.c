/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The schema, as numbered steps; user_version of the file says which it has. A step is one
 * transaction, so a crash between two of them leaves a file that the next start takes further.
 * Steps that were released are never edited.
 *
 * Records are rows whose INTEGER PRIMARY KEY is the seq that the writer dealt: they are appended at
 * the right edge of their tree and found again in commit order. Each further index costs the path
 * of every event, so there is one only where a question would read the whole table otherwise.
 * Ids start with their time, hence their indexes grow at the right edge too.
 */

#include "store/engine.h"

#include <stdio.h>
#include <string.h>

#define APPLICATION 0x4b4e414d          /* "KNAM", in the header of the file */

static const char *const steps[] = {
        /*
         * node: hubs and their epochs. Epochs are dealt over all hubs: one names its hub as well.
         */
        "CREATE TABLE node(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
        " epoch INTEGER NOT NULL, opened_ms INTEGER NOT NULL);"
        /* counter: rows of the queue by status, and the last seq (100). One page, once a commit. */
        "CREATE TABLE counter(name INTEGER PRIMARY KEY, value INTEGER NOT NULL);"
        "CREATE TABLE event(seq INTEGER PRIMARY KEY, id BLOB NOT NULL, trigger TEXT NOT NULL,"
        " source TEXT, trace TEXT, at_ms INTEGER NOT NULL, payload TEXT);"
        "CREATE UNIQUE INDEX event_id ON event(id);"
        "CREATE TABLE execution(seq INTEGER PRIMARY KEY, id BLOB NOT NULL, parent BLOB, event BLOB,"
        " plan BLOB, action TEXT NOT NULL, runner TEXT, instance TEXT, rule TEXT, user TEXT,"
        " mode TEXT, on_lost TEXT, timeout_ms INTEGER, created_ms INTEGER NOT NULL,"
        " params TEXT, context TEXT);"
        "CREATE UNIQUE INDEX execution_id ON execution(id);"
        "CREATE INDEX execution_event ON execution(event) WHERE event IS NOT NULL;"
        "CREATE INDEX execution_parent ON execution(parent) WHERE parent IS NOT NULL;"
        "CREATE INDEX execution_plan ON execution(plan) WHERE plan IS NOT NULL;"
        "CREATE INDEX execution_action ON execution(action);"
        /* queue: the one row of an unfinished execution that changes. */
        "CREATE TABLE queue(execution INTEGER PRIMARY KEY, status INTEGER NOT NULL,"
        " run_at_ms INTEGER NOT NULL, epoch INTEGER NOT NULL, attempt INTEGER NOT NULL,"
        " started_ms INTEGER NOT NULL, note TEXT);"
        "CREATE INDEX queue_status ON queue(status, run_at_ms);"
        /* result: at most one an execution. hash: the body is a file under results/. */
        "CREATE TABLE result(seq INTEGER PRIMARY KEY, execution INTEGER NOT NULL,"
        " status INTEGER NOT NULL, epoch INTEGER NOT NULL, attempt INTEGER NOT NULL,"
        " started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, size INTEGER NOT NULL,"
        " hash BLOB, body TEXT);"
        "CREATE UNIQUE INDEX result_execution ON result(execution);"
        "CREATE INDEX result_status ON result(status, execution) WHERE status > 11;"
        "CREATE INDEX result_hash ON result(hash) WHERE hash IS NOT NULL;"
        /* step: what changed in an execution that others run for, one after the other. */
        "CREATE TABLE step(seq INTEGER PRIMARY KEY, execution BLOB NOT NULL, n INTEGER NOT NULL,"
        " body TEXT NOT NULL);"
        "CREATE UNIQUE INDEX step_execution ON step(execution, n);"
        "CREATE TABLE enforcement(seq INTEGER PRIMARY KEY, id BLOB NOT NULL, event BLOB,"
        " execution BLOB, rule TEXT NOT NULL, failure TEXT, at_ms INTEGER NOT NULL);"
        "CREATE INDEX enforcement_event ON enforcement(event);"
        "CREATE INDEX enforcement_rule ON enforcement(rule);"
        /*
         * change: the ledger. How a row was closed stands beside it, so that the ledger only grows.
         */
        "CREATE TABLE change(seq INTEGER PRIMARY KEY, execution BLOB NOT NULL, event BLOB,"
        " attempt INTEGER NOT NULL, n INTEGER NOT NULL, state INTEGER NOT NULL, plugin TEXT,"
        " instance TEXT, resource TEXT NOT NULL, before TEXT, after TEXT, undo_action TEXT,"
        " undo_args TEXT, user TEXT, at_ms INTEGER NOT NULL);"
        "CREATE UNIQUE INDEX change_execution ON change(execution, attempt, n);"
        "CREATE INDEX change_event ON change(event) WHERE event IS NOT NULL;"
        "CREATE INDEX change_resource ON change(resource);"
        "CREATE TABLE closing(change INTEGER PRIMARY KEY, state INTEGER NOT NULL, observed TEXT,"
        " closed_ms INTEGER NOT NULL, undone_by BLOB);"
        "CREATE INDEX closing_unknown ON closing(state) WHERE state = 3;"
        "CREATE TABLE doc(seq INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,"
        " body TEXT NOT NULL, changed_ms INTEGER NOT NULL);"
        "CREATE UNIQUE INDEX doc_name ON doc(kind, name);"
        "CREATE TABLE key(seq INTEGER NOT NULL, scope TEXT NOT NULL, owner TEXT NOT NULL,"
        " name TEXT NOT NULL, value TEXT NOT NULL, secret INTEGER NOT NULL,"
        " changed_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL);"
        "CREATE UNIQUE INDEX key_name ON key(scope, owner, name);"
        /* seen_log: appended, held in memory by its digests; seen: what was merged out of it. */
        "CREATE TABLE seen_log(n INTEGER PRIMARY KEY, digest BLOB NOT NULL, id BLOB, hash BLOB,"
        " expires_ms INTEGER NOT NULL);"
        "CREATE TABLE seen(digest BLOB PRIMARY KEY, id BLOB, hash BLOB,"
        " expires_ms INTEGER NOT NULL) WITHOUT ROWID;",

        /*
         * Traces: what begins one is found by its tag, and in its order. Only those executions that
         * began with nobody's event cost an index entry; the path of an event has none but where
         * it carries a tag.
         */
        "ALTER TABLE execution ADD COLUMN trace TEXT;"
        "UPDATE execution SET trace=json_extract(context, '$.trace_context.trace_tag')"
        " WHERE event IS NULL AND parent IS NULL AND json_valid(context)"
        " AND json_type(context, '$.trace_context.trace_tag')='text';"
        "CREATE INDEX execution_trace ON execution(trace) WHERE trace IS NOT NULL;"
        "CREATE INDEX execution_root ON execution(seq) WHERE event IS NULL AND parent IS NULL;"
        "CREATE INDEX event_trace ON event(trace) WHERE trace IS NOT NULL;",

        /* idle: claims under which nothing was done, which are no attempts. */
        "ALTER TABLE queue ADD COLUMN idle INTEGER NOT NULL DEFAULT 0;",

        /*
         * move: other statuses on the way, such as paused and delayed. What runs once and ends has
         * none, so the common way pays nothing.
         */
        "CREATE TABLE move(n INTEGER PRIMARY KEY, execution INTEGER NOT NULL,"
        " status INTEGER NOT NULL, at_ms INTEGER NOT NULL);"
        "CREATE INDEX move_execution ON move(execution);",
};

#define NEWEST ((int64_t)(sizeof steps / sizeof *steps))

/* The command is to be run as it stands, with FILE replaced. */
static int try_restore(const char *path, const char *first, struct fault *fault)
{
        const char *slash = strrchr(path, '/');

        return fault_try(fault, "%s: kanamed --restore FILE --state-dir %.*s"
                         "   (the present store is kept beside it as store.db.old)", first,
                         slash ? (int)(slash - path) : 1, slash ? path : ".");
}

int store_fault_damaged(const char *path, const char *why, struct fault *fault)
{
        fault_set(fault, 500, "store.damaged", "%s cannot be read as a store", path);
        fault_why(fault, "%s", why);
        return try_restore(path, "with no hub running, put the last backup in place", fault);
}

static int fault_newer(const char *path, int64_t version, struct fault *fault)
{
        fault_set(fault, 500, "store.newer", "%s was made by a newer Kaname", path);
        fault_why(fault, "it has schema %d and this program, %s, knows up to %d", (int)version,
                  PACKAGE_VERSION, (int)NEWEST);
        return try_restore(path, "install the newer version again, or put a backup of this one "
                           "in place", fault);
}

static int step_up(struct sql *sql, int64_t version)
{
        char pragma[64];
        int r = sql_exec(sql, "BEGIN IMMEDIATE");

        if (r == SQLITE_OK)
                r = sql_exec(sql, steps[version]);
        snprintf(pragma, sizeof pragma, "PRAGMA user_version=%d", (int)version + 1);
        if (r == SQLITE_OK)
                r = sql_exec(sql, pragma);
        snprintf(pragma, sizeof pragma, "PRAGMA application_id=%d", APPLICATION);
        if (r == SQLITE_OK)
                r = sql_exec(sql, pragma);
        if (r == SQLITE_OK)
                r = sql_exec(sql, "COMMIT");
        if (r != SQLITE_OK && !sqlite3_get_autocommit(sql->db))
                sql_exec(sql, "ROLLBACK");
        return r;
}

static int read_header(struct sql *sql, int64_t *ret_version, int64_t *ret_application,
                       int64_t *ret_tables)
{
        int r = sql_int(sql, ret_version, "PRAGMA user_version", "");

        if (r == SQLITE_OK)
                r = sql_int(sql, ret_application, "PRAGMA application_id", "");
        if (r == SQLITE_OK)
                r = sql_int(sql, ret_tables, "SELECT count(*) FROM sqlite_master", "");
        return r;
}

static int judge(struct sql *sql, const char *path, int64_t *ret_version, struct fault *fault)
{
        int64_t application, tables;
        int r = read_header(sql, ret_version, &application, &tables);

        if (r != SQLITE_OK)
                return store_fault_sql(sql, path, fault);
        if (tables && application != APPLICATION)
                return store_fault_damaged(path, "the file is a database of another program",
                                           fault);
        return *ret_version > NEWEST ? fault_newer(path, *ret_version, fault) : 0;
}

int migrate_judge(struct sql *sql, const char *path, struct fault *fault)
{
        int64_t version;
        int r = judge(sql, path, &version, fault);

        if (r != 0 || version == NEWEST)
                return r;
        fault_set(fault, 409, "store.older", "%s was made by an older Kaname", path);
        return fault_try(fault, "start the hub on it once, which takes it to this version");
}

int migrate_run(struct sql *sql, const char *path, struct fault *fault)
{
        int64_t version;
        int r = judge(sql, path, &version, fault);

        if (r != 0)
                return r;
        for (; version < NEWEST; version++) {
                r = step_up(sql, version);
                if (r != SQLITE_OK)
                        return store_fault_sql(sql, path, fault);
        }
        return 0;
}
