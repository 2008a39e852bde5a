/* SPDX-License-Identifier: Apache-2.0 */

/*
 * JSON Schema, compiled once and used by many threads: draft-07 with the words that StackStorm's
 * action metadata add (draft 3's boolean "required", "secret", "position", "immutable").
 *
 * Supported: type, enum, const, minimum/maximum/exclusive*, multipleOf, minLength/maxLength,
 * pattern (PCRE2 with limits), format (date-time, date, time, ipv4, ipv6, hostname, uri, email,
 * uuid, regex), items, additionalItems, minItems/maxItems, uniqueItems, contains, properties,
 * required, additionalProperties, patternProperties, propertyNames, minProperties/maxProperties,
 * dependencies, if/then/else, allOf/anyOf/oneOf/not, local $ref, default, writeOnly. Unknown words
 * are ignored, as the specification says; a known word with a wrong value is a fault that says
 * where.
 */

#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include "base/fault.h"

#include <stdbool.h>

struct schema;

/* A schema that lacks "type" but has "properties" is meant as an object. NULL source: anything. */
int schema_compile(const json_t *source, struct schema **ret, struct fault *fault);
struct schema *schema_ref(const struct schema *schema);
struct schema *schema_unref(struct schema *schema);     /* NULL; accepts NULL */
const json_t *schema_source(const struct schema *schema);

/*
 * Does value fit? FAULT 422 schema.mismatch with what ("name: must be at most 40 characters") and
 * detail "errors": [{ "pointer": "/name", "message": …, "keyword": … }], at most 20 of them.
 */
int schema_check(const struct schema *schema, const json_t *value, struct fault *fault);
/* Put in the defaults of properties that are absent, deeply. value is changed in place. */
int schema_fill_defaults(const struct schema *schema, json_t *value);
/*
 * Text to the declared type where nothing is lost ("5" to 5, "true" to true, JSON text to object):
 * for arguments that come from a command line or a template. Changed in place.
 */
void schema_coerce(const struct schema *schema, json_t *value);
/*
 * Replace what is marked "writeOnly" or "secret" by "********" in a copy; and of what is marked
 * "secret_query" (a URL, or an object of query parameters) the values whose names say that they are
 * secret (base/secret.h). New reference.
 */
json_t *schema_mask(const struct schema *schema, const json_t *value);
/* Is the property at this dotted path marked secret? */
bool schema_is_secret(const struct schema *schema, const char *path);
/* Is it marked as one whose query parameters may be? */
bool schema_is_secret_query(const struct schema *schema, const char *path);

#endif
