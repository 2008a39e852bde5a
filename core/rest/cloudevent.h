/* SPDX-License-Identifier: Apache-2.0 */

/* CloudEvents 1.0 over HTTP: what is one, and what of it becomes an event's payload. Pure. */

#ifndef REST_CLOUDEVENT_H
#define REST_CLOUDEVENT_H

#include "base/fault.h"

#include <stddef.h>

/* Check one event in the JSON format. FAULT 400 ce.* names the attribute. */
int cloudevent_check(const json_t *event, struct fault *fault);
/*
 * Binary mode: one event of its "ce-" headers and body. each() hands header after header to the
 * callback. data is JSON where type says so, text, or base64. *ret is checked. FAULT 400.
 */
typedef int cloudevent_header(void *arg, const char *name, const char *value);
int cloudevent_binary(int (*each)(void *headers, cloudevent_header *header, void *arg),
                      void *headers,
                      const char *type, const char *body, size_t len, json_t **ret,
                      struct fault *fault);
/* What makes it the same event when it comes again; NULL when out of memory. */
char *cloudevent_key(const json_t *event);

#endif
