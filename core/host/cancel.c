/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cancel.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <kaname/plugin.h>

void cancel_init(struct cancel *cancel, int64_t deadline_mono_ms)
{
        atomic_init(&cancel->code, 0);
        atomic_init(&cancel->fd, -1);
        cancel->deadline_mono_ms = deadline_mono_ms;
}

void cancel_deinit(struct cancel *cancel)
{
        int fd = atomic_exchange(&cancel->fd, -1);

        if (fd >= 0)
                close(fd);
}

/* Order matters: the code stands before the descriptor is looked for, and cancel_fd() looks at the
 * code only after its descriptor can be found, so a sleeper either sees the one or is woken by the other. */
void cancel_set(struct cancel *cancel, int code)
{
        int none = 0, fd;

        if (!atomic_compare_exchange_strong(&cancel->code, &none, code))
                return;
        fd = atomic_load(&cancel->fd);
        if (fd >= 0)
                eventfd_write(fd, 1);
}

int cancel_code(const struct cancel *cancel)
{
        int code = atomic_load(&cancel->code);

        if (code)
                return code;
        return cancel->deadline_mono_ms && clock_mono_ms() >= cancel->deadline_mono_ms ? KN_ETIMEOUT
                                                                                       : 0;
}

int64_t cancel_left_ms(const struct cancel *cancel, int64_t limit_ms)
{
        int64_t left;

        if (!cancel->deadline_mono_ms)
                return limit_ms < 0 ? -1 : limit_ms;
        left = cancel->deadline_mono_ms - clock_mono_ms();
        if (left < 0)
                left = 0;
        return limit_ms >= 0 && limit_ms < left ? limit_ms : left;
}

int cancel_fd(struct cancel *cancel)
{
        int fd = atomic_load(&cancel->fd), none = -1;

        if (fd >= 0)
                return fd;
        fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (fd < 0)
                return -errno;
        if (!atomic_compare_exchange_strong(&cancel->fd, &none, fd)) {
                close(fd);
                fd = none;
        }
        if (atomic_load(&cancel->code))
                eventfd_write(fd, 1);
        return fd;
}

static int poll_once(struct pollfd *fds, int64_t until, int64_t deadline)
{
        int64_t now = clock_mono_ms(),
                end = until < 0 || (deadline && deadline < until) ? deadline : until;
        int64_t left = !end && until < 0 ? -1 : end > now ? end - now : 0;

        return poll(fds, 2, left > INT_MAX ? INT_MAX : (int)left);
}

static int ready_events(const struct pollfd *fd)
{
        short seen = fd->revents;

        if (seen & (POLLERR | POLLHUP | POLLNVAL))
                seen |= fd->events;
        return (seen & POLLIN ? KN_READ : 0) | (seen & POLLOUT ? KN_WRITE : 0);
}

int cancel_wait(struct cancel *cancel, int fd, int events, int64_t timeout_ms)
{
        struct pollfd fds[2] = {
                { .fd = fd,
                  .events = (short)((events & KN_READ ? POLLIN : 0) |
                                    (events & KN_WRITE ? POLLOUT : 0)) },
                { .events = POLLIN },
        };
        int64_t until = timeout_ms < 0 ? -1 : clock_mono_ms() + timeout_ms;
        int code = cancel_code(cancel), n;

        if (code || (fd < 0 && timeout_ms == 0))
                return code;
        fds[1].fd = cancel_fd(cancel);
        if (fds[1].fd < 0)
                return KN_ENOMEM;
        for (;;) {
                n = poll_once(fds, until, cancel->deadline_mono_ms);
                if (n < 0 && errno != EINTR)
                        return KN_EINTERNAL;
                code = cancel_code(cancel);
                if (code)
                        return code;
                if (n > 0 && fds[0].revents)
                        return ready_events(&fds[0]);
                if (until >= 0 && clock_mono_ms() >= until)
                        return 0;
        }
}
