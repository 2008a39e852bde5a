/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Plugins that misbehave: what their callers hear, and that the hub and the next call do not
 * suffer.
 */

#include "host_bench.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "host/guard.h"
#include "suite.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PROBE "tests/unit/plugins/probe.so"

static void expect_noop(struct bench *b)
{
        struct bench_call c = { .mode = "run" };

        bench_run(b, &c, "noop", NULL);
        ck_assert_msg(c.code == KN_OK, "noop: %d %s", c.code, c.sentence);
        bench_call_deinit(&c);
}

START_TEST(abort_costs_one_process)
{
        struct bench_call c = { .mode = "run" };
        _json_ json_t *row = NULL;
        struct bench b;

        bench_init(&b, PROBE, HOME_HOST, true);
        bench_run(&b, &c, "abort", NULL);
        ck_assert_int_eq(c.code, HOST_ECRASHED);
        ck_assert_pstr_eq(
                c.sentence,
                "the process of the plugin 'probe' died under the call: signal 6 (Aborted)");
        ck_assert_int_eq(c.n_done, 1);
        bench_call_deinit(&c);
        expect_noop(&b);
        row = bench_report(&b);
        ck_assert_int_eq(json_int_of(row, "crashes", -1), 1);
        ck_assert_int_eq(json_int_of(row, "starts", -1), 2);
        ck_assert_pstr_eq(json_text_of(row, "last_crash", NULL), "signal 6 (Aborted)");
        bench_deinit(&b);
}
END_TEST

/* The one that hangs is named as such, the one beside it only lost its process. */
static void expect_hung(const char *action)
{
        struct bench_call hung = { .mode = "run" }, beside = { .mode = "run" };
        struct bench b;

        bench_init(&b, PROBE, HOME_HOST, true);
        bench_start(&b, &beside, HOST_SENSOR, "runner", NULL, 0);
        bench_wait_event(&beside);
        bench_start(&b, &hung, HOST_ACTION, action, NULL, 200);
        bench_wait(&hung);
        bench_wait(&beside);
        ck_assert_int_eq(hung.code, HOST_EHUNG);
        ck_assert_ptr_nonnull(strstr(hung.sentence, "'probe'"));
        ck_assert_int_lt(hung.took_ms, 1200);
        ck_assert_int_eq(beside.code, HOST_ECRASHED);
        bench_call_deinit(&hung);
        bench_call_deinit(&beside);
        expect_noop(&b);
        bench_deinit(&b);
}

START_TEST(hang_ends_at_the_deadline)
{
        expect_hung(_i ? "spin" : "ignore_cancel");
}
END_TEST

START_TEST(cancel_of_a_hang)
{
        struct bench_call c = { .mode = "run" }, first = { .mode = "run" };
        struct bench b;

        bench_init(&b, PROBE, HOME_HOST, true);
        bench_run(&b, &first, "noop", NULL);
        bench_call_deinit(&first);
        bench_start(&b, &c, HOST_ACTION, "ignore_cancel", NULL, 0);
        host_cancel(b.host, c.call);
        bench_wait(&c);
        ck_assert(c.code == HOST_EHUNG || c.code == KN_ECANCELED);
        ck_assert_int_lt(c.took_ms, 1200);
        bench_call_deinit(&c);
        bench_deinit(&b);
}
END_TEST

static int crashes(struct bench *b)
{
        _json_ json_t *row = bench_report(b);

        return (int)json_int_of(row, "crashes", -1);
}

/* Nobody calls it, and the next call would hang until its deadline: it is found before. */
START_TEST(what_does_not_answer_is_ended)
{
        int64_t until = clock_mono_ms() + 15000;
        _json_ json_t *row = NULL, *after = NULL;
        struct bench b;

        bench_init(&b, PROBE, HOME_HOST, true);
        expect_noop(&b);
        row = bench_report(&b);
        ck_assert_int_eq(kill((pid_t)json_int_of(row, "pid", 0), SIGSTOP), 0);
        while (!crashes(&b) && clock_mono_ms() < until)
                usleep(20000);
        after = bench_report(&b);
        ck_assert_pstr_eq(json_text_of(after, "last_crash", NULL),
                          "signal 9 (Killed): it did not answer a ping");
        expect_noop(&b);
        bench_deinit(&b);
}
END_TEST

