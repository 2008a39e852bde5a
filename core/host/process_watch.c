/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Is a process as it should be? Each state has its time: to start, to answer a ping, to leave. Who
 * takes longer is asked to end (SIGTERM) and a moment later made to (SIGKILL); so is one whose call
 * did not end when it was called off. A deadline finds a call that hangs; the ping finds a process
 * that would let the next call hang, and a sensor's run(), which has no deadline.
 *
 * A ping that is overdue by more than its time says that the hub itself slept, as on a machine that
 * was suspended: it is sent once more.
 */

#include "host/process.h"

#include "base/clock.h"

#include <signal.h>

#define START_MS 10000          /* from exec to ready: sandbox, dlopen */
#define TERM_MS 300             /* from SIGTERM to SIGKILL */
#define LEAVE_GRACES 10         /* to destroy its instances and end, in times of grace */
#define PING_CALLS_MAX 100      /* with more its threads may all be in calls, and none reads */

void process_kill(struct process *process)
{
        process->was_killed = true;
        if (!process->is_reaped)
                kill(process->pid, SIGKILL);
}

void process_end(struct process *process, const char *why)
{
        if (process->is_reaped || process->kill_ms)
                return;
        process->was_killed = true;
        process->why = why;
        process->kill_ms = clock_mono_ms() + TERM_MS;
        kill(process->pid, SIGTERM);
        host_wake_at(process->host, process->kill_ms);
}

static void give_time(struct process *process, int64_t until_ms, int64_t now, const char *why)
{
        if (now >= until_ms)
                process_end(process, why);
        else
                host_wake_at(process->host, until_ms);
}

static void ping(struct process *process, int64_t now)
{
        int64_t every_ms = process->host->ping_ms, until_ms = process->pinged_ms + every_ms;
        bool is_owed = process->pinged_ms > process->heard_ms;

        if (is_owed && now >= until_ms && now < until_ms + every_ms) {
                process_end(process, "it did not answer a ping");
                return;
        }
        if (now >= until_ms && process->n_calls <= PING_CALLS_MAX) {
                process->pinged_ms = until_ms = now;
                process_ping(process);
        }
        host_wake_at(process->host, until_ms + every_ms);
}

void process_watch(struct process *process, int64_t now)
{
        struct host *host = process->host;

        if (process->is_reaped)
                return;
        if (process->kill_ms && now >= process->kill_ms)
                process_kill(process);
        else if (process->kill_ms)
                host_wake_at(host, process->kill_ms);
        else if (process->state == PROCESS_STARTING)
                give_time(process, process->since_ms + START_MS, now, "it did not start in 10 s");
        else if (process->state == PROCESS_LEAVING)
                give_time(process, process->since_ms + LEAVE_GRACES * host->grace_ms, now,
                          "it did not leave in its time");
        else if (process->state == PROCESS_READY)
                ping(process, now);
}
