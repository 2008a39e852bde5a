/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nouns.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/generic.h"
#include "cli/out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct column parameter_columns[] = {
        { "PARAMETER", "name", COLUMN_TEXT, false }, { "TYPE", "type", COLUMN_TEXT, false },
        { "NEEDED", "required", COLUMN_TEXT, false }, { "DEFAULT", "default", COLUMN_TEXT, false },
        { "DESCRIPTION", "description", COLUMN_TEXT, false }, { NULL, NULL, 0, false }
};

static json_t *parameter_rows(const json_t *parameters)
{
        json_t *rows = json_array(), *parameter;
        const char *name;

        json_object_foreach((json_t *)parameters, name, parameter) {
                json_t *row = json_copy(parameter);
                bool required = json_bool_of(parameter, "required", false);

                json_object_set_new(row, "name", json_string(name));
                json_object_set_new(row, "required", json_string(required ? "yes" : ""));
                json_array_append_new(rows, row);
        }
        return rows;
}

/* For a person: what it does and what to give it, rather than every member of the record. */
static int show_action(struct cli *cli, const json_t *action)
{
        _json_ json_t *rows = parameter_rows(json_object_get(action, "parameters"));

        fprintf(cli->out, "%s%s%s  %s\n\n", out_color(cli->has_color, OUT_STRONG),
                json_text_of(action, "ref", ""),
                out_color(cli->has_color, OUT_PLAIN), json_text_of(action, "description", ""));
        return json_array_size(rows) ? out_table(cli, rows, parameter_columns) : 0;
}

static int get_run(struct cli *cli, struct fault *fault)
{
        int r = 0;

        if (cli->has_format)
                return verb_get(cli, fault);
        for (int i = 0; i < cli->n_operands && !r; i++) {
                _free_ char *path = client_path(cli->verb->path, cli->operands[i]);
                _json_ json_t *action = NULL;

                r = path ? client_get(cli, path, NULL, &action, fault) : -ENOMEM;
                if (!r)
                        r = show_action(cli, action);
        }
        return r;
}

static const struct column columns[] = {
        { "REF", "ref", COLUMN_TEXT, false }, { "DESCRIPTION", "description", COLUMN_TEXT, false },
        { "PACK", "pack", COLUMN_TEXT, true }, { "RUNNER", "runner_type", COLUMN_TEXT, true },
        { "ENABLED", "enabled", COLUMN_TEXT, true }, { NULL, NULL, 0, false }
};

static const struct verb_option list_options[] = {
        { .name = "pack", .letter = 'p', .argument = "PACK",
          .summary = "of this pack, plugin or domain", .query = "pack", .complete = COMPLETE_PACK },
        { .name = "tags", .argument = "TAG", .summary = "with this tag", .query = "tags" },
        { .name = "last", .letter = 'n', .argument = "N", .summary = "how many", .query = "limit" },
        { .name = NULL }
};

static const struct verb verbs[] = {
        { .name = "list", .summary = "what can be run", .run = verb_list, .options = list_options,
          .path = "/api/v1/actions", .columns = columns, .name_path = "ref" },
        { .name = "get", .operands = "ACTION...", .summary = "what an action does and takes",
          .run = get_run,
          .operands_min = 1, .operands_max = -1, .path = "/api/v1/actions/{}", .name_path = "ref",
          .complete = COMPLETE_ACTION },
        { .name = NULL }
};

const struct noun noun_action = {
        .name = "action", .summary = "what can be run", .verbs = verbs,
        .about =
                "Actions come from plugins, from packs, and from Kaname itself\n.Pq Cm core.local "
                ", core.http\n"
                "and others.\nAn action of a domain\n.Pq Cm dns.record.set\nis the same on every "
                "system of that domain;\n"
                "the instance that is responsible is found by its scope, or named with the "
                "parameter\n.Cm instance .",
        .examples =
                "kaname action list\n"
                "kaname action get dns.record.set\n"
                "kaname action get dns.record.set -o json | jq .parameters",
};

static const struct column trigger_columns[] = {
        { "REF", "ref", COLUMN_TEXT, false }, { "DESCRIPTION", "description", COLUMN_TEXT, false },
        { "PACK", "pack", COLUMN_TEXT, true }, { NULL, NULL, 0, false }
};

static const struct verb_option trigger_options[] = {
        { .name = "pack", .letter = 'p', .argument = "PACK",
          .summary = "of this pack, plugin or domain", .query = "pack", .complete = COMPLETE_PACK },
        { .name = NULL }
};

static const struct verb trigger_verbs[] = {
        { .name = "list", .summary = "what rules can wait for", .run = verb_list,
          .options = trigger_options,
          .path = "/api/v1/triggertypes", .columns = trigger_columns, .name_path = "ref" },
        { .name = "get", .operands = "TRIGGER...", .summary = "trigger types in full",
          .run = verb_get,
          .operands_min = 1, .operands_max = -1, .path = "/api/v1/triggertypes/{}",
          .name_path = "ref",
          .complete = COMPLETE_TRIGGER },
        { .name = NULL }
};

const struct noun noun_trigger = {
        .name = "trigger", .summary = "what rules can wait for", .verbs = trigger_verbs,
        .about =
                "Trigger types say what kinds of events there are, and what their payload looks "
                "like.\n"
                "They come from plugins, from domains, and from Kaname itself: webhooks, timers, "
                "the end of\n"
                "an action.",
        .examples =
                "kaname trigger list\n"
                "kaname trigger get core.st2.webhook -o yaml",
};
