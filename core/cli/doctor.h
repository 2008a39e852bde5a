/* SPDX-License-Identifier: Apache-2.0 */

/* kaname doctor: a line for each thing that can be wrong, with the command that puts it right. */

#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"

int verb_doctor(struct cli *cli, struct fault *fault);

#endif
