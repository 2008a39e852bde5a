/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The third home of a plugin. Everything that the doors share is the hub's own code (host/context),
 * so what a plugin sees here is what it sees there; this file is the hub behind the doors, in
 * memory.
 */

#include <kaname/mock.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "mock/mock_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 60000

static void keep(char **slot, char *text)
{
        free(*slot);
        *slot = text;
}

static struct kn_mock *mock_new(void)
{
        struct kn_mock *m = calloc(1, sizeof *m);

        if (!m)
                return NULL;
        pthread_mutex_init(&m->lock, NULL);
        m->given = json_object();
        m->secrets = json_object();
        m->store = json_object();
        m->replies = json_array();
        m->changes = json_array();
        m->events = json_array();
        m->requests = json_array();
        m->host = context_host;
        m->again_ms = -1;
        m->cache = http_cache_new();
        return m;
}

static struct kn_mock *mock_ready(struct kn_mock *m, int r, struct fault *fault)
{
        if (r == 0)
                r = module_describe(m->module,
                                    m->module->plugin.name ? m->module->plugin.name : "plugin",
                                    &m->manifest, fault);
        if (r == 0)
                return m;
        fault_errno(fault, r, "loading the plugin");
        m->trouble = fault->what ? strdup(fault->what) : strdup("out of memory");
        m->module = module_free(m->module);
        return m;
}

struct kn_mock *kn_mock_open(const char *path)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct kn_mock *m = mock_new();

        return m ? mock_ready(m, module_open(path, 0, &m->module, &fault), &fault) : NULL;
}

struct kn_mock *kn_mock_new(const struct kn_plugin *plugin)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct kn_mock *m = mock_new();

        return m ? mock_ready(m, module_adopt(plugin, "the plugin", &m->module, &fault), &fault)
                 : NULL;
}

const char *kn_mock_trouble(struct kn_mock *m)
{
        return m->trouble;
}

/* ---- one call ---- */

static void begin(struct kn_mock *m, struct context *context, const struct context_call *call)
{
        pthread_mutex_lock(&m->lock);
        cancel_init(&m->cancel, clock_mono_ms() + (m->timeout_ms > 0 ? m->timeout_ms : TIMEOUT_MS));
        m->is_running = true;
        pthread_mutex_unlock(&m->lock);
        context_init(context, &mock_doors, m, &m->cancel);
        context->kn.host = &m->host;
        context->kn.self = m->self;
        context->call = *call;
        context->call.id = "000000000000000000000000";
        context->call.instance = "mock";
        context->call.attempt = 1;
        context->call.config = m->seen;
        context->net = &mock_net;
}

static int end(struct kn_mock *m, struct context *context, int returned)
{
        const char *sentence;
        int code;

        if (context_is_speechless(context, returned))
                mock_say(m, KN_WARNING,
                         "mock: it failed without a sentence: return kn_fail(ctx, code, \"why\")");
        code = context_outcome(context, returned, &sentence);
        keep(&m->sentence, sentence ? strdup(sentence) : NULL);
        keep(&m->result, context->result ? json_compact(context->result) : strdup("null"));
        context_deinit(context);
        pthread_mutex_lock(&m->lock);
        m->is_running = false;
        cancel_deinit(&m->cancel);
        pthread_mutex_unlock(&m->lock);
        return code;
}

static int callback(struct kn_mock *m, const struct context_call *call, int (*run)(struct kn_ctx *))
{
        struct context context;
        int returned;

        begin(m, &context, call);
        returned = run(&context.kn);
        m->self = context.kn.self;
        return end(m, &context, returned);
}

static int fail(struct kn_mock *m, int code, char *sentence)
{
        keep(&m->sentence, sentence);
        return code;
}

/* The instance is made at its first call, as in the hub. */
static int create(struct kn_mock *m)
{
        const struct context_call call = { .entry = HOST_CHECK, .mode = "run" };
        _fault_ struct fault fault = FAULT_INIT;
        int r;

        if (m->is_created)
                return 0;
        if (mock_fit_config(m, &fault) != 0)
                return fail(m, KN_EARG, strdup(fault.what));
        m->mode = "run";
        r = m->module->plugin.create ? callback(m, &call, m->module->plugin.create) : 0;
        m->is_created = r >= 0;
        return r;
}

