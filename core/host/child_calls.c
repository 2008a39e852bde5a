/* SPDX-License-Identifier: Apache-2.0 */
#include "host/child.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* ---- instances; the list and refs are under the child's lock ---- */

static struct child_instance *find_instance(struct child *child, uint32_t number)
{
        list_each(at, &child->instances) {
                struct child_instance *instance = list_entry(at, struct child_instance, link);

                if (instance->number == number)
                        return instance;
        }
        return NULL;
}

static void instance_unref(struct child *child, struct child_instance *instance)
{
        bool is_last;

        pthread_mutex_lock(&child->lock);
        is_last = --instance->refs == 0;
        pthread_mutex_unlock(&child->lock);
        if (!is_last)
                return;
        json_decref(instance->config);
        pthread_mutex_destroy(&instance->making);
        free(instance->name);
        free(instance);
}

void child_add_instance(struct child *child, const struct wire_message *message)
{
        struct wire_message raw = { .json = message->raw, .json_len = message->raw_len };
        struct child_instance *instance = calloc(1, sizeof *instance);
        _json_ json_t *json = wire_json(message);

        if (!instance)
                return;
        instance->number = (uint32_t)json_int_of(json, "number", 0);
        instance->name = strdup(json_text_of(json, "name", ""));
        instance->config = wire_json(&raw);
        instance->refs = 1;
        pthread_mutex_init(&instance->making, NULL);
        pthread_mutex_lock(&child->lock);
        list_append(&child->instances, &instance->link);
        pthread_mutex_unlock(&child->lock);
}

/* ---- what came becomes a job ---- */

static struct child_job *drop_of(struct child *child, uint32_t number)
{
        struct child_job *job = calloc(1, sizeof *job);

        if (!job)
                return NULL;
        list_init(&job->link);
        pthread_mutex_lock(&child->lock);
        job->drop = find_instance(child, number);
        if (job->drop)
                list_unlink(&job->drop->link);
        pthread_mutex_unlock(&child->lock);
        if (job->drop)
                return job;
        free(job);
        return NULL;
}

static void call_free(struct child_call *call)
{
        cancel_deinit(&call->cancel);
        child_reply_deinit(&call->reply);
        pthread_cond_destroy(&call->replied);
        json_decref(call->request);
        json_decref(call->args);
        if (call->instance)
                instance_unref(call->child, call->instance);
        free(call);
}

static struct child_call *call_of(struct child *child, const struct wire_message *message)
{
        struct wire_message raw = { .json = message->raw, .json_len = message->raw_len };
        struct child_call *call = calloc(1, sizeof *call);
        int64_t left;

        if (!call)
                return NULL;
        call->child = child;
        call->id = message->call;
        call->reply.fd = -1;
        call->request = wire_json(message);
        call->args = wire_json(&raw);
        call->name = json_text_of(call->request, "name", NULL);
        call->entry = (enum host_entry)json_int_of(call->request, "entry", HOST_ACTION);
        left = json_int_of(call->request, "left_ms", 0);
        cancel_init(&call->cancel, left > 0 ? clock_mono_ms() + left : 0);
        pthread_cond_init(&call->replied, NULL);
        pthread_mutex_lock(&child->lock);
        call->instance = find_instance(child, (uint32_t)json_int_of(call->request, "instance", 0));
        if (call->instance)
                call->instance->refs++;
        list_append(&child->calls, &call->link);
        pthread_mutex_unlock(&child->lock);
        return call;
}

struct child_job *child_job_of(struct child *child, const struct wire_message *message)
{
        _json_ json_t *json = NULL;
        struct child_job *job;

        if (message->type == WIRE_DROP) {
                json = wire_json(message);
                return drop_of(child, (uint32_t)json_int_of(json, "number", 0));
        }
        job = calloc(1, sizeof *job);
        if (!job)
                return NULL;
        list_init(&job->link);
        job->call = call_of(child, message);
        if (job->call)
                return job;
        free(job);
        return NULL;
}

