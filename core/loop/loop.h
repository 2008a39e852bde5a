/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The event loop of the main thread: descriptors, timers, signals, children, and work handed over
 * from other threads. All functions but loop_post() and loop_stop() belong to the loop's thread.
 *
 * Callbacks may add and remove any source, their own too: a removed source is never called again,
 * and its memory goes when the round is over.
 */

#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdint.h>
#include <sys/types.h>

struct loop;
struct loop_fd;
struct loop_timer;
struct loop_child;

int loop_new(struct loop **ret);                                /* 0 or -errno */
struct loop *loop_free(struct loop *loop);      /* removes what is left, drops posts; NULL */
/* Run until loop_stop(); 0 or -errno of epoll. */
int loop_run(struct loop *loop);
/* One round that waits at most timeout_ms (-1: for ever): for tests and for draining. */
int loop_once(struct loop *loop, int timeout_ms);
void loop_stop(struct loop *loop);                              /* any thread */

/* Call fn on the loop's thread, in the order of the posts. Any thread; -ENOMEM or 0. */
int loop_post(struct loop *loop, void (*fn)(void *arg), void *arg);

/*
 * Level-triggered: events are EPOLLIN, EPOLLOUT, …; 0 is silence, also about hangups. The
 * descriptor stays the caller's, who removes the source before closing it. ret may be NULL.
 */
int loop_fd_add(struct loop *loop, int fd, uint32_t events,
                void (*fn)(void *arg, uint32_t events), void *arg, struct loop_fd **ret);
int loop_fd_events(struct loop_fd *source, uint32_t events);
struct loop_fd *loop_fd_remove(struct loop_fd *source);         /* NULL; accepts NULL */

/* Fires once at the monotonic time at_ms (base/clock.h); set again from the callback to repeat. */
int loop_timer_new(struct loop *loop, void (*fn)(void *arg), void *arg, struct loop_timer **ret);
void loop_timer_set(struct loop_timer *timer, int64_t at_ms);
void loop_timer_unset(struct loop_timer *timer);
struct loop_timer *loop_timer_free(struct loop_timer *timer);   /* NULL; accepts NULL */

/*
 * Signals arrive by signalfd; they are blocked in the calling thread, so call it before any thread
 * starts. A child process inherits the block: set its mask where it is spawned.
 */
int loop_signal_add(struct loop *loop, int signal, void (*fn)(void *arg, int signal), void *arg);

/*
 * Reap pid (by pidfd) and report waitpid's status, once; the source is gone after the callback.
 * -ESRCH: there is no such child (any more). Status -1: somebody else reaped it. ret may be NULL.
 */
int loop_child_add(struct loop *loop, pid_t pid, void (*fn)(void *arg, pid_t pid, int status),
                   void *arg, struct loop_child **ret);
struct loop_child *loop_child_remove(struct loop_child *child); /* leaves the process; NULL */

#endif
