/* SPDX-License-Identifier: Apache-2.0 */

/* Rules: read from packs, made over REST, switched on and off, tried against an event. */

#include "rest/edit.h"
#include "rest/shape.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "content/content.h"
#include "flow/rule.h"
#include "flow/rulebook.h"

#include <errno.h>
#include <string.h>

struct listing {
        struct page *page;
        struct catalog *catalog;
        const char *pack, *name, *id, *action, *trigger;
        bool has_enabled, enabled, view;
};

static bool fits(const struct listing *l, const struct rule *rule)
{
        const json_t *trigger = json_object_get(rule_definition(rule), "trigger");
        const char *ref = rule_ref(rule), *dot = strchr(ref, '.');
        size_t n = strcspn(ref, ".");

        if (l->pack && (strlen(l->pack) != n || strncmp(ref, l->pack, n) != 0))
                return false;
        if (l->name && !text_equal(dot ? dot + 1 : ref, l->name))
                return false;
        if (l->id && !shape_is("rule", ref, l->id))
                return false;
        if (l->action && !text_equal(rule_action(rule), l->action))
                return false;
        if (l->trigger && !text_equal(json_text_of(trigger, "type", ""), l->trigger))
                return false;
        return !l->has_enabled || rule_is_enabled(rule) == l->enabled;
}

static int add(void *arg, const struct rule *rule)
{
        struct listing *l = arg;

        if (fits(l, rule) && page_takes(l->page))
                page_add(l->page, shape_rule(l->catalog, rule, l->view));
        return 0;
}

static int list_as(struct request *req, bool view, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct listing l = { .page = &page, .view = view, .pack = query_text(&req->query, "pack"),
                .name = query_text(&req->query, "name"), .id = query_text(&req->query, "id"),
                .action = query_text(&req->query, "action"),
                .trigger = query_text(&req->query, "trigger"),
                .has_enabled = query_text(&req->query, "enabled") };
        int r = page_init(&page, req, fault);

        if (!r)
                r = query_bool(&req->query, "enabled", &l.enabled, fault);
        if (r)
                return r;
        l.catalog = request_catalog(req);
        rulebook_each(catalog_rules(l.catalog), add, &l);
        return page_answer(&page);
}

static int list(struct request *req, struct fault *fault)
{
        return list_as(req, false, fault);
}

static int list_views(struct request *req, struct fault *fault)
{
        return list_as(req, true, fault);
}

static const struct rule *lookup(struct request *req, const char *name)
{
        return shape_find_rule(request_catalog(req), name);
}

static int find(struct request *req, const struct rule **ret, struct fault *fault)
{
        const char *name = request_param(req, "ref");

        *ret = lookup(req, name);
        if (*ret)
                return 0;
        fault_set(fault, 404, "rule.unknown", "there is no rule '%.128s'", name);
        return fault_try(fault, "kaname rule list");
}

static int get(struct request *req, struct fault *fault)
{
        const struct rule *rule;
        int r = find(req, &rule, fault);

        return r ? r : answer_object(req, 200, shape_rule(request_catalog(req), rule, false));
}

static int get_view(struct request *req, struct fault *fault)
{
        const struct rule *rule;
        int r = find(req, &rule, fault);

        return r ? r : answer_object(req, 200, shape_rule(request_catalog(req), rule, true));
}

/* ---- change ---- */

/* GET also adds to the trigger and the action of a rule. */
static json_t *definition_of(const json_t *body)
{
        json_t *definition = edit_definition(body);
        json_t *trigger = json_object_get(definition, "trigger"),
               *action = json_object_get(definition, "action");

        json_object_del(trigger, "ref");
        if (json_is_null(json_object_get(trigger, "description")))
                json_object_del(trigger, "description");
        json_object_del(action, "description");
        return definition;
}

static int answer_rule(struct request *req, unsigned status, const char *ref, struct fault *fault)
{
        const struct rule *rule;

        rule = lookup(req, ref);
        if (!rule)
                return fault_set(fault, 404, "rule.unknown", "the rule '%.128s' is gone again",
                                 ref);
        return answer_object(req, status, shape_rule(request_catalog(req), rule, false));
}

