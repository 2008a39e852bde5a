/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run.h"

#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/diff.h"
#include "cli/follow.h"
#include "cli/out.h"
#include "cli/params.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define START_OPTIONS                                                                           \
        { .name = "file", .letter = 'f', .argument = "FILE", .complete = COMPLETE_FILE,         \
          .summary = "parameters from JSON or YAML; - is standard input" },                     \
        { .name = "timeout", .argument = "TIME", .summary = "end the execution after this long" }, \
        { .name = "key", .argument = "KEY",                                                     \
          .summary = "Idempotency-Key: the same key and request start it once" }

const struct verb_option run_options[] = {
        START_OPTIONS,
        { .name = "delay", .argument = "TIME", .summary = "start it later" },
        FOLLOW_OPTIONS, { .name = NULL }
};
const struct verb_option plan_options[] = { START_OPTIONS, FOLLOW_OPTIONS, { .name = NULL } };
const struct verb_option apply_options[] = {
        { .name = "partial", .summary = "of a workflow, also run the steps that could not be planned" },
        FOLLOW_OPTIONS, { .name = NULL }
};
const struct verb_option undo_options[] = {
        { .name = "plan", .letter = 'n', .summary = "show what undoing would change, and do not" },
        FOLLOW_OPTIONS, { .name = NULL }
};
const struct verb_option rerun_options[] = {
        { .name = "delay", .argument = "TIME", .summary = "start it later" },
        { .name = "task", .argument = "TASK",
          .summary = "of a workflow: begin again from this task; may be given more than once" },
        { .name = "reset", .argument = "TASK",
          .summary = "the same, and all of its items, not only those that failed" },
        FOLLOW_OPTIONS, { .name = NULL }
};

int execution_id(struct cli *cli, const char *operand, char **ret, struct fault *fault)
{
        const struct request request = { .path = "/api/v1/executions", .query = "limit=1",
                                         .is_preparation = true };
        _answer_ struct answer answer = ANSWER_INIT;
        const char *id = operand;
        int r = text_equal(operand, "last") ? client_call(cli, &request, &answer, fault) : 0;

        if (r)
                return r;
        if (text_equal(operand, "last"))
                id = json_text_of(json_array_get(answer.json, 0), "id", NULL);
        if (!id)
                return fault_set(fault, 404, "execution.none", "there is no execution yet");
        *ret = strdup(id);
        return *ret ? 0 : -ENOMEM;
}

/*
 * The hub knows the types; without its answer the text is sent as it is, and it says what is wrong.
 */
static int coerce(struct cli *cli, const char *action, json_t *params, struct fault *fault)
{
        _free_ char *path = client_path("/api/v1/actions/views/parameters/{}", action);
        const struct request request = { .path = path, .is_preparation = true };
        _answer_ struct answer answer = ANSWER_INIT;
        int r;

        if (!json_object_size(params))
                return 0;
        r = path ? client_call(cli, &request, &answer, fault) : -ENOMEM;
        if (r == FAULT && cli_switch(cli, "curl")) {
                fault_deinit(fault);
                return 0;
        }
        return r ? r : params_coerce(params, json_object_get(answer.json, "parameters"), fault);
}

static int body_set_ms(const struct cli *cli, json_t *body, const char *option, const char *member,
                       struct fault *fault)
{
        int64_t ms = -1;
        int r = cli_duration(cli, option, &ms, fault);

        if (!r && ms >= 0)
                json_object_set_new(body, member, json_integer(ms));
        return r;
}

static int make_body(struct cli *cli, const char *mode, json_t **ret, struct fault *fault)
{
        _json_ json_t *params = NULL, *body = NULL;
        int r = params_read(cli, 1, &params, fault);

        if (!r)
                r = coerce(cli, cli->operands[0], params, fault);
        if (r)
                return r;
        body = json_pack("{s:s,s:O,s:s}", "action", cli->operands[0], "parameters", params, "mode",
                         mode);
        r = body ? body_set_ms(cli, body, "delay", "delay", fault) : -ENOMEM;
        if (!r)
                r = body_set_ms(cli, body, "timeout", "timeout_ms", fault);
        if (r)
                return r;
        *ret = TAKE(body);
        return 0;
}

/*
 * A key of our own where none was given lets a request that a broken wire swallowed be sent again.
 */
static const char *once_key(const struct cli *cli, char made[ID_TEXT_SIZE])
{
        const struct id id = id_new();
        const char *given = cli_option(cli, "key");

        return given ? given : cli_switch(cli, "curl") ? NULL : id_text(&id, made);
}

int verb_run(struct cli *cli, struct fault *fault)
{
        char key[ID_TEXT_SIZE];
        _json_ json_t *body = NULL;
        struct request request = { .method = "POST", .path = "/api/v1/executions" };
        int r = make_body(cli, "run", &body, fault);

        request.body = body;
        request.once = once_key(cli, key);
        return r ? r : follow_request(cli, &request, fault);
}

