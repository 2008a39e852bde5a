/* SPDX-License-Identifier: Apache-2.0 */

/* A person can always stop it: pause, and what a start limit held. */

#include "rest/run.h"

#include "base/json.h"

#include <string.h>

static int answer_state(struct request *req)
{
        return answer_json(req, 200, json_pack("{s:b}", "paused", hub_is_paused(request_hub(req))));
}

static int pause_hub(struct request *req, struct fault *fault)
{
        int r = hub_pause(request_hub(req), req->who->user, json_text_of(req->json, "reason", NULL),
                          fault);

        return r ? r : answer_state(req);
}

static int resume_hub(struct request *req, struct fault *fault)
{
        int r = hub_resume(request_hub(req), req->who->user, fault);

        return r ? r : answer_state(req);
}

struct listing {
        struct page *page;
        struct shape shape;
};

static int add(void *arg, const struct store_execution *e)
{
        struct listing *listing = arg;

        page_add(listing->page, shape_execution(&listing->shape, e));
        return 0;
}

static int list(struct request *req, struct fault *fault)
{
        struct store_execution_filter filter = { .status = STORE_HELD,
                .rule = query_text(&req->query, "rule") };
        _page_ struct page page = { 0 };
        struct listing listing = { .page = &page };
        struct store_page rows;
        uint64_t total = 0;
        int r = page_init(&page, req, fault);

        if (!r)
                r = run_shape(req, true, &listing.shape, fault);
        if (r)
                return r;
        rows = page_store(&page);
        r = store_list_executions(request_store(req), &filter, &rows, add, &listing, &total, fault);
        page.total = total;
        return r ? r : page_answer(&page);
}

typedef int settle(struct hub *hub, const struct id *execution, const char *rule, const char *user,
                   unsigned *ret_n,
                   struct fault *fault);

/* {"id": …}, {"rule": …} or {"all": true}: nothing said must not mean everything. */
static int settle_held(struct request *req, settle *how, struct fault *fault)
{
        const char *text = json_text_of(req->json, "id", NULL),
                *rule = json_text_of(req->json, "rule", NULL);
        bool all = json_bool_of(req->json, "all", false);
        struct id id;
        unsigned n = 0;
        int r;

        if (!text && !rule && !all) {
                fault_set(fault, 422, "held.which",
                          "say which: \"id\", \"rule\", or \"all\": true");
                return fault_try(fault, "kaname held list");
        }
        if (text && !id_parse(text, &id))
                return fault_set(fault, 422, "held.which", "id: '%.64s' is not an id", text);
        r = how(request_hub(req), text ? &id : NULL, rule, req->who->user, &n, fault);
        return r ? r : answer_json(req, 200, json_pack("{s:i}", "count", (int)n));
}

static int release(struct request *req, struct fault *fault)
{
        return settle_held(req, hub_held_release, fault);
}

static int drop(struct request *req, struct fault *fault)
{
        return settle_held(req, hub_held_drop, fault);
}

static const struct route rows[] = {
        { "POST", "/api/v1/pause", pause_hub, AUTH_ACT, ROUTE_OPTIONAL, 200,
          "Hold every new start; events are still accepted", "", "Pause", "Paused" },
        { "POST", "/api/v1/resume", resume_hub, AUTH_ACT, ROUTE_OPTIONAL, 200, "Start again", "",
                "Empty", "Paused" },
        { "GET", "/api/v1/held", list, AUTH_READ, 0, 200, "Executions that wait for a person",
          "limit offset include_attributes exclude_attributes rule", NULL, "[Execution]" },
        { "POST", "/api/v1/held/release", release, AUTH_ADMINISTER, 0, 200, "Let them start", "",
                "Held", "Count" },
        { "POST", "/api/v1/held/drop", drop, AUTH_ADMINISTER, 0, 200, "Cancel them", "", "Held",
                "Count" },
};

ROUTE_TABLE(routes_held);
