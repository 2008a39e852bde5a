/* SPDX-License-Identifier: Apache-2.0 */

/* What is wrong with the instances of a configuration, found by asking the plugins they name. */

#ifndef BIN_CHECK_H
#define BIN_CHECK_H

#include "conf/conf.h"

/*
 * Print a line "FILE:LINE: error: WHAT (try: REMEDY)" each to standard error, and a warning for
 * what else would be left out. Nothing of the hub's state is touched. The exit status.
 */
int check_instances(const struct conf *conf);

#endif
