/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A call must cost no more than the two wake-ups that a socket costs, so the thread that reads a
 * call runs it, and no other is woken to read on: that would be a third. Whoever has time reads:
 *
 *   - a thread without work reads the wire, if nobody does;
 *   - a callback that waits for the hub's answer reads the wire itself, if nobody does;
 *   - one more free thread sleeps on the bell. The hub rings it when it sends something while calls
 *     run in here (another call, a cancel), and then that thread reads, if nobody does.
 *
 * A thread that stops reading passes the role on only if somebody needs it: another callback waits
 * for an answer, something is in the buffer already, or the bell rang meanwhile.
 */

#include "host/child.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#define THREADS_MAX 256
#define PARKED_MAX 4
#define STACK (1u << 20)

void child_reply_deinit(struct child_reply *reply)
{
        json_decref(reply->json);
        free(reply->raw);
        if (reply->fd >= 0)
                close(reply->fd);
        *reply = (struct child_reply){ .fd = -1 };
}

int child_send(struct child *child, const struct wire_message *message)
{
        struct wire_packet packet;
        size_t sent = 0, size;
        int64_t n;
        int r = wire_pack(message, &packet);

        if (r < 0)
                return r;
        size = wire_packet_size(&packet);
        pthread_mutex_lock(&child->sending);
        do {
                n = wire_send(child->socket, &packet, sent, 0);
                sent += n > 0 ? (size_t)n : 0;
        } while (n > 0 && sent < size);
        pthread_mutex_unlock(&child->sending);
        wire_packet_deinit(&packet);
        return n < 0 ? (int)n : 0;
}

/* ---- what comes in; the reader's thread, without the lock ---- */

static struct child_call *find_call(struct child *child, uint32_t id)
{
        list_each(at, &child->calls) {
                struct child_call *call = list_entry(at, struct child_call, link);

                if (call->id == id)
                        return call;
        }
        return NULL;
}

static void take_reply(struct child *child, struct wire_message *message)
{
        struct child_reply reply = { wire_json(message), malloc(message->raw_len + 1),
                                     message->raw_len, message->fd };
        struct child_call *call;

        message->fd = -1;
        if (reply.raw) {
                memcpy(reply.raw, message->raw, message->raw_len);
                reply.raw[message->raw_len] = '\0';
        }
        pthread_mutex_lock(&child->lock);
        call = find_call(child, message->call);
        if (call && call->waits && !call->has_reply && reply.json && reply.raw) {
                call->reply = reply;
                call->has_reply = true;
                reply = (struct child_reply){ .fd = -1 };
                pthread_cond_signal(&call->replied);
        }
        pthread_mutex_unlock(&child->lock);
        child_reply_deinit(&reply);
}

static void take_cancel(struct child *child, const struct wire_message *message)
{
        _json_ json_t *json = wire_json(message);
        struct child_call *call;

        pthread_mutex_lock(&child->lock);
        call = find_call(child, message->call);
        if (call)
                cancel_set(&call->cancel, (int)json_int_of(json, "code", KN_ECANCELED));
        pthread_mutex_unlock(&child->lock);
}

/* Reads until there is something to run. NULL: a message that is dealt with, or the end. */
static struct child_job *read_one(struct child *child, bool *ret_ended)
{
        struct wire_message message = { .fd = -1 };
        struct child_job *job = NULL;

        if (wire_read(&child->reader, &message) <= 0) {
                *ret_ended = true;
                return NULL;
        }
        switch (message.type) {
        case WIRE_CALL:
        case WIRE_DROP:
                job = child_job_of(child, &message);
                break;
        case WIRE_INSTANCE:
                child_add_instance(child, &message);
                break;
        case WIRE_REPLY:
                take_reply(child, &message);
                break;
        case WIRE_CANCEL:
                take_cancel(child, &message);
                break;
        case WIRE_PING:
                child_send(child, &(struct wire_message){ .type = WIRE_PONG, .fd = -1 });
                break;
        }
        if (message.fd >= 0)
                close(message.fd);
        return job;
}

/* ---- threads; under the lock ---- */

static void *thread_main(void *arg);

static void spawn(struct child *child)
{
        pthread_attr_t attr;
        pthread_t thread;

        if (child->n_threads >= THREADS_MAX)
                return;
        pthread_attr_init(&attr);
        pthread_attr_setstacksize(&attr, STACK);
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        if (pthread_create(&thread, &attr, thread_main, child) == 0) {
                child->n_threads++;
                child->n_free++;
        }
        pthread_attr_destroy(&attr);
}

static void wake_free(struct child *child)
{
        if (child->n_parked)
                pthread_cond_signal(&child->parked);
        else
                eventfd_write(child->bell, 1);
}

