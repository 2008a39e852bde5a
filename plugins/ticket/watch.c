/* SPDX-License-Identifier: Apache-2.0 */

/* What a system's sensor found, as the contract's events. */

#include "ticket/ticket.h"

static int tell(struct kn_ctx *ctx, const char *trigger, const json_t *payload, const char *id)
{
        _free_ char *text = json_dumps(payload, JSON_COMPACT);
        char whole[200];

        snprintf(whole, sizeof whole, "%s-%s", id, trigger);
        return text ? kn_emit(ctx, trigger, text, whole) : KN_ENOMEM;
}

int ticket_tell(struct kn_ctx *ctx, const struct happening *h)
{
        _json_ json_t *payload = json_copy((json_t *)h->ticket);
        int r;

        if (!payload)
                return KN_ENOMEM;
        json_object_del(payload, "description");
        json_object_del(payload, "fields");
        json_object_del(payload, "executions");
        if (h->is_created)
                return tell(ctx, "created", payload, h->id);
        json_object_set_new(payload, "by", h->by ? json_string(h->by) : json_null());
        json_object_set_new(payload, "at", json_string(h->at));
        if (h->is_resolved) {
                r = tell(ctx, "resolved", payload, h->id);
                if (r < 0)
                        return r;
        }
        json_object_set_new(payload, "commented", json_boolean(h->is_commented));
        json_object_set(payload, "changes", (json_t *)h->changes);
        return tell(ctx, "updated", payload, h->id);
}
