/* SPDX-License-Identifier: Apache-2.0 */

/* Policies that people make, change and switch at run time: documents, as edit.c has it. */
#include "hub/room.h"

#include <errno.h>

static void tell(const char *what, const char *ref, const char *user)
{
        log_write(LOG_NOTICE_, LOG_FIELDS("user", user), "policy '%s' %s", ref, what);
}

int hub_put_policy(struct hub *hub, const char *ref, const json_t *body, bool create,
                   const char *user, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        const struct catalog_policy *there = catalog_policy(catalog, ref);
        int r;

        if (there && !text_equal(there->origin, "api")) {
                fault_set(fault, 409, "policy.from-file", "the policy '%s' is defined by %s", ref,
                          there->origin);
                return fault_try(fault, "edit that file and reload, or switch the policy off: "
                                 "kaname policy disable %s", ref);
        }
        r = content_put_doc(hub, "policy", ref, body, create, fault);
        if (r == 0)
                tell(!body ? "deleted" : create ? "created" : "changed", ref, user);
        return r;
}

int hub_enable_policy(struct hub *hub, const char *ref, bool enabled, const char *user,
                      struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        const struct catalog_policy *policy = catalog_policy(catalog, ref);
        bool is_ours = policy && text_equal(policy->origin, "api");
        _json_ json_t *body = is_ours ? json_deep_copy(policy->definition) : json_object();
        _free_ char *name = NULL;
        int r;

        if (!policy) {
                fault_set(fault, 404, "policy.unknown", "there is no policy '%s'", ref);
                return fault_try(fault, "kaname policy list");
        }
        if (!body || json_object_set_new(body, "enabled", json_boolean(enabled)) < 0 ||
            asprintf(&name, "policy:%s", ref) < 0)
                return fault_errno(fault, -ENOMEM, "policy");
        json_object_del(body, "ref");
        r = is_ours ? content_put_doc(hub, "policy", ref, body, false, fault)
                : content_put_doc(hub, "enabled", name, body, false, fault);
        if (r == 0)
                tell(enabled ? "enabled" : "disabled", ref, user);
        return r;
}
