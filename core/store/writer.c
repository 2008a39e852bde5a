/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The one thread that writes. It takes all that waits into one commit of the engine, so that a
 * hundred clients share one fdatasync while a lone one waits for nobody. Nobody is told anything
 * before COMMIT returned. Checkpoints are made after the answers were given, on the same
 * connection: 3.40's WAL-reset race needs two.
 *
 * What goes wrong falls in three classes: a key that is there already undoes one transaction; a
 * full disk or lack of memory fails the commit and all its members; any other error of the engine
 * ends writing for good (health.c). The first needs a savepoint for each transaction, and those
 * copy every page that is touched. It never happens but by our own mistake, so a commit is tried
 * without, and made a second time with them where something stood in the way.
 */

#include "store/engine.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define BATCH_MAX 512
#define CHECKPOINT_PAGES 4096           /* 16 MiB */
#define CHECKPOINT_MUST_PAGES 16384     /* 64 MiB: readers must make way */

static struct store_txn *txn_of(struct item *item)
{
        return item->kind == ITEM_TXN ? (struct store_txn *)(void *)item : NULL;
}

static struct claim_item *claim_of(struct item *item)
{
        return item->kind == ITEM_CLAIM ? (struct claim_item *)(void *)item : NULL;
}

/* Undoes one transaction and leaves the others. */
static bool is_local(int code)
{
        switch (code & 0xff) {
        case SQLITE_CONSTRAINT:
        case SQLITE_TOOBIG:
        case SQLITE_MISMATCH:
                return true;
        default:
                return false;
        }
}

static int judge(struct writer *writer, struct store_txn *txn)
{
        int r = SQLITE_OK;

        for (struct op *op = txn->first; op && r == SQLITE_OK; op = op->next) {
                if (op->kind == OP_ONCE)
                        txn->first_id = op->once.id;
                r = judge_op(writer, op, &txn->outcome, &txn->first_id);
                if (txn->outcome != STORE_DONE)
                        break;
        }
        return r;
}

static int apply(struct writer *writer, struct store_txn *txn)
{
        struct tally before = writer->now;
        int64_t seen_before = writer->seen.last;
        int r = writer->careful ? sql_run(&writer->sql, "SAVEPOINT one", "") : SQLITE_OK;

        for (struct op *op = txn->first; op && r == SQLITE_OK; op = op->next)
                r = apply_op(writer, op);
        if (is_local(r) && writer->careful) {
                txn->outcome = STORE_CONFLICT;
                writer->now = before;
                writer->seen_dirty |= writer->seen.last != seen_before;
                r = sql_run(&writer->sql, "ROLLBACK TO one", "");
        }
        if (r == SQLITE_OK && writer->careful)
                r = sql_run(&writer->sql, "RELEASE one", "");
        if (r == SQLITE_OK && txn->outcome == STORE_DONE)
                txn->seq = writer->now.seq > before.seq ? before.seq + 1 : before.seq;
        return r;
}

static int run_txn(struct writer *writer, struct store_txn *txn, bool finishing_only)
{
        int r = SQLITE_OK;

        txn->seq = 0;
        txn->outcome = txn->failed ? STORE_FAILED_IO : txn->preset;
        if (txn->outcome == STORE_DONE && finishing_only && !txn->finishing)
                txn->outcome = STORE_FAILED_FULL;
        if (txn->outcome != STORE_DONE)
                return SQLITE_OK;
        if (writer->seen_dirty)
                r = seen_load(&writer->seen, &writer->sql);
        writer->seen_dirty = r != SQLITE_OK;
        if (r == SQLITE_OK)
                r = judge(writer, txn);
        return r == SQLITE_OK && txn->outcome == STORE_DONE ? apply(writer, txn) : r;
}

static int run_item(struct writer *writer, struct item *item, bool finishing_only)
{
        struct claim_item *claim = claim_of(item);

        if (!claim)
                return run_txn(writer, txn_of(item), finishing_only);
        claim->got = 0;
        return finishing_only ? SQLITE_OK : queue_claim(writer, claim);
}

