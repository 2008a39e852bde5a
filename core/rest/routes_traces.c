/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Traces: what followed from one beginning. A trace is not kept as such: it begins with an event, or
 * with an execution that somebody asked for, and has its id; what belongs to it is found from there
 * through the indexes by event and by parent. Beginnings are listed, and found by their tag, by the
 * store.
 */

#include "rest/request.h"
#include "rest/shape.h"

#include "base/json.h"
#include "base/text.h"
#include "hub/hub.h"

#include <errno.h>
#include <string.h>

#define MEMBERS_MAX 1000                /* executions of one trace */
#define SHOWN_MAX 100                   /* of a page: each costs a walk to its members */

struct root {
        struct id id;
        bool is_event;
        int64_t at_ms;
        char tag[128];
};

/* ---- from a beginning to all that followed ---- */

struct family {
        struct root root;
        json_t *events, *rules, *executions;
        struct id ids[MEMBERS_MAX];
        size_t n;
};

static json_t *member(const struct id *id, const char *ref, int64_t at_ms)
{
        return json_pack("{s:o, s:s, s:o}", "object_id", shape_ref(id), "ref", ref, "updated_at",
                         shape_time(at_ms));
}

static void set_cause(json_t *member, const char *type, json_t *id)
{
        json_object_set_new(member, "caused_by", type
                            ? json_pack("{s:s, s:o}", "type", type, "id", id) : json_object());
}

static void tag_from(struct root *root, const char *tag)
{
        if (tag && !*root->tag)
                snprintf(root->tag, sizeof root->tag, "%s", tag);
}

static void tag_from_context(struct root *root, const char *text)
{
        _json_ json_t *context = json_stored(text);

        tag_from(root, json_text_of(json_object_get(context, "trace_context"), "trace_tag",
                                    NULL));
}

static int add_event(void *arg, const struct store_event *event)
{
        struct family *family = arg;
        json_t *row = member(&event->id, event->trigger, event->at_ms);

        set_cause(row, NULL, NULL);
        json_array_append_new(family->events, row);
        tag_from(&family->root, event->trace);
        family->root.at_ms = event->at_ms;
        return 0;
}

static int add_rule(void *arg, const struct store_enforcement *e)
{
        struct family *family = arg;
        char id[ID_TEXT_SIZE];
        json_t *row = json_pack("{s:s, s:s, s:o}", "object_id", shape_id("rule", e->rule, id),
                                "ref", e->rule, "updated_at", shape_time(e->at_ms));

        set_cause(row, "trigger_instance", shape_ref(&e->event));
        json_array_append_new(family->rules, row);
        return 0;
}

static int add_execution(void *arg, const struct store_execution *e)
{
        struct family *family = arg;
        char rule[ID_TEXT_SIZE], event[ID_TEXT_SIZE];
        json_t *row;

        if (family->n == MEMBERS_MAX)
                return 1;
        row = member(&e->id, e->action, e->ended_ms ? e->ended_ms : e->created_ms);
        if (!id_is_zero(&e->parent))
                set_cause(row, "action_execution", shape_ref(&e->parent));
        else if (e->rule)
                set_cause(row, "rule", json_sprintf("%s:%s", shape_id("rule", e->rule, rule),
                                                    id_text(&e->event, event)));
        else
                set_cause(row, NULL, NULL);
        json_array_append_new(family->executions, row);
        if (!family->n && !family->root.is_event)
                family->root.at_ms = e->created_ms;
        if (!*family->root.tag)
                tag_from_context(&family->root, e->context);
        family->ids[family->n++] = e->id;
        return 0;
}

static int find_members(struct store *store, struct family *family, struct fault *fault)
{
        const struct store_page page = { .limit = MEMBERS_MAX, .ascending = true };
        struct store_execution_filter filter = { .status = -1 };
        int r;

        if (family->root.is_event) {
                filter.event = family->root.id;
                r = store_get_event(store, &family->root.id, add_event, family, fault);
                if (!r)
                        r = store_list_enforcements(store, NULL, &family->root.id, NULL, &page,
                                                    add_rule, family, NULL, fault);
                if (!r)
                        r = store_list_executions(store, &filter, &page, add_execution, family,
                                                  NULL, fault);
        } else {
                r = store_get_execution(store, &family->root.id, false, add_execution, family,
                                        fault);
        }
        memset(&filter.event, 0, sizeof filter.event);
        for (size_t i = 0; !r && i < family->n; i++) {
                filter.parent = family->ids[i];
                r = store_list_executions(store, &filter, &page, add_execution, family, NULL,
                                          fault);
        }
        return r;
}

static int shape_trace(struct store *store, const struct root *root, json_t **ret,
                       struct fault *fault)
{
        struct family *family = calloc(1, sizeof *family);
        char id[ID_TEXT_SIZE];
        int r;

        if (!family)
                return -ENOMEM;
        *family = (struct family){ .root = *root, .events = json_array(), .rules = json_array(),
                                   .executions = json_array() };
        r = find_members(store, family, fault);
        id_text(&root->id, id);
        *ret = json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "id", id, "uid",
                         json_sprintf("trace:%s:%s", family->root.tag, id), "trace_tag",
                         family->root.tag, "start_timestamp", shape_time(family->root.at_ms),
                         "trigger_instances", family->events, "rules", family->rules,
                         "action_executions", family->executions);
        free(family);
        if (r) {
                json_decref(*ret);
                *ret = NULL;
                return r;
        }
        return *ret ? 0 : -ENOMEM;
}

