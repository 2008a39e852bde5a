/* SPDX-License-Identifier: Apache-2.0 */

/* Event streams, as StackStorm's clients and browsers' EventSource read them. */

#include "rest/stream.h"

#include "base/text.h"

#include <string.h>

/* Where the reader was: the header of a browser that connects again, or a parameter. */
static int resume_at(struct request *req, struct stream_options *options, struct fault *fault)
{
        const char *text = request_header(req, "Last-Event-ID");
        int64_t seq = 0;

        if (!text)
                text = query_text(&req->query, "last_event_id");
        if (text && *text && !text_to_int(text, 0, INT64_MAX, &seq))
                return fault_set(fault, 400, "stream.last-event-id",
                                 "Last-Event-ID: '%.32s' is no id of this stream", text);
        options->has_after = text && *text;
        options->after_seq = (uint64_t)seq;
        return 0;
}

static int events(struct request *req, struct fault *fault)
{
        struct stream_options options = { .events = query_text(&req->query, "events"),
                .action_refs = query_text(&req->query, "action_refs"),
                .execution_ids = query_text(&req->query, "execution_ids"),
                .end_event = query_text(&req->query, "end_event") };
        const char *end = query_text(&req->query, "end_execution_id");
        int r = resume_at(req, &options, fault);

        if (!r && end && !id_parse(end, &options.end_execution))
                r = fault_set(fault, 400, "query.invalid", "end_execution_id=%.64s: must be an id",
                              end);
        return r ? r : stream_answer(req->rest->stream, req, &options);
}

struct newest {
        struct id id;
        bool is_found;
};

static int take(void *arg, const struct store_execution *e)
{
        struct newest *newest = arg;

        newest->id = e->id;
        newest->is_found = true;
        return 1;
}

static int last_execution(struct request *req, struct id *ret, struct fault *fault)
{
        struct store_execution_filter filter = { .status = -1 };
        struct store_page page = { .limit = 1 };
        struct newest newest = { .is_found = false };
        int r = store_list_executions(request_store(req), &filter, &page, take, &newest, NULL,
                                      fault);

        if (!newest.is_found)
                return r == FAULT ? r : fault_set(fault, 404, "execution.unknown",
                                                  "there is no execution yet");
        *ret = newest.id;
        return 0;
}

static int output(struct request *req, struct fault *fault)
{
        struct stream_options options = { .output_type = query_text(&req->query, "output_type") };
        struct newest there = { .is_found = false };
        int r;

        if (text_equal(options.output_type, "all"))
                options.output_type = NULL;
        if (strcmp(request_param(req, "id"), "last") == 0)
                r = last_execution(req, &options.output_of, fault);
        else
                r = request_param_id(req, "id", &options.output_of, fault);
        if (!r) {
                r = store_get_execution(request_store(req), &options.output_of, false, take, &there,
                                        fault);
                r = there.is_found ? 0 : r;
        }
        return r ? r : stream_answer(req->rest->stream, req, &options);
}

static const struct route rows[] = {
        { "GET", "/stream/v1/stream", events, AUTH_READ, 0, 200,
          "What happens, as it happens; Last-Event-ID resumes",
          "events action_refs execution_ids end_event end_execution_id",
          NULL, "EventStream" },
        { "GET", "/stream/v1/executions/{id}/output", output, AUTH_READ, 0, 200,
          "Output: what is there, what comes, then EOF", "output_type", NULL, "EventStream" },
};

ROUTE_TABLE(routes_stream);
