/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/rerun.h"

#include "base/json.h"
#include "base/text.h"
#include "workflow/workflow.h"

#include <errno.h>
#include <string.h>

#define NAMES_MAX 64

struct seen {
        const struct catalog *catalog;
        const struct catalog_action *action;
        enum store_status status;
};

static int see(void *arg, const struct store_execution *execution)
{
        struct seen *seen = arg;

        seen->action = catalog_action(seen->catalog, execution->action);
        seen->status = execution->status;
        return 0;
}

static int check_workflow(const struct seen *seen, const char *id, struct fault *fault)
{
        if (!seen->action || !seen->action->workflow || workflow_is_chain(seen->action->workflow)) {
                fault_set(fault, 422, "rerun.not-a-workflow",
                          "only a workflow of Orquesta can be run again from its tasks");
                return fault_try(fault, "leave \"tasks\" out to run it again whole");
        }
        if (store_status_is_final(seen->status))
                return 0;
        fault_set(fault, 409, "execution.running", "execution %s has not ended: it is %s", id,
                  store_status_text(seen->status));
        return fault_try(fault, "wait for its end, or cancel it");
}

static int check_task(const json_t *tasks, const char *name, struct fault *fault)
{
        const char *names[NAMES_MAX + 1] = { NULL }, *key, *near;
        json_t *task;
        size_t n = 0;

        if (json_object_get(tasks, name))
                return 0;
        json_object_foreach((json_t *)tasks, key, task)
                if (n < NAMES_MAX)
                        names[n++] = key;
        near = text_nearest(name, names);
        fault_set(fault, 422, "rerun.unknown-task", "tasks: the workflow has no task '%.128s'",
                  name);
        return near ? fault_try(fault, "did you mean '%s'?", near)
                : fault_try(fault, "kaname execution get shows its tasks");
}

static int check_reset(const json_t *names, const json_t *reset, struct fault *fault)
{
        const json_t *one;
        size_t i;

        json_array_foreach(reset, i, one) {
                const char *name = json_string_value(one);

                if (json_has_text(names, name))
                        continue;
                fault_set(fault, 422, "rerun.reset",
                          "reset: '%.128s' is not among the tasks to run again", name);
                return fault_try(fault, "name it under \"tasks\", too");
        }
        return 0;
}

static int list_tasks(const struct catalog_action *action, const json_t *names,
                      const json_t *reset, json_t **ret, struct fault *fault)
{
        const json_t *tasks = json_object_get(workflow_definition(action->workflow), "tasks"),
                     *one;
        _json_ json_t *made = json_array();
        size_t i;

        json_array_foreach(names, i, one) {
                const char *name = json_string_value(one);

                if (check_task(tasks, name, fault))
                        return FAULT;
                json_array_append_new(made, json_pack("{s:s, s:b}", "task_id", name,
                                                      "reset_items", json_has_text(reset, name)));
        }
        if (json_array_size(made) != json_array_size(names))
                return -ENOMEM;
        *ret = TAKE(made);
        return 0;
}

int rerun_tasks(struct request *req, const struct id *id, json_t **ret, struct fault *fault)
{
        const json_t *names = json_object_get(req->json, "tasks"),
                     *reset = json_object_get(req->json, "reset");
        struct seen seen = { .catalog = request_catalog(req) };
        int r = check_reset(names, reset, fault);

        if (r || !json_array_size(names))
                return r;
        r = store_get_execution(request_store(req), id, false, see, &seen, fault);
        if (!r)
                r = check_workflow(&seen, req->param[0], fault);
        if (!r && json_object_size(json_object_get(req->json, "parameters"))) {
                fault_set(fault, 422, "rerun.parameters",
                          "parameters cannot be changed where tasks are run again");
                r = fault_try(fault, "leave one of the two out");
        }
        return r ? r : list_tasks(seen.action, names, reset, ret, fault);
}
