/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From "run this action with these parameters" to something that can run: the action exists, its
 * runner is here, the parameters fit its schema with defaults filled in, an instance serves it. The
 * same for a person's request, a rule's and an undo's.
 */
#include "hub/room.h"

#include <errno.h>
#include <string.h>

static int find_action(const struct hub *hub, const struct catalog *catalog, const char *ref,
                       const struct catalog_action **ret, struct fault *fault)
{
        const struct catalog_action *action = catalog_action(catalog, ref);
        const struct catalog_runner *known = catalog_runner(catalog, action ? action->runner : "");

        if (!action)
                return catalog_no_action(catalog, ref, fault);
        if (!action->is_enabled) {
                fault_set(fault, 409, "action.disabled", "the action '%s' is switched off", ref);
                return fault_try(fault, "enable it with PUT /api/v1/actions/%s", ref);
        }
        if (!runner_find(hub, action->runner)) {
                fault_set(fault, 422, "runner.missing", "the action '%s' needs the runner '%s'",
                          ref, action->runner);
                fault_why(fault, "this hub does not have that runner%s%s",
                          known ? ": it is StackStorm's; " : "", known ? known->summary : "");
                return fault_try(fault, "kaname action list -o wide shows which actions can run");
        }
        *ret = action;
        return 0;
}

static int check_params(struct hub *hub, struct catalog *catalog,
                        const struct catalog_action *action, const struct request *request,
                        json_t **ret, struct fault *fault)
{
        _json_ json_t *params = request->params ? json_deep_copy(request->params) : json_object();
        int r;

        if (!params)
                return -ENOMEM;
        if (!json_is_object(params))
                return fault_set(fault, 400, "params.not-object",
                                 "parameters must be a JSON object");
        if (request->coerce)
                schema_coerce(action->params, params);
        r = defaults_render(hub, catalog, action, request, params, fault);
        if (r == 0)
                r = schema_fill_defaults(action->params, params);
        if (r == 0)
                r = schema_check(action->params, params, fault);
        if (r == FAULT)
                return fault_prefix(fault, "parameters of %s", action->ref);
        if (r == 0)
                *ret = TAKE(params);
        return r;
}

/* {"retry": {"count": 3, "delay": 5}} in the context: how often, and seconds between. */
static void read_retry(struct running *r)
{
        const json_t *retry = json_object_get(r->context, "retry");
        int64_t count = json_int_of(retry, "count", 0), delay = json_int_of(retry, "delay", 1);

        r->retries_left = count > 0 && count <= 100 ? (uint32_t)count : 0;
        r->retry_delay_ms = delay >= 0 && delay <= 86400 ? delay * 1000 : 1000;
        policy_retry(r);
}

int request_check(struct hub *hub, struct catalog *catalog, const struct request *request,
                  struct running **ret, struct fault *fault)
{
        const struct catalog_action *action = NULL;
        _cleanup_(running_unrefp) struct running *r = NULL;
        _json_ json_t *params = NULL;
        int failed = find_action(hub, catalog, request->action, &action, fault);

        if (!failed)
                failed = check_params(hub, catalog, action, request, &params, fault);
        if (failed)
                return failed;
        r = running_new(hub, catalog, action);
        if (!r)
                return -ENOMEM;
        if (text_equal(action->runner, "plugin")) {
                failed = catalog_serve(catalog, action, params, &r->instance, &r->row, fault);
                if (failed)
                        return failed;
        }
        r->params = TAKE(params);
        r->context = request->context ? json_deep_copy(request->context) : json_object();
        r->mode = strdup(request->mode);
        r->user = strdup(request->user);
        r->rule = request->rule ? strdup(request->rule) : NULL;
        r->parent = request->parent;
        r->event = request->event;
        r->plan = request->plan;
        if (!id_parse(json_text_of(r->context, "root_event", NULL), &r->root))
                r->root = request->root;
        r->timeout_ms = request->timeout_ms ? request->timeout_ms
                : action->timeout_ms ? action->timeout_ms : hub->o.default_timeout_ms;
        r->is_timed = request->timeout_ms > 0;
        read_retry(r);
        *ret = TAKE(r);
        return 0;
}

/* ---- a request's commit ---- */

struct asked {
        struct intake intake;
        struct id id;
        hub_run_done *done;
        void *arg;
};

