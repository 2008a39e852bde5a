/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include "base/clock.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4
#define POSTS 2000

static struct loop *loop;
static char trace[64];
static size_t n_trace;

static void setup(void)
{
        ck_assert_int_eq(loop_new(&loop), 0);
        n_trace = 0;
}

static void teardown(void)
{
        clock_fake(-1);
        loop = loop_free(loop);
        ck_assert_ptr_null(loop);
}

static void note(char c)
{
        ck_assert_uint_lt(n_trace, sizeof trace - 1);
        trace[n_trace++] = c;
        trace[n_trace] = '\0';
}

static void note_arg(void *arg)
{
        note(*(const char *)arg);
}

static void stop(void *arg)
{
        (void)arg;
        loop_stop(loop);
}

/* ---- descriptors ---- */

static void read_one(void *arg, uint32_t events)
{
        char c;

        ck_assert_uint_ne(events & EPOLLIN, 0);
        ck_assert_int_eq(read(*(int *)arg, &c, 1), 1);
        note(c);
}

START_TEST(fd_is_level_triggered)
{
        int p[2];
        struct loop_fd *source;

        ck_assert_int_eq(pipe(p), 0);
        ck_assert_int_eq(loop_fd_add(loop, p[0], EPOLLIN, read_one, &p[0], &source), 0);
        ck_assert_int_eq(write(p[1], "ab", 2), 2);
        loop_once(loop, 0);
        loop_once(loop, 0);
        ck_assert_str_eq(trace, "ab");
        source = loop_fd_remove(source);
        ck_assert_int_eq(write(p[1], "c", 1), 1);
        loop_once(loop, 0);
        ck_assert_str_eq(trace, "ab");
        close(p[0]);
        close(p[1]);
}
END_TEST

static void note_hangup(void *arg, uint32_t events)
{
        (void)arg;
        note(events & EPOLLHUP ? 'h' : 'i');
}

START_TEST(fd_without_events_is_silent_even_on_hangup)
{
        int p[2];
        struct loop_fd *source;

        ck_assert_int_eq(pipe(p), 0);
        ck_assert_int_eq(loop_fd_add(loop, p[0], EPOLLIN, note_hangup, NULL, &source), 0);
        ck_assert_int_eq(loop_fd_events(source, 0), 0);
        close(p[1]);
        loop_once(loop, 0);
        ck_assert_uint_eq(n_trace, 0);
        ck_assert_int_eq(loop_fd_events(source, EPOLLIN), 0);
        loop_once(loop, 0);
        ck_assert_str_eq(trace, "h");
        close(p[0]);
}
END_TEST

START_TEST(fd_of_a_file_is_refused)
{
        FILE *file = tmpfile();

        ck_assert_int_eq(loop_fd_add(loop, fileno(file), EPOLLIN, read_one, NULL, NULL), -EPERM);
        fclose(file);
}
END_TEST

struct pair {
        struct loop_fd *source, **other;
        int fd;
};

/* Whoever is called first removes both; the other must stay silent though its event was taken. */
static void remove_both(void *arg, uint32_t events)
{
        struct pair *pair = arg;

        (void)events;
        note('x');
        *pair->other = loop_fd_remove(*pair->other);
        pair->source = loop_fd_remove(pair->source);
}

START_TEST(removed_in_the_same_round_is_not_called)
{
        struct pair a, b;
        int p[2], q[2];

        ck_assert_int_eq(pipe(p), 0);
        ck_assert_int_eq(pipe(q), 0);
        a.other = &b.source;
        b.other = &a.source;
        ck_assert_int_eq(loop_fd_add(loop, p[0], EPOLLIN, remove_both, &a, &a.source), 0);
        ck_assert_int_eq(loop_fd_add(loop, q[0], EPOLLIN, remove_both, &b, &b.source), 0);
        ck_assert_int_eq(write(p[1], "1", 1), 1);
        ck_assert_int_eq(write(q[1], "1", 1), 1);
        loop_once(loop, 0);
        loop_once(loop, 0);
        ck_assert_str_eq(trace, "x");
        close(p[0]), close(p[1]), close(q[0]), close(q[1]);
}
END_TEST