/* One that answers lives on: through more pings than it takes to be ended. */
START_TEST(what_answers_is_left_alone)
{
        struct bench_call c = { .mode = "run" };
        struct bench b;

        bench_init(&b, PROBE, HOME_HOST, true);
        bench_start(&b, &c, HOST_ACTION, "sleep", "{\"ms\": 2500}", 0);
        bench_wait(&c);
        ck_assert_int_eq(c.code, KN_OK);
        ck_assert_int_eq(crashes(&b), 0);
        bench_call_deinit(&c);
        bench_deinit(&b);
}
END_TEST

START_TEST(what_does_not_leave_is_ended)
{
        int64_t began;
        struct bench b;

        bench_init(&b, PROBE, HOME_HOST, true);
        bench_config(&b, "{\"end\": \"never\"}");
        expect_noop(&b);
        began = clock_mono_ms();
        bench_deinit(&b);
        ck_assert_int_lt(clock_mono_ms() - began, 8000);
}
END_TEST

START_TEST(nonsense_on_the_wire_ends_the_process)
{
        struct bench_call c = { .mode = "run" };
        struct bench b;

        bench_init(&b, PROBE, HOME_HOST, true);
        bench_run(&b, &c, "garbage", NULL);
        ck_assert_int_eq(c.code, HOST_ECRASHED);
        bench_call_deinit(&c);
        expect_noop(&b);
        bench_deinit(&b);
}
END_TEST

START_TEST(five_crashes_are_enough)
{
        struct bench_call c = { .mode = "run" };
        int code = 0, n = 0;
        struct bench b;

        bench_init(&b, PROBE, HOME_HOST, true);
        while (n++ < 10 && code != HOST_EUNAVAILABLE) {
                bench_run(&b, &c, "abort", NULL);
                code = c.code;
                bench_call_deinit(&c);
        }
        ck_assert_int_eq(code, HOST_EUNAVAILABLE);
        ck_assert_int_eq(n - 1, 6);
        bench_deinit(&b);
}
END_TEST

/*
 * The first call ends the process while the others, which waited for it to come up, are still being
 * handed over: none of them may be given to what is gone, where nobody would end it.
 */
START_TEST(death_while_calls_are_handed_over)
{
        enum { CALLS = 400 };
        static struct bench_call c[CALLS];
        static char names[CALLS][24];
        struct bench b;

        bench_init(&b, PROBE, HOME_HOST, true);
        for (int i = 0; i < CALLS; i++) {
                snprintf(names[i], sizeof names[i], "seat-%d", i);
                b.instance.name = names[i];
                bench_start(&b, &c[i], HOST_ACTION, "abort", NULL, 10000);
        }
        for (int i = 0; i < CALLS; i++) {
                bench_wait(&c[i]);
                ck_assert_msg(c[i].code == HOST_ECRASHED || c[i].code == HOST_EUNAVAILABLE,
                              "call %d: %d %s", i, c[i].code, c[i].sentence);
                bench_call_deinit(&c[i]);
        }
        bench_deinit(&b);
}
END_TEST

/* Nothing is left behind: what is running is cancelled, what hangs is ended, and the host goes. */
START_TEST(free_while_calls_run)
{
        struct bench_call c[3] = { { .mode = "run" } };
        struct bench b;

        bench_init(&b, PROBE, _i ? HOME_HOST : HOME_CORE, true);
        bench_start(&b, &c[0], HOST_SENSOR, "runner", NULL, 0);
        bench_wait_event(&c[0]);
        bench_start(&b, &c[1], HOST_ACTION, "sleep", NULL, 0);
        bench_start(&b, &c[2], HOST_ACTION, "sleep", NULL, 0);
        bench_deinit(&b);
        for (int i = 0; i < 3; i++) {
                ck_assert_int_eq(c[i].n_done, 1);
                ck_assert_int_eq(c[i].code, KN_ECANCELED);
                host_release(c[i].call);
                bench_call_deinit(&c[i]);
        }
}
END_TEST

/* ---- the core ---- */

