/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The tasks of a workflow: what the conductor says is to be started becomes executions, each in the
 * mode that the workflow's own asks for, and what becomes of them is told to the conductor. In a
 * plan each leaves a note of what it would do; an apply is held to those.
 */
#include "hub/life.h"

#include <string.h>

#define INLINE_MAX 4096                 /* a larger result is referred to by its execution */

/* ---- notes: what a plan's tasks would do, what an apply's did ---- */

static json_t *note_of(const char *task, unsigned route, int64_t item)
{
        json_t *note = json_pack("{s:s, s:i}", "task_id", task, "route", (int)route);

        if (note && item >= 0)
                json_object_set_new(note, "item_id", json_integer(item));
        return note;
}

static bool is_same_step(const json_t *a, const json_t *b)
{
        return text_equal(json_text_of(a, "task_id", ""), json_text_of(b, "task_id", "")) &&
               json_int_of(a, "route", 0) == json_int_of(b, "route", 0) &&
               json_int_of(a, "item_id", -1) == json_int_of(b, "item_id", -1);
}

static void note_unknown(struct life *life, const struct task *task, const char *action,
                         const char *why)
{
        json_t *note = note_of(task->id, task->route, task->item);

        json_object_set_new(note, "action", action ? json_string(action) : json_null());
        json_object_set_new(note, "unknown", json_string(why));
        json_array_append_new(life->notes, note);
}

/* A planned child's rows. */
static void note_planned(struct life *life, const struct task *task, const struct running *child)
{
        json_t *note = note_of(task->id, task->route, task->item);
        const json_t *changes = json_object_get(child->end_json, "changes");
        char id[ID_TEXT_SIZE];

        json_object_set_new(note, "action", json_string(child->action_ref));
        json_object_set_new(note, "execution", json_string(id_text(&child->claim.id, id)));
        if (changes)
                json_object_set(note, "changes", (json_t *)changes);
        if (json_bool_of(child->end_json, "partial", false))
                json_object_set_new(note, "unknown",
                                    json_string("its own plan is partial"));
        if (child->end_status != STORE_SUCCEEDED)
                json_object_set_new(note, "unknown",
                                    json_string(json_text_of(child->end_json, "error",
                                                             "it could not be planned")));
        json_array_append_new(life->notes, note);
}

/* ---- telling the conductor ---- */

static int tell(struct life *life, const struct task *task, const struct conductor_event *event)
{
        _fault_ struct fault fault = FAULT_INIT;
        int r = conductor_update(life->conductor, task->id, task->route, event, &fault);

        if (r) {
                fault_errno(&fault, r, "step");
                log_write(LOG_WARNING_,
                          LOG_FIELDS("execution", life->key, "task", task->id, "code", fault.code),
                          "workflow '%s' did not take a result: %s", life->r->action_ref,
                          fault.what);
        }
        return r;
}

int task_told(struct life *life, const struct task *task, enum status status)
{
        struct conductor_event event = { .status = status, .item = task->item };

        return tell(life, task, &event);
}

static int tell_failed(struct life *life, const struct task *task, const struct fault *fault)
{
        _json_ json_t *result = json_pack("{s:s*, s:s, s:s*}", "error", fault->what, "code",
                                          *fault->code ? fault->code : "internal", "remedy",
                                          fault->remedy);
        struct conductor_event event = { .status = STATUS_FAILED, .item = task->item,
                                         .result = result };

        return tell(life, task, &event);
}

/* Behind it the plan goes on without its result. */
static int tell_unknown(struct life *life, const struct task *task)
{
        struct conductor_event event = { .status = STATUS_SUCCEEDED, .item = task->item,
                                         .is_unknown = true };

        return tell(life, task, &event);
}

/* A result as the conductor gets it: itself, or by reference where it is large. */
static void set_result(struct life *life, const struct running *child, json_t *result,
                       struct conductor_event *event, json_t **ret_reference)
{
        char id[ID_TEXT_SIZE];

        if (!child->end_result || strlen(child->end_result) <= INLINE_MAX) {
                event->result = result;
                return;
        }
        id_text(&child->claim.id, id);
        json_object_set(life->recent, id, result);
        event->reference = *ret_reference = json_pack("{s:s}", "execution", id);
}

int task_ended(struct life *life, const struct task *task, const struct running *child,
               enum status status)
{
        struct conductor_event event = { .status = status, .item = task->item };
        _json_ json_t *reference = NULL;
        json_t *result = child->end_json;

        if (text_equal(child->mode, "plan")) {
                note_planned(life, task, child);
                result = json_object_get(result, "result");
                if (status != STATUS_CANCELED && (!result || json_is_null(result)))
                        return tell_unknown(life, task);
        }
        set_result(life, child, result, &event, &reference);
        return tell(life, task, &event);
}

/* ---- starting tasks ---- */

static json_t *child_context(const struct life *life, const struct task *task)
{
        const struct running *r = life->r;
        const json_t *own = json_object_get(r->context, "orquesta"),
                     *trace = json_object_get(r->context, "trace_context");
        char root[ID_TEXT_SIZE];
        json_t *context = json_pack(
                "{s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s, s:i, s:I}, s:O*}", "parent", "execution_id",
                life->key, "pack", r->action->pack, "user", r->user, "orquesta",
                "workflow_execution_id", life->key, "task_id", task->id, "task_name", task->id,
                "task_route", (int)task->route, "depth",
                (json_int_t)json_int_of(own, "depth", 0) + 1, "trace_context", trace);

        if (!context)
                return NULL;
        if (task->item >= 0)
                json_object_set_new(json_object_get(context, "orquesta"), "item_id",
                                    json_integer(task->item));
        if (!id_is_zero(&r->root))
                json_object_set_new(context, "root_event", json_string(id_text(&r->root, root)));
        return context;
}

