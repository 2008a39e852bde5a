/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as an event stream: cut into pieces or not, the same events come out. */
#include "cli/sse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int note(void *arg, const struct sse_event *event)
{
        text_addf(arg, "%s|%s\n", event->name, event->data);
        return 0;
}

static char *read_in_pieces(const char *bytes, size_t len, size_t piece)
{
        struct text heard = TEXT_INIT;
        struct sse sse = { .event = note, .arg = &heard };

        for (size_t at = 0; at < len; at += piece)
                if (sse_feed(&sse, bytes + at, len - at < piece ? len - at : piece))
                        abort();
        sse_deinit(&sse);
        return text_take(&heard);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *whole = read_in_pieces((const char *)data, size, size ? size : 1);
        char *cut = read_in_pieces((const char *)data, size, size ? data[0] % 7 + 1 : 1);

        if (!whole || !cut || strcmp(whole, cut))
                abort();
        free(whole);
        free(cut);
        return 0;
}
