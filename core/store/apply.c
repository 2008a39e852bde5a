/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The SQL of each record. All preconditions of the transaction hold; what goes wrong here is either
 * the engine (the commit fails) or a key that is there already (the transaction is undone alone).
 */

#include "store/engine.h"

#include <string.h>

void tally_move(struct tally *tally, enum store_status from, enum store_status to)
{
        if (!store_status_is_final(from))
                tally->rows[from]--;
        if (!store_status_is_final(to))
                tally->rows[to]++;
}

static int64_t next_seq(struct writer *writer)
{
        return (int64_t)++writer->now.seq;
}

/* A statement that must have changed one row: the judging found it. */
static int run_one(struct writer *writer, int r)
{
        if (r == SQLITE_OK && sqlite3_changes(writer->sql.db) != 1)
                return SQLITE_CONSTRAINT;
        return r;
}

/* An intent whose maker is gone without closing it: nobody knows whether it was done. */
static int leave_open_changes(struct writer *writer, const struct id *execution)
{
        return sql_run(&writer->sql,
                       "INSERT INTO closing SELECT c.seq, 3, NULL, ?, NULL FROM change c"
                       " WHERE c.execution=? AND c.state=0"
                       " AND NOT EXISTS (SELECT 1 FROM closing k WHERE k.change=c.seq)",
                       "id", writer->now_ms, execution);
}

/* finish and settle */
static int apply_end(struct writer *writer, struct op *op)
{
        const struct op_move *move = &op->move;
        int r = sql_run(&writer->sql,
                        "INSERT INTO result SELECT ?, execution, ?, epoch, attempt, started_ms,"
                        " ?, ?, ?, ? FROM queue WHERE execution=?", "iuiibti",
                        next_seq(writer), move->status, move->at_ms, (int64_t)move->size,
                        (const void *)move->file, (size_t)HASH_SIZE,
                        move->file ? NULL : move->text, op->row);

        r = run_one(writer, r);
        if (r == SQLITE_OK)
                r = sql_run(&writer->sql, "DELETE FROM queue WHERE execution=?", "i", op->row);
        if (r == SQLITE_OK)
                r = leave_open_changes(writer, &move->claim.id);
        tally_move(&writer->now, op->was, move->status);
        return r;
}

/* Once: who is sent back to wait on and on has one status for all of that time. */
static int add_move(struct writer *writer, int64_t execution, enum store_status status)
{
        return sql_run(&writer->sql,
                       "INSERT INTO move SELECT NULL, ?1, ?2, ?3 WHERE ?2 IS NOT"
                       " (SELECT status FROM move WHERE execution=?1 ORDER BY n DESC LIMIT 1)",
                       "iui", execution, status, writer->now_ms);
}

/*
 * A change of status that shows. The claim that ends was a time of running, unless nothing was done
 * under it; afterwards only the queue row of the next one would say so.
 */
static int note_move(struct writer *writer, const struct op *op)
{
        const struct op_move *move = &op->move;
        bool was_claimed = op->kind == OP_REQUEUE && op->was == STORE_RUNNING;
        int r = SQLITE_OK;

        if (strcmp(store_status_text(op->was), store_status_text(move->status)) == 0)
                return SQLITE_OK;
        if (was_claimed && !move->idle && move->status != STORE_CANCELING)
                r = sql_run(&writer->sql, "INSERT INTO move SELECT NULL, execution, 4, started_ms"
                            " FROM queue WHERE execution=?", "i", op->row);
        return r == SQLITE_OK ? add_move(writer, op->row, move->status) : r;
}

/* requeue and restate */
static int apply_state(struct writer *writer, struct op *op)
{
        const struct op_move *move = &op->move;
        int r = note_move(writer, op);

        if (r != SQLITE_OK)
                return r;
        r = sql_run(&writer->sql,
                    "UPDATE queue SET status=?1, run_at_ms=?2, note=?3, idle=idle+?4,"
                    " started_ms=iif(?4, 0, started_ms) WHERE execution=?5",
                    "uitui", move->status, move->at_ms, move->text, (unsigned)move->idle,
                    op->row);
        r = run_one(writer, r);
        if (r == SQLITE_OK && op->kind == OP_REQUEUE && move->status != STORE_CANCELING)
                r = leave_open_changes(writer, &move->claim.id);
        tally_move(&writer->now, op->was, move->status);
        return r;
}

static int apply_doc(struct writer *writer, struct op *op)
{
        const struct store_doc *doc = &op->doc;
        int64_t seq = next_seq(writer);

        if (!doc->body)
                return sql_run(&writer->sql, "DELETE FROM doc WHERE kind=? AND name=?", "tt",
                               doc->kind, doc->name);
        return sql_run(&writer->sql,
                       "INSERT INTO doc VALUES(?,?,?,?,?) ON CONFLICT(kind, name) DO UPDATE SET"
                       " seq=excluded.seq, body=excluded.body, changed_ms=excluded.changed_ms",
                       "ittti", seq, doc->kind, doc->name, doc->body, writer->now_ms);
}

static int apply_key(struct writer *writer, struct op *op)
{
        const struct store_key *key = &op->key;
        int64_t seq = next_seq(writer);

        if (!key->value)
                return sql_run(&writer->sql, "DELETE FROM key WHERE scope=? AND owner=? AND name=?",
                               "ttt", key->scope, key->owner, key->name);
        return sql_run(
                &writer->sql,
                "INSERT INTO key VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(scope, owner, name)"
                " DO UPDATE SET seq=excluded.seq, value=excluded.value, secret=excluded.secret,"
                " changed_ms=excluded.changed_ms, expires_ms=excluded.expires_ms",
                "ittttuii", seq, key->scope, key->owner, key->name, key->value,
                (unsigned)key->secret, writer->now_ms, key->expires_ms);
}

