/* SPDX-License-Identifier: Apache-2.0 */

/* Verbs that are nothing but a row of the table: read a list, read one, post, delete. */

#ifndef CLI_GENERIC_H
#define CLI_GENERIC_H

#include "cli/cli.h"

int verb_list(struct cli *cli, struct fault *fault);    /* GET path, as a list; --watch */
int verb_get(struct cli *cli, struct fault *fault);     /* GET path for each operand */
int verb_delete(struct cli *cli, struct fault *fault);  /* DELETE path for each, after asking */
int verb_enable(struct cli *cli, struct fault *fault);  /* PUT enabled, by the verb's own name */
int verb_create(struct cli *cli, struct fault *fault);  /* POST a definition from a file */
int verb_post(struct cli *cli, struct fault *fault);    /* POST path for each operand (or once) */

/* The options that have a query name, encoded; never NULL unless out of memory. */
char *verb_query(const struct cli *cli);
/* Show an answer as the table's row says. */
int verb_show(struct cli *cli, const json_t *value);
/* Show what make() fetches once, or again and again with --watch. */
int verb_watch(struct cli *cli, int (*make)(struct cli *cli, struct fault *fault),
               struct fault *fault);

#endif
