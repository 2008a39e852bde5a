/* SPDX-License-Identifier: Apache-2.0 */

/* Packs: built here, put in place by the hub. */

#include "cli/nouns.h"

#include "base/json.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "catalog/pack.h"
#include "cli/client.h"
#include "cli/folder.h"
#include "cli/generic.h"
#include "cli/out.h"
#include "cli/params.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int build_run(struct cli *cli, struct fault *fault)
{
        const char *dir = cli->n_operands ? cli->operands[0] : ".",
                *out = cli_option(cli, "directory");
        _free_ char *path = NULL;
        int r = catalog_check_pack(dir, NULL, fault);

        if (!r)
                r = pack_build(dir, out ? out : ".", &path, fault);
        if (!r)
                fprintf(cli->out, "%s\n", path);
        return r;
}

static int send_archive(struct cli *cli, const char *path, bool upgrades, struct fault *fault)
{
        const struct request request = { .method = "POST", .path = cli->verb->path,
                                         .type = "application/zstd", .file = path };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = client_call(cli, &request, &answer, fault);

        if (r || cli->has_format)
                return r ? r : out_object(cli, answer.json, "name");
        cli_note(cli, "%s %s: %s", json_text_of(answer.json, "name", path),
                 json_text_of(answer.json, "version", ""),
                 upgrades ? "upgraded" : "installed");
        return 0;
}

/* A folder is built first, beside nothing of the person's. */
static int install_one(struct cli *cli, const char *path, bool upgrades, struct fault *fault)
{
        _folder_ struct folder folder = FOLDER_INIT;
        _free_ char *archive = NULL;
        struct stat st;
        int r;

        if (stat(path, &st))
                return fault_set(fault, errno == ENOENT ? 404 : 400, "pack.file", "%s: %s", path,
                                 strerror(errno));
        if (!S_ISDIR(st.st_mode))
                return send_archive(cli, path, upgrades, fault);
        r = folder_make(&folder);
        if (!r)
                r = pack_build(path, folder.path, &archive, fault);
        return r ? r : send_archive(cli, archive, upgrades, fault);
}

/* What is in it: an archive is unpacked as the hub will, so that a broken one is found now. */
static int read_meta(const char *path, json_t **ret, struct fault *fault)
{
        _folder_ struct folder folder = FOLDER_INIT;
        _close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        _free_ char *dir = NULL;
        struct stat st;
        int r;

        if (fd < 0 || fstat(fd, &st))
                return fault_set(fault, errno == ENOENT ? 404 : 400, "pack.file", "%s: %s", path,
                                 strerror(errno));
        if (S_ISDIR(st.st_mode))
                return pack_read_meta(path, ret, fault);
        r = folder_make(&folder);
        if (!r)
                r = pack_unpack(folder.path, fd, NULL, ret, &dir, fault);
        return r == FAULT ? fault_prefix(fault, "%s", path) : r;
}

static int version_there(void *arg, const char *name, char **ret_version, struct fault *fault)
{
        _free_ char *path = client_path("/api/v1/packs/{}", name);
        const struct request request = { .path = path, .is_preparation = true };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = path ? client_call(arg, &request, &answer, fault) : -ENOMEM;

        if (r == FAULT && fault->status == 404) {
                fault_deinit(fault);
                return 0;
        }
        if (!r)
                *ret_version = strdup(json_text_of(answer.json, "version", ""));
        return r;
}

/* Several: nothing is sent until it is sure that an order serves them all. */
static int order(struct cli *cli, size_t *ret_order, struct fault *fault)
{
        const struct packs_there there = { version_there, cli };
        _json_ json_t *metas = json_array();
        int r = metas ? 0 : -ENOMEM;

        for (int i = 0; i < cli->n_operands && !r; i++) {
                json_t *meta = NULL;

                r = read_meta(cli->operands[i], &meta, fault);
                if (!r)
                        json_array_append_new(metas, meta);
        }
        return r ? r : packs_order(metas, &there, ret_order, fault);
}

static int install_run(struct cli *cli, struct fault *fault)
{
        bool upgrades = text_equal(cli->verb->name, "upgrade");
        _free_ size_t *at = calloc((size_t)cli->n_operands + 1, sizeof *at);
        int r = !at ? -ENOMEM : cli->n_operands > 1 ? order(cli, at, fault) : 0;

        for (int i = 0; i < cli->n_operands && !r; i++)
                r = install_one(cli, cli->operands[at[i]], upgrades, fault);
        return r;
}

/* ---- configuration ---- */

/* Without pairs or a file: what is set. Pairs change single values, a file replaces all. */
static int config_run(struct cli *cli, struct fault *fault)
{
        _free_ char *path = client_path(cli->verb->path, cli->operands[0]), *query = verb_query(cli);
        bool is_change = cli->n_operands > 1 || cli_switch(cli, "file");
        const struct request read = { .path = path, .query = "show_secrets=true",
                                      .is_preparation = true };
        struct request write = { .method = "PUT", .path = path };
        _answer_ struct answer before = ANSWER_INIT, after = ANSWER_INIT;
        _json_ json_t *values = NULL, *given = NULL;
        int r = path && query ? 0 : -ENOMEM;

        if (!r && !is_change)
                return verb_get(cli, fault);
        if (!r)
                r = params_read(cli, 1, &given, fault);
        if (!r && !cli_switch(cli, "file"))
                r = client_call(cli, &read, &before, fault);
        if (r)
                return r;
        values = json_deep_copy(json_object_get(before.json, "values"));
        if (!values)
                values = json_object();
        json_object_update(values, given);
        write.body = values;
        r = client_call(cli, &write, &after, fault);
        if (r || cli->has_format)
                return r ? r : out_object(cli, after.json, "pack");
        cli_note(cli, "%s: configured", cli->operands[0]);
        return 0;
}

