/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who reads a wire: one of the pool's threads at a time, as long as there are calls and for a
 * second after, so that calls in a row cost no hand-over. The thread that read a message also deals
 * with it. Dealing may block (a door of the hub's, an HTTP exchange), so before that it leaves the
 * wire (process_reads_away): if other calls wait for what this process says, or come to wait
 * (process_need_reader), another thread reads on, and this one goes to the pool when it is done.
 */

#include "host/process.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

static void reader_job(void *arg);

/* Under the lock. */
static void start_reader(struct process *process)
{
        process->reading = READ_WAITING;
        process_ref(process);
        if (host_run(process->host, reader_job, process) < 0) {
                process->reading = READ_NONE;
                process->refs--;        /* never the last: the caller has one */
        }
}

void process_need_reader(struct process *process)
{
        if (process->is_at_end || process->reading == READ_WAITING)
                return;
        if (process->reading == READ_NONE || !pthread_equal(process->reader_thread, pthread_self()))
                start_reader(process);
}

void process_reads_away(struct process *process)
{
        pthread_mutex_lock(&process->host->lock);
        process->reading = READ_HANDLING;
        process->reader_thread = pthread_self();
        if (process->n_calls && !process->is_at_end)
                start_reader(process);
        pthread_mutex_unlock(&process->host->lock);
}

/* Back from a message that was dealt with away from the wire: is it this thread's turn still? */
static bool reads_on(struct process *process)
{
        bool is_mine;

        pthread_mutex_lock(&process->host->lock);
        is_mine = process->reading == READ_HANDLING &&
                  pthread_equal(process->reader_thread, pthread_self());
        if (is_mine)
                process->reading = READ_WAITING;
        pthread_mutex_unlock(&process->host->lock);
        return is_mine;
}

/* A second passed without a message. */
static bool is_idle(struct process *process)
{
        bool idle;

        pthread_mutex_lock(&process->host->lock);
        idle = process->state == PROCESS_READY && !process->n_calls && !process->is_reaped;
        if (idle)
                process->reading = READ_NONE;
        pthread_mutex_unlock(&process->host->lock);
        return idle;
}

static void at_end(struct process *process, int r)
{
        struct host *host = process->host;

        if (r < 0) {
                log_warning("host of plugin '%s' does not keep to the protocol: %s, ending it",
                            process->resident->manifest->name, strerror(-r));
                pthread_mutex_lock(&host->lock);
                process_kill(process);
                pthread_mutex_unlock(&host->lock);
        }
        process_is_at_end(process);
}

static void reader_job(void *arg)
{
        struct process *process = arg;
        struct host *host = process->host;
        struct wire_message message;
        bool is_reader = true, is_away;
        int r;

        while (is_reader) {
                message = (struct wire_message){ .fd = -1 };
                is_away = false;
                r = wire_read(&process->reader, &message);
                if (r == -EAGAIN) {
                        is_reader = !is_idle(process);
                        continue;
                }
                if (r > 0 && !process_handle(process, &message, &is_away))
                        r = -EPROTO;
                if (r <= 0)
                        at_end(process, r);
                is_reader = r > 0 && (!is_away || reads_on(process));
        }
        process_unref(process);
        host_posted(host);
}
