/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Changes of the ledger or of a plan, as a person reads them: what was, what is, member by member.
 */

#ifndef CLI_DIFF_H
#define CLI_DIFF_H

#include "cli/cli.h"

/* [{resource, before, after, state?, …}]; with_origin: also who, when, in which execution. */
void diff_print(struct cli *cli, const json_t *changes, bool with_origin);
/* What this execution changed, if the hub lists anything. */
void diff_execution(struct cli *cli, const char *execution);

#endif