static void remove_then_run(void *arg, uint32_t events)
{
        struct pair *pair = arg;

        (void)events;
        pair->source = loop_fd_remove(pair->source);
        loop_once(loop, 0);
        note('n');
}

START_TEST(a_round_within_a_round_frees_nothing_in_use)
{
        struct pair pair = { 0 };
        int p[2];

        ck_assert_int_eq(pipe(p), 0);
        ck_assert_int_eq(loop_fd_add(loop, p[0], EPOLLIN, remove_then_run, &pair, &pair.source), 0);
        ck_assert_int_eq(write(p[1], "1", 1), 1);
        loop_once(loop, 0);
        ck_assert_str_eq(trace, "n");
        close(p[0]), close(p[1]);
}
END_TEST

/* ---- timers ---- */

START_TEST(timers_fire_in_the_order_of_time_then_of_setting)
{
        static const int at[] = { 50, 10, 30, 10, 40, 20, 30, 5 };
        static char names[] = "abcdefgh";
        struct loop_timer *timers[8];

        clock_fake(1000);
        for (int i = 0; i < 8; i++) {
                ck_assert_int_eq(loop_timer_new(loop, note_arg, &names[i], &timers[i]), 0);
                loop_timer_set(timers[i], 1000 + at[i]);
        }
        loop_timer_unset(timers[5]);
        loop_once(loop, 0);
        ck_assert_uint_eq(n_trace, 0);
        clock_fake_advance(30);
        loop_once(loop, 0);
        ck_assert_str_eq(trace, "hbdcg");
        loop_timer_set(timers[0], 1000);
        clock_fake_advance(30);
        loop_once(loop, 0);
        ck_assert_str_eq(trace, "hbdcgae");
        for (int i = 0; i < 8; i++)
                loop_timer_free(timers[i]);
}
END_TEST

#define CROWD 500

struct counted {
        struct loop_timer *timer;
        int64_t at;
        bool set;
};

static void count_fired(void *arg)
{
        struct counted *counted = arg;

        ck_assert(counted->set);
        ck_assert_int_le(counted->at, clock_mono_ms());
        counted->set = false;
}

START_TEST(heap_agrees_with_a_plain_scan)
{
        static struct counted crowd[CROWD];
        unsigned seed = 42;

        clock_fake(1);
        for (int i = 0; i < CROWD; i++)
                ck_assert_int_eq(loop_timer_new(loop, count_fired, &crowd[i], &crowd[i].timer), 0);
        for (int step = 0; step < 200; step++) {
                for (int k = 0; k < 40; k++) {
                        struct counted *c = &crowd[rand_r(&seed) % CROWD];

                        c->set = rand_r(&seed) % 3 != 0;
                        c->at = clock_mono_ms() + 1 + rand_r(&seed) % 100;
                        if (c->set)
                                loop_timer_set(c->timer, c->at);
                        else
                                loop_timer_unset(c->timer);
                }
                clock_fake_advance(1 + rand_r(&seed) % 9);
                loop_once(loop, 0);
                for (int i = 0; i < CROWD; i++)
                        ck_assert(!crowd[i].set || crowd[i].at > clock_mono_ms());
        }
        for (int i = 0; i < CROWD; i++)
                loop_timer_free(crowd[i].timer);
}
END_TEST

static struct loop_timer *again, *victim;

static void set_to_the_past(void *arg)
{
        (void)arg;
        note('p');
        loop_timer_set(again, 0);
        victim = loop_timer_free(victim);
}

