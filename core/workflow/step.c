/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An event of a task: the task's own machine moves, and when that ended it, its transitions are
 * taken, the workflow is told, and the engine commands that they led to run at once.
 */
#include "workflow/step.h"

#include "base/cleanup.h"
#include "workflow/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int check_item(const struct staged *staged, const struct node *node,
                      const struct conductor_event *event, struct fault *fault)
{
        if (event->item < 0)
                return 0;
        if (staged && staged->items && (uint64_t)event->item < staged->items->count)
                return 0;
        return refuse(fault, 409, "workflow.not-staged", "InvalidTaskStateEntry",
                      "Task \"%s\" has no item %lld under way.", node->name,
                      (long long)event->item);
}

static int check(struct conductor *c, const char *task_id, unsigned route,
                 const struct conductor_event *event, struct fault *fault)
{
        const struct node *node = workflow_node(c->workflow, task_id);
        const struct staged *staged;

        if (!node || !node->is_reached)
                return refuse(fault, 404, "workflow.no-task", "InvalidTask",
                              "Task \"%s\" does not exist.", task_id);
        staged = staged_find(c, node, route);
        if (node->command || (!staged && !entry_latest(c, node, route)))
                return refuse(fault, 409, "workflow.not-staged", "InvalidTaskStateEntry",
                              "Task \"%s\" is not staged or has not started yet.", task_id);
        return check_item(staged, node, event, fault);
}

/* What says where a new run of a task comes from. */
static int begin(struct conductor *c, struct node *node, unsigned route, struct staged *staged,
                 struct entry **ret, struct fault *fault)
{
        int r;

        if (c->entry_count >= c->workflow->limits.starts) {
                refuse(fault, 422, "workflow.limit", "WorkflowLimitError",
                       "the workflow started %zu tasks, which is all that it may (setting "
                       "limits.workflow_starts)", c->workflow->limits.starts);
                return fault_try(fault, "look for a cycle that does not end");
        }
        r = entry_add(c, node, route, staged->in, &staged->prev, ret);
        staged->prev.room = 0;
        return r == 0 && node->has_retry ? retry_prepare(c, *ret, fault) : r;
}

/* The run that the event is about: a completed task that starts again is a new one. */
static int run_of(struct conductor *c, struct node *node, unsigned route, struct staged *staged,
                  enum status event, struct entry **ret, struct fault *fault)
{
        *ret = entry_latest(c, node, route);
        if (!*ret || node->command ||
            (staged && status_is_completed((*ret)->status) && status_is_starting(event)))
                return begin(c, node, route, staged, ret, fault);
        return 0;
}

static const char failed_message[] = "Execution failed. See result for details.";

static int note_failure(struct conductor *c, const struct node *node, const struct outcome *result)
{
        return error_add(c, json_pack("{s:s, s:s, s:s}", "type", "error", "message",
                                      failed_message, "task_id", node->name), result);
}

static bool asks_others(enum status event)
{
        return event == STATUS_RESUMING || event == STATUS_PENDING || event == STATUS_PAUSED ||
                status_is_completed(event);
}

static enum status moved(const struct entry *entry, const struct staged *staged,
                         const struct conductor_event *event)
{
        enum others others = OTHERS_NONE;

        switch (entry->node->command) {
        case COMMAND_NOOP:
        case COMMAND_CONTINUE:
                return STATUS_SUCCEEDED;
        case COMMAND_FAIL:
                return STATUS_FAILED;
        default:
                if (event->item >= 0 && asks_others(event->status))
                        others = items_others(staged->items, event->status);
                return machine_task(entry->status, event->status, others);
        }
}

/* A `with` task that failed stays on the stage: a rerun takes its items from there. */
static int leave_stage(struct conductor *c, struct entry *entry)
{
        struct staged *staged = staged_find(c, entry->node, entry->route);

        if (!staged)
                return 0;
        if (entry->node->has_items && status_is_abended(entry->status))
                return staged_set(c, staged, staged->is_ready, true);
        return staged_remove(c, staged);
}

static int fail_on(struct conductor *c, struct entry *entry, const struct fault *fault)
{
        int r = error_fault(c, fault, entry, NULL);

        return r ? r : workflow_fail(c);
}

