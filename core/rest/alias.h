/* SPDX-License-Identifier: Apache-2.0 */

/* Which alias is meant: by its name, or by what a person typed. */

#ifndef REST_ALIAS_H
#define REST_ALIAS_H

#include "flow/alias.h"
#include "rest/request.h"

struct alias_matching {
        const char *command;
        const struct catalog_alias *row;        /* the first that fits; of the request's catalog */
        struct alias_match match;
        json_t *names;                          /* of all that fit */
        const char *slow;                       /* whose pattern took too long */
};
void alias_matching_deinit(struct alias_matching *m);

/* By ref, id or name. FAULT 404. */
int alias_find(struct request *req, const char *name, const struct catalog_alias **ret,
               struct fault *fault);
/* The one alias that fits: FAULT 400 alias.no-match, alias.ambiguous, as StackStorm says them. */
int alias_match_command(struct request *req, const char *command, struct alias_matching *m,
                        struct fault *fault);
json_t *alias_shape(const struct catalog_alias *row);

#endif