/* The plan of the same task in the plan that is being applied. */
static const json_t *approved_of(const struct life *life, const struct task *task)
{
        _json_ json_t *wanted = note_of(task->id, task->route, task->item);
        const json_t *note;
        size_t i;

        json_array_foreach(life->approved, i, note)
                if (is_same_step(note, wanted))
                        return note;
        return NULL;
}

/* How a child of a workflow in this mode runs. FAULT: it cannot. */
static int choose_mode(const struct life *life, const struct task *task,
                       const struct catalog_action *action, struct request *request,
                       struct fault *fault)
{
        const json_t *approved;

        request->mode = "run";
        if (text_equal(life->r->mode, "run") || action->is_readonly)
                return 0;
        if (text_equal(life->r->mode, "plan")) {
                request->mode = "plan";
                return 0;
        }
        approved = approved_of(life, task);
        /* What nobody could know when the rest was planned (the hub asked whether to go on). */
        if (approved && json_object_get(approved, "unknown"))
                return 0;
        request->mode = "apply";
        if (approved && id_parse(json_text_of(approved, "execution", NULL), &request->plan))
                return 0;
        fault_set(fault, 409, "conflict", "the approved plan has no such step as '%s'", task->id);
        return fault_try(fault, "plan the workflow again");
}

/* Only what announces its changes can be planned: plugins, workflows, and what changes nothing. */
static bool can_plan(const struct catalog_action *action)
{
        return action->is_readonly || action->workflow || text_equal(action->runner, "plugin");
}

static int make_child(struct life *life, const struct task *task, const json_t *action,
                      int64_t timeout_s, struct running **ret, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(life->hub);
        const char *ref = json_text_of(action, "action", "");
        const struct catalog_action *known = catalog_action(catalog, ref);
        _json_ json_t *context = child_context(life, task);
        const json_t *input = json_object_get(action, "input");
        struct request request = { .action = ref,
                                   .params = json_is_null(input) ? NULL : input,
                                   .mode = "run",
                                   .user = life->r->user,
                                   .context = context,
                                   .parent = life->r->claim.id,
                                   .root = life->r->root,
                                   .timeout_ms = timeout_s > 0 ? timeout_s * 1000 : 0,
                                   .coerce = true };
        int r = known ? choose_mode(life, task, known, &request, fault) : 0;

        if (r == 0)
                r = request_check(life->hub, catalog, &request, ret, fault);
        return r ? fault_errno(fault, r, "start the task") : 0;
}

static const char *unplannable(const struct life *life, const json_t *action)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(life->hub);
        const struct catalog_action *known =
                catalog_action(catalog, json_text_of(action, "action", ""));

        if (!text_equal(life->r->mode, "plan") || !known || can_plan(known))
                return NULL;
        return "its runner does not announce what it changes";
}

static int start_action(struct life *life, struct task task, const json_t *action,
                        const json_t *next, struct intake *intake)
{
        _fault_ struct fault fault = FAULT_INIT;
        const char *why = unplannable(life, action);
        struct running *child = NULL;
        int r;

        task.item = json_int_of(action, "item_id", -1);
        r = task_told(life, &task, STATUS_RUNNING);
        if (r)
                return r;
        if (why) {
                note_unknown(life, &task, json_text_of(action, "action", NULL), why);
                return tell_unknown(life, &task);
        }
        r = make_child(life, &task, action, json_int_of(next, "timeout", 0), &child, &fault);
        if (r && text_equal(life->r->mode, "plan")) {
                note_unknown(life, &task, json_text_of(action, "action", NULL), fault.what);
                return tell_unknown(life, &task);
        }
        if (r)
                return tell_failed(life, &task, &fault);
        if (text_equal(child->mode, "apply"))
                json_array_append_new(life->notes, note_of(task.id, task.route, task.item));
        life->applied += text_equal(child->mode, "apply");
        intake_execution(intake, child, json_int_of(next, "delay", 0) * 1000, NULL);
        return 0;
}

static int start_task(struct life *life, const json_t *next, struct intake *intake)
{
        struct task task = { json_text_of(next, "id", ""), (unsigned)json_int_of(next, "route", 0),
                             -1 };
        const char *unknown = json_text_of(next, "unknown", NULL);
        const json_t *actions = json_object_get(next, "actions"), *action;
        size_t i;
        int r = 0;

        json_array_foreach(actions, i, action)
                if (r == 0)
                        r = start_action(life, task, action, next, intake);
        if (json_array_size(actions) || r)
                return r;
        if (unknown)
                note_unknown(life, &task, NULL, unknown);
        r = task_told(life, &task, STATUS_RUNNING);
        if (r)
                return r;
        return unknown ? tell_unknown(life, &task) : task_told(life, &task, STATUS_SUCCEEDED);
}

/* Until nothing is to be started: one that fails at once, or has no items, makes others ready. */
void tasks_start(struct life *life, struct intake *intake)
{
        int r = 0;

        while (r == 0) {
                _fault_ struct fault fault = FAULT_INIT;
                _json_ json_t *tasks = NULL;
                const json_t *next;
                size_t i;

                r = conductor_next_tasks(life->conductor, &tasks, &fault);
                if (r || json_array_size(tasks) == 0)
                        return;
                json_array_foreach(tasks, i, next)
                        if (r == 0)
                                r = start_task(life, next, intake);
        }
        /* It would offer the same tasks for ever. */
        conductor_request(life->conductor, STATUS_FAILED, NULL);
}
