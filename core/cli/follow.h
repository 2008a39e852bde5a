/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Following an execution to its end: its output as it comes, its progress, its result as a verdict.
 */

#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include "cli/cli.h"

struct follow {
        const char *id;
        FILE *to, *to_err;              /* where its output goes; NULL: nowhere */
        const char *only;               /* "stdout", "stderr"; NULL: both */
        bool is_workflow;               /* its tasks are told instead of its output */
        int64_t wait_ms;                /* give up waiting after this long; 0: never */
};

/*
 * Until it is final; *ret_execution is the API's object. -EINTR: the person detached (and was told
 * how to come back), FAULT 504 cli.wait when wait_ms passed: it goes on all the same.
 */
int follow_execution(struct cli *cli, const struct follow *follow, json_t **ret_execution,
                     struct fault *fault);
/* 0 for one that succeeded, FAULT with its own code, sentence and id for one that did not. */
int follow_verdict(const json_t *execution, struct fault *fault);
/*
 * What every command that starts an execution does: send, and unless --async follow it, show its
 * result and what it changed, and fail as it did.
 */
struct request;
int follow_request(struct cli *cli, const struct request *request, struct fault *fault);

#define FOLLOW_OPTIONS                                                                             \
        { .name = "async", .letter = 'a', .summary = "do not wait: print its id" },                \
        {                                                                                          \
                .name = "wait", .argument = "TIME",                                                \
                .summary = "wait this long, then leave it running (exit code 124)"                 \
        }

#endif