static int write_tally(struct writer *writer)
{
        int r = SQLITE_OK;

        for (int i = 0; i < STORE_QUEUE_STATUSES && r == SQLITE_OK; i++)
                if (writer->now.rows[i] != writer->saved.rows[i])
                        r = sql_run(&writer->sql, "UPDATE counter SET value=? WHERE name=?", "iu",
                                    writer->now.rows[i], (unsigned)i);
        if (r == SQLITE_OK && writer->now.seq != writer->saved.seq)
                r = sql_run(&writer->sql, "UPDATE counter SET value=? WHERE name=100", "i",
                            (int64_t)writer->now.seq);
        return r;
}

static void publish(struct store *store)
{
        struct writer *writer = &store->writer;

        writer->saved = writer->now;
        for (int i = 0; i < STORE_QUEUE_STATUSES; i++)
                atomic_store_explicit(&store->rows[i], writer->now.rows[i], memory_order_relaxed);
        atomic_store(&store->seq, writer->now.seq);
}

static int try_commit(struct store *store, struct item *batch, bool finishing_only)
{
        struct writer *writer = &store->writer;
        int64_t seen_before = writer->seen.last;
        int r = sql_run(&writer->sql, "BEGIN IMMEDIATE", "");

        writer->now_ms = clock_real_ms();
        for (struct item *item = batch; item && r == SQLITE_OK; item = item->next)
                r = run_item(writer, item, finishing_only);
        if (r == SQLITE_OK)
                r = write_tally(writer);
        if (r == SQLITE_OK)
                r = sql_run(&writer->sql, "COMMIT", "");
        if (r == SQLITE_OK) {
                publish(store);
                return r;
        }
        if (!sqlite3_get_autocommit(writer->sql.db))
                sql_run(&writer->sql, "ROLLBACK", "");
        writer->now = writer->saved;
        writer->seen_dirty |= writer->seen.last != seen_before;
        return r;
}

static int commit(struct store *store, struct item *batch, bool finishing_only)
{
        int r = try_commit(store, batch, finishing_only);

        if (is_local(r)) {
                store->writer.careful = true;
                r = try_commit(store, batch, finishing_only);
                store->writer.careful = false;
        }
        return r;
}

/* Refusals fall with the commit as well: a duplicate may be one of something that is gone now. */
static void fail_all(struct item *batch, enum store_outcome outcome)
{
        for (struct item *item = batch; item; item = item->next) {
                struct store_txn *txn = txn_of(item);

                if (!txn) {
                        claim_of(item)->got = 0;
                        continue;
                }
                txn->outcome = txn->preset ? txn->preset : outcome;
                txn->first_id = (struct id){ { 0 } };
                txn->seq = 0;
        }
}

void writer_failed(struct store *store, int code, const char *doing)
{
        if (sql_is_full(&store->writer.sql, code))
                health_full(store);
        else if ((code & 0xff) != SQLITE_NOMEM)
                health_broken(store, code, doing);
}

static void commit_or_fail(struct store *store, struct item *batch)
{
        bool admits = health_admits(store);
        int r;

        if (atomic_load(&store->health) == HEALTH_BROKEN) {
                fail_all(batch, STORE_FAILED_IO);
                return;
        }
        r = commit(store, batch, !admits);
        if (r != SQLITE_OK && sql_is_full(&store->writer.sql, r)) {
                /* With the reserve given up, what runs may still be able to end. */
                health_full(store);
                r = commit(store, batch, true);
        }
        if (r == SQLITE_OK)
                return;
        fail_all(batch, sql_is_full(&store->writer.sql, r) ? STORE_FAILED_FULL : STORE_FAILED_IO);
        writer_failed(store, r, "a commit failed");
}

static void answer(struct store *store, struct item *item)
{
        struct claim_item *claim = claim_of(item);
        struct store_txn *txn = txn_of(item);

        if (claim) {
                if (!inbox_is_closing(&store->inbox))
                        claim->claimed(claim->arg, claim->executions, claim->got);
                arena_deinit(&claim->arena);
                free(claim->executions);
                free(claim);
                return;
        }
        if (txn->large)
                filer_unpin(store, txn);
        if (txn->done)
                txn->done(txn->arg, txn->outcome,
                          id_is_zero(&txn->first_id) ? NULL : &txn->first_id, txn->seq);
        store_txn_free(txn);
        atomic_fetch_sub(&store->waiting, 1);
}

