/* SPDX-License-Identifier: Apache-2.0 */
#include "host/process.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "host/guard.h"
#include "host/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BACKOFF_MAX_MS 30000
#define GRACE_MS 500
#define PING_MS 10000
#define OUTPUT_MAX (256ull << 20)
#define MEMORY_MAX (1ull << 30)

const char *host_code_text(int code)
{
        static const char *const texts[] = {
                [0] = "ok",
                [-KN_EARG] = "arguments",
                [-KN_EAUTH] = "denied-there",
                [-KN_ENOENT] = "not-found",
                [-KN_ECONFLICT] = "conflict",
                [-KN_ETEMP] = "temporary",
                [-KN_EREMOTE] = "remote",
                [-KN_ETIMEOUT] = "timeout",
                [-KN_ECANCELED] = "canceled",
                [-KN_EUNSUPPORTED] = "unsupported",
                [-KN_ENOMEM] = "memory",
                [-KN_EINTERNAL] = "internal",
                [-KN_EUNKNOWN] = "unknown",
                [-KN_EDENIED] = "denied",
        };

        if (code >= 0)
                return texts[0];
        if (code >= KN_EDENIED)
                return texts[-code];
        return code == HOST_ECRASHED ? "crashed" : code == HOST_EHUNG ? "hung"
                : code == HOST_EUNAVAILABLE ? "unavailable" : "internal";
}

/* ---- threads ---- */

static int count_post(struct host *host, int r)
{
        if (r < 0)
                host_posted(host);
        return r;
}

void host_hold(struct host *host)
{
        __atomic_add_fetch(&host->n_posts, 1, __ATOMIC_ACQ_REL);
}

int host_post(struct host *host, void (*fn)(void *arg), void *arg)
{
        host_hold(host);
        return count_post(host, loop_post(host->loop, fn, arg));
}

int host_run(struct host *host, void (*fn)(void *arg), void *arg)
{
        host_hold(host);
        return count_post(host, pool_run(host->pool, fn, arg));
}

void host_posted(struct host *host)
{
        __atomic_sub_fetch(&host->n_posts, 1, __ATOMIC_ACQ_REL);
}

/* ---- the timer ---- */

static void arm(void *arg)
{
        struct host *host = arg;

        pthread_mutex_lock(&host->lock);
        if (host->timer && host->armed_ms != INT64_MAX)
                loop_timer_set(host->timer, host->armed_ms);
        pthread_mutex_unlock(&host->lock);
        host_posted(host);
}

/* Calls come with ever later deadlines, so that nearly all find the timer set early enough. */
void host_wake_at(struct host *host, int64_t mono_ms)
{
        if (mono_ms >= host->armed_ms || host->is_stopping)
                return;
        host->armed_ms = mono_ms;
        host_post(host, arm, host);
}

static void call_off(struct host_call *call, int code, int64_t now)
{
        call->grace_ms = now + call->host->grace_ms;
        cancel_set(&call->cancel, code);
        if (call->process)
                process_cancel(call->process, call, code);
}

/* What the clock has to say about a call; the next time it will have something to say. */
static int64_t call_tick(struct host_call *call, int64_t now)
{
        bool is_late = call->cancel.deadline_mono_ms && now >= call->cancel.deadline_mono_ms;

        if (call->state >= CALL_LEAVING || call->is_hung)
                return INT64_MAX;
        if (call->state != CALL_RUNNING && !call->grace_ms && is_late) {
                call->grace_ms = now;
                call_end_later(call, KN_ETIMEOUT,
                               "the deadline passed while it waited for its turn");
        }
        if (call->state != CALL_RUNNING)
                return call->cancel.deadline_mono_ms && !call->grace_ms
                               ? call->cancel.deadline_mono_ms
                               : INT64_MAX;
        if (!call->grace_ms && is_late)
                call_off(call, KN_ETIMEOUT, now);
        if (!call->grace_ms)
                return call->cancel.deadline_mono_ms ? call->cancel.deadline_mono_ms : INT64_MAX;
        if (now < call->grace_ms)
                return call->grace_ms;
        call->is_hung = true;
        if (call->process)
                process_end(call->process, "a call did not end when it was called off");
        else
                host_run(call->host, core_abandon, call_ref(call));
        return INT64_MAX;
}