/* ---- from anything to its beginning ---- */

static int see_event(void *arg, const struct store_event *event)
{
        struct root *root = arg;

        root->id = event->id;
        root->is_event = true;
        root->at_ms = event->at_ms;
        return 0;
}

struct step_up {
        struct id parent, event;
};

static int see_execution(void *arg, const struct store_execution *e)
{
        struct step_up *up = arg;
        _json_ json_t *context = json_stored(e->context);
        const char *event = json_text_of(context, "root_event", NULL);

        up->parent = e->parent;
        up->event = e->event;
        if (event)
                id_parse(event, &up->event);
        return 0;
}

static int find_root(struct store *store, const struct id *id, struct root *ret,
                     struct fault *fault)
{
        struct step_up up = { .parent = *id };
        struct id at = *id;
        int r;

        *ret = (struct root){ .id = *id };
        if (store_get_event(store, id, see_event, ret, NULL) == 0)
                return 0;
        do {
                at = up.parent;
                up = (struct step_up){ 0 };
                r = store_get_execution(store, &at, false, see_execution, &up, fault);
        } while (!r && id_is_zero(&up.event) && !id_is_zero(&up.parent));
        if (r)
                return r;
        /* Events are not kept as long as executions. */
        if (!id_is_zero(&up.event) && store_get_event(store, &up.event, see_event, ret, NULL) == 0)
                return 0;
        ret->id = at;
        return 0;
}

static int get(struct request *req, struct fault *fault)
{
        struct store *store = request_store(req);
        json_t *trace = NULL;
        struct root root;
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (r)
                return r;
        r = find_root(store, &id, &root, NULL);
        if (r == FAULT) {
                fault_set(fault, 404, "trace.unknown",
                          "there is no trace, event or execution %s", req->param[0]);
                return fault_try(fault, "kaname trace list");
        }
        if (!r)
                r = shape_trace(store, &root, &trace, fault);
        return r ? r : answer_object(req, 200, trace);
}

/* ---- the list ---- */

struct listing {
        struct root roots[SHOWN_MAX];
        size_t n;
};

static int collect(void *arg, const struct store_trace *trace)
{
        struct listing *listing = arg;
        struct root *root = &listing->roots[listing->n++];

        *root = (struct root){ .id = trace->id, .is_event = trace->is_event,
                               .at_ms = trace->at_ms };
        tag_from(root, trace->tag);
        return listing->n == SHOWN_MAX;
}

/* The one that an execution or an event belongs to; none for one that is not there. */
static int collect_one(struct page *page, const char *name, struct listing *listing,
                       struct fault *fault)
{
        const char *text = query_text(&page->req->query, name);
        struct id id;
        int r;

        if (!id_parse(text, &id))
                return fault_set(fault, 400, "query.invalid",
                                 "%s=%.64s: must be an id of 24 hex digits", name, text);
        r = find_root(request_store(page->req), &id, &listing->roots[0], NULL);
        page->total = r ? 0 : 1;
        listing->n = page->offset ? 0 : page->total;
        return r == FAULT ? 0 : r;
}

static int collect_all(struct page *page, struct listing *listing, struct fault *fault)
{
        const struct query *query = &page->req->query;
        const struct store_page rows = page_store(page);
        const char *rule = query_text(query, "rule");
        uint64_t total = 0;
        int r = store_list_traces(request_store(page->req), query_text(query, "trace_tag"),
                                  rule ? shape_rule_ref(request_catalog(page->req), rule) : NULL,
                                  &rows, collect, listing, &total, fault);

        page->total = total;
        return r;
}

static int fill(struct page *page, const struct listing *listing, struct fault *fault)
{
        int r = 0;

        for (size_t i = 0; !r && i < listing->n; i++) {
                json_t *trace = NULL;

                r = shape_trace(request_store(page->req), &listing->roots[i], &trace, fault);
                if (!r)
                        page_add(page, trace);
        }
        return r;
}

static int list(struct request *req, struct fault *fault)
{
        const char *one = query_text(&req->query, "execution") ? "execution"
                : query_text(&req->query, "trigger_instance") ? "trigger_instance" : NULL;
        _free_ struct listing *listing = calloc(1, sizeof *listing);
        _page_ struct page page = { 0 };
        int r = listing ? page_init(&page, req, fault) : -ENOMEM;

        if (page.limit > SHOWN_MAX)
                page.limit = SHOWN_MAX;
        if (!r)
                r = one ? collect_one(&page, one, listing, fault)
                        : collect_all(&page, listing, fault);
        if (!r)
                r = fill(&page, listing, fault);
        return r ? r : page_answer(&page);
}

#define LIST "limit offset sort sort_asc sort_desc include_attributes exclude_attributes "

static const struct route rows[] = {
        { "GET", "/api/v1/traces", list, AUTH_READ, 0, 200,
          "What followed from one beginning, newest first; at most 100 a page, and 1,000 executions "
          "of each",
          LIST "trace_tag execution rule trigger_instance timestamp timestamp_gt timestamp_lt",
          NULL, "[Trace]" },
        { "GET", "/api/v1/traces/{id}", get, AUTH_READ, 0, 200,
          "The trace that begins with this event or execution, or that it is a part of", "", NULL,
          "Trace" },
};

ROUTE_TABLE(routes_traces);
