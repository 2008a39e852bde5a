/* SPDX-License-Identifier: Apache-2.0 */

/* kanamed --check-disk: how many commits a second this disk makes durable. */

#ifndef BIN_DISK_H
#define BIN_DISK_H

#include "base/fault.h"

struct disk_figures {
        double per_s, p50_ms, p99_ms;
        unsigned n;
};

/* Write and fdatasync in dir for about a second, as a commit does. */
int disk_measure(const char *dir, struct disk_figures *ret, struct fault *fault);

#endif
