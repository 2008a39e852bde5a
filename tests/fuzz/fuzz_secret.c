/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A URL whose query may hold secrets: replaced by themselves it is the same URL, and what was
 * masked once has nothing left to mask.
 */
#include "base/secret.h"

#include "base/cleanup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *same(void *arg, const char *name, const char *value)
{
        size_t *n = arg;

        (void)name;
        ++*n;
        return strdup(value);
}

static char *mask(void *arg, const char *name, const char *value)
{
        size_t *n = arg;

        (void)name;
        *n += strcmp(value, "********") != 0;
        return strdup("********");
}

static void check(const char *url)
{
        size_t found = 0, masked = 0, again = 0;
        _free_ char *copy = secret_in_url(url, same, &found);
        _free_ char *hidden = secret_in_url(url, mask, &masked), *twice = NULL;

        if (!copy || strcmp(copy, url) != 0 || !hidden || masked > found)
                abort();
        twice = secret_in_url(hidden, mask, &again);
        if (!twice || again || strcmp(twice, hidden) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _free_ char *url = strndup((const char *)data, size);

        if (url)
                check(url);
        return 0;
}