/* ---- callbacks ---- */

static void prepare(struct child_call *call, struct context *context)
{
        context_init(context, &child_doors, call, &call->cancel);
        context->net = &child_net;
        context->call = (struct context_call){
                .entry = call->entry,
                .id = json_text_of(call->request, "id", NULL),
                .action = json_text_of(call->request, "action", NULL),
                .mode = json_text_of(call->request, "mode", NULL),
                .instance = call->instance->name,
                .attempt = (uint32_t)json_int_of(call->request, "attempt", 1),
                .args = call->args, .config = call->instance->config,
        };
}

static void send_done(struct child_call *call, const struct context *context, int code,
                      const char *sentence)
{
        _text_ struct text json = TEXT_INIT;
        _free_ char *result = context->result ? json_compact(context->result) : NULL;
        struct wire_message done = { .type = WIRE_DONE, .call = call->id, .fd = -1 };

        if (code || sentence) {         /* nothing said is KN_OK, the most frequent answer */
                text_addf(&json, "{\"code\":%d,\"sentence\":", code);
                wire_add_string(&json, sentence);
                text_add(&json, "}");
        }
        done.json = json.s;
        done.json_len = json.len;
        done.raw = result;
        done.raw_len = result ? strlen(result) : 0;
        child_send(call->child, &done);
}

/* create() runs in the call that needs it first; others of the instance wait for it here. */
static int make(struct child_instance *instance, struct context *context,
                const struct kn_plugin *plugin)
{
        int r = KN_OK;

        pthread_mutex_lock(&instance->making);
        context->kn.self = instance->self;
        if (!instance->is_created) {
                r = plugin->create ? plugin->create(&context->kn) : KN_OK;
                instance->is_created = r >= 0;
                instance->self = context->kn.self;
        }
        pthread_mutex_unlock(&instance->making);
        if (r >= 0)
                context_forget(context);
        return r;
}

static void run_call(struct child *child, struct child_call *call)
{
        module_callback *callback = module_entry(child->module, call->entry, call->name);
        struct context *context = &call->context;
        const char *sentence;
        int r, code;

        prepare(call, context);
        r = make(call->instance, context, &child->module->plugin);
        if (r >= 0)
                r = callback ? callback(&context->kn) : context_say(context, KN_EUNSUPPORTED,
                                "the plugin has no '%s'", call->name ? call->name : "check");
        code = context_outcome(context, r, &sentence);
        pthread_mutex_lock(&child->lock);
        list_unlink(&call->link);
        pthread_mutex_unlock(&child->lock);
        send_done(call, context, code, sentence);
        context_deinit(context);
}

static void destroy(struct child *child, struct child_instance *instance)
{
        struct child_call call = { .child = child, .instance = instance, .reply = { .fd = -1 } };
        struct context *context = &call.context;

        pthread_mutex_lock(&instance->making);
        if (instance->is_created && child->module->plugin.destroy) {
                cancel_init(&call.cancel, 0);
                prepare(&call, context);
                context->kn.self = instance->self;
                context->doors = &(const struct host_doors){ .log = child_doors.log };
                context->net = NULL;
                child->module->plugin.destroy(&context->kn);
                context_deinit(context);
                cancel_deinit(&call.cancel);
        }
        instance->is_created = false;
        pthread_mutex_unlock(&instance->making);
}

void child_job_run(struct child *child, struct child_job *job)
{
        if (job->drop) {
                destroy(child, job->drop);
                instance_unref(child, job->drop);
        } else if (job->call->instance && job->call->request && job->call->args) {
                run_call(child, job->call);
                call_free(job->call);
        }
        free(job);
}

void child_destroy_all(struct child *child)
{
        list_each(at, &child->instances)
                destroy(child, list_entry(at, struct child_instance, link));
}
