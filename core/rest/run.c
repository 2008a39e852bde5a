/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/run.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "rest/once.h"
#include "rest/stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WAIT_MAX_S 60
#define LIST_RESULT_MAX (64 << 10)

/* ---- permission ---- */

static int judge(struct request *req, const char *action, const char *instance, enum auth_verb verb,
                 struct fault *fault)
{
        if (auth_may_act(req->who, action, instance, verb))
                return 0;
        return auth_refuse_act(req->who, action, instance, verb, fault);
}

int run_permit(struct request *req, const char *action, const json_t *params, enum auth_verb verb,
               struct fault *fault)
{
        struct catalog *catalog = request_catalog(req);
        const struct catalog_action *found = catalog_action(catalog, action);
        const struct catalog_instance *instance = NULL;
        const struct manifest_action *row;
        int r;

        if (request_is_admin(req))
                return 0;
        if (found && text_equal(found->runner, "plugin")) {
                r = catalog_serve(catalog, found, params, &instance, &row, fault);
                if (r)
                        return r;
        }
        return judge(req, action, instance ? instance->name : NULL, verb, fault);
}

struct seen {
        char *action, *instance, *user;
        json_t *params;
};

static void seen_deinit(struct seen *seen)
{
        free(seen->action);
        free(seen->instance);
        free(seen->user);
        json_decref(seen->params);
}

static int see(void *arg, const struct store_execution *e)
{
        struct seen *seen = arg;

        seen->action = strdup(e->action);
        seen->instance = e->instance ? strdup(e->instance) : NULL;
        seen->user = e->user ? strdup(e->user) : NULL;
        seen->params = json_stored(e->params ? e->params : "{}");
        return 0;
}

int run_permit_execution(struct request *req, const struct id *id, enum auth_verb verb, bool own,
                         struct fault *fault)
{
        _cleanup_(seen_deinit) struct seen seen = { 0 };
        int r = store_get_execution(request_store(req), id, false, see, &seen, fault);

        if (r)
                return r;
        if (request_is_admin(req) || (own && text_equal(seen.user, req->who->user)))
                return 0;
        return judge(req, seen.action ? seen.action : "", seen.instance, verb, fault);
}

int run_permit_again(struct request *req, const struct id *id, const json_t *params,
                     struct fault *fault)
{
        _cleanup_(seen_deinit) struct seen seen = { 0 };
        int r = store_get_execution(request_store(req), id, false, see, &seen, fault);

        if (r)
                return r;
        if (!seen.action || !seen.params)
                return -ENOMEM;
        if (json_is_object(params))
                json_object_update(seen.params, (json_t *)params);
        return run_permit(req, seen.action, seen.params, AUTH_RUN, fault);
}

struct changers {
        struct id ids[256];
        size_t n;
        bool is_more;
};

static int see_changer(void *arg, const struct store_change *change)
{
        struct changers *all = arg;

        for (size_t i = 0; i < all->n; i++)
                if (id_equal(&all->ids[i], &change->execution))
                        return 0;
        all->is_more = all->n == sizeof all->ids / sizeof *all->ids;
        if (!all->is_more)
                all->ids[all->n++] = change->execution;
        return all->is_more;
}

int run_permit_event(struct request *req, const struct id *event, enum auth_verb verb,
                     struct fault *fault)
{
        struct store_change_filter filter = { .event = *event, .state = -1 };
        struct store_page page = { .limit = 10000 };
        struct changers changers = { .n = 0 };
        int r;

        if (request_is_admin(req))
                return 0;
        r = store_list_changes(request_store(req), &filter, &page, see_changer, &changers, NULL,
                               fault);
        if (!r && changers.is_more)
                r = fault_set(fault, 403, "auth.too-many",
                              "so many executions changed things for this event "
                              "that only an administrator may undo it whole");
        for (size_t i = 0; i < changers.n && !r; i++)
                r = run_permit_execution(req, &changers.ids[i], verb, false, fault);
        return r;
}

struct later {
        int64_t wait_ms;
        struct hub_ran ran;
};

static struct later *later_of(struct request *req)
{
        if (!req->later) {
                req->later = calloc(1, sizeof(struct later));
                req->later_free = free;
        }
        return req->later;
}

/* ---- answers ---- */

