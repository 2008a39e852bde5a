/* SPDX-License-Identifier: Apache-2.0 */
#include "host_bench.h"

#include "base/clock.h"
#include "base/json.h"
#include "store/store.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *build_dir(void)
{
        const char *dir = getenv("TOP_BUILDDIR");

        return dir ? dir : ".";
}

/* The processes end with the thread that made them, so the host goes on the loop's own thread. */
static void *loop_thread(void *arg)
{
        struct bench *b = arg;

        loop_run(b->loop);
        b->host = host_free(b->host);
        return NULL;
}

static void write_trusted(const struct bench *b, char path[128])
{
        FILE *file;

        snprintf(path, 128, "%s/shipped", b->dir);
        file = fopen(path, "w");
        must(file);
        fprintf(file, "%s  probe.so\n", b->manifest->hash);
        fclose(file);
}

void bench_init(struct bench *b, const char *plugin, enum catalog_home home, bool trusted)
{
        struct fault fault = FAULT_INIT;
        struct host_options options = { .grace_ms = 300, .ping_ms = 1000, .output_max = 1 << 20 };
        char path[4096], program[4096], shipped[128];

        memset(b, 0, sizeof *b);
        snprintf(b->dir, sizeof b->dir, "/tmp/kaname-host-XXXXXX");
        must(mkdtemp(b->dir));
        must(chmod(b->dir, 0755) == 0);
        snprintf(program, sizeof program, "%s/kaname-host", build_dir());
        snprintf(path, sizeof path, "%s/%s", build_dir(), plugin);
        if (host_describe(program, b->dir, path, &b->manifest, &fault) != 0)
                fprintf(stderr, "%s (%s)\n", fault.what, fault.why ? fault.why : "");
        must(b->manifest);
        write_trusted(b, shipped);
        must(loop_new(&b->loop) == 0);
        must(pool_new(32, &b->pool) == 0);
        options.state_dir = b->dir;
        options.program = program;
        options.loop = b->loop;
        options.pool = b->pool;
        options.trusted = trusted ? shipped : NULL;
        must(host_new(&options, &b->host, &fault) == 0);
        b->instance = (struct catalog_instance){
                .name = "probe-one", .home = home, .plugin = b->manifest, .config = json_object()
        };
        must(pthread_create(&b->thread, NULL, loop_thread, b) == 0);
        b->loop_runs = true;
}

static void remove_dir(const char *path)
{
        DIR *dir = opendir(path);
        struct dirent *entry;
        char below[4600];

        while (dir && (entry = readdir(dir))) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
                if (entry->d_type == DT_DIR)
                        remove_dir(below);
                else
                        unlink(below);
        }
        if (dir)
                closedir(dir);
        rmdir(path);
}

void bench_deinit(struct bench *b)
{
        loop_stop(b->loop);
        pthread_join(b->thread, NULL);
        pool_free(b->pool);
        loop_free(b->loop);
        json_decref(b->instance.config);
        json_decref(b->instance.egress);
        manifest_unref(b->manifest);
        remove_dir(b->dir);
}

void bench_leave(struct bench *b)
{
        remove_dir(b->dir);
}

void bench_config(struct bench *b, const char *json)
{
        json_decref(b->instance.config);
        b->instance.config = json_loads(json, 0, NULL);
        must(b->instance.config);
}

/* ---- doors ---- */

__attribute__((format(printf, 2, 3)))
static void note(struct bench_call *c, const char *fmt, ...)
{
        char line[1024];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(line, sizeof line, fmt, ap);
        va_end(ap);
        pthread_mutex_lock(&c->lock);
        text_addf(&c->transcript, "%s\n", line);
        pthread_mutex_unlock(&c->lock);
}

static void on_done(void *arg, int code, const char *sentence, json_t *result)
{
        struct bench_call *c = arg;

        pthread_mutex_lock(&c->lock);
        c->n_done++;
        c->code = code;
        c->sentence = sentence ? strdup(sentence) : NULL;
        c->result = result;
        pthread_cond_broadcast(&c->changed);
        pthread_mutex_unlock(&c->lock);
}

static void on_log(void *arg, int level, const char *text)
{
        note(arg, "log %d %s", level, text);
}

static void on_stream(void *arg, uint32_t kind, const void *data, size_t len)
{
        struct bench_call *c = arg;

        (void)data;
        pthread_mutex_lock(&c->lock);
        c->output += len;
        pthread_mutex_unlock(&c->lock);
        if (len < 16 && len > 1)
                note(c, "stream %u %zu", kind, len);
}

static int on_secret(void *arg, const char *path, char **ret)
{
        note(arg, "secret %s", path);
        if (strcmp(path, "password") != 0)
                return KN_ENOENT;
        *ret = strdup("swordfish");
        return KN_OK;
}

