/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who may become what: StackStorm's two state machines, as tables. Pure functions of the present
 * status, of what happened, and of the little that is going on beside it.
 */

#ifndef WORKFLOW_MACHINE_H
#define WORKFLOW_MACHINE_H

#include "workflow/status.h"

/* What the other items of a `with` task do, once one of them has rested or ended. */
enum others {
        OTHERS_NONE,                    /* the task has no items, or this event does not ask */
        OTHERS_ACTIVE,
        OTHERS_PAUSED,                  /* from here on none is active */
        OTHERS_CANCELED,
        OTHERS_FAILED,
        OTHERS_INCOMPLETE,
        OTHERS_COMPLETED
};

/* How a workflow stands when one of its tasks ended well, or was remedied. */
enum standing { STANDING_CANCELED, STANDING_PAUSED, STANDING_INCOMPLETE, STANDING_COMPLETED };

/* Each returns the new status, or the old one where the event changes nothing. */
enum status machine_task(enum status now, enum status event, enum others others);
/* The workflow was asked to become event: what that makes of a `with` task that is running. */
enum status machine_task_asked(enum status now, enum status event, enum others others);
/* The workflow itself is asked: is_idle, when it is paused and nothing is left to do. */
enum status machine_workflow_asked(enum status now, enum status event, bool is_active,
                                   bool is_idle);
/* A task became event; with one that ended well or was remedied. */
enum status machine_workflow(enum status now, enum status event, bool is_active);
enum status machine_workflow_well(enum status now, bool is_remedied, bool is_active,
                                  enum standing standing);

#endif
