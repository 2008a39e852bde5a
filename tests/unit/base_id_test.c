/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"

#include "base/clock.h"
#include "suite.h"

#include <pthread.h>
#include <sys/wait.h>

#define THREADS 4
#define PER_THREAD 20000

static int compare(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct id));
}

static void *make_many(void *arg)
{
        struct id *ids = arg;

        for (size_t i = 0; i < PER_THREAD; i++)
                ids[i] = id_new();
        return NULL;
}

START_TEST(never_twice_in_any_thread)
{
        struct id *ids = calloc(THREADS * PER_THREAD, sizeof *ids);
        pthread_t threads[THREADS];

        for (size_t i = 0; i < THREADS; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, make_many, ids + i * PER_THREAD),
                                 0);
        for (size_t i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        qsort(ids, THREADS * PER_THREAD, sizeof *ids, compare);
        for (size_t i = 1; i < THREADS * PER_THREAD; i++)
                ck_assert(!id_equal(&ids[i - 1], &ids[i]));
        free(ids);
}
END_TEST

START_TEST(never_back_when_the_clock_goes_back)
{
        struct id early, late;

        clock_fake(2000000000000);
        early = id_new();
        ck_assert_int_eq(id_time_ms(&early), 2000000000000);
        clock_fake(1000000000000);
        late = id_new();
        ck_assert_int_eq(id_time_ms(&late), 2000000000000);
        ck_assert_int_lt(compare(&early, &late), 0);
        clock_fake(2000000000001);
        early = late;
        late = id_new();
        ck_assert_int_lt(compare(&early, &late), 0);
}
END_TEST

START_TEST(differs_in_a_forked_child)
{
        struct id mine, theirs;
        int ends[2], status;
        pid_t child;

        clock_fake(1700000000000);
        mine = id_new();
        ck_assert_int_eq(pipe(ends), 0);
        child = fork();
        if (child == 0) {
                theirs = id_new();
                _exit(write(ends[1], &theirs, sizeof theirs) != sizeof theirs);
        }
        ck_assert_int_eq(read(ends[0], &theirs, sizeof theirs), sizeof theirs);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        mine = id_new();
        ck_assert(!id_equal(&mine, &theirs));
        close(ends[0]);
        close(ends[1]);
}
END_TEST

START_TEST(reads_what_it_writes)
{
        char text[ID_TEXT_SIZE];
        struct id id = id_new(), again;

        ck_assert_uint_eq(strlen(id_text(&id, text)), 24);
        ck_assert(id_parse(text, &again) && id_equal(&id, &again));
        ck_assert(id_parse("54FE9F0C0D7c9c0b1a2d3e4f", &again));
        ck_assert_str_eq(id_text(&again, text), "54fe9f0c0d7c9c0b1a2d3e4f");
        ck_assert(!id_is_zero(&again));
        ck_assert(id_parse("000000000000000000000000", &again) && id_is_zero(&again));
}
END_TEST

START_TEST(refuses_other_texts)
{
        static const char *const bad[] = { "",
                                           "54fe",
                                           "54fe9f0c0d7c9c0b1a2d3e4",
                                           "54fe9f0c0d7c9c0b1a2d3e4f0",
                                           "54fe9f0c0d7c9c0b1a2d3e4g",
                                           " 54fe9f0c0d7c9c0b1a2d3e4",
                                           NULL };
        struct id id = id_new(), before = id;

        for (size_t i = 0; bad[i]; i++)
                ck_assert_msg(!id_parse(bad[i], &id), "%s", bad[i]);
        ck_assert(!id_parse(NULL, &id));
        ck_assert(id_equal(&id, &before));
}
END_TEST

int main(void)
{
        return SUITE("base/id", ONCE(never_twice_in_any_thread),
                     ONCE(never_back_when_the_clock_goes_back), ONCE(differs_in_a_forked_child),
                     ONCE(reads_what_it_writes), ONCE(refuses_other_texts));
}
