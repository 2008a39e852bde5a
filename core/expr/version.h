/* SPDX-License-Identifier: Apache-2.0 */

/* Semantic versions: rows of common_functions. */

#ifndef EXPR_VERSION_H
#define EXPR_VERSION_H

#include "expr/function.h"

json_t *version_compare(struct call *call);
json_t *version_more_than(struct call *call);
json_t *version_less_than(struct call *call);
json_t *version_equal(struct call *call);
json_t *version_match(struct call *call);
json_t *version_bump_major(struct call *call);
json_t *version_bump_minor(struct call *call);
json_t *version_bump_patch(struct call *call);
json_t *version_strip_patch(struct call *call);

#endif
