/* SPDX-License-Identifier: Apache-2.0 */

/* What the benches and the fault tests call: an action that does nothing, and ways to misbehave. */

#include <kaname/plugin.h>

#include <stdlib.h>

static int noop(struct kn_ctx *ctx)
{
        (void)ctx;
        return KN_OK;
}

static int crash(struct kn_ctx *ctx)
{
        (void)ctx;
        abort();
}

static int spin(struct kn_ctx *ctx)
{
        volatile int forever = 1;

        (void)ctx;
        while (forever)
                ;
        return KN_OK;
}

static int flood(struct kn_ctx *ctx)
{
        char block[4096];

        memset(block, 0x78, sizeof block);
        block[sizeof block - 1] = 0x0a;
        while (ctx->host->stream(ctx, KN_OUTPUT, block, sizeof block) >= 0)
                ;
        return KN_OK;
}

static const struct kn_action actions[] = {
        { .name = "noop",
          .summary = "Do nothing",
          .run = noop,
          .flags = KN_IDEMPOTENT | KN_READONLY },
        { .name = "crash", .summary = "Abort", .run = crash, .flags = KN_READONLY },
        { .name = "spin",
          .summary = "Never come back",
          .run = spin,
          .flags = KN_READONLY,
          .timeout_ms = 1000 },
        { .name = "flood",
          .summary = "Write output without end",
          .run = flood,
          .flags = KN_READONLY,
          .timeout_ms = 2000 },
};

KN_PLUGIN(.name = IDLE_NAME, .version = "1.0", .summary = "Does nothing, or misbehaves",
          .flags = KN_PARALLEL, KN_ACTIONS(actions))
