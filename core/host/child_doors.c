/* SPDX-License-Identifier: Apache-2.0 */

/* The doors of the host home: each is one message, and where there is an answer, a wait for it. */

#include "host/child.h"

#include "base/cleanup.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void post(struct child_call *call, enum wire_type type, int flags, const void *raw,
                 size_t raw_len)
{
        child_send(call->child, &(struct wire_message){
                .type = (uint16_t)type, .flags = (uint8_t)flags, .call = call->id, .raw = raw,
                .raw_len = raw_len, .fd = -1 });
}

static void log_to(void *arg, int level, const char *text)
{
        post(arg, WIRE_LOG, level, text, strlen(text));
}

/* A megabyte of output at once goes in pieces, so that the hub's answer to it can be "stop". */
static void stream_to(void *arg, uint32_t kind, const void *data, size_t len)
{
        const char *at = data;

        do {
                size_t piece = len > WIRE_INLINE_MAX ? WIRE_INLINE_MAX : len;

                post(arg, WIRE_STREAM, (int)kind, at, piece);
                at += piece;
                len -= piece;
        } while (len);
}

static void again_in(void *arg, int64_t ms)
{
        struct child_call *call = arg;
        char json[48];

        snprintf(json, sizeof json, "{\"ms\":%lld}", (long long)ms);
        child_send(call->child, &(struct wire_message){ .type = WIRE_AGAIN,
                                                        .call = call->id,
                                                        .json = json,
                                                        .json_len = strlen(json),
                                                        .fd = -1 });
}

/*
 * Members are added by the caller; this closes the object, asks, and reads the code of the answer.
 */
static int ask(struct child_call *call, enum wire_type type, struct text *json, const void *raw,
               size_t raw_len, struct child_reply *reply)
{
        struct wire_message question = { .type = (uint16_t)type, .call = call->id, .raw = raw,
                                         .raw_len = raw_len, .fd = -1 };
        const char *say;
        int r;

        text_add(json, "}");
        if (json->failed)
                return KN_ENOMEM;
        question.json = json->s;
        question.json_len = json->len;
        r = child_ask(call, &question, reply);
        if (r < 0)
                return r;
        say = json_text_of(reply->json, "say", NULL);
        if (say)
                context_say(&call->context, 0, "%s", say);
        return (int)json_int_of(reply->json, "code", KN_EINTERNAL);
}

static void member(struct text *json, const char *key, const char *value)
{
        if (!value)
                return;
        text_add(json, json->len ? "," : "{");
        wire_add_string(json, key);
        text_add(json, ":");
        wire_add_string(json, value);
}

static void member_int(struct text *json, const char *key, int64_t value)
{
        text_addf(json, "%s\"%s\":%lld", json->len ? "," : "{", key, (long long)value);
}

static int secret_of(void *arg, const char *path, char **ret)
{
        _cleanup_(child_reply_deinit) struct child_reply reply = { .fd = -1 };
        _text_ struct text json = TEXT_INIT;
        int r;

        member(&json, "path", path);
        r = ask(arg, WIRE_SECRET, &json, NULL, 0, &reply);
        if (r >= 0)
                *ret = TAKE(reply.raw);
        return r;
}

static int store_get(void *arg, const char *path, char **ret_json, uint64_t *ret_seq)
{
        _cleanup_(child_reply_deinit) struct child_reply reply = { .fd = -1 };
        _text_ struct text json = TEXT_INIT;
        int r;

        member(&json, "path", path);
        r = ask(arg, WIRE_STORE_GET, &json, NULL, 0, &reply);
        if (r < 0)
                return r;
        *ret_seq = (uint64_t)json_int_of(reply.json, "seq", 0);
        *ret_json = TAKE(reply.raw);
        return r;
}

static int store_put(void *arg, const char *path, const char *value, uint64_t seq)
{
        _cleanup_(child_reply_deinit) struct child_reply reply = { .fd = -1 };
        _text_ struct text json = TEXT_INIT;

        member(&json, "path", path);
        if (seq != STORE_ANY)
                member_int(&json, "seq", (int64_t)seq);
        if (!value)
                text_add(&json, ",\"remove\":true");
        return ask(arg, WIRE_STORE_PUT, &json, value, value ? strlen(value) : 0, &reply);
}

static int emit(void *arg, const struct host_event *event)
{
        _cleanup_(child_reply_deinit) struct child_reply reply = { .fd = -1 };
        _text_ struct text json = TEXT_INIT;

        member(&json, "trigger", event->trigger);
        member(&json, "id", event->id);
        member(&json, "cursor", event->cursor);
        return ask(arg, WIRE_EMIT, &json, event->payload, strlen(event->payload), &reply);
}

static int change(void *arg, const struct kn_change *given)
{
        _cleanup_(child_reply_deinit) struct child_reply reply = { .fd = -1 };
        _text_ struct text json = TEXT_INIT;

        member(&json, "resource", given->resource);
        member(&json, "before", given->before);
        member(&json, "after", given->after);
        member(&json, "undo_action", given->undo_action);
        member(&json, "undo_args", given->undo_args);
        return ask(arg, WIRE_CHANGE, &json, NULL, 0, &reply);
}

static int changed(void *arg, int ticket, int outcome, const char *observed)
{
        _cleanup_(child_reply_deinit) struct child_reply reply = { .fd = -1 };
        _text_ struct text json = TEXT_INIT;

        member_int(&json, "ticket", ticket);
        member_int(&json, "outcome", outcome);
        member(&json, "observed", observed);
        return ask(arg, WIRE_CHANGED, &json, NULL, 0, &reply);
}

const struct host_doors child_doors = {
        .log = log_to,
        .stream = stream_to,
        .secret = secret_of,
        .store_get = store_get,
        .store_put = store_put,
        .emit = emit,
        .change = change,
        .changed = changed,
        .again = again_in,
};

static int http(struct context *context, struct kn_http *http)
{
        _cleanup_(child_reply_deinit) struct child_reply reply = { .fd = -1 };
        _text_ struct text json = TEXT_INIT;
        size_t headers;
        int r;

        member(&json, "method", http->method);
        member(&json, "url", http->url);
        member(&json, "headers", http->headers);
        member_int(&json, "timeout_ms", http->timeout_ms);
        r = ask(context->arg, WIRE_HTTP, &json, http->body, http->body_len, &reply);
        if (r < 0)
                return r;
        headers = (size_t)json_int_of(reply.json, "headers", 0);
        if (headers > reply.raw_len)
                return KN_EINTERNAL;
        http->status = (int32_t)json_int_of(reply.json, "status", 0);
        http->reply_len = reply.raw_len - headers;
        http->reply_headers = arena_bytes(&context->arena, reply.raw, headers);
        http->reply = arena_adopt(&context->arena, TAKE(reply.raw));
        if (!http->reply || !http->reply_headers)
                return KN_ENOMEM;
        http->reply += headers;
        return r;
}

static int dial(struct context *context, const char *address, int64_t timeout_ms)
{
        _cleanup_(child_reply_deinit) struct child_reply reply = { .fd = -1 };
        _text_ struct text json = TEXT_INIT;
        int r;

        member(&json, "address", address);
        member_int(&json, "timeout_ms", timeout_ms);
        r = ask(context->arg, WIRE_DIAL, &json, NULL, 0, &reply);
        if (r < 0)
                return r;
        return reply.fd >= 0 ? TAKE_FD(reply.fd) : KN_EINTERNAL;
}

const struct context_net child_net = { .http = http, .dial = dial };
