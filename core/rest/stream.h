/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who waits for something to happen: event streams and Prefer: wait. One thread serves them all.
 * The bus only queues what happened, since it is called on the store's writer thread; this thread
 * reads the records and writes the frames. While nobody waits, the bus is not even listened to.
 */

#ifndef REST_STREAM_H
#define REST_STREAM_H

#include "rest/request.h"

struct stream;

int stream_new(struct rest *rest, struct stream **ret);
void stream_stop(struct stream *stream); /* answers who waits, ends the streams, joins */
struct stream *stream_free(struct stream *stream);      /* NULL; accepts NULL */
unsigned stream_clients(struct stream *stream);

/*
 * Call answer(req) when the execution is final, or deadline_ms (monotonic) has come, or the hub
 * stops; on the stream's thread. answer() completes the answer and calls request_done().
 */
int stream_wait(struct stream *stream, struct request *req, const struct id *execution,
                int64_t deadline_ms, void (*answer)(struct request *req));

struct stream_options {
        const char *events, *action_refs,
                *execution_ids; /* comma lists; NULL: the default, any, any */
        const char *end_event;
        struct id end_execution;
        bool has_after;                 /* Last-Event-ID was sent; else from now on */
        uint64_t after_seq;
        struct id output_of;            /* not zero: the output of this execution, then EOF */
        const char *output_type;        /* "stdout", "stderr"; NULL: both */
};
/* Make the request's answer an event stream. */
int stream_answer(struct stream *stream, struct request *req, const struct stream_options *options);

#endif
