/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A hub that was once started by the wrong user leaves files which the right one cannot open, and
 * each room would say so in words of its own, one start after the other. It is said here, once, for
 * all of them, with the command that puts it right.
 */

#include "bin/state.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void user_name(char *text, size_t size)
{
        const struct passwd *user = getpwuid(geteuid());

        if (user)
                snprintf(text, size, "%s", user->pw_name);
        else
                snprintf(text, size, "%u", (unsigned)geteuid());
}

/* name: what in it is in the way; NULL: itself. */
static int unusable(const char *dir, const char *name, int error, struct fault *fault)
{
        bool is_denied = error == EACCES || error == EPERM;
        bool is_there = access(dir, F_OK) == 0 || errno == EACCES;
        char user[64];

        user_name(user, sizeof user);
        fault_set(fault, 500, "state.unwritable", "the state directory %s cannot be used: %s%s%s",
                  dir, name ? name : "", name ? ": " : "", strerror(error));
        if (is_denied)
                fault_why(fault, "this runs as user %s", user);
        if (is_denied && is_there)
                return fault_try(fault, "chown -R %s %s, or name another with --state-dir or "
                                 "state_dir", user, dir);
        if (is_denied)
                return fault_try(fault, "install -d -m 750 -o %s %s, or name another with "
                                 "--state-dir or state_dir", user, dir);
        return fault_try(fault, "name another with --state-dir or state_dir");
}

static int make(char *path)
{
        for (char *slash = path; *slash && (slash = strchr(slash + 1, '/')); *slash = '/') {
                *slash = '\0';
                if (mkdir(path, 0755) < 0 && errno != EEXIST && access(path, F_OK) < 0)
                        return -errno;
        }
        return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* What else lies there is none of ours. */
static int check_own(const char *dir, struct fault *fault)
{
        static const char *const names[] = {
                "lock", "store.db", "store.db-wal", "store.db-shm", "reserve", "master.key",
                "admin-token", "core-running", "output", "results", "plugins", "packs",
        };
        _close_ int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

        for (size_t i = 0; fd >= 0 && i < sizeof names / sizeof *names; i++)
                if (faccessat(fd, names[i], R_OK | W_OK, 0) < 0 && errno != ENOENT)
                        return unusable(dir, names[i], errno, fault);
        return 0;
}

int state_prepare(const char *dir, struct fault *fault)
{
        char path[PATH_MAX];
        int r;

        if (snprintf(path, sizeof path, "%s", dir) >= (int)sizeof path)
                return unusable(dir, NULL, ENAMETOOLONG, fault);
        r = make(path);
        if (r < 0)
                return unusable(dir, NULL, -r, fault);
        snprintf(path, sizeof path, "%s/.", dir);
        if (access(path, W_OK | X_OK) < 0)
                return unusable(dir, NULL, errno, fault);
        return check_own(dir, fault);
}
