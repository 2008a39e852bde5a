/* SPDX-License-Identifier: Apache-2.0 */

/* What the completion scripts of the three shells share: the walk over the verb table. */

#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include "cli/verb.h"

#include <stdio.h>

/* command: "execution list", or "run" for one that stands alone. */
typedef void completion_verb(FILE *to, const struct verb *verb, const char *command);
void completion_each(FILE *to, completion_verb *print);
/* The command that lists the names of a kind ("action list"); NULL where the hub has none. */
const char *completion_source(enum complete kind);
bool completion_takes_argument(const struct verb_option *option);

void completion_print_zsh(FILE *to);
void completion_print_fish(FILE *to);

#endif
