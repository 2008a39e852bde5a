/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The life of one request. libmicrohttpd calls request_serve() again and again: once when the
 * headers are there, for each piece of the body, once when the body is whole, and once more after
 * the connection was resumed. What is wrong with a request is found as early as possible, but a
 * small body is still read before the refusal is sent, so that the connection lives on and no
 * client loses the answer to a reset.
 *
 * Handlers that wait are handed the request with the connection suspended; it is suspended before
 * they start, since the commit that resumes it may be faster than they return.
 */

#include "rest/request.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "hub/hub.h"
#include "loop/pool.h"
#include "rest/identify.h"
#include "rest/once.h"
#include "rest/openapi.h"
#include "rest/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

/* A refused body up to this size is read all the same; then the connection is closed. */
#define SWALLOW_MAX (8 << 20)
#define BODY_SECONDS_MAX 60

const char *request_header(const struct request *req, const char *name)
{
        return MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, name);
}

struct catalog *request_catalog(struct request *req)
{
        if (!req->catalog)
                req->catalog = hub_catalog(req->rest->options.hub);
        return req->catalog;
}

int request_no_trigger(struct request *req, const char *ref, struct fault *fault)
{
        const char *nearest = catalog_nearest_trigger(request_catalog(req), ref);

        fault_set(fault, 404, "trigger.unknown", "there is no trigger type '%.128s'", ref);
        if (nearest)
                return fault_try(fault, "did you mean '%s'? (kaname trigger list shows all)",
                                 nearest);
        return fault_try(fault, "kaname trigger list");
}

struct content *request_content(const struct request *req)
{
        return req->rest->options.content;
}

struct hub *request_hub(const struct request *req)
{
        return req->rest->options.hub;
}

struct store *request_store(const struct request *req)
{
        return hub_store(req->rest->options.hub);
}

const char *request_param(const struct request *req, const char *name)
{
        int i = route_param(req->route, name);

        return i < 0 ? NULL : req->param[i];
}

int request_param_id(const struct request *req, const char *name, struct id *ret,
                     struct fault *fault)
{
        const char *text = request_param(req, name);

        if (text && id_parse(text, ret))
                return 0;
        fault_set(fault, 404, "id.invalid", "'%.64s' is not an id", text ? text : "");
        return fault_why(fault, "ids have 24 hex digits");
}

bool request_is_admin(const struct request *req)
{
        return req->who && req->who->role == AUTH_ADMIN;
}

int request_shows_secrets(const struct request *req, bool *ret, struct fault *fault)
{
        bool wanted = false;
        int r = query_bool(&req->query, "show_secrets", &wanted, fault);

        if (r)
                return r;
        if (wanted && !request_is_admin(req))
                return fault_set(fault, 403, "auth.secrets",
                                 "only administrators may ask for show_secrets");
        *ret = wanted;
        return 0;
}

bool request_has_type(const struct request *req, const char *type)
{
        const char *value = request_header(req, MHD_HTTP_HEADER_CONTENT_TYPE);
        size_t n = strlen(type);

        return value && strncasecmp(value, type, n) == 0 && strchr("; \t", value[n]);
}

int request_parse(struct request *req, json_t **ret, struct fault *fault)
{
        if (!req->body_len)
                return fault_set(fault, 400, "body.missing", "the request has no body");
        return json_parse(req->body, req->body_len, &req->rest->json_limits, ret, fault);
}

/* ---- begin ---- */

void *request_new(void *cls, const char *uri, struct MHD_Connection *connection)
{
        struct listener *listener = cls;
        struct request *req = calloc(1, sizeof *req);

        if (!req || !(req->uri = strdup(uri))) {
                free(req);
                return NULL;
        }
        req->listener = listener;
        req->rest = listener->rest;
        req->connection = connection;
        req->upload_fd = -1;
        return req;
}

