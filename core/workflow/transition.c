/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A task ended: each of its edges asks `when`, publishes, and stages where it leads. An error in
 * one edge fails the workflow and leaves the others as they are.
 */
#include "workflow/delta.h"
#include "workflow/step.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static int edge_wants(const struct edge *edge, const struct entry *entry, struct scope *scope,
                      bool *ret, struct fault *fault)
{
        _json_ json_t *value = NULL;
        int r = 0;

        switch (edge->condition) {
        case WHEN_ALWAYS:
                *ret = true;
                break;
        case WHEN_SUCCEEDED:
                *ret = entry->status == STATUS_SUCCEEDED;
                break;
        case WHEN_FAILED:
                *ret = status_is_abended(entry->status);
                break;
        default:
                r = evaluate(edge->when, scope, &value, fault);
                if (r == 0)
                        *ret = is_truthy(value);
        }
        return r;
}

/* A plan cannot tell whether this edge would be taken. */
static int note_unknown(struct conductor *c, const struct entry *entry, const struct edge *edge)
{
        return log_add(c, json_pack("{s:s, s:s, s:s, s:i, s:s}", "type", "info", "message",
                                    "Whether this transition is taken depends on a result that is "
                                    "not known before the run.", "task_id", entry->node->name,
                                    "route", (int)entry->route, "task_transition_id", edge->name));
}

/* The chain's way: a task's result is a variable of its name, and one of __results. */
static int publish_result(struct scope *scope, json_t *set, json_t *records)
{
        _json_ json_t *value = NULL, *results = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        json_t *old;
        bool is_unknown;
        int r = outcome_load(scope->c, scope->result, &value, &fault);

        if (r < 0 || (r == 0 && !value))
                return r;
        if (r > 0)
                value = json_null();
        old = context_variable(&scope->c->contexts, scope->vars, "__results", &is_unknown);
        results = old ? json_copy(old) : json_object();
        json_decref(old);
        json_object_set(results, scope->node->name, value);
        json_object_set(scope->rolling, scope->node->name, value);
        json_object_set(scope->rolling, "__results", results);
        json_array_append_new(set, json_pack("[s, O]", scope->node->name, value));
        json_array_append_new(set, json_pack("[s, O]", "__results", results));
        json_array_append_new(records, delta_variable(scope, scope->node->name, value));
        return json_array_append_new(records, delta_variable(scope, "__results", results));
}

static int publish_one(struct scope *scope, const struct variable *variable, json_t *set,
                       json_t *records, struct fault *fault)
{
        _json_ json_t *value = NULL;
        int r = evaluate(variable->value, scope, &value, fault);

        if (r > 0 && fault_is_unknown(fault)) {
                json_object_set_new(scope->rolling_unknown, variable->name, json_true());
                json_object_del(scope->rolling, variable->name);
                json_array_append_new(set, json_pack("[s]", variable->name));
                return json_array_append_new(records, delta_variable(scope, variable->name, NULL));
        }
        if (r)
                return r;
        json_object_del(scope->rolling_unknown, variable->name);
        if (json_object_set(scope->rolling, variable->name, value))
                return -ENOMEM;
        json_array_append_new(set, json_pack("[s, O]", variable->name, value));
        return json_array_append_new(records, delta_variable(scope, variable->name, value));
}

/* The context behind an edge; that of the task itself where nothing is published. */
static int publish(struct conductor *c, struct entry *entry, const struct edge *edge,
                   struct scope *scope, struct context **ret, bool *ret_failed)
{
        _json_ json_t *set = json_array(), *records = json_array();
        _json_ json_t *rolling = json_object(), *unknown = json_object();
        size_t n = edge->publish ? edge->publish->count : 0;
        int r = 0;

