/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A pack's folder, read file by file. A file that is wrong becomes a warning that names its line
 * and what to do, and the rest of the pack stands: one typo must not switch off an alarm's rule.
 * At install time the same warnings refuse the whole (catalog_check_pack).
 */
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "catalog/build.h"
#include "catalog/form.h"
#include "catalog/pack.h"
#include "catalog/tree.h"
#include "workflow/workflow.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)1 << 20)

CLEANUP_DEFINE(struct workflow *, workflow_unref);

struct loading {
        struct catalog *catalog;
        const char *pack, *dir;
        const char *path;               /* of the file at hand */
};

typedef int load_item(struct loading *loading, json_t *item, struct fault *fault);

static bool names_itself(const struct fault *fault, const char *path)
{
        return fault->what && text_starts_with(fault->what, path);
}

/* A file that breaks its form in several places: a problem of its own for each after the first. */
static void warn_more(struct catalog *catalog, const char *path, const char *text, size_t len,
                      const struct fault *first)
{
        json_t *errors = json_object_get(first->detail, "errors"), *error;
        size_t i;

        json_array_foreach(errors, i, error) {
                _fault_ struct fault fault = FAULT_INIT;
                const char *at = json_text_of(error, "spec_path",
                                              json_text_of(error, "pointer", ""));
                unsigned line;

                if (!i)
                        continue;
                fault_set(&fault, first->status, first->code, "%s%s%s", at + (*at == '/'),
                          *at ? ": " : "", json_text_of(error, "message", ""));
                fault_detail(&fault, "errors", json_pack("[O]", error));
                line = form_line(text, len, &fault);
                fault_prefix(&fault, "%s:%u", path, line ? line : 1);
                fault_try(&fault, "correct line %u of that file", line ? line : 1);
                warn(catalog, path, line ? line : 1, &fault);
        }
}

void warn_in_file(struct catalog *catalog, const char *path, struct fault *fault)
{
        _fault_ struct fault first = FAULT_INIT;
        _free_ char *text = NULL;
        size_t len = 0;
        unsigned line = 0;

        if (!names_itself(fault, path) && file_read(path, FILE_MAX, &text, &len, NULL) == 0) {
                line = form_line(text, len, fault);
                line = line ? line : 1;
                fault_prefix(fault, "%s:%u", path, line);
        } else if (names_itself(fault, path) && fault->what[strlen(path)] == ':') {
                line = (unsigned)strtoul(fault->what + strlen(path) + 1, NULL, 10);
        }
        if (!fault->remedy)
                fault_try(fault, "correct line %u of that file", line ? line : 1);
        fault_copy(&first, fault);
        warn(catalog, path, line, fault);
        if (text)
                warn_more(catalog, path, text, len, &first);
}

static int load_file(struct loading *loading, load_item *load)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *item = NULL;
        _free_ char *text = NULL;
        size_t len = 0;
        int r = file_read(loading->path, FILE_MAX, &text, &len, &fault);

        if (r == 0)
                r = yaml_parse(text, len, loading->path, NULL, &item, &fault);
        if (r == 0 && json_is_null(item)) {
                r = fault_set(&fault, 422, "file.empty", "the file is empty");
                fault_try(&fault, "write what it is to define, or remove it");
        } else if (r == 0 && !json_is_object(item)) {
                r = fault_set(&fault, 422, "file.invalid", "it is no mapping of keys to values");
                fault_try(&fault, "write \"key: value\" lines");
        } else if (r == 0) {
                r = load(loading, item, &fault);
        }
        if (r != FAULT)
                return r;
        warn_in_file(loading->catalog, loading->path, &fault);
        return 0;
}

static int is_yaml(const struct dirent *entry)
{
        return entry->d_name[0] != '.' &&
               (text_ends_with(entry->d_name, ".yaml") || text_ends_with(entry->d_name, ".yml"));
}

