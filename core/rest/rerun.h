/* SPDX-License-Identifier: Apache-2.0 */

/* Which tasks of a workflow are to be run again. */

#ifndef REST_RERUN_H
#define REST_RERUN_H

#include "rest/request.h"

/*
 * From StackStorm's tasks and reset to hub_run's tasks: new reference, or NULL where the body names
 * none. FAULT 422 rerun.*, 409 where the execution has not ended.
 */
int rerun_tasks(struct request *req, const struct id *id, json_t **ret, struct fault *fault);

#endif
