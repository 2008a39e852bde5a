/* SPDX-License-Identifier: Apache-2.0 */

/* Volumes as iSCSI targets of tgtd, by a helper that does there what is root's. */

#include "storage/tgt/tgt.h"
#include "storage/tgt/helper.h"

static int check(struct kn_ctx *ctx)
{
        _free_ char *answer = NULL;
        _json_ json_t *volumes = NULL, *portals = json_array();
        char *rest, *line, portal[100];
        int r = helper_ask(ctx, &answer, "version\n");

        if (r == 0)
                r = helper_list(ctx, NULL, &volumes);
        if (r < 0)
                return r;
        for (rest = answer; (line = strsep(&rest, "\n"));)
                if (sscanf(line, "portal %99s", portal) == 1)
                        json_array_append_new(portals, json_string(portal));
        return change_give(ctx, json_pack("{s:I, s:O, s:[]}", "volumes",
                                          (json_int_t)json_array_size(volumes), "portals", portals,
                                          "unsupported"));
}

static const char config[] = KN_JSON({
        "type": "object",
        "properties": {
                "socket": { "type": "string", "maxLength": 300,
                        "pattern": "^(unix:/.+|tcp:(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+):[1-9][0-9]*)$",
                        "description": "Where kaname-tgt-volumes answers: unix:/run/kaname-tgt.sock" }
        },
        "required": ["socket"],
        "additionalProperties": false
});

/* Summaries and schemas stand in the domain's contract. */
static const struct kn_action actions[] = {
        { .name = "volume.create", .run = volume_create, .flags = KN_IDEMPOTENT },
        { .name = "volume.resize", .run = volume_resize, .flags = KN_IDEMPOTENT },
        { .name = "volume.snapshot", .run = volume_snapshot, .flags = KN_IDEMPOTENT },
        { .name = "volume.clone", .run = volume_clone },
        { .name = "volume.delete", .run = volume_delete, .flags = KN_IDEMPOTENT },
        { .name = "volume.list", .run = volume_list, .flags = KN_IDEMPOTENT | KN_READONLY },
        { .name = "volume.grant", .run = volume_grant, .flags = KN_IDEMPOTENT },
        { .name = "volume.revoke", .run = volume_revoke, .flags = KN_IDEMPOTENT },
        { .name = "snapshot.delete", .run = snapshot_delete, .flags = KN_IDEMPOTENT },
};

/* Calls of one instance stay serialised: the check before a change is ours. */
KN_PLUGIN(.name = "tgt", .version = "1.0", .domain = "storage",
          .summary = "Volumes as iSCSI targets of tgtd",
          .config = config, .check = check, KN_ACTIONS(actions))
