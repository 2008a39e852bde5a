/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Inside rest: one request, and what handlers do with it.
 *
 * A handler returns 0 when it answered, REQUEST_LATER when somebody will answer and call
 * request_done(), and FAULT or a negative errno, from which the problem document is made in one
 * place. Unless its row says otherwise it runs on the pool with the connection suspended, so it may
 * block. After REQUEST_LATER the request is not the handler's any more.
 */

#ifndef REST_REQUEST_H
#define REST_REQUEST_H

#include "auth/auth.h"
#include "base/cleanup.h"
#include "base/fault.h"
#include "base/id.h"
#include "catalog/catalog.h"
#include "rest/query.h"
#include "rest/router.h"
#include "rest/server.h"
#include "store/store.h"

#include <jansson.h>

#define REQUEST_LATER 2
#define REQUEST_HEADERS_MAX 8

struct MHD_Connection;
struct content;
struct hub;
struct text;

struct request {
        struct rest *rest;
        struct listener *listener;
        struct MHD_Connection *connection;
        const struct route *route;
        char *uri;                      /* our copy: path and query point into it */
        const char *param[ROUTE_PARAMS_MAX];
        struct query query;
        struct auth_principal
                *who; /* NULL: an open route, or a webhook whose signature is still to be checked */
        char *body;                     /* NUL-terminated */
        size_t body_len, body_room, swallowed;
        int upload_fd;                  /* a body that goes to a file instead, else -1 */
        struct once *once;              /* Idempotency-Key, see once.h; NULL: none came */
        json_t *json; /* the body, parsed and checked, where the row names a schema */
        struct catalog *catalog;        /* see request_catalog() */
        char id[ID_TEXT_SIZE];          /* X-Request-ID where the client sent none */
        int64_t begun_ms;

        /* the answer */
        unsigned status;
        const char *content_type;
        char *out;
        size_t out_len;
        unsigned n_headers;
        struct {
                const char *name;
                char *value;
        } headers[REQUEST_HEADERS_MAX];
        struct MHD_Response *stream;    /* instead of out */

        enum { REQUEST_FRESH, REQUEST_BODY, REQUEST_RUNNING } stage;
        bool is_counted, is_head;
        /* May be NULL: makes the answer on the daemon's thread, after request_done(). */
        int (*finish)(struct request *req, struct fault *fault);
        void *later;                    /* the handler's own, while it waits; freed by later_free */
        void (*later_free)(void *later);
};

const char *request_header(const struct request *req, const char *name);
/* The catalog of this request's whole life. */
struct catalog *request_catalog(struct request *req);
struct hub *request_hub(const struct request *req);
struct content *request_content(const struct request *req);
struct store *request_store(const struct request *req);
/* There is no such trigger type; FAULT 404 with the nearest. */
int request_no_trigger(struct request *req, const char *ref, struct fault *fault);
/* The path parameter of that name. */
const char *request_param(const struct request *req, const char *name);
int request_param_id(const struct request *req, const char *name, struct id *ret,
                     struct fault *fault);
bool request_is_admin(const struct request *req);
/* Admins may ask for ?show_secrets=true; others are refused. */
int request_shows_secrets(const struct request *req, bool *ret, struct fault *fault);
/* Parse the body as JSON under the limits. */
int request_parse(struct request *req, json_t **ret, struct fault *fault);
/* Is the body's content type this one (parameters aside)? */
bool request_has_type(const struct request *req, const char *type);
/* The answer is complete: let it go. Any thread; the request is not the caller's any more. */
void request_done(struct request *req);

/* ---- answers ---- */

int answer_json(struct request *req, unsigned status, json_t *value);           /* steals */
int answer_text(struct request *req, unsigned status, const char *type, struct text *text);
int answer_bytes(struct request *req, unsigned status, const char *type, char *bytes,
                 size_t len); /* steals */
int answer_empty(struct request *req, unsigned status);
void answer_fault(struct request *req, struct fault *fault);
void answer_header(struct request *req, const char *name, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
/* One object, thinned by include_attributes and exclude_attributes. Steals. */
int answer_object(struct request *req, unsigned status, json_t *object);

/* ---- lists ---- */

/* What the client asked for, and the page as it grows. */
struct page {
        size_t limit, offset;
        bool is_ascending;
        int64_t since_ms, until_ms;
        size_t total;
        json_t *rows;
        struct request *req;
};
int page_init(struct page *page, struct request *req, struct fault *fault);
void page_deinit(struct page *page);
#define _page_ __attribute__((cleanup(page_deinit)))
/* For lists out of memory: does the next one that matches belong on the page? Counts it. */
bool page_takes(struct page *page);
void page_add(struct page *page, json_t *row);          /* steals */
struct store_page page_store(const struct page *page);
/* The array with X-Total-Count and X-Limit. */
int page_answer(struct page *page);

/* Thin out one object; steals and returns it or another. */
json_t *fields_apply(const struct query *query, json_t *object);
/* Is this attribute asked for? */
bool fields_want(const struct query *query, const char *name);

#endif
