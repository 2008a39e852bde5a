/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One reader of an event stream: a buffer between the stream's thread, which appends frames, and
 * the daemon's thread, which sends them and suspends the connection while there are none. Who reads
 * too slowly is not buffered without bounds: it goes back to reading the store from where it was.
 */

#ifndef REST_CLIENT_H
#define REST_CLIENT_H

#include "base/list.h"
#include "base/text.h"
#include "rest/stream.h"

#define CLIENT_BUFFER_MAX (1 << 20)
#define CLIENT_BUFFER_LOW (256 << 10)

struct client {
        struct list link;               /* of the stream's thread */
        struct stream *stream;
        struct MHD_Connection *connection;
        pthread_mutex_t lock;           /* of what follows, up to the blank line */
        struct text buffer;
        size_t sent;                    /* of the buffer */
        bool is_suspended, is_ended, is_gone, is_hungry;
        unsigned refs;

        /* the stream's thread only */
        struct stream_options options;  /* texts are copies */
        uint64_t replay_after;          /* its own cursor, while it is replaying */
        bool is_replaying;
        int64_t next_line;
};

struct client *client_new(struct stream *stream, const struct stream_options *options);
void client_unref(struct client *client);
/* The answer of the request: from now on the daemon owns a reference. */
int client_attach(struct client *client, struct request *req);
/* Append; false where the buffer is full or the reader is gone. */
bool client_push(struct client *client, const char *frame, size_t len);
void client_end(struct client *client);
bool client_is_gone(struct client *client);
/* Is there room to replay into? If not, the stream is woken when there is. */
bool client_wants(struct client *client);
/* Would it like to hear of this? */
bool client_hears(const struct client *client, const char *event, const char *action,
                  const char *execution);

/* Of the stream: */
void stream_wake(struct stream *stream);
void stream_client_gone(struct stream *stream);

#endif
