/* SPDX-License-Identifier: Apache-2.0 */

/* StackStorm's functions on regular expressions: rows of common_functions. */

#ifndef EXPR_REGULAR_FUNCTIONS_H
#define EXPR_REGULAR_FUNCTIONS_H

#include "expr/function.h"

json_t *regex_match_function(struct call *call);
json_t *regex_search_function(struct call *call);
json_t *regex_replace_function(struct call *call);
json_t *regex_substring_function(struct call *call);

#endif
