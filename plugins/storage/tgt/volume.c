/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Volumes. To the ledger a volume is {"size": …}: what is in it, clients write all the time. What
 * must not be lost is asked of the helper in the moment of the deed, by how much may be lost.
 */

#include "storage/tgt/helper.h"
#include "storage/tgt/tgt.h"

int tgt_begin(struct kn_ctx *ctx, struct tgt_target *target)
{
        _json_ json_t *volumes = NULL;
        int r;

        target->volume = kn_arg_str(ctx, "volume", "");
        r = helper_list(ctx, target->volume, &volumes);
        if (r == 0 && json_array_size(volumes) > 0)
                target->found = json_incref(json_array_get(volumes, 0));
        return r;
}

void tgt_done(struct tgt_target *target)
{
        json_decref(target->found);
}

int tgt_fail_absent(struct kn_ctx *ctx, const struct tgt_target *target)
{
        return kn_fail(ctx, KN_ENOENT, "there is no volume %s: volume.list shows what there is",
                       target->volume);
}

int64_t tgt_sessions(const struct tgt_target *target)
{
        return json_integer_value(json_object_get(target->found, "sessions"));
}

static bool is(const struct tgt_target *target, const char *member)
{
        return json_is_true(json_object_get(target->found, member));
}

static json_t *value_of(const json_t *volume)
{
        return volume ? json_pack("{s:O}", "size", json_object_get(volume, "size")) : NULL;
}

static int64_t size_of(const json_t *value)
{
        return json_integer_value(json_object_get(value, "size"));
}

static int read_volume(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        const struct tgt_target *target = arg;
        _json_ json_t *volumes = NULL;
        int r = helper_list(ctx, target->volume, &volumes);

        if (r == 0)
                *ret = value_of(json_array_get(volumes, 0));
        return r;
}

static int begin(struct kn_ctx *ctx, struct tgt_target *target, struct change *change)
{
        int r = tgt_begin(ctx, target);

        if (r < 0)
                return r;
        change->resource = change_resource("storage/volume/%s", target->volume);
        change->before = value_of(target->found);
        return KN_OK;
}

/* after is set: make it so, and answer. */
static int finish(struct kn_ctx *ctx, const struct tgt_target *target, const struct change *change,
                  const struct change_way *way)
{
        int r = change_make(ctx, change, way, (void *)(uintptr_t)target);

        return r < 0 ? r : change_answer(ctx, change, r, json_pack("{s:s}", "volume",
                                                                   target->volume));
}

/* ---- create and resize ---- */

static int create(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct tgt_target *target = arg;

        return helper_ask(ctx, NULL, "create %s %lld\n", target->volume,
                          (long long)size_of(change->after));
}

int volume_create(struct kn_ctx *ctx)
{
        static const struct change_way way = { .system = "tgt", .read = read_volume,
                                               .apply = create };
        _target_ struct tgt_target target = { .volume = NULL };
        _change_ struct change change = { .undo_action = "volume.delete" };
        int r = begin(ctx, &target, &change);

        if (r < 0)
                return r;
        change.after = json_pack("{s:I}", "size", (json_int_t)kn_arg_int(ctx, "size", 0));
        change.undo_args = json_pack("{s:s}", "volume", target.volume);
        if (!change.after || !change.undo_args)
                return KN_ENOMEM;
        if (change.before && !json_equal(change.before, change.after))
                return kn_fail(ctx, KN_ECONFLICT, "there is a volume %s already, of %lld bytes: take "
                               "another name, or change it with volume.resize", target.volume,
                               (long long)size_of(change.before));
        return finish(ctx, &target, &change, &way);
}

static int resize(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct tgt_target *target = arg;

        return helper_ask(ctx, NULL, "resize %s %lld %lld\n", target->volume,
                          (long long)size_of(change->after), (long long)size_of(change->before));
}

int volume_resize(struct kn_ctx *ctx)
{
        static const struct change_way way = { .system = "tgt", .read = read_volume,
                                               .apply = resize };
        _target_ struct tgt_target target = { .volume = NULL };
        _change_ struct change change = { .undo_action = "volume.resize" };
        int r = begin(ctx, &target, &change);

        if (r == 0 && !target.found)
                r = tgt_fail_absent(ctx, &target);
        if (r < 0)
                return r;
        change.after = json_pack("{s:I}", "size", (json_int_t)kn_arg_int(ctx, "size", 0));
        change.undo_args = json_pack("{s:s, s:I}", "volume", target.volume, "size",
                                     (json_int_t)size_of(change.before));
        if (!change.after || !change.undo_args)
                return KN_ENOMEM;
        if (tgt_sessions(&target) > 0 && !json_equal(change.before, change.after))
                return kn_fail(ctx, KN_ETEMP, "volume %s is in use, and tgtd tells clients a new size "
                               "only when they log in: log them out first", target.volume);
        return finish(ctx, &target, &change, &way);
}

/* ---- clone ---- */

static int clone(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct tgt_target *target = arg;

        (void)change;
        return helper_ask(ctx, NULL, "clone %s %s %s\n", target->volume, target->from,
                          target->from_snapshot ? target->from_snapshot : "-");
}

/* The size that the clone will have. */
static int read_origin(struct kn_ctx *ctx, const struct tgt_target *target, json_t **ret)
{
        const struct tgt_target origin = { .volume = target->from,
                                           .snapshot = target->from_snapshot };
        const struct change_way way = { .read = read_volume };
        int r = (target->from_snapshot ? &tgt_dropping : &way)->read(ctx, (void *)(uintptr_t)&origin,
                                                                     ret);

        if (r < 0 || *ret)
                return r;
        return kn_fail(ctx, KN_ENOENT, "there is no %s%svolume %s to clone: volume.list shows what there "
                       "is", target->from_snapshot ? target->from_snapshot : "",
                       target->from_snapshot ? " of " : "", target->from);
}