static void asked_committed(void *arg, enum store_outcome outcome, const struct id *first,
                            uint64_t seq)
{
        struct asked *asked = arg;
        struct hub_ran ran = { outcome, asked->id };

        (void)seq;
        if ((outcome == STORE_DUPLICATE || outcome == STORE_MISMATCH) && first)
                ran.id = *first;
        if (outcome == STORE_DUPLICATE)
                atomic_fetch_add(&asked->intake.hub->figures.duplicates, 1);
        asked->done(asked->arg, &ran);
        intake_committed(&asked->intake, outcome);
        free(asked);
}

/* Commit one execution: with an idempotency key, or with a document that must not exist yet. */
struct ask {
        struct running *r;              /* taken */
        int64_t delay_ms;
        struct hub_once once;
        const char *doc_kind, *doc_name;
};

static int ask(struct hub *hub, const struct ask *ask, hub_run_done *done, void *arg,
               struct fault *fault)
{
        struct asked *asked = calloc(1, sizeof *asked);

        if (!asked) {
                running_unref(ask->r);
                return fault_errno(fault, -ENOMEM, "run");
        }
        intake_init(&asked->intake, hub);
        asked->id = ask->r->claim.id;
        asked->done = done;
        asked->arg = arg;
        if (ask->once.key)
                store_txn_once(asked->intake.txn, ask->once.scope, ask->once.key, ask->once.hash,
                               &asked->id, clock_real_ms() + 86400000);
        if (ask->doc_kind) {
                char text[ID_TEXT_SIZE], body[64];

                snprintf(body, sizeof body, "{\"execution\":\"%s\"}", id_text(&asked->id, text));
                store_txn_doc(asked->intake.txn, ask->doc_kind, ask->doc_name, body, 0);
        }
        intake_execution(&asked->intake, ask->r, ask->delay_ms, NULL);
        store_commit(hub->o.store, asked->intake.txn, asked_committed, asked);
        return 0;
}

/* Only what announces its changes can be planned: plugins, workflows, and what changes nothing. */
static bool can_plan(const struct running *r)
{
        return r->row || r->action->is_readonly || r->action->workflow;
}

int hub_run(struct hub *hub, const struct hub_run *run, hub_run_done *done, void *arg,
            struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        struct request request = { .action = run->action, .params = run->params, .mode = run->mode,
                .user = run->user, .context = run->context, .parent = run->parent,
                .timeout_ms = run->timeout_ms, .coerce = run->coerce };
        struct ask asking = { .delay_ms = run->delay_ms, .once = run->once };
        int r = request_check(hub, catalog, &request, &asking.r, fault);

        if (r != 0)
                return fault_errno(fault, r, "run");
        if (text_equal(asking.r->action->runner, "undo")) {
                running_unref(asking.r);
                fault_set(fault, 422, "undo.direct", "core.undo is not run by itself");
                return fault_try(fault, "kaname undo ID, or POST /api/v1/executions/ID/undo");
        }
        if (text_equal(run->mode, "plan") && !can_plan(asking.r)) {
                fault_set(fault, 422, "plan.impossible", "%s cannot be planned", run->action);
                fault_why(fault, "its runner '%s' does not announce what it changes",
                          asking.r->action->runner);
                running_unref(asking.r);
                return fault_try(fault,
                                 "plan actions of plugins; they change the world through one door");
        }
        return ask(hub, &asking, done, arg, fault);
}

/* ---- apply ---- */

struct plan_seen {
        char *action, *params, *mode;
        enum store_status status;
        json_t *result;
};

static void plan_seen_deinit(struct plan_seen *seen)
{
        free(seen->action);
        free(seen->params);
        free(seen->mode);
        json_decref(seen->result);
}

static int see_plan(void *arg, const struct store_execution *execution)
{
        struct plan_seen *seen = arg;

        seen->action = strdup(execution->action);
        seen->params = strdup(execution->params);
        seen->mode = strdup(execution->mode);
        seen->status = execution->status;
        seen->result = json_stored(execution->result);
        return 0;
}

static int check_plan(const struct plan_seen *seen, const struct id *plan, bool may_be_partial,
                      struct fault *fault)
{
        char text[ID_TEXT_SIZE];

