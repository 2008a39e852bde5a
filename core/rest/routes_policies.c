/* SPDX-License-Identifier: Apache-2.0 */

/* Policies, what bounds the starts of an action: read from packs, made over REST; their types. */

#include "rest/edit.h"
#include "rest/shape.h"

#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

/* ---- look ---- */

struct listing {
        struct page *page;
        const char *pack, *name, *id, *resource, *type;
        bool has_enabled, enabled;
        const struct catalog_policy *found;
};

static bool fits(const char *wanted, const char *found)
{
        return !wanted || text_equal(found, wanted);
}

static int add(void *arg, const struct catalog_policy *policy)
{
        struct listing *l = arg;

        if (!fits(l->pack, json_text_of(policy->definition, "pack", "")) ||
            !fits(l->name, json_text_of(policy->definition, "name", "")) ||
            !fits(l->resource, policy->resource) || !fits(l->type, policy->type) ||
            (l->id && !shape_is("policy", policy->ref, l->id)) ||
            (l->has_enabled && l->enabled != policy->is_enabled))
                return 0;
        l->found = policy;
        if (l->page && page_takes(l->page))
                page_add(l->page, shape_policy(policy));
        return 0;
}

static int list(struct request *req, struct fault *fault)
{
        const struct query *query = &req->query;
        _page_ struct page page = { 0 };
        struct listing l = { .page = &page, .pack = query_text(query, "pack"),
                .name = query_text(query, "name"), .id = query_text(query, "id"),
                .resource = query_text(query, "resource_ref"),
                .type = query_text(query, "policy_type"),
                .has_enabled = query_text(query, "enabled") };
        int r = page_init(&page, req, fault);

        if (!r)
                r = query_bool(query, "enabled", &l.enabled, fault);
        if (r)
                return r;
        catalog_each_policy(request_catalog(req), add, &l);
        return page_answer(&page);
}

static int find(struct request *req, const struct catalog_policy **ret, struct fault *fault)
{
        struct listing l = { .id = request_param(req, "ref") };

        catalog_each_policy(request_catalog(req), add, &l);
        *ret = l.found;
        if (l.found)
                return 0;
        fault_set(fault, 404, "policy.unknown", "there is no policy '%.128s'", l.id);
        return fault_try(fault, "kaname policy list");
}

static int get(struct request *req, struct fault *fault)
{
        const struct catalog_policy *policy;
        int r = find(req, &policy, fault);

        return r ? r : answer_object(req, 200, shape_policy(policy));
}

/* ---- change ---- */

/* A file may come before the pack that it is about; who types it in is told of a slip. */
static int check_resource(struct request *req, const json_t *definition, struct fault *fault)
{
        struct catalog *catalog = request_catalog(req);
        const char *ref = json_text_of(definition, "resource_ref", "");

        if (catalog_action(catalog, ref))
                return 0;
        catalog_no_action(catalog, ref, fault);
        /* The address is right, and what stands in the body is not. */
        fault->status = 422;
        snprintf(fault->code, sizeof fault->code, "policy.unknown-action");
        return fault_prefix(fault, "resource_ref");
}

static int answer_policy(struct request *req, unsigned status, const char *ref,
                         struct fault *fault)
{
        const struct catalog_policy *policy;

        policy = catalog_policy(request_catalog(req), ref);
        if (!policy)
                return fault_set(fault, 404, "policy.unknown", "the policy '%.128s' is gone again",
                                 ref);
        return answer_object(req, status, shape_policy(policy));
}

static int create(struct request *req, struct fault *fault)
{
        _json_ json_t *definition = edit_definition(req->json);
        _free_ char *ref = NULL;
        int r = check_resource(req, definition, fault);

        if (r)
                return r;
        if (asprintf(&ref, "%s.%s", json_text_of(definition, "pack", "default"),
                     json_text_of(definition, "name", "")) < 0)
                return -ENOMEM;
        if (catalog_policy(request_catalog(req), ref)) {
                fault_set(fault, 409, "policy.exists", "the policy '%.200s' is there already",
                          ref);
                return fault_try(fault, "change it with PUT, or choose another name");
        }
        r = edit_put(req, "policy", ref, definition, true, fault);
        return r ? r : answer_policy(req, 201, ref, fault);
}

