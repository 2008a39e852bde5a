/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Claiming. What is due is read off the index of the queue: requested ones in the order of their
 * creation, delayed ones in the order of their time, merged by how long they have been waiting, so
 * that neither a backlog nor a storm of retries starves the other.
 */

#include "store/engine.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

static void copy_texts(struct arena *arena, struct store_execution *e)
{
        const char **texts[] = { &e->action, &e->runner, &e->instance, &e->rule, &e->user, &e->mode,
                                 &e->params, &e->context, &e->on_lost, &e->note, &e->result };

        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
                *texts[i] = arena_text(arena, *texts[i]);
}

/* Gathered before any of them is changed: an index must not be changed under its reader. */
static int gather(struct writer *writer, struct claim_item *claim)
{
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        int r = sql_query(
                &writer->sql, &stmt,
                "WITH due(execution, at) AS (SELECT * FROM (SELECT q.execution, x.created_ms"
                "  FROM queue q CROSS JOIN execution x ON x.seq=q.execution"
                "  WHERE q.status=0 AND q.run_at_ms<=?1 ORDER BY q.run_at_ms, q.execution LIMIT ?2)"
                " UNION ALL SELECT * FROM (SELECT execution, run_at_ms FROM queue"
                "  WHERE status=2 AND run_at_ms<=?1 ORDER BY run_at_ms, execution LIMIT ?2)"
                " UNION ALL SELECT * FROM (SELECT execution, run_at_ms FROM queue"
                "  WHERE status IN (5, 8) AND run_at_ms>0 AND run_at_ms<=?1 LIMIT ?2)"
                " ORDER BY 2, 1 LIMIT ?2)"
                "SELECT " EXECUTION_COLUMNS ",NULL FROM due CROSS JOIN execution e"
                " ON e.seq=due.execution" EXECUTION_JOIN,
                "ii", claim->now_ms, (int64_t)claim->n);

        while (r == SQLITE_OK || r == SQLITE_ROW) {
                r = sqlite3_step(stmt);
                if (r != SQLITE_ROW)
                        break;
                row_execution(stmt, &claim->executions[claim->got]);
                copy_texts(&claim->arena, &claim->executions[claim->got++]);
        }
        return r == SQLITE_DONE ? SQLITE_OK : r;
}

static int take(struct writer *writer, struct store_execution *e, int64_t now_ms)
{
        int r = sql_run(
                &writer->sql,
                "UPDATE queue SET status=4, epoch=?, attempt=attempt+1, started_ms=?, note=NULL"
                " WHERE execution=?",
                "iii", (int64_t)writer->epoch, now_ms, (int64_t)e->seq);

        tally_move(&writer->now, e->status, STORE_RUNNING);
        e->status = STORE_RUNNING;
        e->epoch = writer->epoch;
        e->attempt++;
        e->started_ms = now_ms;
        return r;
}

int queue_claim(struct writer *writer, struct claim_item *claim)
{
        int r;

        claim->got = 0;
        free(claim->executions);
        claim->executions = calloc(claim->n, sizeof *claim->executions);
        if (!claim->executions)
                return SQLITE_NOMEM;
        r = gather(writer, claim);
        for (size_t i = 0; i < claim->got && r == SQLITE_OK; i++)
                r = take(writer, &claim->executions[i], claim->now_ms);
        return r;
}

void store_claim_due(struct store *store, size_t n, int64_t now_ms, store_claimed *claimed,
                     void *arg)
{
        struct claim_item *claim = calloc(1, sizeof *claim);

        if (!claim || n == 0) {
                free(claim);
                claimed(arg, NULL, 0);
                return;
        }
        *claim = (struct claim_item){ .item.kind = ITEM_CLAIM, .n = n, .now_ms = now_ms,
                                      .claimed = claimed, .arg = arg };
        inbox_push(&store->inbox, &claim->item, &claim->item);
}

/* A question for one number; or_else where there is no answer. */
static int64_t ask(struct store *store, const char *text, int64_t or_else)
{
        struct reader *reader;
        int64_t value;

        if (reader_get(store, &reader, NULL) != 0)
                return or_else;
        if (sql_int(&reader->sql, &value, text, "") != SQLITE_OK)
                value = or_else;
        reader_put(store, reader);
        return value;
}

int64_t store_next_due_ms(struct store *store)
{
        return ask(store, "SELECT min(at) FROM ("
                   "SELECT min(run_at_ms) at FROM queue WHERE status=2"
                   " UNION ALL SELECT min(run_at_ms) FROM queue WHERE status=5 AND run_at_ms>0"
                   " UNION ALL SELECT min(run_at_ms) FROM queue WHERE status=8 AND run_at_ms>0)"
                   " WHERE at IS NOT NULL HAVING count(*)>0", INT64_MAX);
}

static uint64_t count_of(const struct store *store, enum store_status status)
{
        return (uint64_t)atomic_load(&store->rows[status]);
}

void store_count(struct store *store, struct store_counts *ret)
{
        memset(ret, 0, sizeof *ret);
        ret->queued = count_of(store, STORE_REQUESTED) + count_of(store, STORE_SCHEDULED);
        ret->delayed = count_of(store, STORE_DELAYED);
        ret->held = count_of(store, STORE_HELD);
        ret->running = count_of(store, STORE_RUNNING) + count_of(store, STORE_CANCELING);
        ret->waiting = count_of(store, STORE_WAITING) + count_of(store, STORE_PAUSING) +
                count_of(store, STORE_STOPPING);
        ret->pending = count_of(store, STORE_PENDING) + count_of(store, STORE_PAUSED);
        ret->oldest_queued_ms = ask(store, "SELECT e.created_ms FROM queue q CROSS JOIN execution e"
                                    " ON e.seq=q.execution WHERE q.status=0"
                                    " ORDER BY q.run_at_ms, q.execution LIMIT 1", 0);
        store_file_sizes(store, &ret->db_bytes, &ret->wal_bytes);
}

int store_list_lost(struct store *store, store_visit_execution *visit, void *arg,
                    struct fault *fault)
{
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        struct reader *reader;
        int r = reader_get(store, &reader, fault);

        if (r != 0)
                return r;
        r = sql_query(&reader->sql, &stmt,
                      "SELECT " EXECUTION_COLUMNS ",NULL FROM queue l CROSS JOIN execution e"
                      " ON e.seq=l.execution" EXECUTION_JOIN
                      " WHERE l.status IN (4, 7) AND l.epoch<>?", "i", (int64_t)store->epoch);
        while (r == SQLITE_OK && (r = sqlite3_step(stmt)) == SQLITE_ROW) {
                struct store_execution e;

                row_execution(stmt, &e);
                r = visit(arg, &e) ? SQLITE_DONE : SQLITE_OK;
        }
        r = reader_fault(store, reader, r, fault);
        sql_resetp(&stmt);
        stmt = NULL;
        reader_put(store, reader);
        return r;
}
