/* SPDX-License-Identifier: Apache-2.0 */

/* Notices of the bus, kept until the stream's thread comes to them, and the frames made of them. */

#ifndef REST_FRAME_H
#define REST_FRAME_H

#include "base/list.h"
#include "base/text.h"
#include "hub/hub.h"
#include "rest/server.h"
#include "store/output.h"

struct noted {
        struct list link;
        struct hub_notice notice;       /* texts are copies */
};
struct noted *noted_new(const struct hub_notice *notice);
struct noted *noted_free(struct noted *noted);          /* NULL; accepts NULL */

struct frame { /* "id: …\nevent: …\ndata: …\n\n", and what filters ask of it */
        uint64_t seq;
        struct id id;
        char event[160], execution[ID_TEXT_SIZE];
        char *action;                   /* may be NULL */
        bool is_final;
        struct text text;
};
void frame_deinit(struct frame *frame);

/* "st2.execution__create", "st2.announcement__general", … */
void frame_event(const struct hub_notice *notice, char *text, size_t size);
/* Reads the record. Not 0: there is none any more. */
int frame_of_notice(struct rest *rest, const struct noted *noted, struct frame *frame);
int frame_of_line(const struct id *execution, const struct output_line *line, struct frame *frame);
/* What was committed after seq, in order. *ret_n: how many records were visited. */
struct frame_visitor {
        /* Would anybody read it? If not, visit() is handed a frame without text, for its seq. */
        bool (*wants)(void *arg, const char *event, const char *action, const char *execution);
        int (*visit)(void *arg, struct frame *frame);   /* 0 to go on */
        void *arg;
};
int frames_replay(struct rest *rest, uint64_t after_seq, size_t limit,
                  const struct frame_visitor *visitor, size_t *ret_n);

#endif
