/* SPDX-License-Identifier: Apache-2.0 */

/* KEY=VALUE operands into JSON: text for =, any JSON for :=, dots reach into objects. */

#ifndef CLI_PARAMS_H
#define CLI_PARAMS_H

#include "cli/cli.h"

/* Does this operand look like KEY=VALUE? */
bool params_is_pair(const char *text);
/* Put one pair into *object (made where it is NULL). A key that is given again makes a list. */
int params_add(json_t **object, const char *pair, struct fault *fault);
/* -f FILE first, then the operands from the given one on, over it; always an object. */
int params_read(struct cli *cli, int first, json_t **ret, struct fault *fault);
/*
 * Text to the types that an action's parameters declare (StackStorm's form, name to schema), in
 * place; "a,b" becomes a list where one is wanted. What does not fit stays: the hub says so best.
 */
int params_coerce(json_t *params, const json_t *declared, struct fault *fault);

#endif
