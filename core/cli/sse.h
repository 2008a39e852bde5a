/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Event streams (text/event-stream): frames are cut out of what arrives, whatever its pieces. A
 * frame's fields are name and data; all else is no business of ours.
 */

#ifndef CLI_SSE_H
#define CLI_SSE_H

#include "base/text.h"

#define SSE_FRAME_MAX ((size_t)80 << 20)        /* a result of 64 MiB, escaped */

struct sse_event {
        const char *name, *data;        /* name "" where the stream has none */
};

struct sse {
        int (*event)(void *arg, const struct sse_event *event);
        void *arg;
        struct text line, name, data;
};

/* 0, what event() answered instead, or -EMSGSIZE, -ENOMEM. */
int sse_feed(struct sse *sse, const char *bytes, size_t len);
void sse_deinit(struct sse *sse);

#endif