static const struct verb_option config_options[] = {
        { .name = "file", .letter = 'f', .argument = "FILE", .complete = COMPLETE_FILE,
          .summary = "all values from JSON or YAML; - is standard input" },
        { .name = "show-secrets", .summary = "in the clear (needs the right to)",
          .query = "show_secrets" },
        { .name = NULL }
};

static const struct column columns[] = {
        { "NAME", "name", COLUMN_TEXT, false }, { "VERSION", "version", COLUMN_TEXT, false },
        { "DESCRIPTION", "description", COLUMN_TEXT, false },
        { "AUTHOR", "author", COLUMN_TEXT, true },
        { "PATH", "path", COLUMN_TEXT, true }, { NULL, NULL, 0, false }
};

static const struct verb_option build_options[] = {
        { .name = "directory", .letter = 'd', .argument = "DIR",
          .summary = "where the archive goes", .complete = COMPLETE_FOLDER },
        { .name = NULL }
};

static const struct verb verbs[] = {
        { .name = "list", .summary = "what is installed", .run = verb_list, .path = "/api/v1/packs",
          .columns = columns, .name_path = "ref" },
        { .name = "get", .operands = "NAME...", .summary = "packs in full", .run = verb_get,
          .operands_min = 1,
          .operands_max = -1, .path = "/api/v1/packs/{}", .name_path = "ref",
          .complete = COMPLETE_PACK },
        { .name = "build", .operands = "[DIR]",
          .summary = "make NAME-VERSION.kpack of a folder with a pack.yaml",
          .run = build_run, .operands_max = 1, .options = build_options,
          .complete = COMPLETE_FOLDER },
        { .name = "install", .operands = "FILE|DIR...",
          .summary = "put packs in place, while the hub runs",
          .run = install_run, .path = "/api/v1/packs/install", .operands_min = 1,
          .operands_max = -1, .complete = COMPLETE_FILE },
        { .name = "upgrade", .operands = "FILE|DIR...",
          .summary = "replace packs; what runs ends on the old version",
          .run = install_run, .path = "/api/v1/packs/upgrade", .operands_min = 1,
          .operands_max = -1, .complete = COMPLETE_FILE },
        { .name = "rollback", .operands = "NAME...", .summary = "go back to the version before",
          .run = verb_post,
          .operands_min = 1, .operands_max = -1, .path = "/api/v1/packs/{}/rollback",
          .done = "rolled back",
          .complete = COMPLETE_PACK },
        { .name = "config", .operands = "NAME [KEY=VALUE...]",
          .summary = "show or set what a pack is configured with", .run = config_run,
          .operands_min = 1, .operands_max = -1, .path = "/api/v1/configs/{}",
          .name_path = "pack", .options = config_options, .complete = COMPLETE_PACK },
        { .name = "schema", .operands = "NAME...",
          .summary = "what a pack can be configured with", .run = verb_get, .operands_min = 1,
          .operands_max = -1, .path = "/api/v1/config_schemas/{}", .name_path = "pack",
          .complete = COMPLETE_PACK },
        { .name = "remove", .operands = "NAME...", .summary = "take packs out", .run = verb_delete,
          .operands_min = 1,
          .operands_max = -1, .path = "/api/v1/packs/{}", .done = "removed",
          .complete = COMPLETE_PACK },
        { .name = NULL }
};

const struct noun noun_pack = {
        .name = "pack", .summary = "plugins and rules that are installed together", .verbs = verbs,
        .about =
                "A pack is a folder with a\n.Pa pack.yaml ,\nplugins and content, or one archive "
                "of it,\n"
                ".Pa NAME-VERSION.kpack .\nInstalling, upgrading, rolling back and removing are "
                "each done whole or not at\n"
                "all, while the hub runs; executions that run finish on the version they began "
                "with.\n"
                "Several packs are put in place in the order of their dependencies, whatever the "
                "order\nthey are given in; what no order serves is told before any is sent.\n"
                ".Cm build\nneeds no hub.\n"
                ".Pp\nA default of a parameter may be an expression over the other parameters,\n"
                ".Li config_context , action_context\nand the key-value store.\nOnly defaults are "
                "rendered: a value that a caller\ngives or an event brings is data, whatever it "
                "looks like.\n"
                "A configuration is checked against the pack's\n.Pa config.schema.yaml ;\nits "
                "secrets are sealed, and its values may be\n.Dq {{ st2kv.system.name }} .",
        .examples =
                "kaname pack build ./dns-tools\n"
                "kaname pack install dns-tools-1.2.0.kpack\n"
                "kaname pack config dns-tools url=https://dns.example.com token=SECRET\n"
                "kaname pack rollback dns-tools",
};
