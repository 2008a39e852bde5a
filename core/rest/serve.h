/* SPDX-License-Identifier: Apache-2.0 */

/* Inside rest: what libmicrohttpd calls, and how an answer leaves. */

#ifndef REST_SERVE_H
#define REST_SERVE_H

#include "rest/request.h"

#include <microhttpd.h>

void *request_new(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result request_serve(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **con_cls);
void request_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                       enum MHD_RequestTerminationCode code);

/* Hand the answer to libmicrohttpd. On the daemon's thread, the connection not suspended. */
enum MHD_Result serve_send(struct request *req);
/* OPTIONS: the methods of a path, CORS' preflight, the handshake of CloudEvents' webhooks. */
int serve_options(struct request *req, struct fault *fault);

#endif
