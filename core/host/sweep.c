/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The copies that plugins were loaded from: one that nobody can call any more goes, with what was
 * kept of its description, and so does what a describing that was cut short left behind. An object
 * that is mapped stays mapped; one that comes back is copied again.
 */

#include "host/host.h"

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

CLEANUP_DEFINE(DIR *, closedir);

/* HASH.so, HASH.json, and HASH.json.PID that was not renamed. */
static bool is_kept(const char *name, bool (*is_wanted)(void *arg, const char *hash), void *arg)
{
        size_t len = strspn(name, "0123456789abcdef");
        char hash[HASH_TEXT_SIZE];

        if (text_starts_with(name, ".describe-"))
                return false;
        if (len != HASH_TEXT_SIZE - 1 || name[len] != '.')
                return true;            /* none of ours */
        memcpy(hash, name, len);
        hash[len] = '\0';
        return (text_ends_with(name, ".so") || text_ends_with(name, ".json")) &&
               is_wanted(arg, hash);
}

int host_sweep(const char *state_dir, bool (*is_wanted)(void *arg, const char *hash), void *arg)
{
        _cleanup_(closedirp) DIR *dir = NULL;
        struct dirent *entry;
        char path[4096];
        int r = 0;

        snprintf(path, sizeof path, "%s/plugins", state_dir);
        dir = opendir(path);
        if (!dir)
                return errno == ENOENT ? 0 : -errno;
        while ((entry = readdir(dir)))
                if (entry->d_name[0] != '\0' && entry->d_type == DT_REG &&
                    !is_kept(entry->d_name, is_wanted, arg) &&
                    unlinkat(dirfd(dir), entry->d_name, 0) < 0)
                        r = -errno;
        return r;
}