static void watch_processes(struct host *host, int64_t now)
{
        list_each(pos, &host->processes)
                process_watch(list_entry(pos, struct process, link), now);
}

static void on_timer(void *arg)
{
        struct host *host = arg;
        int64_t now = clock_mono_ms(), next = INT64_MAX, at;
        const char *hash;
        void *resident;

        pthread_mutex_lock(&host->lock);
        host->armed_ms = INT64_MAX;
        list_each(pos, &host->calls) {
                at = call_tick(list_entry(pos, struct host_call, link), now);
                if (at < next)
                        next = at;
        }
        for (size_t i = 0; map_next(&host->residents, &i, &hash, &resident);)
                process_tick(resident, now);
        watch_processes(host, now);
        if (next < host->armed_ms)
                host->armed_ms = next;
        if (host->armed_ms != INT64_MAX)
                loop_timer_set(host->timer, host->armed_ms <= now ? now + 1 : host->armed_ms);
        pthread_mutex_unlock(&host->lock);
}

/* ---- start ---- */

static size_t size_of(const char *s)
{
        return s ? strlen(s) + 1 : 0;
}

static char *put(char **at, const char *s)
{
        char *copy = *at;

        if (!s)
                return NULL;
        *at = stpcpy(*at, s) + 1;
        return copy;
}

static struct host_call *call_new(struct host *host, const struct host_request *request)
{
        size_t texts = size_of(request->name) + size_of(request->id) + size_of(request->action) +
                size_of(request->mode);
        struct host_call *call = calloc(1, sizeof *call + texts);
        char *at;

        if (!call)
                return NULL;
        at = call->texts;
        call->name = put(&at, request->name);
        call->id = put(&at, request->id);
        call->action = put(&at, request->action);
        call->mode = put(&at, request->mode);
        call->host = host;
        call->refs = 2;                 /* the caller's, and until it is done */
        call->entry = request->entry;
        call->attempt = request->attempt;
        call->args = json_incref((json_t *)(uintptr_t)request->args);
        call->doors = request->doors;
        call->arg = request->arg;
        call->output_left = host->output_max;
        call->log_left = LOG_BYTES_MAX;
        cancel_init(&call->cancel, request->deadline_mono_ms);
        list_init(&call->link);
        list_init(&call->place);
        return call;
}

/* Into its seat's queue, or on its way; false: it cannot be. */
static bool enqueue(struct host_call *call, const struct catalog_instance *instance,
                    bool *ret_to_process)
{
        struct host *host = call->host;

        call->resident = resident_find(host, instance->plugin);
        call->seat = call->resident ? seat_find(call->resident, instance) : NULL;
        if (!call->seat)
                return false;
        call->seat->refs++;
        call->resident->n_calls++;
        list_append(&host->calls, &call->link);
        if (!host->is_stopping && call_has_turn(call)) {
                call->state = CALL_WAITING;
                call->seat->n_running += call->entry != HOST_SENSOR;
                *ret_to_process = call->seat->home == HOME_HOST;
                if (!*ret_to_process)
                        core_start(call);
        } else {
                list_append(&call->seat->queue, &call->place);
        }
        if (call->cancel.deadline_mono_ms)
                host_wake_at(host, call->cancel.deadline_mono_ms);
        return true;
}

struct host_call *host_start(struct host *host, const struct host_request *request)
{
        struct host_call *call = call_new(host, request);
        bool has_place, to_process = false;

        if (!call)
                return NULL;
        pthread_mutex_lock(&host->lock);
        has_place = enqueue(call, request->instance, &to_process);
        pthread_mutex_unlock(&host->lock);
        if (!has_place || host->is_stopping)
                call_end_later(call, has_place ? KN_ECANCELED : KN_ENOMEM,
                               has_place ? "the hub is stopping" : "out of memory");
        else if (to_process)
                process_run(call);      /* whose handle nobody can have released yet */
        return call;
}

void host_cancel(struct host *host, struct host_call *call)
{
        pthread_mutex_lock(&host->lock);
        if (call->state == CALL_RUNNING && !call->grace_ms) {
                call_off(call, KN_ECANCELED, clock_mono_ms());
                host_wake_at(host, call->grace_ms);
        } else if (call->state < CALL_RUNNING && !call->grace_ms) {
                call->grace_ms = clock_mono_ms();
                cancel_set(&call->cancel, KN_ECANCELED);
                call_end_later(call, KN_ECANCELED, "it was called off before it started");
        }
        pthread_mutex_unlock(&host->lock);
}

