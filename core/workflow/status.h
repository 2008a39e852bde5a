/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The statuses of workflows, tasks and items, under StackStorm's names, and what each means. A
 * workflow, a task and an item move through the same words; machine.h says who may go where.
 */

#ifndef WORKFLOW_STATUS_H
#define WORKFLOW_STATUS_H

#include <stdbool.h>

enum status {
        STATUS_UNSET,                   /* "null": not asked for yet */
        STATUS_REQUESTED,
        STATUS_SCHEDULED,
        STATUS_DELAYED,
        STATUS_RUNNING,
        STATUS_PENDING,                 /* waits for a person */
        STATUS_PAUSING,
        STATUS_PAUSED,
        STATUS_RESUMING,
        STATUS_SUCCEEDED,
        STATUS_FAILED,
        STATUS_EXPIRED,                 /* "timeout" */
        STATUS_ABANDONED,
        STATUS_RETRYING,
        STATUS_CANCELING,
        STATUS_CANCELED,
        STATUS_COUNT
};

const char *status_name(enum status status);
/* The status of that name; STATUS_COUNT where there is none. */
enum status status_of(const char *name);

bool status_is_starting(enum status status);    /* requested … running, and pending */
bool status_is_active(enum status status);      /* something is going on */
bool status_is_running(enum status status);     /* may start more */
bool status_is_abended(enum status status);     /* failed, timeout, abandoned */
bool status_is_completed(enum status status);   /* abended, succeeded, canceled: nothing follows */

#endif
