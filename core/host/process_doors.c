/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a process says, and the hub's answers. Nothing in a message is believed: a call that is not
 * running is not spoken for, an object that is none ends the process, and what the hub's doors are
 * handed has been checked as it would have been in the core.
 */

#include "host/process.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void call_unrefp(struct host_call **call)
{
        if (*call)
                call_unref(*call);
}

static struct host_call *find_call(struct process *process, uint32_t id)
{
        struct host_call *found = NULL;

        pthread_mutex_lock(&process->host->lock);
        list_each(at, &process->calls) {
                struct host_call *call = list_entry(at, struct host_call, place);

                if (call->wire_id == id) {
                        found = call_ref(call);
                        break;
                }
        }
        pthread_mutex_unlock(&process->host->lock);
        return found;
}

/* ---- what wants no answer ---- */

static void on_log(struct host_call *call, const struct wire_message *message)
{
        size_t len = call_take(call, &call->log_left, message->raw_len);
        char line[4096];

        if (len < message->raw_len || !call->doors->log || !call_enter(call))
                return;
        snprintf(line, sizeof line, "%.*s", (int)(len < sizeof line ? len : sizeof line),
                 message->raw);
        context_clean(line);
        call->doors->log(call->arg, message->flags > KN_ERROR ? KN_ERROR : message->flags, line);
        call_leave(call);
}

static void on_stream(struct host_call *call, const struct wire_message *message)
{
        size_t len = call_take(call, &call->output_left, message->raw_len);

        if ((message->raw_len && !len) || !call->doors->stream || message->flags < KN_OUTPUT ||
            message->flags > KN_PROGRESS || !call_enter(call))
                return;
        call->doors->stream(call->arg, message->flags, message->raw, len);
        call_leave(call);
}

static void on_again(struct host_call *call, const json_t *json)
{
        if (!call->doors->again || !call_enter(call))
                return;
        call->doors->again(call->arg, json_int_of(json, "ms", 0));
        call_leave(call);
}

static bool on_done(struct process *process, struct host_call *call,
                    const struct wire_message *message, bool *ret_away)
{
        _json_ json_t *json = wire_json(message);
        _json_ json_t *result = NULL;
        int64_t code = json_int_of(json, "code", KN_OK);

        if (!json || code > INT32_MAX || code < KN_EDENIED)
                return false;
        if (message->raw_len &&
            json_parse(message->raw, message->raw_len, &context_limits, &result, NULL) != 0)
                return false;
        pthread_mutex_lock(&process->host->lock);
        if (call->process)
                process_forget(call);
        list_unlink(&call->place);
        pthread_mutex_unlock(&process->host->lock);
        *ret_away = true;
        process_reads_away(process);
        call_end(call, (int)code, json_text_of(json, "sentence", NULL), TAKE(result));
        return true;
}

/* ---- questions ---- */

struct question {
        struct host_call *call;
        const json_t *json;
        const char *raw;                /* NUL behind it */
        size_t raw_len;
};

struct answer {
        int code;
        struct text json;               /* members behind the code, each with a comma before it */
        struct text raw;
        int fd;
};

static const char *text_in(const struct question *q, const char *key)
{
        return json_text_of(q->json, key, NULL);
}

/* NULL may be. */
static bool is_json(const char *text)
{
        _json_ json_t *json = NULL;

        return !text || json_parse(text, strlen(text), &context_limits, &json, NULL) == 0;
}

static void say(struct answer *a, const char *sentence)
{
        if (!sentence || !*sentence)
                return;
        text_add(&a->json, ",\"say\":");
        wire_add_string(&a->json, sentence);
}

static int ask_secret(const struct question *q, struct answer *a)
{
        const char *path = text_in(q, "path");
        _free_ char *secret = NULL;
        int r;

        if (!q->call->doors->secret || !path)
                return KN_EUNSUPPORTED;
        r = q->call->doors->secret(q->call->arg, path, &secret);
        if (r >= 0 && secret)
                text_add(&a->raw, secret);
        return r;
}

