/* SPDX-License-Identifier: Apache-2.0 */

/* What Python does with values: truth, equality, order, items, arithmetic. */

#ifndef EXPR_VALUE_H
#define EXPR_VALUE_H

#include "expr/run.h"

/* False also where it failed (an undefined value has no truth): look at run->failure. */
bool value_truth(struct run *run, const json_t *value);
bool value_equal(struct run *run, const json_t *a, const json_t *b);
/* a before b: -1, 0, 1 in *ret; false and TypeError where they have no order. */
bool value_compare(struct run *run, const json_t *a, const json_t *b, const char *operator,
                   int *ret);
uint64_t value_hash(struct run *run, const json_t *value);      /* equal values, equal hashes */

/* The list of what a loop over value sees: items, keys, characters. TypeError where it has none. */
json_t *value_items(struct run *run, json_t *value);
/* The lists of an object's values, and of its pairs. */
json_t *value_values(struct run *run, json_t *object);
json_t *value_pairs(struct run *run, json_t *object);
bool value_length(struct run *run, const json_t *value, size_t *ret);
bool value_contains(struct run *run, json_t *container, json_t *item);
/* value[key], as Python; NULL and KeyError, IndexError or TypeError. */
json_t *value_item(struct run *run, json_t *value, const json_t *key);
/* value[from:to:step]; each may be NULL. */
json_t *value_slice(struct run *run, json_t *value, const json_t *const bounds[3]);
/* The member of an object, by a name that may be any text; NULL where there is none. */
json_t *value_member(const json_t *object, const json_t *name);

double value_real(const json_t *number);        /* booleans are 1 and 0 */
bool value_is_number(const json_t *value);      /* booleans, too */
int64_t value_integer(const json_t *number);    /* of an integer or a boolean */
bool value_is_integer(const json_t *value);     /* booleans, too */

json_t *value_add(struct run *run, json_t *a, json_t *b);
json_t *value_subtract(struct run *run, json_t *a, json_t *b);
json_t *value_multiply(struct run *run, json_t *a, json_t *b);
json_t *value_divide(struct run *run, json_t *a, json_t *b);
json_t *value_floor_divide(struct run *run, json_t *a, json_t *b);
json_t *value_modulo(struct run *run, json_t *a, json_t *b);
json_t *value_power(struct run *run, json_t *a, json_t *b);
json_t *value_modulo_or_format(struct run *run, json_t *a, json_t *b);     /* "%s" % x, too */
json_t *value_negate(struct run *run, json_t *a);
json_t *value_concat(struct run *run, json_t *a, json_t *b);    /* ~ */
json_t *value_chain(struct run *run, json_t *a, json_t *b);     /* one list, then the other */

#endif
