/* SPDX-License-Identifier: Apache-2.0 */

/* What executions run on: one row a runner, for hub_options.runners. */

#ifndef RUNNER_RUNNER_H
#define RUNNER_RUNNER_H

#include "hub/running.h"

extern const struct runner runners[];   /* the last has no name */

#endif
