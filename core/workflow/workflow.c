/* SPDX-License-Identifier: Apache-2.0 */

#include "workflow/workflow.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "workflow/inspect.h"
#include "workflow/spec.h"

#include <errno.h>
#include <stdlib.h>

static struct workflow_limits process_limits = {
        .tasks = 1000,
        .starts = 100000,
        .items = 100000,
        .routes = 1000,
        .depth = 16,
};

CLEANUP_DEFINE(struct workflow *, workflow_unref);

void workflow_limits_set(const struct workflow_limits *limits)
{
        process_limits = *limits;
}

static int refuse(json_t *errors, struct fault *fault)
{
        const json_t *first = json_array_get(errors, 0);
        size_t n = json_array_size(errors);

        fault_set(fault, 422, "workflow.invalid", "%s%s%s",
                  json_text_of(first, "spec_path", ""),
                  json_text_of(first, "spec_path", NULL) ? ": " : "",
                  json_text_of(first, "message", ""));
        if (n > 1)
                fault_why(fault, "%zu more things are wrong with this workflow", n - 1);
        fault_detail(fault, "errors", json_incref(errors));
        return fault_try(fault, "ask for an inspection of the definition: it lists all of them");
}

static int limit(const struct workflow_limits *limits, size_t tasks, struct fault *fault)
{
        if (tasks <= limits->tasks)
                return 0;
        fault_set(fault, 422, "workflow.limit", "the workflow has %zu tasks; %zu are allowed",
                  tasks, limits->tasks);
        return fault_try(fault, "split it into workflows that call each other, or raise the setting"
                                " limits.workflow_tasks");
}

static int read_all(struct workflow *workflow, struct fault *fault)
{
        _json_ json_t *errors = NULL;
        int r;

        workflow->is_chain = json_object_get(workflow->definition, "chain") != NULL;
        errors = inspect_structure(workflow->definition);
        if (!errors)
                return -ENOMEM;
        if (json_array_size(errors))
                return refuse(errors, fault);
        workflow->tasks = workflow->is_chain ? json_object() :
                inspect_tasks(workflow->definition);
        if (!workflow->tasks)
                return -ENOMEM;
        r = limit(&workflow->limits,
                  workflow->is_chain ?
                  json_array_size(json_object_get(workflow->definition, "chain")) :
                  json_object_size(workflow->tasks), fault);
        if (r == 0)
                r = workflow->is_chain ? chain_read(workflow, fault) : spec_read(workflow, fault);
        return r ? r : graph_tie(workflow);
}

int workflow_compile(const json_t *definition, const struct workflow_limits *limits,
                     struct workflow **ret, struct fault *fault)
{
        _cleanup_(workflow_unrefp) struct workflow *workflow = calloc(1, sizeof *workflow);
        int r;

        if (!workflow)
                return -ENOMEM;
        atomic_init(&workflow->refs, 1);
        workflow->limits = limits ? *limits : process_limits;
        workflow->definition = json_incref((json_t *)definition);
        r = read_all(workflow, fault);
        if (r)
                return r;
        *ret = TAKE(workflow);
        return 0;
}

struct workflow *workflow_ref(struct workflow *workflow)
{
        atomic_fetch_add_explicit(&workflow->refs, 1, memory_order_relaxed);
        return workflow;
}

struct workflow *workflow_unref(struct workflow *workflow)
{
        if (!workflow || atomic_fetch_sub(&workflow->refs, 1) > 1)
                return NULL;
        spec_deinit(workflow);
        free(workflow);
        return NULL;
}

const json_t *workflow_definition(const struct workflow *workflow)
{
        return workflow->definition;
}

bool workflow_is_chain(const struct workflow *workflow)
{
        return workflow->is_chain;
}

static int action_note(const struct node *node, json_t *seen)
{
        _json_ json_t *names = json_object(), *action = NULL;

        if (!node->action || !expr_is_constant(node->action))
                return 0;
        if (expr_eval(node->action, names, &action, NULL) || !json_is_string(action))
                return 0;
        return json_object_set_new(seen, json_string_value(action), json_true()) ? -ENOMEM : 0;
}

json_t *workflow_actions(const struct workflow *workflow)
{
        _json_ json_t *seen = json_object();
        json_t *list = json_array(), *value;
        const char *ref;

        for (size_t i = 0; i < workflow->node_count; i++)
                if (action_note(&workflow->nodes[i], seen))
                        return json_decref(list), NULL;
        json_object_foreach(seen, ref, value)
                if (json_array_append_new(list, json_string(ref)))
                        return json_decref(list), NULL;
        return list;
}
