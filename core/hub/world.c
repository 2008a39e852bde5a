/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the expressions of a workflow ask of the hub: results that are kept apart, keys of the
 * key-value store, and what became of a task.
 */
#include "hub/life.h"

#include <errno.h>
#include <string.h>

/* ---- results ---- */

static int take_result(void *arg, const struct store_execution *execution)
{
        *(json_t **)arg = json_stored(execution->result);
        return 0;
}

/* {"execution": id}: just ended, or in the store. */
static int load(void *user, const json_t *reference, json_t **ret, struct fault *fault)
{
        struct life *life = user;
        const char *text = json_text_of(reference, "execution", "");
        json_t *result = json_object_get(life->recent, text);
        struct id id;
        int r;

        if (result) {
                *ret = json_incref(result);
                return 0;
        }
        if (!id_parse(text, &id))
                return fault_set(fault, 500, "workflow.damaged", "a result refers to '%s'", text);
        r = store_get_execution(life->hub->o.store, &id, true, take_result, &result, fault);
        if (r == 0)
                *ret = result ? result : json_null();
        return r;
}

/* ---- task() ---- */

struct task_search {
        struct life *life;
        const char *name;
        json_t *found;
};

static json_t *task_shape(const struct life *life, const struct store_execution *child,
                          const json_t *orquesta)
{
        char id[ID_TEXT_SIZE], start[CLOCK_TEXT_SIZE], end[CLOCK_TEXT_SIZE];
        bool is_over = store_status_is_final(child->status);

        return json_pack("{s:s, s:s, s:O?, s:O?, s:O?, s:s, s:s, s:s?, s:o?}",
                         "task_execution_id", id_text(&child->id, id), "workflow_execution_id",
                         life->key, "task_name", json_object_get(orquesta, "task_name"), "task_id",
                         json_object_get(orquesta, "task_id"), "route",
                         json_object_get(orquesta, "task_route"), "status",
                         store_status_text(child->status), "start_timestamp",
                         clock_text(child->created_ms, start), "end_timestamp",
                         is_over ? clock_text(child->ended_ms, end) : NULL, "result",
                         json_stored(child->result));
}

static int match_task(void *arg, const struct store_execution *child)
{
        struct task_search *search = arg;
        _json_ json_t *context = json_stored(child->context);
        const json_t *orquesta = json_object_get(context, "orquesta");

        if (!text_equal(json_text_of(orquesta, "task_id", ""), search->name))
                return 0;
        search->found = task_shape(search->life, child, orquesta);
        return 1;
}

/* The newest run of the task that has this name; without a name, the one that asks. */
static int find_task(struct life *life, const json_t *args, const json_t *at, json_t **ret,
                     struct fault *fault)
{
        struct task_search search = { life, json_string_value(json_array_get(args, 0)), NULL };
        struct store_execution_filter filter = { .parent = life->r->claim.id, .status = -1,
                                                 .with_result = true };
        struct store_page page = { .limit = INT32_MAX };
        int r;

        if (!search.name)
                search.name = json_text_of(at, "id", "");
        r = store_list_executions(life->hub->o.store, &filter, &page, match_task, &search, NULL,
                                  fault);
        if (r == 0 && !search.found)
                return fault_set(fault, 422, "ExpressionEvaluationException",
                                 "Unable to find task execution for \"%s\".", search.name);
        if (r == 0)
                *ret = search.found;
        return r;
}

static int function(void *user, const char *name, const json_t *args, const json_t *kwargs,
                    const json_t *at, json_t **ret, struct fault *fault)
{
        struct life *life = user;

        if (text_equal(name, "task"))
                return find_task(life, args, at, ret, fault);
        return keys_call(life->hub, life->r->user, name, args, kwargs, ret, fault);
}

void world_calls(struct life *life, struct conductor_calls *ret)
{
        *ret = (struct conductor_calls){ .user = life, .load = load, .function = function };
}
