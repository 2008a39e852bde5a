/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sse.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *text_or_empty(const struct text *text)
{
        return text->s ? text->s : "";
}

static int deliver(struct sse *sse)
{
        struct sse_event event = { text_or_empty(&sse->name), text_or_empty(&sse->data) };
        int r = 0;

        if (sse->data.s || sse->name.s)
                r = sse->event(sse->arg, &event);
        text_deinit(&sse->name);
        text_deinit(&sse->data);
        return r;
}

static const char *field(const char *line, const char *name)
{
        size_t len = strlen(name);

        if (strncmp(line, name, len) || line[len] != ':')
                return NULL;
        return line + len + (line[len + 1] == ' ' ? 2 : 1);
}

static int take_line(struct sse *sse, char *line)
{
        size_t len = strlen(line);
        const char *value;

        if (len && line[len - 1] == '\r')
                line[--len] = '\0';
        if (!len)
                return deliver(sse);
        value = field(line, "data");
        if (value) {
                if (sse->data.s)
                        text_add(&sse->data, "\n");
                text_add(&sse->data, value);
        } else if ((value = field(line, "event"))) {
                text_deinit(&sse->name);
                text_add(&sse->name, value);
        }
        return sse->data.len > SSE_FRAME_MAX ? -EMSGSIZE : 0;
}

int sse_feed(struct sse *sse, const char *bytes, size_t len)
{
        while (len) {
                const char *end = memchr(bytes, '\n', len);
                size_t n = end ? (size_t)(end - bytes) : len;
                _free_ char *line = NULL;
                int r;

                text_add_bytes(&sse->line, bytes, n);
                if (!end)
                        return sse->line.len > SSE_FRAME_MAX ? -EMSGSIZE : 0;
                line = text_take(&sse->line);
                r = line ? take_line(sse, line) : -ENOMEM;
                if (r)
                        return r;
                bytes = end + 1;
                len -= n + 1;
        }
        return 0;
}

void sse_deinit(struct sse *sse)
{
        text_deinit(&sse->line);
        text_deinit(&sse->name);
        text_deinit(&sse->data);
}
