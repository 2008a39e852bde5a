/* SPDX-License-Identifier: Apache-2.0 */

/* The folder of the state, before anything is opened in it. */

#ifndef BIN_STATE_H
#define BIN_STATE_H

#include "base/fault.h"

/*
 * Make it where it is missing. FAULT where it, or what lies in it, is not ours to read and write.
 */
int state_prepare(const char *dir, struct fault *fault);

#endif
