/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Everything that can wake the main thread is a descriptor source: the caller's own, the eventfd
 * behind loop_post() and loop_stop(), the signalfd, and one pidfd a child. Timers alone live beside
 * them (timer_heap.c), and the first of them bounds how long epoll may wait.
 *
 * A round takes a batch of events from the kernel, so a callback can remove a source that is named
 * later in the same batch. Removal therefore only marks the source and puts it on the list of the
 * dead, which is emptied when no round is on the stack any more; a callback may run rounds of its
 * own, hence the depth.
 */

#include "loop/loop.h"

#include "base/cleanup.h"
#include "base/list.h"
#include "loop/timer_heap.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define BATCH 64

struct loop_fd {
        struct list link;               /* in loop->sources or loop->dead */
        struct loop *loop;
        int fd;
        uint32_t events;
        bool removed, owned;            /* owned: the loop closes fd */
        void (*fn)(void *arg, uint32_t events);
        void *arg;
};

struct loop_child {
        struct loop_fd source;          /* first: freed as one */
        pid_t pid;
        void (*fn)(void *arg, pid_t pid, int status);
        void *arg;
};

struct post {
        struct list link;
        void (*fn)(void *arg);
        void *arg;
};

struct signal_handler {
        void (*fn)(void *arg, int signal);
        void *arg;
};

struct loop {
        int epoll_fd, wake_fd, signal_fd;
        unsigned depth;                 /* rounds on the stack */
        struct list sources, dead;
        struct timer_heap timers;
        sigset_t signals;
        struct signal_handler handlers[NSIG];
        _Atomic bool stopping;
        pthread_mutex_t lock;           /* of posts */
        struct list posts;
};

/* ---- descriptors ---- */

static int watch(struct loop_fd *source, int how, uint32_t events)
{
        struct epoll_event event = { .events = events, .data.ptr = source };

        return epoll_ctl(source->loop->epoll_fd, how, source->fd, &event) < 0 ? -errno : 0;
}

static int source_init(struct loop_fd *source, struct loop *loop, int fd, uint32_t events)
{
        int r = 0;

        source->loop = loop;
        source->fd = fd;
        source->events = events;
        if (events)
                r = watch(source, EPOLL_CTL_ADD, events);
        if (r == 0)
                list_append(&loop->sources, &source->link);
        return r;
}

int loop_fd_add(struct loop *loop, int fd, uint32_t events,
                void (*fn)(void *arg, uint32_t events), void *arg, struct loop_fd **ret)
{
        _free_ struct loop_fd *source = calloc(1, sizeof *source);
        int r;

        if (!source)
                return -ENOMEM;
        source->fn = fn;
        source->arg = arg;
        r = source_init(source, loop, fd, events);
        if (r < 0)
                return r;
        if (ret)
                *ret = source;
        source = NULL;
        return 0;
}

/* Without events the source leaves epoll, which would report errors and hangups all the same. */
int loop_fd_events(struct loop_fd *source, uint32_t events)
{
        int r;

        if (events == source->events)
                return 0;
        r = watch(source, !events ? EPOLL_CTL_DEL : source->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
                  events);
        if (r == 0)
                source->events = events;
        return r;
}

static void bury(struct loop *loop)
{
        if (loop->depth)
                return;
        list_each_safe(at, &loop->dead) {
                list_unlink(at);
                free(list_entry(at, struct loop_fd, link));
        }
}

struct loop_fd *loop_fd_remove(struct loop_fd *source)
{
        struct loop *loop;

        if (!source || source->removed)
                return NULL;
        loop = source->loop;
        if (source->events)
                watch(source, EPOLL_CTL_DEL, 0);
        if (source->owned)
                close(source->fd);
        source->removed = true;
        list_unlink(&source->link);
        list_append(&loop->dead, &source->link);
        bury(loop);
        return NULL;
}

/* An earlier callback of the round may have removed the source or lost interest. */
static void source_call(struct loop_fd *source, uint32_t events)
{
        if (source->removed || !source->events)
                return;
        events &= source->events | EPOLLERR | EPOLLHUP;
        if (events)
                source->fn(source->arg, events);
}

int loop_timer_new(struct loop *loop, void (*fn)(void *arg), void *arg, struct loop_timer **ret)
{
        return timer_heap_add(&loop->timers, fn, arg, ret);
}

/* ---- work from other threads ---- */

static void wake(struct loop *loop)
{
        /* It fails only where the counter is full, and then the loop is awake already. */
        if (eventfd_write(loop->wake_fd, 1) < 0)
                return;
}

int loop_post(struct loop *loop, void (*fn)(void *arg), void *arg)
{
        struct post *post = malloc(sizeof *post);
        bool first;

        if (!post)
                return -ENOMEM;
        post->fn = fn;
        post->arg = arg;
        pthread_mutex_lock(&loop->lock);
        first = list_is_empty(&loop->posts);
        list_append(&loop->posts, &post->link);
        pthread_mutex_unlock(&loop->lock);
        if (first)
                wake(loop);
        return 0;
}

static void take_posts(struct loop *loop, struct list *into)
{
        list_init(into);
        pthread_mutex_lock(&loop->lock);
        list_splice(into, &loop->posts);
        pthread_mutex_unlock(&loop->lock);
}