int volume_clone(struct kn_ctx *ctx)
{
        static const struct change_way way = { .system = "tgt", .read = read_volume,
                                               .apply = clone };
        _target_ struct tgt_target target = { .from = kn_arg_str(ctx, "from", ""),
                                              .from_snapshot = kn_arg_str(ctx, "snapshot", NULL) };
        _change_ struct change change = { .undo_action = "volume.delete" };
        int r = begin(ctx, &target, &change);

        if (r == 0)
                r = read_origin(ctx, &target, &change.after);
        if (r == 0 && target.found)
                r = kn_fail(ctx, KN_ECONFLICT, "there is a volume %s already: take another name",
                            target.volume);
        if (r < 0)
                return r;
        change.undo_args = json_pack("{s:s, s:b}", "volume", target.volume, "unwritten", 1);
        return change.undo_args ? finish(ctx, &target, &change, &way) : KN_ENOMEM;
}

/* ---- delete ---- */

static int drop(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct tgt_target *target = arg;

        (void)change;
        return helper_ask(ctx, NULL, "delete %s %s\n", target->volume, target->how);
}

/* What force takes out first, each a change of its own. */
static int revoke_all(struct kn_ctx *ctx, struct tgt_target *target)
{
        json_t *row;
        size_t i;

        json_array_foreach(json_object_get(target->found, "clients"), i, row) {
                struct tgt_target each = { .volume = target->volume, .how = "idle",
                                           .client = json_string_value(row) };
                _change_ struct change change = {
                        .resource = change_resource("storage/volume/%s/client/%s", each.volume,
                                                    each.client),
                        .before = json_pack("{s:s}", "client", each.client),
                        .undo_action = "volume.grant",
                        .undo_args = json_pack("{s:s, s:s}", "volume", each.volume, "client",
                                               each.client) };
                int r = change_make(ctx, &change, &tgt_revocation, &each);

                if (r < 0)
                        return r;
        }
        return KN_OK;
}

static int drop_snapshots(struct kn_ctx *ctx, struct tgt_target *target)
{
        json_t *row;
        size_t i;

        json_array_foreach(json_object_get(target->found, "snapshots"), i, row) {
                struct tgt_target each = { .volume = target->volume, .snapshot = json_string_value(
                        json_object_get(row, "snapshot")) };
                _change_ struct change change = {
                        .resource = change_resource("storage/volume/%s/snapshot/%s", each.volume,
                                                    each.snapshot),
                        .before = value_of(row) };
                int r = change_make(ctx, &change, &tgt_dropping, &each);

                if (r < 0)
                        return r;
        }
        return KN_OK;
}

static int check_floor(struct kn_ctx *ctx, const struct tgt_target *target, bool force)
{
        bool unwritten = kn_arg_bool(ctx, "unwritten", 0);
        const char *why = is(target, "written") ? "was written to"
                : !unwritten && !is(target, "empty") ? "holds data"
                : json_array_size(json_object_get(target->found, "snapshots")) > 0 ? "has snapshots"
                : json_array_size(json_object_get(target->found, "clients")) > 0
                ? "is granted to somebody" : NULL;

        if (tgt_sessions(target) > 0)
                return kn_fail(ctx, KN_EDENIED, "volume %s is in use by %lld sessions, so it was not "
                               "deleted: log them out, or revoke them with force first",
                               target->volume, (long long)tgt_sessions(target));
        if (!why || force)
                return KN_OK;
        return kn_fail(ctx, KN_EDENIED, "volume %s %s, so it was not deleted: say force=true, which "
                       "cannot be undone", target->volume, why);
}

int volume_delete(struct kn_ctx *ctx)
{
        static const struct change_way way = { .system = "tgt", .read = read_volume, .apply = drop };
        bool force = kn_arg_bool(ctx, "force", 0);
        _target_ struct tgt_target target = {
                .how = force ? "any" : kn_arg_bool(ctx, "unwritten", 0) ? "unwritten" : "empty" };
        _change_ struct change change = { .undo_action = NULL };
        int r = begin(ctx, &target, &change);

        if (r == 0 && target.found)
                r = check_floor(ctx, &target, force);
        if (r == 0)
                r = revoke_all(ctx, &target);
        if (r == 0)
                r = drop_snapshots(ctx, &target);
        if (r < 0)
                return r;
        if (is(&target, "empty")) {
                change.undo_action = "volume.create";
                change.undo_args = json_pack("{s:s, s:I}", "volume", target.volume, "size",
                                             (json_int_t)size_of(change.before));
        }
        return finish(ctx, &target, &change, &way);
}

/* ---- list ---- */

int volume_list(struct kn_ctx *ctx)
{
        const struct tgt_target only = { .volume = kn_arg_str(ctx, "volume", NULL) };
        _json_ json_t *volumes = NULL;
        json_t *row;
        size_t i;
        int r = helper_list(ctx, only.volume, &volumes);

        if (r == 0 && only.volume && json_array_size(volumes) == 0)
                r = tgt_fail_absent(ctx, &only);
        json_array_foreach(volumes, i, row)
                json_object_del(row, "empty");
        return r < 0 ? r : change_give(ctx, json_pack("{s:O}", "volumes", volumes));
}