START_TEST(timer_may_set_itself_to_the_past_and_free_another)
{
        static char v = 'v';

        clock_fake(1000);
        ck_assert_int_eq(loop_timer_new(loop, set_to_the_past, NULL, &again), 0);
        ck_assert_int_eq(loop_timer_new(loop, note_arg, &v, &victim), 0);
        loop_timer_set(again, 1000);
        loop_timer_set(victim, 1000);
        loop_once(loop, 0);
        ck_assert_str_eq(trace, "p");
        loop_once(loop, -1);
        ck_assert_str_eq(trace, "pp");
        again = loop_timer_free(again);
}
END_TEST

START_TEST(run_waits_for_the_real_clock)
{
        struct loop_timer *timer;
        int64_t before = clock_mono_ms();

        ck_assert_int_eq(loop_timer_new(loop, stop, NULL, &timer), 0);
        loop_timer_set(timer, before + 20);
        ck_assert_int_eq(loop_run(loop), 0);
        ck_assert_int_ge(clock_mono_ms(), before + 20);
        loop_timer_free(timer);
}
END_TEST

/* ---- posts ---- */

struct poster {
        pthread_t thread;
        int next, seen;         /* posted by the thread; seen by the loop */
};

static struct poster posters[THREADS];
static int n_seen;

struct numbered {
        struct poster *by;
        int n;
};

static void check_order(void *arg)
{
        struct numbered *numbered = arg;

        ck_assert_int_eq(numbered->n, numbered->by->seen++);
        free(numbered);
        if (++n_seen == THREADS * POSTS)
                loop_stop(loop);
}

static void *post_many(void *arg)
{
        for (int i = 0; i < POSTS; i++) {
                struct numbered *numbered = malloc(sizeof *numbered);

                *numbered = (struct numbered){ arg, i };
                loop_post(loop, check_order, numbered);
        }
        return NULL;
}

START_TEST(posts_arrive_all_and_in_order)
{
        for (int i = 0; i < THREADS; i++)
                pthread_create(&posters[i].thread, NULL, post_many, &posters[i]);
        ck_assert_int_eq(loop_run(loop), 0);
        for (int i = 0; i < THREADS; i++) {
                pthread_join(posters[i].thread, NULL);
                ck_assert_int_eq(posters[i].seen, POSTS);
        }
}
END_TEST

static void post_again(void *arg)
{
        note(*(char *)arg);
        if (n_trace < 3)
                loop_post(loop, post_again, arg);
}

START_TEST(a_post_from_a_post_runs_in_the_next_round)
{
        static char c = 'r';

        loop_post(loop, post_again, &c);
        loop_once(loop, 0);
        ck_assert_str_eq(trace, "r");
        loop_once(loop, 0);
        loop_once(loop, 0);
        loop_once(loop, 0);
        ck_assert_str_eq(trace, "rrr");
}
END_TEST

static void *stop_later(void *arg)
{
        stop(arg);
        return NULL;
}

START_TEST(stop_works_from_another_thread_and_before_the_run)
{
        pthread_t thread;

        loop_stop(loop);
        ck_assert_int_eq(loop_run(loop), 0);
        pthread_create(&thread, NULL, stop_later, NULL);
        ck_assert_int_eq(loop_run(loop), 0);
        pthread_join(thread, NULL);
}
END_TEST

/* ---- signals and children ---- */

static void note_signal(void *arg, int signal)
{
        (void)arg;
        note(signal == SIGUSR1 ? '1' : '2');
}

START_TEST(signals_arrive_by_the_loop)
{
        ck_assert_int_eq(loop_signal_add(loop, SIGUSR1, note_signal, NULL), 0);
        ck_assert_int_eq(loop_signal_add(loop, SIGUSR2, note_signal, NULL), 0);
        raise(SIGUSR1);
        raise(SIGUSR2);
        loop_once(loop, 0);
        ck_assert_str_eq(trace, "12");
        ck_assert_int_eq(loop_signal_add(loop, 0, note_signal, NULL), -EINVAL);
}
END_TEST

static int got_status;

static void child_done(void *arg, pid_t pid, int status)
{
        ck_assert_int_eq(*(pid_t *)arg, pid);
        got_status = status;
        loop_stop(loop);
}

