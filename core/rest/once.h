/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Idempotency-Key, on every POST. The scope is principal, method and path; what counts as the same
 * body is its hash; a key is remembered for 24 hours.
 *
 * Where the work is a commit that makes an event or an execution, the key is part of that commit:
 * of many at once exactly one is done, and each is answered with the id of that one. Such handlers
 * pass request_once() on. All else is answered by a handler that blocks: while it runs, the key is
 * in flight and others are refused with 409; then its answer is kept, sealed, and given again.
 */

#ifndef REST_ONCE_H
#define REST_ONCE_H

#include "hub/hub.h"
#include "rest/request.h"

struct once_flights;                    /* what is under way in this server */
struct once_flights *once_flights_new(void);
struct once_flights *once_flights_free(struct once_flights *flights);   /* NULL; accepts NULL */

/* Read the header. FAULT 400 for a key that is no key. */
int once_read(struct request *req, struct fault *fault);
/* What the commit is to carry: nothing set where the client sent no key. */
struct hub_once request_once(const struct request *req);
/* The row's handler, at most once. Returns what the handler does. */
int once_handle(struct request *req, struct fault *fault);
/* The request is over, however it was answered. */
void once_end(struct request *req);
/* Another body under the same key. Returns FAULT. */
int once_mismatch(const char *first, struct fault *fault);

#endif
