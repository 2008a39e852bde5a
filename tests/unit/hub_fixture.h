/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A whole hub for the suites of its room: a real store, loop and pool, and in place of the homes a
 * plugin made of functions of this file. The lamp is the world: "lamp.set" reads it, announces,
 * sets and reads back as a real plugin does, and anybody may change it behind the hub's back.
 */

#ifndef TESTS_HUB_FIXTURE_H
#define TESTS_HUB_FIXTURE_H

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "content/content.h"
#include "host/host.h"
#include "hub/hub.h"
#include "runner/runner.h"
#include "loop/loop.h"
#include "loop/pool.h"
#include "store/seal.h"

#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char dir[64];
static struct loop *loop;
static struct pool *pool;
static struct store *store;
static struct seal *seal;
static struct content *content;
static struct hub *hub;
static pthread_t loop_thread;
static char lamp_state[32];             /* the world */
static pthread_mutex_t lamp_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int lamp_calls;
static atomic_int lamp_opened;          /* how many the gate still lets through */

static void lamp_turn(const char *to)
{
        pthread_mutex_lock(&lamp_lock);
        snprintf(lamp_state, sizeof lamp_state, "%s", to);
        pthread_mutex_unlock(&lamp_lock);
}

/* A copy, good until the thread's next look. */
static const char *lamp_look(void)
{
        static _Thread_local char seen[32];

        pthread_mutex_lock(&lamp_lock);
        snprintf(seen, sizeof seen, "%s", lamp_state);
        pthread_mutex_unlock(&lamp_lock);
        return seen;
}

/* ---- the homes, as functions ---- */

struct host_call {
        struct host_request request;
        atomic_bool is_canceled;
        atomic_int refs;
};

static const char manifest_text[] =
        "{\"name\":\"lamp\",\"version\":\"1.0\",\"summary\":\"A "
        "lamp\",\"abi\":\"1.0\",\"needs\":\"1.0\","
        "\"flags\":[],\"config\":{},\"access\":{},\"check\":false,\"triggers\":[],\"sensors\":[],"
        "\"actions\":["
        "{\"name\":\"set\",\"summary\":\"Set "
        "it\",\"flags\":[],\"timeout_ms\":0,\"returns\":null,\"params\":{"
        "\"type\":\"object\",\"properties\":{\"to\":{\"type\":\"string\"},\"pin\":{\"type\":"
        "\"string\",\"secret\":true}},"
        "\"required\":[\"to\"]}},"
        "{\"name\":\"fail\",\"summary\":\"Fail for "
        "now\",\"flags\":[],\"timeout_ms\":0,\"returns\":null,\"params\":null},"
        "{\"name\":\"ring\",\"summary\":\"What was heard was "
        "heard\",\"flags\":[],\"timeout_ms\":0,\"returns\":null,\"params\":null},"
        "{\"name\":\"gate\",\"summary\":\"Wait until it is opened, end with a "
        "code\",\"flags\":[],\"timeout_ms\":0,\"returns\":null,\"params\":{"
        "\"type\":\"object\",\"properties\":{\"code\":{\"type\":\"integer\"}}}},"
        "{\"name\":\"hang\",\"summary\":\"Wait for "
        "cancel\",\"flags\":[],\"timeout_ms\":0,\"returns\":null,\"params\":null}]}";

int host_describe(const char *program, const char *state_dir, const char *path,
                  struct manifest **ret, struct fault *fault)
{
        (void)program;
        (void)state_dir;
        return manifest_new(json_loads(manifest_text, 0, NULL), path, "0123", ret, fault);
}

static int lamp_set(const struct host_request *q)
{
        char before[64], after[64], args[96];
        struct kn_change change = { .size = sizeof change,
                                    .resource = "lamp/1",
                                    .before = before,
                                    .after = after,
                                    .undo_action = "set",
                                    .undo_args = args };
        int ticket;

        snprintf(before, sizeof before, "\"%s\"", lamp_look());
        snprintf(after, sizeof after, "\"%s\"", json_text_of(q->args, "to", ""));
        snprintf(args, sizeof args, "{\"to\":\"%s\"}", lamp_look());
        ticket = q->doors->change(q->arg, &change);
        if (ticket <= 0)
                return ticket;
        lamp_turn(json_text_of(q->args, "to", ""));
        return q->doors->changed(q->arg, ticket, KN_OK, after);
}

/* A change that names no way back. */
static int lamp_ring(const struct host_request *q)
{
        struct kn_change change = { .size = sizeof change, .resource = "bell", .after = "true" };
        int ticket = q->doors->change(q->arg, &change);

        return ticket <= 0 ? ticket : q->doors->changed(q->arg, ticket, KN_OK, "true");
}

static int lamp_gate(struct host_call *call)
{
        int opened = atomic_load(&lamp_opened);

        while (!atomic_load(&call->is_canceled)) {
                if (opened > 0 &&
                    atomic_compare_exchange_weak(&lamp_opened, &opened, opened - 1))
                        return (int)json_int_of(call->request.args, "code", KN_OK);
                sched_yield();
                opened = atomic_load(&lamp_opened);
        }
        return KN_ECANCELED;
}

