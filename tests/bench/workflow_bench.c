/* SPDX-License-Identifier: Apache-2.0 */

/*
 * conductor.scale_ratio and items.scale_ratio: what a task costs in a chain of 1,000 over one of 10,
 * and an item of 10,000 over one of 10, the conductor alone, each step's records taken. The best of
 * several rounds, since a machine that does other things makes no round faster.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "workflow/conductor.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 7

static double now(void)
{
        struct timespec time;

        clock_gettime(CLOCK_MONOTONIC, &time);
        return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static json_t *chain(unsigned n)
{
        json_t *tasks = json_object();

        for (unsigned i = 0; i < n; i++) {
                json_t *task = json_pack("{s:s, s:{s:s}}", "action", "core.echo", "input",
                                         "message", "<% ctx().last %>");
                char id[16], next[16];

                snprintf(id, sizeof id, "t%u", i);
                snprintf(next, sizeof next, "t%u", i + 1);
                if (i + 1 < n)
                        json_object_set_new(task, "next",
                                            json_pack("[{s:s, s:[{s:s}], s:s}]", "when",
                                                      "<% succeeded() %>", "publish", "last",
                                                      "<% result() %>", "do", next));
                json_object_set_new(tasks, id, task);
        }
        return json_pack("{s:[{s:s}], s:o}", "vars", "last", "", "tasks", tasks);
}

static json_t *with_items(unsigned n)
{
        json_t *list = json_array();

        for (unsigned i = 0; i < n; i++)
                json_array_append_new(list, json_integer(i));
        return json_pack("{s:[{s:o}], s:{s:{s:{s:s, s:i}, s:s}}}", "vars", "xs", list, "tasks", "t",
                         "with", "items", "<% ctx().xs %>", "concurrency", 5, "action",
                         "core.echo message=<% item() %>");
}

static void tell(struct conductor *conductor, const json_t *task, enum status status)
{
        const json_t *actions = json_object_get(task, "actions"), *action;
        _json_ json_t *result = json_string("a result");
        _fault_ struct fault fault = FAULT_INIT;
        size_t i;

        json_array_foreach(actions, i, action) {
                struct conductor_event event = {
                        .status = status, .item = json_int_of(action, "item_id", -1),
                        .result = status == STATUS_SUCCEEDED ? result : NULL,
                };

                if (conductor_update(conductor, json_text_of(task, "id", ""), 0, &event, &fault))
                        fprintf(stderr, "%s\n", fault.what);
                json_decref(conductor_take_delta(conductor));
        }
}

/* Seconds of a whole life. */
static double live(struct workflow *workflow)
{
        struct conductor_setup setup = { .workflow = workflow };
        struct conductor *conductor = NULL;
        double from = now();
        bool any = true;

        if (conductor_new(&setup, &conductor, NULL) ||
            conductor_request(conductor, STATUS_RUNNING, NULL))
                return 0;
        while (any) {
                _json_ json_t *next = NULL;
                const json_t *task;
                size_t i;

                if (conductor_next_tasks(conductor, &next, NULL))
                        break;
                any = json_array_size(next) > 0;
                json_array_foreach(next, i, task)
                        tell(conductor, task, STATUS_RUNNING);
                json_array_foreach(next, i, task)
                        tell(conductor, task, STATUS_SUCCEEDED);
        }
        if (conductor_status(conductor) != STATUS_SUCCEEDED)
                fprintf(stderr, "it ended %s\n", status_name(conductor_status(conductor)));
        conductor_free(conductor);
        return now() - from;
}

/* The best seconds a piece, over enough lives that a short one can be timed. */
static double piece(json_t *definition, unsigned n, unsigned lives)
{
        struct workflow *workflow = NULL;
        double best = 1e9;

        if (workflow_compile(definition, NULL, &workflow, NULL))
                return 0;
        for (int round = 0; round < ROUNDS; round++) {
                double sum = 0;

                for (unsigned i = 0; i < lives; i++)
                        sum += live(workflow);
                if (sum / lives / n < best)
                        best = sum / lives / n;
        }
        workflow_unref(workflow);
        json_decref(definition);
        return best;
}

int main(void)
{
        double ten = piece(chain(10), 10, 200), thousand = piece(chain(1000), 1000, 2);
        double few = piece(with_items(10), 10, 200), many = piece(with_items(10000), 10000, 1);

        printf("conductor.tasks_per_s %.0f\n", 1 / thousand);
        printf("conductor.scale_ratio %.2f\n", thousand / ten);
        printf("items.per_s %.0f\n", 1 / many);
        printf("items.scale_ratio %.2f\n", many / few);
        return 0;
}