static int show_plan(struct cli *cli, const json_t *plan)
{
        const char *id = json_text_of(plan, "id", "");
        const json_t *changes = json_at(plan, "result.changes");

        if (cli->has_format)
                return out_object(cli, plan, "id");
        diff_print(cli, changes, false);
        if (!json_array_size(changes))
                cli_note(cli, "nothing would change");
        if (json_bool_of(json_object_get(plan, "result"), "partial", false))
                cli_note(cli, "this is not all: the rest depends on what the first changes bring");
        cli_note(cli, json_array_size(changes) ? "to do this: kaname apply %s" : "plan %s", id);
        return 0;
}

static int follow_plan(struct cli *cli, const struct request *request, struct fault *fault)
{
        struct follow follow = { .to = NULL };
        _answer_ struct answer answer = ANSWER_INIT;
        _json_ json_t *execution = NULL;
        int r = cli_duration(cli, "wait", &follow.wait_ms, fault);

        if (!r)
                r = client_call(cli, request, &answer, fault);
        if (r)
                return r;
        follow.id = json_text_of(answer.json, "id", "");
        if (cli_switch(cli, "async")) {
                fprintf(cli->out, "%s\n", follow.id);
                return 0;
        }
        r = follow_execution(cli, &follow, &execution, fault);
        if (!r)
                r = follow_verdict(execution, fault);
        return r ? r : show_plan(cli, execution);
}

int verb_plan(struct cli *cli, struct fault *fault)
{
        char key[ID_TEXT_SIZE];
        _json_ json_t *body = NULL;
        struct request request = { .method = "POST", .path = "/api/v1/executions" };
        int r = make_body(cli, "plan", &body, fault);

        request.body = body;
        request.once = once_key(cli, key);
        return r ? r : follow_plan(cli, &request, fault);
}

int verb_apply(struct cli *cli, struct fault *fault)
{
        char key[ID_TEXT_SIZE];
        _free_ char *path = client_path("/api/v1/plans/{}/apply", cli->operands[0]);
        _json_ json_t *body = json_pack("{s:b}", "partial", cli_switch(cli, "partial"));
        const struct request request = { .method = "POST", .path = path, .body = body,
                                         .once = once_key(cli, key) };

        return path ? follow_request(cli, &request, fault) : -ENOMEM;
}

/* An id says nothing of what it names: what is no execution may be an event. */
static int is_execution(struct cli *cli, const char *id, bool *ret, struct fault *fault)
{
        _free_ char *path = client_path("/api/v1/executions/{}", id);
        const struct request request = { .path = path, .query = "exclude_attributes=result",
                                         .is_preparation = true };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = path ? client_call(cli, &request, &answer, fault) : -ENOMEM;

        *ret = r == 0;
        if (r != FAULT || fault->status != 404)
                return r;
        fault_deinit(fault);
        return 0;
}

int verb_undo(struct cli *cli, struct fault *fault)
{
        bool execution = true, plans = cli_switch(cli, "plan");
        char key[ID_TEXT_SIZE];
        _free_ char *id = NULL, *path = NULL;
        _json_ json_t *body = json_pack("{s:s}", "mode", plans ? "plan" : "undo");
        struct request request = { .method = "POST", .body = body, .once = once_key(cli, key) };
        int r = body ? execution_id(cli, cli->operands[0], &id, fault) : -ENOMEM;

        if (!r)
                r = is_execution(cli, id, &execution, fault);
        if (r)
                return r;
        path = client_path(execution ? "/api/v1/executions/{}/undo" : "/api/v1/events/{}/undo", id);
        request.path = path;
        if (!path)
                return -ENOMEM;
        return plans ? follow_plan(cli, &request, fault) : follow_request(cli, &request, fault);
}

/* A task that is to be reset is to be run again, too. */
static void add_tasks(struct cli *cli, json_t *body)
{
        json_t *tasks = json_array(), *reset = json_array();
        const char *name;

        for (size_t i = 0; (name = cli_each(cli, "task", &i));)
                json_array_append_new(tasks, json_string(name));
        for (size_t i = 0; (name = cli_each(cli, "reset", &i));) {
                json_array_append_new(reset, json_string(name));
                json_array_append_new(tasks, json_string(name));
        }
        json_object_set_new(body, "tasks", tasks);
        json_object_set_new(body, "reset", reset);
}

int verb_rerun(struct cli *cli, struct fault *fault)
{
        char key[ID_TEXT_SIZE];
        _free_ char *id = NULL, *path = NULL;
        _json_ json_t *body = json_object(), *params = NULL;
        struct request request = { .method = "POST", .body = body, .once = once_key(cli, key) };
        int r = body ? execution_id(cli, cli->operands[0], &id, fault) : -ENOMEM;

        if (r)
                return r;
        path = client_path("/api/v1/executions/{}/re_run", id);
        request.path = path;
        r = path ? params_read(cli, 1, &params, fault) : -ENOMEM;
        if (!r && json_object_size(params))
                json_object_set(body, "parameters", params);
        if (cli_option(cli, "task") || cli_option(cli, "reset"))
                add_tasks(cli, body);
        if (!r)
                r = body_set_ms(cli, body, "delay", "delay", fault);
        return r ? r : follow_request(cli, &request, fault);
}
