/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int folder_make(struct folder *ret)
{
        const char *base = getenv("TMPDIR");
        char *path;

        if (asprintf(&path, "%s/kaname.XXXXXX", base && *base ? base : "/tmp") < 0)
                return -ENOMEM;
        if (!mkdtemp(path)) {
                free(path);
                return -errno;
        }
        ret->path = path;
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
        (void)st;
        (void)type;
        (void)at;
        return remove(path);
}

void folder_remove(struct folder *folder)
{
        if (folder->path)
                nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        free(folder->path);
        folder->path = NULL;
}