        id_text(plan, text);
        if (!text_equal(seen->mode, "plan")) {
                fault_set(fault, 409, "plan.not-a-plan", "execution %s is not a plan", text);
                return fault_try(fault, "kaname plan ACTION … makes one");
        }
        if (!store_status_is_final(seen->status))
                return fault_set(fault, 409, "plan.running", "the plan %s is still being made",
                                 text);
        if (seen->status != STORE_SUCCEEDED)
                return fault_set(fault, 409, "plan.failed",
                                 "the plan %s ended as %s and cannot be applied", text,
                                 store_status_text(seen->status));
        if (json_bool_of(seen->result, "partial", false) && !may_be_partial) {
                fault_set(fault, 409, "plan.partial", "the plan %s is partial", text);
                fault_why(fault, "it ends where a result is needed that only a real run gives");
                return fault_try(fault, "of a workflow, kaname apply --partial %s also runs the steps "
                                 "that could not be planned", text);
        }
        return 0;
}

static bool is_workflow(const struct catalog *catalog, const char *ref)
{
        const struct catalog_action *action = catalog_action(catalog, ref);

        return action && action->workflow;
}

/* Applying is a new execution of the same input that is held to the plan's rows. */
int hub_apply(struct hub *hub, const struct id *plan, const struct hub_run *how, hub_run_done *done,
              void *arg, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        _cleanup_(plan_seen_deinit) struct plan_seen seen = { 0 };
        _json_ json_t *params = NULL;
        struct request request = { .mode = "apply", .user = how->user, .plan = *plan,
                                   .parent = *plan };
        char name[ID_TEXT_SIZE];
        struct ask asking = { .once = how->once, .doc_kind = "applied",
                              .doc_name = id_text(plan, name) };
        int r = store_get_execution(hub->o.store, plan, true, see_plan, &seen, fault);

        if (r == 0)
                r = check_plan(&seen, plan, how->partial && is_workflow(catalog, seen.action), fault);
        if (r != 0)
                return fault_errno(fault, r, "apply");
        params = params_unseal(hub, catalog_action(catalog, seen.action), seen.params);
        request.action = seen.action;
        request.params = params;
        r = request_check(hub, catalog, &request, &asking.r, fault);
        return r ? fault_errno(fault, r, "apply") : ask(hub, &asking, done, arg, fault);
}

/* ---- re-run ---- */

struct rerun_seen {
        char *action, *params, *mode, *instance;
        json_t *context;
};

static void rerun_seen_deinit(struct rerun_seen *seen)
{
        free(seen->action);
        free(seen->params);
        free(seen->mode);
        free(seen->instance);
        json_decref(seen->context);
}

static int see_rerun(void *arg, const struct store_execution *execution)
{
        struct rerun_seen *seen = arg;

        seen->action = strdup(execution->action);
        seen->params = strdup(execution->params);
        seen->mode = strdup(execution->mode);
        seen->instance = execution->instance ? strdup(execution->instance) : NULL;
        seen->context = json_stored(execution->context ? execution->context : "{}");
        return 0;
}

int hub_rerun(struct hub *hub, const struct id *execution, const struct hub_run *how,
              hub_run_done *done, void *arg, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        _cleanup_(rerun_seen_deinit) struct rerun_seen seen = { 0 };
        _json_ json_t *merged = NULL;
        char text[ID_TEXT_SIZE];
        struct request request = { .mode = "run", .user = how->user, .coerce = true };
        struct ask asking = { .delay_ms = how->delay_ms, .once = how->once };
        int r = store_get_execution(hub->o.store, execution, false, see_rerun, &seen, fault);

        if (r != 0)
                return fault_errno(fault, r, "re-run");
        if (!text_equal(seen.mode, "run") && !text_equal(seen.mode, "plan"))
                return fault_set(fault, 409, "rerun.impossible",
                                 "an execution of mode %s cannot be run again", seen.mode);
        merged = params_unseal(hub, catalog_action(catalog, seen.action), seen.params);
        if (json_is_object(how->params))
                json_object_update(merged, (json_t *)how->params);
        if (!seen.context)
                seen.context = json_object();
        json_object_set_new(seen.context, "re-run",
                            json_pack("{s:s, s:O*}", "ref", id_text(execution, text), "requests",
                                      how->tasks));
        request.action = seen.action;
        request.params = merged;
        request.mode = seen.mode;
        request.context = seen.context;
        r = request_check(hub, catalog, &request, &asking.r, fault);
        return r ? fault_errno(fault, r, "re-run") : ask(hub, &asking, done, arg, fault);
}

