/* SPDX-License-Identifier: Apache-2.0 */

/* Actions and the runners under them: what could be run, and with which parameters. */

#include "rest/edit.h"
#include "rest/shape.h"

#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct listing {
        struct page *page;
        struct catalog *catalog;
        const char *pack, *name, *id, *runner, *tag;
        bool overview;
};

static bool has_tag(const struct catalog_action *action, const char *tag)
{
        const json_t *one;
        size_t i;

        json_array_foreach(json_object_get(action->metadata, "tags"), i, one)
                if (text_equal(json_is_string(one) ? json_string_value(one)
                               : json_text_of(one, "name", ""), tag))
                        return true;
        return false;
}

static json_t *merged_parameters(const struct catalog *catalog, const struct catalog_action *action)
{
        const struct catalog_runner *runner = catalog_runner(catalog, action->runner);
        json_t *merged = runner && runner->parameters ? json_deep_copy(runner->parameters)
                : json_object();
        json_t *own = json_object_get(action->metadata, "parameters"), *value, *there;
        const char *name;

        json_object_foreach(own, name, value) {
                there = json_object_get(merged, name);
                if (json_is_object(there))
                        json_object_update(there, value);
                else
                        json_object_set_new(merged, name, json_deep_copy(value));
        }
        return merged;
}

static json_t *overview_of(const struct catalog *catalog, const struct catalog_action *action)
{
        json_t *out = shape_action(action);

        json_object_set_new(out, "parameters", merged_parameters(catalog, action));
        return out;
}

static int add(void *arg, const struct catalog_action *action)
{
        struct listing *l = arg;

        if ((l->pack && !text_equal(action->pack, l->pack))
            || (l->name && !text_equal(action->name, l->name))
            || (l->runner && !text_equal(action->runner, l->runner))
            || (l->id && !shape_is("action", action->ref, l->id))
            || (l->tag && !has_tag(action, l->tag)))
                return 0;
        if (page_takes(l->page))
                page_add(l->page, l->overview ? overview_of(l->catalog, action)
                         : shape_action(action));
        return 0;
}

static int list_as(struct request *req, bool overview, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct listing listing = { .page = &page, .overview = overview,
                .pack = query_text(&req->query, "pack"),
                .name = query_text(&req->query, "name"), .id = query_text(&req->query, "id"),
                .runner = query_text(&req->query, "runner"),
                .tag = query_text(&req->query, "tags") };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        listing.catalog = request_catalog(req);
        catalog_each_action(listing.catalog, add, &listing);
        return page_answer(&page);
}

static int list(struct request *req, struct fault *fault)
{
        return list_as(req, false, fault);
}

static int list_overview(struct request *req, struct fault *fault)
{
        return list_as(req, true, fault);
}

struct finding {
        const char *name;
        const struct catalog_action *found;
};

static int match(void *arg, const struct catalog_action *action)
{
        struct finding *finding = arg;

        if (shape_is("action", action->ref, finding->name))
                finding->found = action;
        return finding->found != NULL;
}

static int find(struct request *req, const struct catalog_action **ret, struct fault *fault)
{
        const char *name = request_param(req, "ref");
        struct catalog *catalog = request_catalog(req);
        struct finding finding = { name, catalog_action(catalog, name) };

        if (!finding.found)
                catalog_each_action(catalog, match, &finding);
        if (finding.found) {
                *ret = finding.found;
                return 0;
        }
        return catalog_no_action(catalog, name, fault);
}

static int get(struct request *req, struct fault *fault)
{
        const struct catalog_action *action;
        int r = find(req, &action, fault);

        return r ? r : answer_object(req, 200, shape_action(action));
}

static int get_overview(struct request *req, struct fault *fault)
{
        const struct catalog_action *action;
        int r = find(req, &action, fault);

        return r ? r : answer_object(req, 200, overview_of(request_catalog(req), action));
}

static int get_parameters(struct request *req, struct fault *fault)
{
        const struct catalog_action *action;
        int r = find(req, &action, fault);

        return r ? r : answer_json(req, 200, json_pack("{s:o}", "parameters",
                                                       merged_parameters(request_catalog(req),
                                                                         action)));
}

