/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast the store is by itself: `store_bench [FOLDER [PAIRS]]`. A pair is an event with its
 * claimed execution in one transaction, then the finish in another, as an idle hub makes them. Each
 * figure is a line `name value unit`, and what was written is counted afterwards.
 */

#include "store/store.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char payload[] = "{\"status\":\"firing\",\"labels\":{\"alertname\":\"HighLatency\","
                              "\"instance\":\"web-17.example.com:9100\","
                              "\"severity\":\"critical\",\"job\":\"node\"},\"annotations\":{"
                              "\"summary\":\"p99 above 2 s for 5 minutes\","
                              "\"runbook\":\"https://wiki.example.com/runbooks/"
                              "high-latency\"},\"startsAt\":\"2026-11-22T06:54:52Z\","
                              "\"generatorURL\":\"http://prometheus.example.com:9090/"
                              "graph?g0.expr=x\",\"fingerprint\":\"c0ffee00c0ffee00\"}";

struct bench {
        struct store *store;
        pthread_mutex_t lock;
        pthread_cond_t wake;
        unsigned left, under_way, window;
        unsigned long failed;
};

struct pair {
        struct bench *bench;
        struct store_claim claim;
};

static void landed(struct bench *bench)
{
        pthread_mutex_lock(&bench->lock);
        bench->under_way--;
        pthread_cond_signal(&bench->wake);
        pthread_mutex_unlock(&bench->lock);
}

static void on_finished(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        struct pair *pair = arg;

        (void)first;
        (void)seq;
        if (outcome != STORE_DONE)
                pair->bench->failed++;
        landed(pair->bench);
        free(pair);
}

static void on_accepted(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        struct pair *pair = arg;
        struct store_txn *txn = store_txn_new();

        (void)first;
        (void)seq;
        if (outcome != STORE_DONE)
                pair->bench->failed++;
        store_txn_finish(txn, &pair->claim, STORE_SUCCEEDED, "{\"greeting\":\"Hello, world\"}",
                         clock_real_ms());
        store_commit(pair->bench->store, txn, on_finished, pair);
}

static void launch(struct bench *bench)
{
        struct pair *pair = malloc(sizeof *pair);
        struct store_txn *txn = store_txn_new();
        int64_t now_ms = clock_real_ms();
        struct store_event event = { .id = id_new(), .trigger = "core.st2.webhook",
                                     .source = "webhook:alerts",
                                     .at_ms = now_ms, .payload = payload };
        struct store_execution e = { .id = id_new(), .event = event.id, .action = "core.noop",
                                     .runner = "noop",
                                     .rule = "ops.drain", .user = "system", .mode = "run",
                                     .created_ms = now_ms,
                                     .params = "{\"server\":\"web-17\"}", .context = "{}",
                                     .on_lost = "ask" };

        *pair = (struct pair){ bench, { e.id, store_epoch(bench->store), 1 } };
        store_txn_event(txn, &event);
        store_txn_execution(txn, &e, true);
        store_commit(bench->store, txn, on_accepted, pair);
}

