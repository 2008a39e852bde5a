/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/remedy.h"

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/form.h"

#include <string.h>

#define FILE_MAX ((size_t)1 << 20)

/* By the code's beginning; %s is the noun and verb at hand. The first that fits counts. */
static const struct {
        const char *code, *remedy;
} remedies[] = {
        { "file.unreadable", "name a file that you can read; - is standard input" },
        { "pack.file", "name a .kpack file, or a folder with a pack.yaml" },
        { "execution.unknown", "kaname execution list" },
        { "execution.final", "kaname execution get last   (kaname execution rerun runs it again)" },
        { "id.invalid", "kaname execution list -o name   (last is the newest)" },
        { "plugin.unknown", "kaname plugin list" },
        { "key.unknown", "kaname key list" },
        { "rule.unknown", "kaname rule list" },
        { "login.empty", "kaname login, and type it; or kaname login < FILE" },
        { "usage.", "kaname help%s" },
        { "query.", "kaname help%s" },
        { "held.", "kaname held list" },
        { "yaml.", "correct the file at that line; in YAML, indents are blanks, never tabs" },
        { "json.", "correct the file at that line" },
        { "rule.", "man kaname-rule has a rule to begin with" },
};

static const char *find(const char *code)
{
        for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
                if (text_starts_with(code, remedies[i].code))
                        return remedies[i].remedy;
        return NULL;
}

static bool is_run(const struct cli *cli)
{
        return cli->verb && cli->n_operands && cli->verb->complete == COMPLETE_ACTION;
}

void remedy_add(const struct cli *cli, struct fault *fault)
{
        char command[64] = "";
        const char *remedy = find(fault->code);

        if (fault->remedy || !cli->verb || json_object_get(fault->detail, "execution"))
                return;
        snprintf(command, sizeof command, "%s%s %s", cli->noun && cli->noun->name ? " " : "",
                 cli->noun && cli->noun->name ? cli->noun->name : "", cli->verb->name);
        if (is_run(cli) && text_equal(fault->code, "schema.mismatch"))
                fault_try(fault, "kaname action get %s   (shows its parameters)", cli->operands[0]);
        else if (remedy && strstr(remedy, "%s"))
                fault_try(fault, "kaname help%s", command);
        else if (remedy)
                fault_try(fault, "%s", remedy);
        else if (fault->status == 400 || fault->status == 404 || fault->status == 422)
                fault_try(fault, "kaname help%s", command);
}

int remedy_place(const char *path, struct fault *fault)
{
        _free_ char *text = NULL;
        unsigned line;
        size_t len;

        if (!fault->what || (fault->status != 400 && fault->status != 422)
            || text_starts_with(fault->what, path))
                return FAULT;
        if (!strcmp(path, "-"))
                return fault_prefix(fault, "standard input");
        if (file_read(path, FILE_MAX, &text, &len, NULL))
                return FAULT;
        if (!len)
                return fault_set(fault, 422, "file.empty", "%s:1: the file is empty", path);
        line = form_line(text, len, fault);
        return fault_prefix(fault, "%s:%u", path, line ? line : 1);
}
