/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/once.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/list.h"
#include "base/log.h"
#include "base/text.h"
#include "rest/run.h"
#include "store/seal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KEEP_MS 86400000
#define KEEP_BYTES_MAX (256 << 10)
#define STORED_SCOPE "idempotency"

struct once {
        char scope[768];
        const char *key;                /* the client's header */
        uint8_t hash[HASH_SIZE];        /* of the body */
        char name[HASH_TEXT_SIZE];      /* of scope and key */
        struct list flight;
};

struct once_flights {
        pthread_mutex_t lock;
        struct list all;
};

struct once_flights *once_flights_new(void)
{
        struct once_flights *flights = calloc(1, sizeof *flights);

        if (!flights)
                return NULL;
        pthread_mutex_init(&flights->lock, NULL);
        list_init(&flights->all);
        return flights;
}

struct once_flights *once_flights_free(struct once_flights *flights)
{
        if (flights)
                pthread_mutex_destroy(&flights->lock);
        free(flights);
        return NULL;
}

/* ---- the header ---- */

static int scope_of(const struct request *req, char *scope, size_t size, struct fault *fault)
{
        int len = snprintf(scope, size, "idem:%s:%s:%s", req->who ? req->who->user : "",
                           req->route->method, req->route->path);

        for (size_t i = 0; i < ROUTE_PARAMS_MAX && len > 0 && (size_t)len < size; i++)
                if (req->param[i])
                        len += snprintf(scope + len, size - (size_t)len, ":%s", req->param[i]);
        if (len > 0 && (size_t)len < size)
                return 0;
        return fault_set(fault, 400, "idempotency.path",
                         "the path is too long for an Idempotency-Key");
}

static int hash_body(const struct request *req, uint8_t hash[HASH_SIZE])
{
        if (req->upload_fd >= 0)
                return hash_fd(req->upload_fd, hash);
        hash_bytes(req->body ? req->body : "", req->body_len, hash);
        return 0;
}

int once_read(struct request *req, struct fault *fault)
{
        const char *key = request_header(req, "Idempotency-Key");
        size_t n = key ? strlen(key) : 0;
        uint8_t digest[HASH_SIZE];
        char both[1024];
        int r;

        if (!key || strcmp(req->route->method, "POST") != 0)
                return 0;
        if (!n || n > 255 || strcspn(key, "\t\r\n") < n) {
                fault_set(fault, 400, "idempotency.key",
                          "an Idempotency-Key has 1 to 255 characters");
                return fault_try(fault, "send a new random text for each thing to be done once");
        }
        req->once = calloc(1, sizeof *req->once);
        if (!req->once)
                return -ENOMEM;
        list_init(&req->once->flight);
        r = scope_of(req, req->once->scope, sizeof req->once->scope, fault);
        if (!r)
                r = hash_body(req, req->once->hash);
        if (r)
                return r;
        req->once->key = key;
        snprintf(both, sizeof both, "%s\n%s", req->once->scope, key);
        hash_bytes(both, strlen(both), digest);
        hash_text(digest, req->once->name);
        return 0;
}

struct hub_once request_once(const struct request *req)
{
        const struct once *once = req->once;

        return once ? (struct hub_once){ once->scope, once->key, once->hash }
                    : (struct hub_once){ NULL, NULL, NULL };
}

int once_mismatch(const char *first, struct fault *fault)
{
        fault_set(fault, 422, "idempotency.mismatch",
                  "this Idempotency-Key was used with another body");
        if (first) {
                fault_why(fault, "it belongs to %s", first);
                fault_detail(fault, "conflict-id", json_string(first));
        }
        return fault_try(fault, "send the same body again, or a new key");
}

/* ---- one flight at a time ---- */

static int take_off(struct request *req, struct fault *fault)
{
        struct once_flights *flights = req->rest->flights;
        bool is_flying = false;

        pthread_mutex_lock(&flights->lock);
        list_each(link, &flights->all)
                is_flying |= strcmp(list_entry(link, struct once, flight)->name,
                                    req->once->name) == 0;
        if (!is_flying)
                list_append(&flights->all, &req->once->flight);
        pthread_mutex_unlock(&flights->lock);
        if (!is_flying)
                return 0;
        fault_set(fault, 409, "idempotency.in-flight",
                  "a request with this Idempotency-Key is still being worked on");
        fault_why(fault, "its answer is not known yet, and it is not done twice");
        return fault_try(fault, "wait a second and send the same again: then its answer comes");
}

static void land(struct request *req)
{
        /* Unlinked twice it does no harm. */
        pthread_mutex_lock(&req->rest->flights->lock);
        list_unlink(&req->once->flight);
        pthread_mutex_unlock(&req->rest->flights->lock);
}