/* ---- undo: the request; undo.c does it ---- */

struct undo_rows {
        unsigned rows, fixed, open, undone;     /* fixed: those that name no way back */
};

static int count_row(void *arg, const struct store_change *change)
{
        struct undo_rows *n = arg;
        bool was_made = change->state == STORE_APPLIED || change->state == STORE_UNKNOWN;

        n->undone += !id_is_zero(&change->undone_by);
        n->open += change->state == STORE_INTENT;
        n->rows += was_made && change->undo_action;
        n->fixed += was_made && !change->undo_action;
        return 0;
}

static int check_undo(struct hub *hub, const struct store_change_filter *filter, const char *of,
                      struct fault *fault)
{
        struct undo_rows n = { 0, 0, 0, 0 };
        struct store_page page = { .limit = 10000 };
        int r = store_list_changes(hub->o.store, filter, &page, count_row, &n, NULL, fault);

        if (r != 0)
                return r;
        if (n.open) {
                fault_set(fault, 409, "undo.running", "%s is still changing things", of);
                return fault_try(fault, "wait for it, or cancel it, then undo");
        }
        if (!n.rows && n.fixed) {
                fault_set(fault, 422, "undo.impossible", "what %s changed cannot be put back", of);
                return fault_why(fault, "the plugin names no way back, as for a mail that was sent");
        }
        if (!n.rows) {
                fault_set(fault, 409, "undo.nothing", "%s changed nothing", of);
                return fault_try(fault, "kaname change list shows what was changed by whom");
        }
        if (n.undone == n.rows)
                return fault_set(fault, 409, "undo.done", "%s has been undone already", of);
        return 0;
}

static int undo(struct hub *hub, const struct store_change_filter *filter, const struct id *parent,
                const struct hub_run *how, hub_run_done *done, void *arg, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        bool of_event = id_is_zero(&filter->execution);
        const struct id *id = of_event ? &filter->event : &filter->execution;
        char name[ID_TEXT_SIZE], of[48];
        _json_ json_t *params =
                json_pack("{s:s}", of_event ? "event" : "execution", id_text(id, name));
        bool is_plan = text_equal(how->mode, "plan");
        struct request request = { .action = "core.undo", .params = params, .user = how->user,
                .mode = is_plan ? "plan" : "undo", .plan = *id, .parent = *parent };
        struct ask asking = { .once = how->once, .doc_kind = is_plan ? NULL : "undo",
                              .doc_name = name };
        int r;

        snprintf(of, sizeof of, "%s %s", of_event ? "event" : "execution", name);
        r = check_undo(hub, filter, of, fault);
        if (r == 0)
                r = request_check(hub, catalog, &request, &asking.r, fault);
        return r ? fault_errno(fault, r, "undo") : ask(hub, &asking, done, arg, fault);
}

static int see_nothing(void *arg, const struct store_execution *execution)
{
        (void)arg;
        (void)execution;
        return 0;
}

int hub_undo(struct hub *hub, const struct id *execution, const struct hub_run *how,
             hub_run_done *done, void *arg, struct fault *fault)
{
        struct store_change_filter filter = { .execution = *execution, .tree = true, .state = -1 };
        int r = store_get_execution(hub->o.store, execution, false, see_nothing, NULL, fault);

        return r ? fault_errno(fault, r, "undo")
                 : undo(hub, &filter, execution, how, done, arg, fault);
}

static int see_no_event(void *arg, const struct store_event *event)
{
        (void)arg;
        (void)event;
        return 0;
}

int hub_undo_event(struct hub *hub, const struct id *event, const struct hub_run *how,
                   hub_run_done *done, void *arg, struct fault *fault)
{
        struct store_change_filter filter = { .event = *event, .state = -1 };
        static const struct id none;
        int r = store_get_event(hub->o.store, event, see_no_event, NULL, fault);

        return r ? fault_errno(fault, r, "undo")
                 : undo(hub, &filter, &none, how, done, arg, fault);
}
