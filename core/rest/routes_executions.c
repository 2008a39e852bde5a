/* SPDX-License-Identifier: Apache-2.0 */

/* Executions: asked for, looked at, stopped, repeated, taken back. */

#include "rest/run.h"

#include "base/json.h"
#include "base/text.h"
#include "flow/rule.h"
#include "flow/rulebook.h"
#include "rest/output.h"

#include <string.h>

/* ---- create ---- */

/* Only what a client may say about the context: the rest is the hub's own memory. */
static json_t *context_of(const json_t *body)
{
        const json_t *given = json_object_get(body, "context");
        static const char *const allowed[] = { "trace_context", "retry" };
        json_t *context = json_object();

        for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
                if (json_is_object(json_object_get(given, allowed[i])))
                        json_object_set(context, allowed[i], json_object_get(given, allowed[i]));
        if (json_is_object(json_object_get(body, "retry")))
                json_object_set(context, "retry", json_object_get(body, "retry"));
        return context;
}

/* Acting for somebody else is for administrators: the record must not lie. */
static int user_of(const struct request *req, const char **ret, struct fault *fault)
{
        const char *user = json_text_of(req->json, "user", req->who->user);

        if (!text_equal(user, req->who->user) && !request_is_admin(req)) {
                fault_set(fault, 403, "auth.other-user", "%s may not act as %.64s", req->who->user, user);
                return fault_try(fault, "leave \"user\" out");
        }
        *ret = *user ? user : req->who->user;
        return 0;
}

static int create(struct request *req, struct fault *fault)
{
        _json_ json_t *context = context_of(req->json);
        struct hub_run run = { .action = json_text_of(req->json, "action", ""),
                .params = json_object_get(req->json, "parameters"),
                .mode = json_text_of(req->json, "mode", "run"), .context = context, .coerce = true,
                .delay_ms = json_int_of(req->json, "delay", 0),
                .timeout_ms = json_int_of(req->json, "timeout_ms", 0) };
        enum auth_verb verb = text_equal(run.mode, "plan") ? AUTH_PLAN : AUTH_RUN;
        struct run_once once;
        int r = user_of(req, &run.user, fault);

        if (json_is_null(run.params))
                run.params = NULL;
        if (!r)
                r = run_permit(req, run.action, run.params, verb, fault);
        if (!r)
                r = run_once(req, &once, fault);
        if (!r)
                r = run_prepare(req, fault);
        if (r)
                return r;
        run.once_scope = once.scope;
        run.once_key = once.key;
        run.once_hash = once.hash;
        return run_later(hub_run(request_hub(req), &run, run_committed, req, fault));
}

static int re_run(struct request *req, struct fault *fault)
{
        const json_t *params = json_object_get(req->json, "parameters");
        int64_t delay = json_int_of(req->json, "delay", 0);
        const char *user = NULL;
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = user_of(req, &user, fault);
        if (!r)
                r = run_permit_execution(req, &id, AUTH_RUN, false, fault);
        /* Another parameter may choose another instance, which the grant must cover as well. */
        if (!r && json_object_get(params, "instance") && !request_is_admin(req))
                r = fault_set(fault, 403, "auth.other-instance", "re-run on another instance is for administrators");
        if (!r)
                r = run_prepare(req, fault);
        if (r)
                return r;
        return run_later(hub_rerun(request_hub(req), &id, params, user, delay, run_committed, req, fault));
}

static int undo(struct request *req, struct fault *fault)
{
        const char *mode = json_text_of(req->json, "mode", "undo");
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = run_permit_execution(req, &id, text_equal(mode, "plan") ? AUTH_PLAN : AUTH_UNDO, false, fault);
        if (!r)
                r = run_prepare(req, fault);
        if (r)
                return r;
        return run_later(hub_undo(request_hub(req), &id, mode, req->who->user, run_committed, req, fault));
}

/* ---- look ---- */

static int id_filter(const struct query *query, const char *name, struct id *ret, struct fault *fault)
{
        const char *text = query_text(query, name);

        if (!text || id_parse(text, ret))
                return 0;
        return fault_set(fault, 400, "query.invalid", "%s=%.64s: must be an id of 24 hex digits", name, text);
}

static int status_filter(const struct query *query, int *ret, struct fault *fault)
{
        const char *text = query_text(query, "status");
        enum store_status status;

        *ret = -1;
        if (!text)
                return 0;
        if (!store_status_parse(text, &status))
                return fault_set(fault, 400, "query.invalid", "status=%.32s: there is no such status", text);
        *ret = (int)status;
        return 0;
}

