/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/pool.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#define JOBS 3000

static atomic_int running, most, done;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int arrived;

static void raise_most(int now)
{
        int seen = atomic_load(&most);

        while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
                ;
}

static void count(void *arg)
{
        (void)arg;
        raise_most(atomic_fetch_add(&running, 1) + 1);
        atomic_fetch_sub(&running, 1);
        atomic_fetch_add(&done, 1);
}

/* Holds its thread until the gate opens. */
static void wait_at_gate(void *arg)
{
        (void)arg;
        pthread_mutex_lock(&lock);
        arrived++;
        pthread_cond_broadcast(&changed);
        while (!gate_open)
                pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
        atomic_fetch_add(&done, 1);
}

static void await_arrived(int n)
{
        pthread_mutex_lock(&lock);
        while (arrived < n)
                pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
}

static void open_gate(void)
{
        pthread_mutex_lock(&lock);
        gate_open = true;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
}

START_TEST(every_job_runs_within_the_limit)
{
        struct pool *pool;

        ck_assert_int_eq(pool_new(3, &pool), 0);
        for (int i = 0; i < JOBS; i++)
                ck_assert_int_eq(pool_run(pool, count, NULL), 0);
        pool_stop(pool);
        ck_assert_int_eq(done, JOBS);
        ck_assert_int_le(most, 3);
        ck_assert_uint_eq(pool_busy(pool), 0);
        ck_assert_int_eq(pool_run(pool, count, NULL), -ESHUTDOWN);
        ck_assert_ptr_null(pool_free(pool));
}
END_TEST

/* If the pool did not make a thread a blocked job, the third would never arrive. */
START_TEST(blocked_jobs_do_not_hold_up_others_until_the_limit)
{
        struct pool *pool;

        ck_assert_int_eq(pool_new(3, &pool), 0);
        for (int i = 0; i < 5; i++)
                ck_assert_int_eq(pool_run(pool, wait_at_gate, NULL), 0);
        await_arrived(3);
        ck_assert_uint_eq(pool_busy(pool), 3);
        ck_assert_int_eq(done, 0);
        open_gate();
        pool_free(pool);
        ck_assert_int_eq(done, 5);
}
END_TEST

static int order[50];
static int n_order;

static void append(void *arg)
{
        order[n_order++] = *(int *)arg;
}

START_TEST(one_thread_keeps_the_order)
{
        static int numbers[50];
        struct pool *pool;

        ck_assert_int_eq(pool_new(1, &pool), 0);
        for (int i = 0; i < 50; i++) {
                numbers[i] = i;
                ck_assert_int_eq(pool_run(pool, append, &numbers[i]), 0);
        }
        pool_free(pool);
        ck_assert_int_eq(n_order, 50);
        for (int i = 0; i < 50; i++)
                ck_assert_int_eq(order[i], i);
}
END_TEST

struct chain {
        struct pool *pool;
        int left;
};

static void run_next(void *arg)
{
        struct chain *chain = arg;

        atomic_fetch_add(&done, 1);
        if (--chain->left == 0) {
                open_gate();
                return;
        }
        ck_assert_int_eq(pool_run(chain->pool, run_next, chain), 0);
}

START_TEST(a_job_may_run_another)
{
        struct chain chain = { NULL, 100 };

        ck_assert_int_eq(pool_new(2, &chain.pool), 0);
        ck_assert_int_eq(pool_run(chain.pool, run_next, &chain), 0);
        wait_at_gate(NULL);
        pool_free(chain.pool);
        ck_assert_int_eq(done, 101);
}
END_TEST

static void ask_mask(void *arg)
{
        pthread_sigmask(SIG_SETMASK, NULL, arg);
}

START_TEST(workers_take_no_signals)
{
        struct pool *pool;
        sigset_t theirs, ours;

        ck_assert_int_eq(pool_new(1, &pool), 0);
        ck_assert_int_eq(pool_run(pool, ask_mask, &theirs), 0);
        pool_free(pool);
        ck_assert_int_eq(sigismember(&theirs, SIGTERM), 1);
        pthread_sigmask(SIG_SETMASK, NULL, &ours);
        ck_assert_int_eq(sigismember(&ours, SIGTERM), 0);
}
END_TEST

int main(void)
{
        return SUITE("pool", ONCE(every_job_runs_within_the_limit),
                     ONCE(blocked_jobs_do_not_hold_up_others_until_the_limit),
                     ONCE(one_thread_keeps_the_order), ONCE(a_job_may_run_another),
                     ONCE(workers_take_no_signals));
}
