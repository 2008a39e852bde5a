/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What to start: the staged tasks that are ready, rendered. Of a `with` task all items are rendered
 * when it is first asked for, so that one that cannot be fails the workflow before anything ran;
 * after that an item costs only itself.
 */
#include "workflow/evaluate.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int render(struct scope *scope, json_int_t item, json_t **ret, struct fault *fault)
{
        _json_ json_t *action = NULL, *input = NULL;
        int r = evaluate(scope->node->action, scope, &action, fault);

        if (r == 0)
                r = evaluate(scope->node->input, scope, &input, fault);
        if (r)
                return r;
        *ret = json_pack("{s:O, s:O}", "action", action, "input", input);
        if (*ret && item >= 0 && json_object_set_new(*ret, "item_id", json_integer(item)))
                return -ENOMEM;
        return *ret ? 0 : -ENOMEM;
}

/* What item() gives: the parts by name, where names were given. New reference. */
static json_t *item_of(const struct node *node, json_t *item)
{
        json_t *named;
        size_t n = json_array_size(item);

        if (!node->keys || (!json_is_array(item) && node->keys[1]))
                return json_incref(item);
        named = json_object();
        if (!json_is_array(item))
                json_object_set(named, node->keys[0], item);
        for (size_t i = 0; i < n && node->keys[i]; i++)
                json_object_set(named, node->keys[i], json_array_get(item, i));
        return named;
}

static int render_item(struct scope *scope, const struct items *items, size_t index, json_t **ret,
                       struct fault *fault)
{
        _json_ json_t *item = item_of(scope->node, json_array_get(items->list, index));
        int r;

        if (!item)
                return -ENOMEM;
        scope->item = item;
        r = render(scope, (json_int_t)index, ret, fault);
        scope->item = NULL;
        return r;
}

static int list_items(struct scope *scope, json_t **ret, struct fault *fault)
{
        const struct node *node = scope->node;
        size_t limit = scope->c->workflow->limits.items;
        json_t *list = NULL;
        int r = evaluate(node->items, scope, &list, fault);

        if (r)
                return r;
        if (!json_is_array(list)) {
                json_decref(list);
                return refuse(fault, 422, "workflow.type", "TypeError",
                              "The value of \"%s\" is not type of list.", node->items_text);
        }
        if (json_array_size(list) > limit) {
                refuse(fault, 422, "workflow.limit", "WorkflowLimitError", "\"%s\" has %zu items; "
                       "%zu are allowed (setting limits.workflow_items)", node->items_text,
                       json_array_size(list), limit);
                json_decref(list);
                return FAULT;
        }
        *ret = list;
        return 0;
}

static int render_items(struct scope *scope, struct items *items, struct fault *fault)
{
        int r = 0;

        items->rendered = calloc(items->count + 1, sizeof(json_t *));
        if (!items->rendered)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < items->count; i++)
                r = render_item(scope, items, i, &items->rendered[i], fault);
        return r;
}

CLEANUP_DEFINE(struct items *, items_free);

static int items_prepare(struct scope *scope, struct staged *staged, struct fault *fault)
{
        _cleanup_(items_freep) struct items *items = NULL;
        _json_ json_t *list = NULL;
        int r;

        if (staged->items && staged->items->count)
                return 0;
        r = list_items(scope, &list, fault);
        if (r)
                return r;
        items = items_new(list);
        r = items ? render_items(scope, items, fault) : -ENOMEM;
        if (r)
                return r;
        staged_drop_items(staged);
        staged->items = TAKE(items);
        return staged_mark(scope->c, staged);
}

static size_t active(const struct items *items)
{
        size_t n = 0;

        for (int i = 0; i < STATUS_COUNT; i++)
                n += status_is_active((enum status)i) ? items->by_status[i] : 0;
        return n;
}

/* Those items that have not run, as many as may run beside those that do. */
static int items_actions(struct scope *scope, struct items *items, int64_t at_once, json_t *actions,
                         struct fault *fault)
{
        size_t room = at_once > 0 ? (size_t)at_once : items->count, busy = active(items);
        bool is_first = true;

        room = room > busy ? room - busy : 0;
        for (size_t i = items->next; room && i < items->count; i++) {
                json_t *action = items->rendered ? json_incref(items->rendered[i]) : NULL;
                int r = 0;

                if (items->item[i].status != STATUS_UNSET) {
                        json_decref(action);
                        continue;
                }
                if (is_first)
                        items->next = i;
                is_first = false;
                if (!action)
                        r = render_item(scope, items, i, &action, fault);
                if (r)
                        return r;
                if (json_array_append_new(actions, action))
                        return -ENOMEM;
                room--;
        }
        return 0;
}

static int concurrency(struct scope *scope, int64_t *ret, bool *ret_is_there, struct fault *fault)
{
        const struct number *number = &scope->node->concurrency;
        _json_ json_t *value = NULL;
        int r;

        *ret_is_there = false;
        if (!number->is_there)
                return 0;
        if (!number->value) {
                *ret = json_integer_value(number->source);
                *ret_is_there = true;
        } else {
                r = evaluate(number->value, scope, &value, fault);
                if (r || json_is_null(value))
                        return r;
                if (!json_is_integer(value))
                        return refuse(fault, 422, "workflow.type", "TypeError",
                                      "The value of concurrency is not type of integer.");
                *ret = json_integer_value(value);
                *ret_is_there = true;
        }
        if (*ret <= 0)
                *ret = 1;
        return 0;
}

