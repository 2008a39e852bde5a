/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Executions as they are read: the record, with what its queue row or its result says of it. A list
 * is driven by the smallest table that can answer: the queue for what is unfinished, the results by
 * status for what failed, the executions themselves for all else.
 */

#include "store/engine.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void row_queue_part(sqlite3_stmt *stmt, struct store_execution *e)
{
        e->status = (enum store_status)sqlite3_column_int(stmt, 16);
        e->run_at_ms = sqlite3_column_int64(stmt, 17);
        e->epoch = (uint64_t)sqlite3_column_int64(stmt, 18);
        e->attempt = (uint32_t)sqlite3_column_int64(stmt, 19);
        e->started_ms = sqlite3_column_int64(stmt, 20);
        e->note = sql_text(stmt, 21);
        e->idle = (uint32_t)sqlite3_column_int64(stmt, 29);
}

static void row_result_part(sqlite3_stmt *stmt, struct store_execution *e)
{
        e->status = (enum store_status)sqlite3_column_int(stmt, 22);
        e->epoch = (uint64_t)sqlite3_column_int64(stmt, 23);
        e->attempt = (uint32_t)sqlite3_column_int64(stmt, 24);
        e->started_ms = sqlite3_column_int64(stmt, 25);
        e->ended_ms = sqlite3_column_int64(stmt, 26);
        e->result_size = (uint64_t)sqlite3_column_int64(stmt, 27);
        e->result = sql_text(stmt, EXECUTION_BODY);
}

void row_execution(sqlite3_stmt *stmt, struct store_execution *e)
{
        memset(e, 0, sizeof *e);
        e->seq = (uint64_t)sqlite3_column_int64(stmt, 0);
        e->id = sql_id(stmt, 1);
        e->parent = sql_id(stmt, 2);
        e->event = sql_id(stmt, 3);
        e->plan = sql_id(stmt, 4);
        e->action = sql_text(stmt, 5);
        e->runner = sql_text(stmt, 6);
        e->instance = sql_text(stmt, 7);
        e->rule = sql_text(stmt, 8);
        e->user = sql_text(stmt, 9);
        e->mode = sql_text(stmt, 10);
        e->on_lost = sql_text(stmt, 11);
        e->timeout_ms = sqlite3_column_int64(stmt, 12);
        e->created_ms = sqlite3_column_int64(stmt, 13);
        e->params = sql_text(stmt, 14);
        e->context = sql_text(stmt, 15);
        if (sqlite3_column_type(stmt, 22) != SQLITE_NULL)
                row_result_part(stmt, e);
        else
                row_queue_part(stmt, e);
}

#define MOVES        31                 /* the column after the body */
#define MOVES_COLUMN                                                                            \
        "(SELECT json_group_array(json_array(m.status, m.at_ms)) FROM move m"                   \
        " WHERE m.execution=e.seq)"

struct visit {
        const char *state_dir;
        store_visit_execution *visit;
        void *arg;
        bool with_result;
        int r;                          /* -errno of a result's file */
};

/* The row's result is in a file: read it for the time of the visit. */
static int visit_row(void *arg, sqlite3_stmt *stmt)
{
        struct visit *visit = arg;
        _free_ char *body = NULL;
        struct store_execution e;

        row_execution(stmt, &e);
        e.moves = sql_text(stmt, MOVES);
        if (visit->with_result && sqlite3_column_bytes(stmt, 28) == HASH_SIZE) {
                visit->r = filer_read(visit->state_dir, sqlite3_column_blob(stmt, 28), &body);
                if (visit->r < 0)
                        return 1;
                e.result = body;
        }
        return visit->visit(visit->arg, &e);
}

static int fault_result(const char *state_dir, int r, struct fault *fault)
{
        if (r == -ENOENT) {
                fault_set(fault, 500, "store.result-missing", "the file of a result is gone");
                return fault_try(fault, "see what else is missing: kanamed --check-store "
                                 "--state-dir %s", state_dir);
        }
        return fault_errno(fault, r, "reading the file of a result");
}

int store_get_execution(struct store *store, const struct id *id, bool with_result,
                        store_visit_execution *visit, void *arg, struct fault *fault)
{
        struct visit state = { store->state_dir, visit, arg, with_result, 0 };
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        char text[ID_TEXT_SIZE];
        struct reader *reader;
        int r = reader_get(store, &reader, fault);

        if (r != 0)
                return r;
        r = with_result ?
                sql_query(&reader->sql, &stmt,
                          "SELECT " EXECUTION_COLUMNS ",r.body," MOVES_COLUMN " FROM execution e"
                          EXECUTION_JOIN " WHERE e.id=?", "d", id) :
                sql_query(&reader->sql, &stmt,
                          "SELECT " EXECUTION_COLUMNS ",NULL," MOVES_COLUMN " FROM execution e"
                          EXECUTION_JOIN " WHERE e.id=?", "d", id);
        if (r == SQLITE_OK)
                r = sqlite3_step(stmt);
        if (r == SQLITE_ROW)
                visit_row(&state, stmt);
        if (r == SQLITE_DONE)
                r = fault_set(fault, 404, "execution.unknown", "there is no execution %s",
                              id_text(id, text));
        else
                r = reader_fault(store, reader, r, fault);
        sql_resetp(&stmt);
        stmt = NULL;
        reader_put(store, reader);
        return state.r < 0 ? fault_result(store->state_dir, state.r, fault) : r;
}