static pid_t start_child(int how)
{
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                if (how < 0)
                        kill(getpid(), -how);
                _exit(how);
        }
        return pid;
}

START_TEST(child_is_reaped_and_its_status_told)
{
        pid_t pid = start_child(7);

        ck_assert_int_eq(loop_child_add(loop, pid, child_done, &pid, NULL), 0);
        ck_assert_int_eq(loop_run(loop), 0);
        ck_assert(WIFEXITED(got_status));
        ck_assert_int_eq(WEXITSTATUS(got_status), 7);
        ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), -1);
        ck_assert_int_eq(errno, ECHILD);

        pid = start_child(-SIGKILL);
        ck_assert_int_eq(loop_child_add(loop, pid, child_done, &pid, NULL), 0);
        ck_assert_int_eq(loop_run(loop), 0);
        ck_assert(WIFSIGNALED(got_status));
        ck_assert_int_eq(WTERMSIG(got_status), SIGKILL);
}
END_TEST

static struct loop_child *own_child;

static void child_removes_itself(void *arg, pid_t pid, int status)
{
        (void)pid;
        child_done(arg, *(pid_t *)arg, status);
        own_child = loop_child_remove(own_child);
}

START_TEST(child_may_be_removed_in_its_callback)
{
        pid_t pid = start_child(0);

        ck_assert_int_eq(loop_child_add(loop, pid, child_removes_itself, &pid, &own_child), 0);
        ck_assert_int_eq(loop_run(loop), 0);
        ck_assert_ptr_null(own_child);
}
END_TEST

START_TEST(removed_child_stays_with_the_caller)
{
        pid_t pid = start_child(3);
        int status;

        ck_assert_int_eq(loop_child_add(loop, pid, child_done, &pid, &own_child), 0);
        own_child = loop_child_remove(own_child);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(WEXITSTATUS(status), 3);
        ck_assert_int_eq(loop_child_add(loop, pid, child_done, &pid, NULL), -ESRCH);
}
END_TEST

START_TEST(free_removes_what_is_left)
{
        static char c = 'n';
        struct loop_timer *timer;
        pid_t pid = start_child(0);
        int p[2];

        ck_assert_int_eq(pipe(p), 0);
        ck_assert_int_eq(loop_fd_add(loop, p[0], EPOLLIN, read_one, &p[0], NULL), 0);
        ck_assert_int_eq(loop_child_add(loop, pid, child_done, &pid, NULL), 0);
        ck_assert_int_eq(loop_timer_new(loop, note_arg, &c, &timer), 0);
        loop_timer_set(timer, 0);
        ck_assert_int_eq(loop_post(loop, note_arg, &c), 0);
        loop = loop_free(loop);
        ck_assert_uint_eq(n_trace, 0);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        close(p[0]), close(p[1]);
}
END_TEST

int main(void)
{
        return SUITE_WITH("loop", setup, teardown, ONCE(fd_is_level_triggered),
                          ONCE(fd_without_events_is_silent_even_on_hangup),
                          ONCE(fd_of_a_file_is_refused),
                          ONCE(removed_in_the_same_round_is_not_called),
                          ONCE(a_round_within_a_round_frees_nothing_in_use),
                          ONCE(timers_fire_in_the_order_of_time_then_of_setting),
                          ONCE(heap_agrees_with_a_plain_scan),
                          ONCE(timer_may_set_itself_to_the_past_and_free_another),
                          ONCE(run_waits_for_the_real_clock), ONCE(posts_arrive_all_and_in_order),
                          ONCE(a_post_from_a_post_runs_in_the_next_round),
                          ONCE(stop_works_from_another_thread_and_before_the_run),
                          ONCE(signals_arrive_by_the_loop),
                          ONCE(child_is_reaped_and_its_status_told),
                          ONCE(child_may_be_removed_in_its_callback),
                          ONCE(removed_child_stays_with_the_caller),
                          ONCE(free_removes_what_is_left));
}
