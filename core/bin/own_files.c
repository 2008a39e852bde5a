/* SPDX-License-Identifier: Apache-2.0 */
#include "bin/own_files.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void own_files_find(struct own_files *own)
{
        char dir[PATH_MAX - 64] = "";
        ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - 1);
        char *slash = n > 0 ? strrchr(dir, '/') : NULL;

        if (slash)
                *slash = '\0';
        snprintf(own->program, sizeof own->program, "%s/kaname-host", dir);
        snprintf(own->shipped, sizeof own->shipped, "%s/plugins/shipped.sha256", dir);
        if (slash && access(own->program, X_OK) == 0)
                return;
        snprintf(own->program, sizeof own->program, "%s/kaname-host", KN_LIBEXECDIR);
        snprintf(own->shipped, sizeof own->shipped, "%s/shipped.sha256", KN_PLUGINDIR);
}