static int check_type(const struct request *req, struct fault *fault)
{
        const char *type = request_header(req, MHD_HTTP_HEADER_CONTENT_TYPE);

        if (!type || (req->route->flags & ROUTE_RAW) || request_has_type(req, "application/json"))
                return 0;
        if ((req->route->flags & ROUTE_UPLOAD)
            && (request_has_type(req, "application/zstd")
                || request_has_type(req, "application/octet-stream")))
                return 0;
        fault_set(fault, 415, "body.type", "the body is %.64s, wanted application/json", type);
        return fault_try(
                fault,
                "send the header Content-Type: application/json (curl -d sends a form without it)");
}

static bool is_upload(const struct request *req)
{
        return (req->route->flags & ROUTE_UPLOAD) && request_header(req,
                                                                    MHD_HTTP_HEADER_CONTENT_TYPE)
                && !request_has_type(req, "application/json");
}

static int too_big(const struct request *req, uint64_t size, struct fault *fault)
{
        const struct rest_options *options = &req->rest->options;
        bool upload = req->route && is_upload(req);

        fault_set(fault, 413, "body.too-big",
                  "a body of %llu bytes or more is over the limit of %llu",
                  (unsigned long long)size,
                  (unsigned long long)(upload ? options->pack_max : options->body_max));
        return fault_try(fault, "send less at a time, or raise %s", upload ? "limits.pack"
                         : "limits.body");
}

static uint64_t body_limit(const struct request *req)
{
        return is_upload(req) ? req->rest->options.pack_max : req->rest->options.body_max;
}

/* The announced length, 0 if none is; chunked bodies are counted as they come. */
static uint64_t announced(const struct request *req)
{
        const char *text = request_header(req, MHD_HTTP_HEADER_CONTENT_LENGTH);
        int64_t length = 0;

        if (text)
                text_to_int(text, 0, INT64_MAX, &length);
        return (uint64_t)length;
}

static int prepare_body(struct request *req, struct fault *fault)
{
        uint64_t length = announced(req);

        if (!length && !request_header(req, MHD_HTTP_HEADER_TRANSFER_ENCODING))
                return 0;
        if (length > body_limit(req))
                return too_big(req, length, fault);
        if (!req->route->request && !(req->route->flags & (ROUTE_RAW | ROUTE_UPLOAD)))
                return 0;
        if (check_type(req, fault))
                return FAULT;
        if (is_upload(req)) {
                req->upload_fd = open(req->rest->options.state_dir, O_TMPFILE | O_RDWR | O_CLOEXEC,
                                      0600);
                return req->upload_fd < 0 ? -errno : 0;
        }
        req->body_room = length ? length + 1 : 4096;
        req->body = malloc(req->body_room);
        return req->body ? 0 : -ENOMEM;
}

/* The request was counted before this looks, and who stops looks at the count after it said so. */
static int check_open(const struct request *req, struct fault *fault)
{
        bool stopping = __atomic_load_n(&req->rest->is_stopping, __ATOMIC_SEQ_CST);
        bool quiet = __atomic_load_n(&req->rest->is_quiet, __ATOMIC_SEQ_CST);

        if (!stopping && (!quiet || strcmp(req->route->method, "GET") == 0))
                return 0;
        return fault_set(fault, 503, "hub.stopping", "the hub is stopping");
}

/*
 * libmicrohttpd's own refusals are HTML, so its limits lie above these: only what is far beyond is
 * left to it.
 */
