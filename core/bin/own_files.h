/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where the hub finds what was built with it. In a build tree kaname-host lies beside it, and the
 * list of the plugins that were built with it below; installed, both have folders of their own.
 */

#ifndef BIN_OWN_FILES_H
#define BIN_OWN_FILES_H

#include <limits.h>

struct own_files {
        char program[PATH_MAX];         /* kaname-host */
        char shipped[PATH_MAX];         /* hashes of plugins that may be trusted */
};
void own_files_find(struct own_files *own);

#endif
