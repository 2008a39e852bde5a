/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a shared object whose symbols are read: a verdict, and a reason where it is bad. */
#include "base/cleanup.h"
#include "cli/author_test.h"

#include <stdint.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _close_ int fd = memfd_create("object", MFD_CLOEXEC);
        char path[32];
        struct check check = { .so = path };

        if (fd < 0 || write(fd, data, size) != (ssize_t)size)
                abort();
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (check_exports(&check) != CHECK_OK && !*check.said)
                abort();
        return 0;
}