static int check_head(const struct request *req, struct fault *fault)
{
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(
                req->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
        uint32_t max = req->rest->options.header_max;

        if (strlen(req->uri) > max / 2) {
                fault_set(fault, 414, "uri.too-long", "the URI is over the limit of %u bytes",
                          max / 2);
                return fault_try(fault, "put what is long into the body, or raise limits.headers "
                                 "(a URI may have half of it)");
        }
        if (!info || info->header_size <= max)
                return 0;
        fault_set(fault, 431, "headers.too-big", "%zu bytes of headers are over the limit of %u",
                  info->header_size, max);
        return fault_try(fault, "send less, or raise limits.headers");
}

/* On a connection beyond the limit, see server.c. */
static int check_crowd(struct request *req, struct fault *fault)
{
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(
                req->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

        if (!info || !info->socket_context)
                return 0;
        answer_header(req, "Connection", "close");
        fault_set(fault, 503, "rest.crowded", "more than %u connections are open",
                  req->rest->options.connections_max);
        return fault_try(fault, "close those that are idle and try again, or raise "
                         "limits.connections");
}

/* RFC 9112 3.2.2: a server takes "http://host/path" for /path. */
static void make_origin_form(struct request *req)
{
        size_t n = strncasecmp(req->uri, "http://", 7) == 0 ? 7
                : strncasecmp(req->uri, "https://", 8) == 0 ? 8 : 0;
        char *path = req->uri + n;

        if (!n)
                return;
        path += strcspn(path, "/?#");
        if (*path == '/')
                memmove(req->uri, path, strlen(path) + 1);
        else
                memmove(req->uri + 1, path, strlen(path) + 1);
        req->uri[0] = '/';
}

static int begin(struct request *req, const char *method, struct fault *fault)
{
        char *query;
        int r;

        req->begun_ms = clock_mono_ms();
        r = check_crowd(req, fault);
        if (!r)
                r = check_head(req, fault);
        if (r)
                return r;
        make_origin_form(req);
        query = strchr(req->uri, '?');
        if (query)
                *query++ = '\0';
        req->is_head = strcmp(method, "HEAD") == 0;
        if (strcmp(method, "OPTIONS") == 0)
                return serve_options(req, fault);
        r = route_find(method, req->uri, &req->route, req->param, fault);
        if (!r)
                r = query_parse(query, &req->query, fault);
        if (!r)
                r = identify(req, fault);
        if (!r)
                r = prepare_body(req, fault);
        return r ? r : check_open(req, fault);
}

static void refuse(struct request *req, int r, struct fault *fault)
{
        fault_errno(fault, r, "serving the request");
        req->finish = NULL;
        answer_fault(req, fault);
}

static enum MHD_Result first_call(struct request *req, const char *method)
{
        _fault_ struct fault fault = FAULT_INIT;
        int r;

        req->stage = REQUEST_BODY;
        req->is_counted = true;
        __atomic_add_fetch(&req->rest->open, 1, __ATOMIC_SEQ_CST);
        r = begin(req, method, &fault);
        if (r)
                refuse(req, r, &fault);
        if (req->status && announced(req) > SWALLOW_MAX)
                return serve_send(req);
        return MHD_YES;
}

/* ---- body ---- */

static int grow(struct request *req, size_t more)
{
        size_t room = req->body_room ? req->body_room : 4096;
        char *bigger;

        while (room < req->body_len + more + 1)
                room *= 2;
        bigger = room > req->body_room ? realloc(req->body, room) : req->body;
        if (!bigger)
                return -ENOMEM;
        req->body = bigger;
        req->body_room = room;
        return 0;
}

static int spool(struct request *req, const char *data, size_t len)
{
        while (len > 0) {
                ssize_t n = write(req->upload_fd, data, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                data += n;
                len -= (size_t)n;
        }
        return 0;
}

static int take_body(struct request *req, const char *data, size_t len, struct fault *fault)
{
        int r = 0;

        if (clock_mono_ms() - req->begun_ms > BODY_SECONDS_MAX * 1000 && req->upload_fd < 0)
                return fault_set(fault, 408, "body.slow", "the body took more than %d s",
                                 BODY_SECONDS_MAX);
        if (req->body_len + len > body_limit(req))
                return too_big(req, req->body_len + len, fault);
        if (req->upload_fd >= 0)
                r = spool(req, data, len);
        else if (req->route->request || (req->route->flags & ROUTE_RAW))
                r = req->body_len + len + 1 > req->body_room ? grow(req, len) : 0;
        if (!r && req->body)
                memcpy(req->body + req->body_len, data, len);
        if (!r)
                req->body_len += len;
        return r;
}

static enum MHD_Result more_body(struct request *req, const char *data, size_t len)
{
        _fault_ struct fault fault = FAULT_INIT;
        int r;

        if (req->status) {
                req->swallowed += len;
                return req->swallowed <= SWALLOW_MAX ? MHD_YES : MHD_NO;
        }
        r = take_body(req, data, len, &fault);
        if (r)
                refuse(req, r, &fault);
        return MHD_YES;
}

/* ---- run ---- */

static int parse_body(struct request *req, struct fault *fault)
{
        if (!req->route->request || req->upload_fd >= 0 || (req->route->flags & ROUTE_RAW))
                return 0;
        if (!req->body_len && (req->route->flags & ROUTE_OPTIONAL))
                return 0;
        if (request_parse(req, &req->json, fault))
                return FAULT;
        if (json_is_null(req->json) && (req->route->flags & ROUTE_OPTIONAL)) {
                json_decref(req->json);
                req->json = NULL;
                return 0;
        }
        return schemas_check(req->rest->schemas, req->route->request, req->json, fault);
}

static int run(struct request *req)
{
        _fault_ struct fault fault = FAULT_INIT;
        int r = parse_body(req, &fault);

        if (!r)
                r = once_read(req, &fault);
        if (!r)
                r = once_handle(req, &fault);
        if (r == REQUEST_LATER)
                return r;
        if (r)
                refuse(req, r, &fault);
        return 0;
}

static void run_on_pool(void *arg)
{
        if (run(arg) != REQUEST_LATER)
                request_done(arg);
}

void request_done(struct request *req)
{
        MHD_resume_connection(req->connection);
}

/* Whether a run with an Idempotency-Key was done before is looked up, and that may block. */
static bool is_async(const struct request *req)
{
        return (req->route->flags & ROUTE_ASYNC)
                && !((req->route->flags & ROUTE_RUNS) && request_header(req, "Idempotency-Key"));
}

static enum MHD_Result start(struct request *req)
{
        req->stage = REQUEST_RUNNING;
        if (req->body)
                req->body[req->body_len] = '\0';
        if (req->route->flags & ROUTE_INLINE) {
                run(req);
                return serve_send(req);
        }
        MHD_suspend_connection(req->connection);
        if (is_async(req))
                run_on_pool(req);
        else if (pool_run(req->rest->pool, run_on_pool, req) < 0) {
                _fault_ struct fault fault = FAULT_INIT;

                fault_set(&fault, 503, "hub.stopping", "the hub is stopping");
                answer_fault(req, &fault);
                request_done(req);
        }
        return MHD_YES;
}

static enum MHD_Result resumed(struct request *req)
{
        _fault_ struct fault fault = FAULT_INIT;
        int r = req->finish ? req->finish(req, &fault) : 0;

        if (r)
                refuse(req, r, &fault);
        return serve_send(req);
}

enum MHD_Result request_serve(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **con_cls)
{
        struct request *req = *con_cls;

        (void)cls, (void)connection, (void)url, (void)version;
        if (!req)
                return MHD_NO;
        if (req->stage == REQUEST_FRESH)
                return first_call(req, method);
        if (req->stage == REQUEST_RUNNING)
                return resumed(req);
        if (*size) {
                enum MHD_Result more = more_body(req, data, *size);

                *size = 0;
                return more;
        }
        return req->status ? serve_send(req) : start(req);
}

void request_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                       enum MHD_RequestTerminationCode code)
{
        struct request *req = *con_cls;

        (void)cls, (void)connection, (void)code;
        if (!req)
                return;
        *con_cls = NULL;
        if (req->is_counted)
                __atomic_sub_fetch(&req->rest->open, 1, __ATOMIC_RELEASE);
        for (unsigned i = 0; i < req->n_headers; i++)
                free(req->headers[i].value);
        if (req->later_free)
                req->later_free(req->later);
        if (req->upload_fd >= 0)
                close(req->upload_fd);
        auth_principal_unref(req->who);
        catalog_unref(req->catalog);
        json_decref(req->json);
        once_end(req);
        free(req->body);
        free(req->out);
        free(req->uri);
        free(req);
}