int run_shape(struct request *req, bool is_list, struct shape *ret, struct fault *fault)
{
        int64_t max = is_list ? LIST_RESULT_MAX : 0;
        int r;

        *ret = (struct shape){ .catalog = request_catalog(req) };
        r = request_shows_secrets(req, &ret->show_secrets, fault);
        if (!r)
                r = query_int(&req->query, "max_result_size", 1, INT64_C(1) << 40, &max, fault);
        ret->with_result = fields_want(&req->query, "result")
                || fields_want(&req->query, "result_size");
        ret->result_max = (uint64_t)max;
        return r;
}

struct showing {
        struct request *req;
        struct shape shape;
        json_t *object;
};

static int show(void *arg, const struct store_execution *e)
{
        struct showing *showing = arg;

        showing->object = shape_execution(&showing->shape, e);
        return 0;
}

static int add_child(void *arg, const struct store_execution *e)
{
        json_array_append_new(arg, shape_ref(&e->id));
        return 0;
}

int run_show(struct request *req, unsigned status, const struct id *id, struct fault *fault)
{
        struct showing showing = { .req = req };
        struct store_execution_filter filter = { .parent = *id, .status = -1 };
        struct store_page page = { .limit = 100, .ascending = true };
        int r = run_shape(req, false, &showing.shape, fault);

        if (!r)
                r = store_get_execution(request_store(req), id, showing.shape.with_result, show,
                                        &showing, fault);
        if (r)
                return r;
        if (fields_want(&req->query, "children"))
                store_list_executions(request_store(req), &filter, &page, add_child,
                                      json_object_get(showing.object, "children"), NULL, NULL);
        return answer_object(req, status, showing.object);
}

/* ---- waiting ---- */

static int64_t prefer_wait_s(const char *prefer)
{
        const char *s = prefer ? strcasestr(prefer, "wait=") : NULL;
        int64_t seconds = 0;
        char number[8];

        if (!s)
                return 0;
        snprintf(number, sizeof number, "%.*s", (int)strspn(s + 5, "0123456789"), s + 5);
        return text_to_int(number, 0, INT32_MAX, &seconds) ? seconds : 0;
}

static int finish(struct request *req, struct fault *fault)
{
        const struct later *later = req->later;
        enum store_outcome outcome = later->ran.outcome;
        char id[ID_TEXT_SIZE];

        if (outcome == STORE_MISMATCH)
                return once_mismatch(id_text(&later->ran.id, id), fault);
        if (outcome == STORE_CONFLICT) {
                fault_set(fault, 409, "execution.conflict",
                          "somebody else was faster: this was applied or "
                          "undone already, or is just now");
                return fault_try(fault, "look at it: kaname execution get");
        }
        if (outcome != STORE_DONE && outcome != STORE_DUPLICATE)
                return store_outcome_fault(outcome, fault);
        answer_header(req, "Location", "/api/v1/executions/%s", id_text(&later->ran.id, id));
        if (outcome == STORE_DUPLICATE)
                answer_header(req, "Idempotency-Replayed", "true");
        if (later->wait_ms)
                answer_header(req, "Preference-Applied", "wait=%lld",
                              (long long)later->wait_ms / 1000);
        return run_show(req, req->route->success, &later->ran.id, fault);
}

int run_replay(struct request *req, const struct id *first, struct fault *fault)
{
        struct later *later = later_of(req);

        if (!later)
                return -ENOMEM;
        later->ran = (struct hub_ran){ STORE_DUPLICATE, *first };
        later->wait_ms = 0;
        return finish(req, fault);
}

int run_prepare(struct request *req, struct fault *fault)
{
        int64_t seconds = prefer_wait_s(request_header(req, "Prefer"));
        struct later *later = later_of(req);

        (void)fault;
        if (!later)
                return -ENOMEM;
        later->wait_ms = (seconds > WAIT_MAX_S ? WAIT_MAX_S : seconds) * 1000;
        req->finish = finish;
        return 0;
}

/* On the writer's thread: pass it on. */
void run_committed(void *arg, const struct hub_ran *ran)
{
        struct request *req = arg;
        struct later *later = req->later;
        bool made = ran->outcome == STORE_DONE || ran->outcome == STORE_DUPLICATE;

        later->ran = *ran;
        if (made && later->wait_ms
            && stream_wait(req->rest->stream, req, &ran->id, clock_mono_ms() + later->wait_ms,
                           request_done) == 0)
                return;
        request_done(req);
}

int run_later(int r)
{
        return r ? r : REQUEST_LATER;
}
