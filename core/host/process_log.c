/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a plugin and its libraries print: each line goes to the hub's log under the plugin's name,
 * the last few are kept for the obituary. After so many lines a second nobody reads on until the
 * second is over, so that the pipe fills and the printing waits.
 */

#include "host/process.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>
#include <unistd.h>

#define LINES_A_SECOND 200

static void end_line(struct process *process)
{
        const char *plugin = process->resident->manifest->name;

        if (!process->line_len)
                return;
        process->line[process->line_len] = '\0';
        process->line_len = 0;
        context_clean(process->line);
        pthread_mutex_lock(&process->host->lock);
        memcpy(process->tail[process->n_tail++ % TAIL_LINES], process->line, TAIL_WIDTH);
        pthread_mutex_unlock(&process->host->lock);
        process->lines_in_window++;
        log_write(LOG_INFO_, LOG_FIELDS("plugin", plugin), "plugin '%s' prints: %s", plugin,
                  process->line);
}

static void take_bytes(struct process *process, const char *bytes, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                if (bytes[i] == '\n' || process->line_len == TAIL_WIDTH - 1)
                        end_line(process);
                if ((unsigned char)bytes[i] >= 0x20)
                        process->line[process->line_len++] = bytes[i];
        }
}

static bool is_over_its_rate(struct process *process)
{
        int64_t now = clock_mono_ms();

        if (now - process->window_ms >= 1000) {
                process->window_ms = now;
                process->lines_in_window = 0;
        }
        return process->lines_in_window > LINES_A_SECOND;
}

/* Events 0: it has ended, what is left in the pipe is all there will be. */
void process_on_log(void *arg, uint32_t events)
{
        struct process *process = arg;
        char bytes[4096];
        ssize_t n = read(process->log_fd, bytes, sizeof bytes);

        if (n > 0)
                take_bytes(process, bytes, (size_t)n);
        if (!events)
                end_line(process);
        if (n == 0)
                process->log_source = loop_fd_remove(process->log_source);
        if (!process->log_source || !is_over_its_rate(process))
                return;
        loop_fd_events(process->log_source, 0);
        pthread_mutex_lock(&process->host->lock);
        process->log_is_paused = true;
        host_wake_at(process->host, process->window_ms + 1000);
        pthread_mutex_unlock(&process->host->lock);
}
