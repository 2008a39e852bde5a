/* SPDX-License-Identifier: Apache-2.0 */

/* Events: handed in by webhooks and CloudEvents, looked at, sent again, taken back. */

#include "rest/accept.h"

#include "base/json.h"
#include "base/text.h"
#include "rest/once.h"
#include "rest/run.h"
#include "rest/shape.h"

#include <string.h>

static int add(void *arg, const struct store_event *event)
{
        page_add(arg, shape_event(event));
        return 0;
}

static int list(struct request *req, struct fault *fault)
{
        const char *trigger = query_text(&req->query, "trigger"),
                *id = query_text(&req->query, "id");
        _page_ struct page page = { 0 };
        struct store_page rows;
        uint64_t total = 0;
        struct id one;
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        if (id) {
                if (id_parse(id, &one))
                        store_get_event(request_store(req), &one, add, &page, NULL);
                page.total = json_array_size(page.rows);
                return page_answer(&page);
        }
        if (!trigger)
                trigger = query_text(&req->query, "trigger_type");
        rows = page_store(&page);
        r = store_list_events(request_store(req), trigger, &rows, add, &page, &total, fault);
        page.total = total;
        return r ? r : page_answer(&page);
}

static int take(void *arg, const struct store_event *event)
{
        *(json_t **)arg = shape_event(event);
        return 0;
}

static int read_event(struct request *req, json_t **ret, struct fault *fault)
{
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        return r ? r : store_get_event(request_store(req), &id, take, ret, fault);
}

static int get(struct request *req, struct fault *fault)
{
        json_t *event = NULL;
        int r = read_event(req, &event, fault);

        return r ? r : answer_object(req, 200, event);
}

/* ---- re-emit ---- */

struct emitted {
        struct hub_accepted accepted;
        json_t *payload;
};

static void emitted_free(void *arg)
{
        struct emitted *emitted = arg;

        if (emitted)
                json_decref(emitted->payload);
        free(emitted);
}

static int re_emitted(struct request *req, struct fault *fault)
{
        struct emitted *emitted = req->later;
        char id[ID_TEXT_SIZE];

        id_text(&emitted->accepted.id, id);
        if (emitted->accepted.outcome == STORE_MISMATCH)
                return once_mismatch(id, fault);
        if (emitted->accepted.outcome == STORE_DUPLICATE)
                answer_header(req, "Idempotency-Replayed", "true");
        else if (emitted->accepted.outcome != STORE_DONE)
                return store_outcome_fault(emitted->accepted.outcome, fault);
        return answer_json(req, 200, json_pack("{s:o, s:O, s:s}", "message",
                           json_sprintf("Trigger instance %s succesfully re-sent.", req->param[0]),
                           "payload",
                           emitted->payload, "id", id));
}

static void emit_committed(void *arg, const struct hub_accepted *accepted, size_t n)
{
        struct request *req = arg;
        struct emitted *emitted = req->later;

        (void)n;
        emitted->accepted = accepted[0];
        request_done(req);
}

static int re_emit(struct request *req, struct fault *fault)
{
        _json_ json_t *event = NULL, *parameters = NULL;
        struct emitted *emitted;
        struct hub_event again;
        int r = read_event(req, &event, fault);

        if (r)
                return r;
        parameters = hub_trigger_parameters(json_text_of(event, "trigger", ""),
                                            json_text_of(event, "source", ""),
                                            json_object_get(event, "payload"));
        again = (struct hub_event){ .trigger = json_text_of(event, "trigger", ""),
                .parameters = parameters,
                .payload = json_object_get(event, "payload"),
                .source = json_text_of(event, "source", ""),
                .trace = json_text_of(event, "trace", NULL),
                .once = request_once(req) };
        emitted = calloc(1, sizeof *emitted);
        if (!emitted)
                return -1;
        emitted->payload = json_incref((json_t *)again.payload);
        req->later = emitted;
        req->later_free = emitted_free;
        req->finish = re_emitted;
        r = hub_accept(request_hub(req), &again, 1, emit_committed, req, fault);
        if (!r)
                return REQUEST_LATER;
        req->finish = NULL;
        return r;
}

static int undo(struct request *req, struct fault *fault)
{
        const char *mode = json_text_of(req->json, "mode", "undo");
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = run_permit_event(req, &id, text_equal(mode, "plan") ? AUTH_PLAN : AUTH_UNDO,
                                     fault);
        if (!r)
                r = run_prepare(req, fault);
        if (r)
                return r;
        return run_later(hub_undo_event(request_hub(req), &id,
                                        &(struct hub_run){ .mode = mode, .user = req->who->user,
                                                           .once = request_once(req) },
                                        run_committed, req, fault));
}

/* ---- enforcements ---- */

static int add_enforcement(void *arg, const struct store_enforcement *enforcement)
{
        page_add(arg, shape_enforcement(enforcement));
        return 0;
}

static int optional_id(const struct query *query, const char *name, struct id *id,
                       const struct id **ret,
                       struct fault *fault)
{
        const char *text = query_text(query, name);

        *ret = NULL;
        if (!text)
                return 0;
        if (!id_parse(text, id))
                return fault_set(fault, 400, "query.invalid", "%s=%.64s: must be an id", name,
                                 text);
        *ret = id;
        return 0;
}