static void destroy(struct kn_mock *m)
{
        struct context context;

        if (m->is_created && m->module->plugin.destroy) {
                begin(m, &context, &(struct context_call){ .entry = HOST_CHECK, .mode = "run" });
                m->module->plugin.destroy(&context.kn);
                end(m, &context, KN_OK);
        }
        m->self = NULL;
        m->is_created = false;
        json_decref(m->derived);
        m->derived = NULL;
}

/* Forget what the call before it left to look at. */
static void forget(struct kn_mock *m)
{
        json_array_clear(m->changes);
        json_array_clear(m->events);
        json_array_clear(m->requests);
        text_deinit(&m->output);
        text_deinit(&m->log);
        keep(&m->sentence, NULL);
        keep(&m->result, strdup("null"));
        m->again_ms = -1;
}

static int call_action(struct kn_mock *m, const char *name, const char *args, const char *mode)
{
        struct context_call call = { .entry = HOST_ACTION, .action = name, .mode = mode };
        const struct kn_action *action;
        _json_ json_t *parsed = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        int r;

        forget(m);
        if (!m->module)
                return fail(m, KN_EINTERNAL, strdup(m->trouble));
        action = module_action(m->module, name);
        if (!action)
                return fail(m, KN_EARG, mock_sprintf("the plugin has no action '%s'", name));
        if (!args || !*args)
                args = "{}";
        r = json_parse(args, strlen(args), NULL, &parsed, &fault);
        if (r == 0)
                r = mock_fit(action, parsed, &fault);
        if (r != 0)
                return fail(m, KN_EARG, strdup(fault.what));
        r = create(m);
        if (r < 0)
                return r;
        call.args = parsed;
        m->mode = mode;
        return callback(m, &call, action->run);
}

int kn_mock_run(struct kn_mock *m, const char *action, const char *args)
{
        return call_action(m, action, args, "run");
}

int kn_mock_plan(struct kn_mock *m, const char *action, const char *args)
{
        return call_action(m, action, args, "plan");
}

int kn_mock_undo(struct kn_mock *m, const char *action, const char *args)
{
        return call_action(m, action, args, "undo");
}

/* What a poll put and emitted counts when it returns 0, all of it or nothing. */
static int call_poll(struct kn_mock *m, const struct context_call *call,
                     const struct kn_sensor *sensor)
{
        _json_ json_t *before = json_deep_copy(m->store);
        int r = callback(m, call, sensor->poll);

        if (r == 0)
                return r;
        json_decref(m->store);
        m->store = TAKE(before);
        json_array_clear(m->events);
        return r;
}

int kn_mock_poll(struct kn_mock *m, const char *name)
{
        struct context_call call = { .action = name, .mode = "run" };
        const struct kn_sensor *sensor;
        int r;

        forget(m);
        if (!m->module)
                return fail(m, KN_EINTERNAL, strdup(m->trouble));
        sensor = module_sensor(m->module, name);
        if (!sensor)
                return fail(m, KN_EARG, mock_sprintf("the plugin has no sensor '%s'", name));
        r = create(m);
        if (r < 0)
                return r;
        m->mode = "run";
        call.entry = sensor->poll ? HOST_POLL : HOST_SENSOR;
        return sensor->poll ? call_poll(m, &call, sensor) : callback(m, &call, sensor->run);
}

int kn_mock_check(struct kn_mock *m)
{
        const struct context_call call = { .entry = HOST_CHECK, .mode = "run" };
        int r;

        forget(m);
        if (!m->module)
                return fail(m, KN_EINTERNAL, strdup(m->trouble));
        r = create(m);
        if (r < 0 || !m->module->plugin.check)
                return r;
        m->mode = "run";
        return callback(m, &call, m->module->plugin.check);
}

void kn_mock_cancel(struct kn_mock *m)
{
        pthread_mutex_lock(&m->lock);
        if (m->is_running)
                cancel_set(&m->cancel, KN_ECANCELED);
        pthread_mutex_unlock(&m->lock);
}

