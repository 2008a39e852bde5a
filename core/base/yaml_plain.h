/* SPDX-License-Identifier: Apache-2.0 */

/* The meaning of one plain (unquoted, untagged) scalar; for base/yaml.c alone. */

#ifndef BASE_YAML_PLAIN_H
#define BASE_YAML_PLAIN_H

#include <jansson.h>

/* NULL and a new *ret (NULL when out of memory), or why s cannot be held: "does not fit …". */
const char *yaml_plain(const char *s, json_t **ret);

#endif
