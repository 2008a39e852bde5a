/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A configuration from which an egress list is derived: whatever it holds, each row of the list is
 * one that the list itself allows, and none of them opens the way to all hosts.
 */

#include "host/egress.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const json_t *list, const char *row)
{
        char host[256];
        int port;

        if (strncmp(row, "unix:", 5) == 0) {
                if (!egress_allows_path(list, row + 5))
                        abort();
        } else if (egress_split(row, host, &port) &&
                   !egress_allows(list, host, port == -1 ? 1 : port)) {
                abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _json_ json_t *config = NULL, *list = NULL;
        const json_t *row;
        size_t i;

        if (json_parse((const char *)data, size, NULL, &config, NULL) != 0)
                return 0;
        list = egress_derive(config);
        json_array_foreach(list, i, row)
                check_row(list, json_string_value(row));
        if (!memchr(data, '*', size) && !memchr(data, '?', size) &&
            egress_allows(list, "nobody.invalid", 1))
                abort();
        return 0;
}
