/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The core home: the object is loaded into the hub and its callbacks run on the pool's threads. The
 * object stays mapped until the hub ends (RTLD_NODELETE): threads of a library may outlive any
 * call. A callback that does not end cannot be ended; its caller is told, its doors are closed, and
 * the plugin gets no more calls in here.
 */

#include "host/host_state.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "host/guard.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* ---- the object ---- */

/* The copy in the state directory is what was described and admitted, byte by byte. */
static int check_hash(const struct manifest *manifest, struct fault *fault)
{
        _close_ int fd = open(manifest->path, O_RDONLY | O_CLOEXEC);
        char text[HASH_TEXT_SIZE];
        uint8_t hash[HASH_SIZE];
        int r = fd < 0 ? -errno : hash_fd(fd, hash);

        if (r < 0)
                return fault_set(fault, 500, "plugin.unreadable", "%s: %s", manifest->path,
                                 strerror(-r));
        if (strcmp(hash_text(hash, text), manifest->hash) == 0)
                return 0;
        return fault_set(fault, 500, "plugin.changed", "%s is not the file that was installed",
                         manifest->path);
}

static int load(struct resident *resident, struct fault *fault)
{
        int r = 0;

        pthread_mutex_lock(&resident->loading);
        if (!resident->module) {
                r = check_hash(resident->manifest, fault);
                if (r == 0)
                        r = module_open(resident->manifest->path, RTLD_NODELETE, &resident->module,
                                        fault);
        }
        pthread_mutex_unlock(&resident->loading);
        return fault_errno(fault, r, "loading the plugin");
}

/* ---- doors ---- */

static int core_http(struct context *context, struct kn_http *http)
{
        struct door_reply reply = { 0, TEXT_INIT, TEXT_INIT };
        struct host_call *call = context->net_arg;
        char say[DOOR_SAY_SIZE] = "";
        struct door_scope scope;
        int r;

        call_scope(call, &scope);
        r = door_http(call->host->cache, &scope, http, &reply, say);
        if (r < 0) {
                context_say(context, r, "%s", say);
        } else {
                http->status = reply.status;
                http->reply_len = reply.body.len;
                http->reply = arena_adopt(&context->arena, text_take(&reply.body));
                http->reply_headers = arena_adopt(&context->arena, text_take(&reply.headers));
                r = http->reply && http->reply_headers ? KN_OK : KN_ENOMEM;
        }
        text_deinit(&reply.body);
        text_deinit(&reply.headers);
        return r;
}

static int core_dial(struct context *context, const char *address, int64_t timeout_ms)
{
        char say[DOOR_SAY_SIZE] = "";
        struct door_scope scope;
        int r;

        call_scope(context->net_arg, &scope);
        r = door_dial(&scope, address, timeout_ms, say);
        return r < 0 ? context_say(context, r, "%s", say) : r;
}

static const struct context_net core_net = { .http = core_http, .dial = core_dial };

/* ---- a call ---- */

static int make(struct seat *seat, struct context *context, const struct kn_plugin *plugin)
{
        int r = KN_OK;

        pthread_mutex_lock(&seat->making);
        context->kn.self = seat->self;
        if (!seat->is_made) {
                r = plugin->create ? plugin->create(&context->kn) : KN_OK;
                seat->is_made = r >= 0;
                seat->self = context->kn.self;
        }
        pthread_mutex_unlock(&seat->making);
        if (r >= 0)
                context_forget(context);
        return r;
}

static int run(struct host_call *call, struct seat *seat, struct context *context)
{
        struct resident *resident = call->resident;
        _fault_ struct fault fault = FAULT_INIT;
        module_callback *callback;
        int r;

        if (load(resident, &fault) != 0)
                return context_say(context, KN_EINTERNAL, "%s", fault.what);
        r = make(seat, context, &resident->module->plugin);
        callback = module_entry(resident->module, call->entry, call->name);
        if (r >= 0 && !callback)
                r = context_say(context, KN_EUNSUPPORTED, "the plugin has no '%s'",
                                call->name ? call->name : "check");
        else if (r >= 0)
                r = callback(&context->kn);
        return r;
}

/*
 * The seat, which stays as long as this runs; NULL: the call was given up while it waited for a
 * thread.
 */
static struct seat *begin(struct host_call *call)
{
        struct seat *seat;

