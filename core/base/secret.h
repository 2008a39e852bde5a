/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Secrets that are known by their names only: query parameters of URLs, such as token and api_key.
 * A name holds one where it ends in such a word, or has it as a part between -, _ and . .
 */

#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

bool secret_is_name(const char *name, size_t len);

/* What stands for a value from now on: new text (NULL: out of memory). */
typedef char *secret_replace(void *arg, const char *name, const char *value);

/*
 * A URL with the values of such parameters of its query (and fragment) replaced, as they are
 * written there; a new string, NULL where memory is out.
 */
char *secret_in_url(const char *url, secret_replace *replace, void *arg);
/* A copy with those values masked: of a text as a URL, of an object its members. New reference. */
json_t *secret_mask(const json_t *value);

#endif
