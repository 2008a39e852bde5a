/* SPDX-License-Identifier: Apache-2.0 */

/* Criteria as they are kept: criteria.c reads them, criteria_judge.c asks them. */

#ifndef FLOW_CRITERION_H
#define FLOW_CRITERION_H

#include "flow/criteria.h"

struct criterion {
        char *key;
        const char *operator;           /* of a group: "any", "all" or "not" */
        struct path *path;
        struct matcher *matcher;        /* of a constant pattern, or */
        struct expr *pattern;           /* of one that holds expressions, or */
        struct criteria *items;         /* of a search, or */
        struct criteria **parts;        /* of a group */
        size_t parts_n;
        bool every_item, any_pattern;   /* of a search */
        bool is_equality;               /* with a constant, and the first one on its path */
        json_t *source;
};

struct criteria {
        struct criterion *list;
        size_t n;
};

#endif
