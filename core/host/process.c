/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The life of a process, on the hub's side:
 *
 *   starting ── ready ──▶ ready ── hang up ──▶ leaving ──▶ gone
 *       └────── could not load, died, was killed ──────────▶ gone
 *
 * It is gone when both are known: its wire is at its end (what it said last was heard) and it was
 * reaped (how it ended is known). Then its calls end, the obituary is written, and if calls wait,
 * the next one is started when the back-off is over: 0.1 s, doubling to 30 s with each crash that
 * follows within a minute; after five within a minute waiting calls are refused until then.
 *
 * Processes are spawned on the loop's thread, since a parent-death signal follows the thread.
 */

#include "host/process.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>


struct process *process_ref(struct process *process)
{
        process->refs++;
        return process;
}

void process_unref(struct process *process)
{
        struct host *host = process->host;
        bool is_last;

        pthread_mutex_lock(&host->lock);
        is_last = --process->refs == 0;
        pthread_mutex_unlock(&host->lock);
        if (!is_last)
                return;
        process_out_free(process);
        wire_reader_deinit(&process->reader);
        close(process->socket);
        close(process->bell);
        if (process->log_fd >= 0)
                close(process->log_fd);
        json_decref(process->sandbox);
        pthread_mutex_destroy(&process->sending);
        free(process);
}

/* Half a hang-up: it reads the end, destroys its instances and ends. */
void process_retire(struct process *process)
{
        if (process->state != PROCESS_READY)
                return;
        process->state = PROCESS_LEAVING;
        process->since_ms = clock_mono_ms();
        if (process->resident->process == process)
                process->resident->process = NULL;
        shutdown(process->socket, SHUT_WR);
        process_need_reader(process);
        process_watch(process, process->since_ms);
}

/* ---- the start; on the loop's thread ---- */

