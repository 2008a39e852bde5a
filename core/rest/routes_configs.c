/* SPDX-License-Identifier: Apache-2.0 */

/* What packs are configured with, and what they can be configured with. */

#include "rest/request.h"
#include "rest/shape.h"

#include "base/json.h"
#include "base/text.h"
#include "content/content.h"

#include <errno.h>
#include <string.h>

static json_t *shape(const char *kind, const char *pack, const char *key, json_t *value)
{
        char id[ID_TEXT_SIZE];

        return json_pack("{s:s, s:s, s:o}", "id", shape_id(kind, pack, id), "pack", pack, key,
                         value);
}

static int find(struct request *req, const struct catalog_pack **ret, struct fault *fault)
{
        const char *name = request_param(req, "pack");

        *ret = catalog_pack(request_catalog(req), name);
        if (*ret)
                return 0;
        fault_set(fault, 404, "pack.unknown", "the pack '%.128s' is not installed", name);
        return fault_try(fault, "kaname pack list");
}

/* ---- values ---- */

static int answer_config(struct request *req, const struct catalog_pack *pack, struct fault *fault)
{
        json_t *values = NULL;
        bool in_clear = false;
        int r = request_shows_secrets(req, &in_clear, fault);

        if (!r)
                r = content_config_get(request_content(req), pack->name, in_clear, &values, fault);
        return r ? r : answer_object(req, 200, shape("config", pack->name, "values", values));
}

static int get(struct request *req, struct fault *fault)
{
        const struct catalog_pack *pack;
        int r = find(req, &pack, fault);

        return r ? r : answer_config(req, pack, fault);
}

static int put(struct request *req, struct fault *fault)
{
        const struct catalog_pack *pack;
        int r = find(req, &pack, fault);

        if (!r)
                r = content_config_put(request_content(req), pack->name, req->json,
                                       req->who->user, fault);
        return r ? r : answer_config(req, pack, fault);
}

struct listing {
        struct page *page;
        struct request *req;
        bool in_clear;
};

static bool is_asked(const struct listing *l, const struct catalog_pack *pack)
{
        const char *name = query_text(&l->req->query, "name");

        return !name || text_equal(pack->name, name);
}

static int add_config(void *arg, const struct catalog_pack *pack)
{
        struct listing *l = arg;
        json_t *values = NULL;

        if (!is_asked(l, pack) ||
            content_config_get(request_content(l->req), pack->name, l->in_clear, &values,
                               NULL) != 0)
                return 0;
        if (json_object_size(values) && page_takes(l->page))
                page_add(l->page, shape("config", pack->name, "values", json_incref(values)));
        json_decref(values);
        return 0;
}

static int list(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct listing l = { .page = &page, .req = req };
        int r = page_init(&page, req, fault);

        if (!r)
                r = request_shows_secrets(req, &l.in_clear, fault);
        if (r)
                return r;
        catalog_each_pack(request_catalog(req), add_config, &l);
        return page_answer(&page);
}

/* ---- schemas ---- */

static json_t *shape_schema(const struct catalog_pack *pack)
{
        return shape("config_schema", pack->name, "attributes", pack->config_schema
                     ? json_incref(pack->config_schema) : json_object());
}

static int add_schema(void *arg, const struct catalog_pack *pack)
{
        struct listing *l = arg;

        if (pack->config_schema && is_asked(l, pack) && page_takes(l->page))
                page_add(l->page, shape_schema(pack));
        return 0;
}

static int list_schemas(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct listing l = { .page = &page, .req = req };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        catalog_each_pack(request_catalog(req), add_schema, &l);
        return page_answer(&page);
}

static int get_schema(struct request *req, struct fault *fault)
{
        const struct catalog_pack *pack;
        int r = find(req, &pack, fault);

        if (r)
                return r;
        if (pack->config_schema)
                return answer_object(req, 200, shape_schema(pack));
        return fault_set(fault, 404, "config.none",
                         "the pack '%s' has no config.schema.yaml: any configuration fits it",
                         pack->name);
}

#define LIST "limit offset include_attributes exclude_attributes name"

static const struct route rows[] = {
        { "GET", "/api/v1/configs", list, AUTH_READ, 0, 200, "What packs are configured with",
          LIST " show_secrets", NULL, "[Object]" },
        { "GET", "/api/v1/configs/{pack}", get, AUTH_READ, 0, 200, "A pack's configuration",
          "show_secrets", NULL, "Object" },
        { "PUT", "/api/v1/configs/{pack}", put, AUTH_ADMINISTER, 0, 200,
          "Configure a pack: the values, checked against its schema", "show_secrets", "Object",
          "Object" },
        { "GET", "/api/v1/config_schemas", list_schemas, AUTH_READ, 0, 200,
          "What packs can be configured with", LIST, NULL, "[Object]" },
        { "GET", "/api/v1/config_schemas/{pack}", get_schema, AUTH_READ, 0, 200,
          "What a pack can be configured with", "", NULL, "Object" },
};

ROUTE_TABLE(routes_configs);
