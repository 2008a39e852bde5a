/* SPDX-License-Identifier: Apache-2.0 */

/* Documents, keys, and the steps of workflows. */

#include "store/engine.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <stdio.h>

struct visit {
        store_visit_doc *doc;
        store_visit_key *key;
        void *arg;
        unsigned n;
};

static int visit_doc(void *arg, sqlite3_stmt *stmt)
{
        struct visit *visit = arg;
        struct store_doc doc = {
                .seq = (uint64_t)sqlite3_column_int64(stmt, 0), .kind = sql_text(stmt, 1),
                .name = sql_text(stmt, 2), .body = sql_text(stmt, 3),
                .changed_ms = sqlite3_column_int64(stmt, 4),
        };

        visit->n++;
        return visit->doc(visit->arg, &doc);
}

static int visit_key(void *arg, sqlite3_stmt *stmt)
{
        struct visit *visit = arg;
        struct store_key key = {
                .seq = (uint64_t)sqlite3_column_int64(stmt, 0), .scope = sql_text(stmt, 1),
                .owner = sql_text(stmt, 2), .name = sql_text(stmt, 3), .value = sql_text(stmt, 4),
                .secret = sqlite3_column_int(stmt, 5), .changed_ms = sqlite3_column_int64(stmt, 6),
                .expires_ms = sqlite3_column_int64(stmt, 7),
        };

        visit->n++;
        return visit->key(visit->arg, &key);
}

struct steps {
        store_visit_step *visit;
        void *arg;
};

static int visit_step(void *arg, sqlite3_stmt *stmt)
{
        struct steps *steps = arg;

        return steps->visit(steps->arg, (uint64_t)sqlite3_column_int64(stmt, 0),
                            sql_text(stmt, 1));
}

int store_list_steps(struct store *store, const struct id *execution, store_visit_step *visit,
                     void *arg, struct fault *fault)
{
        struct steps steps = { visit, arg };
        struct store_page all = { .limit = INT32_MAX };
        struct select select = { .n = 0 };
        struct select_run run = { .columns = "s.n,s.body", .from = " FROM step s WHERE 1",
                                  .seq = "s.seq", .order = "s.n", .page = &all,
                                  .row = visit_step, .arg = &steps };

        select_id(&select, "s.execution=?", execution);
        return select_run(store, &select, &run, fault);
}

#define DOC_COLUMNS "d.seq,d.kind,d.name,d.body,d.changed_ms"
#define KEY_COLUMNS "k.seq,k.scope,k.owner,k.name,k.value,k.secret,k.changed_ms,k.expires_ms"

int store_get_doc(struct store *store, const char *kind, const char *name, store_visit_doc *visit,
                  void *arg, struct fault *fault)
{
        struct visit state = { .doc = visit, .arg = arg };
        struct select select = { .n = 0 };
        struct select_run run = { .columns = DOC_COLUMNS, .from = " FROM doc d WHERE 1",
                                  .seq = "d.seq",
                                  .order = "d.name", .row = visit_doc, .arg = &state };
        int r;

        select_text(&select, "d.kind=?", kind);
        select_text(&select, "d.name=?", name);
        r = select_run(store, &select, &run, fault);
        if (r != 0 || state.n)
                return r;
        return fault_set(fault, 404, "doc.unknown", "there is no %s '%s'", kind, name);
}

int store_list_docs(struct store *store, const char *kind, store_visit_doc *visit, void *arg,
                    struct fault *fault)
{
        struct visit state = { .doc = visit, .arg = arg };
        struct store_page all = { .limit = INT32_MAX };
        struct select select = { .n = 0 };
        struct select_run run = { .columns = DOC_COLUMNS, .from = " FROM doc d WHERE 1",
                                  .seq = "d.seq",
                                  .order = "d.name", .page = &all, .row = visit_doc,
                                  .arg = &state };

        select_text(&select, "d.kind=?", kind);
        return select_run(store, &select, &run, fault);
}

int store_get_key(struct store *store, const char *scope, const char *owner, const char *name,
                  store_visit_key *visit, void *arg, struct fault *fault)
{
        struct visit state = { .key = visit, .arg = arg };
        struct select select = { .n = 0 };
        struct select_run run = { .columns = KEY_COLUMNS, .from = " FROM key k WHERE 1",
                                  .seq = "k.seq",
                                  .order = "k.name", .row = visit_key, .arg = &state };
        int r;

        select_text(&select, "k.scope=?", scope);
        select_text(&select, "k.owner=?", owner ? owner : "");
        select_text(&select, "k.name=?", name);
        select_int(&select, "(k.expires_ms=0 OR k.expires_ms>?)", clock_real_ms());
        r = select_run(store, &select, &run, fault);
        if (r != 0 || state.n)
                return r;
        return fault_set(fault, 404, "key.unknown", "there is no key '%s'", name);
}

int store_list_keys(struct store *store, const char *scope, const char *owner, const char *prefix,
                    const struct store_page *page, store_visit_key *visit, void *arg,
                    uint64_t *ret_total, struct fault *fault)
{
        struct visit state = { .key = visit, .arg = arg };
        struct select select = { .n = 0 };
        struct select_run run = { .columns = KEY_COLUMNS, .from = " FROM key k WHERE 1",
                                  .seq = "k.seq",
                                  .order = "k.scope, k.owner, k.name", .page = page,
                                  .row = visit_key,
                                  .arg = &state, .ret_total = ret_total };

        select_text(&select, "k.scope=?", scope);
        select_text(&select, "k.owner=?", owner);
        if (prefix && *prefix) {
                select_text(&select, "k.name>=?", prefix);
                select_text(&select, "k.name<?||char(1114111)", prefix);
        }
        select_int(&select, "(k.expires_ms=0 OR k.expires_ms>?)", clock_real_ms());
        return select_run(store, &select, &run, fault);
}