START_TEST(core_is_for_the_trusted)
{
        struct fault fault = FAULT_INIT;
        char why[160];
        struct bench b;

        bench_init(&b, PROBE, HOME_AUTO, false);
        ck_assert_int_eq(host_home(b.host, &b.instance, why), HOME_HOST);
        ck_assert_ptr_nonnull(strstr(why, "kaname plugin trust"));
        expect_noop(&b);
        ck_assert_int_eq(host_trust(b.host, b.manifest->hash, &fault), 0);
        ck_assert_int_eq(host_home(b.host, &b.instance, why), HOME_CORE);
        ck_assert_str_eq(why, "core");
        expect_noop(&b);
        ck_assert_int_eq(host_trust(b.host, "abc", &fault), FAULT);
        ck_assert_int_eq(fault.status, 400);
        fault_deinit(&fault);
        bench_deinit(&b);
}
END_TEST

/* A wedged thread stays, and the host with it: this process ends without freeing either. */
START_TEST(wedge_in_the_core_is_marked)
{
        struct bench_call c = { .mode = "run" };
        char why[160];
        struct bench b;

        bench_init(&b, PROBE, HOME_AUTO, true);
        bench_start(&b, &c, HOST_ACTION, "ignore_cancel", NULL, 200);
        bench_wait(&c);
        ck_assert_int_eq(c.code, HOST_EHUNG);
        ck_assert_int_lt(c.took_ms, 1200);
        ck_assert_int_eq(host_home(b.host, &b.instance, why), HOME_HOST);
        ck_assert_ptr_nonnull(strstr(why, "did not end"));
        expect_noop(&b);
        bench_call_deinit(&c);
        bench_leave(&b);
}
END_TEST

START_TEST(suspects_start_outside)
{
        struct fault fault = FAULT_INIT;
        struct guard *guard;
        char why[160];
        struct bench b;

        bench_init(&b, PROBE, HOME_AUTO, true);
        ck_assert_int_eq(host_home(b.host, &b.instance, why), HOME_CORE);
        /* What a hub leaves that dies inside the plugin. */
        ck_assert_int_eq(guard_open(b.dir, &guard, &fault), 0);
        guard_enter(guard, guard_slot(guard, b.manifest->hash));
        guard = guard_close(guard);
        ck_assert_int_eq(guard_open(b.dir, &guard, &fault), 0);
        ck_assert(guard_is_suspect(guard, b.manifest->hash));
        guard = guard_close(guard);
        ck_assert_int_eq(host_home(b.host, &b.instance, why), HOME_HOST);
        ck_assert_ptr_nonnull(strstr(why, "when the hub died"));
        expect_noop(&b);
        ck_assert_int_eq(host_trust(b.host, b.manifest->hash, &fault), 0);
        ck_assert_int_eq(host_home(b.host, &b.instance, why), HOME_CORE);
        bench_deinit(&b);
}
END_TEST

/* ---- the sandbox ---- */

static bool is_on(const json_t *row, const char *layer, const char *prefix)
{
        return text_starts_with(json_text_of(json_object_get(row, "sandbox"), layer, "off"),
                                prefix);
}

START_TEST(sandbox_holds)
{
        struct bench_call c = { .mode = "run" };
        _json_ json_t *row = NULL;
        struct bench b;

        bench_init(&b, PROBE, HOME_HOST, true);
        bench_run(&b, &c, "escape", NULL);
        row = bench_report(&b);
        ck_assert_int_eq(c.code, KN_OK);
        ck_assert(json_bool_of(json_object_get(row, "sandbox"), "no_new_privs", false));
        if (is_on(row, "seccomp", "on")) {
                ck_assert_int_eq(json_int_of(c.result, "socket", 0), EPERM);
                ck_assert_int_eq(json_int_of(c.result, "write", 0), EPERM);
                ck_assert_int_eq(json_int_of(c.result, "exec", 0), EPERM);
                ck_assert_int_eq(json_int_of(c.result, "fork", 0), EPERM);
                ck_assert_int_eq(json_int_of(c.result, "kill", 0), EPERM);
                ck_assert_int_eq(json_int_of(c.result, "setown", 0), EPERM);
        }
        if (is_on(row, "landlock", "abi"))
                ck_assert_int_eq(json_int_of(c.result, "read", 0), EACCES);
        bench_call_deinit(&c);
        bench_deinit(&b);
}
END_TEST

