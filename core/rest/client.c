/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/client.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>

#define READER_IDLE_S 60U

static char *copy(const char *text)
{
        return text ? strdup(text) : NULL;
}

struct client *client_new(struct stream *stream, const struct stream_options *options)
{
        struct client *client = calloc(1, sizeof *client);

        if (!client)
                return NULL;
        list_init(&client->link);
        pthread_mutex_init(&client->lock, NULL);
        client->stream = stream;
        client->refs = 1;
        client->options = *options;
        client->options.events = copy(options->events);
        client->options.action_refs = copy(options->action_refs);
        client->options.execution_ids = copy(options->execution_ids);
        client->options.end_event = copy(options->end_event);
        client->options.output_type = copy(options->output_type);
        client->replay_after = options->after_seq;
        client->is_replaying = true;
        return client;
}

void client_unref(struct client *client)
{
        if (!client || __atomic_sub_fetch(&client->refs, 1, __ATOMIC_ACQ_REL) > 0)
                return;
        text_deinit(&client->buffer);
        free((char *)client->options.events);
        free((char *)client->options.action_refs);
        free((char *)client->options.execution_ids);
        free((char *)client->options.end_event);
        free((char *)client->options.output_type);
        pthread_mutex_destroy(&client->lock);
        free(client);
}

/* ---- the daemon's side ---- */

static ssize_t take(struct client *client, char *to, size_t max)
{
        size_t n = client->buffer.len - client->sent;

        n = n < max ? n : max;
        memcpy(to, client->buffer.s + client->sent, n);
        client->sent += n;
        if (client->sent == client->buffer.len)
                client->buffer.len = client->sent = 0;
        return (ssize_t)n;
}

static ssize_t reader(void *cls, uint64_t pos, char *to, size_t max)
{
        struct client *client = cls;
        bool wake = false;
        ssize_t n = 0;

        (void)pos;
        pthread_mutex_lock(&client->lock);
        if (client->buffer.len > client->sent) {
                n = take(client, to, max);
        } else if (client->is_ended) {
                n = MHD_CONTENT_READER_END_OF_STREAM;
        } else {
                MHD_suspend_connection(client->connection);
                client->is_suspended = true;
        }
        if (client->is_hungry && client->buffer.len - client->sent < CLIENT_BUFFER_LOW) {
                client->is_hungry = false;
                wake = true;
        }
        pthread_mutex_unlock(&client->lock);
        if (wake)
                stream_wake(client->stream);
        return n;
}

static void gone(void *cls)
{
        struct client *client = cls;
        struct stream *stream = client->stream;

        pthread_mutex_lock(&client->lock);
        client->is_gone = true;
        pthread_mutex_unlock(&client->lock);
        client_unref(client);
        stream_client_gone(stream);
}

int client_attach(struct client *client, struct request *req)
{
        client->connection = req->connection;
        req->stream = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, reader, client,
                                                        gone);
        if (!req->stream)
                return -ENOMEM;
        /* Who reads nothing for so long has gone to sleep; it comes back with Last-Event-ID. */
        MHD_set_connection_option(req->connection, MHD_CONNECTION_OPTION_TIMEOUT, READER_IDLE_S);
        __atomic_add_fetch(&client->refs, 1, __ATOMIC_RELAXED);
        req->status = 200;
        req->content_type = "text/event-stream; charset=UTF-8";
        answer_header(req, "Cache-Control", "no-cache");
        answer_header(req, "X-Accel-Buffering", "no");
        return 0;
}

/* ---- the stream's side ---- */

/* Under the lock. */
static void resume(struct client *client)
{
        if (!client->is_suspended || client->is_gone)
                return;
        client->is_suspended = false;
        MHD_resume_connection(client->connection);
}

bool client_push(struct client *client, const char *frame, size_t len)
{
        bool pushed = false;
        size_t waiting;

        pthread_mutex_lock(&client->lock);
        waiting = client->buffer.len - client->sent;
        /* One frame that is larger than the buffer must still get through. */
        if (!client->is_gone && !client->is_ended && (!waiting
                                                      || waiting + len <= CLIENT_BUFFER_MAX)) {
                if (client->sent > CLIENT_BUFFER_LOW) {
                        client->buffer.len -= client->sent;
                        memmove(client->buffer.s, client->buffer.s + client->sent,
                                client->buffer.len);
                        client->sent = 0;
                }
                text_add_bytes(&client->buffer, frame, len);
                pushed = !client->buffer.failed;
                resume(client);
        }
        pthread_mutex_unlock(&client->lock);
        return pushed;
}

void client_end(struct client *client)
{
        pthread_mutex_lock(&client->lock);
        client->is_ended = true;
        resume(client);
        pthread_mutex_unlock(&client->lock);
}

bool client_is_gone(struct client *client)
{
        bool over;

        pthread_mutex_lock(&client->lock);
        over = client->is_gone || client->is_ended;
        pthread_mutex_unlock(&client->lock);
        return over;
}

bool client_wants(struct client *client)
{
        bool wants;

        pthread_mutex_lock(&client->lock);
        wants = client->buffer.len - client->sent < CLIENT_BUFFER_LOW;
        client->is_hungry = !wants;
        pthread_mutex_unlock(&client->lock);
        return wants;
}

/* ---- filters ---- */

static bool list_has(const char *list, const char *item)
{
        char pattern[256];

        for (const char *s = list; *s; s += *s == ',') {
                size_t n = strcspn(s, ",");

                snprintf(pattern, sizeof pattern, "%.*s", (int)n, s);
                if (n && text_matches(item, pattern))
                        return true;
                s += n;
        }
        return false;
}

bool client_hears(const struct client *client, const char *event, const char *action,
                  const char *execution)
{
        const struct stream_options *o = &client->options;

        if (!list_has(o->events ? o->events : "st2.announcement__*,st2.execution__*", event))
                return false;
        if (o->action_refs && (!action || !list_has(o->action_refs, action)))
                return false;
        return !o->execution_ids || (execution && list_has(o->execution_ids, execution));
}
