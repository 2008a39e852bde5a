/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rehearsals: a whole run with given results, judged by what comes out; and inspections.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which recorded result is for this run of a task: StackStorm's own choice. */
static json_t *mock_for(const json_t *mocks, const char *task_id, int64_t seq)
{
        json_t *mock, *found = NULL;
        size_t i;

        json_array_foreach(mocks, i, mock) {
                int64_t iter = json_int_of(mock, "iter_id", 0), num = json_int_of(mock, "num_iter", 1);
                int64_t at = json_int_of(mock, "pos", iter - 1);

                if (found || strcmp(json_text_of(mock, "task_id", ""), task_id) ||
                    at >= iter + num - 1)
                        continue;
                if (seq >= 0 && json_int_of(mock, "seq_id", -1) != seq)
                        continue;
                found = mock;
        }
        if (found && seq < 0 && json_object_get(found, "seq_id") &&
            !json_is_null(json_object_get(found, "seq_id")))
                return NULL;
        return found;
}

struct running {
        char id[256];
        unsigned route;
        int64_t seq, items;
};

static int rehearse_end(struct life *life, const json_t *mocks, struct running *run, json_t *counts,
                        struct fault *fault)
{
        json_t *mock = mock_for(mocks, run->id, run->seq);
        const json_t *result;
        struct conductor_event event = CONDUCTOR_EVENT(STATUS_SUCCEEDED);

        if (!mock)
                mock = mock_for(mocks, run->id, -1);
        result = json_object_get(mock, "result");
        if (mock)
                json_object_set_new(mock, "pos",
                                    json_integer(json_int_of(mock, "pos",
                                                             json_int_of(mock, "iter_id", 0) - 1) + 1));
        event.status = status_of(json_text_of(mock, "status", "succeeded"));
        event.result = json_is_null(result) ? NULL : result;
        if (run->items >= 0) {
                int64_t done = json_int_of(counts, run->id, 0);

                event.item = json_int_of(mock, "item_id", done);
                json_object_set_new(counts, run->id, json_integer(done + 1));
        }
        return conductor_update(life->conductor, run->id, run->route, &event, fault);
}

static size_t sequence_length(const struct life *life)
{
        _json_ json_t *tasks = conductor_tasks(life->conductor);

        return json_array_size(tasks);
}

/* All that may start starts, then all of it ends: as StackStorm rehearses. */
static int rehearse_round(struct life *life, const json_t *mocks, const json_t *next, json_t *counts,
                          struct fault *fault)
{
        static const struct conductor_event running = CONDUCTOR_EVENT(STATUS_RUNNING);
        size_t n = json_array_size(next), i;
        _free_ struct running *runs = calloc(n + 1, sizeof *runs);
        const json_t *task;
        int r = 0;

        json_array_foreach(next, i, task) {
                const json_t *count = json_object_get(task, "items_count");

                snprintf(runs[i].id, sizeof runs[i].id, "%s", json_text_of(task, "id", ""));
                runs[i].route = (unsigned)json_int_of(task, "route", 0);
                runs[i].items = json_is_integer(count) ? json_integer_value(count) : -1;
                if (r == 0)
                        r = conductor_update(life->conductor, runs[i].id, runs[i].route, &running,
                                             fault);
                runs[i].seq = (int64_t)sequence_length(life) - 1;
        }
        for (i = 0; r == 0 && i < n; i++)
                r = rehearse_end(life, mocks, &runs[i], counts, fault);
        return r;
}

static int rehearse(struct life *life, const json_t *mocks, struct fault *fault)
{
        _json_ json_t *counts = json_object();
        int r = 0;

        for (unsigned round = 0; r == 0 && round < 10000; round++) {
                _json_ json_t *next = NULL;

                r = conductor_next_tasks(life->conductor, &next, fault);
                if (r || !json_array_size(next))
                        break;
                r = rehearse_round(life, mocks, next, counts, fault);
                if (r == 0 && !life_cut(life))
                        r = FAULT;
        }
        return r ? r : conductor_finish(life->conductor, fault);
}

/* [task or task__rN, …] of the runs in order; with terminal only those at an end. */
static json_t *sequence(const struct life *life, bool terminal)
{
        _json_ json_t *tasks = conductor_tasks(life->conductor);
        json_t *list = json_array(), *task;
        size_t i;

        json_array_foreach(tasks, i, task)
                if (!terminal || json_bool_of(task, "term", false))
                        json_array_append_new(list, json_sprintf("%s__r%d",
                                                                 json_text_of(task, "id", ""),
                                                                 (int)json_int_of(task, "route", 0)));
        return list;
}

static json_t *in_full(const json_t *names)
{
        json_t *list = json_array(), *name;
        size_t i;

        json_array_foreach(names, i, name)
                json_array_append_new(list, strstr(json_string_value(name), "__r") ?
                                      json_incref(name) :
                                      json_sprintf("%s__r0", json_string_value(name)));
        return list;
}

