/* SPDX-License-Identifier: Apache-2.0 */

/* kanamed --check-store and --restore: what is done to a store without starting a hub on it. */

#ifndef BIN_UPKEEP_H
#define BIN_UPKEEP_H

#include "base/fault.h"

/*
 * Both print what came of it, and work as the owner of the state directory where root asks: a file
 * of root in there would keep the hub out. FAULT 500 store.unsound after the report.
 */
int upkeep_check_store(const char *state_dir, struct fault *fault);
int upkeep_restore(const char *state_dir, const char *file, struct fault *fault);

#endif
