/* SPDX-License-Identifier: Apache-2.0 */

/* Handing events to the hub, and the answer when they are committed. */

#ifndef REST_ACCEPT_H
#define REST_ACCEPT_H

#include "hub/hub.h"
#include "rest/request.h"

/*
 * Hand over and answer 202 {id, accepted, duplicates, events}. Returns REQUEST_LATER or the fault.
 */
int accept_events(struct request *req, const struct hub_event *events, size_t n,
                  struct fault *fault);
/* May they send events of this trigger type by themselves? */
int accept_permit(struct request *req, const char *trigger, struct fault *fault);

int webhook_list(struct request *req, struct fault *fault);
int webhook_get(struct request *req, struct fault *fault);
int webhook_post(struct request *req, struct fault *fault);
int webhook_generic(struct request *req, struct fault *fault);
int cloudevents_post(struct request *req, struct fault *fault);

#endif
