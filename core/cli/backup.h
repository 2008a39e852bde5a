/* SPDX-License-Identifier: Apache-2.0 */

/* kaname backup: the hub's store as a file on this machine, whole or not at all. */

#ifndef CLI_BACKUP_H
#define CLI_BACKUP_H

#include "cli/cli.h"

int verb_backup(struct cli *cli, struct fault *fault);

#endif
