/* SPDX-License-Identifier: Apache-2.0 */

/* kaname login: a credential, tried on the hub, then kept where only its owner reads it. */

#ifndef CLI_LOGIN_H
#define CLI_LOGIN_H

#include "cli/cli.h"

int verb_login(struct cli *cli, struct fault *fault);
extern const struct verb_option login_options[];

#endif
