/* SPDX-License-Identifier: Apache-2.0 */

/* The first line is a format, the rest a command. */
#include "base/cleanup.h"
#include "flow/alias.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *text = strndup((const char *)data, size);
        char *command = text ? strchr(text, '\n') : NULL;
        struct alias_format *format = NULL;
        json_t *params = NULL;
        int r;

        if (!command)
                return 0;
        *command++ = '\0';
        r = alias_format_compile(text, &format, &fault);
        if (r == FAULT && !fault.remedy)
                abort();
        if (r)
                return 0;
        r = alias_format_match(format, command, &params);
        if ((r == 1) != (params != NULL))
                abort();
        json_decref(params);
        alias_format_free(format);
        return 0;
}
