/* SPDX-License-Identifier: Apache-2.0 */

/* The verbs that make something happen out there: run, plan, apply, undo, and running it again. */

#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/cli.h"

/* An id as it was given; "last" is the newest execution's. New string. */
int execution_id(struct cli *cli, const char *operand, char **ret, struct fault *fault);

int verb_run(struct cli *cli, struct fault *fault);
int verb_plan(struct cli *cli, struct fault *fault);
int verb_apply(struct cli *cli, struct fault *fault);
int verb_undo(struct cli *cli, struct fault *fault);
int verb_rerun(struct cli *cli, struct fault *fault);

extern const struct verb_option run_options[], plan_options[], apply_options[], undo_options[],
        rerun_options[];

#endif
