/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The table of doors. The plugin is not trusted to hand over sense: every pointer may be NULL,
 * every text may be no JSON, every struct may be of an older header. A door that goes to the hub
 * passes through context_enter(), which closes once the caller of a wedged callback has left.
 */

#include "host/context.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096
#define VALUE_MAX (64u << 20)           /* bytes of one result or stored value */

const struct json_limits context_limits = { VALUE_MAX, 64, "limits.result", "limits.depth" };

static struct context *context_of(struct kn_ctx *ctx)
{
        return (struct context *)(void *)ctx;
}

bool context_enter(struct context *context)
{
        bool is_open;

        pthread_mutex_lock(&context->lock);
        is_open = !context->is_detached;
        context->inside += is_open;
        pthread_mutex_unlock(&context->lock);
        return is_open;
}

void context_leave(struct context *context)
{
        pthread_mutex_lock(&context->lock);
        if (--context->inside == 0 && context->is_detached)
                pthread_cond_broadcast(&context->left);
        pthread_mutex_unlock(&context->lock);
}

/* Members that the caller's older header does not have stay zero. */
static void copy_sized(void *to, size_t to_size, const void *from, uint32_t from_size)
{
        memset(to, 0, to_size);
        memcpy(to, from, from_size < to_size ? from_size : to_size);
}

/* [any]: threads of the plugin share what is left. */
static size_t take(struct context *context, uint64_t *left, size_t len)
{
        pthread_mutex_lock(&context->lock);
        if (len > *left)
                len = (size_t)*left;
        *left -= len;
        pthread_mutex_unlock(&context->lock);
        return len;
}

static bool is_text(const char *s)
{
        return !s || text_is_utf8(s, strlen(s));
}

static void door_log(struct kn_ctx *ctx, int level, const char *text)
{
        struct context *context = context_of(ctx);
        char line[LINE_MAX_BYTES];

        if (!text || !context->doors->log)
                return;
        snprintf(line, sizeof line, "%s", text);
        log_scrub(line);
        context_clean(line);
        if (take(context, &context->log_left, strlen(line)) < strlen(line) ||
            !context_enter(context))
                return;         /* it has said enough */
        context->doors->log(context->arg,
                            level < KN_DEBUG   ? KN_DEBUG
                            : level > KN_ERROR ? KN_ERROR
                                               : level,
                            line);
        context_leave(context);
}

static int door_fail(struct kn_ctx *ctx, int code, const char *text)
{
        return context_say(context_of(ctx), code, "%s", text ? text : "");
}

/* ---- events and changes ---- */

static bool is_json(const char *text)
{
        _json_ json_t *json = NULL;

        return json_parse(text, strlen(text), &context_limits, &json, NULL) == 0;
}

static int door_emit(struct kn_ctx *ctx, const struct kn_event *given)
{
        struct context *context = context_of(ctx);
        _json_ json_t *payload = NULL;
        _free_ char *text = NULL;
        struct kn_event e;
        int r;

        if (!given || given->size < offsetof(struct kn_event, payload_len))
                return KN_EARG;
        if (!context->doors->emit)
                return KN_EUNSUPPORTED;
        copy_sized(&e, sizeof e, given, given->size);
        if (!e.trigger || !e.payload || !is_text(e.trigger) || !is_text(e.id) ||
            (e.cursor && !is_json(e.cursor)))
                return context_say(
                        context, KN_EARG,
                        "an event needs a trigger and a payload, and its cursor is JSON");
        json_parse(e.payload, e.payload_len ? e.payload_len : strlen(e.payload), &context_limits,
                   &payload, NULL);
        text = json_is_object(payload) ? json_compact(payload) : NULL;
        if (!text)
                return context_say(context, KN_EARG,
                                   "the payload of the event '%s' is no JSON object", e.trigger);
        if (!context_enter(context))
                return KN_ECANCELED;
        r = context->doors->emit(context->arg,
                                 &(struct host_event){ e.trigger, text, e.id, e.cursor });
        context_leave(context);
        return r;
}

/* Both absent, or the same value however it is spelled. */
static bool is_same_json(const json_t *a, const json_t *b)
{
        return a && b ? json_equal(a, b) : a == b;
}

static int change_check(struct context *context, const struct kn_change *change)
{
        _json_ json_t *before = NULL, *after = NULL, *args = NULL;

        if (!change->resource || !*change->resource || !is_text(change->resource) ||
            !is_text(change->undo_action))
                return context_say(context, KN_EARG, "a change needs a resource");
        if (change->before &&
            json_parse(change->before, strlen(change->before), &context_limits, &before, NULL))
                return context_say(context, KN_EARG, "'before' of %s is no JSON", change->resource);
        if (change->after &&
            json_parse(change->after, strlen(change->after), &context_limits, &after, NULL))
                return context_say(context, KN_EARG, "'after' of %s is no JSON", change->resource);
        if (change->undo_args)
                json_parse(change->undo_args, strlen(change->undo_args), &context_limits, &args,
                           NULL);
        if (change->undo_args && !json_is_object(args))
                return context_say(context, KN_EARG, "'undo_args' of %s is no JSON object",
                                   change->resource);
        return is_same_json(before, after) ? KN_SKIP : 1;
}