static void lamp_call(void *arg)
{
        struct host_call *call = arg;
        const struct host_request *q = &call->request;
        int code = KN_OK;

        atomic_fetch_add(&lamp_calls, 1);
        if (strcmp(q->name, "set") == 0)
                code = lamp_set(q);
        else if (strcmp(q->name, "ring") == 0)
                code = lamp_ring(q);
        else if (strcmp(q->name, "fail") == 0)
                code = KN_ETEMP;
        else if (strcmp(q->name, "gate") == 0)
                code = lamp_gate(call);
        while (strcmp(q->name, "hang") == 0 && !atomic_load(&call->is_canceled))
                sched_yield();
        if (strcmp(q->name, "hang") == 0)
                code = KN_ECANCELED;
        q->doors->done(q->arg, code, code < 0 ? "the lamp says no" : NULL,
                       json_pack("{s:s}", "lamp", lamp_look()));
        host_release(call);
}

struct host_call *host_start(struct host *host, const struct host_request *request)
{
        struct host_call *call = calloc(1, sizeof *call);

        (void)host;
        call->request = *request;
        atomic_init(&call->refs, 2);
        ck_assert_int_eq(pool_run(pool, lamp_call, call), 0);
        return call;
}

void host_release(struct host_call *call)
{
        if (call && atomic_fetch_sub(&call->refs, 1) == 1)
                free(call);
}

void host_cancel(struct host *host, struct host_call *call)
{
        (void)host;
        atomic_store(&call->is_canceled, true);
}

const char *host_code_text(int code)
{
        return code == KN_ECONFLICT ? "conflict" : code == KN_ETEMP ? "temporary" : "other";
}

enum catalog_home host_home(struct host *host, const struct catalog_instance *instance,
                            char why[160])
{
        (void)host;
        (void)instance;
        snprintf(why, 160, "test");
        return HOME_CORE;
}

int host_trust(struct host *host, const char *hash, struct fault *fault)
{
        (void)host;
        (void)hash;
        (void)fault;
        return 0;
}

json_t *host_report(struct host *host, const struct catalog *catalog)
{
        (void)host;
        (void)catalog;
        return json_array();
}

/* ---- the hub ---- */

static void write_file(const char *name, const char *text)
{
        char path[256];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", dir, name);
        file = fopen(path, "we");
        ck_assert_ptr_nonnull(file);
        fputs(text, file);
        fclose(file);
}

