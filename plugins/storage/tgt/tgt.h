/* SPDX-License-Identifier: Apache-2.0 */

/* What the files of the plugin share. */

#ifndef PLUGINS_STORAGE_TGT_H
#define PLUGINS_STORAGE_TGT_H

#include "change.h"

#include <netinet/in.h>

/* What a change is about; texts are the call's. */
struct tgt_target {
        const char *volume;
        const char *snapshot, *client;  /* NULL: the volume itself */
        const char *from, *from_snapshot;               /* of a clone */
        const char *how;                /* the helper's word for how much may be lost */
        json_t *found;                  /* as begin read it: the volume's row; owned; NULL: none */
        int64_t sessions;               /* that a revocation ended */
};

/* The arguments' volume, as it is. */
int tgt_begin(struct kn_ctx *ctx, struct tgt_target *target);
void tgt_done(struct tgt_target *target);
#define _target_ _cleanup_(tgt_done)
int tgt_fail_absent(struct kn_ctx *ctx, const struct tgt_target *target);
int64_t tgt_sessions(const struct tgt_target *target);

/* The way to take a client's grant away, which volume.delete goes for each (grant.c). */
extern const struct change_way tgt_revocation;
/* The one form of an address that tgtd matches; a name or an account stays as it is (client.c). */
#define TGT_CLIENT_SIZE (INET6_ADDRSTRLEN + 200)
int tgt_client(struct kn_ctx *ctx, const char *text, char ret[TGT_CLIENT_SIZE]);
/* The way to let a snapshot go (snapshot.c). */
extern const struct change_way tgt_dropping;

int volume_create(struct kn_ctx *ctx);
int volume_resize(struct kn_ctx *ctx);
int volume_snapshot(struct kn_ctx *ctx);
int volume_clone(struct kn_ctx *ctx);
int volume_delete(struct kn_ctx *ctx);
int volume_list(struct kn_ctx *ctx);
int volume_grant(struct kn_ctx *ctx);
int volume_revoke(struct kn_ctx *ctx);
int snapshot_delete(struct kn_ctx *ctx);

#endif
