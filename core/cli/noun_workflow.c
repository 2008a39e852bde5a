/* SPDX-License-Identifier: Apache-2.0 */

/* Workflow definitions, and what StackStorm's language puts beside rules: runners and traces. */

#include "cli/nouns.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/generic.h"
#include "cli/out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- workflow inspect ---- */

static bool is_warning(const json_t *found)
{
        return text_equal(json_text_of(found, "type", ""), "warning");
}

static size_t print_findings(struct cli *cli, const json_t *list)
{
        const json_t *one;
        size_t i, wrong = 0;

        json_array_foreach(list, i, one) {
                const char *message = json_text_of(one, "message", "");

                wrong += !is_warning(one);
                fprintf(cli->out, "%s%-10s%s %s: ",
                        out_color(cli->has_color, is_warning(one) ? OUT_BUSY : OUT_BAD),
                        json_text_of(one, "type", "?"), out_color(cli->has_color, OUT_PLAIN),
                        json_text_of(one, "spec_path", "."));
                out_text(cli->out, message, strlen(message));
                fputc('\n', cli->out);
        }
        return wrong;
}

static size_t count_wrong(const json_t *list)
{
        const json_t *one;
        size_t i, wrong = 0;

        json_array_foreach(list, i, one)
                wrong += !is_warning(one);
        return wrong;
}

static int inspect_run(struct cli *cli, struct fault *fault)
{
        const char *file = cli->operands[0];
        const struct request request = { .method = "POST", .path = "/api/v1/workflows/inspect",
                                         .type = "text/plain", .file = file };
        _answer_ struct answer answer = ANSWER_INIT;
        size_t wrong;
        int r;

        if (access(file, R_OK)) {
                fault_set(fault, 400, "usage.file", "%s: %s", file, strerror(errno));
                return fault_try(fault, "name the file that holds the workflow's definition");
        }
        r = client_call(cli, &request, &answer, fault);
        if (r)
                return r;
        if (cli->has_format)
                r = out_object(cli, answer.json, "message");
        wrong = cli->has_format ? count_wrong(answer.json) : print_findings(cli, answer.json);
        if (r)
                return r;
        if (wrong)
                return fault_set(fault, 500, "workflow.invalid", "%s: %zu mistake%s", file, wrong,
                                 wrong == 1 ? "" : "s");
        cli_note(cli, "%s: nothing is wrong with it", file);
        return 0;
}

static const struct verb workflow_verbs[] = {
        { .name = "inspect", .operands = "FILE",
          .summary = "what is wrong with a workflow's definition", .run = inspect_run,
          .operands_min = 1, .operands_max = 1, .complete = COMPLETE_FILE },
        { .name = NULL }
};

const struct noun noun_workflow = {
        .name = "workflow", .summary = "definitions of workflows", .verbs = workflow_verbs,
        .about =
                "A workflow is an action of the runner\n.Cm orquesta\nor\n.Cm action-chain ;\nit is "
                "run, planned, applied and undone as others are\n.Pq Cm kaname run ,\nand its "
                "execution can be paused, resumed and run again from chosen tasks\n"
                ".Pq Cm kaname execution .\n.Pp\n.Cm inspect\nlists mistakes in syntax, in names of "
                "tasks and variables, in expressions, and in what\nactions are given.\nIt exits 0 "
                "where there is none and 1 otherwise; warnings are no mistakes.",
        .examples =
                "kaname workflow inspect packs/deploy/actions/workflows/rollout.yaml\n"
                "kaname run deploy.rollout version=4.2",
};

/* ---- runners ---- */

static const struct column runner_columns[] = {
        { "NAME", "name", COLUMN_TEXT, false }, { "HERE", "enabled", COLUMN_TEXT, false },
        { "DESCRIPTION", "description", COLUMN_TEXT, false }, { NULL, NULL, 0, false }
};

static const struct verb runner_verbs[] = {
        { .name = "list", .summary = "what actions can run on", .run = verb_list,
          .path = "/api/v1/runnertypes", .columns = runner_columns, .name_path = "name" },
        { .name = "get", .operands = "RUNNER...", .summary = "runners, with their parameters",
          .run = verb_get, .operands_min = 1, .operands_max = -1,
          .path = "/api/v1/runnertypes/{}", .name_path = "name" },
        { .name = NULL }
};

const struct noun noun_runner = {
        .name = "runner", .summary = "what actions run on", .verbs = runner_verbs,
        .about =
                "A runner is what carries an action out.\nThose that StackStorm has and this hub has "
                "not are listed,\ntoo: their actions are shown, and say so when they are run.",
        .examples = "kaname runner list\nkaname runner get orquesta",
};

/* ---- traces ---- */

static const struct column trace_columns[] = {
        { "ID", "id", COLUMN_TEXT, false }, { "TAG", "trace_tag", COLUMN_TEXT, false },
        { "BEGUN", "start_timestamp", COLUMN_TIME, false },
        { "BEGAN WITH", "began_with", COLUMN_TEXT, false },
        { "EXECUTIONS", "executions", COLUMN_NUMBER, false },
        { "RULES", "matched", COLUMN_NUMBER, false }, { NULL, NULL, 0, false }
};

