/* SPDX-License-Identifier: Apache-2.0 */

/*
 * StackStorm streams whole objects under the names of its message bus, and its clients read them as
 * they read answers of the API; so a frame is the record, shaped as in a list.
 */

#include "rest/frame.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "rest/shape.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RESULT_MAX (64 << 10)

struct noted *noted_new(const struct hub_notice *notice)
{
        struct noted *noted = calloc(1, sizeof *noted);

        if (!noted)
                return NULL;
        list_init(&noted->link);
        noted->notice = *notice;
        noted->notice.action = notice->action ? strdup(notice->action) : NULL;
        noted->notice.stream = notice->stream ? strdup(notice->stream) : NULL;
        noted->notice.text = notice->text ? strndup(notice->text, notice->len) : NULL;
        return noted;
}

struct noted *noted_free(struct noted *noted)
{
        if (!noted)
                return NULL;
        free((char *)noted->notice.action);
        free((char *)noted->notice.stream);
        free((char *)noted->notice.text);
        free(noted);
        return NULL;
}

void frame_deinit(struct frame *frame)
{
        free(frame->action);
        text_deinit(&frame->text);
}

void frame_event(const struct hub_notice *notice, char *text, size_t size)
{
        switch (notice->topic) {
        case HUB_EVENT:
                snprintf(text, size, "kaname.event__create");
                break;
        case HUB_EXECUTION_CREATED:
                snprintf(text, size, "st2.execution__create");
                break;
        case HUB_EXECUTION_UPDATED:
        case HUB_EXECUTION_FINISHED:
                snprintf(text, size, "st2.execution__update");
                break;
        case HUB_OUTPUT:
                snprintf(text, size, "st2.execution.output__create");
                break;
        case HUB_ANNOUNCEMENT:
                snprintf(text, size, "st2.announcement__%s", notice->stream ? notice->stream
                         : "general");
                break;
        case HUB_ENFORCEMENT:
                snprintf(text, size, "kaname.rule_enforcement__create");
                break;
        }
}

static int put(struct frame *frame, const char *data)
{
        if (!data)
                return -ENOMEM;
        if (frame->seq)
                text_addf(&frame->text, "id: %llu\n", (unsigned long long)frame->seq);
        text_add(&frame->text, "event: ");
        text_add(&frame->text, frame->event);
        text_add(&frame->text, "\ndata: ");
        text_add(&frame->text, data);
        text_add(&frame->text, "\n\n");
        return frame->text.failed ? -ENOMEM : 0;
}

static int put_json(struct frame *frame, json_t *value)
{
        _free_ char *data = value ? json_compact(value) : NULL;

        json_decref(value);
        return put(frame, data);
}

/* ---- records ---- */

struct framing {
        struct rest *rest;
        struct catalog *catalog;
        struct frame *frame;
        const struct frame_visitor *visitor;
        size_t n;
};

static int frame_execution(struct framing *framing, const struct store_execution *e)
{
        struct shape shape = { .catalog = framing->catalog, .with_result = true,
                .result_max = RESULT_MAX };
        struct frame *frame = framing->frame;

        frame->id = e->id;
        id_text(&e->id, frame->execution);
        free(frame->action);
        frame->action = strdup(e->action);
        frame->is_final = store_status_is_final(e->status);
        return put_json(frame, shape_execution(&shape, e));
}

static int see_execution(void *arg, const struct store_execution *e)
{
        return frame_execution(arg, e);
}

static int see_event(void *arg, const struct store_event *event)
{
        struct framing *framing = arg;

        framing->frame->id = event->id;
        return put_json(framing->frame, shape_event(event));
}

int frame_of_line(const struct id *execution, const struct output_line *line, struct frame *frame)
{
        json_t *out = json_object();
        char id[ID_TEXT_SIZE];

        snprintf(frame->event, sizeof frame->event, "st2.execution.output__create");
        json_object_set_new(out, "id", json_sprintf("%s-%llu", id_text(execution, id),
                                                    (unsigned long long)line->n));
        json_set_text(out, "execution_id", id);
        json_set_text(out, "output_type", line->stream);
        json_object_set_new(out, "timestamp", shape_time(line->at_ms));
        json_object_set_new(out, "data", json_sprintf("%.*s\n", (int)line->len, line->text));
        return put_json(frame, out);
}

