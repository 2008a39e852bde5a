/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Recorded lives of workflows, step by step.
 *
 * Upstream's tests hand a life from one conductor to another by serialising it, so a line may begin
 * in the middle of one. It is then joined to the line that it continues: one of the same definition
 * after which the tasks that it starts are next; where that was not recorded (equal lines are
 * recorded once), the life is led there by a rerun, or by rounds in which everything succeeds.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "life.h"

#include <stdlib.h>
#include <string.h>

static int play_update(struct life *life, const json_t *args, struct fault *fault)
{
        const json_t *told = json_array_get(args, 2);
        const json_t *result = json_object_get(told, "result");
        const char *status = json_text_of(told, "status", NULL);
        struct conductor_event event = {
                .status = status ? status_of(status) : STATUS_UNSET,
                .item = json_int_of(told, "item_id", -1),
                .result = json_is_null(result) ? NULL : result,
        };

        if (!json_is_object(told))
                return fault_set(fault, 422, "test", "Event is not type of ExecutionEvent.");
        return conductor_update(life->conductor, json_string_value(json_array_get(args, 0)),
                                (unsigned)json_integer_value(json_array_get(args, 1)), &event,
                                fault);
}

static int play_next(struct life *life, json_t **ret, struct fault *fault)
{
        json_t *task, *list = NULL;
        size_t i;
        int r = conductor_next_tasks(life->conductor, &list, fault);

        json_array_foreach(list, i, task) {
                json_object_del(task, "timeout");
                json_object_set_new(task, "ctx",
                                    conductor_task_context(life->conductor,
                                                           json_text_of(task, "id", ""),
                                                           (unsigned)json_int_of(task, "route", 0)));
        }
        *ret = list;
        return r;
}

static int play_rerun(struct life *life, const json_t *step, struct fault *fault)
{
        const json_t *wanted = json_object_get(json_object_get(step, "kwargs"), "task_requests");
        _json_ json_t *requests = json_array();
        const json_t *request;
        size_t i;

        json_array_foreach(wanted, i, request)
                json_array_append(requests, json_object_get(request, "spec"));
        return conductor_rerun(life->conductor, requests, fault);
}

/* What it answers was not recorded, but whether it could: only of a task that has begun. */
static int play_contexts(struct life *life, const json_t *args, struct fault *fault)
{
        const char *id = json_string_value(json_array_get(args, 0));
        int64_t route = json_integer_value(json_array_get(args, 1));
        _json_ json_t *tasks = conductor_tasks(life->conductor);
        const json_t *task;
        size_t i;

        json_array_foreach(tasks, i, task)
                if (!strcmp(json_text_of(task, "id", ""), id) &&
                    json_int_of(task, "route", 0) == route)
                        return 0;
        return fault_set(fault, 409, "test",
                         "Task \"%s\" is not staged or has not started yet.", id);
}

static int play(struct life *life, const json_t *step, json_t **ret, struct fault *fault)
{
        const char *op = json_text_of(step, "op", "");
        const json_t *args = json_object_get(step, "args"), *named = json_object_get(step, "kwargs");

        if (!strcmp(op, "request_workflow_status"))
                return conductor_request(life->conductor,
                                         status_of(json_string_value(json_array_get(args, 0))),
                                         fault);
        if (!strcmp(op, "get_next_tasks"))
                return play_next(life, ret, fault);
        if (!strcmp(op, "update_task_state"))
                return play_update(life, args, fault);
        if (!strcmp(op, "get_workflow_output"))
                return *ret = conductor_output(life->conductor), 0;
        if (!strcmp(op, "render_workflow_output"))
                return conductor_finish(life->conductor, fault);
        if (!strcmp(op, "request_workflow_rerun"))
                return play_rerun(life, step, fault);
        if (!strcmp(op, "get_task_transition_contexts"))
                return play_contexts(life, args, fault);
        if (!strcmp(op, "get_workflow_terminal_context"))
                return conductor_final_context(life->conductor, ret, fault);
        if (!strcmp(op, "has_next_tasks"))
                *ret = json_boolean(conductor_has_next(life->conductor,
                                                       json_text_of(named, "task_id", ""),
                                                       (unsigned)json_int_of(named, "route", 0)));
        return 0;
}

