/* SPDX-License-Identifier: Apache-2.0 */

/* Who may connect. A grant is {"client": …}: an address, a name or an account, in one spelling each. */

#include "storage/tgt/helper.h"
#include "storage/tgt/tgt.h"

static bool has_client(const json_t *volume, const char *client)
{
        json_t *row;
        size_t i;

        json_array_foreach(json_object_get(volume, "clients"), i, row)
                if (strcmp(json_string_value(row), client) == 0)
                        return true;
        return false;
}

static json_t *grant_of(const json_t *volume, const char *client)
{
        return has_client(volume, client) ? json_pack("{s:s}", "client", client) : NULL;
}

static int read_grant(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        const struct tgt_target *target = arg;
        _json_ json_t *volumes = NULL;
        int r = helper_list(ctx, target->volume, &volumes);

        if (r == 0)
                *ret = grant_of(json_array_get(volumes, 0), target->client);
        return r;
}

static int admit(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct tgt_target *target = arg;

        (void)change;
        return helper_ask(ctx, NULL, "grant %s %s\n", target->volume, target->client);
}

static int dismiss(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        struct tgt_target *target = arg;
        _free_ char *answer = NULL;
        long long sessions = 0;
        int r = helper_ask(ctx, &answer, "revoke %s %s %s\n", target->volume, target->client,
                           target->how);

        (void)change;
        if (r == 0 && sscanf(answer, "sessions %lld", &sessions) == 1)
                target->sessions = sessions;
        return r;
}

static const struct change_way granting = { .system = "tgt", .read = read_grant, .apply = admit };
const struct change_way tgt_revocation = { .system = "tgt", .read = read_grant, .apply = dismiss };

static int begin(struct kn_ctx *ctx, struct tgt_target *target, struct change *change,
                 char client[TGT_CLIENT_SIZE])
{
        int r = tgt_client(ctx, kn_arg_str(ctx, "client", ""), client);

        if (r == 0)
                r = tgt_begin(ctx, target);
        if (r == 0 && !target->found)
                r = tgt_fail_absent(ctx, target);
        if (r < 0)
                return r;
        target->client = client;
        change->resource = change_resource("storage/volume/%s/client/%s", target->volume, client);
        change->before = grant_of(target->found, client);
        change->undo_args = json_pack("{s:s, s:s}", "volume", target->volume, "client", client);
        return change->undo_args ? KN_OK : KN_ENOMEM;
}

static json_t *fields_of(const struct tgt_target *target)
{
        return json_pack("{s:s, s:s}", "volume", target->volume, "client", target->client);
}

int volume_grant(struct kn_ctx *ctx)
{
        _target_ struct tgt_target target = { .volume = NULL };
        _change_ struct change change = { .undo_action = "volume.revoke" };
        char client[TGT_CLIENT_SIZE];
        int r = begin(ctx, &target, &change, client);

        if (r < 0)
                return r;
        change.after = json_pack("{s:s}", "client", client);
        r = change.after ? change_make(ctx, &change, &granting, &target) : KN_ENOMEM;
        return r < 0 ? r : change_answer(ctx, &change, r, fields_of(&target));
}

int volume_revoke(struct kn_ctx *ctx)
{
        bool force = kn_arg_bool(ctx, "force", 0);
        _target_ struct tgt_target target = { .how = force ? "any" : "idle" };
        _change_ struct change change = { .undo_action = "volume.grant" };
        char client[TGT_CLIENT_SIZE];
        json_t *fields;
        int r = begin(ctx, &target, &change, client);

        if (r == 0 && !force && change.before && tgt_sessions(&target) > 0)
                r = kn_fail(ctx, KN_EDENIED, "volume %s is in use by %lld sessions, so nobody was cut "
                            "off: log the clients out, or say force=true", target.volume,
                            (long long)tgt_sessions(&target));
        if (r == 0)
                r = change_make(ctx, &change, &tgt_revocation, &target);
        if (r < 0)
                return r;
        fields = fields_of(&target);
        json_object_set_new(fields, "sessions", json_integer((json_int_t)target.sessions));
        return change_answer(ctx, &change, r, fields);
}