/* What the table shows of a trace beside its members. */
static void add_counts(json_t *trace)
{
        const json_t *events = json_object_get(trace, "trigger_instances"),
                     *executions = json_object_get(trace, "action_executions"),
                     *first = json_array_get(json_array_size(events) ? events : executions, 0);

        json_set_text(trace, "began_with", json_text_of(first, "ref", ""));
        json_object_set_new(trace, "executions",
                            json_integer((json_int_t)json_array_size(executions)));
        json_object_set_new(trace, "matched", json_integer((json_int_t)json_array_size(
                                                      json_object_get(trace, "rules"))));
}

static int trace_list_once(struct cli *cli, struct fault *fault)
{
        _free_ char *query = verb_query(cli);
        _json_ json_t *list = NULL;
        json_t *trace;
        size_t i;
        int r = query ? client_get(cli, cli->verb->path, query, &list, fault) : -ENOMEM;

        if (r)
                return r;
        if (!cli->has_format || cli->format == OUT_WIDE || cli->format == OUT_TABLE)
                json_array_foreach(list, i, trace)
                        add_counts(trace);
        return verb_show(cli, list);
}

static int trace_list(struct cli *cli, struct fault *fault)
{
        return verb_watch(cli, trace_list_once, fault);
}

static void print_members(struct cli *cli, const char *title, const json_t *members)
{
        const json_t *member;
        size_t i;

        json_array_foreach(members, i, member) {
                const char *ref = json_text_of(member, "ref", "");

                fprintf(cli->out, "  %-10s %s  ", i ? "" : title,
                        json_text_of(member, "object_id", ""));
                out_text(cli->out, ref, strlen(ref));
                fputc('\n', cli->out);
        }
}

static void print_trace(struct cli *cli, const json_t *trace)
{
        const char *tag = json_text_of(trace, "trace_tag", "");

        fprintf(cli->out, "%s%s%s ", out_color(cli->has_color, OUT_STRONG),
                json_text_of(trace, "id", ""), out_color(cli->has_color, OUT_PLAIN));
        out_text(cli->out, tag, strlen(tag));
        fprintf(cli->out, " %s\n", json_text_of(trace, "start_timestamp", ""));
        print_members(cli, "event", json_object_get(trace, "trigger_instances"));
        print_members(cli, "rule", json_object_get(trace, "rules"));
        print_members(cli, "execution", json_object_get(trace, "action_executions"));
}

static bool is_id(const char *text)
{
        return strlen(text) == 24 && strspn(text, "0123456789abcdefABCDEF") == 24;
}

/* By the id of anything that belongs to it; else by its tag, which several may have. */
static int read_traces(struct cli *cli, const char *operand, json_t **ret, struct fault *fault)
{
        _free_ char *path = client_path("/api/v1/traces/{}", operand),
                    *escaped = client_escape(operand), *query = NULL;
        json_t *one = NULL;
        int r;

        if (!path || !escaped || asprintf(&query, "trace_tag=%s", escaped) < 0)
                return -ENOMEM;
        if (!is_id(operand))
                return client_get(cli, "/api/v1/traces", query, ret, fault);
        r = client_get(cli, path, NULL, &one, fault);
        if (!r)
                *ret = json_pack("[o]", one);
        return r;
}

static int trace_get(struct cli *cli, struct fault *fault)
{
        _json_ json_t *traces = NULL;
        const json_t *trace;
        size_t i;
        int r = read_traces(cli, cli->operands[0], &traces, fault);

        if (r)
                return r;
        if (!json_array_size(traces)) {
                fault_set(fault, 404, "trace.unknown", "there is no trace with the tag '%.128s'",
                          cli->operands[0]);
                return fault_try(fault, "kaname trace list");
        }
        if (cli->has_format)
                return out_object(cli, json_array_size(traces) == 1 ? json_array_get(traces, 0)
                                  : traces, "id");
        json_array_foreach(traces, i, trace)
                print_trace(cli, trace);
        return 0;
}

static const struct verb_option trace_options[] = {
        { .name = "last", .letter = 'n', .argument = "N", .summary = "how many, newest first",
          .query = "limit" },
        { .name = "tag", .argument = "TAG", .summary = "with this tag", .query = "trace_tag" },
        { .name = "execution", .argument = "ID", .summary = "that this execution belongs to",
          .query = "execution", .complete = COMPLETE_EXECUTION },
        { .name = "event", .argument = "ID", .summary = "that this event belongs to",
          .query = "trigger_instance" },
        { .name = "rule", .argument = "RULE", .summary = "in which this rule matched",
          .query = "rule", .complete = COMPLETE_RULE },
        { .name = NULL }
};

static const struct verb trace_verbs[] = {
        { .name = "list", .summary = "what followed from what, newest first", .run = trace_list,
          .options = trace_options, .path = "/api/v1/traces", .columns = trace_columns,
          .name_path = "id" },
        { .name = "get", .operands = "TAG|ID", .summary = "all that belongs to one",
          .run = trace_get, .operands_min = 1, .operands_max = 1, .path = "/api/v1/traces/{}" },
        { .name = NULL }
};

const struct noun noun_trace = {
        .name = "trace", .summary = "what followed from one beginning", .verbs = trace_verbs,
        .about =
                "A trace begins with an event or with an execution that somebody asked for.\nIt "
                "holds the rules that matched and all that ran because of it.\nThe id of any of "
                "these finds it, and so does the tag that was given with the event or the\n"
                "execution; several may have the same tag.",
        .examples = "kaname trace get deploy-4711\nkaname trace list --rule drain.on_alert",
};