static int ask_store_get(const struct question *q, struct answer *a)
{
        const char *path = text_in(q, "path");
        _free_ char *value = NULL;
        uint64_t seq = 0;
        int r;

        if (!q->call->doors->store_get || !path)
                return KN_EUNSUPPORTED;
        r = q->call->doors->store_get(q->call->arg, path, &value, &seq);
        if (r >= 0 && value)
                text_add(&a->raw, value);
        text_addf(&a->json, ",\"seq\":%llu", (unsigned long long)seq);
        return r;
}

static int ask_store_put(const struct question *q, struct answer *a)
{
        const char *path = text_in(q, "path");
        bool remove = json_bool_of(q->json, "remove", false);
        uint64_t seq = json_object_get(q->json, "seq") ? (uint64_t)json_int_of(q->json, "seq", 0)
                                                       : STORE_ANY;

        (void)a;
        if (!q->call->doors->store_put || !path || (!remove && !is_json(q->raw)))
                return KN_EUNSUPPORTED;
        return q->call->doors->store_put(q->call->arg, path, remove ? NULL : q->raw, seq);
}

static int ask_emit(const struct question *q, struct answer *a)
{
        const struct host_event event = { text_in(q, "trigger"), q->raw, text_in(q, "id"),
                                          text_in(q, "cursor") };

        (void)a;
        if (!q->call->doors->emit || !event.trigger || !is_json(event.payload) ||
            !is_json(event.cursor))
                return KN_EUNSUPPORTED;
        return q->call->doors->emit(q->call->arg, &event);
}

static int ask_change(const struct question *q, struct answer *a)
{
        const struct kn_change change = {
                .size = sizeof change,
                .resource = text_in(q, "resource"),
                .before = text_in(q, "before"),
                .after = text_in(q, "after"),
                .undo_action = text_in(q, "undo_action"),
                .undo_args = text_in(q, "undo_args"),
        };

        (void)a;
        if (!q->call->doors->change || !change.resource || !is_json(change.before) ||
            !is_json(change.after) || !is_json(change.undo_args))
                return KN_EUNSUPPORTED;
        return q->call->doors->change(q->call->arg, &change);
}

static int ask_changed(const struct question *q, struct answer *a)
{
        const char *observed = text_in(q, "observed");
        int ticket = (int)json_int_of(q->json, "ticket", 0),
            outcome = (int)json_int_of(q->json, "outcome", 0);

        (void)a;
        if (!q->call->doors->changed || !is_json(observed))
                return KN_EUNSUPPORTED;
        return q->call->doors->changed(q->call->arg, ticket, outcome, observed);
}

static int ask_http(const struct question *q, struct answer *a)
{
        struct door_reply reply = { 0, TEXT_INIT, TEXT_INIT };
        const struct kn_http http = {
                .size = sizeof http, .method = text_in(q, "method"), .url = text_in(q, "url"),
                .headers = text_in(q, "headers"), .body = q->raw, .body_len = q->raw_len,
                .timeout_ms = json_int_of(q->json, "timeout_ms", 0),
        };
        char sentence[DOOR_SAY_SIZE] = "";
        struct door_scope scope;
        int r;

        if (!http.method || !http.url)
                return KN_EARG;
        call_scope(q->call, &scope);
        r = door_http(q->call->host->cache, &scope, &http, &reply, sentence);
        say(a, sentence);
        if (r >= 0) {
                text_addf(&a->json, ",\"status\":%d,\"headers\":%zu", reply.status,
                          reply.headers.len);
                text_add_bytes(&a->raw, reply.headers.s, reply.headers.len);
                text_add_bytes(&a->raw, reply.body.s, reply.body.len);
        }
        text_deinit(&reply.body);
        text_deinit(&reply.headers);
        return r;
}

