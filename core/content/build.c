/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The catalog, built from everything that defines something: domain contracts, plugin objects,
 * installed packs, the configuration's instances, and the documents that people made at run time.
 *
 * At start a bad file is reported and left out, so that one mistake does not take the hub down.
 * From then on a new catalog must not have a problem that the present one does not have: it is
 * swapped in whole, or the first such problem is the answer and nothing changes.
 */
#include "content/room.h"

#include "catalog/pack.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct building {
        struct content *content;
        struct catalog *catalog;
        bool is_strict;
        struct fault *fault;
        json_t *problems;               /* what → {kind, what, code, try}, of this build */
        int r;                          /* of the first failure that ends the build */
        const struct store_doc *draft;  /* stands for the one in the store; NULL body: as if gone */
        const struct made *made;        /* the kind that is being added */
};

/*
 * One thing could not be added: known since before, or at start, a problem; else the end of the
 * build.
 */
static int failed(struct building *b, int r, struct fault *fault, const char *what)
{
        bool known;

        fault_errno(fault, r, what);
        known = json_object_get(b->content->problems, fault->what ? fault->what : "") != NULL;
        if (b->is_strict && !known) {
                b->r = FAULT;
                fault_move(b->fault, fault);
                return FAULT;
        }
        json_object_set_new(b->problems, fault->what ? fault->what : "",
                            json_pack("{s:s, s:s?, s:s, s:s*}", "kind", what, "what", fault->what,
                                      "code", fault->code, "try", fault->remedy));
        if (known || !b->content->o.store)
                return 0;
        log_write(LOG_ERROR_, LOG_FIELDS("code", fault->code, "try", fault->remedy),
                  "%s left out: %s", what, fault->what ? fault->what : "no reason");
        return 0;
}

/* ---- folders ---- */

static int by_name(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

/* Every entry of a folder, sorted; a folder that is not there is empty. */
static int each_entry(const char *dir, int (*visit)(struct building *, const char *path),
                      struct building *b)
{
        struct dirent **entries = NULL;
        int n = scandir(dir, &entries, NULL, by_name), r = 0;

        for (int i = 0; i < n; i++) {
                char path[PATH_MAX];

                if (r == 0 && entries[i]->d_name[0] != '.' &&
                    snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name) <
                            (int)sizeof path)
                        r = visit(b, path);
                free(entries[i]);
        }
        free(entries);
        return r;
}

static int each_folder(const char *const *folders, int (*visit)(struct building *, const char *),
                       struct building *b)
{
        int r = 0;

        for (; r == 0 && folders && *folders; folders++)
                r = each_entry(*folders, visit, b);
        return r;
}

static bool is_folder(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* ---- contracts: DIR/DOMAIN.json, or DIR/DOMAIN/domain.json as the sources have it ---- */

static int add_contract(struct building *b, const char *path)
{
        _fault_ struct fault fault = FAULT_INIT;
        char inner[PATH_MAX];
        int r;

        if (is_folder(path)) {
                snprintf(inner, sizeof inner, "%.4000s/domain.json", path);
                if (access(inner, R_OK) < 0)
                        return 0;
                path = inner;
        } else if (!text_ends_with(path, ".json")) {
                return 0;
        }
        r = catalog_add_contract(b->catalog, path, &fault);
        return r ? failed(b, r, &fault, "contract") : 0;
}

/* ---- plugins: DIR/NAME.so, or DIR/DOMAIN/NAME.so ---- */

static int add_plugin(struct building *b, const char *path)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct manifest *manifest = NULL;
        int r;

        if (is_folder(path))
                return each_entry(path, add_plugin, b);
        if (!text_ends_with(path, ".so"))
                return 0;
        r = host_describe(b->content->o.host_program, b->content->o.copies_dir, path, &manifest,
                          &fault);
        if (r == 0)
                r = catalog_add_plugin(b->catalog, manifest, &fault);
        manifest_unref(manifest);
        return r ? failed(b, r, &fault, "plugin") : 0;
}

/* ---- packs ---- */

static int add_pack_folder(struct building *b, const char *dir)
{
        _fault_ struct fault fault = FAULT_INIT;
        char plugins[PATH_MAX];
        int r;

        if (!is_folder(dir))
                return 0;
        snprintf(plugins, sizeof plugins, "%.4000s/plugins", dir);
        r = each_entry(plugins, add_plugin, b);
        if (r == 0)
                r = catalog_add_pack(b->catalog, dir, &fault);
        return r ? b->r ? r : failed(b, r, &fault, "pack") : 0;
}

static int add_active(void *arg, const char *name, const char *dir)
{
        (void)name;
        return add_pack_folder(arg, dir);
}

/* ---- what people made at run time ---- */

static int damaged(const struct store_doc *doc, struct fault *fault)
{
        fault_set(fault, 500, "doc.damaged", "%s '%s': what is stored of it is not JSON", doc->kind,
                  doc->name);
        return fault_try(fault, "make it anew; kaname doctor checks the store");
}

