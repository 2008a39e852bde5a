/* SPDX-License-Identifier: Apache-2.0 */

/* An instance's check: the plugin's own word on its system, a call that belongs to no execution. */
#include "hub/room.h"

#include <errno.h>
#include <string.h>

struct checking {
        struct call call;
        pthread_mutex_t lock;
        pthread_cond_t over;
        bool is_over;
        int code;
        char *sentence;
        json_t *result;
};

static void checked(struct call *call, int code, const char *sentence, json_t *result)
{
        struct checking *checking = call->arg;

        pthread_mutex_lock(&checking->lock);
        checking->code = code;
        checking->sentence = sentence ? strdup(sentence) : NULL;
        checking->result = result;
        checking->is_over = true;
        pthread_cond_signal(&checking->over);
        pthread_mutex_unlock(&checking->lock);
}

static json_t *check_answer(struct hub *hub, const struct checking *checking)
{
        const struct catalog_instance *instance = checking->call.instance;
        char why[160];
        enum catalog_home home = host_home(hub->o.host, instance, why);

        return json_pack("{s:s, s:s, s:b, s:s, s:s?, s:O?, s:s, s:s}", "instance", instance->name,
                         "plugin", instance->plugin->name, "ok", checking->code >= 0,
                         "code", checking->code >= 0 ? "ok" : host_code_text(checking->code),
                         "message", checking->sentence, "result", checking->result,
                         "home", home == HOME_CORE ? "core" : "host", "home_reason", why);
}

int hub_check_instance(struct hub *hub, const char *name, json_t **ret, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        struct checking checking = { .lock = PTHREAD_MUTEX_INITIALIZER,
                                     .over = PTHREAD_COND_INITIALIZER };
        struct host_request request = { .entry = HOST_CHECK,
                                        .name = "check",
                                        .id = "",
                                        .action = "check",
                                        .mode = "run",
                                        .attempt = 1,
                                        .deadline_mono_ms = clock_mono_ms() + 30000,
                                        .doors = &plugin_doors,
                                        .arg = &checking.call };
        struct host_call *call;

        request.instance = catalog_instance(catalog, name);
        if (!request.instance)
                return catalog_no_instance(catalog, name, fault);
        if (!request.instance->plugin->has_check) {
                fault_set(fault, 422, "check.none", "the plugin '%s' has no check",
                          request.instance->plugin->name);
                return fault_try(fault, "run one of its actions that only read");
        }
        checking.call = (struct call){
                .hub = hub, .instance = request.instance, .done = checked, .arg = &checking
        };
        call = host_start(hub->o.host, &request);
        if (!call)
                return fault_errno(fault, -ENOMEM, "check");
        pthread_mutex_lock(&checking.lock);
        while (!checking.is_over)
                pthread_cond_wait(&checking.over, &checking.lock);
        pthread_mutex_unlock(&checking.lock);
        host_release(call);
        *ret = check_answer(hub, &checking);
        free(checking.sentence);
        json_decref(checking.result);
        return 0;
}