static int by_text(const void *a, const void *b)
{
        return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

static json_t *sorted(json_t *names)
{
        json_t *all[1000], *list = json_array(), *name;
        size_t i;

        json_array_foreach(names, i, name)
                all[i] = name;
        qsort(all, json_array_size(names), sizeof *all, by_text);
        for (i = 0; i < json_array_size(names); i++)
                json_array_append(list, all[i]);
        json_decref(names);
        return list;
}

static bool expect(struct life *life, const json_t *wanted, const char *what, json_t *got)
{
        bool ok = !wanted || same_values(got, wanted);

        if (!ok)
                life_differs(life, what, got, wanted);
        json_decref(got);
        return ok;
}

static bool check_end(struct life *life, const json_t *wanted)
{
        _json_ json_t *order = in_full(json_object_get(wanted, "expected_task_sequence"));
        _json_ json_t *ends = sorted(in_full(json_object_get(wanted, "expected_term_tasks")));
        _json_ json_t *status = json_string(json_text_of(wanted, "expected_workflow_status",
                                                         "succeeded"));
        _json_ json_t *routes = json_incref(json_object_get(wanted, "expected_routes"));
        bool ok = true;

        if (!routes)
                routes = json_pack("[[]]");
        ok &= expect(life, order, "sequence", sequence(life, false));
        ok &= expect(life, routes, "routes", conductor_routes(life->conductor));
        ok &= expect(life, status, "status",
                     json_string(status_name(conductor_status(life->conductor))));
        if (json_object_get(wanted, "expected_term_tasks"))
                ok &= expect(life, ends, "ends", sorted(sequence(life, true)));
        ok &= expect(life, json_object_get(wanted, "expected_errors"), "errors",
                     conductor_errors(life->conductor));
        return ok & expect(life, json_object_get(wanted, "expected_output"), "output",
                           conductor_output(life->conductor));
}

/*
 * A rerun's line holds the state of the run before it: that run is made again, its tasks ending as
 * they are recorded there, and then the rerun.
 */
static json_t *mocks_of(const json_t *state)
{
        json_t *mocks = json_array(), *task;
        size_t i;

        json_array_foreach(json_object_get(json_object_get(state, "state"), "sequence"), i, task)
                json_array_append_new(mocks, json_pack("{s:s, s:i, s:s}", "task_id",
                                                       json_text_of(task, "id", ""), "seq_id",
                                                       (int)i, "status",
                                                       json_text_of(task, "status", "succeeded")));
        return mocks;
}

/* The state may have seen reruns itself: from the tasks that failed, as often as it takes. */
static int rehearse_before(struct life *life, const json_t *wanted, struct fault *fault)
{
        const json_t *state = json_object_get(wanted, "workflow_state");
        size_t tasks = json_array_size(json_object_get(json_object_get(state, "state"), "sequence"));
        _json_ json_t *mocks = mocks_of(state);
        int r = rehearse(life, mocks, fault);

        for (size_t before = 0; r == 0 && sequence_length(life) < tasks;) {
                if (before == sequence_length(life))
                        break;
                before = sequence_length(life);
                r = conductor_rerun(life->conductor, NULL, fault);
                if (r == 0)
                        r = rehearse(life, mocks, fault);
        }
        return r ? r : conductor_rerun(life->conductor, json_object_get(wanted, "rerun_tasks"),
                                       fault);
}

static bool judge_complaints(const json_t *definition, const json_t *complaints,
                             struct outcome *ret)
{
        _json_ json_t *list = workflow_inspect(definition, NULL, NULL);
        _json_ json_t *got = inspection_by_category(list);

        if (same_inspections(got, complaints))
                return true;
        outcome_compare(ret, complaints, got);
        return false;
}

static bool judge_run(struct life *life, const json_t *line, struct outcome *ret)
{
        const json_t *wanted = json_object_get(line, "case");
        const json_t *state = json_object_get(wanted, "workflow_state");
        const json_t *definition = state ? json_object_get(json_object_get(state, "spec"), "spec") :
                json_object_get(line, "definition");
        const json_t *complaints = json_object_get(wanted, "expected_inspection_errors");
        _fault_ struct fault fault = FAULT_INIT;
        int r;

        if (json_object_size(complaints))
                return judge_complaints(definition, complaints, ret);
        r = life_begin(life, definition, state ? json_object_get(state, "input") :
                       json_object_get(wanted, "inputs"), NULL, &fault);
        if (r == 0)
                r = conductor_request(life->conductor, STATUS_RUNNING, &fault);
        if (r == 0 && state)
                r = rehearse_before(life, wanted, &fault);
        if (r == 0)
                r = rehearse(life, json_object_get(wanted, "mock_action_executions"), &fault);
        if (r)
                outcome_set(ret, DIFFERED, "%s", fault.what ? fault.what : "no memory");
        return r == 0 && check_end(life, wanted);
}

/* Upstream's test of what reads rehearsals makes some up that it never runs. */
static bool is_made_up(const json_t *line)
{
        return strstr(json_text_of(line, "test", ""), ".WorkflowRehearsalSpecTest.test_load_") != NULL;
}

void judge_rehearsal(const json_t *line, struct outcome *ret)
{
        struct life life = { .outcome = ret };

        ret->verdict = judge_run(&life, line, ret) ? AGREED : DIFFERED;
        if (ret->verdict == DIFFERED && is_made_up(line))
                outcome_set(ret, SKIPPED, "upstream reads this one and never runs it");
        life_deinit(&life);
}

void judge_inspection(const json_t *line, struct outcome *ret)
{
        const json_t *names = json_object_get(json_object_get(line, "args"), "app_ctx");
        const json_t *wanted = json_object_get(line, "returns");
        _json_ json_t *list = workflow_inspect(json_object_get(line, "definition"), names, NULL);
        _json_ json_t *got = inspection_by_category(list);

        ret->verdict = AGREED;
        if (!same_inspections(got, wanted))
                outcome_compare(ret, wanted, got);
}
