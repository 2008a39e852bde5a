/* SPDX-License-Identifier: Apache-2.0 */

/* Executions: asked for, stopped, repeated, taken back; execution.c looks at them. */

#include "rest/run.h"

#include "base/json.h"
#include "base/text.h"
#include "rest/execution.h"
#include "rest/once.h"
#include "rest/output.h"
#include "rest/rerun.h"

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
                fault_set(fault, 403, "auth.other-user", "%s may not act as %.64s", req->who->user,
                          user);
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
                .once = request_once(req), .delay_ms = json_int_of(req->json, "delay", 0),
                .timeout_ms = json_int_of(req->json, "timeout_ms", 0) };
        enum auth_verb verb = text_equal(run.mode, "plan") ? AUTH_PLAN : AUTH_RUN;
        int r = user_of(req, &run.user, fault);

        if (json_is_null(run.params))
                run.params = NULL;
        if (!r)
                r = run_permit(req, run.action, run.params, verb, fault);
        if (!r)
                r = run_prepare(req, fault);
        if (r)
                return r;
        return run_later(hub_run(request_hub(req), &run, run_committed, req, fault));
}

static int re_run(struct request *req, struct fault *fault)
{
        struct hub_run how = { .params = json_object_get(req->json, "parameters"),
                .delay_ms = json_int_of(req->json, "delay", 0), .once = request_once(req) };
        _json_ json_t *tasks = NULL;
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = user_of(req, &how.user, fault);
        if (!r)
                r = run_permit_again(req, &id, how.params, fault);
        if (!r)
                r = rerun_tasks(req, &id, &tasks, fault);
        how.tasks = tasks;
        if (!r)
                r = run_prepare(req, fault);
        if (r)
                return r;
        return run_later(hub_rerun(request_hub(req), &id, &how, run_committed, req, fault));
}

static int undo(struct request *req, struct fault *fault)
{
        struct hub_run how = { .mode = json_text_of(req->json, "mode", "undo"),
                .user = req->who->user, .once = request_once(req) };
        enum auth_verb verb = text_equal(how.mode, "plan") ? AUTH_PLAN : AUTH_UNDO;
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = run_permit_execution(req, &id, verb, false, fault);
        if (!r)
                r = run_prepare(req, fault);
        if (r)
                return r;
        return run_later(hub_undo(request_hub(req), &id, &how, run_committed, req, fault));
}

/* ---- stop, answer ---- */

static int cancel(struct request *req, struct fault *fault)
{
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = run_permit_execution(req, &id, AUTH_RUN, true, fault);
        if (!r)
                r = hub_cancel(request_hub(req), &id, req->who->user, fault);
        return r ? r : run_show(req, 200, &id, fault);
}

static int update(struct request *req, struct fault *fault)
{
        static const struct {
                const char *status;
                int (*ask)(struct hub *hub, const struct id *id, const char *user,
                           struct fault *fault);
        } askable[] = {
                { "pausing", hub_pause_workflow }, { "paused", hub_pause_workflow },
                { "resuming", hub_resume_workflow }, { "running", hub_resume_workflow },
                { "canceling", hub_cancel }, { "canceled", hub_cancel },
        };
        const char *status = json_text_of(req->json, "status", "");
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (r)
                return r;
        for (size_t i = 0; i < sizeof askable / sizeof *askable; i++) {
                if (!text_equal(status, askable[i].status))
                        continue;
                r = run_permit_execution(req, &id, AUTH_RUN, true, fault);
                if (!r)
                        r = askable[i].ask(request_hub(req), &id, req->who->user, fault);
                return r ? r : run_show(req, 200, &id, fault);
        }
        fault_set(fault, 422, "execution.status", "a client cannot set the status to '%.32s'",
                  status);
        return fault_try(fault, "pausing, resuming or canceling");
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
        struct hub_run how = { .user = req->who->user, .once = request_once(req),
                               .partial = json_bool_of(req->json, "partial", false) };
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = run_permit_again(req, &id, NULL, fault);
        if (!r)
                r = run_prepare(req, fault);
        if (r)
                return r;
        return run_later(hub_apply(request_hub(req), &id, &how, run_committed, req, fault));
}

