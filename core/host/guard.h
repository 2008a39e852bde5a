/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who was at work in the core when the hub died. STATE/core-running is a mapped table with a
 * counter of running callbacks for each plugin's hash: the kernel keeps it however the process
 * ends, and setting it costs no system call. What is found above zero at the start is a suspect,
 * and stays one until somebody trusts the plugin again.
 */

#ifndef HOST_GUARD_H
#define HOST_GUARD_H

#include "base/fault.h"

#include <stdbool.h>

struct guard;

int guard_open(const char *state_dir, struct guard **ret, struct fault *fault);
struct guard *guard_close(struct guard *guard);         /* NULL; accepts NULL */
/* The row of this hash, -1 if the table is full; any thread, but one at a time. */
int guard_slot(struct guard *guard, const char *hash);
void guard_enter(struct guard *guard, int slot);        /* any thread; slot -1 does nothing */
void guard_leave(struct guard *guard, int slot);
bool guard_is_suspect(const struct guard *guard, const char *hash);
void guard_clear(struct guard *guard, const char *hash);

#endif
