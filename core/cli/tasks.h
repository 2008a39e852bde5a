/* SPDX-License-Identifier: Apache-2.0 */

/* The tasks of a workflow, as a person watches them: a tree, or lines as they begin and end. */

#ifndef CLI_TASKS_H
#define CLI_TASKS_H

#include "cli/cli.h"

/* Is this execution one that runs others? */
bool tasks_has(const json_t *execution);
/* The tree of what it runs and ran: task, status, seconds, action, id. */
int tasks_print(struct cli *cli, const char *id, struct fault *fault);
/* A line for each task that begins, waits or ends, until the workflow ends. */
int tasks_follow(struct cli *cli, const char *id, FILE *to, struct fault *fault);

#endif
