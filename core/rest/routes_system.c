/* SPDX-License-Identifier: Apache-2.0 */

/* The hub itself: what it is, how it fares, what it can be asked. */

#include "rest/request.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "content/content.h"
#include "hub/hub.h"
#include "rest/stream.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/stat.h>

static int info(struct request *req, struct fault *fault)
{
        (void)fault;
        return answer_json(req, 200, json_pack("{s:s, s:s, s:s, s:s}", "name", "kaname", "version",
                                               PACKAGE_VERSION,
                           "api", "/api/v1", "openapi", "/api/v1/openapi.json"));
}

static int openapi(struct request *req, struct fault *fault)
{
        char *copy = strdup(req->rest->openapi_text);

        (void)fault;
        return copy ? answer_bytes(req, 200, "application/json", copy, strlen(copy)) : -ENOMEM;
}

static int status(struct request *req, struct fault *fault)
{
        json_t *out = hub_status(request_hub(req)), *listeners = json_array();

        (void)fault;
        for (size_t i = 0; i < req->rest->n_listeners; i++)
                json_array_append_new(listeners, json_string(req->rest->listeners[i].address));
        json_object_set_new(out, "problems", content_problems(request_content(req)));
        json_object_set_new(out, "listen", listeners);
        json_object_set_new(out, "streams", json_integer(stream_clients(req->rest->stream)));
        return answer_json(req, 200, out);
}

static int backup(struct request *req, struct fault *fault)
{
        char now[CLOCK_TEXT_SIZE];
        struct stat st;
        int fd = -1, r = store_backup(request_store(req), &fd, fault);

        if (r)
                return r;
        req->stream = fstat(fd, &st) < 0 ? NULL
                : MHD_create_response_from_fd64((uint64_t)st.st_size, fd);
        if (!req->stream) {
                close(fd);
                return -ENOMEM;
        }
        req->status = 200;
        req->content_type = "application/vnd.sqlite3";
        answer_header(req, "Content-Disposition", "attachment; filename=\"kaname-%.10s.backup\"",
                      clock_text(clock_real_ms(), now));
        return 0;
}

static int metrics(struct request *req, struct fault *fault)
{
        char *text = hub_metrics(request_hub(req));

        (void)fault;
        if (!text)
                return -ENOMEM;
        return answer_bytes(req, 200, "text/plain; version=0.0.4; charset=utf-8", text,
                            strlen(text));
}

static int healthz(struct request *req, struct fault *fault)
{
        (void)fault;
        return answer_json(req, 200, json_pack("{s:s}", "status", "ok"));
}

static int readyz(struct request *req, struct fault *fault)
{
        int r = hub_ready(request_hub(req), fault);

        return r ? r : answer_json(req, 200, json_pack("{s:s}", "status", "ready"));
}

static const struct route rows[] = {
        { "GET", "/api/v1/", info, AUTH_ANY, ROUTE_INLINE, 200, "What this is", "", NULL,
                "Object" },
        { "GET", "/api/v1/openapi.json", openapi, AUTH_ANY, ROUTE_INLINE, 200, "This description",
                "", NULL, "Object" },
        { "GET", "/api/v1/status", status, AUTH_READ, 0, 200, "How the hub fares", "", NULL,
                "Status" },
        { "POST", "/api/v1/backup", backup, AUTH_ADMINISTER, 0, 200,
          "All that the store holds, as one file to restore from", "", NULL, "Backup" },
        { "GET", "/metrics", metrics, AUTH_READ, 0, 200, "Figures for Prometheus", "", NULL,
                "Text" },
        { "GET", "/healthz", healthz, AUTH_NONE, ROUTE_INLINE, 200, "Is the process alive?", "",
                NULL, "Health" },
        { "GET", "/readyz", readyz, AUTH_NONE, ROUTE_INLINE, 200, "Can it work?", "", NULL,
                "Health" },
};

ROUTE_TABLE(routes_system);
