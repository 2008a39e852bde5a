/* SPDX-License-Identifier: Apache-2.0 */

/* The hub behind the mock's doors: the store is an object, the ledger is a list, time is real. */

#include "mock/mock_state.h"

#include "base/cleanup.h"
#include "host/egress.h"
#include "store/store.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *mock_sprintf(const char *fmt, ...)
{
        char *text = NULL;
        va_list ap;

        va_start(ap, fmt);
        if (vasprintf(&text, fmt, ap) < 0)
                text = NULL;
        va_end(ap);
        return text;
}

void mock_say(struct kn_mock *m, int level, const char *text)
{
        static const char *const names[] = { "debug", "info", "notice", "warning", "error" };

        pthread_mutex_lock(&m->lock);
        text_addf(&m->log, "%s %s\n", names[level], text);
        pthread_mutex_unlock(&m->lock);
}

static void mock_log(void *arg, int level, const char *text)
{
        mock_say(arg, level, text);
}

static void mock_stream(void *arg, uint32_t kind, const void *data, size_t len)
{
        struct kn_mock *m = arg;

        (void)kind;
        pthread_mutex_lock(&m->lock);
        text_add_bytes(&m->output, data, len);
        pthread_mutex_unlock(&m->lock);
}

/* As the hub: what was set as a secret, or else what the configuration itself has there. */
static int mock_secret(void *arg, const char *path, char **ret)
{
        struct kn_mock *m = arg;
        const json_t *value = json_object_get(m->secrets, path);

        if (!value)
                value = json_at(m->config, path);
        if (!json_is_string(value))
                return KN_ENOENT;
        *ret = strdup(json_string_value(value));
        return *ret ? KN_OK : KN_ENOMEM;
}

static int mock_store_get(void *arg, const char *path, char **ret_json, uint64_t *ret_seq)
{
        const struct kn_mock *m = arg;
        const json_t *entry = json_object_get(m->store, path);

        if (!entry)
                return KN_ENOENT;
        *ret_json = json_compact(json_object_get(entry, "value"));
        *ret_seq = (uint64_t)json_int_of(entry, "seq", 0);
        return *ret_json ? KN_OK : KN_ENOMEM;
}

void mock_store_set(struct kn_mock *m, const char *path, const char *json)
{
        json_t *value = NULL;

        if (!json) {
                json_object_del(m->store, path);
                return;
        }
        if (json_parse(json, strlen(json), NULL, &value, NULL) == 0)
                json_object_set_new(m->store, path, json_pack("{s:o, s:I}", "value", value, "seq",
                                                              (json_int_t)++m->seq));
}

static int mock_store_put(void *arg, const char *path, const char *json, uint64_t seq)
{
        struct kn_mock *m = arg;
        const json_t *entry = json_object_get(m->store, path);

        if (seq != STORE_ANY && seq != (uint64_t)json_int_of(entry, "seq", 0))
                return KN_ECONFLICT;
        mock_store_set(m, path, json);
        return KN_OK;
}

static json_t *json_of_text(const char *text)
{
        json_t *value = NULL;

        return text && json_parse(text, strlen(text), NULL, &value, NULL) == 0 ? value
                                                                               : json_null();
}

static bool has_trigger(const struct module *module, const char *name)
{
        for (uint32_t i = 0; i < module->plugin.n_triggers; i++)
                if (text_equal(module->triggers[i].name, name))
                        return true;
        return false;
}

static int mock_emit(void *arg, const struct host_event *event)
{
        struct kn_mock *m = arg;
        json_t *row = json_object();

        if (!has_trigger(m->module, event->trigger) && !m->module->plugin.domain)
                mock_say(m, KN_WARNING,
                         "mock: an event for a trigger that the plugin does not declare");
        json_object_set_new(row, "trigger", json_string(event->trigger));
        json_object_set_new(row, "payload", json_of_text(event->payload));
        json_set_text(row, "id", event->id);
        json_object_set_new(row, "cursor", json_of_text(event->cursor));
        json_array_append_new(m->events, row);
        if (event->cursor)
                mock_store_set(m, "cursor", event->cursor);
        return KN_OK;
}