static int apply_event(struct writer *writer, struct op *op)
{
        const struct store_event *event = &op->event;

        return sql_run(&writer->sql, "INSERT INTO event VALUES(?,?,?,?,?,?,?)", "idtttit",
                       next_seq(writer), &event->id, event->trigger, event->source, event->trace,
                       event->at_ms, event->payload);
}

static int add_queue_row(struct writer *writer, const struct op *op, int64_t seq)
{
        const struct store_execution *e = &op->execution;
        enum store_status status = op->claimed ? STORE_RUNNING : e->status;
        int64_t started_ms = e->started_ms ? e->started_ms : writer->now_ms;

        tally_move(&writer->now, STORE_SUCCEEDED, status);
        return sql_run(&writer->sql, "INSERT INTO queue VALUES(?,?,?,?,?,?,?,0)", "iuiiuit", seq,
                       status,
                       e->run_at_ms, op->claimed ? (int64_t)writer->epoch : (int64_t)0,
                       op->claimed ? 1u : 0u, op->claimed ? started_ms : (int64_t)0, e->note);
}

/* An execution that is over when it is recorded, such as one that could not be started at all. */
static int add_result_row(struct writer *writer, const struct store_execution *e, int64_t seq)
{
        return sql_run(&writer->sql, "INSERT INTO result VALUES(?,?,?,0,0,?,?,?,NULL,?)", "iiuiiit",
                       next_seq(writer), seq, e->status, e->started_ms, e->ended_ms,
                       e->result ? (int64_t)strlen(e->result) : (int64_t)0, e->result);
}

static int apply_execution(struct writer *writer, struct op *op)
{
        const struct store_execution *e = &op->execution;
        int64_t seq = next_seq(writer);
        int r = sql_run(&writer->sql,
                        "INSERT INTO execution VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                        "iddddtttttttiittt", seq, &e->id, &e->parent, &e->event, &e->plan, e->action,
                        e->runner, e->instance, e->rule, e->user, e->mode, e->on_lost,
                        e->timeout_ms,
                        e->created_ms, e->params, e->context, e->trace);

        if (r != SQLITE_OK)
                return r;
        if (!op->claimed && store_status_is_final(e->status))
                return add_result_row(writer, e, seq);
        return add_queue_row(writer, op, seq);
}

static int apply_enforcement(struct writer *writer, struct op *op)
{
        const struct store_enforcement *f = &op->enforcement;

        return sql_run(&writer->sql, "INSERT INTO enforcement VALUES(?,?,?,?,?,?,?)", "idddtti",
                       next_seq(writer), &f->id, &f->event, &f->execution, f->rule, f->failure,
                       f->at_ms);
}

static int close_change(struct writer *writer, int64_t change, const struct op_close *close)
{
        return sql_run(
                &writer->sql,
                "INSERT INTO closing VALUES(?,?,?,?,NULL) ON CONFLICT(change) DO UPDATE SET"
                " state=excluded.state, observed=excluded.observed, closed_ms=excluded.closed_ms",
                "iuti", change, close->state, close->observed, close->at_ms);
}

static int apply_change(struct writer *writer, struct op *op)
{
        const struct store_change *c = &op->change;
        bool closed = c->state != STORE_INTENT && c->state != STORE_PLANNED;
        int64_t seq = next_seq(writer);
        int r = sql_run(&writer->sql, "INSERT INTO change VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                        "idduuutttttttti", seq, &c->execution, &c->event, c->attempt, c->n,
                        closed ? STORE_INTENT : c->state, c->plugin, c->instance, c->resource,
                        c->before, c->after, c->undo_action, c->undo_args, c->user, c->at_ms);

        if (r != SQLITE_OK || !closed)
                return r;
        return close_change(writer, seq,
                            &(struct op_close){ .state = c->state, .observed = c->observed,
                                                             .at_ms = c->closed_ms });
}

static int apply_step(struct writer *writer, struct op *op)
{
        return sql_run(&writer->sql, "INSERT INTO step VALUES(?,?,?,?)", "idit", next_seq(writer),
                       &op->step.execution, (int64_t)op->step.n, op->step.body);
}

static int apply_undone(struct writer *writer, struct op *op)
{
        int r = sql_run(&writer->sql,
                        "UPDATE closing SET undone_by=? WHERE change=? AND undone_by IS NULL",
                        "di", &op->undone.by, (int64_t)op->undone.change);

        return run_one(writer, r);
}

int apply_op(struct writer *writer, struct op *op)
{
        switch (op->kind) {
        case OP_ONCE:
                return seen_add(&writer->seen, &writer->sql, &op->once);
        case OP_FINISH:
        case OP_SETTLE:
                return apply_end(writer, op);
        case OP_REQUEUE:
        case OP_RESTATE:
                return apply_state(writer, op);
        case OP_DOC:
                return apply_doc(writer, op);
        case OP_KEY:
                return apply_key(writer, op);
        case OP_EVENT:
                return apply_event(writer, op);
        case OP_EXECUTION:
                return apply_execution(writer, op);
        case OP_ENFORCEMENT:
                return apply_enforcement(writer, op);
        case OP_CHANGE:
                return apply_change(writer, op);
        case OP_CHANGE_CLOSE:
                return close_change(writer, op->row, &op->close);
        case OP_CHANGE_UNDONE:
                return apply_undone(writer, op);
        case OP_STEP:
                return apply_step(writer, op);
        }
        return SQLITE_MISUSE;
}
