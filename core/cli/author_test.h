/* SPDX-License-Identifier: Apache-2.0 */

/*
 * kaname plugin test. Each check runs in a process of its own (this program again, with --only), so
 * a plugin that crashes or hangs fails one check and not the test.
 *
 *   author_test.c    which checks there are, and running them
 *   author_check.c   the checks
 */

#ifndef CLI_AUTHOR_TEST_H
#define CLI_AUTHOR_TEST_H

#include "cli/cli.h"

struct kn_mock;

enum verdict { CHECK_OK, CHECK_WARN, CHECK_SKIP, CHECK_FAIL };

struct check {
        const char *so;
        const json_t *cases;            /* array; NULL: none */
        struct kn_mock *mock;
        json_t *manifest;
        char said[512];                 /* why it is not OK */
};

/* "plan:greet" and its like. FAULT 404: there is no such check. */
int check_run(struct check *check, const char *name, enum verdict *ret, struct fault *fault);
/* Exactly one symbol leaves the object, and none of ours is wanted by it. */
enum verdict check_exports(struct check *check);
__attribute__((format(printf, 3, 4)))
enum verdict check_say(struct check *check, enum verdict verdict, const char *fmt, ...);

#endif
