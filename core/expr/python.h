/* SPDX-License-Identifier: Apache-2.0 */

/* Python's str() of a JSON value: what Jinja shows where a value stands among text. */

#ifndef EXPR_PYTHON_H
#define EXPR_PYTHON_H

#include "base/text.h"

#include <jansson.h>

void python_str(const json_t *value, struct text *text);

#endif