/* Step by step: what it returned or raised, and how the workflow stands after it. */
static bool check_step(struct life *life, const json_t *step)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *returned = NULL, *errors = NULL, *output = NULL, *status = NULL;
        const json_t *raises = json_object_get(step, "raises"), *wanted;
        int r = play(life, step, &returned, &fault);
        bool ok = life_cut(life);

        if (!ok)
                return false;
        errors = conductor_errors(life->conductor);
        output = conductor_output(life->conductor);
        status = json_string(status_name(conductor_status(life->conductor)));
        if ((r != 0) != (raises && !json_is_null(raises)) ||
            (r && strcmp(fault.what, json_text_of(raises, "message", "")))) {
                _json_ json_t *what = json_string(fault.what ? fault.what : "");

                ok = life_differs(life, "raises", r ? what : NULL, raises);
        }
        wanted = json_object_get(step, "returns");
        if (r == 0 && wanted && !same_values(returned, wanted))
                ok = life_differs(life, "returns", returned, wanted);
        wanted = json_object_get(step, "status");
        if (!same_values(status, wanted))
                ok = life_differs(life, "status", status, wanted);
        wanted = json_object_get(step, "errors");
        if (!same_errors(errors, wanted))
                ok = life_differs(life, "errors", errors, wanted);
        wanted = json_object_get(step, "output");
        return same_values(output, wanted) ? ok : life_differs(life, "output", output, wanted);
}

static bool is_running(const json_t *step)
{
        return !strcmp(json_text_of(step, "op", ""), "update_task_state") &&
                !strcmp(json_text_of(json_array_get(json_object_get(step, "args"), 2), "status", ""),
                        "running");
}

/* The tasks that a line starts before anything else: {"task 0": true …}. */
static json_t *wanted_of(const json_t *steps)
{
        json_t *wanted = json_object(), *step;
        size_t i;

        json_array_foreach(steps, i, step) {
                const json_t *args = json_object_get(step, "args");
                _free_ char *key = NULL;

                if (!is_running(step))
                        break;
                if (asprintf(&key, "%s %d", json_string_value(json_array_get(args, 0)),
                             (int)json_integer_value(json_array_get(args, 1))) > 0)
                        json_object_set_new(wanted, key, json_true());
        }
        return wanted;
}

static bool is_beginning(const json_t *steps)
{
        const json_t *first = json_array_get(steps, 0);
        const char *op = json_text_of(first, "op", "");

        return strcmp(op, "update_task_state") && strcmp(op, "request_workflow_rerun") &&
                (strcmp(op, "get_next_tasks") ||
                 strcmp(json_text_of(first, "status", ""), "running"));
}

/* Are exactly the wanted tasks next? */
static bool is_next(struct life *life, const json_t *wanted)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *next = NULL;
        const json_t *task;
        size_t i, found = 0;

        if (conductor_next_tasks(life->conductor, &next, &fault))
                return false;
        json_array_foreach(next, i, task) {
                _free_ char *key = NULL;

                if (asprintf(&key, "%s %d", json_text_of(task, "id", ""),
                             (int)json_int_of(task, "route", 0)) > 0)
                        found += json_object_get(wanted, key) != NULL;
        }
        return found && found == json_object_size(wanted) && found == json_array_size(next);
}

static json_t *requests_of(const json_t *wanted)
{
        json_t *requests = json_array(), *value;
        const char *key;

        json_object_foreach((json_t *)wanted, key, value) {
                const char *blank = strrchr(key, ' ');

                json_array_append_new(requests, json_pack("{s:s%, s:i}", "task_id", key,
                                                          (size_t)(blank - key), "route",
                                                          atoi(blank)));
        }
        return requests;
}

/* How many steps agree, played from here. */
static size_t agreeing(struct life *life, const json_t *steps)
{
        const json_t *step;
        size_t i, n = 0;

        json_array_foreach(steps, i, step)
                n += check_step(life, step);
        return n;
}

/* Which way leads to where the line begins: after a life, after its rerun, or n rounds of success. */
struct way {
        const json_t *kept;             /* NULL: from the start */
        enum { AFTER, AFTER_RERUN, AFTER_RERUN_OF } how;
        unsigned rounds;
};

