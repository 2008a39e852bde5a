/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nouns.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/diff.h"
#include "cli/follow.h"
#include "cli/generic.h"
#include "cli/out.h"
#include "cli/run.h"
#include "cli/tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int tail(struct cli *cli, const char *id, struct fault *fault)
{
        struct follow follow = { .id = id, .to = cli->out, .to_err = cli->err,
                                 .only = cli_option(cli, "type") };
        _free_ char *path = client_path("/api/v1/executions/{}", id);
        const struct request look = { .path = path, .query = "exclude_attributes=result",
                                      .is_preparation = true };
        _answer_ struct answer answer = ANSWER_INIT;
        _json_ json_t *execution = NULL;
        int r = cli_duration(cli, "wait", &follow.wait_ms, fault);

        if (!r)
                r = path ? client_call(cli, &look, &answer, fault) : -ENOMEM;
        follow.is_workflow = tasks_has(answer.json);
        if (!r)
                r = follow_execution(cli, &follow, &execution, fault);
        return r ? r : follow_verdict(execution, fault);
}

static int tail_run(struct cli *cli, struct fault *fault)
{
        _free_ char *id = NULL;
        int r = execution_id(cli, cli->n_operands ? cli->operands[0] : "last", &id, fault);

        return r ? r : tail(cli, id, fault);
}

/* Ask something of one execution; say it and what its status is then. */
static int ask_one(struct cli *cli, const char *operand, const char *method, const json_t *body,
                   const char *say, struct fault *fault)
{
        _free_ char *id = NULL, *path = NULL;
        struct request request = { .method = method, .body = body };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = execution_id(cli, operand, &id, fault);

        if (r)
                return r;
        path = client_path("/api/v1/executions/{}", id);
        request.path = path;
        r = path ? client_call(cli, &request, &answer, fault) : -ENOMEM;
        if (!r)
                cli_note(cli, "%s: %s%s", id, say, json_text_of(answer.json, "status", "?"));
        return r;
}

static int cancel_run(struct cli *cli, struct fault *fault)
{
        int r = 0;

        for (int i = 0; i < cli->n_operands && !r; i++)
                r = ask_one(cli, cli->operands[i], "DELETE", NULL, "asked to end, ", fault);
        return r;
}

static int pause_run(struct cli *cli, struct fault *fault)
{
        bool pauses = text_equal(cli->verb->name, "pause");
        _json_ json_t *body = json_pack("{s:s}", "status", pauses ? "pausing" : "resuming");
        int r = body ? 0 : -ENOMEM;

        for (int i = 0; i < cli->n_operands && !r; i++)
                r = ask_one(cli, cli->operands[i], "PUT", body, "", fault);
        return r;
}

/* POST to something of one execution, and show what became of it. */
static int post_to(struct cli *cli, const char *what, json_t *body, struct fault *fault)
{
        _free_ char *id = NULL, *path = NULL, *pattern = NULL;
        struct request request = { .method = "POST", .body = body };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = execution_id(cli, cli->operands[0], &id, fault);

        if (r)
                return r;
        if (asprintf(&pattern, "/api/v1/executions/{}/%s", what) < 0)
                return -ENOMEM;
        path = client_path(pattern, id);
        request.path = path;
        r = path ? client_call(cli, &request, &answer, fault) : -ENOMEM;
        if (r || cli->has_format)
                return r ? r : out_object(cli, answer.json, "id");
        cli_note(cli, "%s: %s", id, json_text_of(answer.json, "status", "done"));
        if (text_equal(what, "settle"))
                diff_execution(cli, id);
        return 0;
}

static int resolve_run(struct cli *cli, struct fault *fault)
{
        _json_ json_t *body = json_pack("{s:s}", "answer", cli->operands[1]);

        return body ? post_to(cli, "resolve", body, fault) : -ENOMEM;
}

static int settle_run(struct cli *cli, struct fault *fault)
{
        return post_to(cli, "settle", NULL, fault);
}

