/* SPDX-License-Identifier: Apache-2.0 */

/* What the operators of each spelling mean. */

#ifndef EXPR_OPERATE_H
#define EXPR_OPERATE_H

#include "expr/tree.h"

/* Static storage; NULL: no such operator. */
operation *const *operate_yaql(const char *operator, size_t len);
operation *const *operate_jinja(const char *operator, size_t len);

#endif
