/* SPDX-License-Identifier: Apache-2.0 */

/*
 * YAML into jansson values: libyaml's events, YAML 1.2's core types ("no" stays text), no tags,
 * duplicate keys refused, aliases counted, depth and size limited.
 */

#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/fault.h"

#include <stddef.h>

struct yaml_limits {
        size_t bytes;           /* of the text */
        unsigned depth;
        unsigned aliases;       /* uses of an alias */
        size_t nodes;           /* values after aliases are expanded: what stops a bomb */
};

extern const struct yaml_limits yaml_default_limits;    /* 1 MiB, 64, 100, 200,000 */

/*
 * The one document of a text. name stands in the faults: "name:line:column: what" (400; 413 too
 * big).
 */
int yaml_parse(const char *s, size_t len, const char *name, const struct yaml_limits *limits,
               json_t **ret, struct fault *fault);
int yaml_parse_file(const char *path, const struct yaml_limits *limits, json_t **ret,
                    struct fault *fault);
/*
 * The line (from 1) on which the value at a path like "criteria.trigger\.body" stands, for faults
 * about what a file says; 0 if it is not found.
 */
unsigned yaml_line_of(const char *s, size_t len, const char *path);

#endif
