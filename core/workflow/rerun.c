/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A rerun takes up a life that ended: the tasks it begins with are staged again with the context
 * they had, and what the end left behind (terminal marks, errors, the output) is taken back.
 */
#include "workflow/life.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct wanted {
        struct entry *entry;
        bool resets_items, is_dropped;
};

struct wanting {
        struct wanted *list;
        size_t count;
};

static void wanting_deinit(struct wanting *wanting)
{
        free(wanting->list);
}

static bool is_wanted(const struct wanting *wanting, const struct entry *entry)
{
        for (size_t i = 0; i < wanting->count; i++)
                if (wanting->list[i].entry == entry)
                        return true;
        return false;
}

/* Is the run a child of one of this task on this route? */
static bool follows(const struct conductor *c, const struct entry *run, const struct entry *of)
{
        for (size_t i = 0; i < run->prev.count; i++) {
                const struct entry *before = c->entries[run->prev.list[i].entry];

                if (before->node == of->node && before->route == of->route)
                        return true;
        }
        return false;
}

/* Does a bring nothing that b does not bring too: itself and what followed it at once? */
static bool is_covered(const struct conductor *c, const struct entry *a, const struct entry *b)
{
        if (a != b && !follows(c, a, b))
                return false;
        for (size_t i = 0; i < c->entry_count; i++)
                if (follows(c, c->entries[i], a) && c->entries[i] != b &&
                    !follows(c, c->entries[i], b))
                        return false;
        return true;
}

/* Of several tasks, one that follows another would run twice: it is left to that one. */
static void collapse(const struct conductor *c, struct wanting *wanting)
{
        for (size_t i = 0; wanting->count > 1 && i < wanting->count; i++) {
                bool stands_out = false;

                for (size_t k = 0; k < wanting->count; k++)
                        stands_out |= k != i && !is_covered(c, wanting->list[i].entry,
                                                            wanting->list[k].entry);
                wanting->list[i].is_dropped = !stands_out;
        }
}

static int collect_named(struct conductor *c, const json_t *requests, struct wanting *wanting,
                         struct fault *fault)
{
        _text_ struct text unknown = TEXT_INIT;
        const json_t *request;
        size_t i;

        json_array_foreach(requests, i, request) {
                const char *id = json_text_of(request, "task_id", "");
                unsigned route = (unsigned)json_int_of(request, "route", 0);
                const struct node *node = workflow_node(c->workflow, id);
                struct entry *entry = node && !node->command ? entry_latest(c, node, route) : NULL;

                if (!entry)
                        text_addf(&unknown, "%s%s|%u", unknown.len ? ", " : "", id, route);
                else if (!is_wanted(wanting, entry))
                        wanting->list[wanting->count++] = (struct wanted){
                                entry, json_bool_of(request, "reset_items", false), false
                        };
        }
        if (unknown.len)
                return refuse(fault, 404, "workflow.no-rerun", "InvalidTaskRerunRequest",
                              "Unable to rerun task|route(s) because it doesn't exist or isn't "
                              "rerunnable: %s", unknown.s);
        collapse(c, wanting);
        return 0;
}

static void collect_ended_badly(struct conductor *c, struct wanting *wanting)
{
        for (size_t i = 0; i < c->entry_count; i++) {
                struct entry *run = c->entries[i];
                struct entry *newest = entry_latest(c, run->node, run->route);

                if (!run->is_terminal || !status_is_abended(run->status) ||
                    is_wanted(wanting, newest))
                        continue;
                if (run->node->command)         /* `fail`: nothing to run, but its error goes */
                        errors_forget(c, run->node->name);
                else
                        wanting->list[wanting->count++] = (struct wanted){ newest, false, false };
        }
}

static int by_id(const void *a, const void *b)
{
        const struct wanted *x = a, *y = b;
        int order = strcmp(x->entry->node->name, y->entry->node->name);

        return order ? order : x->entry->route < y->entry->route ? -1 :
                x->entry->route > y->entry->route;
}

static int stage_again(struct conductor *c, struct entry *entry)
{
        struct staged *staged = staged_find(c, entry->node, entry->route);
        struct entry *again;
        int r;

        if (staged) {
                staged_drop_items(staged);
                r = staged_remove(c, staged);
                if (r)
                        return r;
        }
        r = entry_add(c, entry->node, entry->route, entry->in, &entry->prev, &again);
        if (r == 0)
                r = staged_add(c, entry->node, entry->route, entry->in, &staged);
        if (r)
                return r;
        again->has_retry = entry->has_retry;
        again->retry_count = entry->retry_count;
        again->retry_delay = entry->retry_delay;
        staged->prev = entry->prev;
        staged->prev.room = 0;
        return staged_set(c, staged, true, false);
}

static int begin_again(struct conductor *c, const struct wanted *wanted)
{
        struct entry *entry = wanted->entry;
        struct staged *staged = staged_find(c, entry->node, entry->route);
        int r = entry_end(c, entry, false);

        errors_forget(c, entry->node->name);
        for (size_t i = 0; r == 0 && i < c->entry_count; i++)
                if (follows(c, c->entries[i], entry))
                        r = entry_end(c, c->entries[i], false);
        if (r)
                return r;
        if (!entry->node->has_items || !staged || !staged->items)
                return stage_again(c, entry);
        r = items_forget(staged->items, wanted->resets_items);
        return r ? r : staged_set(c, staged, staged->is_ready, false);
}

static bool has_next(const struct entry *entry)
{
        for (size_t i = 0; i < entry->node->out_count; i++)
                if (entry->next[i] == TAKEN_YES)
                        return true;
        return false;
}

int conductor_rerun(struct conductor *c, const json_t *requests, struct fault *fault)
{
        _cleanup_(wanting_deinit) struct wanting wanting = { NULL, 0 };
        int r = 0;

        if (!status_is_completed(c->status))
                return refuse(fault, 409, "workflow.is-active",
                              "WorkflowIsActiveAndNotRerunableError", "Unable to rerun workflow "
                              "because it is not in a completed state.");
        wanting.list = calloc(c->entry_count + json_array_size(requests) + 1,
                              sizeof *wanting.list);
        if (!wanting.list)
                return -ENOMEM;
        if (json_array_size(requests))
                r = collect_named(c, requests, &wanting, fault);
        else
                collect_ended_badly(c, &wanting);
        if (r)
                return r;
        qsort(wanting.list, wanting.count, sizeof *wanting.list, by_id);
        for (size_t i = 0; r == 0 && i < wanting.count; i++)
                if (!wanting.list[i].is_dropped)
                        r = begin_again(c, &wanting.list[i]);
        for (size_t i = 0; r == 0 && i < c->entry_count; i++)
                if (c->entries[i]->is_terminal && has_next(c->entries[i]))
                        r = entry_end(c, c->entries[i], false);
        if (c->output)
                delta_add(c, json_pack("{s:n}", "output"));
        json_decref(c->output);
        c->output = NULL;
        workflow_become(c, STATUS_RESUMING);
        return r;
}