#define LIST "limit offset sort sort_asc sort_desc include_attributes exclude_attributes "
#define SHOW "include_attributes exclude_attributes show_secrets max_result_size"
#define EXECUTIONS                                                                                 \
        LIST "id liveaction status action runner parent rule trigger trigger_type trigger_instance "       \
             "event user instance mode "                                                           \
             "timestamp timestamp_gt timestamp_lt since until show_secrets max_result_size"
#define E "/api/v1/executions"

static const struct route rows[] = {
        { "POST", E, create, AUTH_ACT, ROUTE_ASYNC | ROUTE_RUNS, 201,
          "Run an action, or plan it", "show_secrets", "ExecutionCreate", "Execution" },
        { "GET", E, execution_list, AUTH_READ, 0, 200, "Executions, newest first", EXECUTIONS, NULL,
                "[Execution]" },
        { "GET", E "/views/filters", execution_filters, AUTH_READ, 0, 200,
          "What the list's filters may name", "", NULL, "Object" },
        { "GET", E "/{id}", execution_get, AUTH_READ, 0, 200, "One execution", SHOW, NULL,
                "Execution" },
        { "PUT", E "/{id}", update, AUTH_ACT, 0, 200,
          "Pause or resume a workflow, or cancel, by status", SHOW, "ExecutionUpdate",
          "Execution" },
        { "DELETE", E "/{id}", cancel, AUTH_ACT, 0, 200, "Ask it to end", SHOW, NULL, "Execution" },
        { "GET", E "/{id}/attribute/{attribute}", execution_attribute, AUTH_READ, 0, 200,
          "One attribute, by dotted path", "show_secrets", NULL, "Any" },
        { "GET", E "/{id}/result", execution_result, AUTH_READ, 0, 200, "Its result alone",
                "download", NULL,
                "Any" },
        { "GET", E "/{id}/output", output_get, AUTH_READ, 0, 200,
          "What it wrote, as text, or lines as JSON", "output_type from limit lines", NULL,
          "Text" },
        { "GET", E "/{id}/children", execution_children, AUTH_READ, 0, 200, "Its descendants",
                "depth " SHOW,
                NULL, "[Execution]" },
        { "POST", E "/{id}/re_run", re_run, AUTH_ACT, ROUTE_OPTIONAL | ROUTE_RUNS, 201,
          "The same input once more; of a workflow, also from chosen tasks", "show_secrets",
          "ExecutionRerun", "Execution" },
        { "POST", E "/{id}/undo", undo, AUTH_ACT, ROUTE_OPTIONAL | ROUTE_RUNS, 201,
          "Put back what it changed, last first", "show_secrets", "Undo", "Execution" },
        { "POST", E "/{id}/resolve", resolve, AUTH_ACT, 0, 200,
          "Say what becomes of one that the hub lost: retry or fail", "", "Resolve", "Execution" },
        { "POST", E "/{id}/settle", settle, AUTH_ACT, ROUTE_OPTIONAL, 200,
          "Settle its unknown changes by reading back", "", "Empty", "Execution" },
        { "GET", "/api/v1/plans", execution_list_plans, AUTH_READ, 0, 200, "Plans, newest first",
                EXECUTIONS,
                NULL, "[Execution]" },
        { "GET", "/api/v1/plans/{id}", execution_get, AUTH_READ, 0, 200, "One plan", SHOW, NULL,
                "Execution" },
        { "POST", "/api/v1/plans/{id}/apply", apply, AUTH_ACT, ROUTE_OPTIONAL | ROUTE_RUNS, 201,
          "Do exactly what the plan shows", "show_secrets", "Apply", "Execution" },
};

ROUTE_TABLE(routes_executions);
