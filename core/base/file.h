/* SPDX-License-Identifier: Apache-2.0 */

/* A whole file in memory, never more of it than the caller allows. */

#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/fault.h"

#include <stddef.h>

/*
 * *ret is NUL-terminated behind its *ret_len bytes; the caller frees it. FAULT names the path: 404
 * or 500 file.unreadable, 413 file.too-big.
 */
int file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct fault *fault);

#endif
