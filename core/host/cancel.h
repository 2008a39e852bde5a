/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One token for "stop now", shared by whoever calls a plugin off and by all that waits for it. Its
 * eventfd is made by the first one who really sleeps: most calls never do.
 */

#ifndef HOST_CANCEL_H
#define HOST_CANCEL_H

#include <stdint.h>

struct cancel {
        _Atomic int code;               /* 0, or why: KN_ECANCELED, KN_ETIMEOUT */
        _Atomic int fd;                 /* -1 until somebody sleeps */
        int64_t deadline_mono_ms;       /* 0: none; fixed before the token is shared */
};

void cancel_init(struct cancel *cancel, int64_t deadline_mono_ms);
void cancel_deinit(struct cancel *cancel);
/* The first code wins. Any thread. */
void cancel_set(struct cancel *cancel, int code);
/* 0, or the code why the call should end; the deadline counts. */
int cancel_code(const struct cancel *cancel);
/* Milliseconds until the deadline, at most limit_ms (negative: no limit); -1: for ever. */
int64_t cancel_left_ms(const struct cancel *cancel, int64_t limit_ms);
/* The descriptor that becomes readable on cancel_set(); or -errno. */
int cancel_fd(struct cancel *cancel);
/* As wait() of plugin.h. */
int cancel_wait(struct cancel *cancel, int fd, int events, int64_t timeout_ms);

#endif