static int enforcements(struct request *req, struct fault *fault)
{
        const char *rule = query_text(&req->query, "rule_ref");
        const struct id *event = NULL, *execution = NULL;
        _page_ struct page page = { 0 };
        struct store_page rows;
        struct id ids[2];
        uint64_t total = 0;
        int r = page_init(&page, req, fault);

        if (!r)
                r = optional_id(&req->query, "trigger_instance", &ids[0], &event, fault);
        if (!r)
                r = optional_id(&req->query, "execution", &ids[1], &execution, fault);
        if (r)
                return r;
        if (!rule)
                rule = query_text(&req->query, "rule");
        rows = page_store(&page);
        r = store_list_enforcements(request_store(req), rule, event, execution, &rows,
                                    add_enforcement, &page,
                                    &total, fault);
        page.total = total;
        return r ? r : page_answer(&page);
}

struct finding {
        struct id id;
        json_t *found;
};

static int find_enforcement(void *arg, const struct store_enforcement *enforcement)
{
        struct finding *finding = arg;

        if (id_equal(&enforcement->id, &finding->id))
                finding->found = shape_enforcement(enforcement);
        return finding->found != NULL;
}

/* There is no index by its id: an enforcement is looked for among those of its birth's seconds. */
static int enforcement(struct request *req, struct fault *fault)
{
        struct finding finding = { .found = NULL };
        struct store_page page = { .limit = 10000 };
        int r = request_param_id(req, "id", &finding.id, fault);

        if (r)
                return r;
        page.since_ms = id_time_ms(&finding.id) - 5000;
        page.until_ms = id_time_ms(&finding.id) + 60000;
        r = store_list_enforcements(request_store(req), NULL, NULL, NULL, &page, find_enforcement,
                                    &finding, NULL, fault);
        if (finding.found)
                return answer_object(req, 200, finding.found);
        return r ? r : fault_set(fault, 404, "enforcement.unknown",
                                 "there is no rule enforcement %s", req->param[0]);
}

#define LIST "limit offset sort sort_asc sort_desc include_attributes exclude_attributes "
#define EVENTS LIST "id trigger trigger_type timestamp timestamp_gt timestamp_lt since until"
#define ENFORCEMENTS LIST "rule_ref trigger_instance execution since until"
#define V "/api/v1"

static const struct route rows[] = {
        { "POST", V "/webhooks/st2", webhook_generic, AUTH_SEND, ROUTE_ASYNC | ROUTE_RAW, 202,
          "An event of any trigger type", "", "Any", "Accepted" },
        { "POST", V "/webhooks/{url...}", webhook_post, AUTH_SEND,
                ROUTE_ASYNC | ROUTE_RAW | ROUTE_SIGNED | ROUTE_OPTIONAL, 202,
          "Send to a webhook: JSON or a form", "", "Any", "Accepted" },
        { "GET", V "/webhooks", webhook_list, AUTH_READ, 0, 200, "Webhooks that rules listen to",
                "", NULL, "[Trigger]" },
        { "GET", V "/webhooks/{url...}", webhook_get, AUTH_READ, 0, 200, "One webhook", "", NULL,
                "Trigger" },
        { "POST", V "/events", cloudevents_post, AUTH_SEND, ROUTE_ASYNC | ROUTE_RAW, 202,
          "CloudEvents 1.0: binary, structured or batch; accepted once by source and id", "", "Any",
          "Accepted" },
        { "GET", V "/events", list, AUTH_READ, 0, 200, "Events, newest first", EVENTS, NULL,
                "[Event]" },
        { "GET", V "/events/{id}", get, AUTH_READ, 0, 200, "One event", "", NULL, "Event" },
        { "POST", V "/events/{id}/undo", undo, AUTH_ACT, ROUTE_OPTIONAL | ROUTE_RUNS, 201,
          "Put back all that was changed because of it, last first", "show_secrets", "Undo",
          "Execution" },
        { "GET", V "/triggerinstances", list, AUTH_READ, 0, 200, "Events, newest first", EVENTS,
                NULL, "[Event]" },
        { "GET", V "/triggerinstances/{id}", get, AUTH_READ, 0, 200, "One event", "", NULL,
                "Event" },
        { "POST", V "/triggerinstances/{id}/re_emit", re_emit, AUTH_ADMINISTER,
                ROUTE_OPTIONAL | ROUTE_RUNS, 200,
          "A new event of the same trigger and payload", "", "Empty", "Message" },
        { "GET", V "/ruleenforcements", enforcements, AUTH_READ, 0, 200,
                "Rules that matched, newest first",
          ENFORCEMENTS, NULL, "[Enforcement]" },
        { "GET", V "/ruleenforcements/views", enforcements, AUTH_READ, 0, 200, "The same",
                ENFORCEMENTS, NULL, "[Enforcement]" },
        { "GET", V "/ruleenforcements/views/{id}", enforcement, AUTH_READ, 0, 200, "One of them",
                "", NULL, "Enforcement" },
        { "GET", V "/ruleenforcements/{id}", enforcement, AUTH_READ, 0, 200, "One of them", "",
                NULL, "Enforcement" },
};

ROUTE_TABLE(routes_events);