void host_release(struct host_call *call)
{
        if (call)
                call_unref(call);
}

/* ---- life ---- */

static void host_release_all(struct host *host)
{
        map_deinit(&host->residents, resident_free);
        map_deinit(&host->trusted, NULL);
        http_cache_free(host->cache);
        guard_close(host->guard);
        if (host->timer)
                loop_timer_free(host->timer);
        pthread_cond_destroy(&host->quiet);
        pthread_mutex_destroy(&host->lock);
        free(host->state_dir);
        free(host->program);
        free(host);
}

int host_new(const struct host_options *options, struct host **ret, struct fault *fault)
{
        struct host *host = calloc(1, sizeof *host);
        pthread_condattr_t attr;
        int r;

        if (!host)
                return -ENOMEM;
        host->state_dir = strdup(options->state_dir);
        host->program = strdup(options->program);
        host->loop = options->loop;
        host->pool = options->pool;
        host->default_home = options->default_home;
        host->grace_ms = options->grace_ms > 0 ? options->grace_ms : GRACE_MS;
        host->backoff_max_ms =
                options->backoff_max_ms > 0 ? options->backoff_max_ms : BACKOFF_MAX_MS;
        host->ping_ms = options->ping_ms > 0 ? options->ping_ms : PING_MS;
        host->output_max = options->output_max ? options->output_max : OUTPUT_MAX;
        host->memory_max = options->memory_max ? options->memory_max : MEMORY_MAX;
        host->armed_ms = INT64_MAX;
        list_init(&host->calls);
        list_init(&host->processes);
        pthread_mutex_init(&host->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&host->quiet, &attr);
        pthread_condattr_destroy(&attr);
        host->cache = http_cache_new();
        r = host->cache ? loop_timer_new(host->loop, on_timer, host, &host->timer) : -ENOMEM;
        if (r == 0)
                r = trust_read(host->state_dir, options->trusted, &host->trusted, fault);
        if (r == 0)
                r = guard_open(host->state_dir, &host->guard, fault);
        if (r != 0) {
                host_release_all(host);
                return r;
        }
        *ret = host;
        return 0;
}

static bool is_quiet(struct host *host)
{
        bool quiet;

        pthread_mutex_lock(&host->lock);
        quiet = list_is_empty(&host->calls) && list_is_empty(&host->processes) &&
                __atomic_load_n(&host->n_posts, __ATOMIC_ACQUIRE) == 0;
        pthread_mutex_unlock(&host->lock);
        return quiet;
}

static void cancel_all(struct host *host, int64_t now)
{
        const char *hash;
        void *value;

        pthread_mutex_lock(&host->lock);
        list_each(pos, &host->calls) {
                struct host_call *call = list_entry(pos, struct host_call, link);

                if (call->state == CALL_RUNNING && !call->grace_ms)
                        call_off(call, KN_ECANCELED, now);
                else if (call->state < CALL_RUNNING && !call->grace_ms) {
                        call->grace_ms = now;
                        call_end_later(call, KN_ECANCELED, "the hub is stopping");
                } else
                        call_tick(call, now);
        }
        if (list_is_empty(&host->calls))
                for (size_t i = 0; map_next(&host->residents, &i, &hash, &value);) {
                        struct resident *resident = value;

                        if (resident->process)
                                process_retire(resident->process);
                        process_tick(resident, now);
                }
        watch_processes(host, now);
        pthread_mutex_unlock(&host->lock);
}

/*
 * A callback that is wedged in the core keeps its thread, and with it all that the thread may still
 * touch.
 */
struct host *host_free(struct host *host)
{
        if (!host)
                return NULL;
        pthread_mutex_lock(&host->lock);
        host->is_stopping = true;
        pthread_mutex_unlock(&host->lock);
        while (!is_quiet(host)) {
                cancel_all(host, clock_mono_ms());
                loop_once(host->loop, 5);
        }
        if (!__atomic_load_n(&host->n_wedged, __ATOMIC_ACQUIRE))
                host_release_all(host);
        return NULL;
}
