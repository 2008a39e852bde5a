/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The plugin that each release keeps a built object of, for the next ones to load: it declares one
 * of everything and calls every door that needs no server. tests/abi/keep.sh keeps it.
 */

#include <kaname/plugin.h>

static int create(struct kn_ctx *ctx)
{
        ctx->self = ctx;
        return KN_OK;
}

static void destroy(struct kn_ctx *ctx)
{
        kn_log(ctx, KN_DEBUG, "destroyed");
}

static int check(struct kn_ctx *ctx)
{
        return kn_return_bool(ctx, "made", ctx->self != NULL);
}

static int change_it(struct kn_ctx *ctx)
{
        const struct kn_change change = { .size = sizeof change,
                                          .resource = "kept/thing",
                                          .before = "1",
                                          .after = "2",
                                          .undo_action = "doors",
                                          .undo_args = "{}" };
        int ticket = kn_change(ctx, &change);

        if (ticket > 0)
                kn_changed(ctx, ticket, KN_OK, "2");
        return ticket < 0 ? ticket : KN_OK;
}

static int doors(struct kn_ctx *ctx)
{
        struct kn_value v = { .kind = KN_REAL, .r = 0.5 };

        kn_log(ctx, KN_INFO, "%s is there", "the log");
        ctx->host->stream(ctx, KN_OUTPUT, "a line\n", 7);
        kn_return_str(ctx, "text", kn_arg_str(ctx, "text", "none"));
        kn_return_int(ctx, "number", kn_arg_int(ctx, "list.1", -1));
        kn_return_bool(ctx, "yes", kn_arg_bool(ctx, "yes", 0));
        kn_return_json(ctx, "list", kn_arg_str(ctx, "list", "[]"));
        kn_return_str(ctx, "mode", kn_str(ctx, KN_CALL, "mode", "none"));
        ctx->host->put(ctx, KN_RESULT, "half", &v);
        kn_put_int(ctx, KN_STORE, "count", KN_INT, 7);
        kn_return_int(ctx, "stored", kn_int(ctx, KN_STORE, "count", -1));
        kn_return_int(ctx, "waited", kn_wait(ctx, -1, 0, 1));
        kn_return_bool(ctx, "unknown_extension", ctx->host->extension(ctx, "no.such/1") != NULL);
        return change_it(ctx);
}

static int refuse(struct kn_ctx *ctx)
{
        return kn_fail(ctx, KN_ECONFLICT, "refused %d times", 3);
}

static int look(struct kn_ctx *ctx)
{
        return kn_emit(ctx, "seen", "{\"what\": \"it\"}", "id-1");
}

static const struct kn_action actions[] = {
        { .name = "doors",
          .summary = "Call every door",
          .run = doors,
          .flags = KN_IDEMPOTENT,
          .timeout_ms = 5000,
          .params = KN_JSON({
                  "properties" : {
                          "text" : { "type" : "string" },
                          "yes" : { "type" : "boolean", "default" : true },
                          "list" : { "type" : "array" }
                  }
          }),
          .returns = KN_JSON({ "type" : "object" }) },
        { .name = "refuse", .summary = "Fail", .run = refuse, .flags = KN_READONLY },
};

static const struct kn_trigger triggers[] = {
        { .name = "seen", .summary = "Seen", .payload = KN_JSON({ "type" : "object" }) },
};

static const struct kn_sensor sensors[] = {
        { .name = "look", .summary = "Look", .poll = look, .interval_ms = 1000 },
};

KN_PLUGIN(.name = "kept", .version = "1.0", .summary = "One of everything", .flags = KN_PARALLEL,
          .config = KN_JSON({ "properties" : { "secret" : { "writeOnly" : true } } }),
          .access = "{\"files\": []}", .create = create, .destroy = destroy, .check = check,
          KN_ACTIONS(actions), KN_TRIGGERS(triggers), KN_SENSORS(sensors))