/* A ticket is the row's place in the list, counted from 1. */
static int mock_change(void *arg, const struct kn_change *change)
{
        struct kn_mock *m = arg;
        bool is_plan = strcmp(m->mode, "plan") == 0;
        json_t *row = json_object();

        json_object_set_new(row, "resource", json_string(change->resource));
        json_object_set_new(row, "before", json_of_text(change->before));
        json_object_set_new(row, "after", json_of_text(change->after));
        json_set_text(row, "undo_action", change->undo_action);
        json_object_set_new(row, "undo_args", json_of_text(change->undo_args));
        json_object_set_new(row, "state", json_string(is_plan ? "planned" : "open"));
        json_array_append_new(m->changes, row);
        return is_plan ? KN_SKIP : (int)json_array_size(m->changes);
}

static int mock_changed(void *arg, int ticket, int outcome, const char *observed)
{
        struct kn_mock *m = arg;
        json_t *row = json_array_get(m->changes, (size_t)ticket - 1);

        if (!row || !text_equal(json_text_of(row, "state", NULL), "open"))
                return KN_EARG;
        json_object_set_new(row, "state", json_string(outcome >= 0 ? "applied" : "failed"));
        json_object_set_new(row, "outcome", json_integer(outcome));
        json_object_set_new(row, "observed", json_of_text(observed));
        return KN_OK;
}

static void mock_again(void *arg, int64_t ms)
{
        ((struct kn_mock *)arg)->again_ms = ms;
}

const struct host_doors mock_doors = {
        .log = mock_log,
        .stream = mock_stream,
        .secret = mock_secret,
        .store_get = mock_store_get,
        .store_put = mock_store_put,
        .emit = mock_emit,
        .change = mock_change,
        .changed = mock_changed,
        .again = mock_again,
};

/* ---- the network ---- */

static const json_t *canned(const struct kn_mock *m, const struct kn_http *http)
{
        const json_t *row;
        size_t i;

        json_array_foreach(m->replies, i, row)
                if (strcmp(json_text_of(row, "method", ""), http->method) == 0 &&
                    text_matches(http->url, json_text_of(row, "url", "")))
                        return row;
        return NULL;
}

static void note_request(struct kn_mock *m, const struct kn_http *http)
{
        json_t *row = json_object();

        json_object_set_new(row, "method", json_string(http->method));
        json_object_set_new(row, "url", json_string(http->url));
        json_set_text(row, "headers", http->headers);
        json_object_set_new(row, "body",
                            http->body ? json_stringn(http->body, http->body_len) : json_null());
        json_array_append_new(m->requests, row);
}

static void scope_of(struct kn_mock *m, struct door_scope *ret)
{
        if (!m->egress && !m->derived)
                m->derived = egress_derive(m->config);
        *ret = (struct door_scope){
                .instance = "mock", .egress = m->egress ? m->egress : m->derived,
                .tls = json_object_get(m->config, "tls"), .cancel = &m->cancel,
        };
}

static int answer(struct context *context, struct kn_http *http, struct door_reply *reply)
{
        http->status = reply->status;
        http->reply_len = reply->body.len;
        http->reply = arena_adopt(&context->arena, text_take(&reply->body));
        http->reply_headers = arena_adopt(&context->arena, text_take(&reply->headers));
        return http->reply && http->reply_headers ? KN_OK : KN_ENOMEM;
}

static int mock_http(struct context *context, struct kn_http *http)
{
        struct door_reply reply = { 0, TEXT_INIT, TEXT_INIT };
        char say[DOOR_SAY_SIZE] = "";
        struct kn_mock *m = context->arg;
        const json_t *found = canned(m, http);
        struct door_scope scope;
        int r = KN_OK;

        note_request(m, http);
        scope_of(m, &scope);
        if (found) {
                reply.status = (int32_t)json_int_of(found, "status", 0);
                text_add(&reply.body, json_text_of(found, "body", ""));
                text_add(&reply.headers, "");
                if (reply.status == 0)
                        r = context_say(context, KN_EREMOTE, "%s %s: nobody answers", http->method,
                                        http->url);
        } else {
                r = door_http(m->cache, &scope, http, &reply, say);
                if (r < 0)
                        context_say(context, r, "%s", say);
        }
        if (r == KN_OK)
                r = answer(context, http, &reply);
        text_deinit(&reply.body);
        text_deinit(&reply.headers);
        return r;
}

static int mock_dial(struct context *context, const char *address, int64_t timeout_ms)
{
        char say[DOOR_SAY_SIZE] = "";
        struct door_scope scope;
        int r;

        scope_of(context->arg, &scope);
        r = door_dial(&scope, address, timeout_ms, say);
        return r < 0 ? context_say(context, r, "%s", say) : r;
}

const struct context_net mock_net = { .http = mock_http, .dial = mock_dial };