static const struct column columns[] = {
        { "ID", "id", COLUMN_TEXT, false }, { "ACTION", "action.ref", COLUMN_TEXT, false },
        { "STATUS", "status", COLUMN_STATUS, false },
        { "USER", "context.user", COLUMN_TEXT, false },
        { "STARTED", "start_timestamp", COLUMN_TIME, false },
        { "SECONDS", "elapsed_seconds", COLUMN_NUMBER, false },
        { "INSTANCE", "instance", COLUMN_TEXT, true }, { "RULE", "rule.ref", COLUMN_TEXT, true },
        { "MODE", "mode", COLUMN_TEXT, true }, { "PARENT", "parent", COLUMN_TEXT, true },
        { "ENDED", "end_timestamp", COLUMN_TIME, true }, { NULL, NULL, 0, false }
};

static const struct verb_option list_options[] = {
        { .name = "last", .letter = 'n', .argument = "N", .summary = "how many, newest first",
          .query = "limit" },
        { .name = "action", .argument = "ACTION", .summary = "of this action", .query = "action",
          .complete = COMPLETE_ACTION },
        { .name = "status", .argument = "STATUS", .summary = "in this status", .query = "status" },
        { .name = "rule", .argument = "RULE", .summary = "started by this rule", .query = "rule",
          .complete = COMPLETE_RULE },
        { .name = "event", .argument = "ID", .summary = "caused by this event",
          .query = "trigger_instance" },
        { .name = "parent", .argument = "ID", .summary = "children of this one",
          .query = "parent" },
        { .name = "user", .argument = "NAME", .summary = "asked for by this user",
          .query = "user" },
        { .name = "since", .argument = "TIME",
          .summary = "begun after this time (RFC 3339, or 2h for two hours ago)",
          .query = "timestamp_gt", .is_time = true },
        { .name = "until", .argument = "TIME", .summary = "begun before this time",
          .query = "timestamp_lt", .is_time = true },
        { .name = NULL }
};

static const struct verb_option get_options[] = {
        { .name = "no-result", .letter = 'x', .summary = "leave the result out" }, { .name = NULL }
};

static const struct verb_option tail_options[] = {
        { .name = "type", .argument = "TYPE", .summary = "stdout or stderr only" },
        { .name = "wait", .argument = "TIME",
          .summary = "give up following after this long (exit code 124)" },
        { .name = NULL }
};

/* What a person looks for; -o gives the whole record. */
static json_t *brief(const json_t *execution)
{
        static const char *const members[][2] = {
                { "id", "id" }, { "action", "action.ref" }, { "status", "status" },
                { "note", "note" },
                { "mode", "mode" }, { "instance", "instance" }, { "user", "context.user" },
                { "rule", "rule.ref" }, { "event", "event" }, { "parent", "parent" },
                { "plan", "plan" },
                { "undoes", "undoes" }, { "start_timestamp", "start_timestamp" },
                { "elapsed_seconds", "elapsed_seconds" }, { "parameters", "parameters" },
                { "result", "result" },
        };
        json_t *some = json_object();

        for (size_t i = 0; some && i < sizeof members / sizeof *members; i++) {
                json_t *value = json_at(execution, members[i][1]);

                if (value && !json_is_null(value))
                        json_object_set(some, members[i][0], value);
        }
        return some;
}

static int get_run(struct cli *cli, struct fault *fault)
{
        _free_ char *id = NULL, *path = NULL;
        _json_ json_t *execution = NULL, *some = NULL;
        const char *query = cli_switch(cli, "no-result") ? "exclude_attributes=result" : NULL;
        int r = execution_id(cli, cli->operands[0], &id, fault);

        if (r)
                return r;
        path = client_path(cli->verb->path, id);
        r = path ? client_get(cli, path, query, &execution, fault) : -ENOMEM;
        some = r || cli->has_format ? NULL : brief(execution);
        if (!r)
                r = out_object(cli, some ? some : execution, "id");
        return !r && some && tasks_has(execution) ? tasks_print(cli, id, fault) : r;
}