static int ask_dial(const struct question *q, struct answer *a)
{
        const char *address = text_in(q, "address");
        char sentence[DOOR_SAY_SIZE] = "";
        struct door_scope scope;
        int r;

        if (!address)
                return KN_EARG;
        call_scope(q->call, &scope);
        r = door_dial(&scope, address, json_int_of(q->json, "timeout_ms", 0), sentence);
        say(a, sentence);
        if (r < 0)
                return r;
        a->fd = r;
        return KN_OK;
}

static int (*const questions[WIRE_TYPES])(const struct question *, struct answer *) = {
        [WIRE_SECRET] = ask_secret,       [WIRE_STORE_GET] = ask_store_get,
        [WIRE_STORE_PUT] = ask_store_put, [WIRE_EMIT] = ask_emit,
        [WIRE_CHANGE] = ask_change,       [WIRE_CHANGED] = ask_changed,
        [WIRE_HTTP] = ask_http,           [WIRE_DIAL] = ask_dial,
};

static void reply(struct process *process, uint32_t call, struct answer *a)
{
        _text_ struct text json = TEXT_INIT;
        struct wire_message message = { .type = WIRE_REPLY, .call = call, .fd = a->fd };

        if (a->raw.failed || a->json.failed) {
                a->code = KN_ENOMEM;
                text_deinit(&a->raw);
                text_deinit(&a->json);
        }
        text_addf(&json, "{\"code\":%d%s}", a->code, a->json.s ? a->json.s : "");
        message.json = json.s;
        message.json_len = json.len;
        message.raw = a->raw.s;
        message.raw_len = a->raw.len;
        process_send(process, &message);
}

static bool on_question(struct process *process, struct host_call *call,
                        const struct wire_message *message, bool *ret_away)
{
        struct answer a = { .code = KN_ECANCELED, .json = TEXT_INIT, .raw = TEXT_INIT, .fd = -1 };
        _json_ json_t *json = wire_json(message);
        _free_ char *raw = malloc(message->raw_len + 1);
        const struct question q = { call, json, raw, message->raw_len };
        uint16_t type = message->type;
        uint32_t id = message->call;

        if (!json || !raw)
                return false;
        memcpy(raw, message->raw, message->raw_len);
        raw[message->raw_len] = '\0';
        *ret_away = true;
        process_reads_away(process);
        if (call_enter(call)) {
                a.code = questions[type](&q, &a);
                call_leave(call);
        }
        reply(process, id, &a);
        if (a.fd >= 0)
                close(a.fd);
        text_deinit(&a.json);
        text_deinit(&a.raw);
        return true;
}

static bool on_ready(struct process *process, const struct wire_message *message, bool *ret_away)
{
        _json_ json_t *json = wire_json(message);

        if (!json || process->state != PROCESS_STARTING)
                return false;
        *ret_away = true;
        process_reads_away(process);
        process_is_ready(process, json);
        return true;
}

static bool on_pong(struct process *process)
{
        pthread_mutex_lock(&process->host->lock);
        process->heard_ms = clock_mono_ms();
        pthread_mutex_unlock(&process->host->lock);
        return true;
}

bool process_handle(struct process *process, const struct wire_message *message, bool *ret_away)
{
        _cleanup_(call_unrefp) struct host_call *call = NULL;
        _json_ json_t *json = NULL;

        if (message->fd >= 0) {
                close(message->fd);
                return false;           /* a process has none to give */
        }
        if (message->type == WIRE_PONG)
                return on_pong(process);
        if (message->type == WIRE_READY)
                return on_ready(process, message, ret_away);
        if (message->type < WIRE_DONE)
                return false;
        call = find_call(process, message->call);
        if (!call)
                return true;            /* it ended meanwhile */
        switch (message->type) {
        case WIRE_DONE:
                return on_done(process, call, message, ret_away);
        case WIRE_LOG:
                on_log(call, message);
                return true;
        case WIRE_STREAM:
                on_stream(call, message);
                return true;
        case WIRE_AGAIN:
                json = wire_json(message);
                on_again(call, json);
                return json != NULL;
        default:
                return on_question(process, call, message, ret_away);
        }
}