static int update(struct request *req, struct fault *fault)
{
        _json_ json_t *definition = edit_definition(req->json), *was = NULL;
        const struct catalog_policy *policy;
        _free_ char *ref = NULL;
        int r = find(req, &policy, fault);

        if (r)
                return r;
        ref = strdup(policy->ref);
        was = shape_policy(policy);
        if (!ref || !was)
                return -ENOMEM;
        if (edit_only_switches(req, edit_definition(was), definition)) {
                r = edit_enable(req, "policy", ref,
                                json_bool_of(definition, "enabled", true), fault);
        } else {
                edit_name(definition, ref);
                r = check_resource(req, definition, fault);
                if (!r)
                        r = edit_put(req, "policy", ref, definition, false, fault);
        }
        return r ? r : answer_policy(req, 200, ref, fault);
}

static int remove_policy(struct request *req, struct fault *fault)
{
        const struct catalog_policy *policy;
        int r = find(req, &policy, fault);

        if (!r)
                r = edit_put(req, "policy", policy->ref, NULL, false, fault);
        return r ? r : answer_empty(req, 204);
}

/* ---- types ---- */

static int list_types(struct request *req, struct fault *fault)
{
        const char *resource = query_text(&req->query, "resource_type"),
                   *name = query_text(&req->query, "name"), *id = query_text(&req->query, "id");
        _page_ struct page page = { 0 };
        const json_t *type;
        size_t i;
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        json_array_foreach(catalog_policy_types(request_catalog(req)), i, type) {
                const char *ref = json_text_of(type, "name", "");

                if (fits(resource, "action") && fits(name, strchr(ref, '.') + 1) &&
                    (!id || shape_is("policy_type", ref, id)) && page_takes(&page))
                        page_add(&page, shape_policy_type(type));
        }
        return page_answer(&page);
}

static int get_type(struct request *req, struct fault *fault)
{
        const char *wanted = request_param(req, "ref");
        const json_t *type;
        size_t i;

        json_array_foreach(catalog_policy_types(request_catalog(req)), i, type)
                if (shape_is("policy_type", json_text_of(type, "name", ""), wanted))
                        return answer_object(req, 200, shape_policy_type(type));
        fault_set(fault, 404, "policy.unknown-type", "there is no policy type '%.128s'", wanted);
        return fault_try(fault, "GET /api/v1/policytypes lists them");
}

#define LIST "limit offset include_attributes exclude_attributes id name "
#define P "/api/v1/policies"

static const struct route rows[] = {
        { "GET", P, list, AUTH_READ, 0, 200, "Policies",
          LIST "pack resource_ref policy_type enabled", NULL, "[Policy]" },
        { "POST", P, create, AUTH_ADMINISTER, 0, 201, "Make a policy", "", "PolicyCreate",
          "Policy" },
        { "GET", P "/{ref}", get, AUTH_READ, 0, 200, "One policy", "", NULL, "Policy" },
        { "PUT", P "/{ref}", update, AUTH_ADMINISTER, 0, 200,
          "Change a policy, or switch it on or off; a policy of a file can only be switched", "",
          "PolicyUpdate", "Policy" },
        { "DELETE", P "/{ref}", remove_policy, AUTH_ADMINISTER, 0, 204, "Delete a policy", "",
          NULL, NULL },
        { "GET", "/api/v1/policytypes", list_types, AUTH_READ, 0, 200, "Kinds of policies",
          LIST "resource_type", NULL, "[PolicyType]" },
        { "GET", "/api/v1/policytypes/{ref}", get_type, AUTH_READ, 0, 200, "One of them", "", NULL,
          "PolicyType" },
};

ROUTE_TABLE(routes_policies);
