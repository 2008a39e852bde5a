/* SPDX-License-Identifier: Apache-2.0 */

/* What a failure still lacks: what to try, where nobody has said it, and which line of which file. */

#ifndef CLI_REMEDY_H
#define CLI_REMEDY_H

#include "cli/cli.h"

/* The command that helps on with a fault of this code, in this command. */
void remedy_add(const struct cli *cli, struct fault *fault);
/* A refusal of what a file says becomes "FILE:LINE: …". Returns FAULT. */
int remedy_place(const char *path, struct fault *fault);

#endif