static int retry_if_due(struct conductor *c, struct entry *entry, struct scope *scope,
                        bool *ret_retried)
{
        _fault_ struct fault fault = FAULT_INIT;
        int r = 0;

        if (!status_is_active(c->status))
                return 0;
        r = retry_is_due(c, entry, scope, ret_retried, &fault);
        if (r > 0)
                return fail_on(c, entry, &fault);
        if (r || !*ret_retried)
                return r;
        *ret_retried = entry->status == STATUS_SUCCEEDED || entry->status == STATUS_FAILED;
        if (!*ret_retried)
                return 0;
        r = entry_become(c, entry, STATUS_RETRYING);
        return r ? r : retry_stage(c, entry);
}

struct ending {
        struct outcome result;
        struct items *items;            /* of a `with` task: kept until its end is through */
        struct commands commands;
        bool is_retried;
};

static void ending_deinit(struct ending *ending)
{
        items_free(ending->items);
        free(ending->commands.list);
}

/* The task is complete: try it again, or go where its transitions lead. */
static int end(struct conductor *c, struct entry *entry, enum status before,
               struct ending *ending)
{
        struct staged *staged = staged_find(c, entry->node, entry->route);
        struct items *items = staged ? staged->items : NULL;
        bool is_with = entry->node->has_items;
        static const struct outcome nothing = { NULL, NULL, false };
        _scope_ struct scope scope = { .c = c, .vars = entry->in, .node = entry->node,
                                       .route = entry->route };
        _json_ json_t *empty = is_with ? json_array() : NULL;
        const struct outcome none = { empty, NULL, false };
        int r;

        scope.result = &ending->result;
        if (is_with && !ending->result.value && !ending->result.reference &&
            !ending->result.is_unknown)
                scope.result = empty ? &none : &nothing;
        if (items && !status_is_abended(entry->status)) {
                ending->items = items;          /* leaving the stage is not to free them */
                staged->items = NULL;
        }
        if (is_with && items && items->count)
                scope.items = items;
        r = leave_stage(c, entry);
        if (r == 0)
                r = retry_if_due(c, entry, &scope, &ending->is_retried);
        if (r || ending->is_retried || entry->status == before)
                return r;
        return transitions_take(c, entry, &scope, &ending->commands);
}

static int step(struct conductor *c, struct node *node, unsigned route,
                const struct conductor_event *event, struct fault *fault);

static int run_commands(struct conductor *c, const struct commands *commands, struct fault *fault)
{
        static const struct conductor_event done = CONDUCTOR_EVENT(STATUS_SUCCEEDED);
        static const struct conductor_event fails = CONDUCTOR_EVENT(STATUS_FAILED);
        int r = 0;

        for (size_t i = 0; r == 0 && i < commands->count; i++) {
                struct staged *staged = commands->list[i];

                if (!staged->is_gone)
                        r = step(c, staged->node, staged->route,
                                 staged->node->command == COMMAND_FAIL ? &fails : &done, fault);
        }
        return r;
}

static int note_item(struct conductor *c, struct staged *staged,
                     const struct conductor_event *event, const struct outcome *result)
{
        int r = items_set(staged->items, (size_t)event->item, event->status, outcome_ref(result));

        return r ? r : staged_mark(c, staged);
}

static int step(struct conductor *c, struct node *node, unsigned route,
                const struct conductor_event *event, struct fault *fault)
{
        _cleanup_(ending_deinit) struct ending ending = {
                .result = { (json_t *)event->result, (json_t *)event->reference,
                            event->is_unknown },
        };
        struct staged *staged = staged_find(c, node, route);
        enum status before;
        struct entry *entry;
        int r = run_of(c, node, route, staged, event->status, &entry, fault);

        if (r == 0 && staged && !staged->items)
                r = staged_remove(c, staged);
        if (r == 0 && event->item >= 0)
                r = note_item(c, staged, event, &ending.result);
        if (r == 0 && event->status == STATUS_FAILED)
                r = note_failure(c, node, &ending.result);
        if (r)
                return r;
        before = entry->status;
        r = entry_become(c, entry, moved(entry, staged, event));
        if (r == 0 && status_is_completed(entry->status))
                r = end(c, entry, before, &ending);
        if (r == 0)
                r = workflow_told(c, entry);
        if (r == 0)
                r = run_commands(c, &ending.commands, fault);
        if (r == 0 && status_is_completed(c->status))
                r = entry_end(c, entry, true);
        return r;
}

int conductor_update(struct conductor *c, const char *task_id, unsigned route,
                     const struct conductor_event *event, struct fault *fault)
{
        int r = check(c, task_id, route, event, fault);

        return r ? r : step(c, workflow_node(c->workflow, task_id), route, event, fault);
}