static int create(struct request *req, struct fault *fault)
{
        _json_ json_t *definition = definition_of(req->json);
        struct rule *rule = NULL;
        _free_ char *ref = NULL;
        int r = rule_compile(definition, &rule, fault);

        if (r)
                return r;
        ref = strdup(rule_ref(rule));
        rule_free(rule);
        if (!ref)
                return -ENOMEM;
        r = edit_put(req, "rule", ref, definition, true, fault);
        return r ? r : answer_rule(req, 201, ref, fault);
}

static int update(struct request *req, struct fault *fault)
{
        _json_ json_t *definition = definition_of(req->json), *was = NULL;
        const struct rule *rule;
        _free_ char *ref = NULL;
        int r = find(req, &rule, fault);

        if (r)
                return r;
        ref = strdup(rule_ref(rule));
        was = shape_rule(request_catalog(req), rule, false);
        if (!ref || !was)
                return -ENOMEM;
        if (edit_only_switches(req, definition_of(was), definition)) {
                r = edit_enable(req, "rule", ref,
                                json_bool_of(definition, "enabled", true), fault);
        } else {
                edit_name(definition, ref);
                r = edit_put(req, "rule", ref, definition, false, fault);
        }
        return r ? r : answer_rule(req, 200, ref, fault);
}

static int remove_rule(struct request *req, struct fault *fault)
{
        const struct rule *rule;
        int r = find(req, &rule, fault);

        if (!r)
                r = edit_put(req, "rule", rule_ref(rule), NULL, false, fault);
        return r ? r : answer_empty(req, 204);
}

/* ---- test ---- */

static int take_payload(void *arg, const struct store_event *event)
{
        *(json_t **)arg = json_stored(event->payload);
        return 0;
}

static int test(struct request *req, struct fault *fault)
{
        const char *name = json_text_of(req->json, "ref", NULL),
                *event = json_text_of(req->json, "event", NULL);
        json_t *payload = json_object_get(req->json, "payload"), *answer = NULL;
        _json_ json_t *stored = NULL, *definition = NULL;
        const struct rule *rule = name ? lookup(req, name) : NULL;
        struct id id;
        int r = 0;

        if (event && !id_parse(event, &id))
                return fault_set(fault, 422, "rule.test", "event: '%.64s' is not an id", event);
        if (event)
                r = store_get_event(request_store(req), &id, take_payload, &stored, fault);
        if (r)
                return r;
        if (name && !rule)
                return fault_set(fault, 404, "rule.unknown", "there is no rule '%.128s'", name);
        if (!rule && !json_is_object(json_object_get(req->json, "rule")))
                return fault_set(fault, 422, "rule.test",
                                 "say which rule: \"ref\", or its definition as \"rule\"");
        if (!stored && !json_is_object(payload))
                return fault_set(fault, 422, "rule.test",
                                 "say which event: \"payload\", or \"event\" with an id");
        definition = rule ? NULL : definition_of(json_object_get(req->json, "rule"));
        r = content_rule_test(request_content(req), rule ? rule_ref(rule) : NULL, definition,
                              stored ? stored : payload, &answer, fault);
        return r ? r : answer_json(req, 200, answer);
}

/* ---- replay ---- */

#define DAY_MS (24 * 60 * 60 * 1000.0)

static int since_of(const json_t *body, int64_t *ret, struct fault *fault)
{
        const char *since = json_text_of(body, "since", NULL);
        const json_t *days = json_object_get(body, "days");

        if (since && clock_parse(since, ret) < 0) {
                fault_set(fault, 422, "rule.replay", "since: '%.64s' is no time", since);
                return fault_try(fault, "write it as 2026-11-22T06:54:52Z");
        }
        if (!since && !json_is_number(days)) {
                fault_set(fault, 422, "rule.replay", "say from when: \"since\", or \"days\"");
                return fault_try(fault, "\"days\": 7");
        }
        if (!since)
                *ret = clock_real_ms() - (int64_t)(json_number_value(days) * DAY_MS);
        return 0;
}

