/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is asked beyond the definition itself: whether the actions that it names exist and take
 * what they are given; and what StackStorm does not ask: tasks that nothing leads to, and cycles
 * that nothing leaves.
 */
#include "workflow/inspect.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "expr/expr.h"
#include "workflow/params.h"

#include <errno.h>
#include <string.h>

static int add_content(json_t *list, const char *task, const char *part, char *message)
{
        _free_ char *spec = inspect_say("tasks.%s.%s", task, part);
        _free_ char *schema = inspect_say(SPEC_ANY_TASK ".properties.%s", part);

        return inspect_add(list, "content", spec, schema, message);
}

static bool is_needed(const json_t *parameter)
{
        return json_is_true(json_object_get(parameter, "required")) &&
                !json_object_get(parameter, "default");
}

static int check_input(const char *task, const char *action, const json_t *input,
                       const json_t *parameters, json_t *list)
{
        const char *name;
        json_t *value;
        int r = 0;

        json_object_foreach((json_t *)parameters, name, value)
                if (r == 0 && is_needed(value) && !json_object_get(input, name))
                        r = add_content(list, task, "input",
                                        inspect_say("Action \"%s\" is missing required input "
                                                    "\"%s\".", action, name));
        json_object_foreach((json_t *)input, name, value)
                if (r == 0 && !json_object_get(parameters, name))
                        r = add_content(list, task, "input",
                                        inspect_say("Action \"%s\" has unexpected input \"%s\".",
                                                    action, name));
        return r;
}

static int check_action(const char *task, const char *written, const json_t *input,
                        const struct workflow_catalog *catalog, json_t *list)
{
        _json_ json_t *params = params_object(written);
        _json_ json_t *ref = json_stringn(written, json_object_size(params) ?
                                          strcspn(written, " ") : strlen(written));
        const json_t *parameters;

        if (!params || !ref)
                return -ENOMEM;
        if (json_object_size(params))
                input = params;
        if (expr_has_expressions(ref) || json_is_string(input))
                return 0;
        parameters = catalog->parameters(catalog->user, json_string_value(ref));
        if (!parameters)
                return add_content(list, task, "action",
                                   inspect_say("The action \"%s\" is not registered in the "
                                               "database.", json_string_value(ref)));
        return check_input(task, json_string_value(ref), input, parameters, list);
}

int inspect_content(const json_t *tasks, const struct workflow_catalog *catalog, json_t *list)
{
        const char *name;
        json_t *task;
        int r = 0;

        json_object_foreach((json_t *)tasks, name, task) {
                const char *action = json_text_of(task, "action", NULL);

                if (r == 0 && action)
                        r = check_action(name, action, json_object_get(task, "input"), catalog,
                                         list);
        }
        return r;
}

static int add_warning(json_t *list, const char *task, char *message)
{
        _free_ char *spec = inspect_say("tasks.%s", task);

        return inspect_add(list, "warning", spec, SPEC_ANY_TASK, message);
}

static int lost_tasks(const struct sketch *sketch, json_t *list)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < sketch->count; i++)
                if (!sketch->task[i].is_reached)
                        r = add_warning(list, sketch->names[i],
                                        inspect_say("The task \"%s\" is never reached from a start "
                                                    "task.", sketch->names[i]));
        return r;
}

/* Does the task always go on within its cycle, and never out of it? */
static bool goes_round(const struct sketch *sketch, size_t at)
{
        const struct sketch_task *task = &sketch->task[at];
        bool always = false;

        for (size_t i = 0; i < task->out_count; i++) {
                if (sketch->task[task->out[i].to].component != task->component)
                        return false;
                always |= !task->out[i].is_bound;
        }
        return always;
}

static int endless_cycles(const struct sketch *sketch, json_t *list)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < sketch->count; i++) {
                _text_ struct text members = TEXT_INIT;
                bool is_endless = sketch->task[i].is_in_cycle && sketch->task[i].component == i;

                for (size_t k = 0; is_endless && k < sketch->count; k++) {
                        if (sketch->task[k].component != i)
                                continue;
                        is_endless = goes_round(sketch, k);
                        text_addf(&members, "%s\"%s\"", members.len ? ", " : "", sketch->names[k]);
                }
                if (is_endless)
                        r = add_warning(list, sketch->names[i],
                                        inspect_say("The cycle of %s has no way out: each task "
                                                    "always leads on within it.", members.s));
        }
        return r;
}

int inspect_warnings(const json_t *tasks, json_t *list)
{
        _cleanup_(sketch_deinit) struct sketch sketch;
        int r = sketch_make(tasks, &sketch);

        if (r == 0)
                r = lost_tasks(&sketch, list);
        return r ? r : endless_cycles(&sketch, list);
}