void once_end(struct request *req)
{
        if (req->once)
                land(req);
        free(req->once);
        req->once = NULL;
}

/* ---- answers that are kept ---- */

struct kept {
        char *sealed;
};

static int see_kept(void *arg, const struct store_key *key)
{
        struct kept *kept = arg;

        kept->sealed = strdup(key->value);
        return 0;
}

/* NULL where there is none, or none that can be read any more. */
static json_t *find_kept(struct request *req)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct kept kept = { NULL };
        _free_ char *sealed = NULL, *clear = NULL;

        store_get_key(request_store(req), STORED_SCOPE, "", req->once->name, see_kept, &kept,
                      &fault);
        sealed = kept.sealed;
        if (!sealed || seal_unseal(hub_seal(request_hub(req)), req->once->name, sealed, &clear,
                                   NULL))
                return NULL;
        return json_stored(clear);
}

static int answer_kept(struct request *req, const json_t *kept, struct fault *fault)
{
        const char *body = json_text_of(kept, "body", "");
        char hash[HASH_TEXT_SIZE];

        if (!text_equal(json_text_of(kept, "hash", ""), hash_text(req->once->hash, hash)))
                return once_mismatch(NULL, fault);
        answer_header(req, "Idempotency-Replayed", "true");
        return answer_bytes(req, (unsigned)json_int_of(kept, "status", 200),
                            *body ? "application/json" : NULL, strdup(body), strlen(body));
}

static int commit_kept(struct request *req, const char *text, struct fault *fault)
{
        const char *name = req->once->name;
        _free_ char *sealed = NULL;
        struct store_key key = { .scope = STORED_SCOPE, .owner = "", .name = name, .secret = true,
                .changed_ms = clock_real_ms(), .expires_ms = clock_real_ms() + KEEP_MS };
        struct store_txn *txn;
        int r = seal_text(hub_seal(request_hub(req)), name, text, &sealed, fault);

        if (r)
                return r;
        txn = store_txn_new();
        if (!txn)
                return -ENOMEM;
        key.value = sealed;
        store_txn_key(txn, &key, STORE_ANY);
        return store_outcome_fault(store_commit_wait(request_store(req), txn, NULL, NULL), fault);
}

/* That it is done stands in the store already: what fails here costs the answer's repetition. */
static void keep(struct request *req)
{
        _fault_ struct fault fault = FAULT_INIT;
        char hash[HASH_TEXT_SIZE];
        _json_ json_t *kept = NULL;
        _free_ char *text = NULL;

        if (req->status >= 300 || req->stream || req->out_len > KEEP_BYTES_MAX)
                return;
        kept = json_pack("{s:s, s:i, s:s%}", "hash", hash_text(req->once->hash, hash), "status",
                         (int)req->status, "body", req->out ? req->out : "", req->out_len);
        text = kept ? json_compact(kept) : NULL;
        if (!text || commit_kept(req, text, &fault))
                log_warning("rest: the answer for an Idempotency-Key was not kept: %s, ignoring",
                            fault.what ? fault.what : "out of memory");
}

static int handle_kept(struct request *req, struct fault *fault)
{
        _json_ json_t *kept = NULL;
        int r = take_off(req, fault);

        if (r)
                return r;
        kept = find_kept(req);
        r = kept ? answer_kept(req, kept, fault) : req->route->handle(req, fault);
        if (!r && !kept)
                keep(req);
        if (r != REQUEST_LATER)         /* else the request is not ours any more: once_end() */
                land(req);
        return r;
}

/* ---- answers that are known by an id ---- */

/*
 * A refusal may be the answer to a second post of what was done: the plan is used by now, the
 * change undone, the action gone. Who may not ask is not told.
 */
static int handle_run(struct request *req, struct fault *fault)
{
        const struct once *once = req->once;
        int r = req->route->handle(req, fault);
        enum store_outcome outcome;
        struct id first = { { 0 } };
        char text[ID_TEXT_SIZE];

        if (r != FAULT || fault->status == 401 || fault->status == 403)
                return r;
        outcome = store_once_find(request_store(req), once->scope, once->key, once->hash, &first);
        if (outcome != STORE_DUPLICATE && outcome != STORE_MISMATCH)
                return r;
        fault_deinit(fault);
        *fault = (struct fault)FAULT_INIT;
        if (outcome == STORE_MISMATCH)
                return once_mismatch(id_text(&first, text), fault);
        req->finish = NULL;
        return run_replay(req, &first, fault);
}

int once_handle(struct request *req, struct fault *fault)
{
        if (!req->once || (req->route->flags & (ROUTE_RAW | ROUTE_BASIC)))
                return req->route->handle(req, fault);
        return req->route->flags & ROUTE_RUNS ? handle_run(req, fault) : handle_kept(req, fault);
}