static void wake_waiter(struct child *child)
{
        list_each(at, &child->calls) {
                struct child_call *call = list_entry(at, struct child_call, link);

                if (call->waits && !call->has_reply) {
                        pthread_cond_signal(&call->replied);
                        return;
                }
        }
}

/* This thread goes on to something else than reading. */
static void pass_on(struct child *child)
{
        if (child->is_read)
                return;
        if (child->n_waiting)
                wake_waiter(child);
        else if (child->was_rung || wire_has_more(&child->reader))
                wake_free(child);
}

static void end_all(struct child *child)
{
        child->has_ended = true;
        list_each(at, &child->calls) {
                struct child_call *call = list_entry(at, struct child_call, link);

                cancel_set(&call->cancel, KN_ECANCELED);
                pthread_cond_signal(&call->replied);
        }
        pthread_cond_broadcast(&child->parked);
        pthread_cond_broadcast(&child->idle);
        eventfd_write(child->bell, 1);
}

/* Take the reader's part for one message. */
static struct child_job *read_turn(struct child *child)
{
        struct child_job *job;
        bool ended = false;

        child->is_read = true;
        child->was_rung = false;
        pthread_mutex_unlock(&child->lock);
        job = read_one(child, &ended);
        pthread_mutex_lock(&child->lock);
        child->is_read = false;
        if (ended)
                end_all(child);
        return job;
}

static void run(struct child *child, struct child_job *job)
{
        child->n_free--;
        if (!child->n_free)
                spawn(child);
        pass_on(child);
        pthread_mutex_unlock(&child->lock);
        child_job_run(child, job);
        pthread_mutex_lock(&child->lock);
        child->n_free++;
}

static void hear_bell(struct child *child)
{
        eventfd_t rings;

        child->bell_is_heard = true;
        pthread_mutex_unlock(&child->lock);
        eventfd_read(child->bell, &rings);
        pthread_mutex_lock(&child->lock);
        child->bell_is_heard = false;
        child->was_rung = true;
}

static struct child_job *next_job(struct child *child)
{
        struct list *first = child->jobs.next;

        if (list_is_empty(&child->jobs))
                return NULL;
        list_unlink(first);
        return list_entry(first, struct child_job, link);
}

static void thread_loop(struct child *child)
{
        struct child_job *job;

        while (!child->has_ended) {
                job = next_job(child);
                if (!job && !child->is_read)
                        job = read_turn(child);
                else if (!job && !child->bell_is_heard)
                        hear_bell(child);
                else if (!job && child->n_parked >= PARKED_MAX)
                        break;
                else if (!job) {
                        child->n_parked++;
                        pthread_cond_wait(&child->parked, &child->lock);
                        child->n_parked--;
                }
                if (job)
                        run(child, job);
        }
}

static void *thread_main(void *arg)
{
        struct child *child = arg;

        pthread_mutex_lock(&child->lock);
        thread_loop(child);
        child->n_threads--;
        child->n_free--;
        pthread_mutex_unlock(&child->lock);
        return NULL;
}

void child_serve(struct child *child)
{
        pthread_mutex_lock(&child->lock);
        child->n_threads = child->n_free = 1;
        thread_loop(child);
        while (!child->has_ended)
                pthread_cond_wait(&child->idle, &child->lock);
        pthread_mutex_unlock(&child->lock);
}

/* ---- questions ---- */

static void wait_for_reply(struct child *child, struct child_call *call)
{
        struct child_job *job;

        while (!call->has_reply && !child->has_ended) {
                if (child->is_read) {
                        child->n_waiting++;
                        pthread_cond_wait(&call->replied, &child->lock);
                        child->n_waiting--;
                        continue;
                }
                job = read_turn(child);
                if (!job)
                        continue;
                list_append(&child->jobs, &job->link);
                if (!child->n_free)
                        spawn(child);
                wake_free(child);
        }
}

int child_ask(struct child_call *call, const struct wire_message *question, struct child_reply *ret)
{
        struct child *child = call->child;
        int r;

        pthread_mutex_lock(&child->lock);
        call->waits = true;
        call->has_reply = false;
        pthread_mutex_unlock(&child->lock);
        r = child_send(child, question);
        pthread_mutex_lock(&child->lock);
        if (r == 0)
                wait_for_reply(child, call);
        call->waits = false;
        if (call->has_reply)
                *ret = call->reply;
        call->reply = (struct child_reply){ .fd = -1 };
        r = r < 0             ? (r == -EMSGSIZE ? KN_EARG : KN_ECANCELED)
            : call->has_reply ? KN_OK
                              : KN_ECANCELED;
        call->has_reply = false;
        pass_on(child);
        pthread_mutex_unlock(&child->lock);
        return r;
}
