/* SPDX-License-Identifier: Apache-2.0 */

/* The ledger: what was changed, by whom, from what to what. */

#include "rest/request.h"
#include "rest/shape.h"

#include "base/text.h"

#include <string.h>

static int add(void *arg, const struct store_change *change)
{
        page_add(arg, shape_change(NULL, change));
        return 0;
}

static int id_of(const struct query *query, const char *name, struct id *ret, struct fault *fault)
{
        const char *text = query_text(query, name);

        if (!text || id_parse(text, ret))
                return 0;
        return fault_set(fault, 400, "query.invalid", "%s=%.64s: must be an id of 24 hex digits",
                         name, text);
}

static int state_of(const struct query *query, int *ret, struct fault *fault)
{
        const char *text = query_text(query, "state");

        *ret = -1;
        for (int i = STORE_INTENT; text && i <= STORE_PLANNED; i++)
                if (text_equal(text, store_change_state_text((enum store_change_state)i)))
                        *ret = i;
        if (text && *ret < 0)
                return fault_set(
                        fault, 400, "query.invalid",
                        "state=%.32s: must be intent, applied, refused, unknown or planned", text);
        return 0;
}

static int list(struct request *req, struct fault *fault)
{
        struct store_change_filter filter = { .resource = query_text(&req->query, "resource"),
                                              .instance = query_text(&req->query, "instance") };
        _page_ struct page page = { 0 };
        struct store_page rows;
        uint64_t total = 0;
        int r = page_init(&page, req, fault);

        if (!r)
                r = id_of(&req->query, "execution", &filter.execution, fault);
        if (!r)
                r = id_of(&req->query, "event", &filter.event, fault);
        if (!r)
                r = state_of(&req->query, &filter.state, fault);
        if (r)
                return r;
        rows = page_store(&page);
        r = store_list_changes(request_store(req), &filter, &rows, add, &page, &total, fault);
        page.total = total;
        return r ? r : page_answer(&page);
}

static const struct route rows[] = {
        { "GET", "/api/v1/changes", list, AUTH_READ, 0, 200, "The ledger, newest first",
          "limit offset sort_asc sort_desc include_attributes exclude_attributes resource "
          "execution event "
          "since until instance state",
          NULL, "[Change]" },
};

ROUTE_TABLE(routes_changes);
