/* SPDX-License-Identifier: Apache-2.0 */

/* What can be asked about a life. */
#include "workflow/evaluate.h"
#include "workflow/step.h"

#include "base/cleanup.h"

#include <errno.h>

enum status conductor_status(const struct conductor *c)
{
        return c->status;
}

int64_t conductor_timeout(const struct conductor *c)
{
        return c->timeout;
}

json_t *conductor_output(const struct conductor *c)
{
        return json_incref(c->output);
}

/* A result that lies elsewhere is fetched now; where that fails, the error stands without it. */
json_t *conductor_errors(const struct conductor *c)
{
        json_t *list = json_array(), *entry;
        size_t i;

        json_array_foreach(c->errors, i, entry) {
                const struct outcome result = { NULL, json_object_get(entry, "$result"), false };
                _fault_ struct fault ignored = FAULT_INIT;
                json_t *value = NULL, *shown;

                if (!result.reference) {
                        json_array_append(list, entry);
                        continue;
                }
                shown = json_copy(entry);
                json_object_del(shown, "$result");
                if (outcome_load(c, &result, &value, &ignored) == 0 && value &&
                    !json_is_null(value))
                        json_object_set(shown, "result", value);
                json_decref(value);
                json_array_append_new(list, shown);
        }
        return list;
}

json_t *conductor_log(const struct conductor *c)
{
        return json_copy(c->log);
}

static json_t *entry_view(const struct entry *entry)
{
        json_t *prev = json_array();

        for (size_t i = 0; i < entry->prev.count; i++)
                json_array_append_new(prev, json_integer(entry->prev.list[i].entry));
        return json_pack("{s:s, s:i, s:s, s:b, s:o}", "id", entry->node->name, "route",
                         (int)entry->route, "status", status_name(entry->status), "term",
                         entry->is_terminal, "prev", prev);
}

json_t *conductor_tasks(const struct conductor *c)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < c->entry_count; i++)
                json_array_append_new(list, entry_view(c->entries[i]));
        return list;
}

json_t *conductor_routes(const struct conductor *c)
{
        json_t *list = json_array();

        for (unsigned i = 0; list && i < c->route_count; i++) {
                json_t *splits = json_array();

                for (unsigned at = i; c->routes[at].edge; at = c->routes[at].parent)
                        json_array_insert_new(splits, 0, json_string(c->routes[at].edge->backref));
                json_array_append_new(list, splits);
        }
        return list;
}

json_t *conductor_task_context(const struct conductor *c, const char *task_id, unsigned route)
{
        const struct node *node = workflow_node(c->workflow, task_id);
        const struct staged *staged = node ? staged_find(c, node, route) : NULL;
        const struct entry *entry = node && !staged ? entry_latest(c, node, route) : NULL;

        if (!staged && !entry)
                return NULL;
        return context_all((struct contexts *)&c->contexts, staged ? staged->in : entry->in);
}

bool conductor_has_next(const struct conductor *c, const char *task_id, unsigned route)
{
        const struct node *node = workflow_node(c->workflow, task_id);

        return node && task_has_next(c, node, route, true);
}
