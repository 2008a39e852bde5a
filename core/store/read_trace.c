/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Traces by their beginnings. Both kinds are walked in the order of their seq, each along an index
 * of its own (of the tag where one is asked for), and merged: a page costs its length, however
 * much else the store holds. The traces of a rule are those of the events that it matched.
 */

#include "store/engine.h"

#include "base/cleanup.h"

#include <string.h>

#define COLUMNS "t.seq,t.id,t.is_event,t.at_ms,t.tag"
#define FROM_ALL                                                                                \
        " FROM (SELECT seq, id, 1 AS is_event, at_ms, trace AS tag FROM event UNION ALL"        \
        " SELECT seq, id, 0, created_ms, trace FROM execution"                                  \
        " WHERE event IS NULL AND parent IS NULL) t WHERE 1"
#define FROM_RULE                                                                               \
        " FROM (SELECT f.seq, v.id, 1 AS is_event, v.at_ms, v.trace AS tag, f.rule"             \
        " FROM enforcement f CROSS JOIN event v ON v.id=f.event) t WHERE 1"

struct visit {
        store_visit_trace *visit;
        void *arg;
};

static int visit_row(void *arg, sqlite3_stmt *stmt)
{
        struct visit *visit = arg;
        const struct store_trace trace = {
                .seq = (uint64_t)sqlite3_column_int64(stmt, 0), .id = sql_id(stmt, 1),
                .is_event = sqlite3_column_int(stmt, 2), .at_ms = sqlite3_column_int64(stmt, 3),
                .tag = sql_text(stmt, 4),
        };

        return visit->visit(visit->arg, &trace);
}

int store_list_traces(struct store *store, const char *tag, const char *rule,
                      const struct store_page *page, store_visit_trace *visit, void *arg,
                      uint64_t *ret_total, struct fault *fault)
{
        struct visit state = { visit, arg };
        struct select select = { .n = 0 };
        const struct select_run run = { .columns = COLUMNS, .from = rule ? FROM_RULE : FROM_ALL,
                                        .seq = "t.seq", .page = page, .row = visit_row,
                                        .arg = &state, .ret_total = ret_total };

        select_text(&select, "t.rule=?", rule);
        select_text(&select, "t.tag=?", tag);
        if (page && page->since_ms)
                select_int(&select, "t.at_ms>=?", page->since_ms);
        if (page && page->until_ms)
                select_int(&select, "t.at_ms<?", page->until_ms);
        return select_run(store, &select, &run, fault);
}
