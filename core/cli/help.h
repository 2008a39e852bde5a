/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the verb table says, in three forms: for the person at the prompt, for man, for the shell.
 */

#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/verb.h"

#include <stdio.h>

/* noun and verb may be NULL: the overview, one noun, one verb. */
void help_print(FILE *to, const struct noun *noun, const struct verb *verb);
/* A man page in mdoc, kaname-NOUN(1); for NULL the COMMANDS of kaname(1). */
void manual_print(FILE *to, const struct noun *noun);
/* The completion script for bash, zsh or fish; false for any other. */
bool completion_print(FILE *to, const char *shell);

#endif
