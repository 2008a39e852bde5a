/* SPDX-License-Identifier: Apache-2.0 */

/* Tar in zstd, in and out. */

#ifndef CATALOG_ARCHIVE_H
#define CATALOG_ARCHIVE_H

#include "catalog/tree.h"

/*
 * Unpack into an empty folder. FAULT 422 pack.archive (not an archive, or broken), pack.path,
 * pack.link, pack.special, pack.duplicate-file, pack.too-many; 413 pack.too-big.
 */
int archive_unpack(int fd, const char *dir, struct fault *fault);
/* Write dir's files and, first of all, CHECKSUMS. The same files make the same bytes. */
int archive_build(const char *dir, const struct tree *tree, const char *checksums, int fd,
                  struct fault *fault);

#endif