        pthread_mutex_lock(&call->host->lock);
        call->has_begun = call->state == CALL_RUNNING && !call->is_abandoned;
        seat = call->has_begun ? call->seat : NULL;
        pthread_mutex_unlock(&call->host->lock);
        return seat;
}

static void leave(struct host_call *call)
{
        struct host *host = call->host;

        context_deinit(&call->context);
        call_unref(call);
        host_posted(host);
}

static void core_run(void *arg)
{
        struct host_call *call = arg;
        struct host *host = call->host;
        struct seat *seat = begin(call);
        const char *sentence;
        bool is_abandoned;
        int code;

        if (!seat) {
                leave(call);
                return;
        }
        guard_enter(host->guard, call->resident->guard_slot);
        code = run(call, seat, &call->context);
        guard_leave(host->guard, call->resident->guard_slot);
        pthread_mutex_lock(&host->lock);
        is_abandoned = call->is_abandoned;
        call->state = is_abandoned ? call->state : CALL_LEAVING;
        pthread_mutex_unlock(&host->lock);
        code = context_outcome(&call->context, code, &sentence);
        if (!is_abandoned)
                call_end(call, code, sentence, TAKE(call->context.result));
        if (!is_abandoned) {
                leave(call);
                return;
        }
        context_deinit(&call->context);
        call_unref(call);
        seat_unref(seat);
        __atomic_sub_fetch(&host->n_wedged, 1, __ATOMIC_ACQ_REL);
}

/* Under the lock. */
void core_start(struct host_call *call)
{
        struct context *context = &call->context;

        call->state = CALL_RUNNING;
        context_init(context, call->doors, call->arg, &call->cancel);
        context->net = &core_net;
        context->net_arg = call;
        context->output_left = call->output_left;
        context->log_left = call->log_left;
        context->call = (struct context_call){
                .entry = call->entry, .id = call->id, .action = call->action, .mode = call->mode,
                .instance = call->seat->name, .attempt = call->attempt, .args = call->args,
                .config = call->seat->public,
        };
        if (host_run(call->host, core_run, call_ref(call)) == 0)
                return;
        context_deinit(context);
        __atomic_sub_fetch(&call->refs, 1, __ATOMIC_ACQ_REL);
        call_end_later(call, KN_ENOMEM, "no thread could be had for it");
}

static void mark_wedged(struct host_call *call)
{
        const struct manifest *manifest = call->resident->manifest;
        char sentence[256];

        context_detach(&call->context);
        __atomic_add_fetch(&call->host->n_wedged, 1, __ATOMIC_ACQ_REL);
        host_posted(call->host);        /* for the thread that may never come back to say so */
        snprintf(sentence, sizeof sentence, "the plugin '%s' did not end when it was called off",
                 manifest->name);
        log_warning(
                "plugin '%s' %s does not end in the core: later calls go to a process of its own",
                manifest->name, manifest->version);
        call_end(call, HOST_EHUNG, sentence, NULL);
}

/*
 * In the pool: the time of grace is over, and the callback did not end, or never had a thread to
 * begin on.
 */
void core_abandon(void *arg)
{
        struct host_call *call = arg;
        struct host *host = call->host;
        bool is_wedged, is_late;

        pthread_mutex_lock(&host->lock);
        is_wedged = call->state == CALL_RUNNING && call->has_begun;
        is_late = call->state == CALL_RUNNING && !call->has_begun;
        call->is_abandoned |= is_wedged || is_late;
        call->resident->is_wedged |= is_wedged;
        if (is_wedged)
                call->seat->refs++;     /* the thread is still in it */
        pthread_mutex_unlock(&host->lock);
        if (is_wedged)
                mark_wedged(call);
        else if (is_late)
                call_end(call, cancel_code(&call->cancel), "no thread was free for it in its time",
                         NULL);
        call_unref(call);
        host_posted(host);
}

/* At the end of a seat: nothing calls it any more. */
void core_destroy(struct seat *seat)
{
        struct resident *resident = seat->resident;
        struct cancel cancel;
        struct context context;

        if (!seat->is_made || !resident->module || !resident->module->plugin.destroy)
                return;
        cancel_init(&cancel, 0);
        context_init(&context, &(const struct host_doors){ 0 }, NULL, &cancel);
        context.kn.self = seat->self;
        context.call.instance = seat->name;
        context.call.config = seat->public;
        resident->module->plugin.destroy(&context.kn);
        context_deinit(&context);
        cancel_deinit(&cancel);
        seat->is_made = false;
}
