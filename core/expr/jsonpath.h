/* SPDX-License-Identifier: Apache-2.0 */

/* JSONPath as jsonpath_rw reads it: a.b[*].c, $..x, [0], [1:3], [a,b], 'quoted', a | b. */

#ifndef EXPR_JSONPATH_H
#define EXPR_JSONPATH_H

#include "expr/run.h"

/* All values that path finds, in order; NULL and failed where path is not one. */
json_t *jsonpath_find(struct run *run, json_t *value, const char *path);

#endif
