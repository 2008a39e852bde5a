/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The path that is measured: one event in, one small answer out. What comes back from the commit is
 * copied on the writer's thread and written out on the daemon's, by hand, since it is the same few
 * words each time.
 */

#include "rest/accept.h"

#include "base/json.h"
#include "base/text.h"
#include "rest/once.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct accepted {
        size_t n;
        struct hub_accepted one[];
};

static int failure(const struct accepted *all, struct fault *fault)
{
        char id[ID_TEXT_SIZE];

        for (size_t i = 0; i < all->n; i++)
                switch (all->one[i].outcome) {
                case STORE_DONE:
                case STORE_DUPLICATE:
                        break;
                case STORE_MISMATCH:
                        return once_mismatch(id_text(&all->one[i].id, id), fault);
                default:
                        return store_outcome_fault(all->one[i].outcome, fault);
                }
        return 0;
}

static int finish(struct request *req, struct fault *fault)
{
        const struct accepted *all = req->later;
        _text_ struct text out = TEXT_INIT;
        unsigned accepted = 0;
        char id[ID_TEXT_SIZE];

        if (failure(all, fault))
                return FAULT;
        for (size_t i = 0; i < all->n; i++)
                accepted += all->one[i].outcome == STORE_DONE;
        text_addf(&out, "{\"accepted\":%u,\"duplicates\":%zu", accepted, all->n - accepted);
        if (all->n == 1)
                text_addf(&out, ",\"id\":\"%s\"", id_text(&all->one[0].id, id));
        text_add(&out, ",\"events\":[");
        for (size_t i = 0; i < all->n; i++) {
                text_add_bytes(&out, i ? ",\"" : "\"", i ? 2 : 1);
                text_add_bytes(&out, id_text(&all->one[i].id, id), ID_TEXT_SIZE - 1);
                text_add_bytes(&out, "\"", 1);
        }
        text_add_bytes(&out, "]}", 2);
        return answer_text(req, 202, "application/json", &out);
}

/* On the writer's thread. */
static void committed(void *arg, const struct hub_accepted *accepted, size_t n)
{
        struct request *req = arg;
        struct accepted *all = req->later;

        memcpy(all->one, accepted, n * sizeof *accepted);
        request_done(req);
}

int accept_events(struct request *req, const struct hub_event *events, size_t n,
                  struct fault *fault)
{
        struct accepted *all = malloc(sizeof *all + n * sizeof *all->one);
        int r;

        if (!all)
                return -ENOMEM;
        all->n = n;
        if (req->later_free)
                req->later_free(req->later);
        req->later = all;
        req->later_free = free;
        req->finish = finish;
        r = hub_accept(request_hub(req), events, n, committed, req, fault);
        if (!r)
                return REQUEST_LATER;
        req->finish = NULL;
        return r;
}

int accept_permit(struct request *req, const char *trigger, struct fault *fault)
{
        if (request_is_admin(req))
                return 0;
        if (text_starts_with(trigger, "core.")) {
                fault_set(fault, 403, "event.internal", "%.128s is a trigger of the hub itself",
                          trigger);
                return fault_try(
                        fault,
                        "only administrators may send it; a webhook is POST /api/v1/webhooks/NAME");
        }
        if (auth_may_send(req->who, trigger))
                return 0;
        fault_set(fault, 403, "auth.no-webhook", "%s may not send %.128s", req->who->user, trigger);
        return fault_try(fault, "ask an administrator for a key whose \"webhooks\" cover it");
}
