/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who owns whom: each room gets those below it when it is opened, and they are closed from the
 * outside in. First nothing comes in any more (rest), then nothing runs (host and pool, whose last
 * results still go to the hub and the store), then what was said is on the disk (store), and only
 * then goes what the others pointed to. The configuration that the rooms were opened with stays
 * until the end, since they keep pointers into it; a reload hands on instances and the log's form.
 */

#include "bin/daemon.h"

#include "auth/auth.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "bin/notify.h"
#include "bin/own_files.h"
#include "bin/reload.h"
#include "bin/state.h"
#include "content/content.h"
#include "expr/expr.h"
#include "host/host.h"
#include "hub/hub.h"
#include "loop/loop.h"
#include "loop/pool.h"
#include "rest/rest.h"
#include "runner/runner.h"
#include "store/seal.h"
#include "store/store.h"
#include "workflow/workflow.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define BEAT_MS 1000            /* status for the service manager, health of the store */
#define CLOSE_S 10              /* for closing the rooms, before the process is ended as it is */
#define DAY_MS INT64_C(86400000)

CLEANUP_DEFINE(struct catalog *, catalog_unref);

struct daemon {
        struct conf *conf;
        const struct daemon_options *options;
        struct loop *loop;
        struct loop_timer *beat;
        struct pool *pool;
        struct store *store;
        struct seal *seal;
        struct host *host;
        struct content *content;
        struct hub *hub;
        struct auth *auth;
        struct rest *rest;
        struct reload *reload;
        int64_t watchdog_ms, watchdog_at_ms;
        char hub_name[HOST_NAME_MAX + 1];
        struct own_files own;
        bool draining, is_full;
        int status;
};

static void log_fault(const char *doing, const struct fault *fault)
{
        log_write(LOG_ERROR_, LOG_FIELDS("code", fault->code), "%s: %s%s%s%s%s%s", doing,
                  fault->what, fault->why ? "; " : "", fault->why ? fault->why : "",
                  fault->remedy ? " (try: " : "", fault->remedy ? fault->remedy : "",
                  fault->remedy ? ")" : "");
}

/* ---- stopping ---- */

static void drained(void *arg)
{
        struct daemon *d = arg;

        loop_stop(d->loop);
}

static void drain(struct daemon *d, int64_t wait_ms)
{
        d->draining = true;
        notify("STOPPING=1\nSTATUS=Draining\nEXTEND_TIMEOUT_USEC=%lld",
               (long long)(wait_ms + CLOSE_S * 1000) * 1000);
        rest_quiesce(d->rest);
        hub_drain(d->hub, wait_ms, drained, d);
}

static void on_term(void *arg, int signal)
{
        struct daemon *d = arg;
        bool at_once = signal == SIGINT || d->draining;

        log_notice("stopping: %s, %s", strsignal(signal),
                   at_once ? "at once" : "after what runs has ended");
        drain(d, at_once ? 0 : d->conf->drain_ms);
}

static void note_full(struct daemon *d, bool is_full, const struct fault *fault)
{
        if (is_full && !d->is_full)
                log_warning("%s: %s (try: %s)", fault->what, fault->why, fault->remedy);
        else if (!is_full && d->is_full)
                log_notice("there is room again in %s: new work is accepted", d->conf->state_dir);
        d->is_full = is_full;
}

/* A write that cannot be trusted ends the hub: the next start reads what the disk really has. */
static void check_store(struct daemon *d)
{
        _fault_ struct fault fault = FAULT_INIT;
        int r = store_health(d->store, &fault);

        note_full(d, r == FAULT && fault.status == 507, &fault);
        if (r != FAULT || fault.status == 507)
                return;
        log_fault("the store is broken, stopping", &fault);
        d->status = 1;
        loop_stop(d->loop);
}

/* ---- signals and the beat ---- */

static void on_hangup(void *arg, int signal)
{
        struct daemon *d = arg;

        (void)signal;
        if (!d->draining)
                reload_start(d->reload);
}

static void on_usr1(void *arg, int signal)
{
        (void)arg, (void)signal;
        log_info("the log is standard error, nothing to reopen");
}

static void on_usr2(void *arg, int signal)
{
        struct daemon *d = arg;
        _json_ json_t *status = hub_status(d->hub);
        const char *name;
        json_t *value;

        (void)signal;
        json_object_set_new(status, "problems", content_problems(d->content));
        json_object_foreach(status, name, value) {
                _free_ char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

                log_write(LOG_NOTICE_, LOG_FIELDS("status", name, "value", text), "status");
        }
}

static int add_signals(struct daemon *d)
{
        static const struct {
                int signal;
                void (*fn)(void *arg, int signal);
        } rows[] = {
                { SIGTERM, on_term }, { SIGINT, on_term }, { SIGHUP, on_hangup },
                { SIGUSR1, on_usr1 }, { SIGUSR2, on_usr2 },
        };

        signal(SIGPIPE, SIG_IGN);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                int r = loop_signal_add(d->loop, rows[i].signal, rows[i].fn, d);

                if (r < 0)
                        return r;
        }
        return 0;
}

