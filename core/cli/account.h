/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where the hub is and who we are there: options, then environment, then what `kaname login` wrote,
 * then the local socket. A token from the file goes only to the URL that stands beside it, so
 * pointing the command elsewhere never hands it over.
 */

#ifndef CLI_ACCOUNT_H
#define CLI_ACCOUNT_H

#include "base/fault.h"

struct cli;

struct account {
        char *url; /* "http://…" without a trailing slash; "http://localhost" for a socket */
        char *socket;           /* path; NULL: none */
        char *token;            /* NULL: none */
        const char *origin;     /* of the token: "--token", "$KANAME_TOKEN", "`kaname login`" */
        char *file;             /* ~/.config/kaname/config */
};

#define ACCOUNT_INIT { NULL, NULL, NULL, NULL, NULL }

/* FAULT 403 account.open: others may read the file; 400 for a URL that is none. */
int account_find(const struct cli *cli, struct account *ret, struct fault *fault);
/* The first of the NULL-terminated paths where something lies; the first of all where none is. */
const char *account_socket(const char *const paths[]);
/* Write url and token for later runs, mode 0600. */
int account_save(const struct account *account, struct fault *fault);
void account_deinit(struct account *account);

#define _account_ __attribute__((cleanup(account_deinit)))

#endif