static void round_of_success(struct life *life)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *next = NULL;
        const json_t *task;
        size_t i, step;

        if (conductor_next_tasks(life->conductor, &next, &fault))
                return;
        for (step = 0; step < 2; step++)
                json_array_foreach(next, i, task) {
                        struct conductor_event event =
                                CONDUCTOR_EVENT(step ? STATUS_SUCCEEDED : STATUS_RUNNING);

                        conductor_update(life->conductor, json_text_of(task, "id", ""),
                                         (unsigned)json_int_of(task, "route", 0), &event, &fault);
                }
}

static bool go(struct life *life, const struct way *way, const json_t *line, const json_t *wanted)
{
        _json_ json_t *requests = way->how == AFTER_RERUN_OF ? requests_of(wanted) : NULL;
        _fault_ struct fault fault = FAULT_INIT;

        if (way->kept) {
                if (life_revive(life, way->kept, &fault))
                        return false;
        } else if (life_begin(life, json_object_get(line, "definition"),
                              json_object_get(line, "inputs"), json_object_get(line, "context"),
                              &fault) ||
                   conductor_request(life->conductor, STATUS_RUNNING, &fault)) {
                return false;
        }
        for (unsigned i = 0; i < way->rounds; i++)
                round_of_success(life);
        if (way->how != AFTER && conductor_rerun(life->conductor, requests, &fault))
                return false;
        return !json_object_size(wanted) || is_next(life, wanted);
}

/* Play the line on this way; how many steps agree, and whether it leads to the line at all. */
static size_t try_way(const struct way *way, const json_t *line, const json_t *wanted,
                      struct outcome *ret, bool *ret_leads)
{
        struct life life = { .outcome = ret };
        size_t n = 0;

        *ret_leads = go(&life, way, line, wanted);
        if (*ret_leads)
                n = agreeing(&life, json_object_get(line, "steps"));
        if (*ret_leads && n == json_array_size(json_object_get(line, "steps")))
                json_array_append_new(ret->memory, life_keep(&life));
        life_deinit(&life);
        return n;
}

#define ROUNDS_MAX 16

/* The ways in turn, until one is found on which every step agrees; else the first that leads there. */
static void judge_middle(const json_t *line, struct outcome *ret)
{
        const json_t *definition = json_object_get(line, "definition");
        _json_ json_t *wanted = wanted_of(json_object_get(line, "steps"));
        size_t n = json_array_size(ret->memory), all = (n + 1) * (ROUNDS_MAX + 2);

        for (size_t i = 0; i < all && ret->agreed < ret->of; i++) {
                size_t at = i % (n + 1), turn = i / (n + 1);
                const json_t *kept = json_array_get(ret->memory, n - 1 - at);
                struct way way = { kept, AFTER, (unsigned)(turn > 2 ? turn - 2 : 0) };
                struct outcome got = { .memory = ret->memory };
                bool leads;

                if (turn == 1 || turn == 2)
                        way.how = turn == 1 ? AFTER_RERUN : AFTER_RERUN_OF;
                if (kept && !json_equal(json_object_get(kept, "definition"), definition))
                        continue;
                got.agreed = try_way(&way, line, wanted, &got, &leads);
                if (leads && (!ret->detail || got.agreed == ret->of)) {
                        free(ret->detail);
                        ret->detail = got.detail;
                        ret->agreed = got.agreed;
                        got.detail = NULL;
                }
                free(got.detail);
        }
        if (!ret->detail && ret->agreed < ret->of)
                outcome_set(ret, DIFFERED, "no way leads to where this line begins");
}

void judge_conductor(const json_t *line, struct outcome *ret)
{
        const json_t *steps = json_object_get(line, "steps");
        struct life life = { .outcome = ret };
        _fault_ struct fault fault = FAULT_INIT;

        ret->of = json_array_size(steps);
        if (!is_beginning(steps)) {
                judge_middle(line, ret);
        } else if (life_begin(&life, json_object_get(line, "definition"),
                              json_object_get(line, "inputs"), json_object_get(line, "context"),
                              &fault)) {
                outcome_set(ret, DIFFERED, "not begun: %s", fault.what);
        } else {
                ret->agreed = agreeing(&life, steps);
                json_array_append_new(ret->memory, life_keep(&life));
        }
        ret->verdict = ret->agreed == ret->of ? AGREED : DIFFERED;
        life_deinit(&life);
}
