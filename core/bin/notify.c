/* SPDX-License-Identifier: Apache-2.0 */
#include "bin/notify.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

/* "@name" is in the abstract namespace; anything but that and a path is not ours to understand. */
static socklen_t address_of(const char *where, struct sockaddr_un *address)
{
        size_t len = strlen(where);

        if ((*where != '/' && *where != '@') || len >= sizeof address->sun_path)
                return 0;
        memset(address, 0, sizeof *address);
        address->sun_family = AF_UNIX;
        memcpy(address->sun_path, where, len);
        if (*where == '@')
                address->sun_path[0] = '\0';
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

void notify(const char *fmt, ...)
{
        const char *where = getenv("NOTIFY_SOCKET");
        _close_ int fd = -1;
        struct sockaddr_un address;
        socklen_t len = where ? address_of(where, &address) : 0;
        char lines[512];
        va_list ap;
        int n;

        if (!len)
                return;
        va_start(ap, fmt);
        n = vsnprintf(lines, sizeof lines, fmt, ap);
        va_end(ap);
        if (n < 0 || n >= (int)sizeof lines)
                return;
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd >= 0)
                sendto(fd, lines, (size_t)n, MSG_NOSIGNAL, (struct sockaddr *)&address, len);
}

void notify_reloading(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        notify("RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reloading",
               (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

/* The variables may be meant for a parent of ours. */
int64_t notify_watchdog_ms(void)
{
        const char *pid = getenv("WATCHDOG_PID");
        int64_t usec, for_pid;

        if (!text_to_int(getenv("WATCHDOG_USEC"), 2000, INT64_MAX, &usec))
                return 0;
        if (pid && (!text_to_int(pid, 1, INT32_MAX, &for_pid) || for_pid != getpid()))
                return 0;
        return usec / 2000;
}