#define FROM_EXECUTIONS " FROM execution e" EXECUTION_JOIN " WHERE 1"
#define FROM_QUEUE                                                                      \
        " FROM queue q CROSS JOIN execution e ON e.seq=q.execution"                     \
        " LEFT JOIN result r ON r.execution=e.seq WHERE 1"
#define FROM_RESULTS                                                                    \
        " FROM result r CROSS JOIN execution e ON e.seq=r.execution"                    \
        " LEFT JOIN queue q ON q.execution=e.seq WHERE r.status>11"

/* Ids begin with their time, so a time is a place in the index of ids, and that a seq nearby. */
#define SLACK_MS 600000
static void add_times(struct select *select, const struct store_page *page, struct id bounds[2])
{
        const int64_t times[2] = { page ? page->since_ms : 0, page ? page->until_ms : 0 };

        for (int i = 0; i < 2; i++) {
                int64_t at = times[i] + (i ? SLACK_MS : -SLACK_MS);

                for (int b = 0; b < 6; b++)
                        bounds[i].b[b] = (uint8_t)(at >> (40 - 8 * b));
        }
        if (times[0] > SLACK_MS) {
                select_int(select, "e.created_ms>=?", times[0]);
                select_id(select,
                          "e.seq>=coalesce((SELECT seq FROM execution WHERE id>=? ORDER BY id "
                          "LIMIT 1),"
                          " 9223372036854775807)",
                          &bounds[0]);
        }
        if (times[1] > 0) {
                select_int(select, "e.created_ms<?", times[1]);
                select_id(select,
                          "e.seq<coalesce((SELECT seq FROM execution WHERE id>=? ORDER BY id LIMIT "
                          "1),"
                          " 9223372036854775807)",
                          &bounds[1]);
        }
}

/* Rows that are shown with this status: some that wait are shown as if they ran. */
static const char *shown_as(int status)
{
        return status == STORE_RUNNING     ? "q.status IN (?, 8)"
               : status == STORE_CANCELING ? "q.status IN (?, 10)"
                                           : "q.status=?";
}

static const char *drive(struct select *select, const struct store_execution_filter *filter)
{
        bool final = filter->status >= STORE_SUCCEEDED;

        if (filter->status >= 0)
                select_int(select, final ? "r.status=?" : shown_as(filter->status),
                           filter->status);
        if (!id_is_zero(&filter->parent) || !id_is_zero(&filter->event))
                return filter->unfinished ? FROM_EXECUTIONS " AND q.execution IS NOT NULL" :
                        FROM_EXECUTIONS;
        if (filter->unfinished || (filter->status >= 0 && !final))
                return FROM_QUEUE;
        return filter->status > STORE_SUCCEEDED ? FROM_RESULTS : FROM_EXECUTIONS;
}

int store_list_executions(struct store *store, const struct store_execution_filter *filter,
                          const struct store_page *page, store_visit_execution *visit, void *arg,
                          uint64_t *ret_total, struct fault *fault)
{
        static const struct store_execution_filter any = { .status = -1 };
        struct visit state = { store->state_dir, visit, arg, filter && filter->with_result, 0 };
        struct select select = { .n = 0 };
        struct select_run run = { .seq = "e.seq", .page = page, .row = visit_row, .arg = &state,
                                  .ret_total = ret_total };
        struct id bounds[2] = { 0 };
        int r;

        filter = filter ? filter : &any;
        run.columns = filter->with_result ? EXECUTION_COLUMNS ",r.body," MOVES_COLUMN
                                          : EXECUTION_COLUMNS ",NULL," MOVES_COLUMN;
        run.from = drive(&select, filter);
        /* The same number, named so that the driving table's own order is used. */
        run.seq = run.from[6] == 'q' ? "q.execution" : run.from[6] == 'r' ? "r.execution" : "e.seq";
        select_id(&select, "e.parent=?", &filter->parent);
        select_id(&select, "e.event=?", &filter->event);
        if (filter->top_level)
                select_int(&select, "(e.parent IS NULL)=?", 1);
        /* The plus keeps the planner from the action's index where a narrower one serves. */
        select_text(&select, id_is_zero(&filter->parent) && id_is_zero(&filter->event) ?
                    "e.action=?" :
                    "+e.action=?", filter->action);
        select_text(&select, "e.runner=?", filter->runner);
        select_text(&select, "e.rule=?", filter->rule);
        select_text(&select, "e.user=?", filter->user);
        select_text(&select, "e.instance=?", filter->instance);
        select_text(&select, "e.mode=?", filter->mode);
        select_text(&select, "EXISTS(SELECT 1 FROM event v WHERE v.id=e.event AND v.trigger=?)",
                    filter->trigger);
        add_times(&select, page, bounds);
        r = select_run(store, &select, &run, fault);
        return state.r < 0 ? fault_result(store->state_dir, state.r, fault) : r;
}
