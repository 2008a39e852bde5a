/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Packs put in force, and back, and out; plugins trusted. A version of a pack becomes the active
 * one by a rename, which is undone where the catalog would not stand.
 */
#include "content/room.h"

#include "catalog/pack.h"

#include <errno.h>
#include <string.h>

static int pack_known(struct content *content, const char *name, bool upgrade, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(content->hub);
        const struct catalog_pack *pack = catalog_pack(catalog, name);

        if (pack && !upgrade) {
                fault_set(fault, 409, "pack.exists",
                          "the pack '%s' is installed already, version %s", name, pack->version);
                return fault_try(fault, "kaname pack upgrade, or kaname pack remove %s first",
                                 name);
        }
        if (!pack && upgrade) {
                fault_set(fault, 404, "pack.unknown", "the pack '%s' is not installed", name);
                return fault_try(fault, "kaname pack install");
        }
        return 0;
}

/* The version that is active now, or NULL. */
static char *active_version(struct content *content, const char *name)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(content->hub);
        const struct catalog_pack *pack = catalog_pack(catalog, name);

        return pack ? strdup(pack->version) : NULL;
}

/*
 * Put a version in force, or back what was there: the rename is undone where the catalog would not
 * stand.
 */
static int switch_version(struct content *content, const char *name, const char *version,
                          struct fault *fault)
{
        _free_ char *before = active_version(content, name);
        _fault_ struct fault ignored = FAULT_INIT;
        int r = version ? pack_activate(content->o.state_dir, name, version, fault)
                : pack_deactivate(content->o.state_dir, name, fault);

        if (r != 0)
                return fault_errno(fault, r, "pack");
        r = content_renew(content, fault);
        if (r == 0)
                return 0;
        if (before)
                pack_activate(content->o.state_dir, name, before, &ignored);
        else
                pack_deactivate(content->o.state_dir, name, &ignored);
        return fault_prefix(fault, "the pack '%s' was not put in force", name);
}

static json_t *pack_answer(struct content *content, const char *name)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(content->hub);
        const struct catalog_pack *pack = catalog_pack(catalog, name);

        return pack ? json_deep_copy(pack->metadata) : json_object();
}

static void forget(char *text, const char *dir)
{
        size_t n = strlen(dir);
        char *at = text ? strstr(text, dir) : NULL;

        if (!at || (at[n] != '/' && at[n] != ':'))
                return;
        n += 1 + strspn(at + n + 1, " ");
        memmove(at, at + n, strlen(at + n) + 1);
}

static void forget_in(json_t *object, const char *key, const char *dir)
{
        _free_ char *text = strdup(json_text_of(object, key, ""));

        forget(text, dir);
        if (text)
                json_set_text(object, key, text);
}

/* Who sent it knows its files by their names in the pack, and finds nothing of it in our state. */
static void refuse(struct content *content, const json_t *meta, const char *dir,
                   struct fault *fault)
{
        _fault_ struct fault ignored = FAULT_INIT;
        json_t *problem;
        size_t i;

        forget(fault->what, dir);
        forget(fault->why, dir);
        json_array_foreach(json_object_get(fault->detail, "problems"), i, problem) {
                forget_in(problem, "file", dir);
                forget_in(problem, "what", dir);
        }
        pack_discard(content->o.state_dir, json_text_of(meta, "ref", ""),
                     json_text_of(meta, "version", ""), &ignored);
}

/* Every file of it, and the packs that it needs. */
static int check_pack(struct content *content, const char *dir, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(content->hub);

        return catalog_check_pack(dir, catalog, fault);
}

static int check_unneeded(struct content *content, const char *name, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(content->hub);
        const char *other = catalog_who_needs(catalog, name);

        if (!other)
                return 0;
        fault_set(fault, 409, "pack.needed", "the pack '%s' is needed by '%s'", name, other);
        return fault_try(fault, "kaname pack remove %s first", other);
}

int content_pack_install(struct content *content, int archive_fd, const char *folder, bool upgrade,
                         const char *user, json_t **ret, struct fault *fault)
{
        _json_ json_t *meta = NULL;
        _free_ char *dir = NULL;
        const char *name, *version;
        int r;

        pthread_mutex_lock(&content->lock);
        r = pack_unpack(content->o.state_dir, archive_fd, folder, &meta, &dir, fault);
        name = json_text_of(meta, "ref", "");
        version = json_text_of(meta, "version", "");
        if (r == 0)
                r = pack_known(content, name, upgrade, fault);
        if (r == 0)
                r = check_pack(content, dir, fault);
        if (r == 0)
                r = switch_version(content, name, version, fault);
        if (r == FAULT && fault && dir)
                refuse(content, meta, dir, fault);
        pthread_mutex_unlock(&content->lock);
        if (r != 0)
                return fault_errno(fault, r, "pack");
        content_tell("pack", name, upgrade ? "upgraded" : "installed", user);
        *ret = pack_answer(content, name);
        return 0;
}

int content_pack_rollback(struct content *content, const char *name, const char *user, json_t **ret,
                          struct fault *fault)
{
        _free_ char *version = NULL;
        int r;

        pthread_mutex_lock(&content->lock);
        r = pack_previous(content->o.state_dir, name, &version, fault);
        if (r == 0)
                r = switch_version(content, name, version, fault);
        pthread_mutex_unlock(&content->lock);
        if (r != 0)
                return fault_errno(fault, r, "pack");
        content_tell("pack", name, "rolled back", user);
        *ret = pack_answer(content, name);
        return 0;
}

int content_pack_remove(struct content *content, const char *name, const char *user,
                        struct fault *fault)
{
        int r;

        pthread_mutex_lock(&content->lock);
        r = pack_known(content, name, true, fault);
        if (r == 0)
                r = check_unneeded(content, name, fault);
        if (r == 0)
                r = switch_version(content, name, NULL, fault);
        if (r == 0)
                r = pack_prune(content->o.state_dir, name, NULL, fault);
        pthread_mutex_unlock(&content->lock);
        if (r == 0)
                content_tell("pack", name, "removed", user);
        return fault_errno(fault, r, "pack");
}

int content_plugin_trust(struct content *content, const char *name, const char *user,
                         struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(content->hub);
        const struct manifest *plugin = catalog_plugin(catalog, name);
        int r;

        if (!plugin)
                return fault_set(fault, 404, "plugin.unknown", "there is no plugin '%s'", name);
        r = host_trust(content->o.host, plugin->hash, fault);
        if (r == 0)
                content_tell("plugin", name, "trusted in the core", user);
        return fault_errno(fault, r, "trust");
}