        scope->rolling = rolling;
        scope->rolling_unknown = unknown;
        if (c->workflow->is_chain)
                r = publish_result(scope, set, records);
        for (size_t i = 0; r == 0 && i < n; i++) {
                _fault_ struct fault fault = FAULT_INIT;

                r = publish_one(scope, &edge->publish->list[i], set, records, &fault);
                if (r > 0) {
                        *ret_failed = true;
                        r = error_fault(c, &fault, entry, edge);
                }
        }
        scope->rolling = scope->rolling_unknown = NULL;
        *ret = entry->in;
        if (r || *ret_failed || !json_array_size(set))
                return r;
        r = contexts_set(&c->contexts, entry->in, set, ret);
        if (r == 0)
                delta_context(c, *ret, entry->in, NULL, records);
        return r;
}

static int stage_next(struct conductor *c, struct entry *entry, const struct edge *edge,
                      struct context *out, struct staged **ret, struct fault *fault)
{
        struct node *to = &c->workflow->nodes[edge->to];
        struct staged *staged;
        struct context *joined;
        unsigned route;
        int r = route_follow(c, edge, entry->route, &route, fault);

        if (r)
                return r;
        staged = staged_find(c, to, route);
        if (staged) {
                r = contexts_join(&c->contexts, staged->in, out, &joined);
                if (r)
                        return r;
                delta_context(c, joined, staged->in, out, NULL);
                staged->in = joined;
                if (!staged->items || !items_have_active(staged->items))
                        staged_drop_items(staged);
        } else {
                r = staged_add(c, to, route, out, &staged);
                if (r)
                        return r;
        }
        r = back_add(c, &staged->prev, edge, entry->index);
        *ret = staged;
        /* Asked with the route from which it comes: the branches of a join are of one route. */
        return r ? r : staged_set(c, staged, join_is_ready(c, to, entry->route), false);
}

static int take(struct conductor *c, struct entry *entry, const struct edge *edge,
                struct scope *scope, struct staged **ret, bool *ret_failed)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct context *out = NULL;
        bool is_wanted = false;
        int r = edge_wants(edge, entry, scope, &is_wanted, &fault);

        if (r > 0 && fault_is_unknown(&fault))
                return note_unknown(c, entry, edge);
        if (r == 0) {
                entry->next[edge - entry->node->out] = is_wanted ? TAKEN_YES : TAKEN_NO;
                r = entry_mark(c, entry);
        }
        if (r == 0 && is_wanted)
                r = publish(c, entry, edge, scope, &out, ret_failed);
        if (r == 0 && is_wanted && !*ret_failed)
                r = stage_next(c, entry, edge, out, ret, &fault);
        if (r > 0) {
                *ret_failed = true;
                r = error_fault(c, &fault, entry, edge);
        }
        return r;
}

static int command_add(struct commands *commands, struct staged *staged)
{
        if (list_grow((void **)&commands->list, &commands->room, commands->count, sizeof staged))
                return -ENOMEM;
        commands->list[commands->count++] = staged;
        return 0;
}

/* With `do: [cleanup, fail]` the clean-up still runs, though the workflow has failed by then. */
static int let_run_on_fail(struct conductor *c, struct staged **next, size_t count)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < count; i++) {
                if (!next[i] || next[i]->node->command || !next[i]->is_ready)
                        continue;
                next[i]->runs_on_fail = true;
                r = staged_mark(c, next[i]);
        }
        return r;
}

int transitions_take(struct conductor *c, struct entry *entry, struct scope *scope,
                     struct commands *commands)
{
        const struct node *node = entry->node;
        _free_ struct staged **next = calloc(node->out_count + 1, sizeof *next);
        bool has_fail = false;
        int r = next ? 0 : -ENOMEM;

        if (r == 0 && node->out_count == 0)
                return entry_end(c, entry, true);
        for (size_t i = 0; r == 0 && i < node->out_count; i++) {
                bool failed = false;

                r = take(c, entry, &node->out[i], scope, &next[i], &failed);
                if (r == 0 && failed)
                        r = workflow_fail(c);
                if (r || !next[i] || !next[i]->node->command)
                        continue;
                has_fail |= next[i]->node->command == COMMAND_FAIL;
                r = command_add(commands, next[i]);
        }
        return r == 0 && has_fail ? let_run_on_fail(c, next, node->out_count) : r;
}