static int children_once(struct cli *cli, struct fault *fault)
{
        _free_ char *id = NULL, *path = NULL;
        _json_ json_t *children = NULL;
        int r = execution_id(cli, cli->operands[0], &id, fault);

        if (r)
                return r;
        if (!cli->has_format)
                return tasks_print(cli, id, fault);
        path = client_path(cli->verb->path, id);
        r = path ? client_get(cli, path, "depth=-1", &children, fault) : -ENOMEM;
        return r ? r : verb_show(cli, children);
}

static int children_run(struct cli *cli, struct fault *fault)
{
        return verb_watch(cli, children_once, fault);
}

static int get_watched(struct cli *cli, struct fault *fault)
{
        return verb_watch(cli, get_run, fault);
}

static const struct verb verbs[] = {
        { .name = "list", .summary = "the newest executions", .run = verb_list,
          .options = list_options,
          .path = "/api/v1/executions", .columns = columns, .name_path = "id" },
        { .name = "get", .operands = "ID", .summary = "one execution, with its result",
          .run = get_watched,
          .operands_min = 1, .operands_max = 1, .options = get_options,
          .path = "/api/v1/executions/{}",
          .complete = COMPLETE_EXECUTION },
        { .name = "tail", .operands = "[ID]",
          .summary = "its output from the first line on, until it ends; its exit code",
          .run = tail_run, .operands_max = 1, .options = tail_options,
          .complete = COMPLETE_EXECUTION },
        { .name = "children", .operands = "ID",
          .summary = "what a workflow runs and ran, as a tree", .run = children_run,
          .operands_min = 1, .operands_max = 1, .path = "/api/v1/executions/{}/children",
          .columns = columns, .name_path = "id", .complete = COMPLETE_EXECUTION },
        { .name = "pause", .operands = "ID...", .summary = "let workflows start no more tasks",
          .run = pause_run, .operands_min = 1, .operands_max = -1,
          .complete = COMPLETE_EXECUTION },
        { .name = "resume", .operands = "ID...", .summary = "let paused workflows go on",
          .run = pause_run, .operands_min = 1, .operands_max = -1,
          .complete = COMPLETE_EXECUTION },
        { .name = "cancel", .operands = "ID...", .summary = "ask executions to end",
          .run = cancel_run,
          .operands_min = 1, .operands_max = -1, .complete = COMPLETE_EXECUTION },
        { .name = "rerun", .operands = "ID [KEY=VALUE...]",
          .summary = "run it again, with other values or from chosen tasks",
          .run = verb_rerun, .operands_min = 1, .operands_max = -1, .options = rerun_options,
          .complete = COMPLETE_EXECUTION },
        { .name = "resolve", .operands = "ID ANSWER",
          .summary = "answer for one that was lost with the hub: retry or fail",
          .run = resolve_run, .operands_min = 2, .operands_max = 2,
          .complete = COMPLETE_EXECUTION },
        { .name = "settle", .operands = "ID",
          .summary = "read back the changes that a crash left unknown", .run = settle_run,
          .operands_min = 1, .operands_max = 1, .complete = COMPLETE_EXECUTION },
        { .name = NULL }
};

const struct noun noun_execution = {
        .name = "execution", .summary = "what ran, what runs, what came of it", .verbs = verbs,
        .about =
                "An execution is one run of an action: asked for by a person, or by a rule that an "
                "event\n"
                "matched.\nIts record, its output and its result stay after it ended.\n"
                ".Cm tail\nends with the exit code that\n.Cm kaname run\nwould have had.\nWhere an "
                "id is wanted,\n"
                ".Cm last\nstands for the newest execution.\n.Pp\nAn interrupt while something is "
                "followed detaches from it;\n"
                "it goes on, and the command says how to come back.",
        .examples =
                "kaname execution list --status failed --since 2026-11-22T00:00:00Z\n"
                "kaname execution get 692158f2c0a80a0100000001 -o json | jq .result\n"
                "kaname execution tail last\n"
                "kaname execution rerun 692158f2c0a80a0100000001 name=www2\n"
                "kaname execution rerun 692158f2c0a80a0100000001 --task deploy",
};
