/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lines "name: value" up to an empty one, then a body: a CloudEvent in binary mode; the whole as
 * JSON: one in structured mode. What is taken has the required attributes and a key of its own.
 */

#include "rest/cloudevent.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int each(void *arg, cloudevent_header *header, void *header_arg)
{
        char *rest = arg, *line, *colon;
        int r;

        while ((line = strsep(&rest, "\n"))) {
                colon = strchr(line, ':');
                if (!colon)
                        continue;
                *colon = '\0';
                r = header(header_arg, line, colon + 1 + strspn(colon + 1, " "));
                if (r)
                        return r;
        }
        return 0;
}

static void check(const json_t *event)
{
        _free_ char *key = cloudevent_key(event);

        if (!key || !strchr(key, '\n') || !*json_text_of(event, "type", "")
            || !*json_text_of(event, "id", ""))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _free_ char *text = strndup((const char *)data, size);
        char *end = strstr(text, "\n\n"), *body = end ? end + 2 : text + strlen(text);
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *binary = NULL, *structured = NULL;

        if (json_parse((const char *)data, size, NULL, &structured, &fault) == 0
            && cloudevent_check(structured, &fault) == 0)
                check(structured);
        if (end)
                *end = '\0';
        if (cloudevent_binary(each, text, "application/json", body, strlen(body), &binary,
                              &fault) == 0)
                check(binary);
        return 0;
}