static void say_status(struct daemon *d)
{
        struct store_counts counts;

        store_count(d->store, &counts);
        notify("STATUS=%llu running, %llu queued, %llu held%s",
               (unsigned long long)counts.running, (unsigned long long)counts.queued,
               (unsigned long long)counts.held, hub_is_paused(d->hub) ? ", paused" : "");
}

static void beat(void *arg)
{
        struct daemon *d = arg;
        int64_t now_ms = clock_mono_ms(), next_ms = BEAT_MS;

        check_store(d);
        if (d->watchdog_ms) {
                notify("WATCHDOG=1");
                if (d->watchdog_ms < next_ms)
                        next_ms = d->watchdog_ms;
        }
        if (!d->draining && getenv("NOTIFY_SOCKET"))
                say_status(d);
        loop_timer_set(d->beat, now_ms + next_ms);
}

/* ---- opening ---- */

static const char *hub_name(struct daemon *d)
{
        if (d->conf->hub_name)
                return d->conf->hub_name;
        if (gethostname(d->hub_name, sizeof d->hub_name - 1) < 0 || !*d->hub_name)
                strcpy(d->hub_name, "hub");
        return d->hub_name;
}

/*
 * Plugin hosts run as the same user: where Landlock and seccomp are missing, nothing else keeps one
 * from reading secrets in /proc/HUB/mem. LeakSanitizer needs to attach to its own process.
 */
static void hide_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static int open_ground(struct daemon *d, struct fault *fault)
{
        int r = state_prepare(d->conf->state_dir, fault);

        if (!d->conf->core_dumps)
                hide_memory();
        if (r == 0)
                r = loop_new(&d->loop);
        if (r == 0)
                r = add_signals(d);
        if (r == 0)
                r = loop_timer_new(d->loop, beat, d, &d->beat);
        if (r == 0)
                r = pool_new((unsigned)d->conf->workers, &d->pool);
        return fault_errno(fault, r, "begin");
}

static int open_store(struct daemon *d, struct fault *fault)
{
        const struct store_options options = {
                .state_dir = d->conf->state_dir, .hub_name = hub_name(d),
                .reserve_bytes = d->conf->reserve_bytes ? d->conf->reserve_bytes : -1,
        };
        int r = store_open(&options, &d->store, fault);

        if (r == 0)
                r = seal_open(d->conf->state_dir, &d->seal, fault);
        return fault_errno(fault, r, "open the store");
}

static int open_host(struct daemon *d, struct fault *fault)
{
        const struct host_options options = {
                .state_dir = d->conf->state_dir, .program = d->own.program, .loop = d->loop,
                .pool = d->pool, .trusted = d->own.shipped,
                .default_home = strcmp(d->conf->default_home, "host") == 0 ? HOME_HOST : HOME_AUTO,
                .grace_ms = d->conf->timeout_grace_ms,
                .backoff_max_ms = d->conf->timeout_backoff_ms,
                .output_max = (uint64_t)d->conf->limit_output,
                .memory_max = (uint64_t)d->conf->limit_memory,
        };

        own_files_find(&d->own);
        return fault_errno(fault, host_new(&options, &d->host, fault), "open the plugin host");
}

static int open_content(struct daemon *d, struct catalog **ret, struct fault *fault)
{
        const struct conf *conf = d->conf;
        const struct content_options options = {
                .loop = d->loop, .pool = d->pool, .store = d->store, .seal = d->seal,
                .host = d->host, .state_dir = conf->state_dir, .host_program = d->own.program,
                .plugin_path = conf->plugin_path, .pack_path = conf->pack_path,
                .contract_path = conf->contract_path, .instances = conf->instances,
        };

        return content_open(&options, &d->content, ret, fault);
}

static int start_hub(struct daemon *d, struct catalog *catalog, struct fault *fault)
{
        const struct conf *conf = d->conf;
        const struct hub_options options = {
                .loop = d->loop, .pool = d->pool, .store = d->store, .seal = d->seal,
                .host = d->host, .runners = runners, .state_dir = conf->state_dir,
                .catalog = catalog, .config_context = content_config_context,
                .config_arg = d->content,
                .running_max = (unsigned)conf->running_max,
                .default_timeout_ms = conf->timeout_action_ms,
                .output_max = (uint64_t)conf->limit_output,
                .result_max = (uint64_t)conf->limit_result,
                .event_max = (uint64_t)conf->limit_event,
                .events_keep_ms = conf->events_days * DAY_MS,
                .executions_keep_ms = conf->executions_days * DAY_MS,
        };

        return hub_start(&options, &d->hub, fault);
}

/* The hub begins with the catalog that its content makes, and gets each later one from there. */
static int open_hub(struct daemon *d, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = NULL;
        int r = open_content(d, &catalog, fault);

        if (r == 0)
                r = start_hub(d, catalog, fault);
        if (r == 0)
                content_serve(d->content, d->hub);
        return fault_errno(fault, r, "start the hub");
}

