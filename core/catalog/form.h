/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The shapes of what the catalog reads, each one a JSON Schema in forms.json: what a plugin says of
 * itself, a domain's contract, pack.yaml, an instance, an action's and a trigger type's metadata.
 * So one mechanism says what is wrong with any of them.
 */

#ifndef CATALOG_FORM_H
#define CATALOG_FORM_H

#include "schema/schema.h"

/* form: "plugin", "contract", … FAULT 422 "FORM.invalid" names the member and what was wanted. */
int form_check(const char *form, const json_t *value, struct fault *fault);
/*
 * On which line of a YAML text a fault about it is: by the path that the fault names ("path" or
 * "errors" in its detail), else by the word before its first colon. 0: not known.
 */
unsigned form_line(const char *text, size_t len, const struct fault *fault);
/* The member as a schema; absent or null, which is how a plugin says "none", fits anything. */
int form_schema(const json_t *object, const char *key, struct schema **ret, struct fault *fault);
/* A JSON text that was built in; a new reference, NULL when out of memory. */
json_t *form_parse(const char *text);

#endif
