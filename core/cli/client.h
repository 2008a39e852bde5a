/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The wire to the hub: HTTP by libcurl to the Unix socket or a URL, answers as JSON, problems as
 * faults, event streams line by line. Nothing of the core is called; what this cannot do over REST,
 * the command cannot do.
 */

#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "cli/cli.h"
#include "cli/sse.h"

struct request {
        const char *method;             /* NULL: GET */
        const char *path;               /* "/api/v1/rules" */
        const char *query;              /* encoded, without the ?; may be NULL */
        const json_t *body;             /* sent as JSON; NULL: none */
        const char *type;               /* NULL: application/json */
        const char *file;               /* instead of body: send this file */
        const char *once;               /* Idempotency-Key; repeated once on a broken wire */
        const char *basic;              /* "user:password" instead of the token */
        FILE *save;                     /* what a 2xx brings goes there, and not into the answer */
        bool is_preparation; /* --curl: carry it out, it only prepares what will be printed */
};

struct answer {
        long status;
        char *text;                     /* as it came */
        size_t len;
        json_t *json;                   /* NULL: none, or not JSON */
        int64_t total;                  /* X-Total-Count; -1: not said */
        int64_t date_ms;                /* the hub's clock; 0: not said */
};

#define ANSWER_INIT { 0, NULL, 0, NULL, -1, 0 }
void answer_deinit(struct answer *answer);
#define _answer_ __attribute__((cleanup(answer_deinit)))

/*
 * One exchange. 0 for any 2xx; FAULT with the hub's own problem otherwise, 503 hub.unreachable,
 * 504 hub.timeout; CLI_DONE when --curl printed it; -EINTR when an interrupt was caught.
 */
int client_call(struct cli *cli, const struct request *request, struct answer *ret,
                struct fault *fault);
/* A GET whose JSON is all that matters. New reference. */
int client_get(struct cli *cli, const char *path, const char *query, json_t **ret,
               struct fault *fault);

/*
 * Read a stream of events until event() returns other than 0, which is returned, or the stream
 * ends (0).
 */
int client_stream(struct cli *cli, const char *path,
                  int (*event)(void *arg, const struct sse_event *event), void *arg,
                  struct fault *fault);

/* From now on an interrupt (Ctrl-C) makes calls return -EINTR instead of ending the process. */
int client_catch_interrupt(struct cli *cli, struct fault *fault);
/* From now on calls end with -ETIMEDOUT after this long; 0: they wait as long as it takes. */
void client_deadline(struct cli *cli, int64_t ms);
/* Sleep, or -EINTR, or -ETIMEDOUT. */
int client_sleep(struct cli *cli, int64_t ms);

struct client *client_free(struct client *client);      /* NULL; accepts NULL */
/* Where the hub is, for messages and doctor: "unix:/run/kaname/kanamed.sock" or a URL. */
const char *client_where(struct cli *cli);

/* Text as one path segment or query value; new string. */
char *client_escape(const char *s);
/* path with its {} replaced by the escaped operand; new string. */
char *client_path(const char *pattern, const char *operand);

#endif
