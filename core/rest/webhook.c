/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Webhooks: a path that some rule listens to, whatever is sent there becomes the payload
 * {headers, body}. Packs read headers by StackStorm's spelling ("X-Github-Event"), so they are
 * written that way; those that carry credentials are left out, for a payload is stored and shown.
 */

#include "rest/accept.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "flow/rule.h"
#include "flow/rulebook.h"
#include "rest/once.h"
#include "rest/shape.h"
#include "rest/signature.h"
#include "store/seal.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TYPE "core.st2.webhook"

/* ---- what there is ---- */

static const char *url_of(const struct rule *rule)
{
        const json_t *trigger = json_object_get(rule_definition(rule), "trigger");

        if (!text_equal(json_text_of(trigger, "type", ""), TYPE))
                return NULL;
        return json_text_of(json_object_get(trigger, "parameters"), "url", NULL);
}

/* Without the slashes around it: StackStorm ignores them on both sides. */
static const char *bare(const char *url, char *text, size_t size)
{
        size_t n;

        url += strspn(url, "/");
        n = strlen(url);
        while (n && url[n - 1] == '/')
                n--;
        snprintf(text, size, "%.*s", (int)n, url);
        return text;
}

struct listing {
        const struct catalog *catalog;
        json_t *seen, *rows;
};

static int add(void *arg, const struct rule *rule)
{
        struct listing *listing = arg;
        const char *url = url_of(rule);
        json_t *parameters, *row;
        char name[512];

        if (!url || json_object_get(listing->seen, bare(url, name, sizeof name)))
                return 0;
        json_object_set_new(listing->seen, name, json_true());
        parameters = json_pack("{s:s}", "url", name);
        row = shape_trigger(listing->catalog, TYPE, parameters);
        json_set_text(row, "url", name);
        json_array_append_new(listing->rows, row);
        json_decref(parameters);
        return 0;
}

static json_t *all(struct request *req)
{
        _json_ json_t *seen = json_object();
        struct listing listing = { request_catalog(req), seen, json_array() };

        rulebook_each(catalog_rules(listing.catalog), add, &listing);
        return listing.rows;
}

/*
 * The client asks for url, type and description and then reads parameters.url: nothing is thinned
 * out.
 */
int webhook_list(struct request *req, struct fault *fault)
{
        json_t *rows = all(req);

        (void)fault;
        answer_header(req, "X-Total-Count", "%zu", json_array_size(rows));
        return answer_json(req, 200, rows);
}

static int unknown(struct request *req, const char *url, struct fault *fault)
{
        _json_ json_t *rows = all(req);
        size_t i, n = json_array_size(rows);
        const char **names = calloc(n + 1, sizeof *names), *near;
        json_t *row;

        if (!names)
                return -ENOMEM;
        json_array_foreach(rows, i, row)
                names[i] = json_text_of(row, "url", "");
        near = text_nearest(url, names);
        fault_set(fault, 404, "webhook.unknown", "no rule listens to the webhook '%.200s'", url);
        if (near)
                fault_try(fault, "did you mean '%s'?", near);
        else
                fault_try(fault, "make a rule with the trigger %s and url: %.200s", TYPE, url);
        free(names);
        return FAULT;
}

int webhook_get(struct request *req, struct fault *fault)
{
        _json_ json_t *rows = all(req);
        char url[512];
        json_t *row;
        size_t i;

        bare(request_param(req, "url"), url, sizeof url);
        json_array_foreach(rows, i, row)
                if (text_equal(json_text_of(row, "url", ""), url))
                        return answer_object(req, 200, json_incref(row));
        return unknown(req, url, fault);
}

/* ---- headers ---- */

static bool is_credential(const char *name)
{
        static const char *const names[] = { "Authorization", "Proxy-Authorization", "Cookie",
                "X-Auth-Token",
                                             "St2-Api-Key", "X-Hub-Signature",
                                             "X-Hub-Signature-256",
                                             "webhook-signature" };

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (strcasecmp(name, names[i]) == 0)
                        return true;
        return false;
}

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
        char title[128];
        bool start = true;
        size_t i;

        (void)kind;
        if (is_credential(name) || strlen(name) >= sizeof title || !value
            || !text_is_utf8(value, strlen(value)))
                return MHD_YES;
        for (i = 0; name[i]; i++) {
                bool letter = (name[i] | 0x20) >= 'a' && (name[i] | 0x20) <= 'z';

                title[i] = !letter ? name[i] : start ? (char)(name[i] & ~0x20)
                        : (char)(name[i] | 0x20);
                start = name[i] == '-';
        }
        title[i] = '\0';
        json_object_set_new_nocheck(cls, title, json_string_nocheck(value));
        return MHD_YES;
}

static int body_of(struct request *req, json_t **ret, struct fault *fault)
{
        if (!req->body_len) {
                *ret = json_object();
                return 0;
        }
        if (request_has_type(req, "application/x-www-form-urlencoded"))
                return query_form(req->body, ret, fault);
        if (request_header(req, MHD_HTTP_HEADER_CONTENT_TYPE)
            && !request_has_type(req, "application/json")
            && !strstr(request_header(req, MHD_HTTP_HEADER_CONTENT_TYPE), "+json")) {
                fault_set(fault, 415, "body.type",
                          "the body is %.64s, wanted application/json or a form",
                          request_header(req, MHD_HTTP_HEADER_CONTENT_TYPE));
                return fault_try(fault, "send the header Content-Type: application/json");
        }
        return request_parse(req, ret, fault);
}

