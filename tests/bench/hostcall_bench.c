/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a call into a plugin's process costs: the round trip of a no-op action against a bare ping-
 * pong over a socketpair with another process, of as many bytes each way. Turns alternate, so that
 * both see the same machine; the best of each counts. A call is started from the done() of the one
 * before it, as a hub under load does. Every result is checked. All of it runs on one processor:
 * where the scheduler puts the two ends (together for the bare pair, mostly apart for a process with
 * threads, which on an idle machine costs more than all the rest) is not what is measured.
 */

#include "../unit/host_bench.h"

#include "base/clock.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 5
#define CALLS 4000
#define THERE 205               /* bytes of a WIRE_CALL as below, and of its WIRE_DONE */
#define BACK 26

/* ---- the bare way ---- */

static void echo(int fd)
{
        char there[THERE], back[BACK] = { 0 };

        while (recv(fd, there, sizeof there, MSG_WAITALL) == THERE)
                if (send(fd, back, sizeof back, MSG_NOSIGNAL) != BACK)
                        break;
        _exit(0);
}

static double bare_us(int fd)
{
        char there[THERE] = { 0 }, back[BACK];
        int64_t start = clock_mono_us();

        for (int i = 0; i < CALLS; i++) {
                must(send(fd, there, sizeof there, 0) == THERE);
                must(recv(fd, back, sizeof back, MSG_WAITALL) == BACK);
        }
        return (double)(clock_mono_us() - start) / CALLS;
}

/* ---- through the host ---- */

struct chain {
        struct bench *bench;
        struct host_request request;
        pthread_mutex_t lock;
        pthread_cond_t over;
        int left, good;
        bool is_over;
};

static void on_done(void *arg, int code, const char *sentence, json_t *result)
{
        struct chain *chain = arg;

        (void)sentence;
        json_decref(result);
        chain->good += code == KN_OK;
        if (--chain->left > 0) {
                host_release(host_start(chain->bench->host, &chain->request));
                return;
        }
        pthread_mutex_lock(&chain->lock);
        chain->is_over = true;
        pthread_cond_signal(&chain->over);
        pthread_mutex_unlock(&chain->lock);
}

static const struct host_doors doors = { .done = on_done };

static double host_us(struct bench *b, const char *args)
{
        struct chain chain = { .bench = b, .left = CALLS, .lock = PTHREAD_MUTEX_INITIALIZER,
                               .over = PTHREAD_COND_INITIALIZER };
        int64_t start;

        chain.request = (struct host_request){
                .entry = HOST_ACTION,
                .instance = &b->instance,
                .name = "noop",
                .id = "0123456789abcdef01234567",
                .action = "probe.noop",
                .mode = "run",
                .attempt = 1,
                .doors = &doors,
                .arg = &chain,
                .args = json_loads(args, 0, NULL),
                .deadline_mono_ms = clock_mono_ms() + 600000,
        };
        start = clock_mono_us();
        host_release(host_start(b->host, &chain.request));
        pthread_mutex_lock(&chain.lock);
        while (!chain.is_over)
                pthread_cond_wait(&chain.over, &chain.lock);
        pthread_mutex_unlock(&chain.lock);
        json_decref((json_t *)(uintptr_t)chain.request.args);
        must(chain.good == CALLS);
        return (double)(clock_mono_us() - start) / CALLS;
}

static double measure_home(enum catalog_home home, int fd, double *best_bare)
{
        double best = 1e9, us;
        struct bench b;

        bench_init(&b, "tests/unit/plugins/probe.so", home, true);
        for (int i = 0; i < ROUNDS; i++) {
                us = bare_us(fd);
                if (us < *best_bare)
                        *best_bare = us;
                us = host_us(&b, "{\"name\": \"www.example.com\", \"value\": \"192.0.2.1\"}");
                if (us < best)
                        best = us;
        }
        bench_deinit(&b);
        return best;
}

/* One that we may use; what is forked and spawned from here on inherits it. */
static void stay_on_one_processor(void)
{
        cpu_set_t set;
        int cpu = sched_getcpu();

        CPU_ZERO(&set);
        CPU_SET(cpu < 0 ? 0 : cpu, &set);
        must(sched_setaffinity(0, sizeof set, &set) == 0);
}

int main(void)
{
        double bare = 1e9, host, core;
        int fds[2];
        pid_t pid;

        stay_on_one_processor();
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
                return EXIT_FAILURE;
        pid = fork();
        if (pid == 0) {
                close(fds[0]);
                echo(fds[1]);
        }
        close(fds[1]);
        host = measure_home(HOME_HOST, fds[0], &bare);
        core = measure_home(HOME_CORE, fds[0], &bare);
        close(fds[0]);
        waitpid(pid, NULL, 0);
        printf("hostcall.ratio %.2f x 1.5\n", host / bare);
        printf("hostcall.us %.1f us %.1f\n", host, bare);
        printf("corecall.us %.1f us %.1f\n", core, bare);
        return EXIT_SUCCESS;
}
