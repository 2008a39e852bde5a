/* SPDX-License-Identifier: Apache-2.0 */

/* Numbers out of other values, as Python makes them. */

#ifndef EXPR_NUMBERS_H
#define EXPR_NUMBERS_H

#include "expr/run.h"

/* int(value, base) and float(value): ValueError or TypeError where it is none. */
json_t *numbers_int(struct run *run, const json_t *value, int base);
json_t *numbers_real(struct run *run, const json_t *value);
/* round(value, digits): halves go to the even side. An integer stays one. */
json_t *numbers_round(struct run *run, json_t *value, int64_t digits, bool always_real);

#endif