static int door_change(struct kn_ctx *ctx, const struct kn_change *given)
{
        struct context *context = context_of(ctx);
        struct kn_change change;
        int r;

        if (!given || given->size < offsetof(struct kn_change, undo_action))
                return KN_EARG;
        if (!context->doors->change)
                return KN_EUNSUPPORTED;
        copy_sized(&change, sizeof change, given, given->size);
        r = change_check(context, &change);
        if (r <= 0)
                return r;
        if (!context_enter(context))
                return KN_ECANCELED;
        r = context->doors->change(context->arg, &change);
        context_leave(context);
        if (r == KN_ECONFLICT && !context->sentence)
                context_say(context, r, "the approved plan says otherwise about %s",
                            change.resource);
        return r;
}

static int door_changed(struct kn_ctx *ctx, int ticket, int outcome, const char *observed)
{
        struct context *context = context_of(ctx);
        int r;

        if (ticket <= 0 || (observed && !is_json(observed)))
                return context_say(context, KN_EARG,
                                   "changed() wants a ticket of change(), and JSON");
        if (!context->doors->changed)
                return KN_EUNSUPPORTED;
        if (!context_enter(context))
                return KN_ECANCELED;
        r = context->doors->changed(context->arg, ticket, outcome, observed);
        context_leave(context);
        return r;
}

/* ---- the world ---- */

static int door_http(struct kn_ctx *ctx, struct kn_http *given)
{
        struct context *context = context_of(ctx);
        struct kn_http http;
        uint32_t size;
        int r;

        if (!given ||
            given->size < offsetof(struct kn_http, reply_headers) + sizeof given->reply_headers)
                return KN_EARG;
        if (!context->net || !context->net->http)
                return KN_EUNSUPPORTED;
        size = given->size;
        copy_sized(&http, sizeof http, given, size);
        if (!http.method || !http.url || (http.body_len && !http.body) || !is_text(http.method) ||
            !is_text(http.url) || !is_text(http.headers))
                return context_say(context, KN_EARG, "http() needs a method and a URL");
        if (!context_enter(context))
                return KN_ECANCELED;
        r = context->net->http(context, &http);
        context_leave(context);
        if (r < 0)
                return r;
        given->status = http.status;
        given->reply_flags = http.reply_flags;
        given->reply = http.reply;
        given->reply_len = http.reply_len;
        given->reply_headers = http.reply_headers;
        return r;
}

static int door_dial(struct kn_ctx *ctx, const char *address, int64_t timeout_ms)
{
        struct context *context = context_of(ctx);
        int r;

        if (!address || !is_text(address))
                return KN_EARG;
        if (!context->net || !context->net->dial)
                return KN_EUNSUPPORTED;
        if (!context_enter(context))
                return KN_ECANCELED;
        r = context->net->dial(context, address, timeout_ms);
        context_leave(context);
        return r;
}

static int door_wait(struct kn_ctx *ctx, int fd, int events, int64_t timeout_ms)
{
        return cancel_wait(context_of(ctx)->cancel, fd, events, timeout_ms);
}

static int door_stream(struct kn_ctx *ctx, uint32_t kind, const void *data, size_t len)
{
        struct context *context = context_of(ctx);
        size_t taken;

        if (kind < KN_OUTPUT || kind > KN_PROGRESS || (len && !data))
                return KN_EARG;
        if (!context->doors->stream)
                return KN_EUNSUPPORTED;
        taken = take(context, &context->output_left, len);
        if (len && !taken)
                return KN_OK;   /* cut off, as the limit says; the plugin's work goes on */
        if (!context_enter(context))
                return KN_ECANCELED;
        context->doors->stream(context->arg, kind, data, taken);
        context_leave(context);
        return KN_OK;
}

static const void *door_extension(struct kn_ctx *ctx, const char *id)
{
        (void)ctx;
        (void)id;
        return NULL;
}

const struct kn_host context_host = {
        .size = sizeof context_host,
        .abi = KN_ABI_VERSION,
        .log = door_log,
        .fail = door_fail,
        .get = context_get,
        .put = context_put,
        .emit = door_emit,
        .http = door_http,
        .dial = door_dial,
        .wait = door_wait,
        .stream = door_stream,
        .change = door_change,
        .changed = door_changed,
        .extension = door_extension,
};