static double cpu_s(void)
{
        struct rusage usage;

        getrusage(RUSAGE_SELF, &usage);
        return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void bench_pairs(struct store *store, unsigned pairs, unsigned window)
{
        struct bench bench = { .store = store, .lock = PTHREAD_MUTEX_INITIALIZER,
                               .wake = PTHREAD_COND_INITIALIZER, .window = window };
        int64_t began_us = clock_mono_us();
        double cpu = cpu_s(), s;

        for (unsigned i = 0; i < pairs; i++) {
                pthread_mutex_lock(&bench.lock);
                while (bench.under_way >= window)
                        pthread_cond_wait(&bench.wake, &bench.lock);
                bench.under_way++;
                pthread_mutex_unlock(&bench.lock);
                launch(&bench);
        }
        pthread_mutex_lock(&bench.lock);
        while (bench.under_way)
                pthread_cond_wait(&bench.wake, &bench.lock);
        pthread_mutex_unlock(&bench.lock);
        s = (double)(clock_mono_us() - began_us) / 1e6;
        printf("store.pairs_%u_per_s %.0f /s\n", window, pairs / s);
        printf("store.pairs_%u_cpu_us %.1f us\n", window, (cpu_s() - cpu) * 1e6 / pairs);
        if (bench.failed)
                printf("store.failed %lu pairs\n", bench.failed);
}

static int by_size(const void *a, const void *b)
{
        int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

        return x < y ? -1 : x > y;
}

static void bench_lone(struct store *store)
{
        static int64_t took_us[500];

        for (int i = 0; i < 500; i++) {
                struct store_event event = { .id = id_new(), .trigger = "t", .payload = payload };
                struct store_txn *txn = store_txn_new();
                int64_t began_us = clock_mono_us();

                store_txn_event(txn, &event);
                store_commit_wait(store, txn, NULL, NULL);
                took_us[i] = clock_mono_us() - began_us;
        }
        qsort(took_us, 500, sizeof *took_us, by_size);
        printf("store.lone_p50_ms %.2f ms\nstore.lone_p99_ms %.2f ms\n", (double)took_us[250] / 1e3,
               (double)took_us[495] / 1e3);
}

/* CloudEvents: a hundred a transaction, each accepted once. */
static void bench_once(struct store *store, unsigned events)
{
        int64_t began_us = clock_mono_us();
        struct store_txn *last = NULL;
        double s;

        for (unsigned i = 0; i < events; i += 100) {
                struct store_txn *txns[100];

                for (unsigned n = 0; n < 100; n++) {
                        struct store_event event = { .id = id_new(), .trigger = "cloudevent",
                                                     .source = "bench",
                                                     .at_ms = began_us / 1000, .payload = payload };
                        char key[ID_TEXT_SIZE];

                        txns[n] = store_txn_new();
                        store_txn_once(txns[n], "ce", id_text(&event.id, key), NULL, &event.id,
                                       INT64_MAX);
                        store_txn_event(txns[n], &event);
                }
                last = txns[99];
                store_commit_many(store, txns, i + 100 < events ? 100 : 99, NULL, NULL);
                if (i % 20000 == 0)
                        store_commit_wait(store, store_txn_new(), NULL, NULL);
        }
        store_commit_wait(store, last, NULL, NULL);
        s = (double)(clock_mono_us() - began_us) / 1e6;
        printf("store.once_events_per_s %.0f /s\n", events / s);
}

static void bench_queue(struct store *store, unsigned executions)
{
        int64_t began_us = clock_mono_us();

        for (unsigned i = 0; i < executions; i += 1000) {
                struct store_txn *txn = store_txn_new();

                for (unsigned n = 0; n < 1000; n++) {
                        struct store_execution e = { .id = id_new(), .action = "core.noop",
                                                     .runner = "noop",
                                                     .user = "system", .mode = "run",
                                                     .params = "{}",
                                                     .context = "{}", .on_lost = "ask",
                                                     .created_ms = 1 };

                        store_txn_execution(txn, &e, false);
                }
                store_commit_wait(store, txn, NULL, NULL);
        }
        printf("store.queued_per_s %.0f /s\n",
               executions * 1e6 / (double)(clock_mono_us() - began_us));
}

static void print_rss(const char *name)
{
        FILE *file = fopen("/proc/self/smaps_rollup", "r");
        char line[128];
        long kib;

        while (file && fgets(line, sizeof line, file))
                if (sscanf(line, "Pss: %ld", &kib) == 1)
                        printf("%s %.1f MiB\n", name, (double)kib / 1024);
        if (file)
                fclose(file);
}

static int keep_report(struct store *store)
{
        json_t *report = NULL;
        int ok;

        if (store_check(store, &report, NULL) != 0)
                return 1;
        ok = json_is_true(json_object_get(report, "ok"));
        printf("store.check_ok %d\n", ok);
        json_dumpf(report, stderr, JSON_COMPACT);
        fputc('\n', stderr);
        json_decref(report);
        return !ok;
}

int main(int argc, char **argv)
{
        char folder[] = "/tmp/store-bench-XXXXXX";
        struct store_options options = { .state_dir = argc > 1 ? argv[1] : mkdtemp(folder),
                                         .hub_name = "bench" };
        unsigned pairs = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 200000;
        struct store_counts counts;
        struct store *store;
        int64_t began_us;

        if (!options.state_dir || store_open(&options, &store, NULL) != 0)
                return 1;
        print_rss("store.rss_empty");
        bench_lone(store);
        bench_pairs(store, pairs / 10, 64);
        bench_pairs(store, pairs, 512);
        bench_once(store, pairs);
        bench_queue(store, 1000000);
        print_rss("store.rss_million_queued");
        store = store_close(store);
        began_us = clock_mono_us();
        if (store_open(&options, &store, NULL) != 0)
                return 1;
        printf("store.open_million_ms %.1f ms\n", (double)(clock_mono_us() - began_us) / 1e3);
        began_us = clock_mono_us();
        store_list_lost(store, NULL, NULL, NULL);
        store_count(store, &counts);
        printf("store.lost_and_counts_ms %.1f ms\n", (double)(clock_mono_us() - began_us) / 1e3);
        printf("store.queued %lu rows\n", (unsigned long)counts.queued);
        argc = keep_report(store);
        store_close(store);
        return argc;
}
