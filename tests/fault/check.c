/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The checker of the fault tests: it shares no code with the hub, reads the store's file by itself,
 * and holds it to what was seen outside: the numbers that were answered with 2xx (acks), and the
 * executions that really ran (counter: one line a start, written by what was run).
 *
 *   check STORE.DB ACKS COUNTER [TASKS]
 *
 * TASKS: each event began a workflow of so many tasks; they are the executions that really ran.
 *
 * lost: an acknowledged number without its event, its execution, a result, or whose execution never
 * ran; of a workflow, one that did not succeed, or a task without a result or a run. duplicate: a
 * number with two events, an event with two executions, an execution with two results, a task that
 * was run by two executions. integrity: what SQLite's own check and the partition into queue and results find wrong.
 * Prints `accepted N lost N duplicate N integrity N`; exits 1 unless the last three are 0.
 */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3 *db;

static void die(const char *what)
{
        fprintf(stderr, "check: %s: %s\n", what, db ? sqlite3_errmsg(db) : "cannot open");
        exit(2);
}

static long long ask(const char *sql)
{
        sqlite3_stmt *statement;
        long long n = -1;

        if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
                die(sql);
        if (sqlite3_step(statement) == SQLITE_ROW)
                n = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
        return n;
}

static void run(const char *sql)
{
        if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
                die(sql);
}

/* Each line of the file becomes a row of a temporary table. */
static void load(const char *path, const char *sql)
{
        FILE *file = fopen(path, "re");
        sqlite3_stmt *statement;
        char line[256];

        if (!file || sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
                die(path);
        while (fgets(line, sizeof line, file)) {
                line[strcspn(line, "\n")] = '\0';
                if (!*line)
                        continue;
                sqlite3_bind_text(statement, 1, line, -1, SQLITE_TRANSIENT);
                sqlite3_step(statement);
                sqlite3_reset(statement);
        }
        sqlite3_finalize(statement);
        fclose(file);
}

/* CROSS JOIN: the event first, whatever the planner thinks of tables that have no statistics. */
static long long count_lost(void)
{
        return ask("SELECT count(*) FROM ack WHERE NOT EXISTS (SELECT 1 FROM happened h"
                   " CROSS JOIN execution x ON x.event=h.id JOIN result r ON r.execution=x.seq"
                   " JOIN ran ON ran.id=lower(hex(x.id)) WHERE h.n=ack.n)");
}

static long long count_lost_tasks(long long tasks)
{
        char sql[1024];

        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM ack WHERE NOT EXISTS (SELECT 1 FROM happened h"
                 " CROSS JOIN execution x ON x.event=h.id JOIN result r ON r.execution=x.seq"
                 " WHERE h.n=ack.n AND r.status=11 AND %lld=(SELECT count(*) FROM execution c"
                 " JOIN result cr ON cr.execution=c.seq JOIN ran ON ran.id=lower(hex(c.id))"
                 " WHERE c.parent=x.id AND cr.status=11))", tasks);
        return ask(sql);
}

static long long count_duplicates(void)
{
        return ask("SELECT count(*) FROM (SELECT 1 FROM execution WHERE parent IS NOT NULL"
                   " GROUP BY parent, json_extract(context,'$.orquesta.task_id'),"
                   " json_extract(context,'$.orquesta.item_id') HAVING count(*)>1)") +
               ask("SELECT count(*) FROM (SELECT n FROM happened GROUP BY n HAVING count(*)>1)") +
               ask("SELECT count(*) FROM (SELECT event FROM execution WHERE event IS NOT NULL"
                   " GROUP BY event HAVING count(*)>1)") +
               ask("SELECT count(*) FROM (SELECT execution FROM result GROUP BY execution HAVING "
                   "count(*)>1)");
}

static long long count_damage(void)
{
        return ask("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check<>'ok'") +
                ask("SELECT count(*) FROM queue JOIN result USING(execution)") +
                ask("SELECT count(*) FROM execution x WHERE"
                    " NOT EXISTS (SELECT 1 FROM queue q WHERE q.execution=x.seq) AND"
                    " NOT EXISTS (SELECT 1 FROM result r WHERE r.execution=x.seq)") +
                ask("SELECT count(*) FROM result r WHERE"
                    " NOT EXISTS (SELECT 1 FROM execution x WHERE x.seq=r.execution)");
}

int main(int argc, char **argv)
{
        long long accepted, lost, duplicate, integrity;

        if (argc != 4 && argc != 5) {
                fprintf(stderr, "usage: check STORE.DB ACKS COUNTER [TASKS]\n");
                return 2;
        }
        if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
                die(argv[1]);
        run("CREATE TEMP TABLE ack(n INTEGER PRIMARY KEY); CREATE TEMP TABLE ran(id TEXT PRIMARY "
            "KEY)");
        run("BEGIN");
        load(argv[2], "INSERT OR IGNORE INTO ack VALUES(CAST(? AS INTEGER))");
        load(argv[3], "INSERT OR IGNORE INTO ran VALUES(?)");
        run("COMMIT");
        run("CREATE TEMP TABLE happened AS SELECT json_extract(payload,'$.body.n') AS n, id FROM "
            "event"
            " WHERE trigger='core.st2.webhook'; CREATE INDEX temp.happened_n ON happened(n)");
        accepted = ask("SELECT count(*) FROM ack");
        lost = argc == 5 ? count_lost_tasks(atoll(argv[4])) : count_lost();
        duplicate = count_duplicates();
        integrity = count_damage();
        printf("accepted %lld lost %lld duplicate %lld integrity %lld\n", accepted, lost, duplicate,
               integrity);
        sqlite3_close(db);
        return lost || duplicate || integrity || accepted <= 0;
}
