/* SPDX-License-Identifier: Apache-2.0 */

/* Events and the enforcements of rules on them. */

#include "store/engine.h"

#include "base/cleanup.h"

#include <string.h>

void row_event(sqlite3_stmt *stmt, struct store_event *ret)
{
        *ret = (struct store_event){
                .seq = (uint64_t)sqlite3_column_int64(stmt, 0), .id = sql_id(stmt, 1),
                .trigger = sql_text(stmt, 2), .source = sql_text(stmt, 3),
                .trace = sql_text(stmt, 4),
                .at_ms = sqlite3_column_int64(stmt, 5), .payload = sql_text(stmt, 6),
        };
}

void row_enforcement(sqlite3_stmt *stmt, struct store_enforcement *ret)
{
        *ret = (struct store_enforcement){
                .seq = (uint64_t)sqlite3_column_int64(stmt, 0), .id = sql_id(stmt, 1),
                .event = sql_id(stmt, 2), .execution = sql_id(stmt, 3), .rule = sql_text(stmt, 4),
                .failure = sql_text(stmt, 5), .at_ms = sqlite3_column_int64(stmt, 6),
        };
}

struct visit {
        store_visit_event *event;
        store_visit_enforcement *enforcement;
        void *arg;
        unsigned n;
};

static int visit_event(void *arg, sqlite3_stmt *stmt)
{
        struct visit *visit = arg;
        struct store_event event;

        row_event(stmt, &event);
        visit->n++;
        return visit->event(visit->arg, &event);
}

static int visit_enforcement(void *arg, sqlite3_stmt *stmt)
{
        struct visit *visit = arg;
        struct store_enforcement enforcement;

        row_enforcement(stmt, &enforcement);
        return visit->enforcement(visit->arg, &enforcement);
}

int store_get_event(struct store *store, const struct id *id, store_visit_event *visit, void *arg,
                    struct fault *fault)
{
        struct visit state = { .event = visit, .arg = arg };
        struct select select = { .n = 0 };
        struct select_run run = { .columns = EVENT_COLUMNS, .from = " FROM event v WHERE 1",
                                  .seq = "v.seq",
                                  .row = visit_event, .arg = &state };
        char text[ID_TEXT_SIZE];
        int r;

        select_id(&select, "v.id=?", id);
        r = id_is_zero(id) ? 0 : select_run(store, &select, &run, fault);
        if (r != 0 || state.n)
                return r;
        return fault_set(fault, 404, "event.unknown", "there is no event %s", id_text(id, text));
}

static void add_times(struct select *select, const char *since, const char *until,
                      const struct store_page *page)
{
        if (page && page->since_ms)
                select_int(select, since, page->since_ms);
        if (page && page->until_ms)
                select_int(select, until, page->until_ms);
}

int store_list_events(struct store *store, const char *trigger, const struct store_page *page,
                      store_visit_event *visit, void *arg, uint64_t *ret_total, struct fault *fault)
{
        struct visit state = { .event = visit, .arg = arg };
        struct select select = { .n = 0 };
        struct select_run run = { .columns = EVENT_COLUMNS, .from = " FROM event v WHERE 1",
                                  .seq = "v.seq",
                                  .page = page, .row = visit_event, .arg = &state,
                                  .ret_total = ret_total };

        select_text(&select, "v.trigger=?", trigger);
        add_times(&select, "v.at_ms>=?", "v.at_ms<?", page);
        return select_run(store, &select, &run, fault);
}

int store_list_enforcements(struct store *store, const char *rule, const struct id *event,
                            const struct id *execution, const struct store_page *page,
                            store_visit_enforcement *visit, void *arg, uint64_t *ret_total,
                            struct fault *fault)
{
        struct visit state = { .enforcement = visit, .arg = arg };
        struct select select = { .n = 0 };
        struct select_run run = { .columns = ENFORCEMENT_COLUMNS,
                                  .from = " FROM enforcement f WHERE 1",
                                  .seq = "f.seq", .page = page, .row = visit_enforcement,
                                  .arg = &state,
                                  .ret_total = ret_total };

        select_text(&select, "f.rule=?", rule);
        select_id(&select, "f.event=?", event);
        select_id(&select, "f.execution=?", execution);
        /* No index on the execution: its event has one, and few enforcements. */
        select_id(&select, "f.event=(SELECT event FROM execution WHERE id=?)", execution);
        add_times(&select, "f.at_ms>=?", "f.at_ms<?", page);
        return select_run(store, &select, &run, fault);
}
