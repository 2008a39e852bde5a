/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/serve.h"

#include "base/text.h"
#include "rest/identify.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *allowed_origin(const struct request *req)
{
        const char *origin = request_header(req, "Origin");
        const char *const *origins = req->rest->options.cors_origins;

        for (; origin && origins && *origins; origins++)
                if (strcmp(*origins, origin) == 0)
                        return origin;
        return NULL;
}

static void add_cors(const struct request *req, struct MHD_Response *response)
{
        const char *origin = req->rest->options.cors_origins ? allowed_origin(req) : NULL;

        if (!origin)
                return;
        MHD_add_response_header(response, "Access-Control-Allow-Origin", origin);
        MHD_add_response_header(response, "Vary", "Origin");
        MHD_add_response_header(response, "Access-Control-Expose-Headers",
                                "Content-Type,X-Limit,X-Total-Count,X-Request-ID,Location");
}

/* The client's own request id where it can stand in a header, else one of ours. */
static void add_request_id(struct request *req, struct MHD_Response *response)
{
        const char *theirs = request_header(req, "X-Request-ID");
        size_t n = theirs ? strlen(theirs) : 0;
        struct id id;

        for (size_t i = 0; i < n; i++)
                if (theirs[i] < 0x21 || theirs[i] > 0x7e)
                        n = 0;
        if (!n || n > 128) {
                id = id_new();
                theirs = id_text(&id, req->id);
        }
        MHD_add_response_header(response, "X-Request-ID", theirs);
}

static void nothing_to_free(void *bytes)
{
        (void)bytes;
}

enum MHD_Result serve_send(struct request *req)
{
        struct MHD_Response *response = TAKE(req->stream);
        enum MHD_Result sent;

        if (!req->status)
                req->status = 500;
        /*
         * The bytes stay the request's, which lives until the answer has left: no copy, no free
         * here.
         */
        if (!response)
                response = MHD_create_response_from_buffer_with_free_callback(
                        req->out_len, req->out ? req->out : (char *)"", nothing_to_free);
        if (!response)
                return MHD_NO;
        if (req->content_type)
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, req->content_type);
        for (unsigned i = 0; i < req->n_headers; i++)
                MHD_add_response_header(response, req->headers[i].name, req->headers[i].value);
        add_request_id(req, response);
        add_cors(req, response);
        sent = MHD_queue_response(req->connection, req->status, response);
        MHD_destroy_response(response);
        return sent;
}

/* A sender asks whether it may deliver: its origin comes back when it showed a credential. */
static int handshake(struct request *req, const char *origin, struct fault *fault)
{
        static const struct route any = { .method = "OPTIONS", .path = "this route",
                .permission = AUTH_SEND };

        req->route = &any;
        if (identify(req, fault))
                return FAULT;
        answer_header(req, "WebHook-Allowed-Origin", "%s", origin);
        answer_header(req, "WebHook-Allowed-Rate", "*");
        return 0;
}

int serve_options(struct request *req, struct fault *fault)
{
        const char *origin = request_header(req, "WebHook-Request-Origin");
        char allow[64];

        if (origin && handshake(req, origin, fault))
                return FAULT;
        if (!origin && !allowed_origin(req))
                return fault_set(fault, 405, "route.method",
                                 "OPTIONS is only for preflights of allowed "
                                 "origins and for WebHook-Request-Origin");
        if (!route_allowed(req->uri, allow, sizeof allow))
                return fault_set(fault, 404, "route.unknown", "there is nothing at %.200s",
                                 req->uri);
        answer_header(req, "Allow", "%s, OPTIONS", allow);
        if (!origin) {
                answer_header(req, "Access-Control-Allow-Methods", "%s", allow);
                answer_header(req, "Access-Control-Allow-Headers",
                              "Content-Type,Authorization,X-Auth-Token,"
                              "St2-Api-Key,X-Request-ID,Idempotency-Key,Prefer,Last-Event-ID");
        }
        return answer_empty(req, 200);
}