static void make_dir(const char *name)
{
        char path[256];

        snprintf(path, sizeof path, "%s/%s", dir, name);
        ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void *run_loop(void *arg)
{
        loop_run(loop);
        return arg;
}

static void hub_up(void)
{
        static char plugins[96], packs[96];
        static const char *plugin_path[] = { plugins, NULL }, *pack_path[] = { packs, NULL },
                          *none[] = { NULL };
        struct store_options store_options = { .state_dir = dir,
                                               .hub_name = "test",
                                               .reserve_bytes = -1 };
        struct content_options content_options = { .state_dir = dir,
                                                   .host_program = "",
                                                   .plugin_path = plugin_path,
                                                   .pack_path = pack_path,
                                                   .contract_path = none };
        struct hub_options options = { .state_dir = dir,
                                       .runners = runners,
                                       .config_context = content_config_context,
                                       .running_max = 8 };
        _fault_ struct fault fault = FAULT_INIT;

        snprintf(plugins, sizeof plugins, "%s/plugins", dir);
        snprintf(packs, sizeof packs, "%s/packs.d", dir);
        ck_assert_int_eq(loop_new(&loop), 0);
        ck_assert_int_eq(pool_new(8, &pool), 0);
        ck_assert_msg(store_open(&store_options, &store, &fault) == 0, "%s", fault.what);
        ck_assert_msg(seal_open(dir, &seal, &fault) == 0, "%s", fault.what);
        content_options.loop = options.loop = loop;
        content_options.pool = options.pool = pool;
        content_options.store = options.store = store;
        content_options.seal = options.seal = seal;
        ck_assert_msg(content_open(&content_options, &content, &options.catalog, &fault) == 0,
                      "%s", fault.what);
        options.config_arg = content;
        ck_assert_msg(hub_start(&options, &hub, &fault) == 0, "%s", fault.what);
        catalog_unref(options.catalog);
        content_serve(content, hub);
        ck_assert_int_eq(pthread_create(&loop_thread, NULL, run_loop, NULL), 0);
}

static void is_drained(void *arg)
{
        atomic_store((atomic_bool *)arg, true);
        loop_stop(loop);
}

static void begin_drain(void *arg)
{
        hub_drain(hub, 5000, is_drained, arg);
}

static void hub_down(void)
{
        atomic_bool drained = false;

        loop_post(loop, begin_drain, &drained);
        pthread_join(loop_thread, NULL);
        ck_assert(atomic_load(&drained));
        pool_stop(pool);
        store = store_close(store);
        content = content_close(content);
        hub = hub_free(hub);
        pool = pool_free(pool);
        loop = loop_free(loop);
        seal = seal_close(seal);
}

static void setup(void)
{
        snprintf(dir, sizeof dir, "/tmp/kn-hub-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        make_dir("plugins");
        make_dir("packs.d");
        make_dir("packs.d/t");
        make_dir("packs.d/t/rules");
        write_file("plugins/lamp.so", "");
        write_file("packs.d/t/pack.yaml",
                   "name: t\nversion: 1.0.0\ndescription: d\nauthor: a\nemail: a@example.test\n");
        lamp_turn("off");
        atomic_store(&lamp_calls, 0);
        atomic_store(&lamp_opened, 0);
}

static void teardown(void)
{
        char command[128];

        if (hub)
                hub_down();
        snprintf(command, sizeof command, "rm -rf '%s'", dir);
        ck_assert_int_eq(system(command), 0);
}

/* ---- asking it ---- */

/* Wait for a condition, at most ten seconds; nothing here waits a fixed time. */
#define eventually(condition)                                                           \
        do {                                                                            \
                int64_t until_ = clock_mono_ms() + 10000;                               \
                bool holds_;                                                            \
                while (!(holds_ = (condition)) && clock_mono_ms() < until_)             \
                        sched_yield();                                                  \
                ck_assert_msg(holds_, "never: %s", #condition);                         \
        } while (0)

struct answer {
        atomic_bool is_there;
        struct hub_ran ran;
        struct hub_accepted accepted;
};

static void on_ran(void *arg, const struct hub_ran *ran)
{
        struct answer *answer = arg;

        answer->ran = *ran;
        atomic_store(&answer->is_there, true);
}

static void on_accepted(void *arg, const struct hub_accepted *accepted, size_t n)
{
        struct answer *answer = arg;

        (void)n;
        answer->accepted = *accepted;
        atomic_store(&answer->is_there, true);
}

struct seen {
        enum store_status status;
        json_t *result, *params;
        char note[128], user[32];
};

static int take(void *arg, const struct store_execution *x)
{
        struct seen *seen = arg;

        seen->status = x->status;
        seen->result = x->result ? json_loads(x->result, JSON_DECODE_ANY, NULL) : NULL;
        seen->params = json_loads(x->params, 0, NULL);
        snprintf(seen->note, sizeof seen->note, "%s", x->note ? x->note : "");
        snprintf(seen->user, sizeof seen->user, "%s", x->user);
        return 0;
}

static struct seen look(const struct id *id)
{
        struct seen seen = { 0 };

        ck_assert_int_eq(store_get_execution(store, id, true, take, &seen, NULL), 0);
        return seen;
}

static enum store_status status_of(const struct id *id)
{
        struct seen seen = look(id);

        json_decref(seen.result);
        json_decref(seen.params);
        return seen.status;
}

__attribute__((unused)) static struct seen wait_end(const struct id *id)
{
        eventually(store_status_is_final(status_of(id)));
        return look(id);
}

/* Start an action; the answer's outcome must be DONE. */
__attribute__((unused)) static struct id run(const char *action, const char *params,
                                             const char *mode)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *object = json_loads(params, 0, NULL);
        struct hub_run request = {
                .action = action, .params = object, .mode = mode, .user = "eva"
        };
        struct answer answer = { .is_there = false };

        ck_assert_msg(hub_run(hub, &request, on_ran, &answer, &fault) == 0, "%s", fault.what);
        eventually(atomic_load(&answer.is_there));
        ck_assert_int_eq(answer.ran.outcome, STORE_DONE);
        return answer.ran.id;
}

__attribute__((unused)) static struct id send_event(const char *url, const char *body)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *parameters = json_pack("{s:s}", "url", url);
        _json_ json_t *payload =
                json_pack("{s:{}, s:o}", "headers", "body", json_loads(body, 0, NULL));
        char source[64];
        struct hub_event event = { .trigger = "core.st2.webhook",
                                   .parameters = parameters,
                                   .payload = payload,
                                   .source = source };
        struct answer answer = { .is_there = false };

        snprintf(source, sizeof source, "webhook:%s", url);
        ck_assert_msg(hub_accept(hub, &event, 1, on_accepted, &answer, &fault) == 0, "%s",
                      fault.what);
        eventually(atomic_load(&answer.is_there));
        ck_assert_int_eq(answer.accepted.outcome, STORE_DONE);
        return answer.accepted.id;
}

static int take_first(void *arg, const struct store_execution *x)
{
        *(struct id *)arg = x->id;
        return 1;
}

/* The newest execution of an action, or the zero id. */
__attribute__((unused)) static struct id newest(const char *action)
{
        struct store_execution_filter filter = { .action = action, .status = -1 };
        struct store_page page = { .limit = 1 };
        struct id id = { { 0 } };

        store_list_executions(store, &filter, &page, take_first, &id, NULL, NULL);
        return id;
}

#endif
