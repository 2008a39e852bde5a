/* SPDX-License-Identifier: Apache-2.0 */

/* The ledger: a change as it was announced, with how it was closed where it was. */

#include "store/engine.h"

#include "base/cleanup.h"

#include <string.h>

#define COLUMNS                                                                                 \
        "c.seq,c.execution,c.event,c.attempt,c.n,coalesce(k.state,c.state),k.undone_by,c.plugin," \
        "c.instance,c.resource,c.before,c.after,k.observed,c.undo_action,c.undo_args,c.user,"    \
        "c.at_ms,k.closed_ms"
#define FROM " FROM change c LEFT JOIN closing k ON k.change=c.seq WHERE 1"
/* Few stay unknown: the index of those finds them without reading the ledger. */
#define FROM_UNKNOWN " FROM closing k CROSS JOIN change c ON c.seq=k.change WHERE k.state=3"

/*
 * What an execution ran, deeply. One that applies or undoes another names it as its parent, too,
 * and as its plan; it is no part of it.
 */
#define IN_TREE                                                                                 \
        "c.execution IN (WITH RECURSIVE tree(id) AS (VALUES(?) UNION ALL SELECT e.id"           \
        " FROM execution e JOIN tree ON e.parent=tree.id WHERE e.plan IS NOT e.parent)"         \
        " SELECT id FROM tree)"

struct visit {
        store_visit_change *visit;
        void *arg;
};

static int visit_change(void *arg, sqlite3_stmt *stmt)
{
        struct visit *visit = arg;
        struct store_change change = {
                .seq = (uint64_t)sqlite3_column_int64(stmt, 0), .execution = sql_id(stmt, 1),
                .event = sql_id(stmt, 2), .attempt = (uint32_t)sqlite3_column_int64(stmt, 3),
                .n = (uint32_t)sqlite3_column_int64(stmt, 4),
                .state = (enum store_change_state)sqlite3_column_int(stmt, 5),
                .undone_by = sql_id(stmt, 6), .plugin = sql_text(stmt, 7),
                .instance = sql_text(stmt, 8),
                .resource = sql_text(stmt, 9), .before = sql_text(stmt, 10),
                .after = sql_text(stmt, 11),
                .observed = sql_text(stmt, 12), .undo_action = sql_text(stmt, 13),
                .undo_args = sql_text(stmt, 14), .user = sql_text(stmt, 15),
                .at_ms = sqlite3_column_int64(stmt, 16),
                .closed_ms = sqlite3_column_int64(stmt, 17),
        };

        return visit->visit(visit->arg, &change);
}

static int add_resource(struct select *select, const char *resource, char prefix[1024],
                        struct fault *fault)
{
        size_t len = resource ? strlen(resource) : 0;

        if (!len || resource[len - 1] != '*') {
                select_text(select, "c.resource=?", len ? resource : NULL);
                return 0;
        }
        if (len > 1024)
                return fault_set(fault, 400, "change.resource",
                                 "a resource prefix has at most 1023 bytes");
        memcpy(prefix, resource, len - 1);
        prefix[len - 1] = '\0';
        select_text(select, "c.resource>=?", prefix);
        select_text(select, "c.resource<?||char(1114111)", prefix);
        return 0;
}

int store_list_changes(struct store *store, const struct store_change_filter *filter,
                       const struct store_page *page, store_visit_change *visit, void *arg,
                       uint64_t *ret_total, struct fault *fault)
{
        static const struct store_change_filter any = { .state = -1 };
        struct visit state = { visit, arg };
        struct select select = { .n = 0 };
        struct select_run run = { .columns = COLUMNS, .from = FROM, .seq = "c.seq", .page = page,
                                  .row = visit_change, .arg = &state, .ret_total = ret_total };
        char prefix[1024];
        int r;

        filter = filter ? filter : &any;
        if (filter->state == STORE_UNKNOWN)
                run.from = FROM_UNKNOWN;
        else if (filter->state >= 0)
                select_int(&select, "coalesce(k.state,c.state)=?", filter->state);
        select_id(&select, filter->tree ? IN_TREE : "c.execution=?", &filter->execution);
        select_id(&select, "c.event=?", &filter->event);
        select_text(&select, "c.instance=?", filter->instance);
        if (page && page->since_ms)
                select_int(&select, "c.at_ms>=?", page->since_ms);
        if (page && page->until_ms)
                select_int(&select, "c.at_ms<?", page->until_ms);
        r = add_resource(&select, filter->resource, prefix, fault);
        return r != 0 ? r : select_run(store, &select, &run, fault);
}
