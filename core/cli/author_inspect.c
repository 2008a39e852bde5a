/* SPDX-License-Identifier: Apache-2.0 */

/* kaname plugin inspect: a file's manifest, learnt as the hub learns it, in a sandboxed child. */

#include "cli/author.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/folder.h"
#include "cli/out.h"
#include "host/host.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Beside this program in a build tree, else where it was installed. */
static char *host_program(void)
{
        char self[PATH_MAX];
        ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
        char *slash, *path;

        self[len > 0 ? len : 0] = '\0';
        slash = strrchr(self, '/');
        if (slash && asprintf(&path, "%.*s/kaname-host", (int)(slash - self), self) >= 0) {
                if (!access(path, X_OK))
                        return path;
                free(path);
        }
        return strdup(KN_LIBEXECDIR "/kaname-host");
}

static void print_rows(struct cli *cli, const json_t *manifest, const char *kind, const char *title)
{
        const json_t *rows = json_object_get(manifest, kind), *row;
        size_t i;

        if (json_array_size(rows))
                fprintf(cli->out, "\n%s\n", title);
        json_array_foreach(rows, i, row) {
                _free_ char *flags = out_cell(json_object_get(row, "flags"), COLUMN_TEXT);

                fprintf(cli->out, "  %-20s %s%s%s%s\n", json_text_of(row, "name", ""),
                        json_text_of(row, "summary", ""), flags && *flags ? "  [" : "",
                        flags ? flags : "", flags && *flags ? "]" : "");
        }
}

static void print_config(struct cli *cli, const json_t *properties)
{
        const char *name;
        json_t *property;

        if (json_object_size(properties))
                fputs("\nconfig\n", cli->out);
        json_object_foreach((json_t *)properties, name, property)
                fprintf(cli->out, "  %-20s %s%s\n", name, json_text_of(property, "description", ""),
                        json_bool_of(property, "writeOnly", false) ? "  [secret]" : "");
}

static void print_manifest(struct cli *cli, const struct manifest *manifest)
{
        const json_t *json = manifest->json;
        _free_ char *access = json_compact(json_object_get(json, "access"));

        fprintf(cli->out, "%s%s%s %s  %s\n", out_color(cli->has_color, OUT_STRONG), manifest->name,
                out_color(cli->has_color, OUT_PLAIN), manifest->version,
                manifest->summary ? manifest->summary : "");
        fprintf(cli->out, "  %-20s %s\n  %-20s %s (needs %s)\n", "sha256", manifest->hash, "abi",
                json_text_of(json, "abi", "?"), json_text_of(json, "needs", "?"));
        fprintf(cli->out, "  %-20s %s\n", "domain", manifest->domain ? manifest->domain : "none");
        fprintf(cli->out, "  %-20s %s\n", "opens sockets itself",
                manifest->has_own_sockets ? "yes: a wider sandbox" : "no");
        if (access && strcmp(access, "null"))
                fprintf(cli->out, "  %-20s %s\n", "access", access);
        print_config(cli, json_at(json, "config.properties"));
        print_rows(cli, json, "actions", "actions");
        print_rows(cli, json, "triggers", "triggers");
        print_rows(cli, json, "sensors", "sensors");
}

int verb_plugin_inspect(struct cli *cli, struct fault *fault)
{
        _folder_ struct folder state = FOLDER_INIT;
        _free_ char *program = host_program();
        struct manifest *manifest = NULL;
        int r = program ? folder_make(&state) : -ENOMEM;

        if (!r)
                r = host_describe(program, state.path, cli->operands[0], &manifest, fault);
        if (r)
                return r;
        if (cli->has_format)
                r = out_object(cli, manifest->json, "name");
        else
                print_manifest(cli, manifest);
        manifest_unref(manifest);
        return r;
}
