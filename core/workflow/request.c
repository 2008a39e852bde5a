/* SPDX-License-Identifier: Apache-2.0 */

/* The workflow is asked to become something: its running `with` tasks hear it first, then it. */
#include "workflow/life.h"

#include "workflow/machine.h"

#include <errno.h>
#include <string.h>

void workflow_become(struct conductor *c, enum status status)
{
        if (status == c->status)
                return;
        c->status = status;
        delta_add(c, json_pack("{s:s}", "status", status_name(status)));
}

static int tell_tasks(struct conductor *c, enum status status)
{
        list_each(at, &c->staged) {
                struct staged *staged = list_entry(at, struct staged, link);
                struct entry *entry = entry_latest(c, staged->node, staged->route);
                enum others others;

                if (!staged->items || !entry || !status_is_active(entry->status))
                        continue;
                others = items_have_active(staged->items) ? OTHERS_ACTIVE :
                        items_incomplete(staged->items) ? OTHERS_INCOMPLETE : OTHERS_COMPLETED;
                if (entry_become(c, entry, machine_task_asked(entry->status, status, others)))
                        return -ENOMEM;
        }
        return 0;
}

static bool is_idle(const struct conductor *c)
{
        return c->status == STATUS_PAUSED && !life_has_active(c) && !c->ready &&
                !life_has_paused(c);
}

/* Asked to be paused while it is pausing (or canceled, canceling): it is on its way. */
static bool is_on_its_way(enum status now, enum status asked)
{
        return (asked == STATUS_PAUSED && now == STATUS_PAUSING) ||
                (asked == STATUS_CANCELED && now == STATUS_CANCELING);
}

static int request(struct conductor *c, enum status status)
{
        int r = tell_tasks(c, status);

        if (r == 0)
                workflow_become(c, machine_workflow_asked(c->status, status, life_has_active(c),
                                                          is_idle(c)));
        return r;
}

int conductor_request(struct conductor *c, enum status status, struct fault *fault)
{
        enum status before = c->status;
        int r = request(c, status);

        if (r || status == before || c->status != before || is_on_its_way(before, status))
                return r;
        return refuse(fault, 409, "workflow.transition", "InvalidWorkflowStatusTransition",
                      "Unable to process event \"workflow_%s\" for workflow in \"%s\" status.",
                      status_name(status), status_name(before));
}

int workflow_fail(struct conductor *c)
{
        return request(c, STATUS_FAILED);
}
