/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The conductor of one life of a workflow: a pure state machine without store, hub or clock. Its
 * owner tells it what happened (conductor_update), asks what is to be started
 * (conductor_next_tasks), and appends what changed to the store (conductor_take_delta) in the
 * transaction in which it does those things. conductor_restore() makes the same conductor again
 * from these records; nothing is evaluated anew.
 *
 * A life, as its owner drives it:
 *
 *      conductor_new, conductor_request(RUNNING)
 *      loop: conductor_next_tasks; each action: start it, conductor_update(RUNNING);
 *            a result: conductor_update(SUCCEEDED, …); store conductor_take_delta
 *      conductor_status is completed: conductor_finish, then conductor_output, conductor_errors
 *
 * A step costs the same whether ten tasks came before it or a thousand: contexts are shared
 * layers, the graph belongs to the definition, and no history is walked. Not locked: one thread at
 * a time. Every function that returns FAULT leaves the conductor as it was; its detail holds
 * "exception", StackStorm's name for it.
 */

#ifndef WORKFLOW_CONDUCTOR_H
#define WORKFLOW_CONDUCTOR_H

#include "workflow/status.h"
#include "workflow/workflow.h"

struct conductor;

/* What the conductor asks of its owner while it evaluates an expression. Each may be NULL. */
struct conductor_calls {
        void *user;
        /* The value that a result's reference stands for: new reference. */
        int (*load)(void *user, const json_t *reference, json_t **ret, struct fault *fault);
        /*
         * A function of StackStorm's that needs the store: st2kv (args [key], kwargs decrypt,
         * default), decrypt_kv, task (args [name] or none; at names the task that asks, {id,
         * route}, or is NULL). New reference; FAULT's sentence becomes part of the error.
         */
        int (*function)(void *user, const char *name, const json_t *args, const json_t *kwargs,
                        const json_t *at, json_t **ret, struct fault *fault);
};

struct conductor_setup {
        struct workflow *workflow;
        const json_t *input;            /* the execution's parameters; NULL: {} */
        const json_t *context;          /* variables that are there before: {st2, parent, …} */
        const struct conductor_calls *calls;    /* outlives the conductor; may be NULL */
        unsigned depth;                 /* how many workflows this one stands in; 0 for a root */
};

/*
 * Begin a life: inputs and vars are rendered, start tasks staged. An error in them does not fail
 * the call: the workflow then is failed and says why in conductor_errors(). FAULT 422
 * workflow.limit (depth).
 */
int conductor_new(const struct conductor_setup *setup, struct conductor **ret,
                  struct fault *fault);
/*
 * The same life again: records is the list of all deltas' members in the order they were taken,
 * the setup that of conductor_new. FAULT 500 workflow.damaged says which record.
 */
int conductor_restore(const struct conductor_setup *setup, const json_t *records,
                      struct conductor **ret, struct fault *fault);
struct conductor *conductor_free(struct conductor *conductor);  /* NULL; accepts NULL */

/*
 * Ask the workflow to become running, pausing, paused, resuming, canceling, canceled or failed.
 * With active tasks pausing and canceling stay so until the last one ended; without, they are
 * paused and canceled at once. FAULT 409 workflow.transition where that cannot be.
 */
int conductor_request(struct conductor *conductor, enum status status, struct fault *fault);

/*
 * The tasks to start now, sorted by id and route; a list (new reference, empty: none) of
 *
 *      {id, route,
 *       actions: [{action, input, item_id?}],  what to start; input null where there is none
 *       delay: s or null, timeout: s or null,  before the start; for each action
 *       items_count: n or null,                of a `with` task: all its items
 *       concurrency: n or null,
 *       unknown?: why}                         of a plan: actions is empty, see below
 *
 * The same tasks come again until conductor_update() told that they started. Of a `with` task
 * those items come that may run now; one with items_count 0 has no action: tell it RUNNING and
 * SUCCEEDED as soon as it comes. A task that cannot be rendered fails the workflow; then the list
 * is empty and conductor_errors() says why.
 */
