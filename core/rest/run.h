/* SPDX-License-Identifier: Apache-2.0 */

/* Requests that make an execution: who may, once only, answered when committed or when it ended. */

#ifndef REST_RUN_H
#define REST_RUN_H

#include "hub/hub.h"
#include "rest/request.h"
#include "rest/shape.h"

/* May they do this to that action? The instance is the one that the parameters choose. */
int run_permit(struct request *req, const char *action, const json_t *params, enum auth_verb verb,
               struct fault *fault);
/*
 * The same for an execution that exists; own: its own user needs no grant. 404 where there is none.
 */
int run_permit_execution(struct request *req, const struct id *id, enum auth_verb verb, bool own,
                         struct fault *fault);
/*
 * May they run it once more, with these members (may be NULL) in place of its own? What counts is
 * the instance that would serve it now, which another zone chooses as well as "instance" does.
 */
int run_permit_again(struct request *req, const struct id *id, const json_t *params,
                     struct fault *fault);
/* As run_permit_execution() for all that changed something on behalf of an event. */
int run_permit_event(struct request *req, const struct id *event, enum auth_verb verb,
                     struct fault *fault);

/* Reads Prefer: wait=N and makes the request ready for run_committed(). FAULT 400. */
int run_prepare(struct request *req, struct fault *fault);
/* The hub's answer to hub_run() and its kin; arg is the request. */
void run_committed(void *arg, const struct hub_ran *ran);
/* Forward what hub_run() and its kin returned: REQUEST_LATER for 0. */
int run_later(int r);

/* Answer with what was made before under the same Idempotency-Key. */
int run_replay(struct request *req, const struct id *first, struct fault *fault);

/* How executions are to be shown to this client. */
int run_shape(struct request *req, bool is_list, struct shape *ret, struct fault *fault);
/* One execution as the answer. */
int run_show(struct request *req, unsigned status, const struct id *id, struct fault *fault);

#endif
