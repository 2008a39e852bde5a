/* SPDX-License-Identifier: Apache-2.0 */

#include "memfile.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int memfile_open(const char *text, char path[MEMFILE_PATH])
{
        size_t len = strlen(text);
        int fd = memfd_create("text", MFD_CLOEXEC);

        if (fd >= 0 && write(fd, text, len) != (ssize_t)len) {
                close(fd);
                fd = -1;
        }
        snprintf(path, MEMFILE_PATH, "/proc/self/fd/%d", fd);
        return fd;
}
