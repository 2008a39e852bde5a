/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/client.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "hub/hub.h"
#include "rest/frame.h"
#include "rest/live.h"
#include "rest/waiter.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define NOTICES_MAX 65536
#define HEARTBEAT_MS 15000

struct stream {
        struct rest *rest;
        pthread_t thread;
        pthread_mutex_t lock;           /* of what follows, up to the blank line */
        pthread_cond_t wake;
        struct list notices, new_waiters, new_clients;
        size_t n_notices;
        bool is_woken, is_stopping, has_lost;

        unsigned n_clients;             /* atomic */
        unsigned n_output;              /* atomic: somebody wants lines of output */

        /* the thread only */
        struct hub_watch *watch;
        struct list waiters;
        struct live live;
        int64_t heartbeat_ms;

};

static struct store *store_of(const struct stream *stream)
{
        return hub_store(stream->rest->options.hub);
}

static const char ping[] = ": ping\n\n";

/* ---- from other threads ---- */

/* On the store's writer thread, mostly: copy, queue, wake. */
static void heard(void *arg, const struct hub_notice *notice)
{
        struct stream *stream = arg;
        struct noted *noted;

        if (notice->topic == HUB_OUTPUT && !__atomic_load_n(&stream->n_output, __ATOMIC_RELAXED))
                return;
        noted = noted_new(notice);
        pthread_mutex_lock(&stream->lock);
        if (!noted || stream->n_notices >= NOTICES_MAX) {
                stream->has_lost = true;
                noted_free(noted);
        } else {
                list_append(&stream->notices, &noted->link);
                stream->n_notices++;
        }
        pthread_cond_signal(&stream->wake);
        pthread_mutex_unlock(&stream->lock);
}

void stream_wake(struct stream *stream)
{
        pthread_mutex_lock(&stream->lock);
        stream->is_woken = true;
        pthread_cond_signal(&stream->wake);
        pthread_mutex_unlock(&stream->lock);
}

void stream_client_gone(struct stream *stream)
{
        __atomic_sub_fetch(&stream->n_clients, 1, __ATOMIC_RELEASE);
}

unsigned stream_clients(struct stream *stream)
{
        return __atomic_load_n(&stream->n_clients, __ATOMIC_ACQUIRE);
}

/* False: the thread is ending and would not see it. */
static bool enqueue(struct stream *stream, struct list *queue, struct list *link)
{
        bool taken;

        pthread_mutex_lock(&stream->lock);
        taken = !stream->is_stopping;
        if (taken)
                list_append(queue, link);
        pthread_cond_signal(&stream->wake);
        pthread_mutex_unlock(&stream->lock);
        return taken;
}

int stream_wait(struct stream *stream, struct request *req, const struct id *execution,
                int64_t deadline_ms, void (*answer)(struct request *req))
{
        struct waiter *waiter = waiter_new(req, execution, deadline_ms, answer);

        if (!waiter)
                return -ENOMEM;
        if (enqueue(stream, &stream->new_waiters, &waiter->link))
                return 0;
        free(waiter);
        return -ESHUTDOWN;
}

static bool wants_output(const struct stream_options *options)
{
        return !id_is_zero(&options->output_of)
                || (options->events && strstr(options->events, "output__"));
}

int stream_answer(struct stream *stream, struct request *req, const struct stream_options *options)
{
        struct client *client = client_new(stream, options);

        if (!client)
                return -ENOMEM;
        __atomic_add_fetch(&stream->n_clients, 1, __ATOMIC_RELAXED);
        if (client_attach(client, req) < 0) {
                stream_client_gone(stream);
                client_unref(client);
                return -ENOMEM;
        }
        if (wants_output(options))
                __atomic_add_fetch(&stream->n_output, 1, __ATOMIC_RELAXED);
        /* A stream is no request that a drain waits for. */
        if (req->is_counted)
                __atomic_sub_fetch(&req->rest->open, 1, __ATOMIC_RELEASE);
        req->is_counted = false;
        /* From now on means from here on: what comes before the bus is listened to is replayed. */
        if (!options->has_after)
                client->replay_after = store_seq(request_store(req));
        /* So that the reader, and proxies on the way, see at once that it is there. */
        client_push(client, ping, sizeof ping - 1);
        if (!enqueue(stream, &stream->new_clients, &client->link)) {
                client_end(client);
                client_unref(client);
        }
        return 0;
}

static void drop_gone(struct stream *stream)
{
        list_each_safe(pos, &stream->live.clients) {
                struct client *client = list_entry(pos, struct client, link);

                if (!client_is_gone(client))
                        continue;
                if (wants_output(&client->options))
                        __atomic_sub_fetch(&stream->n_output, 1, __ATOMIC_RELAXED);
                list_unlink(&client->link);
                client_unref(client);
        }
}

static void heartbeat(struct stream *stream, int64_t now)
{
        if (now < stream->heartbeat_ms)
                return;
        stream->heartbeat_ms = now + HEARTBEAT_MS;
        list_each(pos, &stream->live.clients)
                client_push(list_entry(pos, struct client, link), ping, sizeof ping - 1);
}

/* ---- the thread ---- */

static void handle(struct stream *stream, struct list *notices)
{
        list_each_safe(pos, notices) {
                struct noted *noted = list_entry(pos, struct noted, link);

                list_unlink(&noted->link);
                if (noted->notice.topic == HUB_EXECUTION_FINISHED)
                        waiters_finished(&stream->waiters, &noted->notice.id);
                live_tell(&stream->live, noted);
                noted_free(noted);
        }
}

