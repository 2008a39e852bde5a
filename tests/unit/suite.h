/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A unit test's main(): return SUITE("base/x", ONCE(a_test), EACH(b_test, table));
 * where b_test runs once for each row of table, which is table[_i]. SUITE_WITH() names a setup and a
 * teardown, which run before and after each test.
 */

#ifndef UNIT_SUITE_H
#define UNIT_SUITE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SUITE_SKIPPED 77

#define ONCE(test) { test, 1 }
#define EACH(test, table) { test, (int)(sizeof(table) / sizeof *(table)) }
#define TIMES(test, n) { test, n }
#define SUITE(name, ...) SUITE_WITH(name, NULL, NULL, __VA_ARGS__)
#define SUITE_WITH(name, setup, teardown, ...)                                                  \
        suite_run(name, setup, teardown,                                                        \
                  (const struct suite_test[]){ __VA_ARGS__, { NULL, 0 } })

struct suite_test {
        const TTest *test;
        int rows;
};

static inline int suite_run(const char *name, SFun begin, SFun end,
                            const struct suite_test *tests)
{
        Suite *suite = suite_create(name);
        TCase *all = tcase_create("all");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(all, begin, end);
        tcase_set_timeout(all, 60);
        for (; tests->test; tests++)
                tcase_add_loop_test(all, tests->test, 0, tests->rows);
        suite_add_tcase(suite, all);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Where the corpus of real content is, in path; false where it is absent. */
static inline int suite_corpus(const char *below, char *path, size_t size)
{
        const char *top = getenv("TOP_SRCDIR"), *corpus = getenv("KANAME_CORPUS");

        if (corpus)
                snprintf(path, size, "%s/%s", corpus, below);
        else
                snprintf(path, size, "%s/../shared/corpus/%s", top ? top : ".", below);
        return access(path, R_OK) == 0;
}

#endif