/* The counter is read before the list is taken: a post after that writes it again. */
static void run_posts(void *arg, uint32_t events)
{
        struct loop *loop = arg;
        struct list posts;
        eventfd_t n;

        (void)events;
        if (eventfd_read(loop->wake_fd, &n) < 0 && errno != EAGAIN)
                return;
        take_posts(loop, &posts);
        list_each_safe(at, &posts) {
                _free_ struct post *post = list_entry(at, struct post, link);

                post->fn(post->arg);
        }
}

/* ---- signals ---- */

static void read_signals(void *arg, uint32_t events)
{
        struct loop *loop = arg;
        struct signalfd_siginfo info;

        (void)events;
        while (read(loop->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
                struct signal_handler *handler = &loop->handlers[info.ssi_signo];

                if (handler->fn)
                        handler->fn(handler->arg, (int)info.ssi_signo);
        }
}

int loop_signal_add(struct loop *loop, int signal, void (*fn)(void *arg, int signal), void *arg)
{
        int fd, r;

        if (signal < 1 || signal >= NSIG || sigaddset(&loop->signals, signal) < 0)
                return -EINVAL;
        r = pthread_sigmask(SIG_BLOCK, &loop->signals, NULL);
        if (r)
                return -r;
        fd = signalfd(loop->signal_fd, &loop->signals, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd < 0)
                return -errno;
        loop->handlers[signal] = (struct signal_handler){ fn, arg };
        if (loop->signal_fd >= 0)
                return 0;
        loop->signal_fd = fd;
        return loop_fd_add(loop, fd, EPOLLIN, read_signals, loop, NULL);
}

/* ---- children ---- */

static void child_ended(void *arg, uint32_t events)
{
        struct loop_child *child = arg;
        int status = -1;
        pid_t pid;

        (void)events;
        do {
                pid = waitpid(child->pid, &status, WNOHANG);
        } while (pid < 0 && errno == EINTR);
        if (pid == 0)
                return;
        if (pid < 0)
                status = -1;
        child->fn(child->arg, child->pid, status);
        loop_child_remove(child);
}

int loop_child_add(struct loop *loop, pid_t pid, void (*fn)(void *arg, pid_t pid, int status),
                   void *arg, struct loop_child **ret)
{
        _free_ struct loop_child *child = calloc(1, sizeof *child);
        _close_ int fd = -1;
        int r;

        if (!child)
                return -ENOMEM;
        fd = (int)syscall(SYS_pidfd_open, pid, 0);
        if (fd < 0)
                return -errno;
        child->source.fn = child_ended;
        child->source.arg = child;
        child->source.owned = true;
        child->pid = pid;
        child->fn = fn;
        child->arg = arg;
        r = source_init(&child->source, loop, fd, EPOLLIN);
        if (r < 0)
                return r;
        fd = -1;
        if (ret)
                *ret = child;
        child = NULL;
        return 0;
}

struct loop_child *loop_child_remove(struct loop_child *child)
{
        if (child)
                loop_fd_remove(&child->source);
        return NULL;
}

/* ---- the loop ---- */

int loop_new(struct loop **ret)
{
        struct loop *loop = calloc(1, sizeof *loop);
        int r;

        if (!loop)
                return -ENOMEM;
        list_init(&loop->sources);
        list_init(&loop->dead);
        timer_heap_init(&loop->timers);
        list_init(&loop->posts);
        sigemptyset(&loop->signals);
        pthread_mutex_init(&loop->lock, NULL);
        loop->signal_fd = -1;
        loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r = loop->epoll_fd < 0 || loop->wake_fd < 0
                ? -errno : loop_fd_add(loop, loop->wake_fd, EPOLLIN, run_posts, loop, NULL);
        if (r < 0) {
                loop_free(loop);
                return r;
        }
        *ret = loop;
        return 0;
}

int loop_once(struct loop *loop, int timeout_ms)
{
        struct epoll_event events[BATCH];
        int wait_ms = timer_heap_wait_ms(&loop->timers, timeout_ms);
        int n = epoll_wait(loop->epoll_fd, events, BATCH, wait_ms);

        if (n < 0 && errno != EINTR)
                return -errno;
        loop->depth++;
        for (int i = 0; i < n; i++)
                source_call(events[i].data.ptr, events[i].events);
        timer_heap_fire(&loop->timers);
        loop->depth--;
        bury(loop);
        return 0;
}

int loop_run(struct loop *loop)
{
        int r = 0;

        while (r == 0 && !atomic_load(&loop->stopping))
                r = loop_once(loop, -1);
        atomic_store(&loop->stopping, false);
        return r;
}

void loop_stop(struct loop *loop)
{
        atomic_store(&loop->stopping, true);
        wake(loop);
}

struct loop *loop_free(struct loop *loop)
{
        struct list posts;

        if (!loop)
                return NULL;
        list_each_safe(at, &loop->sources)
                loop_fd_remove(list_entry(at, struct loop_fd, link));
        timer_heap_deinit(&loop->timers);
        take_posts(loop, &posts);
        list_each_safe(at, &posts)
                free(list_entry(at, struct post, link));
        pthread_mutex_destroy(&loop->lock);
        if (loop->signal_fd >= 0)
                close(loop->signal_fd);
        if (loop->wake_fd >= 0)
                close(loop->wake_fd);
        if (loop->epoll_fd >= 0)
                close(loop->epoll_fd);
        free(loop);
        return NULL;
}
