/* SPDX-License-Identifier: Apache-2.0 */

/* Commands in the words of people: what they mean, and running them. */

#include "cli/nouns.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/follow.h"
#include "cli/generic.h"
#include "cli/out.h"
#include "cli/remedy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The words of the command line are one command, whether they were quoted or not. */
static char *command_of(const struct cli *cli)
{
        _text_ struct text command = TEXT_INIT;

        for (int i = 0; i < cli->n_operands; i++)
                text_addf(&command, "%s%s", i ? " " : "", cli->operands[i]);
        return text_take(&command);
}

static int call(struct cli *cli, const char *path, struct answer *ret, struct fault *fault)
{
        _free_ char *command = command_of(cli);
        _json_ json_t *body = json_pack("{s:s*, s:s}", "command", command, "source_channel", "cli");
        const struct request request = { .method = "POST", .path = path, .body = body };

        return command && body ? client_call(cli, &request, ret, fault) : -ENOMEM;
}

static int match_run(struct cli *cli, struct fault *fault)
{
        _answer_ struct answer answer = ANSWER_INIT;
        _free_ char *params = NULL;
        int r = call(cli, cli->verb->path, &answer, fault);

        if (r || cli->has_format)
                return r ? r : out_object(cli, answer.json, "actionalias.ref");
        params = json_compact(json_object_get(answer.json, "parameters"));
        fprintf(cli->out, "%s: %s %s\n",
                json_text_of(json_object_get(answer.json, "actionalias"), "ref", ""),
                json_text_of(json_object_get(answer.json, "actionalias"), "action_ref", ""),
                params ? params : "");
        return 0;
}

/* The end in the alias's own words, where it has some. */
static int tell_end(struct cli *cli, const char *id, struct fault *fault)
{
        _free_ char *path = client_path("/api/v1/aliasexecution/{}", id), *result = NULL;
        _json_ json_t *told = NULL;
        const char *message;
        int r = path ? client_get(cli, path, NULL, &told, fault) : -ENOMEM;

        if (r || cli->has_format)
                return r ? r : out_object(cli, told, "execution.id");
        message = json_text_of(told, "message", NULL);
        if (!message)
                result = json_dumps(json_at(told, "execution.result"),
                                    JSON_INDENT(2) | JSON_ENCODE_ANY);
        fprintf(cli->out, "%s\n", message ? message : result ? result : "");
        return 0;
}

static int follow_one(struct cli *cli, const char *id, struct fault *fault)
{
        struct follow follow = { .id = id };
        _json_ json_t *execution = NULL;
        int r = cli_duration(cli, "wait", &follow.wait_ms, fault);

        if (!r)
                r = follow_execution(cli, &follow, &execution, fault);
        if (!r)
                r = tell_end(cli, id, fault);
        return r ? r : follow_verdict(execution, fault);
}

static int run_run(struct cli *cli, struct fault *fault)
{
        _answer_ struct answer answer = ANSWER_INIT;
        const json_t *made;
        const char *id, *message;
        int r = call(cli, cli->verb->path, &answer, fault);

        if (r)
                return r;
        made = json_array_get(json_object_get(answer.json, "results"), 0);
        id = json_text_of(json_object_get(made, "execution"), "id", "");
        message = json_text_of(made, "message", NULL);
        if (message)
                cli_note(cli, "%s", message);
        if (cli_switch(cli, "async")) {
                fprintf(cli->out, "%s\n", id);
                return 0;
        }
        return follow_one(cli, id, fault);
}

static int help_run(struct cli *cli, struct fault *fault)
{
        _json_ json_t *told = NULL;
        _free_ char *query = verb_query(cli);
        int r = query ? client_get(cli, cli->verb->path, query, &told, fault) : -ENOMEM;

        return r ? r : out_list(cli, json_object_get(told, "helpstrings"), cli->verb->columns,
                                "display");
}