/* ---- signatures ---- */

static int take_secret(void *arg, const struct store_key *key)
{
        *(char **)arg = strdup(key->value);
        return 0;
}

/* The webhook's signing secret, a secret key of the system: "webhook.NAME". NULL: it has none. */
static int secret_of(struct request *req, const char *url, char **ret, struct fault *fault)
{
        _fault_ struct fault missing = FAULT_INIT;
        _free_ char *sealed = NULL;
        char name[544];
        int r;

        snprintf(name, sizeof name, "webhook.%s", url);
        r = store_get_key(request_store(req), "system", "", name, take_secret, &sealed, &missing);
        if (r == FAULT && missing.status == 404)
                return 0;
        if (r) {
                fault_move(fault, &missing);
                return r;
        }
        return sealed ? seal_unseal(hub_seal(request_hub(req)), name, sealed, ret, fault) : -ENOMEM;
}

/* Who sent a signature is held to it where the webhook has a secret, whatever else was shown. */
static int check_signature(struct request *req, const char *url, struct fault *fault)
{
        struct signature signature = { request_header(req, "X-Hub-Signature-256"),
                request_header(req, "webhook-id"),
                                       request_header(req, "webhook-timestamp"),
                                       request_header(req, "webhook-signature") };
        _free_ char *secret = NULL;
        int r;

        if (!signature.github && !signature.standard)
                return 0;
        r = secret_of(req, url, &secret, fault);
        if (!r && secret)
                r = signature_check(&signature, secret, req->body ? req->body : "", req->body_len,
                                    clock_real_ms() / 1000, fault);
        else if (!r && !req->who) {
                fault_set(fault, 401, "signature.no-secret",
                          "the webhook '%.200s' has no signing secret", url);
                r = fault_try(fault, "kaname key set webhook.%.200s --secret, or send a credential",
                              url);
        }
        if (!r && secret && !req->who && !(req->who = auth_signer(url)))
                r = -ENOMEM;
        return r;
}

/* ---- in ---- */

/*
 * Idempotency-Key, or the id that Standard Webhooks give each message: the same however often it is
 * sent.
 */
static struct hub_once once_of(const struct request *req, const char *source)
{
        const char *id = request_header(req, "webhook-id");

        if (!req->once && id && *id && request_header(req, "webhook-signature"))
                return (struct hub_once){ source, id, NULL };
        return request_once(req);
}

static bool is_known(struct request *req, const json_t *parameters)
{
        _free_ char *key = trigger_key(TYPE, parameters);

        return key && rulebook_has(catalog_rules(request_catalog(req)), key);
}

static int post(struct request *req, const char *url, const json_t *parameters, struct fault *fault)
{
        _json_ json_t *payload = NULL, *headers = json_object();
        char source[544];
        struct hub_event event = { .trigger = TYPE, .parameters = parameters, .source = source,
                                   .trace = request_header(req, "St2-Trace-Tag") };
        json_t *body = NULL;
        int r;

        snprintf(source, sizeof source, "webhook:%s", url);
        event.once = once_of(req, source);
        r = body_of(req, &body, fault);
        if (r)
                return r;
        MHD_get_connection_values(req->connection, MHD_HEADER_KIND, take_header, headers);
        payload = json_pack("{s:O, s:o}", "headers", headers, "body", body);
        event.payload = payload;
        return payload ? accept_events(req, &event, 1, fault) : -ENOMEM;
}

int webhook_post(struct request *req, struct fault *fault)
{
        _json_ json_t *parameters = NULL;
        char url[512];
        int r;

        bare(request_param(req, "url"), url, sizeof url);
        r = check_signature(req, url, fault);
        if (!r && !auth_may_send(req->who, url))
                r = fault_set(fault, 403, "auth.no-webhook",
                              "%s may not send to the webhook '%.200s'",
                              req->who->user, url);
        if (r)
                return r;
        parameters = json_pack("{s:s}", "url", url);
        if (!is_known(req, parameters))
                return unknown(req, url, fault);
        return post(req, url, parameters, fault);
}

int webhook_generic(struct request *req, struct fault *fault)
{
        _json_ json_t *body = NULL;
        struct hub_event event = { .source = req->who ? req->who->user : "", .trace = NULL,
                                   .once = request_once(req) };
        int r = req->who ? request_parse(req, &body, fault)
                : fault_set(fault, 401, "auth.missing",
                            "this webhook cannot be opened by a signature");

        if (r)
                return r;
        event.trigger = json_text_of(body, "trigger", NULL);
        event.payload = json_object_get(body, "payload");
        event.trace = json_text_of(body, "trace_tag", request_header(req, "St2-Trace-Tag"));
        if (!event.trigger || !json_is_object(event.payload))
                return fault_set(fault, 400, "webhook.generic",
                                 "the body must be {\"trigger\": REF, \"payload\": {…}}");
        r = accept_permit(req, event.trigger, fault);
        if (!r && !catalog_trigger(request_catalog(req), event.trigger))
                r = request_no_trigger(req, event.trigger, fault);
        return r ? r : accept_events(req, &event, 1, fault);
}
