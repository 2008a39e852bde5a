/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Links to executions. A link is the configured prefix and the execution's id; where the prefix is
 * the address of a hub, people can follow it. Both directions of undo are the other action.
 */

#include "ticket/ticket.h"

const char *link_prefix(struct kn_ctx *ctx)
{
        return kn_config_str(ctx, "execution_url", "urn:kaname:execution:");
}

char *link_to(struct kn_ctx *ctx, const char *execution)
{
        const char *prefix = link_prefix(ctx);
        size_t size = strlen(prefix) + strlen(execution) + 1;
        char *ret = malloc(size);

        if (ret)
                snprintf(ret, size, "%s%s", prefix, execution);
        return ret;
}

bool has_execution(const json_t *ticket, const char *execution)
{
        const json_t *one;
        size_t i;

        json_array_foreach(json_object_get(ticket, "executions"), i, one)
                if (strcmp(json_string_value(one), execution) == 0)
                        return true;
        return false;
}

static int answer(struct kn_ctx *ctx, bool changed, const json_t *ticket, const char *execution,
                  bool is_on)
{
        _json_ json_t *list = json_array();
        json_t *one;
        size_t i;

        json_array_foreach(json_object_get(ticket, "executions"), i, one)
                if (strcmp(json_string_value(one), execution) != 0)
                        json_array_append(list, one);
        if (is_on)
                json_array_append_new(list, json_string(execution));
        return give(ctx, json_pack("{s:b, s:O, s:O}", "changed", changed, "id",
                                   json_object_get(ticket, "id"), "executions", list));
}

static int announce(struct kn_ctx *ctx, const char *id, const char *execution, bool is_on)
{
        _json_ json_t *args = json_pack("{s:s, s:s}", "id", id, "execution", execution);
        _json_ json_t *there = json_true();
        char resource[160];
        const struct deed deed = { .resource = resource, .before = is_on ? NULL : there,
                                   .after = is_on ? there : NULL,
                                   .undo_action = is_on ? "unlink" : "link", .undo_args = args };

        snprintf(resource, sizeof resource, "ticket/%s/execution/%s", id, execution);
        return args ? deed_announce(ctx, &deed) : KN_ENOMEM;
}

/* Read back: what is there decides, not what the system said. */
static int settle(struct kn_ctx *ctx, int ticket, int written, const char *execution, bool is_on)
{
        _ticket_ struct ticket now = { .json = NULL };
        _json_ json_t *there = json_true();
        const char *id = kn_arg_str(ctx, "id", "");
        int r = system_get(ctx, id, &now);
        bool is_there;

        if (r < 0) {
                deed_close(ctx, ticket, KN_EUNKNOWN, NULL);
                return written < 0 ? written : r;
        }
        is_there = has_execution(now.json, execution);
        if (is_there == is_on)
                r = deed_close(ctx, ticket, KN_OK, is_there ? there : NULL);
        else
                r = written < 0 ? written
                        : kn_fail(ctx, KN_ECONFLICT, "%s reported success, but ticket %s has %s "
                                  "link to execution %s: may the instance's account change it?",
                                  system_name, id, is_there ? "still its" : "no", execution);
        if (is_there != is_on)
                deed_close(ctx, ticket, r, is_there ? there : NULL);
        return r < 0 ? r : answer(ctx, true, now.json, execution, is_on);
}

static int set_link(struct kn_ctx *ctx, bool is_on)
{
        _ticket_ struct ticket now = { .json = NULL };
        const char *id = kn_arg_str(ctx, "id", "");
        const char *execution = kn_arg_str(ctx, "execution", kn_str(ctx, KN_CALL, "id", ""));
        int ticket, r = system_get(ctx, id, &now);

        if (r < 0)
                return r;
        if (has_execution(now.json, execution) == is_on)
                return answer(ctx, false, now.json, execution, is_on);
        ticket = announce(ctx, id, execution, is_on);
        if (ticket < 0)
                return ticket;
        if (ticket == KN_SKIP)
                return answer(ctx, true, now.json, execution, is_on);
        r = system_link(ctx, &now, execution, is_on);
        return settle(ctx, ticket, r, execution, is_on);
}

int ticket_link(struct kn_ctx *ctx)
{
        return set_link(ctx, true);
}

int ticket_unlink(struct kn_ctx *ctx)
{
        return set_link(ctx, false);
}
