/* SPDX-License-Identifier: Apache-2.0 */

/* Any answer is a list of volumes that are whole, or refused. */
#include "storage/tgt/helper.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _free_ char *text = malloc(size + 1);
        _json_ json_t *volumes = NULL;
        json_t *volume;
        size_t i;

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = 0;
        volumes = helper_parse(text);
        json_array_foreach(volumes, i, volume)
                if (!json_is_string(json_object_get(volume, "volume")) ||
                    !json_is_integer(json_object_get(volume, "size")) ||
                    !json_is_array(json_object_get(volume, "snapshots")))
                        abort();
        return 0;
}
