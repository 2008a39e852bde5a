/* SPDX-License-Identifier: Apache-2.0 */

/* Trigger types, the triggers that rules made of them, timers and sensors. */

#include "rest/edit.h"
#include "rest/shape.h"

#include "base/json.h"
#include "base/text.h"
#include "flow/rule.h"
#include "flow/rulebook.h"
#include "hub/hub.h"

#include <errno.h>
#include <string.h>

/* ---- types ---- */

struct types {
        struct page *page;
        const char *pack, *name, *id;
        const struct catalog_trigger *found;
};

static int add_type(void *arg, const struct catalog_trigger *trigger)
{
        struct types *types = arg;

        if ((types->pack && !text_equal(trigger->pack, types->pack))
            || (types->name && !text_equal(trigger->name, types->name))
            || (types->id && !shape_is("trigger_type", trigger->ref, types->id)))
                return 0;
        types->found = trigger;
        if (types->page && page_takes(types->page))
                page_add(types->page, shape_trigger_type(trigger));
        return 0;
}

static int list_types(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct types types = { &page, query_text(&req->query, "pack"),
                query_text(&req->query, "name"),
                               query_text(&req->query, "id"), NULL };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        catalog_each_trigger(request_catalog(req), add_type, &types);
        return page_answer(&page);
}

static int find_type(struct request *req, const struct catalog_trigger **ret, struct fault *fault)
{
        struct types types = { .id = request_param(req, "ref") };

        catalog_each_trigger(request_catalog(req), add_type, &types);
        *ret = types.found;
        return types.found ? 0 : request_no_trigger(req, types.id, fault);
}

static int get_type(struct request *req, struct fault *fault)
{
        const struct catalog_trigger *trigger;
        int r = find_type(req, &trigger, fault);

        return r ? r : answer_object(req, 200, shape_trigger_type(trigger));
}

static int put_type(struct request *req, const char *ref, bool create, struct fault *fault)
{
        const struct catalog_trigger *trigger;
        int r = edit_put(req, "trigger", ref, req->json, create, fault);

        if (r)
                return r;
        trigger = catalog_trigger(request_catalog(req), ref);
        if (!trigger)
                return fault_set(fault, 500, "trigger.lost",
                                 "the trigger type '%s' was put and is not there", ref);
        return answer_object(req, create ? 201 : 200, shape_trigger_type(trigger));
}

/* What GET adds comes back in a PUT and is no part of the definition. */
static void strip(json_t *definition)
{
        static const char *const ours[] = { "id", "uid", "ref", "metadata_file" };

        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
                json_object_del(definition, ours[i]);
}

static int create_type(struct request *req, struct fault *fault)
{
        const char *pack = json_text_of(req->json, "pack", "default"),
                *name = json_text_of(req->json, "name", "");
        _free_ char *ref = NULL;

        if (!text_is_name(name) || !text_is_name(pack))
                return fault_set(fault, 422, "trigger.name",
                                 "name and pack have letters, digits, _ . - only");
        if (asprintf(&ref, "%s.%s", pack, name) < 0)
                return -ENOMEM;
        strip(req->json);
        json_object_set_new(req->json, "pack", json_string(pack));
        if (catalog_trigger(request_catalog(req), ref))
                return fault_set(fault, 409, "trigger.exists",
                                 "there is a trigger type '%s' already", ref);
        return put_type(req, ref, true, fault);
}

static int update_type(struct request *req, struct fault *fault)
{
        const struct catalog_trigger *trigger;
        _free_ char *ref = NULL;
        int r = find_type(req, &trigger, fault);

        if (r)
                return r;
        ref = strdup(trigger->ref);
        strip(req->json);
        json_set_text(req->json, "pack", trigger->pack);
        json_set_text(req->json, "name", trigger->name);
        return ref ? put_type(req, ref, false, fault) : -ENOMEM;
}

static int remove_type(struct request *req, struct fault *fault)
{
        const struct catalog_trigger *trigger;
        int r = find_type(req, &trigger, fault);

        if (!r)
                r = edit_put(req, "trigger", trigger->ref, NULL, false, fault);
        return r ? r : answer_empty(req, 204);
}

/* ---- triggers: a type with parameters that some rule listens to ---- */

struct triggers {
        struct page *page;
        struct catalog *catalog;
        json_t *seen;
        const char *type, *name;        /* name: one trigger by id or ref */
};

static int add_trigger(void *arg, const struct rule *rule)
{
        struct triggers *all = arg;
        const json_t *trigger = json_object_get(rule_definition(rule), "trigger");
        const char *type = json_text_of(trigger, "type", ""), *key = rule_trigger_key(rule);

        if (json_object_get(all->seen, key) || (all->type && !text_equal(type, all->type))
            || (all->name && !shape_is("trigger", key, all->name)))
                return 0;
        json_object_set_new(all->seen, key, json_true());
        if (page_takes(all->page))
                page_add(all->page, shape_trigger(all->catalog, type,
                                                  json_object_get(trigger, "parameters")));
        return 0;
}

