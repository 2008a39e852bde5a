/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where the workflow stands after a task changed: whether the failure was remedied, whether
 * anything is left to begin, whether a join can still be reached.
 */
#include "workflow/machine.h"
#include "workflow/step.h"

enum join { JOIN_SATISFIED, JOIN_MAY_COME, JOIN_UNREACHABLE };

/*
 * Of the parent whose edges to here begin at in[*at]: did one of them hold, did it say no, or has
 * it not begun? A run that has not ended says no as far as a join can tell. *at moves on.
 */
static enum taken parent_says(const struct conductor *c, const struct node *node, size_t *at,
                              unsigned route)
{
        unsigned from = node->in[*at]->from;
        const struct node *parent = &c->workflow->nodes[from];
        const struct entry *entry = entry_latest(c, parent, route);
        enum taken said = entry ? TAKEN_NO : TAKEN_NOT_SAID;

        for (; *at < node->in_count && node->in[*at]->from == from; ++*at)
                if (entry && entry->next[node->in[*at] - parent->out] == TAKEN_YES)
                        said = TAKEN_YES;
        return said;
}

static enum join join_stands(const struct conductor *c, const struct node *node, unsigned route)
{
        unsigned came = 0;
        bool is_open = false;

        for (size_t at = 0; at < node->in_count;) {
                enum taken said = parent_says(c, node, &at, route);

                came += said == TAKEN_YES;
                is_open |= said == TAKEN_NOT_SAID;
        }
        if (came >= node->barrier)
                return JOIN_SATISFIED;
        return is_open && (life_has_active(c) || c->ready) ? JOIN_MAY_COME : JOIN_UNREACHABLE;
}

bool join_is_ready(const struct conductor *c, const struct node *node, unsigned route)
{
        return join_stands(c, node, route) == JOIN_SATISFIED;
}

bool task_has_next(const struct conductor *c, const struct node *node, unsigned route,
                   bool with_join)
{
        const struct entry *entry = entry_latest(c, node, route);

        if (!entry || !status_is_completed(entry->status))
                return false;
        for (size_t i = 0; i < node->out_count; i++) {
                const struct node *to = &c->workflow->nodes[node->out[i].to];

                if (to->command == COMMAND_CONTINUE || entry->next[i] != TAKEN_YES)
                        continue;
                if (to->has_barrier && with_join &&
                    join_stands(c, to, route) == JOIN_UNREACHABLE)
                        continue;
                return true;
        }
        return false;
}

static bool leads_to_join(const struct conductor *c, const struct entry *entry)
{
        for (size_t i = 0; status_is_completed(entry->status) && i < entry->node->out_count; i++)
                if (entry->next[i] == TAKEN_YES &&
                    c->workflow->nodes[entry->node->out[i].to].command != COMMAND_CONTINUE)
                        return true;
        return false;
}

static enum standing standing(const struct conductor *c, bool has_next)
{
        if (life_has_canceled(c))
                return STANDING_CANCELED;
        if (c->by_status[STATUS_PAUSING] || life_has_paused(c))
                return STANDING_PAUSED;
        return c->ready || has_next ? STANDING_INCOMPLETE : STANDING_COMPLETED;
}

/* A join of which some branches came and others never will: the workflow cannot have succeeded. */
static int joins_check(struct conductor *c)
{
        int r = 0;

        list_each(at, &c->staged) {
                const struct staged *staged = list_entry(at, struct staged, link);

                if (!staged->node->barrier_counts || staged->is_ready ||
                    join_stands(c, staged->node, staged->route) != JOIN_UNREACHABLE)
                        continue;
                workflow_become(c, STATUS_FAILED);
                r = error_add(c, json_pack("{s:s, s:o, s:s, s:i}", "type", "error", "message",
                                           json_sprintf("UnreachableJoinError: The join task|route "
                                                        "\"%s|%u\" is partially satisfied but "
                                                        "unreachable.", staged->node->name,
                                                        staged->route),
                                           "task_id", staged->node->name, "route",
                                           (int)staged->route), NULL);
                if (r)
                        return r;
        }
        return r;
}

int workflow_told(struct conductor *c, struct entry *entry)
{
        bool is_active = life_has_active(c), is_well = entry->status == STATUS_SUCCEEDED;
        bool has_next = false, is_remedied = false;
        enum status status;

        if (status_is_completed(c->status))
                return 0;
        if (is_well || status_is_abended(entry->status)) {
                has_next = task_has_next(c, entry->node, entry->route, true);
                is_remedied = !is_well && (has_next || leads_to_join(c, entry));
        }
        status = is_well || is_remedied ?
                machine_workflow_well(c->status, is_remedied, is_active, standing(c, has_next)) :
                machine_workflow(c->status, entry->status, is_active);
        workflow_become(c, status);
        return status_is_completed(c->status) ? joins_check(c) : 0;
}
