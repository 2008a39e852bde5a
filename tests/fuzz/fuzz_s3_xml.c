/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes are a tree or refused; a tree has a name, and its accessors take any path. */
#include "storage/s3/xml.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const json_t *element)
{
        json_t *child;
        size_t i;

        if (!*xml_name(element) || !xml_text(element, "Contents/Key"))
                abort();
        json_array_foreach(xml_children(element), i, child)
                walk(child);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        json_t *xml = xml_parse((const char *)data, size);

        if (xml)
                walk(xml);
        json_decref(xml);
        return 0;
}
