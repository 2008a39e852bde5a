/* SPDX-License-Identifier: Apache-2.0 */
#include <kaname/plugin.h>

static int greet(struct kn_ctx *ctx)
{
        return kn_return_str(ctx, "greeting", kn_arg_str(ctx, "name", "world"));
}

static const struct kn_action actions[] = {
        { .name = "greet",
          .summary = "Say a name back",
          .params = KN_JSON({
                  "properties" : { "name" : { "type" : "string", "maxLength" : 40 } }
          }),
          .run = greet,
          .flags = KN_READONLY | KN_IDEMPOTENT },
};

KN_PLUGIN(.name = "hello", .version = "1.0", .summary = "The smallest plugin", KN_ACTIONS(actions))
