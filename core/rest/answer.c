/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What handlers leave behind for request.c to send. The problem document is made here and nowhere
 * else: RFC 9457's members for who reads those, `faultstring` for StackStorm's clients.
 */

#include "rest/request.h"

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int answer_bytes(struct request *req, unsigned status, const char *type, char *bytes, size_t len)
{
        free(req->out);
        req->status = status;
        req->content_type = type;
        req->out = bytes;
        req->out_len = len;
        return 0;
}

int answer_json(struct request *req, unsigned status, json_t *value)
{
        char *text = value ? json_compact(value) : NULL;

        json_decref(value);
        return text ? answer_bytes(req, status, "application/json", text, strlen(text)) : -ENOMEM;
}

int answer_text(struct request *req, unsigned status, const char *type, struct text *text)
{
        size_t len = text->len;
        char *s = text->failed ? NULL : text_take(text);

        return s ? answer_bytes(req, status, type, s, len) : -ENOMEM;
}

int answer_empty(struct request *req, unsigned status)
{
        return answer_bytes(req, status, NULL, NULL, 0);
}

int answer_object(struct request *req, unsigned status, json_t *object)
{
        return answer_json(req, status, fields_apply(&req->query, object));
}

void answer_header(struct request *req, const char *name, const char *fmt, ...)
{
        char *value = NULL;
        va_list ap;

        if (req->n_headers == REQUEST_HEADERS_MAX)
                return;
        va_start(ap, fmt);
        if (vasprintf(&value, fmt, ap) >= 0) {
                req->headers[req->n_headers].name = name;
                req->headers[req->n_headers++].value = value;
        }
        va_end(ap);
}

static const char *title(int status)
{
        static const struct {
                int status;
                const char *text;
        } titles[] = {
                { 400, "Bad Request" },        { 401, "Unauthorized" },
                { 403, "Forbidden" },          { 404, "Not Found" },
                { 405, "Method Not Allowed" }, { 408, "Request Timeout" },
                { 409, "Conflict" },           { 413, "Content Too Large" },
                { 414, "URI Too Long" },     { 431, "Request Header Fields Too Large" },
                { 415, "Unsupported Media Type" }, { 422, "Unprocessable Content" },
                { 429, "Too Many Requests" },  { 501, "Not Implemented" },
                { 502, "Bad Gateway" },        { 503, "Service Unavailable" },
                { 504, "Gateway Timeout" },    { 507, "Insufficient Storage" },
        };

        for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
                if (titles[i].status == status)
                        return titles[i].text;
        return "Internal Server Error";
}

static void headers_of(struct request *req, const struct fault *fault)
{
        const char *allow = json_text_of(fault->detail, "allow", NULL);

        if (fault->status == 401)
                answer_header(req, "WWW-Authenticate", "Bearer realm=\"kaname\"");
        if (fault->status == 503 || fault->status == 507)
                answer_header(req, "Retry-After", "%d", fault->status == 503 ? 5 : 60);
        if (allow)
                answer_header(req, "Allow", "%s, OPTIONS", allow);
}

void answer_fault(struct request *req, struct fault *fault)
{
        int status = fault->status >= 400 && fault->status < 600 ? fault->status : 500;
        const char *what = fault->what ? fault->what : "out of memory";
        json_t *problem = json_object();

        json_object_set_new(problem, "type", json_sprintf("urn:kaname:problem:%s",
                            *fault->code ? fault->code : "internal"));
        json_set_text(problem, "title", title(status));
        json_object_set_new(problem, "status", json_integer(status));
        json_set_text(problem, "detail", what);
        json_set_text(problem, "code", *fault->code ? fault->code : "internal");
        if (fault->why)
                json_set_text(problem, "why", fault->why);
        if (fault->remedy)
                json_set_text(problem, "remedy", fault->remedy);
        json_set_text(problem, "faultstring", what);
        if (fault->detail)
                json_object_update_missing(problem, fault->detail);
        headers_of(req, fault);
        if (status == 500)
                log_write(LOG_ERROR_, LOG_FIELDS("code", fault->code, "route",
                          req->route ? req->route->path : "-"), "request failed: %s", what);
        if (answer_json(req, (unsigned)status, problem) < 0)
                answer_empty(req, 500);
        else
                req->content_type = "application/problem+json";
}
