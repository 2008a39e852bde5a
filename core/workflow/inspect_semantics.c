/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What can be wrong with tasks that are well-formed. The searches go the way StackStorm's go, since
 * which of several complaints comes, and how often, depends on it.
 */
#include "workflow/inspect.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "workflow/evaluate.h"
#include "workflow/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add_at(json_t *list, const char *task, const char *below, char *message)
{
        _free_ char *spec = inspect_say("tasks.%s%s", task, below);

        return inspect_add(list, "semantic", spec, SPEC_ANY_TASK, message);
}

static int reserved_names(const struct sketch *sketch, json_t *list)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < sketch->count; i++)
                if (command_is_reserved(sketch->names[i]))
                        r = add_at(list, sketch->names[i], "",
                                   inspect_say("The task name \"%s\" is reserved with special "
                                               "function.", sketch->names[i]));
        return r;
}

static int start_tasks(const struct sketch *sketch, json_t *list)
{
        if (!sketch->count || sketch->start_count)
                return 0;
        return inspect_add(list, "semantic", "tasks", "properties.tasks",
                           inspect_say("Unable to identify any tasks to start the workflow. If the "
                                       "workflow has a loop, please add a task that serves as an "
                                       "entry point (or lead) into the loop."));
}

struct search {
        const struct sketch *sketch;
        json_t *list;
        const char *task;
        bool *traversed, *queued;
        size_t *queue, head, tail;
};

static size_t find(const struct sketch *sketch, const char *name, size_t len)
{
        for (size_t i = 0; i < sketch->all; i++)
                if (!strncmp(sketch->names[i], name, len) && !sketch->names[i][len])
                        return i;
        return sketch->all;
}

static int see_next(void *arg, const char *name, size_t len, size_t index,
                    const json_t *transition)
{
        struct search *search = arg;
        size_t at = find(search->sketch, name, len);
        _free_ char *spec = NULL;

        (void)transition;
        if (at == search->sketch->all) {
                spec = inspect_say("tasks.%s.next[%zu].do", search->task, index);
                return inspect_add(search->list, "semantic", spec,
                                   SPEC_ANY_TASK ".properties.next.items.properties.do",
                                   inspect_say("The task \"%.*s\" is not defined.", (int)len,
                                               name));
        }
        if (at < search->sketch->count && !search->traversed[at] && !search->queued[at] &&
            !command_is_reserved(search->sketch->names[at])) {
                search->queued[at] = true;
                search->queue[search->tail++] = at;
        }
        return 0;
}

static int undefined_tasks(const struct sketch *sketch, json_t *list)
{
        _free_ bool *traversed = calloc(sketch->all, sizeof *traversed);
        _free_ bool *queued = calloc(sketch->all, sizeof *queued);
        _free_ size_t *queue = calloc(sketch->all * 2, sizeof *queue);
        struct search search = { sketch, list, NULL, traversed, queued, queue, 0, 0 };
        int r = traversed && queued && queue ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < sketch->start_count; i++)
                queue[search.tail++] = sketch->starts[i];
        while (r == 0 && search.head < search.tail) {
                size_t at = queue[search.head++];

                search.task = sketch->names[at];
                traversed[at] = true;
                r = spec_each_next(json_object_get(sketch->tasks, search.task), see_next, &search);
        }
        return r;
}

static int actionless_items(const struct sketch *sketch, json_t *list)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < sketch->count; i++) {
                const json_t *task = json_object_get(sketch->tasks, sketch->names[i]);
                const json_t *with = json_object_get(task, "with");

                if (json_is_object(with) && json_object_size(with) &&
                    !is_truthy(json_object_get(task, "action")))
                        r = add_at(list, sketch->names[i], "",
                                   inspect_say("The action property is required for with items "
                                               "task."));
        }
        return r;
}

int inspect_semantics(const json_t *tasks, json_t *list)
{
        _cleanup_(sketch_deinit) struct sketch sketch;
        int r = sketch_make(tasks, &sketch);

        if (r == 0)
                r = reserved_names(&sketch, list);
        if (r == 0)
                r = start_tasks(&sketch, list);
        if (r == 0)
                r = undefined_tasks(&sketch, list);
        if (r == 0)
                r = inspect_joins(&sketch, list);
        return r ? r : actionless_items(&sketch, list);
}
