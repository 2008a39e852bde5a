/* SPDX-License-Identifier: Apache-2.0 */

/* Headers, an empty line, a body: whatever a system answers, a reason is one line that fits. */

#include "web.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _free_ char *text = strndup((const char *)data, size);
        char reason[40], value[20];
        char *body = strstr(text, "\n\n");
        const struct web_call call = { .reply_headers = text };

        if (body) {
                *body = 0;
                body += 2;
        }
        if (web_header(&call, "Location", value, sizeof value) && strpbrk(value, "\r\n"))
                abort();
        web_reason(body ? body : "", body ? strlen(body) : 0, reason, sizeof reason);
        if (strlen(reason) >= sizeof reason || strpbrk(reason, "\r\n"))
                abort();
        return 0;
}
