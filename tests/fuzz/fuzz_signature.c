/* SPDX-License-Identifier: Apache-2.0 */

/* Four lines (GitHub's header, id, timestamp, list) and a body: no forged one is ever good. */

#include "rest/signature.h"

#include "base/cleanup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _free_ char *text = strndup((const char *)data, size);
        char *rest = text, *lines[4];
        struct signature signature;
        _fault_ struct fault fault = FAULT_INIT;

        for (int i = 0; i < 4; i++)
                lines[i] = strsep(&rest, "\n");
        signature = (struct signature){ lines[0], lines[1], lines[2], lines[3] };
        /* The secret is no one's guess, so whatever is accepted was accepted wrongly. */
        if (signature_check(&signature, "whsec_q2Jvb8H0mZ0dM1sYw3xC5tTz7uNnVfKp", rest ? rest : "",
                            rest ? strlen(rest) : 0, 1614265330, &fault) == 0
                            || fault.status != 401)
                abort();
        signature.standard = NULL;
        if (signature_check(&signature, "unguessed", "", 0, 0, &fault) == 0)
                abort();
        return 0;
}
