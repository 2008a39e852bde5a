/* SPDX-License-Identifier: Apache-2.0 */

/* Kept states of volumes. To the ledger a snapshot is {"size": …}: it never changes. */

#include "storage/tgt/helper.h"
#include "storage/tgt/tgt.h"

static json_t *snapshot_of(const json_t *volume, const char *name)
{
        json_t *row;
        size_t i;

        json_array_foreach(json_object_get(volume, "snapshots"), i, row)
                if (strcmp(json_string_value(json_object_get(row, "snapshot")), name) == 0)
                        return json_pack("{s:O}", "size", json_object_get(row, "size"));
        return NULL;
}

static int read_snapshot(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        const struct tgt_target *target = arg;
        _json_ json_t *volumes = NULL;
        int r = helper_list(ctx, target->volume, &volumes);

        if (r == 0)
                *ret = snapshot_of(json_array_get(volumes, 0), target->snapshot);
        return r;
}

static int take(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct tgt_target *target = arg;

        (void)change;
        return helper_ask(ctx, NULL, "snapshot %s %s\n", target->volume, target->snapshot);
}

static int drop(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct tgt_target *target = arg;

        (void)change;
        return helper_ask(ctx, NULL, "drop %s %s\n", target->volume, target->snapshot);
}

static const struct change_way taking = { .system = "tgt", .read = read_snapshot, .apply = take };
const struct change_way tgt_dropping = { .system = "tgt", .read = read_snapshot, .apply = drop };

static int begin(struct kn_ctx *ctx, struct tgt_target *target, struct change *change)
{
        int r = tgt_begin(ctx, target);

        if (r == 0 && !target->found)
                r = tgt_fail_absent(ctx, target);
        if (r < 0)
                return r;
        target->snapshot = kn_arg_str(ctx, "snapshot", "");
        change->resource = change_resource("storage/volume/%s/snapshot/%s", target->volume,
                                           target->snapshot);
        change->before = snapshot_of(target->found, target->snapshot);
        return KN_OK;
}

static int answer(struct kn_ctx *ctx, const struct tgt_target *target, const struct change *change,
                  bool changed)
{
        return change_answer(ctx, change, changed, json_pack("{s:s, s:s}", "volume", target->volume,
                                                             "snapshot", target->snapshot));
}

/* What undo deletes is what this made: a snapshot does not change, so force loses nothing. */
int volume_snapshot(struct kn_ctx *ctx)
{
        _target_ struct tgt_target target = { .volume = NULL };
        _change_ struct change change = { .undo_action = "snapshot.delete" };
        int r = begin(ctx, &target, &change);

        if (r < 0)
                return r;
        change.after = change.before ? json_incref(change.before)
                : json_pack("{s:O}", "size", json_object_get(target.found, "size"));
        change.undo_args = json_pack("{s:s, s:s, s:b}", "volume", target.volume, "snapshot",
                                     target.snapshot, "force", 1);
        r = change.after && change.undo_args ? change_make(ctx, &change, &taking, &target)
                : KN_ENOMEM;
        return r < 0 ? r : answer(ctx, &target, &change, r);
}

int snapshot_delete(struct kn_ctx *ctx)
{
        _target_ struct tgt_target target = { .volume = NULL };
        _change_ struct change change = { .resource = NULL };
        int r = begin(ctx, &target, &change);

        if (r == 0 && change.before && !kn_arg_bool(ctx, "force", 0))
                r = kn_fail(ctx, KN_EDENIED, "snapshot %s of volume %s was not deleted, since what it "
                            "holds may be nowhere else: say force=true, which cannot be undone",
                            target.snapshot, target.volume);
        if (r == 0)
                r = change_make(ctx, &change, &tgt_dropping, &target);
        return r < 0 ? r : answer(ctx, &target, &change, r);
}
