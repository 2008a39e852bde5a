/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which objects may enter the core, by the SHA-256 of the file: what the build shipped, and what
 * `kaname plugin trust` added to STATE/trusted. Both are the lines that sha256sum writes.
 */

#ifndef HOST_TRUST_H
#define HOST_TRUST_H

#include "base/fault.h"
#include "base/map.h"

/* shipped may be NULL, and either file may be missing. */
int trust_read(const char *state_dir, const char *shipped, struct map *ret, struct fault *fault);
/* Durable when it returns. */
int trust_add(const char *state_dir, const char *hash, struct fault *fault);

#endif