static void run_job(struct store *store, struct job *job)
{
        int r = job->run(store, job);

        pthread_mutex_lock(&job->lock);
        job->r = r;
        job->done = true;
        pthread_cond_signal(&job->wake);
        pthread_mutex_unlock(&job->lock);
}

/*
 * Cut off the next batch: a job alone, or BATCH_MAX others, never between two that stay together.
 */
static struct item *cut(struct item *items)
{
        struct item *last = items, *rest;

        for (size_t n = 1; last->next; n++, last = last->next) {
                if (last->more)
                        continue;
                if (n >= BATCH_MAX || last->kind == ITEM_JOB || last->next->kind == ITEM_JOB)
                        break;
        }
        rest = last->next;
        last->next = NULL;
        return rest;
}

static void work(struct store *store, struct item *items)
{
        while (items) {
                struct item *batch = items;

                items = cut(batch);
                if (batch->kind == ITEM_JOB) {
                        run_job(store, (struct job *)(void *)batch);
                        continue;
                }
                commit_or_fail(store, batch);
                while (batch) {
                        struct item *next = batch->next;

                        answer(store, batch);
                        batch = next;
                }
        }
}

static int checkpoint(struct writer *writer, int mode)
{
        int logged = 0, done = 0, r;

        sqlite3_busy_timeout(writer->sql.db, mode == SQLITE_CHECKPOINT_PASSIVE ? 0 : 100);
        r = sqlite3_wal_checkpoint_v2(writer->sql.db, NULL, mode, &logged, &done);
        sqlite3_busy_timeout(writer->sql.db, 5000);
        writer->wal_pages = logged > done ? logged : 0;
        return (r & 0xff) == SQLITE_BUSY || (r & 0xff) == SQLITE_LOCKED ? SQLITE_OK : r;
}

static void upkeep(struct store *store)
{
        struct writer *writer = &store->writer;
        int r = SQLITE_OK;

        if (atomic_load(&store->health) != HEALTH_GOOD)
                return;
        if (seen_needs_merge(&writer->seen) && !writer->seen_dirty)
                r = seen_merge_slice(&writer->seen, &writer->sql, clock_real_ms());
        if (r == SQLITE_OK && writer->wal_pages >= CHECKPOINT_PAGES)
                r = checkpoint(writer, writer->wal_pages >= CHECKPOINT_MUST_PAGES ?
                               SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE);
        if (r != SQLITE_OK)
                writer_failed(store, r, "keeping the store in order failed");
}

static int count_pages(void *arg, sqlite3 *db, const char *name, int pages)
{
        struct writer *writer = arg;

        (void)db;
        (void)name;
        writer->wal_pages = pages;
        return SQLITE_OK;
}

void *writer_main(void *arg)
{
        struct store *store = arg;

        sqlite3_wal_hook(store->writer.sql.db, count_pages, &store->writer);
        for (;;) {
                struct item *items = inbox_take(&store->inbox,
                                                !seen_needs_merge(&store->writer.seen));

                work(store, items);
                if (!items && inbox_is_closing(&store->inbox)) {
                        if (!atomic_load(&store->waiting))
                                return NULL;
                        /* The filer still has some; it ends after this thread. */
                        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
                }
                upkeep(store);
        }
}

int store_job(struct store *store, struct job *job)
{
        pthread_mutex_init(&job->lock, NULL);
        pthread_cond_init(&job->wake, NULL);
        job->item.kind = ITEM_JOB;
        job->item.more = false;
        job->done = false;
        inbox_push(&store->inbox, &job->item, &job->item);
        pthread_mutex_lock(&job->lock);
        while (!job->done)
                pthread_cond_wait(&job->wake, &job->lock);
        pthread_mutex_unlock(&job->lock);
        pthread_cond_destroy(&job->wake);
        pthread_mutex_destroy(&job->lock);
        return job->r;
}
