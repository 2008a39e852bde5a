/* SPDX-License-Identifier: Apache-2.0 */
#include "host/trust.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HASH_LEN 64

static bool is_hash(const char *s)
{
        return strspn(s, "0123456789abcdef") == HASH_LEN;
}

static int read_file(const char *path, struct map *map, struct fault *fault)
{
        FILE *file = fopen(path, "re");
        char line[4096];
        int r = 0;

        if (!file)
                return errno == ENOENT ? 0
                                       : fault_set(fault, 500, "file.unreadable", "%s: %s", path,
                                                   strerror(errno));
        while (r == 0 && fgets(line, sizeof line, file)) {
                if (!is_hash(line))
                        continue;
                line[HASH_LEN] = '\0';
                r = map_put(map, line, map, NULL);
        }
        fclose(file);
        return r;
}

int trust_read(const char *state_dir, const char *shipped, struct map *ret, struct fault *fault)
{
        char path[4096];
        int r = shipped ? read_file(shipped, ret, fault) : 0;

        snprintf(path, sizeof path, "%s/trusted", state_dir);
        return r != 0 ? r : read_file(path, ret, fault);
}

int trust_add(const char *state_dir, const char *hash, struct fault *fault)
{
        _close_ int fd = -1;
        char path[4096], line[HASH_LEN + 2];

        if (!is_hash(hash) || hash[HASH_LEN])
                return fault_set(fault, 400, "plugin.hash", "'%s' is no SHA-256 in hex digits",
                                 hash);
        snprintf(path, sizeof path, "%s/trusted", state_dir);
        snprintf(line, sizeof line, "%s\n", hash);
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, line, strlen(line)) != (ssize_t)strlen(line) || fsync(fd) < 0) {
                fault_set(fault, 500, "state.unwritable", "%s: %s", path, strerror(errno));
                return fault_try(fault, "the state directory must belong to the hub's user");
        }
        return 0;
}
