/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Packs: an archive comes as the body, or a folder that lies on the hub's machine is named.
 * StackStorm runs an action to install, which downloads for minutes; here it is one rename after
 * some checks, so there is nothing to wait for and no execution to show.
 */

#include "rest/request.h"
#include "rest/shape.h"

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/tree.h"
#include "content/content.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)16 << 20)
#define SHOWN_MAX (500u << 10)          /* of one file in the list of all */

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

static int find(struct request *req, const struct catalog_pack **ret, struct fault *fault)
{
        struct packs all = { .name = request_param(req, "ref") };

        catalog_each_pack(request_catalog(req), add, &all);
        *ret = all.found;
        if (all.found)
                return 0;
        fault_set(fault, 404, "pack.unknown", "the pack '%.128s' is not installed", all.name);
        return fault_try(fault, "kaname pack list");
}

static int get(struct request *req, struct fault *fault)
{
        const struct catalog_pack *pack;
        int r = find(req, &pack, fault);

        return r ? r : answer_object(req, 200, shape_pack(pack));
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
                r = content_pack_install(request_content(req), req->upload_fd, folder, upgrade,
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
        int r = content_pack_rollback(request_content(req), request_param(req, "ref"),
                                      req->who->user, &told, fault);

        return r ? r : answer_pack(req, 200, told);
}

static int remove_one(struct request *req, struct fault *fault)
{
        int r = content_pack_remove(request_content(req), request_param(req, "ref"),
                                    req->who->user, fault);

        return r ? r : answer_empty(req, 204);
}

static int uninstall(struct request *req, struct fault *fault)
{
        const json_t *packs = json_object_get(req->json, "packs"), *name;
        size_t i;
        int r = 0;

        json_array_foreach(packs, i, name) {
                r = content_pack_remove(request_content(req), json_string_value(name),
                                        req->who->user, fault);
                if (r)
                        return r;
        }
        return answer_json(req, 200, json_pack("{s:O}", "removed", packs));
}

/* ---- files ---- */

/* A file of a pack, by a path that may have come from anybody. */
static int read_file(const struct catalog_pack *pack, const char *name, char **ret, size_t *ret_len,
                     struct fault *fault)
{
        _free_ char *path = NULL;
        int r = tree_check_path(name, fault);

        if (r)
                return r;
        if (asprintf(&path, "%s/%s", pack->dir, name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        if (access(path, R_OK) < 0)
                return fault_set(fault, 404, "pack.no-file", "the pack '%s' has no file '%.256s'",
                                 pack->name, name);
        return file_read(path, FILE_MAX, ret, ret_len, fault);
}

static int get_file(struct request *req, struct fault *fault)
{
        const struct catalog_pack *pack;
        char *text = NULL;
        size_t len = 0;
        int r = find(req, &pack, fault);

        if (!r)
                r = read_file(pack, request_param(req, "file"), &text, &len, fault);
        return r ? r : answer_bytes(req, 200, "text/plain; charset=utf-8", text, len);
}

/* StackStorm's [{file_path, content}]; files that are no text, or too big, are left out there too. */
static int get_files(struct request *req, struct fault *fault)
{
        struct tree tree = TREE_INIT;
        const struct catalog_pack *pack;
        json_t *files = json_array();
        int r = find(req, &pack, fault);

        if (!r)
                r = tree_scan(pack->dir, &tree, fault);
        for (size_t i = 0; !r && i < tree.n; i++) {
                _free_ char *text = NULL;
                size_t len = 0;

                if (tree.files[i].size > SHOWN_MAX ||
                    read_file(pack, tree.files[i].path, &text, &len, NULL) ||
                    !text_is_utf8(text, len) || memchr(text, 0, len))
                        continue;
                json_array_append_new(files, json_pack("{s:s, s:s%}", "file_path",
                                                       tree.files[i].path, "content", text, len));
        }
        tree_deinit(&tree);
        if (!r)
                return answer_json(req, 200, files);
        json_decref(files);
        return r;
}

/* ---- what StackStorm's clients ask besides ---- */

static int reregister(struct request *req, struct fault *fault)
{
        int r = content_rebuild(request_content(req), fault);

        if (r)
                return r;
        req->catalog = catalog_unref(req->catalog);
        return answer_json(req, 200, json_pack("{s:O}", "warnings",
                                               catalog_warnings(request_catalog(req))));
}

/* Packs come as archives or folders: there is no index to look into. */
static int index_all(struct request *req, struct fault *fault)
{
        (void)fault;
        return answer_json(req, 200, json_pack("{s:{}, s:[]}", "index", "status"));
}

static int index_search(struct request *req, struct fault *fault)
{
        (void)fault;
        return answer_json(req, 200, json_array());
}

static int index_health(struct request *req, struct fault *fault)
{
        (void)fault;
        return answer_json(req, 200, json_pack("{s:[], s:{s:i, s:i, s:i, s:{}}}", "indexes",
                                               "packs", "count", 0, "valid", 0, "invalid", 0,
                                               "errors"));
}

#define P "/api/v1/packs"

static const struct route rows[] = {
        { "GET", P, list, AUTH_READ, 0, 200, "Installed packs",
          "limit offset include_attributes exclude_attributes name ref", NULL, "[Pack]" },
        { "POST", P "/install", install, AUTH_ADMINISTER, ROUTE_UPLOAD, 201,
          "Install an archive (as the body) or a folder; it is in force, whole, when this is "
          "answered with 201 and the pack (StackStorm: 202 and an execution_id to wait for)", "",
          "PackInstall", "Pack" },
        { "POST", P "/upgrade", upgrade, AUTH_ADMINISTER, ROUTE_UPLOAD, 200,
          "Put another version in force", "", "PackInstall", "Pack" },
        { "POST", P "/uninstall", uninstall, AUTH_ADMINISTER, 0, 200,
          "Remove packs; they are gone when this is answered (StackStorm: 202 and an execution_id)",
          "", "PackUninstall", "Object" },
        { "POST", P "/register", reregister, AUTH_ADMINISTER, ROUTE_OPTIONAL, 200,
          "Read the files of all packs again", "", "Object", "Object" },
        { "GET", P "/index", index_all, AUTH_READ, 0, 200,
          "Packs that an index offers: none, they come as archives", "", NULL, "Object" },
        { "POST", P "/index/search", index_search, AUTH_READ, 0, 200, "Search the index", "",
          "Object", "Object" },
        { "GET", P "/index/health", index_health, AUTH_READ, 0, 200, "How the index is", "", NULL,
          "Object" },
        { "GET", P "/views/files/{ref}", get_files, AUTH_READ, 0, 200, "The text files of a pack",
          "", NULL, "[Object]" },
        { "GET", P "/views/file/{ref}/{file...}", get_file, AUTH_READ, 0, 200, "One file of a pack",
          "", NULL, "Text" },
        { "POST", P "/{ref}/rollback", rollback, AUTH_ADMINISTER, ROUTE_OPTIONAL, 200,
          "Back to the version before", "", "Empty", "Pack" },
        { "GET", P "/{ref}", get, AUTH_READ, 0, 200, "One pack", "", NULL, "Pack" },
        { "DELETE", P "/{ref}", remove_one, AUTH_ADMINISTER, 0, 204, "Remove it", "", NULL, NULL },
};

ROUTE_TABLE(routes_packs);
