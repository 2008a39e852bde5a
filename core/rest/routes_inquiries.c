/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Questions that wait for a person. An inquiry is an execution of core.ask that is pending, and has
 * its id. An execution that the hub lost and must not try again by itself asks, too: whether to
 * retry it or to call it failed; so all that waits for an answer stands in one list.
 */

#include "rest/run.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

struct listing {
        struct page *page;
        json_t *found;
};

static int add(void *arg, const struct store_execution *execution)
{
        struct listing *l = arg;
        json_t *inquiry = shape_inquiry(execution);

        if (l->page)
                page_add(l->page, inquiry);
        else
                l->found = inquiry;
        return 0;
}

static int list(struct request *req, struct fault *fault)
{
        struct store_execution_filter filter = { .status = STORE_PENDING };
        _page_ struct page page = { 0 };
        struct listing listing = { .page = &page };
        struct store_page rows;
        uint64_t total = 0;
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        rows = page_store(&page);
        r = store_list_executions(request_store(req), &filter, &rows, add, &listing, &total,
                                  fault);
        page.total = total;
        return r ? r : page_answer(&page);
}

/* One that waits, or waited: an execution that never asked anything is none. */
static int find(struct request *req, struct id *ret_id, json_t **ret, struct fault *fault)
{
        struct listing listing = { .page = NULL };
        int r = request_param_id(req, "id", ret_id, fault);

        if (!r)
                r = store_get_execution(request_store(req), ret_id, true, add, &listing, fault);
        if (r == FAULT && fault->status != 404)
                return r;
        if (!r && listing.found && !json_is_null(listing.found)) {
                *ret = listing.found;
                return 0;
        }
        json_decref(listing.found);
        fault_set(fault, 404, "inquiry.unknown", "there is no inquiry %s", req->param[0]);
        return fault_try(fault, "kaname inquiry list shows those that wait for an answer");
}

static int get(struct request *req, struct fault *fault)
{
        json_t *inquiry = NULL;
        struct id id;
        int r = find(req, &id, &inquiry, fault);

        return r ? r : answer_object(req, 200, inquiry);
}

static int answer_question(struct request *req, const struct id *id, const json_t *inquiry,
                           const json_t *response, struct fault *fault)
{
        _json_ json_t *roles = json_pack("[s]", auth_role_text(req->who->role));
        const struct hub_answer answer = { .response = response, .user = req->who->user,
                                           .roles = roles, .is_admin = request_is_admin(req) };
        int r = 0;

        /* Who is asked by name needs no grant. */
        if (!json_has_text(json_object_get(inquiry, "users"), req->who->user))
                r = run_permit_execution(req, id, AUTH_RUN, true, fault);
        return r ? r : hub_answer(request_hub(req), id, &answer, fault);
}

static int answer_lost(struct request *req, const struct id *id, const json_t *response,
                       struct fault *fault)
{
        const char *answer = json_text_of(response, "answer", NULL);
        int r = run_permit_execution(req, id, AUTH_RUN, false, fault);

        if (r)
                return r;
        if (!answer) {
                fault_set(fault, 422, "inquiry.answer",
                          "response: answer is missing: what is to become of it");
                return fault_try(fault, "\"answer\": \"retry\" or \"fail\"");
        }
        return hub_resolve(request_hub(req), id, answer, req->who->user, fault);
}

static int respond(struct request *req, struct fault *fault)
{
        const json_t *response = json_object_get(req->json, "response");
        _json_ json_t *inquiry = NULL;
        char text[ID_TEXT_SIZE];
        struct id id;
        int r = find(req, &id, &inquiry, fault);

        if (r)
                return r;
        r = text_equal(json_text_of(inquiry, "kind", ""), "lost")
                ? answer_lost(req, &id, response, fault)
                : answer_question(req, &id, inquiry, response, fault);
        return r ? r : answer_json(req, 200, json_pack("{s:s, s:O}", "id", id_text(&id, text),
                                                       "response", response));
}

#define I "/api/v1/inquiries"

static const struct route rows[] = {
        { "GET", I, list, AUTH_READ, 0, 200, "Questions that wait for a person, newest first",
          "limit offset sort_asc sort_desc include_attributes exclude_attributes", NULL,
          "[Inquiry]" },
        { "GET", I "/{id}", get, AUTH_READ, 0, 200, "One of them", "", NULL, "Inquiry" },
        { "PUT", I "/{id}", respond, AUTH_ACT, 0, 200,
          "Answer it: the response must fit its schema", "", "InquiryResponse",
          "InquiryResponse" },
};

ROUTE_TABLE(routes_inquiries);