static int get_schema(struct request *req, struct fault *fault)
{
        const struct catalog_action *action;
        const json_t *source;
        int r = find(req, &action, fault);

        if (r)
                return r;
        source = schema_source(action->params);
        return answer_json(req, 200, source ? json_incref((json_t *)source) : json_object());
}

/* The file is one that the catalog names, below the pack that the action comes from. */
static int get_entry_point(struct request *req, struct fault *fault)
{
        const struct catalog_action *action;
        _free_ char *path = NULL;
        _text_ struct text text = TEXT_INIT;
        char chunk[16384];
        FILE *file;
        size_t n;
        int r = find(req, &action, fault);

        if (r == 0)
                r = catalog_entry_file(request_catalog(req), action, &path, fault);
        if (r)
                return r;
        file = fopen(path, "re");
        if (!file)
                return fault_set(fault, 404, "action.no-file",
                                 "%s: its entry point %s is not there", action->ref,
                                 action->entry_point);
        while (text.len < (1 << 20) && (n = fread(chunk, 1, sizeof chunk, file)) > 0)
                text_add_bytes(&text, chunk, n);
        fclose(file);
        text_add(&text, "");
        return answer_text(req, 200, "text/plain; charset=utf-8", &text);
}

/* ---- change ---- */

/* GET also shows these of an action, as null where its definition says nothing of them. */
static json_t *definition_of(const json_t *body)
{
        static const char *const ours[] = { "readonly", "idempotent", "data_files" };
        json_t *definition = edit_definition(body);

        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
                if (!json_is_boolean(json_object_get(definition, ours[i])))
                        json_object_del(definition, ours[i]);
        return definition;
}

static int put_action(struct request *req, unsigned status, const json_t *definition, bool is_new,
                      struct fault *fault)
{
        _free_ char *ref = NULL;
        const struct catalog_action *action;
        int r;

        if (asprintf(&ref, "%s.%s", json_text_of(definition, "pack", "default"),
                     json_text_of(definition, "name", "")) < 0) {
                ref = NULL;
                return -ENOMEM;
        }
        r = edit_put(req, "action", ref, definition, is_new, fault);
        if (r)
                return r;
        action = catalog_action(request_catalog(req), ref);
        if (!action)
                return fault_set(fault, 404, "action.unknown", "the action '%s' is gone again",
                                 ref);
        return answer_object(req, status, shape_action(action));
}

/* Files of an action can only come in a pack, where they are checked and can be rolled back. */
static int refuse_files(const json_t *body, struct fault *fault)
{
        if (!json_array_size(json_object_get(body, "data_files")))
                return 0;
        fault_set(fault, 422, "action.files", "data_files: files are not taken over REST");
        return fault_try(fault, "kaname pack build FOLDER, then install it");
}

static int create(struct request *req, struct fault *fault)
{
        _json_ json_t *definition = definition_of(req->json);
        int r = refuse_files(req->json, fault);

        if (!r && !*json_text_of(definition, "name", ""))
                r = fault_set(fault, 422, "action.invalid", "name: an action needs one");
        return r ? r : put_action(req, 201, definition, true, fault);
}

static int enable_action(struct request *req, const char *ref, bool enabled, struct fault *fault)
{
        int r = edit_enable(req, "action", ref, enabled, fault);

        return r ? r : get(req, fault);
}

static int update(struct request *req, struct fault *fault)
{
        _json_ json_t *definition = definition_of(req->json);
        const json_t *enabled = json_object_get(req->json, "enabled");
        const struct catalog_action *action;
        int r = find(req, &action, fault);

        if (!r)
                r = refuse_files(req->json, fault);
        if (r)
                return r;
        if (json_is_boolean(enabled) && json_object_size(req->json) == 1)
                return enable_action(req, action->ref, json_is_true(enabled), fault);
        /* The path says which action is meant; a body may repeat it, not rename it. */
        json_set_text(definition, "pack", action->pack);
        json_set_text(definition, "name", action->name);
        return put_action(req, 200, definition, false, fault);
}

static int remove_action(struct request *req, struct fault *fault)
{
        const struct catalog_action *action;
        int r = find(req, &action, fault);

        if (!r)
                r = edit_put(req, "action", action->ref, NULL, false, fault);
        return r ? r : answer_empty(req, 204);
}