static int frame_of_output(const struct hub_notice *notice, struct frame *frame)
{
        json_t *out = json_object();

        id_text(&notice->id, frame->execution);
        frame->action = notice->action ? strdup(notice->action) : NULL;
        json_set_text(out, "execution_id", frame->execution);
        json_set_text(out, "action_ref", notice->action);
        json_set_text(out, "output_type", notice->stream);
        json_object_set_new(out, "timestamp", shape_time(notice->at_ms));
        json_object_set_new(out, "data", json_sprintf("%.*s\n", (int)notice->len, notice->text
                                                      ? notice->text : ""));
        return put_json(frame, out);
}

int frame_of_notice(struct rest *rest, const struct noted *noted, struct frame *frame)
{
        const struct hub_notice *notice = &noted->notice;
        struct hub *hub = rest->options.hub;
        struct framing framing = { .rest = rest, .frame = frame };
        _fault_ struct fault fault = FAULT_INIT;
        int r;

        frame->id = notice->id;
        frame_event(notice, frame->event, sizeof frame->event);
        switch (notice->topic) {
        case HUB_OUTPUT:
                return frame_of_output(notice, frame);
        case HUB_ANNOUNCEMENT:
                return put(frame, notice->text ? notice->text : "{}");
        case HUB_EVENT:
                return store_get_event(hub_store(hub), &notice->id, see_event, &framing, &fault);
        case HUB_ENFORCEMENT:
                return -ENOENT;
        default:
                framing.catalog = hub_catalog(hub);
                r = store_get_execution(hub_store(hub), &notice->id, true, see_execution, &framing,
                                        &fault);
                catalog_unref(framing.catalog);
                return r;
        }
}

/* ---- replay ---- */

static int hand_over(struct framing *framing)
{
        framing->n++;
        return framing->visitor->visit(framing->visitor->arg, framing->frame);
}

/* An empty frame for the next record; true where somebody wants it filled. */
static bool begin(struct framing *framing, uint64_t seq, const char *event, const char *action,
                  const struct id *execution)
{
        struct frame *frame = framing->frame;
        char text[ID_TEXT_SIZE] = "";

        frame_deinit(frame);
        *frame = (struct frame){ .seq = seq };
        snprintf(frame->event, sizeof frame->event, "%s", event);
        if (execution)
                id_text(execution, text);
        return framing->visitor->wants(framing->visitor->arg, event, action, text);
}

static int replay_event(void *arg, const struct store_event *event)
{
        struct framing *framing = arg;

        if (begin(framing, event->seq, "kaname.event__create", NULL, NULL))
                see_event(framing, event);
        return hand_over(framing);
}

static int replay_execution(struct framing *framing, const struct store_execution *e,
                            const char *event)
{
        if (begin(framing, e->seq, event, e->action, &e->id))
                frame_execution(framing, e);
        return hand_over(framing);
}

static int replay_created(void *arg, const struct store_execution *e)
{
        return replay_execution(arg, e, "st2.execution__create");
}

static int replay_finished(void *arg, const struct store_execution *e)
{
        return replay_execution(arg, e, "st2.execution__update");
}

static int replay_enforcement(void *arg, const struct store_enforcement *e)
{
        struct framing *framing = arg;

        if (begin(framing, e->seq, "kaname.rule_enforcement__create", NULL, NULL)) {
                framing->frame->id = e->id;
                put_json(framing->frame, shape_enforcement(e));
        }
        return hand_over(framing);
}

int frames_replay(struct rest *rest, uint64_t after_seq, size_t limit,
                  const struct frame_visitor *visitor, size_t *ret_n)
{
        struct hub *hub = rest->options.hub;
        _cleanup_(frame_deinit) struct frame frame = { 0 };
        struct framing framing = { rest, hub_catalog(hub), &frame, visitor, 0 };
        struct store_replay replay = { replay_event, replay_created, replay_finished,
                                       replay_enforcement, &framing };
        _fault_ struct fault fault = FAULT_INIT;
        int r = store_replay(hub_store(hub), after_seq, limit, &replay, &fault);

        catalog_unref(framing.catalog);
        *ret_n = framing.n;
        return r;
}