/* ---- the doors to the network ---- */

static int listen_on(uint16_t *ret_port)
{
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t len = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        ck_assert_int_eq(listen(fd, 4), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
        *ret_port = ntohs(address.sin_port);
        return fd;
}

/* One connection: read what there is, answer. */
static void *answer_once(void *arg)
{
        static const char reply[] =
                "HTTP/1.1 200 OK\r\nX-Answer: 42\r\nContent-Length: 4\r\n\r\npong";
        int fd = accept(*(int *)arg, NULL, NULL);
        char buffer[1024];
        ssize_t n = read(fd, buffer, sizeof buffer);

        if (n >= 4 && memcmp(buffer, "ping", 4) == 0)
                n = write(fd, "pong", 4);
        else
                n = write(fd, reply, sizeof reply - 1);
        close(fd);
        return n > 0 ? arg : NULL;
}

static void reach(enum catalog_home home, bool dials, bool listed)
{
        int wanted = listed ? KN_OK : KN_EDENIED;
        struct bench_call c = { .mode = "run" };
        char args[128], config[128];
        uint16_t port;
        int fd = listen_on(&port);
        pthread_t thread;
        struct bench b;

        bench_init(&b, PROBE, home, true);
        if (dials)
                snprintf(args, sizeof args, "{\"address\": \"tcp:127.0.0.1:%u\"}", port);
        else
                snprintf(args, sizeof args, "{\"url\": \"http://127.0.0.1:%u/\"}", port);
        snprintf(config, sizeof config, "{\"peer\": \"127.0.0.1:%u\"}", listed ? port : 1);
        bench_config(&b, config);
        if (listed)
                ck_assert_int_eq(pthread_create(&thread, NULL, answer_once, &fd), 0);
        bench_run(&b, &c, dials ? "dial" : "http", args);
        ck_assert_msg(c.code == wanted, "%d %s", c.code, c.sentence);
        if (listed) {
                ck_assert_pstr_eq(json_text_of(c.result, dials ? "heard" : "reply", NULL), "pong");
                pthread_join(thread, NULL);
        } else {
                ck_assert_ptr_nonnull(strstr(c.sentence, "egress"));
        }
        bench_call_deinit(&c);
        bench_deinit(&b);
        close(fd);
}

START_TEST(network_goes_by_the_list)
{
        reach(_i & 1 ? HOME_HOST : HOME_CORE, _i & 4, _i & 2);
}
END_TEST

/* Nobody answers: the cancel must not wait for the exchange. */
START_TEST(cancel_ends_an_exchange)
{
        struct bench_call c = { .mode = "run" };
        char args[128], config[128];
        uint16_t port;
        int fd = listen_on(&port);
        struct bench b;

        bench_init(&b, PROBE, _i ? HOME_HOST : HOME_CORE, true);
        snprintf(args, sizeof args, "{\"url\": \"http://127.0.0.1:%u/\"}", port);
        snprintf(config, sizeof config, "{\"peer\": \"127.0.0.1:%u\"}", port);
        bench_config(&b, config);
        bench_start(&b, &c, HOST_ACTION, "http", args, 300);
        bench_wait(&c);
        ck_assert_int_eq(c.code, KN_ETIMEOUT);
        ck_assert_int_lt(c.took_ms, 1300);
        bench_call_deinit(&c);
        bench_deinit(&b);
        close(fd);
}
END_TEST

int main(void)
{
        return SUITE("host/supervise", ONCE(abort_costs_one_process),
                     TIMES(hang_ends_at_the_deadline, 2), ONCE(cancel_of_a_hang),
                     ONCE(what_does_not_answer_is_ended), ONCE(what_answers_is_left_alone),
                     ONCE(what_does_not_leave_is_ended),
                     ONCE(nonsense_on_the_wire_ends_the_process), ONCE(five_crashes_are_enough),
                     ONCE(death_while_calls_are_handed_over), TIMES(free_while_calls_run, 2),
                     ONCE(core_is_for_the_trusted), ONCE(wedge_in_the_core_is_marked),
                     ONCE(suspects_start_outside), ONCE(sandbox_holds),
                     TIMES(network_goes_by_the_list, 8), TIMES(cancel_ends_an_exchange, 2));
}
