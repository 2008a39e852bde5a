/* SPDX-License-Identifier: Apache-2.0 */

/* Any answer of the helper: pools whose servers have all that the contract asks of them, or none. */

#include "lb/edit.h"
#include "lb/nginx/helper.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _free_ char *text = strndup((const char *)data, size);
        _json_ json_t *pools = text ? helper_parse(text) : NULL;
        const char *pool, *server;
        json_t *value, *row;

        json_object_foreach(pools, pool, value)
                json_object_foreach(json_object_get(value, "servers"), server, row)
                        if (!*lb_state_of(json_object_get(row, "value")) ||
                            !json_is_integer(json_object_get(row, "sessions")))
                                abort();
        return 0;
}