static int collect(struct request *req, struct page *page, const char *name)
{
        _json_ json_t *seen = json_object();
        struct triggers all = { page, request_catalog(req), seen, query_text(&req->query, "type"),
                name };

        return rulebook_each(catalog_rules(all.catalog), add_trigger, &all);
}

static int list_triggers(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        collect(req, &page, NULL);
        return page_answer(&page);
}

static int get_trigger(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        collect(req, &page, request_param(req, "id"));
        if (!json_array_size(page.rows))
                return fault_set(fault, 404, "trigger.unknown",
                                 "no rule listens to a trigger '%.128s'", req->param[0]);
        return answer_json(req, 200, json_incref(json_array_get(page.rows, 0)));
}

/* ---- timers: what the hub says of them, as StackStorm shapes it ---- */

struct running_kind {
        const char *shape, *code, *path;        /* of ids, of the fault, of the list */
        const char *filter, *member;    /* the list's query parameter, and what it selects by */
        json_t *(*all)(struct hub *hub);
        json_t *(*row)(struct request *req, const json_t *one);
};

static json_t *timer_row(struct request *req, const json_t *timer)
{
        const char *type = json_text_of(timer, "type", "");
        json_t *row = shape_trigger(request_catalog(req), type,
                                    json_object_get(timer, "parameters"));

        json_object_set(row, "next", json_object_get(timer, "next"));
        return row;
}

static const struct running_kind timers = { "trigger", "timer.unknown", "timers", "timer_type",
                                            "type", hub_timers, timer_row };

static int list_running(struct request *req, const struct running_kind *kind, struct fault *fault)
{
        const char *wanted = query_text(&req->query, kind->filter);
        _json_ json_t *all = kind->all(request_hub(req));
        _page_ struct page page = { 0 };
        json_t *one;
        size_t i;
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        json_array_foreach(all, i, one)
                if ((!wanted || text_equal(json_text_of(one, kind->member, ""), wanted))
                    && page_takes(&page))
                        page_add(&page, kind->row(req, one));
        return page_answer(&page);
}

static int get_running(struct request *req, const struct running_kind *kind, struct fault *fault)
{
        const char *name = request_param(req, "ref");
        _json_ json_t *all = kind->all(request_hub(req));
        json_t *one;
        size_t i;

        json_array_foreach(all, i, one) {
                _json_ json_t *row = kind->row(req, one);

                if (shape_is(kind->shape, json_text_of(row, "ref", ""), name))
                        return answer_object(req, 200, TAKE(row));
        }
        fault_set(fault, 404, kind->code, "there is no '%.128s' among the %s", name, kind->path);
        return fault_try(fault, "GET /api/v1/%s lists them", kind->path);
}

static int list_timers(struct request *req, struct fault *fault)
{
        return list_running(req, &timers, fault);
}

static int get_timer(struct request *req, struct fault *fault)
{
        return get_running(req, &timers, fault);
}

#define LIST "limit offset include_attributes exclude_attributes "
#define V "/api/v1"

static const struct route rows[] = {
        { "GET", V "/triggertypes", list_types, AUTH_READ, 0, 200, "Trigger types",
                LIST "id name pack", NULL, "[TriggerType]" },
        { "POST", V "/triggertypes", create_type, AUTH_ADMINISTER, 0, 201, "Make a trigger type",
                "", "TriggerTypeCreate", "TriggerType" },
        { "GET", V "/triggertypes/{ref}", get_type, AUTH_READ, 0, 200, "One trigger type", "", NULL,
                "TriggerType" },
        { "PUT", V "/triggertypes/{ref}", update_type, AUTH_ADMINISTER, 0, 200, "Change it", "",
                "TriggerTypeUpdate", "TriggerType" },
        { "DELETE", V "/triggertypes/{ref}", remove_type, AUTH_ADMINISTER, 0, 204, "Delete it", "",
                NULL, NULL },
        { "GET", V "/triggers", list_triggers, AUTH_READ, 0, 200, "Triggers that rules listen to",
                LIST "type", NULL, "[Trigger]" },
        { "GET", V "/triggers/{id}", get_trigger, AUTH_READ, 0, 200, "One trigger", "", NULL,
                "Trigger" },
        { "GET", V "/timers", list_timers, AUTH_READ, 0, 200, "Timers and when they fire next",
                LIST "timer_type", NULL, "[Trigger]" },
        { "GET", V "/timers/{ref}", get_timer, AUTH_READ, 0, 200, "One timer", "", NULL,
                "Trigger" },
};

ROUTE_TABLE(routes_triggers);