static int open_doors(struct daemon *d, struct fault *fault)
{
        const struct conf *conf = d->conf;
        const struct auth_options auth = {
                .store = d->store, .state_dir = conf->state_dir,
                .token_ttl_ms = conf->token_ttl_s * 1000,
        };
        struct rest_options rest = {
                .hub = d->hub, .content = d->content, .state_dir = conf->state_dir, .listen = conf->listen,
                .tls_certificate = conf->tls_cert, .tls_key = conf->tls_key,
                .is_insecure = conf->insecure,
                .cors_origins = *conf->cors_origins ? conf->cors_origins : NULL,
                .body_max = (uint64_t)conf->limit_body, .pack_max = (uint64_t)conf->limit_pack,
                .header_max = (uint32_t)conf->limit_headers,
                .depth_max = (unsigned)conf->limit_depth,
                .connections_max = (unsigned)conf->limit_connections,
                .idle_s = (unsigned)conf->limit_idle, .threads = (unsigned)conf->rest_threads,
        };
        bool made = false;
        int r = auth_open(&auth, &d->auth, &made, fault);

        if (r == 0 && made)
                log_notice("the administrator's token is in %s/admin-token", conf->state_dir);
        rest.auth = d->auth;
        if (r == 0)
                r = rest_start(&rest, &d->rest, fault);
        return fault_errno(fault, r, "start the API");
}

static int open_rooms(struct daemon *d, struct fault *fault)
{
        int r = open_ground(d, fault);

        if (r == 0)
                r = open_store(d, fault);
        if (r == 0)
                r = open_host(d, fault);
        if (r == 0)
                r = open_hub(d, fault);
        if (r == 0)
                r = open_doors(d, fault);
        if (r == 0)
                r = fault_errno(fault, reload_new(d->conf, d->options, d->loop, d->pool, d->content,
                                                  &d->reload), "begin");
        return r;
}

/* ---- closing ---- */

/* What is stuck must not keep the service from stopping; all that counts is on the disk already. */
static void give_up(int signal)
{
        static const char said[] = "kanamed: a call does not end, leaving it\n";

        (void)signal;
        if (write(STDERR_FILENO, said, sizeof said - 1) < 0)
                _exit(1);
        _exit(1);
}

static void close_rooms(struct daemon *d)
{
        signal(SIGALRM, give_up);
        alarm(CLOSE_S);
        if (d->store)
                store_end_upkeep(d->store);
        rest_stop(d->rest);
        host_free(d->host);
        pool_free(d->pool);
        auth_close(d->auth);
        store_close(d->store);
        content_close(d->content);
        hub_free(d->hub);
        seal_close(d->seal);
        reload_free(d->reload);
        loop_timer_free(d->beat);
        loop_free(d->loop);
        conf_free(d->conf);
        alarm(0);
}

/* ---- running ---- */

static void say_ready(struct daemon *d)
{
        for (size_t i = 0; d->conf->listen[i]; i++) {
                const char *address = d->conf->listen[i], *colon = strrchr(address, ':');

                if (text_starts_with(address, "unix:"))
                        log_info("listening on %s", address);
                else
                        log_info("listening on %s://%.*s:%u", d->conf->tls_cert ? "https" : "http",
                                 (int)(colon - address), address, rest_port(d->rest, i));
        }
        log_info("ready after %lld ms",
                 (long long)(clock_mono_us() - d->options->started_us) / 1000);
        notify("READY=1\nSTATUS=Ready");
}

/* Of what people write as content, for the whole process: before its other threads start. */
static void set_content_limits(const struct conf *conf)
{
        const struct expr_limits expressions = {
                .steps = (uint64_t)conf->limit_expression_steps,
                .depth = (unsigned)conf->limit_expression_depth,
                .bytes = (size_t)conf->limit_expression_bytes,
                .values = (size_t)conf->limit_expression_values,
        };
        const struct workflow_limits workflows = {
                .tasks = (size_t)conf->limit_workflow_tasks,
                .starts = (size_t)conf->limit_workflow_starts,
                .items = (size_t)conf->limit_workflow_items,
                .routes = (size_t)conf->limit_workflow_routes,
                .depth = (unsigned)conf->limit_workflow_depth,
        };

        expr_limits_set(&expressions);
        workflow_limits_set(&workflows);
}

int daemon_run(struct conf *conf, const struct daemon_options *options)
{
        struct daemon d = { .conf = conf, .options = options };
        _fault_ struct fault fault = FAULT_INIT;

        reload_log(conf);
        set_content_limits(conf);
        if (open_rooms(&d, &fault) != 0) {
                log_fault("cannot start", &fault);
                d.status = 1;
        } else {
                d.watchdog_ms = notify_watchdog_ms();
                loop_timer_set(d.beat, clock_mono_ms());
                say_ready(&d);
                if (loop_run(d.loop) < 0)
                        d.status = 1;
        }
        close_rooms(&d);
        if (d.status == 0)
                log_info("stopped");
        return d.status;
}
