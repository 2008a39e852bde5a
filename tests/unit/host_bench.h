/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A small hub for the host's tests: a loop on a thread of its own, doors that write a transcript.
 */

#ifndef TESTS_UNIT_HOST_BENCH_H
#define TESTS_UNIT_HOST_BENCH_H

#include "base/text.h"
#include "host/host.h"
#include "loop/loop.h"
#include "loop/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Works in a bench and in a test of <check.h> alike: there the abort is the test's failure. */
#define must(condition)                                                                            \
        ((condition) ? (void)0                                                                     \
                     : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), abort()))

struct bench {
        char dir[64];
        struct loop *loop;
        struct pool *pool;
        struct host *host;
        struct manifest *manifest;
        struct catalog_instance instance;
        pthread_t thread;
        bool loop_runs;
};

struct bench_call {
        struct bench *bench;
        struct host_call *call;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        const char *mode;
        json_t *store;
        uint64_t seq;
        int n_changes, n_events, n_done;
        int64_t took_ms;
        size_t output;
        int code;
        char *sentence;
        json_t *result;
        struct text transcript;         /* what went through the doors, a line each */
};

/*
 * plugin: an object of the build, such as "tests/unit/plugins/probe.so". trusted: it may enter the
 * core.
 */
void bench_init(struct bench *bench, const char *plugin, enum catalog_home home, bool trusted);
void bench_deinit(struct bench *bench);
void bench_leave(struct bench *bench); /* only its folder goes: a thread is stuck in it */
void bench_config(struct bench *bench, const char *json);

void bench_start(struct bench *bench, struct bench_call *call, enum host_entry entry,
                 const char *name, const char *args, int64_t timeout_ms);
void bench_wait(struct bench_call *call);               /* for done() */
void bench_wait_event(struct bench_call *call);         /* for the first emit() */
void bench_call_deinit(struct bench_call *call);
/* Start and wait. */
void bench_run(struct bench *bench, struct bench_call *call, const char *action, const char *args);
json_t *bench_report(struct bench *bench);              /* the one row; new */

#endif