static int load_dir(struct loading *loading, const char *dir, const char *sub, load_item *load)
{
        _free_ char *path = NULL;
        struct dirent **entries;
        int n, r = 0;

        if (asprintf(&path, "%s/%s", dir, sub) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        n = scandir(path, &entries, is_yaml, alphasort);
        if (n < 0)
                return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
        for (int i = 0; i < n; i++) {
                _free_ char *file = NULL;

                if (r == 0 && asprintf(&file, "%s/%s", path, entries[i]->d_name) >= 0) {
                        loading->path = file;
                        r = load_file(loading, load);
                }
                free(entries[i]);
        }
        free(entries);
        return r;
}

/* StackStorm refuses content that says it belongs elsewhere, and so do we. */
static int claim(const struct loading *loading, json_t *item, struct fault *fault)
{
        const char *pack = json_text_of(item, "pack", NULL);

        if (!pack || text_equal(pack, loading->pack)) {
                json_set_text(item, "pack", loading->pack);
                return 0;
        }
        fault_set(fault, 422, "file.foreign", "pack: it says '%s' and lies in the pack '%s'",
                  pack, loading->pack);
        return fault_try(fault, "leave the key out");
}

static int load_rule(struct loading *loading, json_t *item, struct fault *fault)
{
        int r = claim(loading, item, fault);

        return r ? r : catalog_add_rule(loading->catalog, item, loading->path, fault);
}

static bool is_workflow(const json_t *item)
{
        const char *runner = json_text_of(item, "runner_type", "");

        return text_equal(runner, "orquesta") || text_equal(runner, "action-chain");
}

/* An action of a workflow's runner names the file of its definition, below the pack's actions. */
static int read_definition(const struct loading *loading, const json_t *item,
                           struct workflow **ret, struct fault *fault)
{
        const char *entry = json_text_of(item, "entry_point", "");
        _free_ char *path = NULL, *text = NULL;
        _json_ json_t *definition = NULL;
        size_t len = 0;
        int r = tree_check_path(entry, fault);

        if (r == FAULT) {
                fault_prefix(fault, "entry_point");
                return fault_at(fault, "entry_point");
        }
        if (r == 0 && asprintf(&path, "%s/actions/%s", loading->dir, entry) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        if (r == 0 && access(path, R_OK) < 0) {
                fault_set(fault, 422, "action.no-file", "entry_point: there is no file actions/%s",
                          entry);
                return fault_at(fault, "entry_point");
        }
        if (r == 0)
                r = file_read(path, FILE_MAX, &text, &len, fault);
        if (r == 0)
                r = yaml_parse(text, len, path, NULL, &definition, fault);
        if (r == 0)
                r = workflow_compile(definition, NULL, ret, fault);
        if (r != FAULT)
                return r;
        /* Its problems stand in its own file, whatever names it. */
        warn_in_file(loading->catalog, path, fault);
        return 0;
}

static int load_action(struct loading *loading, json_t *item, struct fault *fault)
{
        _cleanup_(workflow_unrefp) struct workflow *workflow = NULL;
        struct catalog_action *action = NULL;
        int r = claim(loading, item, fault);

        if (r == 0 && is_workflow(item)) {
                r = read_definition(loading, item, &workflow, fault);
                if (r == 0 && !workflow)
                        return 0;
        }
        if (r)
                return r;
        json_set_text(item, "metadata_file", loading->path);
        r = action_put_metadata(loading->catalog, json_incref(item), &action, fault);
        if (r == 0)
                action->workflow = TAKE(workflow);
        return r;
}

static int load_trigger(struct loading *loading, json_t *item, struct fault *fault)
{
        int r = claim(loading, item, fault);

        return r ? r : catalog_add_trigger(loading->catalog, item, loading->pack, loading->path,
                                           fault);
}

static int load_policy(struct loading *loading, json_t *item, struct fault *fault)
{
        int r = claim(loading, item, fault);

        return r ? r : catalog_add_policy(loading->catalog, item, loading->pack, loading->path,
                                          fault);
}

static int load_sensor(struct loading *loading, json_t *item, struct fault *fault)
{
        int r = claim(loading, item, fault);

        return r ? r : sensor_put(loading->catalog, item, loading->pack, loading->path, fault);
}

static int load_alias(struct loading *loading, json_t *item, struct fault *fault)
{
        int r = claim(loading, item, fault);

        json_set_text(item, "metadata_file", loading->path);
        return r ? r : catalog_add_alias(loading->catalog, item, loading->pack, loading->path,
                                         fault);
}

static int load_config_schema(struct loading *loading, json_t *item, struct fault *fault)
{
        struct catalog_pack *pack = table_get(&loading->catalog->packs, loading->pack);
        _cleanup_(schema_unrefp) struct schema *schema = NULL;
        int r = form_check("config_schema", item, fault);

        if (r == 0)
                r = parameters_compile(item, &schema, fault);
        if (r)
                return r;
        pack->config_schema = json_incref(item);
        pack->config = TAKE(schema);
        return 0;
}

static int put_pack(struct catalog *catalog, const char *dir, json_t *metadata, struct fault *fault)
{
        const char *name = json_text_of(metadata, "ref", NULL);
        const struct catalog_pack *there = catalog_pack(catalog, name);
        struct catalog_pack *pack;

        if (there || text_equal(name, "core")) {
                fault_set(fault, 409, "pack.duplicate", "%s: the pack '%s' is there already, %s%s",
                          dir, name,
                          there ? "from " : "built in", there ? there->dir : "");
                json_decref(metadata);
                return fault_try(fault, "remove one of the two");
        }
        pack = calloc(1, sizeof *pack);
        if (!pack) {
                json_decref(metadata);
                return -ENOMEM;
        }
        pack->metadata = metadata;
        pack->name = name;
        pack->version = json_text_of(metadata, "version", NULL);
        pack->dir = strdup(dir);
        if (!pack->dir || table_put(&catalog->packs, name, pack) < 0) {
                pack_row_free(pack);
                return -ENOMEM;
        }
        return 0;
}

static int load_content(struct loading *loading, const char *dir)
{
        static const struct {
                const char *sub;
                load_item *load;
        } kinds[] = {
                { "triggers", load_trigger }, { "sensors", load_sensor },
                { "actions", load_action }, { "rules", load_rule },
                { "policies", load_policy }, { "aliases", load_alias },
        };
        _free_ char *config = NULL;
        int r = 0;

        if (asprintf(&config, "%s/config.schema.yaml", dir) < 0) {
                config = NULL;
                return -ENOMEM;
        }
        loading->path = config;
        if (access(config, F_OK) == 0)
                r = load_file(loading, load_config_schema);
        for (size_t i = 0; r == 0 && i < sizeof kinds / sizeof *kinds; i++)
                r = load_dir(loading, dir, kinds[i].sub, kinds[i].load);
        return r;
}

int catalog_add_pack(struct catalog *catalog, const char *dir, struct fault *fault)
{
        struct loading loading = { catalog, NULL, dir, NULL };
        json_t *metadata;
        int r = pack_read_meta(dir, &metadata, fault);

        if (r)
                return r;
        loading.pack = json_text_of(metadata, "ref", NULL);
        r = put_pack(catalog, dir, metadata, fault);
        return r ? r : fault_errno(fault, load_content(&loading, dir), dir);
}

static int check_needs(void *arg, const struct catalog_pack *pack)
{
        struct { struct catalog *catalog; const struct catalog *present; } *both = arg;

        pack_check_needs(both->catalog, both->present, pack);
        return 0;
}

int catalog_check_pack(const char *dir, const struct catalog *present, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = catalog_new();
        struct { struct catalog *catalog; const struct catalog *present; } both = { catalog,
                                                                                    present };
        const json_t *first;
        size_t n;
        int r = catalog ? catalog_add_pack(catalog, dir, fault) : -ENOMEM;

        if (r == 0)
                r = table_sort(&catalog->packs);
        if (r == 0 && present)
                catalog_each_pack(catalog, check_needs, &both);
        n = r ? 0 : json_array_size(catalog->warnings);
        if (!n)
                return r;
        first = json_array_get(catalog->warnings, 0);
        fault_set(fault, 422, "pack.invalid", "%s", json_text_of(first, "what", ""));
        if (n > 1)
                fault_why(fault, "it is the first of %zu problems", n);
        if (json_text_of(first, "try", NULL))
                fault_try(fault, "%s", json_text_of(first, "try", ""));
        return fault_detail(fault, "problems", json_incref(catalog->warnings));
}

void pack_row_free(void *value)
{
        struct catalog_pack *pack = value;

        json_decref(pack->metadata);
        json_decref(pack->config_schema);
        schema_unref(pack->config);
        free((char *)pack->dir);
        free(pack);
}
