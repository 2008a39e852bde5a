/* SPDX-License-Identifier: Apache-2.0 */

/* Handlers that look at executions; routes_executions.c has their rows. */

#ifndef REST_EXECUTION_H
#define REST_EXECUTION_H

#include "rest/request.h"

int execution_list(struct request *req, struct fault *fault);
int execution_list_plans(struct request *req, struct fault *fault);
int execution_get(struct request *req, struct fault *fault);
int execution_attribute(struct request *req, struct fault *fault);
int execution_result(struct request *req, struct fault *fault);
int execution_children(struct request *req, struct fault *fault);
int execution_filters(struct request *req, struct fault *fault);

#endif