static int replay(struct request *req, struct fault *fault)
{
        const char *name = json_text_of(req->json, "ref", NULL);
        const json_t *given = json_object_get(req->json, "rule");
        const struct rule *rule = name ? lookup(req, name) : NULL;
        _json_ json_t *definition = rule || !given ? NULL : definition_of(given);
        json_t *answer = NULL;
        int64_t since = 0;
        int r;

        if (name && !rule) {
                fault_set(fault, 404, "rule.unknown", "there is no rule '%.128s'", name);
                return fault_try(fault, "kaname rule list");
        }
        if (!rule && !given)
                return fault_set(fault, 422, "rule.replay",
                                 "say which rule: \"ref\", or its definition as \"rule\"");
        r = since_of(req->json, &since, fault);
        if (!r)
                r = content_rule_replay(request_content(req), rule ? rule_ref(rule) : NULL,
                                        definition, since,
                                        (size_t)json_int_of(req->json, "limit", 100), &answer,
                                        fault);
        return r ? r : answer_json(req, 200, answer);
}

/* ---- types ---- */

static const char *const rule_types[] = { "standard", "backstop" };

static json_t *shape_type(const char *name)
{
        char id[ID_TEXT_SIZE];

        return json_pack("{s:s, s:s, s:s, s:b, s:{}}", "id", shape_id("rule_type", name, id),
                         "ref", name, "name", name, "enabled", 1, "parameters");
}

static int types(struct request *req, struct fault *fault)
{
        json_t *list = json_array();

        (void)fault;
        for (size_t i = 0; i < sizeof rule_types / sizeof *rule_types; i++)
                json_array_append_new(list, shape_type(rule_types[i]));
        return answer_json(req, 200, list);
}

static int type(struct request *req, struct fault *fault)
{
        const char *wanted = request_param(req, "id");

        for (size_t i = 0; i < sizeof rule_types / sizeof *rule_types; i++)
                if (shape_is("rule_type", rule_types[i], wanted))
                        return answer_json(req, 200, shape_type(rule_types[i]));
        fault_set(fault, 404, "rule.unknown-type", "there is no rule type '%.64s'", wanted);
        return fault_try(fault, "standard or backstop");
}

#define LIST                                                                                       \
        "limit offset include_attributes exclude_attributes id name pack action trigger enabled"
#define R "/api/v1/rules"

static const struct route rows[] = {
        { "GET", R, list, AUTH_READ, 0, 200, "Rules", LIST, NULL, "[Rule]" },
        { "POST", R, create, AUTH_ADMINISTER, 0, 201, "Make a rule", "", "RuleCreate", "Rule" },
        { "POST", R "/test", test, AUTH_READ, 0, 200,
          "Would this event match, and which criterion fails? Nothing is done", "", "RuleTest",
          "Object" },
        { "POST", R "/replay", replay, AUTH_READ, 0, 200,
          "Which executions would it have made of the events since then? Nothing is done", "",
          "RuleReplay", "Replay" },
        { "GET", R "/views", list_views, AUTH_READ, 0, 200,
                "Rules, with what trigger and action are", LIST, NULL, "[Rule]" },
        { "GET", R "/views/{ref}", get_view, AUTH_READ, 0, 200, "One of them", "", NULL, "Rule" },
        { "GET", R "/{ref}", get, AUTH_READ, 0, 200, "One rule", "", NULL, "Rule" },
        { "PUT", R "/{ref}", update, AUTH_ADMINISTER, 0, 200,
          "Change a rule, or switch it on or off; a rule of a file can only be switched", "",
          "RuleUpdate", "Rule" },
        { "DELETE", R "/{ref}", remove_rule, AUTH_ADMINISTER, 0, 204, "Delete a rule", "", NULL,
                NULL },
        { "GET", "/api/v1/ruletypes", types, AUTH_READ, 0, 200, "Kinds of rules", "", NULL,
                "[Object]" },
        { "GET", "/api/v1/ruletypes/{id}", type, AUTH_READ, 0, 200, "One of them", "", NULL,
          "Object" },
};

ROUTE_TABLE(routes_rules);
