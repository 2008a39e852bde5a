/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Connections that only read. A caller borrows one for the time of one question; when none is idle
 * another is opened, so a visitor may ask further questions and nobody waits for a pool. A question
 * has two seconds: a snapshot that is held for longer keeps the log from being folded back.
 */

#include "store/engine.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_MAX 4
#define READ_US 2000000

static int overdue(void *arg)
{
        const struct reader *reader = arg;

        return !reader->patient && clock_mono_us() > reader->deadline_us;
}

static int open_reader(struct store *store, struct reader **ret, struct fault *fault)
{
        struct reader *reader = calloc(1, sizeof *reader);
        int r;

        if (!reader)
                return -ENOMEM;
        r = sql_open(&reader->sql, store->path, SQLITE_OPEN_READWRITE, 1024);
        if (r == SQLITE_OK)
                r = sql_exec(&reader->sql, "PRAGMA query_only=1");
        if (r != SQLITE_OK) {
                r = store_fault_sql(&reader->sql, store->path, fault);
                sql_close(&reader->sql);
                free(reader);
                return r;
        }
        sqlite3_db_config(reader->sql.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_progress_handler(reader->sql.db, 20000, overdue, reader);
        *ret = reader;
        return 0;
}

int reader_get(struct store *store, struct reader **ret, struct fault *fault)
{
        struct reader *reader;
        int r;

        pthread_mutex_lock(&store->lock);
        reader = store->idle;
        if (reader) {
                store->idle = reader->next;
                store->idle_n--;
        }
        pthread_mutex_unlock(&store->lock);
        r = reader ? 0 : open_reader(store, &reader, fault);
        if (r != 0)
                return r;
        reader->patient = false;
        reader->deadline_us = clock_mono_us() + READ_US;
        *ret = reader;
        return 0;
}

struct reader *reader_put(struct store *store, struct reader *reader)
{
        if (!reader)
                return NULL;
        pthread_mutex_lock(&store->lock);
        if (store->idle_n < IDLE_MAX) {
                reader->next = store->idle;
                store->idle = TAKE(reader);
                store->idle_n++;
        }
        pthread_mutex_unlock(&store->lock);
        if (reader)
                sql_close(&reader->sql);
        free(reader);
        return NULL;
}

int reader_fault(struct store *store, struct reader *reader, int code, struct fault *fault)
{
        if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW)
                return 0;
        if (code != SQLITE_INTERRUPT)
                return store_fault_sql(&reader->sql, store->path, fault);
        fault_set(fault, 503, "store.slow", "the question took longer than two seconds");
        return fault_try(fault, "narrow it down, for example to an action, an event or a time");
}

static bool add_clause(struct select *select, const char *clause, char kind)
{
        size_t len = strlen(select->where);
        int n;

        if (select->n >= sizeof select->kinds - 1)
                return false;
        n = snprintf(select->where + len, sizeof select->where - len, " AND %s", clause);
        if (n < 0 || (size_t)n >= sizeof select->where - len) {
                select->where[len] = '\0';
                return false;
        }
        select->kinds[select->n] = kind;
        return true;
}

void select_text(struct select *select, const char *clause, const char *value)
{
        if (value && add_clause(select, clause, 't'))
                select->values[select->n++] = value;
}

void select_id(struct select *select, const char *clause, const struct id *value)
{
        if (value && !id_is_zero(value) && add_clause(select, clause, 'd'))
                select->values[select->n++] = value;
}

void select_int(struct select *select, const char *clause, int64_t value)
{
        if (add_clause(select, clause, 'i'))
                select->ints[select->n++] = value;
}

static int bind(const struct select *select, sqlite3_stmt *stmt)
{
        int r = SQLITE_OK;

        for (unsigned i = 0; i < select->n && r == SQLITE_OK; i++)
                if (select->kinds[i] == 'i')
                        r = sqlite3_bind_int64(stmt, (int)i + 1, select->ints[i]);
                else if (select->kinds[i] == 't')
                        r = sqlite3_bind_text(stmt, (int)i + 1, select->values[i], -1,
                                              SQLITE_STATIC);
                else
                        r = sqlite3_bind_blob(stmt, (int)i + 1,
                                              ((const struct id *)select->values[i])->b,
                                              sizeof(struct id), SQLITE_STATIC);
        return r;
}

static int prepare(struct reader *reader, const struct select *select, const char *text,
                   sqlite3_stmt **ret)
{
        int r = sqlite3_prepare_v2(reader->sql.db, text, -1, ret, NULL);

        return r == SQLITE_OK ? bind(select, *ret) : r;
}

static int count(struct reader *reader, const struct select *select, const struct select_run *run)
{
        _cleanup_(sql_finalizep) sqlite3_stmt *stmt = NULL;
        char text[2048];
        int r;

        snprintf(text, sizeof text, "SELECT count(*) FROM (SELECT 1%s%s LIMIT 10000)", run->from,
                 select->where);
        r = prepare(reader, select, text, &stmt);
        if (r == SQLITE_OK)
                r = sqlite3_step(stmt);
        if (r == SQLITE_ROW)
                *run->ret_total = (uint64_t)sqlite3_column_int64(stmt, 0);
        return r == SQLITE_ROW ? SQLITE_OK : r;
}

static int walk(struct reader *reader, const struct select *select, const struct select_run *run)
{
        static const struct store_page first_page;
        const struct store_page *page = run->page ? run->page : &first_page;
        _cleanup_(sql_finalizep) sqlite3_stmt *stmt = NULL;
        char text[4096], after[80] = "";
        int r;

        if (page->after_seq)
                snprintf(after, sizeof after, " AND %s%c%lld", run->seq,
                         page->ascending ? '>' : '<', (long long)page->after_seq);
        snprintf(text, sizeof text, "SELECT %s%s%s%s ORDER BY %s%s LIMIT %zu OFFSET %zu",
                 run->columns, run->from, select->where, after, run->order ? run->order : run->seq,
                 run->order || page->ascending ? "" : " DESC", page->limit ? page->limit : 100,
                 page->offset);
        r = prepare(reader, select, text, &stmt);
        while (r == SQLITE_OK && (r = sqlite3_step(stmt)) == SQLITE_ROW)
                r = run->row(run->arg, stmt) ? SQLITE_DONE : SQLITE_OK;
        return r;
}

int select_run(struct store *store, const struct select *select, const struct select_run *run,
               struct fault *fault)
{
        struct reader *reader;
        int r = reader_get(store, &reader, fault);

        if (r != 0)
                return r;
        r = walk(reader, select, run);
        if ((r == SQLITE_OK || r == SQLITE_DONE) && run->ret_total)
                r = count(reader, select, run);
        r = reader_fault(store, reader, r, fault);
        reader_put(store, reader);
        return r;
}
