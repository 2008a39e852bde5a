/* SPDX-License-Identifier: Apache-2.0 */

/* The commands that stand alone. */

#include "cli/nouns.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/backup.h"
#include "cli/client.h"
#include "cli/doctor.h"
#include "cli/generic.h"
#include "cli/help.h"
#include "cli/login.h"
#include "cli/out.h"
#include "cli/run.h"

#include <errno.h>
#include <stdlib.h>

static int pause_run(struct cli *cli, struct fault *fault)
{
        const char *reason = cli_option(cli, "reason");
        _json_ json_t *body = json_object();
        const struct request request = { .method = "POST", .path = "/api/v1/pause", .body = body };
        _answer_ struct answer answer = ANSWER_INIT;
        int r;

        if (!body)
                return -ENOMEM;
        if (reason)
                json_set_text(body, "reason", reason);
        r = client_call(cli, &request, &answer, fault);
        if (r)
                return r;
        cli_note(cli, "nothing new starts now; events are still accepted. To go on: kaname resume");
        return 0;
}

static int status_once(struct cli *cli, struct fault *fault)
{
        _json_ json_t *status = NULL;
        int r = client_get(cli, "/api/v1/status", NULL, &status, fault);

        return r ? r : out_object(cli, status, "version");
}

static int status_run(struct cli *cli, struct fault *fault)
{
        return verb_watch(cli, status_once, fault);
}

static int help_noun(struct cli *cli, const struct noun *noun, struct fault *fault)
{
        const struct verb *verb = cli->n_operands > 1 ? verb_find(noun, cli->operands[1]) : NULL;

        if (cli->n_operands > 1 && !verb)
                return fault_set(fault, 400, "usage.command", "there is no command \"%s %s\"",
                                 noun->name,
                                 cli->operands[1]);
        help_print(cli->out, noun, verb);
        return 0;
}

static int help_completion(struct cli *cli, struct fault *fault)
{
        const char *shell = cli_option(cli, "completion");

        if (completion_print(cli->out, shell ? shell : "bash"))
                return 0;
        fault_set(fault, 400, "usage.argument", "there is no completion for \"%s\"", shell);
        return fault_try(fault, "kaname help --completion=bash   (or zsh, fish)");
}

static int help_run(struct cli *cli, struct fault *fault)
{
        const struct noun *noun = cli->n_operands ? noun_find(cli->operands[0]) : NULL;
        const struct verb *verb;

        if (cli_switch(cli, "completion"))
                return help_completion(cli, fault);
        if (cli_switch(cli, "mdoc"))
                manual_print(cli->out, noun);
        else if (!cli->n_operands)
                help_print(cli->out, NULL, NULL);
        else if (noun)
                return help_noun(cli, noun, fault);
        else if ((verb = verb_find(&noun_lone, cli->operands[0])))
                help_print(cli->out, &noun_lone, verb);
        else
                return fault_set(fault, 400, "usage.command", "there is no command \"%s\"",
                                 cli->operands[0]);
        return 0;
}

static const struct verb_option pause_options[] = {
        { .name = "reason", .argument = "TEXT", .summary = "why, for those who find it paused" },
        { .name = NULL }
};

static const struct verb_option help_options[] = {
        { .name = "completion", .argument = "[SHELL]",
          .summary = "print the completion script for bash, zsh or fish" },
        { .name = "mdoc", .summary = "print the source of a command's man page" },
        { .name = NULL }
};

static const struct verb verbs[] = {
        { .name = "run", .operands = "ACTION [KEY=VALUE...]",
          .summary = "run an action and follow it",
          .run = verb_run, .operands_min = 1, .operands_max = -1, .options = run_options,
          .complete = COMPLETE_ACTION },
        { .name = "plan", .operands = "ACTION [KEY=VALUE...]",
          .summary = "show what an action would change, and do not",
          .run = verb_plan, .operands_min = 1, .operands_max = -1, .options = plan_options,
          .complete = COMPLETE_ACTION },
        { .name = "apply", .operands = "PLAN",
          .summary = "do what a plan shows, that and nothing else",
          .run = verb_apply, .operands_min = 1, .operands_max = 1, .options = apply_options,
          .complete = COMPLETE_EXECUTION },
        { .name = "undo", .operands = "ID",
          .summary = "put back what an execution or an event changed",
          .run = verb_undo, .operands_min = 1, .operands_max = 1, .options = undo_options,
          .complete = COMPLETE_EXECUTION },
        { .name = "status", .summary = "how the hub is: counts, homes, warnings",
          .run = status_run },
        { .name = "doctor", .summary = "check hub, credentials and this machine; say what to do",
          .run = verb_doctor },
        { .name = "pause", .summary = "start nothing new; events are still accepted",
          .run = pause_run,
          .options = pause_options },
        { .name = "resume", .summary = "start again what pause held", .run = verb_post,
          .path = "/api/v1/resume", .done = "what was held starts now" },
        { .name = "backup", .operands = "FILE",
          .summary = "write all that the hub's store holds to a file",
          .run = verb_backup, .operands_min = 1, .operands_max = 1, .complete = COMPLETE_FILE },
        { .name = "login", .summary = "remember where the hub is and who you are",
          .run = verb_login,
          .options = login_options },
        { .name = "help", .operands = "[COMMAND] [VERB]", .summary = "say how a command is used",
          .run = help_run, .operands_max = 2, .options = help_options },
        { .name = NULL }
};

const struct noun noun_lone = { .summary = "commands that stand alone", .verbs = verbs };