static int clone_action(struct request *req, struct fault *fault)
{
        const char *pack = json_text_of(req->json, "dest_pack", NULL);
        const char *name = json_text_of(req->json, "dest_action", NULL);
        _json_ json_t *definition = NULL;
        const struct catalog_action *action;
        int r = find(req, &action, fault);

        if (r)
                return r;
        if (!pack || !name || !*name)
                return fault_set(fault, 422, "action.clone", "say \"dest_pack\" and "
                                 "\"dest_action\"");
        if (text_equal(action->runner, "plugin"))
                return fault_set(fault, 422, "action.clone", "'%s' is an action of a plugin",
                                 action->ref);
        definition = definition_of(action->metadata);
        json_set_text(definition, "pack", pack);
        json_set_text(definition, "name", name);
        return put_action(req, 201, definition,
                          !json_bool_of(req->json, "overwrite", false), fault);
}

/* ---- runners ---- */

struct runners {
        struct page *page;
        struct catalog *catalog;
        const char *name;
};

static int add_runner(void *arg, const struct catalog_runner *runner)
{
        struct runners *runners = arg;

        if (runners->name && !shape_is("runner_type", runner->name, runners->name))
                return 0;
        if (page_takes(runners->page))
                page_add(runners->page, shape_runner(runners->catalog, runner->name));
        return 0;
}

static int list_runners(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct runners runners = { &page, NULL, query_text(&req->query, "name") };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        if (!runners.name)
                runners.name = query_text(&req->query, "id");
        runners.catalog = request_catalog(req);
        catalog_each_runner(runners.catalog, add_runner, &runners);
        return page_answer(&page);
}

static int get_runner(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct runners runners = { &page, NULL, request_param(req, "name") };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        runners.catalog = request_catalog(req);
        catalog_each_runner(runners.catalog, add_runner, &runners);
        if (!json_array_size(page.rows))
                return fault_set(fault, 404, "runner.unknown", "there is no runner '%.128s'",
                                 runners.name);
        return answer_json(req, 200, json_incref(json_array_get(page.rows, 0)));
}

#define LIST "limit offset include_attributes exclude_attributes "
#define A "/api/v1/actions"

static const struct route rows[] = {
        { "GET", A, list, AUTH_READ, 0, 200, "Actions", LIST "id name pack runner tags", NULL,
                "[Action]" },
        { "GET", A "/views/overview", list_overview, AUTH_READ, 0, 200,
          "Actions, with the parameters of their runners", LIST "id name pack runner tags", NULL,
          "[Action]" },
        { "GET", A "/views/overview/{ref}", get_overview, AUTH_READ, 0, 200, "One of them", "",
                NULL, "Action" },
        { "GET", A "/views/parameters/{ref}", get_parameters, AUTH_READ, 0, 200,
          "The parameters of action and runner together", "", NULL, "Object" },
        { "GET", A "/views/schema/{ref}", get_schema, AUTH_READ, 0, 200,
          "The JSON Schema that arguments are checked against", "", NULL, "Object" },
        { "GET", A "/views/entry_point/{ref}", get_entry_point, AUTH_READ, 0, 200, "Its file", "",
                NULL, "Text" },
        { "POST", A, create, AUTH_ADMINISTER, 0, 201,
          "Make an action over a runner that is here", "", "Object", "Action" },
        { "GET", A "/{ref}", get, AUTH_READ, 0, 200, "One action", "", NULL, "Action" },
        { "PUT", A "/{ref}", update, AUTH_ADMINISTER, 0, 200,
          "Change an action, or switch it on or off; one of a file can only be switched", "",
          "Object", "Action" },
        { "DELETE", A "/{ref}", remove_action, AUTH_ADMINISTER, ROUTE_OPTIONAL, 204,
          "Delete an action that was made at run time", "", "Object", NULL },
        { "POST", A "/{ref}/clone", clone_action, AUTH_ADMINISTER, 0, 201,
          "Make an action that is as this one: dest_pack, dest_action, overwrite", "", "Object",
          "Action" },
        { "GET", "/api/v1/runnertypes", list_runners, AUTH_READ, 0, 200, "Runners", LIST "id name",
                NULL, "[Runner]" },
        { "GET", "/api/v1/runnertypes/{name}", get_runner, AUTH_READ, 0, 200, "One runner", "",
                NULL, "Runner" },
};

ROUTE_TABLE(routes_actions);
