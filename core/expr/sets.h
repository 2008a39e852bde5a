/* SPDX-License-Identifier: Apache-2.0 */

/* Sets, which are lists without twins, and what the operators do with them. */

#ifndef EXPR_SETS_H
#define EXPR_SETS_H

#include "expr/run.h"

/* A set of what is in the lists; b may be NULL. */
json_t *sets_of(struct run *run, const json_t *a, const json_t *b);
json_t *sets_chain(struct run *run, json_t *a, json_t *b);      /* union, or one list and the other */
json_t *sets_without(struct run *run, json_t *a, json_t *b);
/* Is set a within b, and (operator without =) smaller? NoMatchingFunction where they are no sets. */
json_t *sets_below(struct run *run, json_t *a, json_t *b, const char *operator);

/* What was seen already, by value: finds twins without looking at all of them. */
struct twins {
        struct twins_slot {
                uint64_t hash;
                json_t *value;
                size_t number;
        } *slots;
        size_t capacity, used;
};

/* 1 and the number of the first of its kind; 0: it is new, and gets the next number; -1 failed. */
int twins_add(struct run *run, struct twins *seen, json_t *value, size_t *ret_number);
void twins_deinit(struct twins *seen);

#endif
