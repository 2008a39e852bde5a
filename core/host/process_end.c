/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How a process ends, and what follows: its calls are told, the log gets an obituary, and the next
 * one is held back for a while that grows with each crash.
 */

#include "host/process.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define BACKOFF_MAX_MS 30000
#define CRASH_WINDOW_MS 60000

static const char *how(const struct process *process, char text[128])
{
        if (WIFSIGNALED(process->status))
                snprintf(text, 128, "signal %d (%s)", WTERMSIG(process->status),
                         strsignal(WTERMSIG(process->status)));
        else
                snprintf(text, 128, "exit status %d", WEXITSTATUS(process->status));
        return text;
}

static void count_crash(struct resident *resident, int64_t now)
{
        int64_t longest = resident->host->backoff_max_ms,
                first = longest < BACKOFF_MIN_MS ? longest : BACKOFF_MIN_MS;

        memmove(resident->crashed_ms + 1, resident->crashed_ms, sizeof resident->crashed_ms -
                sizeof *resident->crashed_ms);
        resident->crashed_ms[0] = now;
        resident->n_crashes++;
        if (!resident->backoff_ms || now - resident->crashed_ms[1] > CRASH_WINDOW_MS)
                resident->backoff_ms = first;
        else
                resident->backoff_ms =
                        resident->backoff_ms * 2 > longest ? longest : resident->backoff_ms * 2;
        resident->retry_ms = now + resident->backoff_ms;
}

bool process_is_given_up(const struct resident *resident, int64_t now)
{
        return now < resident->retry_ms && resident->crashed_ms[CRASHES_MAX - 1] &&
                now - resident->crashed_ms[CRASHES_MAX - 1] < CRASH_WINDOW_MS;
}

static void write_obituary(struct process *process, const char *cause)
{
        const struct manifest *manifest = process->resident->manifest;
        _text_ struct text tail = TEXT_INIT;
        char pid[16];

        for (unsigned i = process->n_tail > TAIL_LINES ? process->n_tail - TAIL_LINES : 0;
             i < process->n_tail; i++)
                text_addf(&tail, "%s%s", tail.len ? " | " : "", process->tail[i % TAIL_LINES]);
        snprintf(pid, sizeof pid, "%d", (int)process->pid);
        log_write(LOG_WARNING_,
                  LOG_FIELDS("plugin", manifest->name, "version", manifest->version, "pid", pid,
                             "stderr", tail.s),
                  "host of plugin '%s' died: %s%s%s%s", manifest->name, cause,
                  process->was_killed ? ", ended by the hub" : "", process->why ? ": " : "",
                  process->why ? process->why : "");
}

struct host_call *process_take_call(struct list *from)
{
        struct host_call *call;

        if (list_is_empty(from))
                return NULL;
        call = list_entry(from->next, struct host_call, place);
        list_unlink(&call->place);
        return call_ref(call);
}

static struct host_call *first_call(struct process *process, bool *ret_hung)
{
        struct host_call *call = NULL;

        pthread_mutex_lock(&process->host->lock);
        if (!list_is_empty(&process->calls)) {
                call = call_ref(list_entry(process->calls.next, struct host_call, place));
                *ret_hung = call->is_hung;
                cancel_set(&call->cancel, KN_ECANCELED);        /* for a door that it is in */
        }
        pthread_mutex_unlock(&process->host->lock);
        return call;
}

static void end_calls(struct process *process, const char *cause)
{
        const char *name = process->resident->manifest->name;
        char sentence[384];
        struct host_call *call;
        bool is_hung;

        while ((call = first_call(process, &is_hung))) {
                snprintf(sentence, sizeof sentence,
                         is_hung ? "the plugin '%s' did not end when it was called off: its "
                                   "process was ended (%s)"
                                 : "the process of the plugin '%s' died under the call: %s",
                         name, cause);
                call_end(call, is_hung ? HOST_EHUNG : HOST_ECRASHED, sentence, NULL);
                call_unref(call);
        }
}

void process_forget(struct host_call *call)
{
        struct process *process = call->process;

        call->process = NULL;
        if (--process->n_calls || process->state != PROCESS_READY)
                return;
        process->resident->idle_since_ms = clock_mono_ms();
        host_wake_at(process->host, process->resident->idle_since_ms + IDLE_MS);
}

/* Calls that waited for a process that did not come up, or that will not be tried for a while. */
void process_refuse_waiting(struct resident *resident, int code, const char *why)
{
        struct host *host = resident->host;
        char sentence[512];
        struct host_call *call;

        for (;;) {
                pthread_mutex_lock(&host->lock);
                call = process_take_call(&resident->waiting);
                pthread_mutex_unlock(&host->lock);
                if (!call)
                        return;
                snprintf(sentence, sizeof sentence, "the plugin '%s' cannot be started: %s",
                         resident->manifest->name, why);
                call_end(call, code, sentence, NULL);
                call_unref(call);
        }
}

static void bury(void *arg)
{
        struct process *process = arg;
        struct resident *resident = process->resident;
        struct host *host = process->host;
        int64_t now = clock_mono_ms();
        char cause[128];
        bool was_wanted, given_up;

        how(process, cause);
        pthread_mutex_lock(&host->lock);
        was_wanted = process->state != PROCESS_LEAVING;
        if (resident->process == process)
                resident->process = NULL;
        if (was_wanted) {
                count_crash(resident, now);
                snprintf(resident->last_crash, sizeof resident->last_crash, "%s%s%s", cause,
                         process->why ? ": " : "", process->why ? process->why : "");
        }
        process->state = PROCESS_GONE;
        given_up = process_is_given_up(resident, now);
        if (!list_is_empty(&resident->waiting))
                host_wake_at(host, resident->retry_ms);
        pthread_mutex_unlock(&host->lock);
        if (was_wanted)
                write_obituary(process, cause);
        end_calls(process, cause);
        if (given_up)
                process_refuse_waiting(resident, HOST_EUNAVAILABLE,
                                       "it crashed five times within a minute");
        pthread_mutex_lock(&host->lock);
        list_unlink(&process->link);
        pthread_mutex_unlock(&host->lock);
        process_unref(process);
        host_posted(host);
}

/* Under the lock, by whoever learnt the second of the two. */
static void bury_if_gone(struct process *process)
{
        if (process->is_reaped && process->is_at_end && !process->is_buried)
                process->is_buried = host_run(process->host, bury, process) == 0;
}

void process_is_at_end(struct process *process)
{
        pthread_mutex_lock(&process->host->lock);
        process->is_at_end = true;      /* before anybody could want another reader */
        process->reading = READ_NONE;
        /* Whoever closes his wire while he is wanted, or does not end soon after, is of no use. */
        if (!process->is_reaped && process->state != PROCESS_LEAVING)
                kill(process->pid, SIGKILL);
        bury_if_gone(process);
        pthread_mutex_unlock(&process->host->lock);
}

void process_on_child(void *arg, pid_t pid, int status)
{
        struct process *process = arg;

        (void)pid;
        process_on_log(process, 0);
        process->log_source = loop_fd_remove(process->log_source);
        process->out_source = loop_fd_remove(process->out_source);
        process->child = NULL;
        pthread_mutex_lock(&process->host->lock);
        process->is_reaped = true;
        process->status = status;
        process_need_reader(process);
        bury_if_gone(process);
        pthread_mutex_unlock(&process->host->lock);
}
