/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Preconditions, judged by the writer before any record of their transaction is written. Nobody
 * else writes, so what is judged here still holds when apply.c acts on it a moment later in the
 * same commit; what was found is left in the operation, so that applying need not look again.
 */

#include "store/engine.h"

#include "base/cleanup.h"

static bool is_claimed(enum store_status status)
{
        return status == STORE_RUNNING || status == STORE_CANCELING;
}

static int judge_move(struct writer *writer, struct op *op, enum store_outcome *ret)
{
        const struct store_claim *claim = &op->move.claim;
        bool by_claim = op->kind == OP_FINISH || op->kind == OP_REQUEUE;
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        bool holds;
        int r = sql_query(&writer->sql, &stmt,
                          "SELECT q.execution, q.status, q.epoch, q.attempt FROM execution e"
                          " CROSS JOIN queue q ON q.execution=e.seq WHERE e.id=?", "d", &claim->id);

        if (r == SQLITE_OK)
                r = sqlite3_step(stmt);
        if (r == SQLITE_DONE)
                *ret = STORE_STALE;
        if (r != SQLITE_ROW)
                return r == SQLITE_DONE ? SQLITE_OK : r;
        op->row = sqlite3_column_int64(stmt, 0);
        op->was = (enum store_status)sqlite3_column_int(stmt, 1);
        holds = is_claimed(op->was) == by_claim;
        if (by_claim)
                holds = holds && (uint64_t)sqlite3_column_int64(stmt, 2) == claim->epoch &&
                        (uint32_t)sqlite3_column_int64(stmt, 3) == claim->attempt;
        *ret = holds ? STORE_DONE : STORE_STALE;
        return SQLITE_OK;
}

static enum store_outcome at_revision(const struct op *op, int r, int64_t seq)
{
        uint64_t is = r == SQLITE_DONE ? 0 : (uint64_t)seq;

        return op->expected == STORE_ANY || op->expected == is ? STORE_DONE : STORE_CONFLICT;
}

static int judge_doc(struct writer *writer, struct op *op, enum store_outcome *ret)
{
        int64_t seq = 0;
        int r = sql_int(&writer->sql, &seq, "SELECT seq FROM doc WHERE kind=? AND name=?", "tt",
                        op->doc.kind, op->doc.name);

        *ret = at_revision(op, r, seq);
        return r == SQLITE_DONE ? SQLITE_OK : r;
}

static int judge_key(struct writer *writer, struct op *op, enum store_outcome *ret)
{
        int64_t seq = 0;
        int r = sql_int(&writer->sql, &seq,
                        "SELECT seq FROM key WHERE scope=? AND owner=? AND name=?"
                        " AND (expires_ms=0 OR expires_ms>?)", "ttti",
                        op->key.scope, op->key.owner, op->key.name, writer->now_ms);

        *ret = at_revision(op, r, seq);
        return r == SQLITE_DONE ? SQLITE_OK : r;
}

static int judge_close(struct writer *writer, struct op *op, enum store_outcome *ret)
{
        const struct op_close *close = &op->close;
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        enum store_change_state state;
        int r = sql_query(&writer->sql, &stmt,
                          "SELECT c.seq, coalesce(k.state, c.state) FROM change c"
                          " LEFT JOIN closing k ON k.change=c.seq"
                          " WHERE c.execution=? AND c.attempt=? AND c.n=?", "duu",
                          &close->execution, close->attempt, close->n);

        if (r == SQLITE_OK)
                r = sqlite3_step(stmt);
        if (r == SQLITE_DONE)
                *ret = STORE_CONFLICT;
        if (r != SQLITE_ROW)
                return r == SQLITE_DONE ? SQLITE_OK : r;
        op->row = sqlite3_column_int64(stmt, 0);
        state = (enum store_change_state)sqlite3_column_int(stmt, 1);
        *ret = state == STORE_INTENT || state == STORE_UNKNOWN ? STORE_DONE : STORE_CONFLICT;
        return SQLITE_OK;
}

static int judge_undone(struct writer *writer, struct op *op, enum store_outcome *ret)
{
        int64_t row;
        int r = sql_int(&writer->sql, &row,
                        "SELECT change FROM closing WHERE change=? AND undone_by IS NULL", "i",
                        (int64_t)op->undone.change);

        *ret = r == SQLITE_DONE ? STORE_CONFLICT : STORE_DONE;
        return r == SQLITE_DONE ? SQLITE_OK : r;
}

/* The newest step must be the one before. */
static int judge_step(struct writer *writer, struct op *op, enum store_outcome *ret)
{
        int64_t newest = 0;
        int r = sql_int(&writer->sql, &newest,
                        "SELECT n FROM step WHERE execution=? ORDER BY n DESC LIMIT 1", "d",
                        &op->step.execution);

        *ret = (uint64_t)newest + 1 == op->step.n ? STORE_DONE : STORE_CONFLICT;
        return r == SQLITE_DONE ? SQLITE_OK : r;
}

static int judge_once(struct writer *writer, const struct op *op, enum store_outcome *ret,
                      struct id *ret_first)
{
        int r = seen_judge(&writer->seen, &writer->sql, &op->once, writer->now_ms, ret, ret_first);

        if (r == SQLITE_OK && *ret == STORE_DONE && op->once.is_question)
                *ret = STORE_CONFLICT;
        return r;
}

int judge_op(struct writer *writer, struct op *op, enum store_outcome *ret, struct id *ret_first)
{
        *ret = STORE_DONE;
        switch (op->kind) {
        case OP_ONCE:
                return judge_once(writer, op, ret, ret_first);
        case OP_FINISH:
        case OP_REQUEUE:
        case OP_RESTATE:
        case OP_SETTLE:
                return judge_move(writer, op, ret);
        case OP_DOC:
                return judge_doc(writer, op, ret);
        case OP_KEY:
                return judge_key(writer, op, ret);
        case OP_CHANGE_CLOSE:
                return judge_close(writer, op, ret);
        case OP_CHANGE_UNDONE:
                return judge_undone(writer, op, ret);
        case OP_STEP:
                return judge_step(writer, op, ret);
        default:
                return SQLITE_OK;
        }
}
