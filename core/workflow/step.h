/* SPDX-License-Identifier: Apache-2.0 */

/* The two halves of an event: what it makes of the task, and what follows from the task's end. */

#ifndef WORKFLOW_STEP_H
#define WORKFLOW_STEP_H

#include "workflow/evaluate.h"
#include "workflow/life.h"

/* The engine commands that a task's end led to, to be run once the workflow knows of the task. */
struct commands {
        struct staged **list;
        size_t count, room;
};

/* retry.c */
int retry_prepare(struct conductor *c, struct entry *entry, struct fault *fault);
/* Is this end of the task to be tried again? */
int retry_is_due(struct conductor *c, const struct entry *entry, struct scope *scope, bool *ret,
                 struct fault *fault);
int retry_stage(struct conductor *c, struct entry *entry);

/* transition.c: take the edges of a task that ended. */
int transitions_take(struct conductor *c, struct entry *entry, struct scope *scope,
                     struct commands *commands);

/* settle.c: what a task's new status makes of the workflow. */
int workflow_told(struct conductor *c, struct entry *entry);
bool task_has_next(const struct conductor *c, const struct node *node, unsigned route,
                   bool with_join);
bool join_is_ready(const struct conductor *c, const struct node *node, unsigned route);

#endif