int conductor_next_tasks(struct conductor *conductor, json_t **ret, struct fault *fault);

/*
 * Something happened to a task or to an item of it. result and reference are borrowed; give
 * neither, or the value, or a reference (any small JSON value that calls->load understands): then
 * the delta holds the reference, and the value is loaded only where an expression asks for it. A
 * `with` task keeps its items' results in this form until all are there.
 */
struct conductor_event {
        enum status status;
        int64_t item;                   /* item_id; -1: the task as a whole */
        const json_t *result, *reference;
        bool is_unknown;                /* a plan: there will be a result, but it is not known */
};

#define CONDUCTOR_EVENT(s) { .status = (s), .item = -1 }

/*
 * FAULT 404 workflow.no-task (not in the graph), 409 workflow.not-staged (it was not to be
 * started), 422 workflow.limit. What goes wrong inside (an expression in `when` or `publish`)
 * fails the workflow, not the call.
 */
int conductor_update(struct conductor *conductor, const char *task_id, unsigned route,
                     const struct conductor_event *event, struct fault *fault);

/*
 * Run again after the end: requests is a list of {task_id, route?: 0, reset_items?: false}, NULL
 * or empty: from the tasks at which it ended badly. With items, only those that failed, all with
 * reset_items. The workflow is "resuming" then: conductor_next_tasks() goes on. FAULT 409
 * workflow.is-active, 404 workflow.no-rerun.
 */
int conductor_rerun(struct conductor *conductor, const json_t *requests, struct fault *fault);

/* Once the workflow is completed: render the output. An error in it fails the workflow. */
int conductor_finish(struct conductor *conductor, struct fault *fault);

enum status conductor_status(const struct conductor *conductor);
/* The workflow's own timeout in seconds, rendered at the start; -1: none. */
int64_t conductor_timeout(const struct conductor *conductor);
/* {name: value …} of `output`, {tasks, published} of a chain; NULL: none. New reference. */
json_t *conductor_output(const struct conductor *conductor);
/* [{type: "error", message, task_id?, route?, task_transition_id?, result?}]; new reference. */
json_t *conductor_errors(const struct conductor *conductor);
/* The same of what is not an error: type "info" or "warn". New reference. */
json_t *conductor_log(const struct conductor *conductor);

/*
 * Every task that began, in order, [{id, route, status, term, prev: [index …]}]: what a rerun can
 * name and a picture shows. New reference.
 */
json_t *conductor_tasks(const struct conductor *conductor);
/* Routes, [["task__t0", …], …]: the splits that each went through. New reference. */
json_t *conductor_routes(const struct conductor *conductor);
/* The variables that a staged or started task sees; NULL: no such task. New reference. */
json_t *conductor_task_context(const struct conductor *conductor, const char *task_id,
                               unsigned route);
/* Did a completed task make others ready? As StackStorm's has_next_tasks. */
bool conductor_has_next(const struct conductor *conductor, const char *task_id, unsigned route);
/* The variables at the end. FAULT 409 workflow.is-active. New reference. */
int conductor_final_context(const struct conductor *conductor, json_t **ret, struct fault *fault);

/*
 * What changed since the last call: a list of small JSON records (new reference), NULL where
 * nothing did. Append it durably before anything it says becomes visible.
 */
json_t *conductor_take_delta(struct conductor *conductor);

/*
 * A plan is a life in which the owner plans each action instead of running it, and tells
 * SUCCEEDED with is_unknown. An expression that needs what is not known then does not fail: a task
 * whose input or items need it comes with "unknown" and no actions (tell it RUNNING and SUCCEEDED,
 * is_unknown, to go on behind it); a variable that is published from it is unknown in turn; a
 * transition whose `when` needs it is not taken and stands in conductor_log() as
 * {type: "info", message, task_id, route, task_transition_id}.
 */

#endif
