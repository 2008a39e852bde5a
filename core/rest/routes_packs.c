/* SPDX-License-Identifier: Apache-2.0 */

/* Packs: an archive comes as the body, or a folder that lies on the hub's machine is named. */

#include "rest/request.h"
#include "rest/shape.h"

#include "base/json.h"
#include "base/text.h"
#include "hub/hub.h"

#include <string.h>

struct packs {
        struct page *page;
        const char *name;
        const struct catalog_pack *found;
};

static int add(void *arg, const struct catalog_pack *pack)
{
        struct packs *all = arg;

        if (all->name && !shape_is("pack", pack->name, all->name))
                return 0;
        all->found = pack;
        if (all->page && page_takes(all->page))
                page_add(all->page, shape_pack(pack));
        return 0;
}

static int list(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        const char *name = query_text(&req->query, "name");
        struct packs all = { &page, name ? name : query_text(&req->query, "ref"), NULL };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        catalog_each_pack(request_catalog(req), add, &all);
        return page_answer(&page);
}

static int get(struct request *req, struct fault *fault)
{
        struct packs all = { .name = request_param(req, "ref") };

        catalog_each_pack(request_catalog(req), add, &all);
        if (all.found)
                return answer_object(req, 200, shape_pack(all.found));
        fault_set(fault, 404, "pack.unknown", "the pack '%.128s' is not installed", all.name);
        return fault_try(fault, "kaname pack list");
}

/* The pack as it is now, or what the hub told where it is gone. */
static int answer_pack(struct request *req, unsigned status, json_t *told)
{
        const char *name = json_text_of(told, "ref", "");
        const struct catalog_pack *pack;

        req->catalog = catalog_unref(req->catalog);
        pack = catalog_pack(request_catalog(req), name);
        if (!pack)
                return answer_object(req, status, told);
        json_decref(told);
        return answer_object(req, status, shape_pack(pack));
}

static int folder_of(struct request *req, const char **ret, struct fault *fault)
{
        const json_t *packs = json_object_get(req->json, "packs");
        const char *folder = json_string_value(json_array_get(packs, 0));

        if (json_array_size(packs) != 1 || !folder || *folder != '/') {
                fault_set(fault, 422, "pack.source",
                          "\"packs\" must name one folder, by its absolute path");
                return fault_try(fault,
                                 "or send the archive itself: curl --data-binary @NAME.kpack "
                                 "-H 'Content-Type: application/zstd'");
        }
        /* A path on this machine is for people on this machine. */
        if (!req->listener->path) {
                fault_set(fault, 403, "pack.folder",
                          "a folder of the hub's machine can only be named over its Unix socket");
                return fault_try(fault, "kaname pack build FOLDER, then send the archive");
        }
        *ret = folder;
        return 0;
}

static int put(struct request *req, bool upgrade, struct fault *fault)
{
        const char *folder = NULL;
        json_t *told = NULL;
        int r = 0;

        if (req->upload_fd < 0)
                r = folder_of(req, &folder, fault);
        else if (!req->body_len)
                r = fault_set(fault, 400, "body.missing", "the archive is empty");
        else if (lseek(req->upload_fd, 0, SEEK_SET) < 0)
                r = -1;
        if (!r)
                r = hub_pack_install(request_hub(req), req->upload_fd, folder, upgrade,
                                     req->who->user, &told, fault);
        return r ? r : answer_pack(req, upgrade ? 200 : 201, told);
}

static int install(struct request *req, struct fault *fault)
{
        return put(req, false, fault);
}

static int upgrade(struct request *req, struct fault *fault)
{
        return put(req, true, fault);
}

static int rollback(struct request *req, struct fault *fault)
{
        json_t *told = NULL;
        int r = hub_pack_rollback(request_hub(req), request_param(req, "ref"), req->who->user,
                                  &told, fault);

        return r ? r : answer_pack(req, 200, told);
}

static int remove_one(struct request *req, struct fault *fault)
{
        int r = hub_pack_remove(request_hub(req), request_param(req, "ref"), req->who->user, fault);

        return r ? r : answer_empty(req, 204);
}

static int uninstall(struct request *req, struct fault *fault)
{
        const json_t *packs = json_object_get(req->json, "packs"), *name;
        size_t i;
        int r = 0;

        json_array_foreach(packs, i, name) {
                r = hub_pack_remove(request_hub(req), json_string_value(name), req->who->user,
                                    fault);
                if (r)
                        return r;
        }
        return answer_json(req, 200, json_pack("{s:O}", "removed", packs));
}

#define P "/api/v1/packs"

static const struct route rows[] = {
        { "GET", P, list, AUTH_READ, 0, 200, "Installed packs",
          "limit offset include_attributes exclude_attributes name ref", NULL, "[Pack]" },
        { "POST", P "/install", install, AUTH_ADMINISTER, ROUTE_UPLOAD, 201,
          "Install an archive (as the body) or a folder", "", "PackInstall", "Pack" },
        { "POST", P "/upgrade", upgrade, AUTH_ADMINISTER, ROUTE_UPLOAD, 200,
          "Put another version in force", "", "PackInstall", "Pack" },
        { "POST", P "/uninstall", uninstall, AUTH_ADMINISTER, 0, 200, "Remove packs", "",
                "PackUninstall", "Object" },
        { "POST", P "/{ref}/rollback", rollback, AUTH_ADMINISTER, ROUTE_OPTIONAL, 200,
          "Back to the version before", "", "Empty", "Pack" },
        { "GET", P "/{ref}", get, AUTH_READ, 0, 200, "One pack", "", NULL, "Pack" },
        { "DELETE", P "/{ref}", remove_one, AUTH_ADMINISTER, 0, 204, "Remove it", "", NULL, NULL },
};

ROUTE_TABLE(routes_packs);
