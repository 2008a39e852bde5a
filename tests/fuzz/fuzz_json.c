/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes are refused with a reason, or parsed, and then spell a text that parses to the same. */
#include "base/cleanup.h"
#include "base/json.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *value = NULL, *again = NULL;
        _free_ char *canonical = NULL, *spelt = NULL;

        if (json_parse((const char *)data, size, NULL, &value, &fault)) {
                if (!fault.what || value)
                        abort();
                return 0;
        }
        canonical = json_canonical(value);
        if (!canonical || json_parse(canonical, strlen(canonical), NULL, &again, &fault))
                abort();
        spelt = json_canonical(again);
        if (strcmp(canonical, spelt) != 0 || !json_same(value, again, JSON_SAME_STRICT) ||
            json_hash(value, JSON_SAME_PYTHON) != json_hash(again, JSON_SAME_PYTHON))
                abort();
        json_at(value, canonical);
        return 0;
}