static int filter_of(const struct query *query, struct store_execution_filter *ret, struct fault *fault)
{
        const char *parent = query_text(query, "parent");
        int r;

        *ret = (struct store_execution_filter){ .action = query_text(query, "action"),
                .runner = query_text(query, "runner"), .rule = query_text(query, "rule"),
                .user = query_text(query, "user"), .instance = query_text(query, "instance"),
                .mode = query_text(query, "mode"), .status = -1 };
        if (parent && (strcmp(parent, "null") == 0 || strcmp(parent, "None") == 0))
                ret->top_level = true;
        r = ret->top_level ? 0 : id_filter(query, "parent", &ret->parent, fault);
        if (!r)
                r = id_filter(query, "trigger_instance", &ret->event, fault);
        if (!r)
                r = id_filter(query, "event", &ret->event, fault);
        return r ? r : status_filter(query, &ret->status, fault);
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

static int list_by(struct request *req, struct store_execution_filter *filter, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct listing listing = { .page = &page };
        struct store_page rows;
        uint64_t total = 0;
        int r = page_init(&page, req, fault);

        if (!r)
                r = run_shape(req, true, &listing.shape, fault);
        if (r)
                return r;
        filter->with_result = listing.shape.with_result;
        rows = page_store(&page);
        r = store_list_executions(request_store(req), filter, &rows, add, &listing, &total, fault);
        page.total = total;
        return r ? r : page_answer(&page);
}

static int list(struct request *req, struct fault *fault)
{
        struct store_execution_filter filter;
        struct id id = { { 0 } };
        int r = filter_of(&req->query, &filter, fault);

        if (!r && query_text(&req->query, "id"))
                r = id_filter(&req->query, "id", &id, fault);
        if (r)
                return r;
        if (!id_is_zero(&id)) {
                _page_ struct page page = { 0 };
                struct listing listing = { .page = &page };

                r = page_init(&page, req, fault);
                if (!r)
                        r = run_shape(req, true, &listing.shape, fault);
                if (r)
                        return r;
                store_get_execution(request_store(req), &id, listing.shape.with_result, add, &listing, NULL);
                page.total = json_array_size(page.rows);
                return page_answer(&page);
        }
        return list_by(req, &filter, fault);
}

static int list_plans(struct request *req, struct fault *fault)
{
        struct store_execution_filter filter;
        int r = filter_of(&req->query, &filter, fault);

        filter.mode = "plan";
        return r ? r : list_by(req, &filter, fault);
}

static int get(struct request *req, struct fault *fault)
{
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        return r ? r : run_show(req, 200, &id, fault);
}

struct one {
        struct shape shape;
        json_t *object;
};

static int take(void *arg, const struct store_execution *e)
{
        struct one *one = arg;

        one->object = shape_execution(&one->shape, e);
        return 0;
}

static int whole(struct request *req, json_t **ret, struct fault *fault)
{
        struct one one = { .object = NULL };
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = run_shape(req, false, &one.shape, fault);
        one.shape.with_result = true;
        if (!r)
                r = store_get_execution(request_store(req), &id, true, take, &one, fault);
        if (!r)
                *ret = one.object;
        return r;
}

static int attribute(struct request *req, struct fault *fault)
{
        const char *name = request_param(req, "attribute");
        _json_ json_t *object = NULL;
        json_t *value;
        int r = whole(req, &object, fault);

        if (r)
                return r;
        value = json_at(object, name);
        if (!value)
                return fault_set(fault, 404, "execution.attribute", "executions have no attribute '%.64s'", name);
        return answer_json(req, 200, json_incref(value));
}

static int result(struct request *req, struct fault *fault)
{
        bool download = false, pretty = false;
        _json_ json_t *object = NULL;
        char *text;
        int r = whole(req, &object, fault);

        if (!r)
                r = query_bool(&req->query, "download", &download, fault);
        if (!r)
                r = query_bool(&req->query, "pretty_format", &pretty, fault);
        if (r)
                return r;
        if (download)
                answer_header(req, "Content-Disposition", "attachment; filename=\"%s.json\"", req->param[0]);
        if (!pretty)
                return answer_json(req, 200, json_incref(json_object_get(object, "result")));
        text = json_dumps(json_object_get(object, "result"), JSON_INDENT(4) | JSON_ENCODE_ANY);
        return text ? answer_bytes(req, 200, "application/json", text, strlen(text)) : -1;
}

/* ---- children ---- */

#define CHILDREN_MAX 1000

struct family {
        struct request *req;
        struct shape shape;
        json_t *rows;
        struct id ids[CHILDREN_MAX];
        size_t n;
};

static int add_child(void *arg, const struct store_execution *e)
{
        struct family *family = arg;

        if (family->n == CHILDREN_MAX)
                return 1;
        family->ids[family->n++] = e->id;
        json_array_append_new(family->rows, fields_apply(&family->req->query, shape_execution(&family->shape, e)));
        return 0;
}

/* Level by level: those found at one level are the parents of the next. */
static int descend(struct family *family, const struct id *root, int64_t depth, struct fault *fault)
{
        struct store_page page = { .limit = CHILDREN_MAX, .ascending = true };
        size_t from = 0, level_end;
        int r;

        for (int64_t level = 0; depth < 0 || level < depth; level++) {
                struct store_execution_filter filter = { .parent = *root, .status = -1,
                                                         .with_result = family->shape.with_result };
                level_end = family->n;
                for (size_t i = from; i < level_end || level == 0; i++) {
                        if (level)
                                filter.parent = family->ids[i];
                        r = store_list_executions(request_store(family->req), &filter, &page, add_child,
                                                  family, NULL, fault);
                        if (r)
                                return r;
                        if (!level)
                                break;
                }
                from = level_end;
                if (family->n == level_end || family->n == CHILDREN_MAX)
                        break;
        }
        return 0;
}

static int children(struct request *req, struct fault *fault)
{
        struct family *family = calloc(1, sizeof *family);
        int64_t depth = -1;
        struct id id;
        int r = family ? request_param_id(req, "id", &id, fault) : -1;

        if (!r)
                r = query_int(&req->query, "depth", -1, 100, &depth, fault);
        if (!r)
                r = run_shape(req, true, &family->shape, fault);
        if (!r) {
                family->req = req;
                family->rows = json_array();
                r = descend(family, &id, depth, fault);
        }
        if (!r)
                r = answer_json(req, 200, json_incref(family->rows));
        if (family)
                json_decref(family->rows);
        free(family);
        return r;
}

/* ---- stop, answer ---- */

static int cancel_by_id(struct request *req, const struct id *id, struct fault *fault)
{
        int r = run_permit_execution(req, id, AUTH_RUN, true, fault);

        if (!r)
                r = hub_cancel(request_hub(req), id, req->who->user, fault);
        return r ? r : run_show(req, 200, id, fault);
}

static int cancel(struct request *req, struct fault *fault)
{
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        return r ? r : cancel_by_id(req, &id, fault);
}

static int update(struct request *req, struct fault *fault)
{
        const char *status = json_text_of(req->json, "status", "");
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (r)
                return r;
        if (text_equal(status, "canceling") || text_equal(status, "canceled"))
                return cancel_by_id(req, &id, fault);
        if (text_equal(status, "pausing") || text_equal(status, "paused") || text_equal(status, "resuming")) {
                fault_set(fault, 409, "execution.not-a-workflow", "only workflows can be paused and resumed");
                return fault_try(fault, "kaname pause holds all new starts; DELETE cancels this execution");
        }
        return fault_set(fault, 422, "execution.status", "a client cannot set the status to '%.32s'", status);
}

static int resolve(struct request *req, struct fault *fault)
{
        const char *answer = json_text_of(req->json, "answer", "");
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = run_permit_execution(req, &id, AUTH_RUN, false, fault);
        if (!r)
                r = hub_resolve(request_hub(req), &id, answer, req->who->user, fault);
        return r ? r : run_show(req, 200, &id, fault);
}

static int settle(struct request *req, struct fault *fault)
{
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = run_permit_execution(req, &id, AUTH_UNDO, false, fault);
        if (!r)
                r = hub_settle_changes(request_hub(req), &id, req->who->user, fault);
        return r ? r : run_show(req, 200, &id, fault);
}

static int apply(struct request *req, struct fault *fault)
{
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = run_permit_execution(req, &id, AUTH_RUN, false, fault);
        if (!r)
                r = run_prepare(req, fault);
        if (r)
                return r;
        return run_later(hub_apply(request_hub(req), &id, req->who->user, run_committed, req, fault));
}

/* ---- what filters may name ---- */

static int name_action(void *arg, const struct catalog_action *action)
{
        json_array_append_new(arg, json_string(action->ref));
        return 0;
}

static int name_rule(void *arg, const struct rule *rule)
{
        json_array_append_new(arg, json_string(rule_ref(rule)));
        return 0;
}

static int name_runner(void *arg, const struct catalog_runner *runner)
{
        json_array_append_new(arg, json_string(runner->name));
        return 0;
}

static int filters(struct request *req, struct fault *fault)
{
        struct catalog *catalog = request_catalog(req);
        json_t *actions = json_array(), *rules = json_array(), *runners = json_array(), *statuses = json_array();

        (void)fault;
        catalog_each_action(catalog, name_action, actions);
        rulebook_each(catalog_rules(catalog), name_rule, rules);
        catalog_each_runner(catalog, name_runner, runners);
        for (int i = STORE_REQUESTED; i <= STORE_CANCELED; i++)
                json_array_append_new(statuses, json_string(store_status_text((enum store_status)i)));
        return answer_json(req, 200, json_pack("{s:o, s:o, s:o, s:o}", "action", actions, "rule", rules,
                                               "runner", runners, "status", statuses));
}

#define LIST "limit offset sort_asc sort_desc include_attributes exclude_attributes "
#define SHOW "include_attributes exclude_attributes show_secrets max_result_size"
#define EXECUTIONS LIST "id status action runner parent rule trigger_instance event user instance mode " \
        "timestamp timestamp_gt timestamp_lt since until show_secrets max_result_size"
#define E "/api/v1/executions"

static const struct route rows[] = {
        { "POST", E, create, AUTH_ACT, ROUTE_ASYNC, 201,
          "Run an action, or plan it", "show_secrets", "ExecutionCreate", "Execution" },
        { "GET", E, list, AUTH_READ, 0, 200, "Executions, newest first", EXECUTIONS, NULL, "[Execution]" },
        { "GET", E "/views/filters", filters, AUTH_READ, 0, 200,
          "What the list's filters may name", "", NULL, "Object" },
        { "GET", E "/{id}", get, AUTH_READ, 0, 200, "One execution", SHOW, NULL, "Execution" },
        { "PUT", E "/{id}", update, AUTH_ACT, 0, 200, "Cancel by status", SHOW, "ExecutionUpdate", "Execution" },
        { "DELETE", E "/{id}", cancel, AUTH_ACT, 0, 200, "Ask it to end", SHOW, NULL, "Execution" },
        { "GET", E "/{id}/attribute/{attribute}", attribute, AUTH_READ, 0, 200,
          "One attribute, by dotted path", "show_secrets", NULL, "Any" },
        { "GET", E "/{id}/result", result, AUTH_READ, 0, 200, "Its result alone", "download", NULL, "Any" },
        { "GET", E "/{id}/output", output_get, AUTH_READ, 0, 200,
          "What it wrote, as text, or lines as JSON", "output_type from limit lines", NULL, "Text" },
        { "GET", E "/{id}/children", children, AUTH_READ, 0, 200, "Its descendants", "depth " SHOW, NULL, "[Execution]" },
        { "POST", E "/{id}/re_run", re_run, AUTH_ACT, ROUTE_OPTIONAL, 201,
          "The same input once more", "show_secrets", "ExecutionRerun", "Execution" },
        { "POST", E "/{id}/undo", undo, AUTH_ACT, ROUTE_OPTIONAL, 201,
          "Put back what it changed, last first", "show_secrets", "Undo", "Execution" },
        { "POST", E "/{id}/resolve", resolve, AUTH_ACT, 0, 200,
          "Say what becomes of one that the hub lost: retry or fail", "", "Resolve", "Execution" },
        { "POST", E "/{id}/settle", settle, AUTH_ACT, ROUTE_OPTIONAL, 200,
          "Settle its unknown changes by reading back", "", "Empty", "Execution" },
        { "GET", "/api/v1/plans", list_plans, AUTH_READ, 0, 200, "Plans, newest first", EXECUTIONS, NULL, "[Execution]" },
        { "GET", "/api/v1/plans/{id}", get, AUTH_READ, 0, 200, "One plan", SHOW, NULL, "Execution" },
        { "POST", "/api/v1/plans/{id}/apply", apply, AUTH_ACT, ROUTE_OPTIONAL, 201,
          "Do exactly what the plan shows", "show_secrets", "Empty", "Execution" },
};

ROUTE_TABLE(routes_executions);
