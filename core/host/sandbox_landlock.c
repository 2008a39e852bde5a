/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Landlock by its raw system calls (glibc has none): file access by path, for what seccomp cannot
 * see. The access bits that a kernel knows follow from its ABI number; asking for more than that
 * would be refused, asking for less leaves a hole, so the whole known set is always handled.
 */

#include "host/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(HAVE_LINUX_LANDLOCK_H) && defined(SYS_landlock_create_ruleset)

#include "base/cleanup.h"
#include "base/json.h"

#include <linux/landlock.h>

#define BITS_1 ((1ull << 13) - 1)                       /* execute … make_sym */
#define BIT_REFER (1ull << 13)                          /* ABI 2 */
#define BIT_TRUNCATE (1ull << 14)                       /* ABI 3 */
#define BIT_IOCTL (1ull << 15)                          /* ABI 5 */
#define READ_DIR                                                                                   \
        (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE)
#define ON_FILES                                                                                   \
        (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |                            \
         LANDLOCK_ACCESS_FS_EXECUTE | BIT_TRUNCATE | BIT_IOCTL)

static uint64_t bits_of_abi(int abi)
{
        return BITS_1 | (abi >= 2 ? BIT_REFER : 0) | (abi >= 3 ? BIT_TRUNCATE : 0) |
               (abi >= 5 ? BIT_IOCTL : 0);
}

/* A path that is not there needs no rule. */
static int allow(int ruleset, const char *path, uint64_t bits)
{
        _close_ int fd = open(path, O_PATH | O_CLOEXEC);
        struct landlock_path_beneath_attr attr = { .allowed_access = bits, .parent_fd = fd };
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return 0;
        if (!S_ISDIR(st.st_mode))
                attr.allowed_access &= ON_FILES;
        return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0) < 0
                       ? -errno
                       : 0;
}

static const char *const paths_always[] = {
        "/lib",
        "/lib64",
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
        "/etc/ld.so.cache",
        "/etc/ld.so.conf",
        "/etc/ld.so.conf.d",
        "/etc/localtime",
        "/usr/share/zoneinfo",
        "/usr/share/locale",
        "/dev/null",
        "/dev/urandom",
        "/proc/self",
        NULL,
};

static const char *const paths_of_sockets[] = {
        "/etc/resolv.conf",
        "/run/systemd/resolve",
        "/etc/hosts",
        "/etc/nsswitch.conf",
        "/etc/host.conf",
        "/etc/gai.conf",
        "/etc/services",
        "/etc/protocols",
        "/etc/ssl",
        "/etc/pki",
        "/usr/share/ca-certificates",
        "/usr/local/share/ca-certificates",
        NULL,
};

static int allow_all(int ruleset, const char *const *paths)
{
        int r = 0;

        for (; r == 0 && *paths; paths++)
                r = allow(ruleset, *paths, READ_DIR);
        return r;
}

static int allow_declared(int ruleset, const struct sandbox *sandbox, uint64_t handled)
{
        const uint64_t write =
                handled & ~(LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                            LANDLOCK_ACCESS_FS_EXECUTE | BIT_IOCTL);
        const json_t *file;
        const char *path;
        size_t i;
        int r = allow(ruleset, sandbox->plugin, READ_DIR);

        json_array_foreach(json_object_get(sandbox->access, "files"), i, file) {
                path = json_text_of(file, "path", NULL);
                if (r == 0 && path)
                        r = allow(ruleset, path,
                                  json_bool_of(file, "write", false) ? write : READ_DIR);
        }
        return r;
}

void sandbox_landlock(const struct sandbox *sandbox, char ret[96])
{
        int abi =
                (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
        struct landlock_ruleset_attr attr = { .handled_access_fs = bits_of_abi(abi) };
        _close_ int ruleset = -1;
        int r;

        if (abi < 1) {
                snprintf(ret, 96, "off: %s", abi < 0 ? strerror(errno) : "no ABI");
                return;
        }
        ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
        r = ruleset < 0 ? -errno : allow_all(ruleset, paths_always);
        if (r == 0 && sandbox->own_sockets)
                r = allow_all(ruleset, paths_of_sockets);
        if (r == 0)
                r = allow_declared(ruleset, sandbox, attr.handled_access_fs);
        if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
                r = -errno;
        if (r == 0)
                snprintf(ret, 96, "abi %d", abi);
        else
                snprintf(ret, 96, "off: %s", strerror(-r));
}

#else

void sandbox_landlock(const struct sandbox *sandbox, char ret[96])
{
        (void)sandbox;
        snprintf(ret, 96, "off: built without linux/landlock.h");
}

#endif
