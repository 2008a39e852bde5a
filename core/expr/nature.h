/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What JSON has no word for. The evaluator's values are all JSON values; a tuple stands there as a
 * list, a moment as text, and that it is more than this is written beside it, by its identity, for
 * as long as the evaluation lasts. So what leaves the evaluator is JSON without being converted.
 */

#ifndef EXPR_NATURE_H
#define EXPR_NATURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nature_kind {
        NATURE_PLAIN,                   /* what it looks like */
        NATURE_TUPLE, NATURE_LIST,      /* a list, where lists are shown as tuples */
        NATURE_SET,
        NATURE_ITERATOR,                /* what Python makes item by item */
        NATURE_MOMENT, NATURE_SPAN,     /* microseconds, offset (seconds east) */
        NATURE_REGEX,                   /* flags */
        NATURE_UNDEFINED,               /* of: what has no such member; name in the text; flags: mild */
        NATURE_ORDERED,                 /* of orderBy: its keys are in of */
        NATURE_OWN,                     /* made here, may be changed: namespace(), list literals */
        NATURE_KINDS
};

struct nature {
        const json_t *value;
        enum nature_kind kind;
        unsigned flags;
        unsigned depth;                 /* of what was made in lists in lists */
        uint64_t weight;                /* as many values when it is written out */
        int offset;
        int64_t us;
        const json_t *of;
        const void *more;
};

struct natures {
        struct nature *slots;
        size_t capacity, used;
        bool lists_are_tuples;          /* while YAQL's str() looks at them */
};

/* Say that value is more than it looks; 0 or -ENOMEM. */
int nature_set(struct natures *natures, const struct nature *nature);
/* NULL: nothing but what it looks like. natures may be NULL. */
const struct nature *nature_of(const struct natures *natures, const json_t *value);
enum nature_kind nature_kind(const struct natures *natures, const json_t *value);
void natures_deinit(struct natures *natures);

#endif
