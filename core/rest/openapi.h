/* SPDX-License-Identifier: Apache-2.0 */

/* The routes described, and the schemas that both the description and the checks of bodies use. */

#ifndef REST_OPENAPI_H
#define REST_OPENAPI_H

#include "base/fault.h"

struct schemas;

/* openapi.json's value, from the table of routes and schemas.json. New. */
json_t *openapi_new(void);
/* Compile the component schemas that routes name as their request. */
int schemas_new(const json_t *openapi, struct schemas **ret, struct fault *fault);
struct schemas *schemas_free(struct schemas *schemas);          /* NULL; accepts NULL */
/* FAULT 422 as schema_check() says. */
int schemas_check(const struct schemas *schemas, const char *name, const json_t *value,
                  struct fault *fault);

#endif
