/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

static int unreadable(const char *path, int error, struct fault *fault)
{
        return fault_set(fault, error == ENOENT ? 404 : 500, "file.unreadable", "%s: %s", path,
                         strerror(error));
}

static int too_big(const char *path, size_t max, struct fault *fault)
{
        return fault_set(fault, 413, "file.too-big", "%s: more than the limit of %zu bytes", path,
                         max);
}

/* Up to room bytes; fewer only at the end of the file. */
static ssize_t read_up_to(int fd, char *buffer, size_t room)
{
        size_t have = 0;

        while (have < room) {
                ssize_t n = read(fd, buffer + have, room - have);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                have += (size_t)n;
        }
        return (ssize_t)have;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct fault *fault)
{
        _close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        _free_ char *buffer = NULL;
        struct stat st;
        size_t room;
        ssize_t n;

        if (fd < 0 || fstat(fd, &st) < 0)
                return unreadable(path, errno, fault);
        if (S_ISREG(st.st_mode) && (uintmax_t)st.st_size > max)
                return too_big(path, max, fault);
        /* Pipes and /proc announce no size; one byte more than announced tells that a file grew. */
        room = S_ISREG(st.st_mode) && st.st_size ? (size_t)st.st_size + 1 : max + 1;
        buffer = malloc(room + 1);
        if (!buffer)
                return -ENOMEM;
        n = read_up_to(fd, buffer, room);
        if (n < 0)
                return unreadable(path, (int)-n, fault);
        if ((size_t)n > max)
                return too_big(path, max, fault);
        if ((size_t)n == room)
                return unreadable(path, EBUSY, fault);
        buffer[n] = '\0';
        *ret = TAKE(buffer);
        *ret_len = (size_t)n;
        return 0;
}