static int add_instance(struct catalog *catalog, const json_t *body, const char *pack,
                        const char *origin, struct fault *fault)
{
        (void)pack;
        return catalog_add_instance(catalog, body, origin, fault);
}

static int add_rule(struct catalog *catalog, const json_t *body, const char *pack,
                    const char *origin, struct fault *fault)
{
        (void)pack;
        return catalog_add_rule(catalog, (json_t *)body, origin, fault);
}

/* In the order in which they are added: what others name comes first. */
static const struct made {
        const char *kind, *what;
        int (*add)(struct catalog *catalog, const json_t *body, const char *pack,
                   const char *origin, struct fault *fault);
} made[] = {
        { "trigger", "trigger type", catalog_add_trigger },
        { "instance", "instance", add_instance },
        { "rule", "rule", add_rule },
        { "policy", "policy", catalog_add_policy },
        { "action", "action", catalog_add_action },
        { "alias", "alias", catalog_add_alias },
        { "enabled", NULL, NULL },
};

/* Documents "KIND:REF" of kind "enabled": {"enabled": bool}. */
static int add_override(struct building *b, const struct store_doc *doc)
{
        _json_ json_t *body = json_stored(doc->body);
        _free_ char *kind = strdup(doc->name);
        char *ref = kind ? strchr(kind, ':') : NULL;

        if (!ref)
                return 0;
        *ref++ = '\0';
        catalog_override_enabled(b->catalog, kind, ref, json_bool_of(body, "enabled", true));
        return 0;
}

static int add_doc(struct building *b, const struct store_doc *doc)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *body = NULL;
        int r;

        if (!b->made->add)
                return add_override(b, doc);
        body = json_stored(doc->body);
        r = body ? b->made->add(b->catalog, body, "default", "api", &fault) : damaged(doc, &fault);
        return r ? failed(b, r, &fault, b->made->what) : 0;
}

static bool is_draft(const struct building *b, const char *name)
{
        return b->draft && text_equal(b->draft->kind, b->made->kind) &&
               (!name || text_equal(b->draft->name, name));
}

static int add_stored(void *arg, const struct store_doc *doc)
{
        struct building *b = arg;

        return is_draft(b, doc->name) ? 0 : add_doc(b, doc);
}

static int add_docs(struct building *b)
{
        int r = 0;

        for (size_t i = 0; r == 0 && b->r == 0 && i < sizeof made / sizeof *made; i++) {
                b->made = &made[i];
                r = store_list_docs(b->content->o.store, made[i].kind, add_stored, b, b->fault);
                if (r == 0 && b->r == 0 && is_draft(b, NULL) && b->draft->body)
                        r = add_doc(b, b->draft);
        }
        return r ? r : b->r;
}

static int add_instances(struct building *b, const json_t *instances)
{
        size_t i;
        json_t *definition;

        json_array_foreach((json_t *)instances, i, definition) {
                _fault_ struct fault fault = FAULT_INIT;
                int r = catalog_add_instance(b->catalog, definition,
                                             json_text_of(definition, "origin", "configuration"),
                                             &fault);

                if (r != 0 && failed(b, r, &fault, "instance") != 0)
                        return FAULT;
        }
        return 0;
}

static int build(struct building *b, const json_t *instances, struct catalog **ret)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = catalog_new();
        _json_ json_t *problems = json_object();
        struct content *content = b->content;
        struct fault *fault = b->fault;
        int r;

        if (!catalog)
                return fault_errno(fault, -ENOMEM, "catalog");
        b->catalog = catalog;
        b->problems = problems;
        r = each_folder(content->o.contract_path, add_contract, b);
        if (r == 0)
                r = each_folder(content->o.plugin_path, add_plugin, b);
        if (r == 0)
                r = each_folder(content->o.pack_path, add_pack_folder, b);
        if (r == 0)
                r = pack_each_active(content->o.state_dir, add_active, b);
        if (r == 0)
                r = add_instances(b, instances);
        if (r == 0 && content->o.store)
                r = add_docs(b);
        if (r == 0)
                r = catalog_finish(catalog, fault);
        if (r != 0)
                return fault_errno(fault, r, "catalog");
        json_decref(content->problems);
        content->problems = TAKE(problems);
        *ret = TAKE(catalog);
        return 0;
}

int content_build(struct content *content, const json_t *instances, bool strict,
                  struct catalog **ret, struct fault *fault)
{
        struct building b = { .content = content, .is_strict = strict, .fault = fault };

        return build(&b, instances, ret);
}

int content_build_draft(struct content *content, const struct store_doc *draft,
                        struct catalog **ret, struct fault *fault)
{
        struct building b = { .content = content, .is_strict = true, .fault = fault,
                              .draft = draft };

        return build(&b, content->instances, ret);
}
