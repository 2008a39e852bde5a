/* SPDX-License-Identifier: Apache-2.0 */

/* One life of a kaname-host, as its four files on the hub's side see it. */

#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

#include "host/host_state.h"

#define TAIL_LINES 4
#define TAIL_WIDTH 200
#define BACKOFF_MIN_MS 100
#define IDLE_MS 60000           /* without a call, then it is sent home */

enum process_state { PROCESS_STARTING, PROCESS_READY, PROCESS_LEAVING, PROCESS_GONE };
enum reading { READ_NONE, READ_WAITING, READ_HANDLING };

struct out_piece;

struct process {
        struct list link;               /* in host->processes, until it is buried */
        struct host *host;
        struct resident *resident;
        unsigned refs;
        uint64_t serial;                /* among the resident's, from 1 */
        enum process_state state;
        pid_t pid;
        int socket, bell, log_fd;
        json_t *sandbox;
        struct list calls;              /* sent, not done */
        unsigned n_calls;
        uint32_t last_id;
        bool was_killed, is_reaped, is_at_end, is_buried;
        const char *why;                /* it was asked to end; NULL: the signal says it */
        int64_t since_ms;               /* in this state */
        int64_t kill_ms;                /* when SIGKILL follows SIGTERM; 0: it was not asked to end */
        int64_t pinged_ms, heard_ms;    /* last ping sent, last one answered */
        int status;                     /* of waitpid, once reaped */
        struct loop_child *child;       /* the loop's thread */
        struct loop_fd *log_source, *out_source;
        /* who reads */
        enum reading reading;
        pthread_t reader_thread;        /* while READ_HANDLING */
        struct wire_reader reader;      /* the reader's */
        /* what it says on stderr; the loop's thread, tail under the lock */
        char tail[TAIL_LINES][TAIL_WIDTH];
        unsigned n_tail, line_len;
        char line[TAIL_WIDTH];
        unsigned lines_in_window, lines_dropped;
        int64_t window_ms;
        bool log_is_paused;
        /* what is to be sent */
        pthread_mutex_t sending;
        struct list out;                /* pieces that the socket had no room for */
        size_t out_bytes;
        bool out_is_posted;
};

struct process *process_ref(struct process *process);           /* under the lock */
void process_unref(struct process *process);                    /* not under the lock */

/* process_send.c */
int process_send(struct process *process, const struct wire_message *message);
/* The seat is the call's, which lets go of it when it ends. */
int process_send_call(struct process *process, const struct host_call *call, struct seat *seat);
void process_ping(struct process *process);                     /* under the host's lock */
void process_ring(struct process *process);
void process_out_free(struct process *process);

/* process_reader.c. Somebody waits for what it says; under the lock. */
void process_need_reader(struct process *process);
/* The reader is about to block: what it needs of the message it has taken. */
void process_reads_away(struct process *process);

/* process_doors.c; the reader's thread. False: it talks nonsense. */
bool process_handle(struct process *process, const struct wire_message *message, bool *ret_away);

/* process_end.c; under the lock but for the second, which is not for the loop's thread. */
bool process_is_given_up(const struct resident *resident, int64_t now);
void process_refuse_waiting(struct resident *resident, int code, const char *why);
struct host_call *process_take_call(struct list *from);         /* a reference; NULL: none */
void process_on_child(void *arg, pid_t pid, int status); /* of loop_child_add(): takes the lock */

/* process.c; all without the lock, never on the loop's thread but the log's. */
void process_is_ready(struct process *process, json_t *hello);
void process_is_at_end(struct process *process);
void process_on_log(void *arg, uint32_t events);

#endif
