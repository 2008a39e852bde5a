/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One queue, one lock. A job that finds fewer idle workers than jobs waiting makes another worker;
 * a worker that has been idle for a while retires. A thread cannot join itself, so a retired worker
 * moves to a list from which the next one to hold the pool in hand (a new worker's maker, or the
 * stop) joins it; nothing outlives pool_stop().
 */

#include "loop/pool.h"

#include "base/list.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define IDLE_S 10

struct pool {
        pthread_mutex_t lock;
        pthread_cond_t work;
        struct list jobs, workers, retired;
        unsigned n_jobs, n_workers, n_idle, n_busy, max;
        bool stopping;
};

struct worker {
        struct list link;               /* in pool->workers or pool->retired */
        struct pool *pool;
        pthread_t thread;
};

struct job {
        struct list link;
        void (*fn)(void *arg);
        void *arg;
};

/* False when this worker is to end: nothing came for a while, or the pool stops and is empty. */
static bool wait_for_job(struct pool *pool)
{
        struct timespec until;
        int r = 0;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += IDLE_S;
        pool->n_idle++;
        while (!pool->n_jobs && !pool->stopping && r == 0)
                r = pthread_cond_timedwait(&pool->work, &pool->lock, &until);
        pool->n_idle--;
        return pool->n_jobs > 0;
}

static struct job *take_job(struct pool *pool)
{
        struct job *job = list_entry(pool->jobs.next, struct job, link);

        list_unlink(&job->link);
        pool->n_jobs--;
        pool->n_busy++;
        return job;
}

static void *worker_main(void *arg)
{
        struct worker *worker = arg;
        struct pool *pool = worker->pool;

        pthread_mutex_lock(&pool->lock);
        while (wait_for_job(pool)) {
                struct job *job = take_job(pool);

                pthread_mutex_unlock(&pool->lock);
                job->fn(job->arg);
                free(job);
                pthread_mutex_lock(&pool->lock);
                pool->n_busy--;
        }
        list_unlink(&worker->link);
        list_append(&pool->retired, &worker->link);
        pool->n_workers--;
        pthread_mutex_unlock(&pool->lock);
        return NULL;
}

static void join_all(struct list *workers)
{
        list_each_safe(at, workers) {
                struct worker *worker = list_entry(at, struct worker, link);

                pthread_join(worker->thread, NULL);
                free(worker);
        }
}

/* Signals belong to the main thread, which reads them from a descriptor. */
static int start_thread(struct worker *worker)
{
        sigset_t all, before;
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&worker->thread, NULL, worker_main, worker);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r == 0)
                pthread_setname_np(worker->thread, "pool");
        return r;
}

static int add_worker(struct pool *pool)
{
        struct worker *worker = malloc(sizeof *worker);

        if (!worker)
                return -ENOMEM;
        worker->pool = pool;
        list_append(&pool->workers, &worker->link);
        if (start_thread(worker) != 0) {
                list_unlink(&worker->link);
                free(worker);
                return -ENOMEM;
        }
        pool->n_workers++;
        return 0;
}

/* A worker that cannot be made matters only where there is none at all to take the job. */
static int enqueue(struct pool *pool, struct job *job)
{
        if (pool->stopping)
                return -ESHUTDOWN;
        if (pool->n_jobs + 1 > pool->n_idle && pool->n_workers < pool->max &&
            add_worker(pool) < 0 && !pool->n_workers)
                return -ENOMEM;
        list_append(&pool->jobs, &job->link);
        pool->n_jobs++;
        pthread_cond_signal(&pool->work);
        return 0;
}

int pool_run(struct pool *pool, void (*fn)(void *arg), void *arg)
{
        struct job *job = malloc(sizeof *job);
        struct list retired;
        int r;

        if (!job)
                return -ENOMEM;
        job->fn = fn;
        job->arg = arg;
        list_init(&retired);
        pthread_mutex_lock(&pool->lock);
        list_splice(&retired, &pool->retired);
        r = enqueue(pool, job);
        pthread_mutex_unlock(&pool->lock);
        join_all(&retired);
        if (r < 0)
                free(job);
        return r;
}

unsigned pool_busy(struct pool *pool)
{
        unsigned n;

        pthread_mutex_lock(&pool->lock);
        n = pool->n_busy;
        pthread_mutex_unlock(&pool->lock);
        return n;
}

/* Workers move themselves from one list to the other, so only the lock says who is left. */
void pool_stop(struct pool *pool)
{
        struct worker *worker;

        pthread_mutex_lock(&pool->lock);
        pool->stopping = true;
        pthread_cond_broadcast(&pool->work);
        for (;;) {
                struct list *from = list_is_empty(&pool->retired) ? &pool->workers : &pool->retired;

                if (list_is_empty(from))
                        break;
                worker = list_entry(from->next, struct worker, link);
                pthread_mutex_unlock(&pool->lock);
                pthread_join(worker->thread, NULL);
                pthread_mutex_lock(&pool->lock);
                list_unlink(&worker->link);
                free(worker);
        }
        pthread_mutex_unlock(&pool->lock);
}

int pool_new(unsigned threads_max, struct pool **ret)
{
        struct pool *pool = calloc(1, sizeof *pool);
        pthread_condattr_t attr;

        if (!pool)
                return -ENOMEM;
        list_init(&pool->jobs);
        list_init(&pool->workers);
        list_init(&pool->retired);
        pool->max = threads_max ? threads_max : 1;
        pthread_mutex_init(&pool->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&pool->work, &attr);
        pthread_condattr_destroy(&attr);
        *ret = pool;
        return 0;
}

struct pool *pool_free(struct pool *pool)
{
        if (!pool)
                return NULL;
        pool_stop(pool);
        pthread_cond_destroy(&pool->work);
        pthread_mutex_destroy(&pool->lock);
        free(pool);
        return NULL;
}
