/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The index of the rules of one trigger that have equality criteria: see rulebook.c for the idea.
 */

#ifndef FLOW_AISLE_H
#define FLOW_AISLE_H

#include "flow/group.h"

#define AISLE_NO_EQUALITY 1

struct aisle;

struct aisle *aisle_new(void);
struct aisle *aisle_free(struct aisle *aisle);          /* NULL; accepts NULL */
/* 0, AISLE_NO_EQUALITY (not taken: nothing to index by), -ENOMEM. The rule is borrowed. */
int aisle_add(struct aisle *aisle, const struct rule *rule);
/*
 * Visit the rules whose equality criteria hold in scope; the rest of each is still to be judged.
 * The visitor returns 0 to go on.
 */
int aisle_walk(const struct aisle *aisle, const json_t *scope, group_visitor *visit, void *arg);

#endif
