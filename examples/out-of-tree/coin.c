/* SPDX-License-Identifier: Apache-2.0 */
#include <kaname/plugin.h>

/* The call's id is as good as any coin, and a test can choose it. */
static int toss(struct kn_ctx *ctx)
{
        const char *id = kn_str(ctx, KN_CALL, "id", "");
        unsigned sum = 0;

        while (*id)
                sum += (unsigned char)*id++;
        return kn_return_str(ctx, "side", sum % 2 ? "heads" : "tails");
}

static const struct kn_action actions[] = {
        { .name = "toss", .summary = "Toss a coin", .run = toss, .flags = KN_READONLY,
          .returns = KN_JSON({ "properties": { "side": { "enum": ["heads", "tails"] } } }) },
};

KN_PLUGIN(.name = "coin", .version = "1.0", .summary = "A plugin built outside of Kaname",
          KN_ACTIONS(actions))