static int spawn(struct process *process, int wire, int log_pipe)
{
        const struct manifest *manifest = process->resident->manifest;
        char title[128];
        char *argv[] = { (char *)(uintptr_t) "kaname-host", (char *)(uintptr_t)manifest->path,
                         title, NULL };
        char *envp[] = { NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attr;
        sigset_t none, all;
        int r;

        snprintf(title, sizeof title, "%s-%s", manifest->name, manifest->version);
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, log_pipe, 1);
        posix_spawn_file_actions_adddup2(&actions, log_pipe, 2);
        posix_spawn_file_actions_adddup2(&actions, wire, 3);
        posix_spawnattr_init(&attr);
        posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setsigmask(&attr, &none);
        posix_spawnattr_setsigdefault(&attr, &all);
        r = posix_spawn(&process->pid, process->host->program, &actions, &attr, argv, envp);
        posix_spawnattr_destroy(&attr);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

static int open_ends(struct process *process, int ret_theirs[2])
{
        const struct timeval second = { .tv_sec = 1 };
        int sockets[2], pipes[2];

        process->bell = eventfd(0, EFD_CLOEXEC);
        if (process->bell < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
                return -errno;
        process->socket = sockets[0];
        ret_theirs[0] = sockets[1];
        if (pipe2(pipes, O_CLOEXEC) < 0)
                return -errno;
        process->log_fd = pipes[0];
        ret_theirs[1] = pipes[1];
        fcntl(process->log_fd, F_SETFL, O_NONBLOCK);
        setsockopt(process->socket, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
        return 0;
}

static int say_hello(struct process *process)
{
        const struct manifest *manifest = process->resident->manifest;
        _json_ json_t *hello = json_object();
        _free_ char *text = NULL;

        if (manifest->access)
                json_object_set(hello, "access", (json_t *)(uintptr_t)manifest->access);
        json_object_set_new(hello, "own_sockets", json_boolean(manifest->has_own_sockets));
        json_object_set_new(hello, "memory_max",
                            json_integer((json_int_t)process->host->memory_max));
        text = json_compact(hello);
        return process_send(process, &(struct wire_message){ .type = WIRE_HELLO, .json = text,
                                                             .json_len = text ? strlen(text) : 0,
                                                             .fd = process->bell });
}

static struct process *process_new(struct resident *resident)
{
        struct process *process = calloc(1, sizeof *process);

        if (!process)
                return NULL;
        process->host = resident->host;
        process->resident = resident;
        process->refs = 1;              /* until it is buried */
        process->socket = process->bell = process->log_fd = -1;
        list_init(&process->link);
        list_init(&process->calls);
        list_init(&process->out);
        pthread_mutex_init(&process->sending, NULL);
        return process;
}

/* Nobody would hear of its end: it must not live, nor stay a zombie. */
static void undo_spawn(pid_t pid)
{
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

/* From where the process is known to others, it ends by being buried, not by a failure here. */
static int launch(struct process *process)
{
        struct host *host = process->host;
        int theirs[2] = { -1, -1 };
        int r = open_ends(process, theirs);

        if (r == 0)
                r = spawn(process, theirs[0], theirs[1]);
        if (theirs[0] >= 0)
                close(theirs[0]);
        if (theirs[1] >= 0)
                close(theirs[1]);
        if (r < 0)
                return r;
        wire_reader_init(&process->reader, process->socket);
        r = loop_child_add(host->loop, process->pid, process_on_child, process, &process->child);
        if (r < 0) {
                undo_spawn(process->pid);
                return r;
        }
        pthread_mutex_lock(&host->lock);
        process->serial = ++process->resident->n_starts;
        process->resident->process = process;
        list_append(&host->processes, &process->link);
        process->since_ms = clock_mono_ms();
        process_need_reader(process);
        process_watch(process, process->since_ms);
        pthread_mutex_unlock(&host->lock);
        loop_fd_add(host->loop, process->log_fd, EPOLLIN, process_on_log, process,
                    &process->log_source);
        say_hello(process);
        return 0;
}

static void fail_waiting(void *arg)
{
        struct resident *resident = arg;
        struct host *host = resident->host;

        process_refuse_waiting(resident, HOST_EUNAVAILABLE, "its process could not be made");
        host_posted(host);
}

static void start_process(void *arg)
{
        struct resident *resident = arg;
        struct host *host = resident->host;
        struct process *process = process_new(resident);
        int r = process ? launch(process) : -ENOMEM;

        pthread_mutex_lock(&host->lock);
        resident->is_starting = false;
        if (r < 0) {
                resident->retry_ms = clock_mono_ms() + BACKOFF_MIN_MS;
                host_run(host, fail_waiting, resident);
        }
        pthread_mutex_unlock(&host->lock);
        if (r < 0) {
                log_error("host of plugin '%s' cannot be started from %s: %s",
                          resident->manifest->name, host->program, strerror(-r));
                if (process)
                        process_unref(process);
        }
        host_posted(host);
}

/* Under the lock: see that there will be a process. */
static void want_process(struct resident *resident, int64_t now)
{
        struct host *host = resident->host;

        if (resident->process || resident->is_starting || list_is_empty(&resident->waiting))
                return;
        if (now < resident->retry_ms) {
                host_wake_at(host, resident->retry_ms);
                return;
        }
        resident->is_starting = true;
        if (host_post(host, start_process, resident) < 0)
                resident->is_starting = false;
}

void process_tick(struct resident *resident, int64_t now)
{
        struct process *process = resident->process;

        want_process(resident, now);
        if (!process || process->state != PROCESS_READY)
                return;
        if (process->log_is_paused && now - process->window_ms >= 1000 && process->log_source) {
                process->log_is_paused = false;
                loop_fd_events(process->log_source, EPOLLIN);
        } else if (process->log_is_paused) {
                host_wake_at(resident->host, process->window_ms + 1000);
        }
        if (process->n_calls || !resident->idle_since_ms)
                return;
        if (now - resident->idle_since_ms >= IDLE_MS)
                process_retire(process);
        else
                host_wake_at(resident->host, resident->idle_since_ms + IDLE_MS);
}

/* ---- calls ---- */

/*
 * Under the lock. What is at its end takes no more: nobody would end such a call when it is buried,
 * which may be at any moment from here on.
 */
static bool takes_calls(const struct process *process)
{
        return process && process->state == PROCESS_READY && !process->is_at_end &&
               !process->is_reaped;
}

/*
 * Under the lock. The call's seat with a reference, for hand_over(); NULL: it was called off
 * meanwhile, and is about to end.
 */
static struct seat *adopt(struct process *process, struct host_call *call)
{
        if (call->state != CALL_WAITING || call->grace_ms)
                return NULL;
        call->state = CALL_RUNNING;
        call->process = process;
        call->wire_id = ++process->last_id ? process->last_id : ++process->last_id;
        list_append(&process->calls, &call->place);
        process->n_calls++;
        process->resident->idle_since_ms = 0;
        process_need_reader(process);
        call->seat->refs++;
        return call->seat;
}

/* The seat comes with a reference of its own: the call may end meanwhile, and let go of its. */
static void hand_over(struct process *process, struct host_call *call, struct seat *seat,
                      bool others)
{
        int r = process_send_call(process, call, seat);

        /*
         * A wire that is broken will be at its end; what cannot be said at all is the caller's
         * fault.
         */
        if (r == -EMSGSIZE || r == -ENOMEM)
                call_end_later(call, KN_EARG, "the arguments are too large to hand over");
        if (others)
                process_ring(process);
        seat_unref(seat);
}

void process_run(struct host_call *call)
{
        struct resident *resident = call->resident;
        struct host *host = call->host;
        struct process *process = NULL;
        struct seat *seat = NULL;
        int64_t now;
        bool others = false, refused = false;

        host_hold(host);
        pthread_mutex_lock(&host->lock);
        if (call->state == CALL_WAITING && takes_calls(resident->process)) {
                others = resident->process->n_calls > 0;
                seat = adopt(resident->process, call);
                if (seat)
                        process = process_ref(resident->process);
        } else if (call->state == CALL_WAITING) {
                now = clock_mono_ms();
                refused = process_is_given_up(resident, now);
                if (!refused) {
                        list_append(&resident->waiting, &call->place);
                        want_process(resident, now);
                }
        }
        pthread_mutex_unlock(&host->lock);
        if (refused)
                call_end_later(call, HOST_EUNAVAILABLE,
                               "the plugin crashed five times within a minute: "
                               "it is given up until its back-off ends");
        if (process) {
                hand_over(process, call, seat, others);
                process_unref(process);
        }
        host_posted(host);
}

/*
 * It is up (or says why not): what waited goes in, in order. The first of them may end it: the rest
 * stays, for the next one.
 */
void process_is_ready(struct process *process, json_t *hello)
{
        struct resident *resident = process->resident;
        struct host *host = process->host;
        const char *what = json_text_of(hello, "what", NULL);
        struct host_call *call;
        struct seat *seat;
        bool others;

        if (what) {
                process_refuse_waiting(resident, HOST_EUNAVAILABLE, what);
                return;
        }
        pthread_mutex_lock(&host->lock);
        process->sandbox = json_incref(json_object_get(hello, "sandbox"));
        if (process->state == PROCESS_STARTING) {
                process->state = PROCESS_READY;
                process->pinged_ms = process->heard_ms = clock_mono_ms();
                process_watch(process, process->heard_ms);
        }
        pthread_mutex_unlock(&host->lock);
        for (;;) {
                pthread_mutex_lock(&host->lock);
                call = takes_calls(process) ? process_take_call(&resident->waiting) : NULL;
                others = process->n_calls > 0;
                seat = call ? adopt(process, call) : NULL;
                pthread_mutex_unlock(&host->lock);
                if (!call)
                        return;
                if (seat)
                        hand_over(process, call, seat, others);
                call_unref(call);
        }
}
