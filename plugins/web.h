/* SPDX-License-Identifier: Apache-2.0 */

/*
 * JSON over HTTP, for every plugin whose system is asked that way. One call is one question and one
 * answer; what is no proper answer (a status that says no, a web page, a redirect, text cut off in
 * the middle) is a failure whose sentence names the system, what was asked, and what came.
 *
 * A status of success is what the system says, not what is so: read back what you changed.
 *
 * Only what changes nothing is asked again by itself: GET, HEAD, and calls marked is_safe, twice,
 * after a pause, where nobody answered or the answer was "not now".
 */

#ifndef PLUGINS_WEB_H
#define PLUGINS_WEB_H

#include "cleanup.h"

#include <kaname/plugin.h>

#include <stdbool.h>

/* The system at the other end. Borrowed texts. */
struct web_site {
        const char *name;               /* "Redmine": how sentences call it */
        const char *base;               /* "https://tickets.test/redmine", with or without a final slash */
        const char *headers;            /* of every call, lines that end in \n: the credentials; NULL: none */
        const char *on_refusal;         /* what to look at after 401 and 403: "compare api_key with …" */
};

struct web_call {
        const char *method;             /* NULL: "GET" */
        const char *path;               /* after base: "/issues/1.json?limit=1", see web_path() */
        const char *doing;              /* "issue 1": what was asked, for sentences */
        const char *headers;            /* of this call, as above; NULL: none */
        const json_t *json;             /* the request's body; NULL: none, or body */
        const char *body;               /* a body that is no JSON; its Content-Type is in headers */
        size_t body_len;
        bool is_safe;                   /* asking twice does no harm, though it is no GET */
        bool may_be_absent;             /* 404 is an answer too: KN_ENOENT without a sentence */
        bool is_text;                   /* any answer will do: json is not wanted of it */
        /* the answer; set after a failure too, as far as there was one */
        int status;                     /* 0: there was none */
        json_t *reply;                  /* yours, see web_done(); NULL: no body, or not JSON */
        const char *text;               /* the body as it came; lives as long as the callback */
        size_t text_len;
        const char *reply_headers;
};

/*
 * KN_OK: a status of 200 to 299, and reply is its JSON (NULL where the body was empty). Else a KN_E
 * with the sentence set: KN_EARG 400, 413, 422 - KN_EAUTH 401, 403, 407 - KN_ENOENT 404, 410 -
 * KN_ECONFLICT 409, 412 - KN_ETEMP 429, 503, and 5xx of a safe call - KN_EREMOTE the rest. Whoever
 * knows better says so with a kn_fail() of its own. call may be used again after web_done().
 */
int web_call(struct kn_ctx *ctx, const struct web_site *site, struct web_call *call);
void web_done(struct web_call *call);                   /* lets go of reply; accepts a call never made */
#define _web_ _cleanup_(web_done)

/*
 * A path from its parts: each %s is percent-encoded whole (its slashes too), %lld is a number, %%
 * is a percent sign. NULL: out of memory.
 */
__attribute__((format(printf, 1, 2)))
char *web_path(const char *format, ...);
char *web_escape(const char *text);

/*
 * Behind the last property of a plugin's configuration: "tls", as kaname-plugin(3) has it, so that a
 * system behind an authority of one's own can be asked, too.
 */
#define WEB_TLS ", " KN_JSON(                                                                      \
        "tls": { "type": "object", "additionalProperties": false,                                  \
                "description": "Of https: whom to trust and who the hub is; files in PEM form",    \
                "properties": {                                                                    \
                        "ca": { "type": "string", "pattern": "^/", "maxLength": 4000,              \
                                "description": "Authorities to trust; absent: the machine's" },    \
                        "cert": { "type": "string", "pattern": "^/", "maxLength": 4000,            \
                                "description": "Who the hub is; absent: it does not say" },        \
                        "key": { "type": "string", "pattern": "^/", "maxLength": 4000,             \
                                "description": "Of cert; absent: in the same file" },              \
                        "verify": { "type": "boolean", "default": true,                            \
                                "description": "False: talk to whoever answers" } } })

/* The value of a header of the answer, without spaces around it; false: there is none, or it is longer. */
bool web_header(const struct web_call *call, const char *name, char *ret, size_t size);

/* What a body says of a failure, in one line: its "error", "message", …, else its beginning. */
void web_reason(const char *text, size_t len, char *ret, size_t size);

#endif
