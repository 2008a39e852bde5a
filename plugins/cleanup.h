/* SPDX-License-Identifier: Apache-2.0 */

/* What base/cleanup.h is to the core: plugins see the SDK only, so they bring their own owners. */

#ifndef PLUGINS_CLEANUP_H
#define PLUGINS_CLEANUP_H

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void cleanup_free(void *p)
{
        free(*(void **)p);
}

static inline void cleanup_json(json_t **j)
{
        json_decref(*j);
}

#define _free_ _cleanup_(cleanup_free)
#define _json_ _cleanup_(cleanup_json)

#endif
