/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A criterion's key: the part of JSONPath that rules use. trigger.body.labels["a-b"], .hosts[0],
 * [-1], and * for every member or item. What follows # only tells two keys apart.
 */

#ifndef FLOW_PATH_H
#define FLOW_PATH_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATH_STEPS_MAX 64

struct step {
        char *name;
        int64_t index;
        bool is_index;                  /* name is a number: an index in a list */
        bool is_any;                    /* * */
};

struct path {
        size_t n;
        bool has_any;
        struct step steps[];
};

/* FAULT 422 rule.key: the key, the position, what was expected. */
int path_parse(const char *key, struct path **ret, struct fault *fault);
struct path *path_free(struct path *path);              /* NULL; accepts NULL */
/* The first value at path, borrowed; NULL where there is none. */
const json_t *path_find(const struct path *path, const json_t *scope);
/* One step down from value, for a step that is not *. */
const json_t *step_take(const struct step *step, const json_t *value);
bool path_equal(const struct path *a, const struct path *b);

#endif
