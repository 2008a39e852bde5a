/* SPDX-License-Identifier: Apache-2.0 */

/* Credentials in a request to a principal. */

#ifndef REST_IDENTIFY_H
#define REST_IDENTIFY_H

#include "rest/request.h"

/*
 * Who is it, and does the route let them in? req->who stays NULL where none is needed, or where a
 * signature was sent that only the handler can check. FAULT 400 two credentials, 401, 403.
 */
int identify(struct request *req, struct fault *fault);
/* "Basic …" into user and password, new strings. FAULT 401. */
int identify_basic(const struct request *req, char **ret_user, char **ret_password,
                   struct fault *fault);

#endif
