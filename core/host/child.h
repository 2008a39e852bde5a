/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The inside of kaname-host: one plugin, one wire, and as many threads as calls overlap.
 *
 *   child.c          from exec to ready: hello, sandbox, load; and the end
 *   child_threads.c  who reads the wire, who runs what came
 *   child_calls.c    instances and callbacks
 *   child_doors.c    the doors, each a question over the wire
 */

#ifndef HOST_CHILD_H
#define HOST_CHILD_H

#include "base/list.h"
#include "base/text.h"
#include "host/context.h"
#include "host/module.h"
#include "host/wire.h"

struct child;

struct child_instance {
        struct list link;
        uint32_t number;
        char *name;
        json_t *config;
        pthread_mutex_t making;         /* held around create() and destroy() */
        void *self;
        bool is_created;
        unsigned refs;                  /* of the list and of calls; under child->lock */
};

struct child_reply {
        json_t *json;
        char *raw;                      /* NUL behind it */
        size_t raw_len;
        int fd;
};

struct child_call {
        struct list link;
        struct child *child;
        uint32_t id;
        enum host_entry entry;
        const char *name;               /* in request */
        struct child_instance *instance;
        json_t *request, *args;
        struct cancel cancel;
        struct context context;
        pthread_cond_t replied;
        bool waits, has_reply;
        struct child_reply reply;
};

/* Something for a thread to run: a call, or an instance to be destroyed. */
struct child_job {
        struct list link;
        struct child_call *call;
        struct child_instance *drop;
};

struct child {
        int socket, bell;
        struct wire_reader reader;      /* of the thread that has is_read */
        struct module *module;
        pthread_mutex_t sending;
        pthread_mutex_t lock;           /* all below */
        struct list calls, instances, jobs;
        bool is_read, bell_is_heard, was_rung, has_ended;
        unsigned n_free, n_parked, n_waiting, n_threads;
        pthread_cond_t parked;
        pthread_cond_t idle;            /* no calls are left */
};

/* Run until the hub hangs up. The process's exit code. */
int child_main(const char *plugin);
/* Print {"manifest": …} or {"fault": …} for the object and end. */
int child_describe(const char *plugin);

/* child_threads.c */
void child_serve(struct child *child); /* returns when the wire has ended */
/* Ask the hub and wait; KN_ECANCELED if it has gone. */
int child_ask(struct child_call *call, const struct wire_message *question,
              struct child_reply *ret);
int child_send(struct child *child, const struct wire_message *message);
void child_reply_deinit(struct child_reply *reply);

/*
 * child_calls.c; the message is of the hub, which is trusted, but not to be without mistakes: NULL.
 */
struct child_job *child_job_of(struct child *child, const struct wire_message *message);
void child_add_instance(struct child *child, const struct wire_message *message);
void child_job_run(struct child *child, struct child_job *job);
void child_destroy_all(struct child *child);

/* child_doors.c */
extern const struct host_doors child_doors;
extern const struct context_net child_net;

#endif