static int on_store_get(void *arg, const char *path, char **ret_json, uint64_t *ret_seq)
{
        struct bench_call *c = arg;
        const json_t *entry = json_object_get(c->store, path);

        note(c, "get %s", path);
        if (!entry)
                return KN_ENOENT;
        *ret_json = json_compact(json_object_get(entry, "value"));
        *ret_seq = (uint64_t)json_int_of(entry, "seq", 0);
        return KN_OK;
}

static int on_store_put(void *arg, const char *path, const char *json, uint64_t seq)
{
        struct bench_call *c = arg;
        uint64_t now = (uint64_t)json_int_of(json_object_get(c->store, path), "seq", 0);

        note(c, "put %s %s %s", path, json ? json : "-", seq == STORE_ANY ? "any" : "cas");
        if (seq != STORE_ANY && seq != now)
                return KN_ECONFLICT;
        if (!json) {
                json_object_del(c->store, path);
                return KN_OK;
        }
        json_object_set_new(c->store, path,
                            json_pack("{s:o, s:I}", "value",
                                      json_loads(json, JSON_DECODE_ANY, NULL), "seq",
                                      (json_int_t)++c->seq));
        return KN_OK;
}

static int on_emit(void *arg, const struct host_event *event)
{
        struct bench_call *c = arg;

        note(c, "emit %s %s %s", event->trigger, event->payload, event->id ? event->id : "-");
        pthread_mutex_lock(&c->lock);
        c->n_events++;
        pthread_cond_broadcast(&c->changed);
        pthread_mutex_unlock(&c->lock);
        return KN_OK;
}

static int on_change(void *arg, const struct kn_change *change)
{
        struct bench_call *c = arg;

        note(c, "change %s %s %s %s", change->resource, change->before, change->after,
             change->undo_action);
        return strcmp(c->mode, "plan") == 0 ? KN_SKIP : ++c->n_changes;
}

static int on_changed(void *arg, int ticket, int outcome, const char *observed)
{
        note(arg, "changed %d %d %s", ticket, outcome, observed);
        return KN_OK;
}

static void on_again(void *arg, int64_t ms)
{
        note(arg, "again %lld", (long long)ms);
}

static const struct host_doors doors = {
        .done = on_done,
        .log = on_log,
        .stream = on_stream,
        .secret = on_secret,
        .store_get = on_store_get,
        .store_put = on_store_put,
        .emit = on_emit,
        .change = on_change,
        .changed = on_changed,
        .again = on_again,
};

/* ---- calls ---- */

void bench_start(struct bench *b, struct bench_call *c, enum host_entry entry, const char *name,
                 const char *args, int64_t timeout_ms)
{
        const char *mode = c->mode ? c->mode : "run";
        struct host_request request = { .entry = entry,
                                        .instance = &b->instance,
                                        .name = name,
                                        .id = "0123456789abcdef01234567",
                                        .action = name,
                                        .attempt = 1,
                                        .doors = &doors,
                                        .arg = c };

        memset(c, 0, sizeof *c);
        c->bench = b;
        c->mode = mode;
        pthread_mutex_init(&c->lock, NULL);
        pthread_cond_init(&c->changed, NULL);
        c->store = json_object();
        request.mode = mode;
        request.args = json_loads(args ? args : "{}", 0, NULL);
        must(request.args);
        request.deadline_mono_ms = timeout_ms ? clock_mono_ms() + timeout_ms : 0;
        c->took_ms = clock_mono_ms();
        c->call = host_start(b->host, &request);
        json_decref((json_t *)(uintptr_t)request.args);
        must(c->call);
}

static void wait_until(struct bench_call *c, const int *counter)
{
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 20;
        pthread_mutex_lock(&c->lock);
        while (!*counter)
                must(pthread_cond_timedwait(&c->changed, &c->lock, &until) == 0);
        pthread_mutex_unlock(&c->lock);
}

void bench_wait(struct bench_call *c)
{
        wait_until(c, &c->n_done);
        c->took_ms = clock_mono_ms() - c->took_ms;
        host_release(c->call);
}

void bench_wait_event(struct bench_call *c)
{
        wait_until(c, &c->n_events);
}

void bench_call_deinit(struct bench_call *c)
{
        free(c->sentence);
        json_decref(c->result);
        json_decref(c->store);
        text_deinit(&c->transcript);
        pthread_cond_destroy(&c->changed);
        pthread_mutex_destroy(&c->lock);
}

void bench_run(struct bench *b, struct bench_call *c, const char *action, const char *args)
{
        bench_start(b, c, HOST_ACTION, action, args, 10000);
        bench_wait(c);
}

json_t *bench_report(struct bench *b)
{
        json_t *rows = host_report(b->host, NULL), *row = json_incref(json_array_get(rows, 0));

        json_decref(rows);
        return row;
}
