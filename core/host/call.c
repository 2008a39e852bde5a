/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A call's turn and its end. It ends once: the first outcome counts, whoever has it (the callback,
 * the clock, the process's death, the hub's stop), and is handed over when nobody is in a door of
 * the caller's any more. Then the next call of its seat has its turn.
 */

#include "host/host_state.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

struct host_call *call_ref(struct host_call *call)
{
        __atomic_add_fetch(&call->refs, 1, __ATOMIC_RELAXED);
        return call;
}

void call_unref(struct host_call *call)
{
        if (__atomic_sub_fetch(&call->refs, 1, __ATOMIC_ACQ_REL))
                return;
        cancel_deinit(&call->cancel);
        json_decref(call->args);
        json_decref(call->result);
        free(call->sentence);
        free(call);
}

bool call_enter(struct host_call *call)
{
        bool is_open;

        pthread_mutex_lock(&call->host->lock);
        is_open = call->state == CALL_RUNNING;
        call->inside += is_open;
        pthread_mutex_unlock(&call->host->lock);
        return is_open;
}

/*
 * Calls of one instance take turns, but for a sensor's run(), which never ends, and plugins that
 * overlap.
 */
bool call_has_turn(const struct host_call *call)
{
        return call->entry == HOST_SENSOR || call->resident->manifest->is_parallel ||
               !call->seat->n_running;
}

/* A call that was called off in the queue is about to end from there: it is never started. */
static struct host_call *take_next(struct seat *seat)
{
        struct host_call *next = NULL;

        list_each(at, &seat->queue) {
                next = list_entry(at, struct host_call, place);
                if (!next->grace_ms)
                        break;
                next = NULL;
        }
        if (!next || !call_has_turn(next))
                return NULL;
        list_unlink(&next->place);
        next->state = CALL_WAITING;
        seat->n_running += next->entry != HOST_SENSOR;
        return next;
}

/* The last deed of a call: nobody is in its doors, and nobody will be. */
static void deliver(struct host_call *call)
{
        struct host *host = call->host;
        struct host_call *next, *to_process = NULL;

        pthread_mutex_lock(&host->lock);
        next = call->seat ? take_next(call->seat) : NULL;
        if (next && next->seat->home == HOME_CORE)
                core_start(next);
        else if (next)
                to_process = call_ref(next);
        pthread_mutex_unlock(&host->lock);
        if (to_process) {
                process_run(to_process);
                call_unref(to_process);
        }
        call->doors->done(call->arg, call->code, call->sentence, TAKE(call->result));
        /* The caller's handle may outlive the host: it holds nothing of it. */
        if (call->seat)
                seat_unref(call->seat);
        pthread_mutex_lock(&host->lock);
        call->state = CALL_DONE;
        call->seat = NULL;
        list_unlink(&call->link);
        pthread_cond_broadcast(&host->quiet);
        pthread_mutex_unlock(&host->lock);
        call_unref(call);
}

/* Out of all places but host->calls; under the lock. */
static void leave_places(struct host_call *call)
{
        if (call->state != CALL_QUEUED && call->entry != HOST_SENSOR)
                call->seat->n_running--;
        list_unlink(&call->place);
        if (call->process)
                process_forget(call);
}

void call_end(struct host_call *call, int code, const char *sentence, json_t *result)
{
        bool is_first, is_inside;

        pthread_mutex_lock(&call->host->lock);
        is_first = call->state < CALL_ENDING;
        if (is_first) {
                leave_places(call);
                call->state = CALL_ENDING;
                call->code = code;
                call->sentence = sentence ? strdup(sentence) : NULL;
                call->result = TAKE(result);
        }
        is_inside = call->inside > 0;
        pthread_mutex_unlock(&call->host->lock);
        json_decref(result);
        if (is_first && !is_inside)
                deliver(call);
}

void call_leave(struct host_call *call)
{
        bool is_last;

        pthread_mutex_lock(&call->host->lock);
        is_last = --call->inside == 0 && call->state == CALL_ENDING;
        pthread_mutex_unlock(&call->host->lock);
        if (is_last)
                deliver(call);
}

struct ending {
        struct host_call *call;
        int code;
        const char *sentence;
};

static void end_now(void *arg)
{
        struct ending *ending = arg;
        struct host *host = ending->call->host;

        call_end(ending->call, ending->code, ending->sentence, NULL);
        call_unref(ending->call);
        free(ending);
        host_posted(host);
}

void call_end_later(struct host_call *call, int code, const char *sentence)
{
        struct ending *ending = malloc(sizeof *ending);

        if (!ending)
                return;
        *ending = (struct ending){ call_ref(call), code, sentence };
        if (host_run(call->host, end_now, ending) < 0) {
                __atomic_sub_fetch(&call->refs, 1,
                                   __ATOMIC_ACQ_REL); /* never the last: it is not done */
                free(ending);
        }
}

size_t call_take(struct host_call *call, uint64_t *left, size_t len)
{
        pthread_mutex_lock(&call->host->lock);
        if (len > *left)
                len = (size_t)*left;
        *left -= len;
        pthread_mutex_unlock(&call->host->lock);
        return len;
}

void call_scope(struct host_call *call, struct door_scope *ret)
{
        *ret = (struct door_scope){
                .instance = call->seat->name, .egress = call->seat->allowed,
                .tls = json_object_get(call->seat->public, "tls"), .cancel = &call->cancel,
        };
}
