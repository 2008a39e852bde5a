/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A program on the hub's own machine, run for an execution: in a process group of its own, with
 * nothing of the hub's environment. Past its time: SIGTERM to the group, SIGKILL a second later.
 */

#ifndef RUNNER_PROGRAM_H
#define RUNNER_PROGRAM_H

#include "hub/running.h"

struct words {
        char *words[256];               /* the last is NULL */
        size_t n;
};
void words_deinit(struct words *words);
/* A copy; false: there are 255 already, or no memory is left. */
bool words_add(struct words *words, const char *word);
bool words_add_pair(struct words *words, const char *name, const char *value); /* "name=value" */

struct command {
        struct words argv, env;
        char *cwd;                      /* NULL: the hub's own */
        char *input;                    /* what it may read; NULL: nothing */
        int64_t timeout_ms;
};
void command_free(struct command *command);
CLEANUP_DEFINE(struct command *, command_free);

/* Takes the command. Ends with {stdout, stderr, succeeded, failed, return_code}. Any thread. */
void program_start(struct running *r, struct command *command);
void program_cancel(struct running *r);
void program_abandon(struct running *r);

#endif
