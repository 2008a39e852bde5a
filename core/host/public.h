/* SPDX-License-Identifier: Apache-2.0 */

/* What of an instance's configuration a plugin reads as KN_CONFIG: all but its secrets. */

#ifndef HOST_PUBLIC_H
#define HOST_PUBLIC_H

#include "schema/schema.h"

/* A copy without the properties that the schema (NULL: none) marks; new; NULL: out of memory. */
json_t *public_config(const struct schema *schema, const json_t *config);

#endif
