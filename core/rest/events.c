/* SPDX-License-Identifier: Apache-2.0 */

/*
 * POST /api/v1/events: CloudEvents 1.0 in its three HTTP forms. The type is the trigger's ref, the
 * whole event is the payload, and source and id together are accepted once.
 */

#include "rest/accept.h"

#include "base/json.h"
#include "base/text.h"
#include "rest/cloudevent.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#define BATCH_MAX 10000

struct headers {
        cloudevent_header *header;
        void *arg;
        int r;
};

static enum MHD_Result hand_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
        struct headers *headers = cls;

        (void)kind;
        headers->r = headers->header(headers->arg, name, value ? value : "");
        return headers->r ? MHD_NO : MHD_YES;
}

static int each_header(void *arg, cloudevent_header *header, void *header_arg)
{
        struct request *req = arg;
        struct headers headers = { header, header_arg, 0 };

        MHD_get_connection_values(req->connection, MHD_HEADER_KIND, hand_header, &headers);
        return headers.r;
}

static int wrong_type(struct request *req, struct fault *fault)
{
        const char *type = request_header(req, MHD_HTTP_HEADER_CONTENT_TYPE);

        fault_set(fault, 415, "ce.type", "the request is no CloudEvent (content type %.64s)", type
                  ? type : "missing");
        fault_why(fault, "neither the content type nor a ce-specversion header says so");
        return fault_try(fault,
                         "send application/cloudevents+json, application/cloudevents-batch+json, "
                         "or the attributes as ce-id, ce-source, ce-type, ce-specversion headers");
}

static int check_all(const json_t *events, struct fault *fault)
{
        const json_t *event;
        size_t i;

        if (!json_is_array(events))
                return fault_set(fault, 400, "ce.batch", "a batch is a JSON array of events");
        if (!json_array_size(events) || json_array_size(events) > BATCH_MAX)
                return fault_set(fault, 400, "ce.batch", "a batch has 1 to %d events, this one %zu",
                                 BATCH_MAX,
                                 json_array_size(events));
        json_array_foreach(events, i, event)
                if (cloudevent_check(event, fault))
                        return fault_prefix(fault, "event %zu", i);
        return 0;
}

/* Always an array, every member checked. */
static int read_events(struct request *req, json_t **ret, struct fault *fault)
{
        bool batch = request_has_type(req, "application/cloudevents-batch+json");
        _json_ json_t *value = NULL;
        int r;

        if (!batch && request_header(req, "ce-specversion")) {
                r = cloudevent_binary(each_header, req,
                                      request_header(req, MHD_HTTP_HEADER_CONTENT_TYPE),
                                      req->body ? req->body : "", req->body_len, &value, fault);
                if (!r)
                        *ret = json_pack("[O]", value);
                return r;
        }
        if (!batch && !request_has_type(req, "application/cloudevents+json")
            && !request_has_type(req, "application/json"))
                return wrong_type(req, fault);
        r = request_parse(req, &value, fault);
        if (r)
                return r;
        if (request_has_type(req, "application/json")) {
                const json_t *one = json_is_array(value) ? json_array_get(value, 0) : value;

                if (!json_object_get(one, "specversion"))
                        return wrong_type(req, fault);
                batch = json_is_array(value);
        }
        *ret = batch ? json_incref(value) : json_pack("[O]", value);
        r = check_all(*ret, fault);
        if (r) {
                json_decref(*ret);
                *ret = NULL;
        }
        return r;
}

static void free_keys(struct hub_event *events, size_t n)
{
        for (size_t i = 0; events && i < n; i++)
                free((char *)events[i].once.key);
        free(events);
}

static int build(struct request *req, const json_t *list, struct hub_event *events,
                 struct fault *fault)
{
        const json_t *one;
        size_t i;
        int r;

        json_array_foreach(list, i, one) {
                events[i] = (struct hub_event){ .trigger = json_text_of(one, "type", ""),
                        .payload = one,
                        .source = json_text_of(one, "source", ""),
                        .trace = request_header(req, "St2-Trace-Tag"),
                        .once = { "ce", cloudevent_key(one), NULL } };
                if (!events[i].once.key)
                        return -ENOMEM;
                r = accept_permit(req, events[i].trigger, fault);
                if (r)
                        return r;
        }
        return 0;
}

int cloudevents_post(struct request *req, struct fault *fault)
{
        _json_ json_t *list = NULL;
        struct hub_event *events;
        size_t n;
        int r = read_events(req, &list, fault);

        if (r)
                return r;
        n = json_array_size(list);
        events = calloc(n, sizeof *events);
        r = events ? build(req, list, events, fault) : -ENOMEM;
        if (!r)
                r = accept_events(req, events, n, fault);
        free_keys(events, n);
        return r;
}
