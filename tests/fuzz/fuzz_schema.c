/* SPDX-License-Identifier: Apache-2.0 */

/* One JSON list of a schema and a value: no pair makes any of the room's functions run away. */
#include "base/cleanup.h"
#include "base/json.h"
#include "schema/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

CLEANUP_DEFINE(struct schema *, schema_unref);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(schema_unrefp) struct schema *schema = NULL;
        _json_ json_t *both = NULL, *value = NULL, *masked = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        if (json_parse((const char *)data, size, NULL, &both, NULL) || json_array_size(both) != 2)
                return 0;
        if (schema_compile(json_array_get(both, 0), &schema, &fault)) {
                if (!fault.what)
                        abort();
                return 0;
        }
        value = json_deep_copy(json_array_get(both, 1));
        if (schema_check(schema, value, &fault) && !fault.what)
                abort();
        masked = schema_mask(schema, value);
        if (!masked)
                abort();
        schema_is_secret(schema, "a.0.b");
        schema_coerce(schema, value);
        schema_fill_defaults(schema, value);
        return 0;
}