static void set_number(json_t *task, const char *name, bool is_there, int64_t value)
{
        json_object_set_new(task, name, is_there ? json_integer(value) : json_null());
}

static int with_task(struct scope *scope, struct staged *staged, json_t *task, json_t *actions,
                     struct fault *fault)
{
        int64_t at_once = 0;
        bool is_bounded = false;
        int r = items_prepare(scope, staged, fault);

        if (r == 0)
                r = concurrency(scope, &at_once, &is_bounded, fault);
        if (r == 0)
                r = items_actions(scope, staged->items, is_bounded ? at_once : 0, actions, fault);
        if (r)
                return r;
        set_number(task, "items_count", true, (int64_t)staged->items->count);
        set_number(task, "concurrency", is_bounded, at_once);
        return 0;
}

static int plain_task(struct scope *scope, json_t *actions, struct fault *fault)
{
        json_t *action = NULL;
        int r = render(scope, -1, &action, fault);

        return r ? r : json_array_append_new(actions, action) ? -ENOMEM : 0;
}

static int delays(struct scope *scope, const struct staged *staged, json_t *task,
                  struct fault *fault)
{
        const struct node *node = scope->node;
        int64_t delay = 0, timeout = 0;
        bool has_delay = node->delay.is_there &&
                (node->delay.value || json_integer_value(node->delay.source));
        int r = 0;

        if (has_delay)
                r = evaluate_number(&node->delay, scope, &delay, "TypeError",
                                    "The value of task delay is not type of integer.", fault);
        if (r == 0 && node->timeout.is_there)
                r = evaluate_number(&node->timeout, scope, &timeout, "TypeError",
                                    "The value of task timeout is not type of integer.", fault);
        if (r)
                return r;
        set_number(task, "delay", has_delay || staged->is_retry,
                   staged->is_retry ? staged->retry_delay : delay);
        set_number(task, "timeout", node->timeout.is_there, timeout);
        return 0;
}

static int task_of(struct conductor *c, struct staged *staged, json_t **ret, struct fault *fault)
{
        struct scope scope = { .c = c, .vars = staged->in, .node = staged->node,
                               .route = staged->route };
        _json_ json_t *task = json_pack("{s:s, s:i, s:[], s:n, s:n}", "id", staged->node->name,
                                        "route", (int)staged->route, "actions", "items_count",
                                        "concurrency");
        json_t *actions = json_object_get(task, "actions");
        int r = !task ? -ENOMEM : staged->node->has_items ?
                with_task(&scope, staged, task, actions, fault) :
                plain_task(&scope, actions, fault);

        if (r == 0)
                r = delays(&scope, staged, task, fault);
        if (r > 0 && fault_is_unknown(fault)) {
                json_array_clear(actions);
                json_object_set_new(task, "unknown", json_string(fault->what));
                r = 0;
        } else if (r == 0 && !json_array_size(actions) &&
                   json_integer_value(json_object_get(task, "items_count")) > 0) {
                return 0;               /* all its items run or ran */
        }
        if (r == 0)
                *ret = TAKE(task);
        return r;
}

static int by_id(const void *a, const void *b)
{
        const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
        int order = strcmp(json_text_of(x, "id", ""), json_text_of(y, "id", ""));
        int64_t i = json_int_of(x, "route", 0), k = json_int_of(y, "route", 0);

        return order ? order : i < k ? -1 : i > k;
}

static int sorted(json_t *list, json_t **ret)
{
        size_t n = json_array_size(list), i;
        _free_ json_t **all = calloc(n + 1, sizeof *all);
        json_t *task;

        if (!all)
                return -ENOMEM;
        json_array_foreach(list, i, task)
                all[i] = task;
        qsort(all, n, sizeof *all, by_id);
        *ret = json_array();
        for (i = 0; i < n; i++)
                json_array_append(*ret, all[i]);
        return 0;
}

static bool has_remedies(const struct conductor *c)
{
        if (c->status != STATUS_FAILED)
                return false;
        list_each(at, &c->staged) {
                const struct staged *staged = list_entry(at, struct staged, link);

                if (staged->is_ready && !staged->is_completed && staged->runs_on_fail)
                        return true;
        }
        return false;
}

static int note_error(struct conductor *c, const struct staged *staged, const struct fault *fault)
{
        const struct entry at = { .node = staged->node, .route = staged->route };

        return error_fault(c, fault, &at, NULL);
}

int conductor_next_tasks(struct conductor *c, json_t **ret, struct fault *fault)
{
        bool only_remedies = has_remedies(c), failed = false;
        _json_ json_t *list = json_array();
        int r = list ? 0 : -ENOMEM;

        (void)fault;
        if (r == 0 && !status_is_running(c->status) && !only_remedies)
                return *ret = TAKE(list), 0;
        list_each_safe(at, &c->staged) {
                struct staged *staged = list_entry(at, struct staged, link);
                _fault_ struct fault why = FAULT_INIT;
                json_t *task = NULL;

                if (r || !staged->is_ready || staged->is_completed ||
                    (only_remedies && !staged->runs_on_fail))
                        continue;
                r = task_of(c, staged, &task, &why);
                if (r > 0) {
                        failed = true;
                        r = note_error(c, staged, &why);
                }
                if (task)
                        json_array_append_new(list, task);
        }
        if (r == 0 && failed) {
                json_array_clear(list);
                r = workflow_fail(c);
        }
        return r ? r : sorted(list, ret);
}