/* Notices were dropped: everybody looks at the store instead. */
static void recover(struct stream *stream)
{
        log_warning("rest: more than %d notices waited, reading the store instead", NOTICES_MAX);
        waiters_check(&stream->waiters, store_of(stream));
        stream->live.is_behind = true;
}

/* Listen before the store is looked at, so that nothing falls between the two. */
static void set_watch(struct stream *stream, const struct list *fresh)
{
        bool wanted = !list_is_empty(&stream->waiters) || !list_is_empty(&stream->live.clients)
                || !list_is_empty(fresh);

        if (wanted && !stream->watch) {
                stream->watch = hub_watch_new(stream->rest->options.hub, heard, stream);
                stream->live.seq = store_seq(store_of(stream));
        } else if (!wanted && stream->watch) {
                stream->watch = hub_watch_free(stream->watch);
        }
}

static void round_of(struct stream *stream, struct list *notices, struct list *fresh, bool lost,
                     bool *ret_more)
{
        int64_t now;

        set_watch(stream, fresh);
        waiters_check(fresh, store_of(stream));
        list_splice(&stream->waiters, fresh);
        if (lost)
                recover(stream);
        handle(stream, notices);
        *ret_more = live_pump(&stream->live);
        now = clock_mono_ms();
        waiters_late(&stream->waiters, now);
        heartbeat(stream, now);
        drop_gone(stream);
        set_watch(stream, fresh);
}

static int64_t next_ms(const struct stream *stream)
{
        int64_t beat = list_is_empty(&stream->live.clients) ? INT64_MAX : stream->heartbeat_ms;
        int64_t deadline = waiters_next_ms(&stream->waiters);

        return beat < deadline ? beat : deadline;
}

/* Under the lock. The condition's clock is the kernel's, so the wait is relative to a faked one. */
static void sleep_until(struct stream *stream, int64_t at_ms)
{
        int64_t wait_ms = at_ms == INT64_MAX ? 3600000 : at_ms - clock_mono_ms();
        struct timespec until;

        while (!stream->n_notices && !stream->is_woken && !stream->is_stopping && !stream->has_lost
               && list_is_empty(&stream->new_waiters) && list_is_empty(&stream->new_clients)) {
                if (wait_ms <= 0)
                        return;
                clock_gettime(CLOCK_MONOTONIC, &until);
                until.tv_sec += wait_ms / 1000;
                until.tv_nsec += wait_ms % 1000 * 1000000;
                until.tv_sec += until.tv_nsec / 1000000000;
                until.tv_nsec %= 1000000000;
                if (pthread_cond_timedwait(&stream->wake, &stream->lock, &until) == ETIMEDOUT)
                        return;
        }
}

static bool take_work(struct stream *stream, struct list *notices, struct list *fresh,
                      bool *ret_lost, bool more)
{
        bool stopping;

        pthread_mutex_lock(&stream->lock);
        if (!more)
                sleep_until(stream, next_ms(stream));
        list_splice(notices, &stream->notices);
        list_splice(fresh, &stream->new_waiters);
        list_splice(&stream->live.clients, &stream->new_clients);
        *ret_lost = stream->has_lost;
        stopping = stream->is_stopping;
        stream->n_notices = 0;
        stream->is_woken = stream->has_lost = false;
        pthread_mutex_unlock(&stream->lock);
        return !stopping;
}

static void *serve(void *arg)
{
        struct stream *stream = arg;
        struct list notices = LIST_INIT(notices), fresh = LIST_INIT(fresh);
        bool lost = false, more = false, running = true;

        while (running) {
                running = take_work(stream, &notices, &fresh, &lost, more);
                round_of(stream, &notices, &fresh, lost, &more);
        }
        waiters_late(&stream->waiters, INT64_MAX);
        list_each(pos, &stream->live.clients)
                client_end(list_entry(pos, struct client, link));
        drop_gone(stream);
        stream->watch = hub_watch_free(stream->watch);
        return NULL;
}

int stream_new(struct rest *rest, struct stream **ret)
{
        struct stream *stream = calloc(1, sizeof *stream);
        pthread_condattr_t attr;
        int r;

        if (!stream)
                return -ENOMEM;
        stream->rest = stream->live.rest = rest;
        list_init(&stream->notices);
        list_init(&stream->new_waiters);
        list_init(&stream->new_clients);
        list_init(&stream->waiters);
        list_init(&stream->live.clients);
        pthread_mutex_init(&stream->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&stream->wake, &attr);
        pthread_condattr_destroy(&attr);
        r = pthread_create(&stream->thread, NULL, serve, stream);
        if (r) {
                free(stream);
                return -r;
        }
        *ret = stream;
        return 0;
}

void stream_stop(struct stream *stream)
{
        pthread_mutex_lock(&stream->lock);
        stream->is_stopping = true;
        pthread_cond_signal(&stream->wake);
        pthread_mutex_unlock(&stream->lock);
        pthread_join(stream->thread, NULL);
}

struct stream *stream_free(struct stream *stream)
{
        if (!stream)
                return NULL;
        list_each_safe(pos, &stream->notices)
                noted_free(list_entry(pos, struct noted, link));
        pthread_mutex_destroy(&stream->lock);
        pthread_cond_destroy(&stream->wake);
        free(stream);
        return NULL;
}
