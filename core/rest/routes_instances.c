/* SPDX-License-Identifier: Apache-2.0 */

/* Instances, the configured connections, and the plugins that they are instances of. */

#include "rest/edit.h"
#include "rest/shape.h"

#include "base/json.h"
#include "base/text.h"
#include "content/content.h"
#include "hub/hub.h"

#include <string.h>

struct instances {
        struct page *page;
        const char *plugin, *id;
        const struct catalog_instance *found;
};

static int add(void *arg, const struct catalog_instance *instance)
{
        struct instances *all = arg;

        if ((all->plugin && !text_equal(instance->plugin->name, all->plugin))
            || (all->id && !shape_is("instance", instance->name, all->id)))
                return 0;
        all->found = instance;
        if (all->page && page_takes(all->page))
                page_add(all->page, shape_instance(instance));
        return 0;
}

static int list(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct instances all = { &page, query_text(&req->query, "plugin"),
                query_text(&req->query, "name"), NULL };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        catalog_each_instance(request_catalog(req), add, &all);
        return page_answer(&page);
}

static int find(struct request *req, const struct catalog_instance **ret, struct fault *fault)
{
        struct instances all = { .id = request_param(req, "name") };

        catalog_each_instance(request_catalog(req), add, &all);
        *ret = all.found;
        if (all.found)
                return 0;
        return catalog_no_instance(request_catalog(req), all.id, fault);
}

static int get(struct request *req, struct fault *fault)
{
        const struct catalog_instance *instance;
        int r = find(req, &instance, fault);

        return r ? r : answer_object(req, 200, shape_instance(instance));
}

/* What GET adds comes back in a PUT and is no part of the definition. */
static json_t *definition_of(const json_t *body, const char *name)
{
        static const char *const ours[] = { "id", "ref", "plugin_version", "domain", "origin" };
        json_t *definition = json_copy((json_t *)body), *value;
        const char *key;
        void *next;

        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
                json_object_del(definition, ours[i]);
        json_object_foreach_safe(definition, next, key, value)
                if (json_is_null(value))
                        json_object_del(definition, key);
        json_set_text(definition, "name", name);
        return definition;
}

static int put(struct request *req, const char *name, bool create, struct fault *fault)
{
        _json_ json_t *definition = definition_of(req->json, name);
        const struct catalog_instance *instance;
        int r = edit_put(req, "instance", name, definition, create, fault);

        if (r)
                return r;
        instance = catalog_instance(request_catalog(req), name);
        if (!instance)
                return fault_set(fault, 500, "instance.lost",
                                 "the instance '%.128s' was put and is not there", name);
        return answer_object(req, create ? 201 : 200, shape_instance(instance));
}

static int create(struct request *req, struct fault *fault)
{
        return put(req, json_text_of(req->json, "name", ""), true, fault);
}

static int update(struct request *req, struct fault *fault)
{
        const struct catalog_instance *instance;
        _free_ char *name = NULL;
        int r = find(req, &instance, fault);

        if (r)
                return r;
        name = strdup(instance->name);
        return name ? put(req, name, false, fault) : -1;
}

static int remove_one(struct request *req, struct fault *fault)
{
        const struct catalog_instance *instance;
        int r = find(req, &instance, fault);

        if (!r)
                r = edit_put(req, "instance", instance->name, NULL, false, fault);
        return r ? r : answer_empty(req, 204);
}

static int check(struct request *req, struct fault *fault)
{
        const struct catalog_instance *instance;
        json_t *answer = NULL;
        int r = find(req, &instance, fault);

        if (!r)
                r = hub_check_instance(request_hub(req), instance->name, &answer, fault);
        return r ? r : answer_json(req, 200, answer);
}

/* ---- plugins ---- */

struct plugins {
        struct page *page;
        const json_t *homes;
        const char *name;
};

/* Where it lives: the status report knows, by hash, since two files may claim one version. */
static const json_t *home_of(const json_t *homes, const struct manifest *plugin)
{
        const json_t *home;
        size_t i;

        json_array_foreach(homes, i, home)
                if (text_equal(json_text_of(home, "hash", NULL), plugin->hash))
                        return home;
        return NULL;
}

static int add_plugin(void *arg, const struct manifest *plugin)
{
        struct plugins *all = arg;
        const json_t *home;
        json_t *row;

        if ((all->name && !shape_is("plugin", plugin->name, all->name)) || !page_takes(all->page))
                return 0;
        row = shape_plugin(plugin);
        home = home_of(all->homes, plugin);
        json_object_set_new(row, "home", home ? json_deep_copy(home) : json_null());
        page_add(all->page, row);
        return 0;
}

static int collect(struct request *req, struct page *page, const char *name)
{
        _json_ json_t *status = hub_status(request_hub(req));
        struct plugins all = { page, json_object_get(status, "plugins"), name };

        return catalog_each_plugin(request_catalog(req), add_plugin, &all);
}

static int list_plugins(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        collect(req, &page, query_text(&req->query, "name"));
        return page_answer(&page);
}

static int show_plugin(struct request *req, const char *name, struct fault *fault)
{
        _page_ struct page page = { 0 };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        collect(req, &page, name);
        if (!json_array_size(page.rows))
                return fault_set(fault, 404, "plugin.unknown", "there is no plugin '%.128s'", name);
        return answer_json(req, 200, json_incref(json_array_get(page.rows, 0)));
}

static int get_plugin(struct request *req, struct fault *fault)
{
        return show_plugin(req, request_param(req, "name"), fault);
}

static int trust(struct request *req, struct fault *fault)
{
        const char *name = request_param(req, "name");
        int r = content_plugin_trust(request_content(req), name, req->who->user, fault);

        return r ? r : show_plugin(req, name, fault);
}

#define LIST "limit offset include_attributes exclude_attributes "
#define I "/api/v1/instances"
#define P "/api/v1/plugins"

static const struct route rows[] = {
        { "GET", I, list, AUTH_READ, 0, 200, "Instances", LIST "plugin name", NULL, "[Instance]" },
        { "POST", I, create, AUTH_ADMINISTER, 0, 201, "Add an instance", "", "InstanceCreate",
                "Instance" },
        { "GET", I "/{name}", get, AUTH_READ, 0, 200, "One instance", "", NULL, "Instance" },
        { "PUT", I "/{name}", update, AUTH_ADMINISTER, 0, 200, "Change it", "", "InstanceUpdate",
                "Instance" },
        { "DELETE", I "/{name}", remove_one, AUTH_ADMINISTER, 0, 204, "Remove it", "", NULL, NULL },
        { "POST", I "/{name}/check", check, AUTH_ADMINISTER, ROUTE_OPTIONAL, 200,
          "Ask its plugin what works and what does not", "", "Empty", "Check" },
        { "GET", P, list_plugins, AUTH_READ, 0, 200, "Plugins and where they live", LIST "name",
                NULL, "[Plugin]" },
        { "GET", P "/{name}", get_plugin, AUTH_READ, 0, 200, "One plugin", "", NULL, "Plugin" },
        { "POST", P "/{name}/trust", trust, AUTH_ADMINISTER, ROUTE_OPTIONAL, 200,
          "Admit this very file to the core process", "", "Empty", "Plugin" },
};

ROUTE_TABLE(routes_instances);
