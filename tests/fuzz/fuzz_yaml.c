/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes are refused with a place, or composed within the limits; a line is found for any path.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "base/yaml.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(const json_t *value, unsigned depth)
{
        const char *key;
        json_t *member;
        size_t i, n = 1;

        if (depth > yaml_default_limits.depth)
                abort();
        json_array_foreach((json_t *)value, i, member)
                n += count(member, depth + 1);
        json_object_foreach((json_t *)value, key, member)
                n += count(member, depth + 1);
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const paths[] = { "", "0", "a", "a.0.b", "criteria.trigger\\.body" };
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *value = NULL;

        if (yaml_parse((const char *)data, size, "fuzz", NULL, &value, &fault)) {
                if (value || !text_starts_with(fault.what, "fuzz:"))
                        abort();
        } else if (count(value, 0) > yaml_default_limits.nodes) {
                abort();
        }
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
                yaml_line_of((const char *)data, size, paths[i]);
        return 0;
}
