/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rules whose equality criteria ask about the same paths: a table from the values that an event has
 * there to the rules that want exactly these. Exact, so nothing of it is asked again.
 */

#ifndef FLOW_GROUP_H
#define FLOW_GROUP_H

#include "flow/path.h"
#include "flow/rule.h"

struct group;

/*
 * What is known of a rule is told along with it: the rule itself lies cold among all others, and an
 * event that it is not for should not have to look.
 */
enum group_rule {
        GROUP_RULE_BACKSTOP = 1 << 0,
        GROUP_RULE_SETTLED = 1 << 1,    /* it has no criteria but those that were found to hold */
};

typedef int group_visitor(void *arg, const struct rule *rule, unsigned known);

/* Paths and, later, constants and rules are borrowed. NULL when out of memory. */
struct group *group_new(const struct path *const *paths, size_t n);
struct group *group_free(struct group *group);          /* NULL; accepts NULL */
/* Constants stand in the order of the paths. 0 or -ENOMEM. */
int group_add(struct group *group, const json_t *const *constants, const struct rule *rule);
/* Visit the rules whose equality criteria hold in scope; the visitor returns 0 to go on. */
int group_visit(const struct group *group, const json_t *scope, group_visitor *visit, void *arg);

#endif