static const struct column columns[] = {
        { "ALIAS", "ref", COLUMN_TEXT, false }, { "ACTION", "action_ref", COLUMN_TEXT, false },
        { "DESCRIPTION", "description", COLUMN_TEXT, false },
        { "ENABLED", "enabled", COLUMN_TEXT, true }, { "FROM", "origin", COLUMN_TEXT, true },
        { NULL, NULL, 0, false }
};

static const struct column help_columns[] = {
        { "COMMAND", "display", COLUMN_TEXT, false }, { "PACK", "pack", COLUMN_TEXT, false },
        { "DESCRIPTION", "description", COLUMN_TEXT, false }, { NULL, NULL, 0, false }
};

static const struct verb_option run_options[] = { FOLLOW_OPTIONS, { .name = NULL } };

static const struct verb_option list_options[] = {
        { .name = "pack", .letter = 'p', .argument = "PACK", .summary = "of this pack",
          .query = "pack", .complete = COMPLETE_PACK },
        { .name = NULL }
};

static const struct verb_option help_options[] = {
        { .name = "pack", .letter = 'p', .argument = "PACK", .summary = "of this pack",
          .query = "pack", .complete = COMPLETE_PACK },
        { .name = "filter", .argument = "TEXT", .summary = "only those with this text",
          .query = "filter" },
        { .name = NULL }
};

#define A "/api/v1/actionalias"

static const struct verb verbs[] = {
        { .name = "run", .operands = "WORD...",
          .summary = "run the action that a command means, and follow it", .run = run_run,
          .path = "/api/v1/aliasexecution/match_and_execute", .operands_min = 1,
          .operands_max = -1, .options = run_options },
        { .name = "match", .operands = "WORD...",
          .summary = "say which action a command means, and do not run it", .run = match_run,
          .path = A "/match", .operands_min = 1, .operands_max = -1 },
        { .name = "help", .summary = "what can be typed", .run = help_run, .path = A "/help",
          .columns = help_columns, .options = help_options },
        { .name = "list", .summary = "all aliases", .run = verb_list, .path = A,
          .columns = columns, .name_path = "ref", .options = list_options },
        { .name = "get", .operands = "ALIAS...", .summary = "aliases in full", .run = verb_get,
          .operands_min = 1, .operands_max = -1, .path = A "/{}", .name_path = "ref" },
        { .name = "create", .operands = "FILE", .summary = "make one from YAML or JSON",
          .run = verb_create, .path = A, .operands_min = 1, .operands_max = 1,
          .complete = COMPLETE_FILE },
        { .name = "enable", .operands = "ALIAS...", .summary = "let it be typed",
          .run = verb_enable, .operands_min = 1, .operands_max = -1, .path = A "/{}" },
        { .name = "disable", .operands = "ALIAS...", .summary = "let it not be typed",
          .run = verb_enable, .operands_min = 1, .operands_max = -1, .path = A "/{}" },
        { .name = "delete", .operands = "ALIAS...", .summary = "delete those made at run time",
          .run = verb_delete, .operands_min = 1, .operands_max = -1, .path = A "/{}",
          .done = "deleted" },
        { .name = NULL }
};

const struct noun noun_alias = {
        .name = "alias", .summary = "commands in the words of people", .verbs = verbs,
        .otherwise = "run",
        .about =
                "An alias lets people type what they mean,\n.Dq restart web1 now ,\nand stands for "
                "an action with parameters.\nPacks bring aliases in\n.Pa aliases/ ;\nothers are "
                "made at run time.\n"
                "Words that are none of the commands below are a command to\n.Cm run .\n"
                "A format is text with parameters,\n.Dq restart {{ host }} {{ when = now }} ;\n"
                "pairs\n.Ar key Ns = Ns Ar value\nat its end are parameters, too.",
        .examples =
                "kaname alias \"restart web1 now\"\n"
                "kaname alias match \"restart web1\"\n"
                "kaname alias help",
};
