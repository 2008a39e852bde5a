/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Output may be hundreds of megabytes, so the text form is read page by page while it is sent, and
 * the JSON form is a range that the client chooses.
 */

#include "rest/output.h"

#include "base/json.h"
#include "base/text.h"
#include "rest/shape.h"
#include "store/output.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>

#define PAGE_LINES 500

struct sending {
        char *state_dir, *type;         /* type NULL: both streams */
        struct id execution;
        int64_t next;
        bool is_last;
        struct text buffer;
        size_t sent;
};

static void sending_free(void *arg)
{
        struct sending *sending = arg;

        if (!sending)
                return;
        free(sending->state_dir);
        free(sending->type);
        text_deinit(&sending->buffer);
        free(sending);
}

static int add_text(void *arg, const struct output_line *line)
{
        struct sending *sending = arg;

        sending->next = (int64_t)line->n + 1;
        if (!sending->type || text_equal(sending->type, line->stream)) {
                text_add_bytes(&sending->buffer, line->text, line->len);
                text_add_bytes(&sending->buffer, "\n", 1);
        }
        return 0;
}

static void fill(struct sending *sending)
{
        int64_t before = sending->next;

        sending->buffer.len = sending->sent = 0;
        if (output_read(sending->state_dir, &sending->execution, sending->next, PAGE_LINES,
                        add_text, sending,
                        NULL, NULL) || sending->next - before < PAGE_LINES)
                sending->is_last = true;
}

static ssize_t reader(void *cls, uint64_t pos, char *to, size_t max)
{
        struct sending *sending = cls;
        size_t n;

        (void)pos;
        while (sending->sent == sending->buffer.len && !sending->is_last)
                fill(sending);
        n = sending->buffer.len - sending->sent;
        if (!n)
                return MHD_CONTENT_READER_END_OF_STREAM;
        n = n < max ? n : max;
        memcpy(to, sending->buffer.s + sending->sent, n);
        sending->sent += n;
        return (ssize_t)n;
}

static int as_text(struct request *req, const struct id *id, const char *type)
{
        struct sending *sending = calloc(1, sizeof *sending);

        if (!sending)
                return -ENOMEM;
        sending->state_dir = strdup(req->rest->options.state_dir);
        sending->type = type ? strdup(type) : NULL;
        sending->execution = *id;
        req->stream = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, reader, sending,
                                                        sending_free);
        if (!req->stream) {
                sending_free(sending);
                return -ENOMEM;
        }
        req->status = 200;
        req->content_type = "text/plain; charset=utf-8";
        return 0;
}

struct range {
        json_t *lines;
        const char *type;
        int64_t next;
};

static int add_line(void *arg, const struct output_line *line)
{
        struct range *range = arg;

        range->next = (int64_t)line->n + 1;
        if (!range->type || text_equal(range->type, line->stream))
                json_array_append_new(range->lines,
                                      json_pack("{s:I, s:o, s:s, s:s%}", "n", (json_int_t)line->n,
                        "timestamp", shape_time(line->at_ms), "output_type", line->stream, "text",
                        line->text, line->len));
        return 0;
}

static int as_lines(struct request *req, const struct id *id, const char *type, bool final,
                    struct fault *fault)
{
        struct range range = { json_array(), type, 0 };
        int64_t from = 0, limit = 1000;
        uint64_t total = 0;
        int r = query_int(&req->query, "from", INT64_MIN / 2, INT64_MAX / 2, &from, fault);

        if (!r)
                r = query_int(&req->query, "limit", 1, 10000, &limit, fault);
        if (r) {
                json_decref(range.lines);
                return r;
        }
        range.next = from;
        output_read(req->rest->options.state_dir, id, from, (size_t)limit, add_line, &range, &total,
                    NULL);
        return answer_json(req, 200, json_pack("{s:o, s:I, s:I, s:b}", "lines", range.lines,
                                               "total",
                           (json_int_t)total, "next", (json_int_t)(range.next < 0 ? 0 : range.next),
                           "final", final));
}

static int see_final(void *arg, const struct store_execution *e)
{
        *(bool *)arg = store_status_is_final(e->status);
        return 0;
}

int output_get(struct request *req, struct fault *fault)
{
        const char *type = query_text(&req->query, "output_type");
        bool lines = query_text(&req->query, "from") || query_text(&req->query, "limit"),
                final = false;
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = query_bool(&req->query, "lines", &lines, fault);
        if (!r)
                r = store_get_execution(request_store(req), &id, false, see_final, &final, fault);
        if (r)
                return r;
        if (type && strcmp(type, "all") == 0)
                type = NULL;
        if (type && strcmp(type, "stdout") != 0 && strcmp(type, "stderr") != 0)
                return fault_set(fault, 400, "query.invalid",
                                 "output_type=%.16s: must be all, stdout or stderr", type);
        return lines ? as_lines(req, &id, type, final, fault) : as_text(req, &id, type);
}
