/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A description as people leave it: what is put into it is found again, and taking it out leaves
 * none of it.
 */

#include "ticket/redmine/redmine.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int get_nothing(struct kn_ctx *ctx, uint32_t where, const char *path, struct kn_value *ret)
{
        (void)ctx, (void)where, (void)path, (void)ret;
        return KN_ENOENT;
}

static bool finds(struct kn_ctx *ctx, const char *text, const char *execution)
{
        _json_ json_t *ticket = json_pack("{s:o}", "executions", executions_in(ctx, text));

        return has_execution(ticket, execution);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct kn_host host = { .size = sizeof host, .get = get_nothing };
        struct kn_ctx ctx = { .host = &host };
        _free_ char *text = strndup((const char *)data, size);
        _free_ char *with = description_with(&ctx, text, "abc.1");
        _free_ char *without = description_without(&ctx, with, "abc.1");
        _free_ char *clean = description_without(&ctx, text, NULL);

        if (!finds(&ctx, with, "abc.1") || finds(&ctx, without, "abc.1") || strchr(clean, '\r'))
                abort();
        return 0;
}
