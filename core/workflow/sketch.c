/* SPDX-License-Identifier: Apache-2.0 */

/* The graph as a definition draws it, right or not: for what an inspection asks about ways. */
#include "workflow/inspect.h"

#include "base/cleanup.h"
#include "base/map.h"
#include "workflow/cycles.h"
#include "workflow/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const commands[] = { "noop", "fail", "continue", "retry" };

#define COMMANDS (sizeof commands / sizeof *commands)

struct drawing {
        struct sketch *sketch;
        const struct map *at;
        struct sketch_task *task;
        size_t room;
};

static int draw_edge(void *arg, const char *name, size_t len, size_t index,
                     const json_t *transition)
{
        struct drawing *drawing = arg;
        struct sketch_task *task = drawing->task;
        _free_ char *copy = strndup(name, len);
        size_t to = copy ? (size_t)map_get(drawing->at, copy) : 0;

        if (!copy)
                return -ENOMEM;
        if (!to)
                return 0;
        if (list_grow((void **)&task->out, &drawing->room, task->out_count, sizeof *task->out))
                return -ENOMEM;
        task->out[task->out_count++] = (struct sketch_edge){
                to - 1, index, json_object_get(transition, "when") != NULL
        };
        drawing->sketch->task[to - 1].in_count++;
        return 0;
}

static int by_name(const void *a, const void *b, void *arg)
{
        const struct sketch *sketch = arg;

        return strcmp(sketch->names[*(const size_t *)a], sketch->names[*(const size_t *)b]);
}

static int edges_by_name(const void *a, const void *b, void *arg)
{
        const struct sketch_edge *x = a, *y = b;
        const struct sketch *sketch = arg;
        int order = strcmp(sketch->names[x->to], sketch->names[y->to]);

        return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

static int starts_find(struct sketch *sketch)
{
        sketch->starts = calloc(sketch->count + 1, sizeof *sketch->starts);
        if (!sketch->starts)
                return -ENOMEM;
        for (size_t i = 0; i < sketch->count; i++)
                if (!sketch->task[i].in_count)
                        sketch->starts[sketch->start_count++] = i;
        qsort_r(sketch->starts, sketch->start_count, sizeof *sketch->starts, by_name, sketch);
        return 0;
}

static int reach(struct sketch *sketch)
{
        _free_ size_t *stack = calloc(sketch->all + 1, sizeof *stack);
        size_t top = 0;

        if (!stack)
                return -ENOMEM;
        for (size_t i = 0; i < sketch->start_count; i++) {
                sketch->task[sketch->starts[i]].is_reached = true;
                stack[top++] = sketch->starts[i];
        }
        while (top) {
                const struct sketch_task *task = &sketch->task[stack[--top]];

                for (size_t i = 0; i < task->out_count; i++) {
                        size_t to = task->out[i].to;

                        if (!sketch->task[to].is_reached)
                                stack[top++] = to;
                        sketch->task[to].is_reached = true;
                }
        }
        return 0;
}

static int draw(struct sketch *sketch)
{
        struct map at = MAP_INIT;
        const char *name;
        json_t *task;
        size_t i = 0;
        int r = 0;

        json_object_foreach((json_t *)sketch->tasks, name, task)
                sketch->names[i++] = name;
        for (size_t k = 0; k < COMMANDS; k++)
                sketch->names[i++] = commands[k];
        for (i = sketch->all; r == 0 && i-- > 0;)
                r = map_put(&at, sketch->names[i], (void *)(i + 1), NULL);
        for (i = 0; r == 0 && i < sketch->count; i++) {
                struct drawing drawing = { sketch, &at, &sketch->task[i], 0 };

                task = json_object_get(sketch->tasks, sketch->names[i]);
                sketch->task[i].is_join = json_object_get(task, "join") &&
                        !json_is_null(json_object_get(task, "join"));
                r = spec_each_next(task, draw_edge, &drawing);
                if (sketch->task[i].out_count)
                        qsort_r(sketch->task[i].out, sketch->task[i].out_count,
                                sizeof *sketch->task[i].out, edges_by_name, sketch);
        }
        map_deinit(&at, NULL);
        return r;
}

static bool next_of(const void *graph, unsigned at, size_t k, unsigned *ret)
{
        const struct sketch_task *task = &((const struct sketch *)graph)->task[at];

        if (k >= task->out_count)
                return false;
        *ret = (unsigned)task->out[k].to;
        return true;
}

static int cycles_mark(struct sketch *sketch)
{
        _free_ unsigned *component = calloc(sketch->all, sizeof *component);
        _free_ bool *is_in_cycle = calloc(sketch->all, sizeof *is_in_cycle);
        int r = component && is_in_cycle ?
                cycles_find(sketch, (unsigned)sketch->all, next_of, component, is_in_cycle) :
                -ENOMEM;

        for (size_t i = 0; r == 0 && i < sketch->all; i++) {
                sketch->task[i].component = component[i];
                sketch->task[i].is_in_cycle = is_in_cycle[i];
        }
        return r;
}

int sketch_make(const json_t *tasks, struct sketch *ret)
{
        int r;

        *ret = (struct sketch){ .tasks = tasks, .count = json_object_size(tasks) };
        ret->all = ret->count + COMMANDS;
        ret->names = calloc(ret->all, sizeof *ret->names);
        ret->task = calloc(ret->all, sizeof *ret->task);
        if (!ret->names || !ret->task)
                return -ENOMEM;
        r = draw(ret);
        if (r == 0)
                r = starts_find(ret);
        if (r == 0)
                r = reach(ret);
        return r ? r : cycles_mark(ret);
}

void sketch_deinit(struct sketch *sketch)
{
        for (size_t i = 0; sketch->task && i < sketch->all; i++)
                free(sketch->task[i].out);
        free(sketch->task);
        free(sketch->names);
        free(sketch->starts);
}