void kn_mock_free(struct kn_mock *m)
{
        if (!m)
                return;
        destroy(m);
        module_free(m->module);
        http_cache_free(m->cache);
        json_decref(m->given);
        json_decref(m->config);
        json_decref(m->seen);
        json_decref(m->egress);
        json_decref(m->secrets);
        json_decref(m->store);
        json_decref(m->replies);
        json_decref(m->changes);
        json_decref(m->events);
        json_decref(m->requests);
        json_decref(m->manifest);
        text_deinit(&m->output);
        text_deinit(&m->log);
        for (size_t i = 0; i < sizeof m->shown / sizeof *m->shown; i++)
                free(m->shown[i]);
        free(m->trouble);
        free(m->sentence);
        free(m->result);
        pthread_mutex_destroy(&m->lock);
        free(m);
}

/* ---- settings ---- */

int kn_mock_config(struct kn_mock *m, const char *json)
{
        _json_ json_t *config = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        if (json_parse(json, strlen(json), NULL, &config, &fault) != 0)
                return fail(m, KN_EARG, strdup(fault.what));
        destroy(m);
        json_decref(m->given);
        m->given = TAKE(config);
        return KN_OK;
}

int kn_mock_egress(struct kn_mock *m, const char *json)
{
        _json_ json_t *list = NULL;

        if (json &&
            (json_parse(json, strlen(json), NULL, &list, NULL) != 0 || !json_is_array(list)))
                return fail(m, KN_EARG, strdup("an egress list is a JSON array"));
        json_decref(m->egress);
        m->egress = TAKE(list);
        return KN_OK;
}

void kn_mock_secret(struct kn_mock *m, const char *path, const char *value)
{
        json_object_set_new(m->secrets, path, json_string(value));
}

void kn_mock_store(struct kn_mock *m, const char *path, const char *json)
{
        mock_store_set(m, path, json);
}

void kn_mock_timeout(struct kn_mock *m, int64_t ms)
{
        m->timeout_ms = ms;
}

void kn_mock_doors(struct kn_mock *m, uint32_t size)
{
        m->host = context_host;
        if (size && size < m->host.size)
                m->host.size = size;
}

void kn_mock_reply(struct kn_mock *m, const char *method, const char *url, int status,
                   const char *body)
{
        json_array_append_new(m->replies,
                              json_pack("{s:s, s:s, s:i, s:s}", "method", method, "url", url,
                                        "status", status, "body", body ? body : ""));
}

/* ---- what there is to see ---- */

static const char *show(struct kn_mock *m, enum mock_shown slot, const json_t *value)
{
        keep(&m->shown[slot], json_compact(value));
        return m->shown[slot];
}

const char *kn_mock_result(struct kn_mock *m)
{
        return m->result ? m->result : "null";
}

const char *kn_mock_sentence(struct kn_mock *m)
{
        return m->sentence;
}

const char *kn_mock_output(struct kn_mock *m)
{
        return m->output.s ? m->output.s : "";
}

const char *kn_mock_log(struct kn_mock *m)
{
        return m->log.s ? m->log.s : "";
}

const char *kn_mock_changes(struct kn_mock *m)
{
        return show(m, SHOW_CHANGES, m->changes);
}

const char *kn_mock_events(struct kn_mock *m)
{
        return show(m, SHOW_EVENTS, m->events);
}

const char *kn_mock_requests(struct kn_mock *m)
{
        return show(m, SHOW_REQUESTS, m->requests);
}

const char *kn_mock_stored(struct kn_mock *m)
{
        _json_ json_t *values = json_object();
        const char *path;
        json_t *entry;

        json_object_foreach(m->store, path, entry)
                json_object_set(values, path, json_object_get(entry, "value"));
        return show(m, SHOW_STORED, values);
}

const char *kn_mock_manifest(struct kn_mock *m)
{
        return m->manifest ? show(m, SHOW_MANIFEST, m->manifest) : NULL;
}

int64_t kn_mock_again_ms(struct kn_mock *m)
{
        return m->again_ms;
}
