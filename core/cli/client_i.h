/* SPDX-License-Identifier: Apache-2.0 */

/* What the files of the client share. */

#ifndef CLI_CLIENT_I_H
#define CLI_CLIENT_I_H

#include "base/text.h"
#include "cli/account.h"
#include "cli/client.h"

#include <curl/curl.h>

struct client {
        struct account account;
        CURLM *multi;
        CURL *easy;
        int interrupt_fd;       /* signalfd; -1: an interrupt ends the process */
        int64_t deadline_ms;    /* monotonic; 0: none */
};

int client_open(struct cli *cli, struct fault *fault);
/* Address, socket, limits that every exchange has; *headers grows. */
void client_setup(struct client *client, const struct request *request, const char *url,
                  struct curl_slist **headers);
/* Carry out what is set up: 0 and the curl code, or -EINTR. */
int client_perform(struct client *client, CURLcode *ret);
int client_fail(struct client *client, CURLcode code, struct fault *fault);
/* A problem document (or whatever came instead) as a fault. */
int client_problem(long status, const json_t *problem, const char *text, struct fault *fault);
char *client_url(const struct client *client, const struct request *request);

/* Print the request as a command for the shell; always CLI_DONE. */
int client_print_curl(struct cli *cli, const struct request *request);

#endif
